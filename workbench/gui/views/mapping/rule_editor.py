"""The editor of one rule; each field takes effect when it is left or Return is pressed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QFrame, QGridLayout, QLineEdit, QWidget

from workbench.fhir.definitions import definitions
from workbench.gui.bench import Bench
from workbench.gui.marks import STATUS_MARKS
from workbench.gui.views.mapping.rule_fields import RuleFields, fields_of, with_fields
from workbench.gui.widgets.basics import Badge, across, button, down, label
from workbench.kernel.errors import Refused
from workbench.mapping.model import Package, Policy, Rule, RuleMap, RuleStatus

JOURNAL = "journal"
"""The file that `mapping.edits` names for rules read from the journal."""

_NONE = ""
_DEEPEST = 3


class RuleEditor(QFrame):
    """Shows one rule and says how it was changed."""

    changed = Signal(object)  # Rule

    def __init__(self, bench: Bench, approve: Callable[[], None], remove: Callable[[], None]) -> None:
        super().__init__()
        self._bench = bench
        self._rule: Rule | None = None
        self._title = label("No rule selected", "heading")
        self._where = label("", "muted")
        self.status_badge = Badge(bench.theme)
        self.source = _line("From", "PID-5.1, several joined with +")
        self.target = _line("To", "element of the target")
        self.using = _choice("By type map")
        self.codes = _choice("Code map")
        self.literal = _line("Literal", "fixed value, or JSON")
        self.when = _line("When", "PID-8 valued")
        self.unmapped = _choice("Unmapped codes")
        self.status = _choice("Status")
        self.cite = _line("Source in the standard", "")
        self.note = _line("Note", "a remark for the next reader")
        self._approve = button("Approve", approve)
        self._remove = button("Remove", remove)
        head = across(self._title, self.status_badge, self._where, 1, self._approve, self._remove, spacing=12)
        grid = self._grid()
        layout = down(head, grid, spacing=8)
        layout.setContentsMargins(12, 8, 12, 10)
        self.setLayout(layout)
        self._completer = QCompleter(self)
        self._completer.setModel(QStringListModel(self))
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.target.setCompleter(self._completer)
        self._connect()
        self.show_rule(None, None, None)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        places: tuple[tuple[str, QWidget], ...] = (
            ("From", self.source), ("To", self.target), ("By", self.using), ("Codes", self.codes),
            ("When", self.when), ("Literal", self.literal), ("Unmapped", self.unmapped), ("Status", self.status),
            ("Note", self.note), ("Cites", self.cite),
        )  # fmt: skip
        for number, (word, widget) in enumerate(places):
            row, column = divmod(number, 4)
            column = column * 2 if row < 2 else column * 4
            name = label(word, "muted")
            name.setBuddy(widget)
            grid.addWidget(name, row, column)
            grid.addWidget(widget, row, column + 1, 1, 1 if row < 2 else 3)
        for column in range(1, 8, 2):
            grid.setColumnStretch(column, 1)
        return grid

    def _connect(self) -> None:
        for line in (self.source, self.target, self.literal, self.when, self.cite, self.note):
            line.editingFinished.connect(self._commit)
        for choice in (self.using, self.codes, self.unmapped, self.status):
            choice.activated.connect(self._commit)
        self.unmapped.setEditable(True)
        edit = self.unmapped.lineEdit()
        if edit is not None:
            edit.editingFinished.connect(self._commit)

    def show_rule(self, package: Package | None, rule_map: RuleMap | None, rule: Rule | None) -> None:
        """Show a rule as it is now; None for no rule."""
        self._rule = rule
        self.setEnabled(rule is not None)
        given = fields_of(rule) if rule is not None else RuleFields()
        for line, text in (
            (self.source, given.source), (self.target, given.target), (self.literal, given.literal),
            (self.when, given.when), (self.cite, given.cite), (self.note, given.note),
        ):  # fmt: skip
            if line.text() != text:
                line.setText(text)
            _wrong(line, "")
        if package is None or rule_map is None or rule is None:
            self._title.setText("No rule selected")
            self._where.setText("Select a rule, a source field or a value of the result.")
            self.status_badge.setVisible(False)
            return
        self._title.setText(f"{rule_map.name} / {rule.id}")
        saved = rule.place is not None and rule.place.file != JOURNAL
        self._where.setText(str(rule.place) if saved else "not saved yet")
        self.status_badge.setVisible(True)
        self.status_badge.show_mark(STATUS_MARKS[package.status_of(rule)])
        self._approve.setEnabled(package.status_of(rule) is not RuleStatus.APPROVED)
        _fill(self.using, sorted(package.types), given.using)
        _fill(self.codes, sorted(package.codes), given.codes)
        _fill(self.unmapped, [str(policy) for policy in Policy], given.unmapped)
        _fill(self.status, [str(status) for status in RuleStatus], given.status)
        model = self._completer.model()
        if isinstance(model, QStringListModel):
            model.setStringList(list(element_paths(rule_map.target)))

    def refuse(self, problem: Refused) -> None:
        """Mark the field a refusal is most likely about and say why."""
        for name, line in (("target", self.target), ("source", self.source), ("when", self.when)):
            if self._rule is not None and line.text() != getattr(fields_of(self._rule), name):
                _wrong(line, str(problem))
        self._bench.say(str(problem))

    def _commit(self) -> None:
        if self._rule is None:
            return
        given = RuleFields(
            self.source.text(), self.target.text(), self.using.currentText(), self.codes.currentText(),
            self.literal.text(), self.when.text(), self.unmapped.currentText(), self.status.currentText(),
            self.cite.text(), self.note.text(),
        )  # fmt: skip
        try:
            rule = with_fields(self._rule, given)
        except Refused as refusal:
            self._bench.say(str(refusal))
            return
        if rule != self._rule:
            self.changed.emit(rule)


def element_paths(type_name: str) -> tuple[str, ...]:
    """The element paths of a FHIR type that completion offers, three levels deep."""
    found: list[str] = []

    def add(name: str, prefix: str, depth: int) -> None:
        for element in definitions().elements(name):
            path = element.path.partition(".")[2]
            if not path or path.split(".")[0] in ("id", "extension", "modifierExtension", "contained", "implicitRules"):
                continue
            found.extend(prefix + written for written in _written_names(path, element.json_names()))
            if depth < _DEEPEST and len(element.types) == 1 and element.types[0].code in _OPENED:
                add(element.types[0].code, f"{prefix}{path}.", depth + 1)

    add(type_name, "", 1)
    return tuple(dict.fromkeys(found))


_OPENED = frozenset(
    {"CodeableConcept", "Coding", "HumanName", "Identifier", "Address", "ContactPoint", "Period", "Quantity"}
)


def _written_names(path: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """`value[x]` as `valueQuantity`, `valueString` and so on."""
    stem, dot, _last = path.rpartition(".")
    return tuple(f"{stem}{dot}{name}" for name in names)


def _line(name: str, hint: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    made.setMinimumWidth(60)
    return made


def _choice(name: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setMinimumWidth(60)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return made


def _fill(choice: QComboBox, options: list[str], current: str) -> None:
    wanted = [_NONE, *options]
    if current not in wanted:
        wanted.append(current)
    if [choice.itemText(n) for n in range(choice.count())] != wanted:
        choice.clear()
        choice.addItems(wanted)
    choice.setCurrentText(current)


def _wrong(line: QLineEdit, why: str) -> None:
    line.setProperty("wrong", bool(why))
    line.setToolTip(why)
    line.style().polish(line)
