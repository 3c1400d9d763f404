"""What a profile says at one place, in boxes that can be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QLineEdit,
    QListWidget,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.theme.theme import Theme
from workbench.gui.views.validation.codes_model import CodesModel
from workbench.gui.views.validation.condition_dialog import words_of
from workbench.gui.views.validation.profile_model import USAGE_WORDS
from workbench.gui.widgets.basics import across, button, down, label, table, tool_button
from workbench.validation.profiles.edit import code_sets, places_sharing
from workbench.validation.profiles.edit_rules import Rule, rules_at
from workbench.validation.profiles.model import (
    Cardinality,
    Code,
    DynamicCase,
    Element,
    Length,
    MessageProfile,
    Profile,
    SegmentUse,
    Usage,
    ValueSet,
)
from workbench.validation.profiles.places import Address, item_at, path_of
from workbench.validation.profiles.plain_form import NotThisForm, from_plain, to_plain


class ProfileInspector(QScrollArea):
    """Says what should change; the profile itself is changed by whoever listens."""

    changed = Signal(object)  # mapping of attributes to their new values
    codes_changed = Signal(str, object, bool)  # id of the value set, codes, closed
    separate_asked = Signal()
    rule_asked = Signal(object)  # the predicate or statement, None for a new one
    rule_removed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._profile: Profile | None = None
        self._at: Address | None = None
        self._sets: tuple[ValueSet, ...] = ()
        self._rules: tuple[Rule, ...] = ()
        self.title = label("", "heading", wrap=True, selectable=True)
        self.shared = label("", "muted", wrap=True)
        self.separate = button("Only here", self.separate_asked.emit, tip="Give this place a flavour of its own")
        self.usage, self.set_choice = QComboBox(), QComboBox()
        self.usage.setAccessibleName("Usage")
        for box in (self.usage, self.set_choice):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
        for usage in Usage:
            self.usage.addItem(f"{usage.value} – {USAGE_WORDS[usage]}", usage)
        self.cardinality = _line("Cardinality", "0..1, 1..*")
        self.length = _line("Length", "1..20, 20# may be cut, 20= must not, none")
        self.constant = _line("Constant value", "any value")
        self.comment = _line("Comment", "")
        self.problem = label("", wrap=True)
        self.set_choice.setAccessibleName("Value set")
        self.closed = QCheckBox("No other codes")
        self.model = CodesModel(theme, self)
        self.codes = table(theme, self.model, "Codes of the value set", sorts=False)
        self.codes.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.codes.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.codes.setMinimumHeight(round(theme.em * 10))
        for column, width in enumerate((7, 7, 10, 5)):
            self.codes.setColumnWidth(column, round(width * theme.em))
        self.rules = QListWidget()
        self.rules.setAccessibleName("Conditions")
        self.rules.setWordWrap(True)
        self.rules.setMaximumHeight(round(theme.em * 8))
        self._place()
        self._connect()
        self.show_place(None, None)

    def _place(self) -> None:
        form = QFormLayout()
        for name, box in (
            ("Usage", self.usage),
            ("Cardinality", self.cardinality),
            ("Length", self.length),
            ("Constant", self.constant),
            ("Comment", self.comment),
        ):
            form.addRow(name, box)
        self._form = form
        theme = self._theme
        self._add_code = tool_button(theme, "plus", "Add a code to the value set", self._add)
        self._drop_codes = tool_button(theme, "trash-2", "Remove the selected codes", self._remove)
        code_head = across(label("Codes", "heading"), 1, self.closed, self._add_code, self._drop_codes)
        self._code_part = _part(code_head, self.set_choice, self.codes)
        self._add_rule = tool_button(theme, "plus", "Add a condition", lambda: self.rule_asked.emit(None))
        self._edit_rule = tool_button(theme, "pencil", "Edit the selected condition", self._ask_rule)
        self._drop_rule = tool_button(theme, "trash-2", "Remove the selected condition", self._remove_rule)
        rule_head = across(label("Conditions", "heading"), 1, self._add_rule, self._edit_rule, self._drop_rule)
        self._rule_part = _part(rule_head, self.rules)
        self._shared_part = _part(across(self.shared, self.separate))
        self._body = QWidget()
        layout = down(
            self.title, self._shared_part, form, self.problem, self._code_part, self._rule_part, 1, spacing=10
        )
        self._body.setLayout(layout)
        self.setWidget(self._body)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(round(theme.em * 17))
        for part in (self._body, self.viewport()):
            part.setAutoFillBackground(False)
        self.setAccessibleName("What the profile says there")

    def _connect(self) -> None:
        self.usage.activated.connect(lambda _row: self._tell(usage=Usage(self.usage.currentData())))
        readers: tuple[tuple[QLineEdit, str, Callable[[str], Any]], ...] = (
            (self.cardinality, "cardinality", lambda text: from_plain(Cardinality, text)),
            (self.length, "length", lambda text: from_plain(Length, text)),
            (self.constant, "constant", str),
            (self.comment, "comment", str),
        )
        for box, name, read in readers:
            box.editingFinished.connect(lambda box=box, name=name, read=read: self._typed(box, name, read))
        self.set_choice.activated.connect(lambda _row: self._show_codes())
        self.closed.clicked.connect(lambda closed: self._tell_codes(self.model.codes, closed))
        self.model.edited.connect(lambda codes: self._tell_codes(codes, self.closed.isChecked()))
        self.rules.itemDoubleClicked.connect(lambda _item: self._ask_rule())

    # What is shown

    def show_place(self, profile: Profile | None, at: Address | None) -> None:
        """Show what a profile says at a place; None clears the boxes."""
        chosen = self.set_choice.currentData() if at == self._at else None
        self._profile, self._at = profile, at
        item = item_at(profile, at) if profile is not None and at is not None else None
        self._body.setEnabled(item is not None)
        self.problem.hide()
        if profile is None or at is None or item is None:
            self.title.setText("Select a place of the profile.")
            for part in (self._shared_part, self._code_part, self._rule_part):
                part.hide()
            self._show_rows(())
            return
        name = item.name if not isinstance(item, DynamicCase) else f"OBX-2 is {item.value}"
        self.title.setText(f"{path_of(profile, at)}  {name}".strip())
        self._show_shared(profile, at)
        self._show_boxes(item)
        self._sets = code_sets(profile, at)
        self._code_part.setVisible(isinstance(item, Element))
        self.set_choice.clear()
        for each in self._sets:
            self.set_choice.addItem(f"{each.id}{f' – {each.name}' if each.name else ''}", each.id)
        self.set_choice.setVisible(len(self._sets) > 1)
        self.set_choice.setCurrentIndex(max(self.set_choice.findData(chosen), 0))
        self._show_codes()
        self._show_rules(profile, at, item)

    def _show_shared(self, profile: Profile, at: Address) -> None:
        count = places_sharing(profile, at)
        self._shared_part.setVisible(count > 1)
        self.shared.setText(f"Counts at {count:,} places that share this flavour.")

    def _show_rows(self, rows: tuple[QWidget, ...]) -> None:
        for box in (self.usage, self.cardinality, self.length, self.constant, self.comment):
            self._form.setRowVisible(box, box in rows)

    def _show_boxes(self, item: object) -> None:
        if isinstance(item, MessageProfile | DynamicCase):
            self._show_rows(())
            return
        is_element = isinstance(item, Element)
        is_part = is_element and bool(self._at and self._at.parts)
        rows: list[QWidget] = [self.usage]
        if not is_part:
            rows.append(self.cardinality)
        if is_element:
            rows += [self.length, self.constant, self.comment]
        self._show_rows(tuple(rows))
        usage = getattr(item, "usage", Usage.O)
        self.usage.setCurrentIndex(self.usage.findData(usage))
        self.cardinality.setText(str(getattr(item, "cardinality", "")))
        if isinstance(item, Element):
            self.length.setText(to_plain(item.length))
            self.constant.setText(item.constant)
            self.comment.setText(item.comment)

    def _show_codes(self) -> None:
        chosen = self._set
        self.model.show(chosen.codes if chosen else ())
        self.closed.setChecked(bool(chosen and chosen.closed))
        self.closed.setEnabled(chosen is not None)
        self.codes.setVisible(chosen is not None)
        self._drop_codes.setEnabled(chosen is not None)

    @property
    def _set(self) -> ValueSet | None:
        row = self.set_choice.currentIndex()
        return self._sets[row] if 0 <= row < len(self._sets) else None

    def _show_rules(self, profile: Profile, at: Address, item: object) -> None:
        self._rules = rules_at(profile, at)
        self.rules.clear()
        self.rules.addItems([words_of(rule) for rule in self._rules])
        self.rules.setVisible(bool(self._rules))
        self.rules.setCurrentRow(0)
        self._rule_part.setVisible(bool(self._rules) or isinstance(item, Element | SegmentUse))
        self._add_rule.setEnabled(isinstance(item, Element))
        for one in (self._edit_rule, self._drop_rule):
            one.setEnabled(bool(self._rules))

    # What is said

    def _tell(self, **changes: object) -> None:
        if self._profile is None or self._at is None:
            return
        item = item_at(self._profile, self._at)
        if any(getattr(item, name) != value for name, value in changes.items()):
            self.changed.emit(changes)

    def _typed(self, box: QLineEdit, name: str, read: Callable[[str], Any]) -> None:
        if not box.isModified():
            return
        box.setModified(False)
        try:
            value = read(box.text().strip())
        except NotThisForm as error:
            self.problem.setText(f"{box.accessibleName()} {error.text}.")
            self.problem.show()
            return
        self.problem.hide()
        self._tell(**{name: value})

    def _tell_codes(self, codes: tuple[Code, ...], closed: bool) -> None:
        chosen = self._set
        self.codes_changed.emit(chosen.id if chosen else "", codes, closed)

    def _add(self) -> None:
        known = {code.value for code in self.model.codes}
        number = next(n for n in range(1, len(known) + 2) if f"NEW{n}" not in known)
        chosen = self._set
        self._tell_codes((*self.model.codes, Code(f"NEW{number}")), chosen.closed if chosen else True)
        last = self.model.index(self.model.rowCount() - 1, 0)
        self.codes.setCurrentIndex(last)
        self.codes.edit(last)

    def _remove(self) -> None:
        rows = [index.row() for index in self.codes.selectionModel().selectedRows()]
        if rows:
            self._tell_codes(self.model.without(rows), self.closed.isChecked())

    @property
    def _rule(self) -> Rule | None:
        row = self.rules.currentRow()
        return self._rules[row] if 0 <= row < len(self._rules) else None

    def _ask_rule(self) -> None:
        if self._rule is not None:
            self.rule_asked.emit(self._rule)

    def _remove_rule(self) -> None:
        if self._rule is not None:
            self.rule_removed.emit(self._rule)


def _line(name: str, hint: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    return made


def _part(*items: Any) -> QWidget:
    made = QWidget()
    layout: QVBoxLayout = down(*items)
    made.setLayout(layout)
    return made
