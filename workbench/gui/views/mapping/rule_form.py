"""The fields of one rule or row in tabs; each keystroke that can be understood is said at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCompleter, QGridLayout, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.condition_builder import ConditionBuilder
from workbench.gui.views.mapping.rule_line import RuleChoice, RuleLine
from workbench.gui.views.mapping.transform_list import TransformList
from workbench.gui.widgets.basics import across, label, tool_button

FieldWidget = RuleLine | RuleChoice


class FieldTabs(QTabWidget):
    """Named fields in tabs. `edited` says which field was touched; the texts are read with `texts`."""

    edited = Signal(str)
    renamed = Signal(str)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.fields: dict[str, FieldWidget] = {}
        self.conditions = ConditionBuilder(theme)
        self.id = RuleLine("Id", "pid-8", "The name of the rule in its map; what names it elsewhere follows")
        self.id.editingFinished.connect(lambda: self.renamed.emit(self.id.text().strip()))
        self._condition = ""
        self._last: dict[str, str] = {}
        self.setAccessibleName(name)
        self.setDocumentMode(True)
        self.conditions.changed.connect(self._condition_changed)

    def line(self, key: str, name: str, hint: str, help_text: str) -> tuple[str, RuleLine]:
        made = RuleLine(name, hint, help_text)
        self.fields[key] = made
        made.textEdited.connect(lambda _text: self._touched(key))
        made.editingFinished.connect(lambda: self._touched(key))
        return name, made

    def choice(self, key: str, name: str, help_text: str, *, editable: bool = False) -> tuple[str, RuleChoice]:
        made = RuleChoice(name, help_text, editable=editable)
        self.fields[key] = made
        made.activated.connect(lambda _row: self._touched(key))
        edit = made.lineEdit()
        if edit is not None:
            edit.textEdited.connect(lambda _text: self._touched(key))
            edit.editingFinished.connect(lambda: self._touched(key))
        return name, made

    def _touched(self, key: str) -> None:
        if self._text(key) != self._last.get(key, ""):
            self._last[key] = self._text(key)
            self.edited.emit(key)

    def _condition_changed(self, text: str) -> None:
        if text != self._condition:
            self._condition = text
            self.edited.emit("when")
            self._count_condition()

    def _text(self, key: str) -> str:
        found = self.fields[key]
        return found.text() if isinstance(found, RuleLine) else found.currentText()

    def texts(self) -> dict[str, str]:
        """What the fields say, the condition among them."""
        return {**{key: self._text(key) for key in self.fields}, "when": self._condition}

    def show_texts(self, texts: Mapping[str, str], options: Mapping[str, Sequence[str]]) -> None:
        """Show what a rule says; `options` are those of the choices."""
        for key, found in self.fields.items():
            if isinstance(found, RuleLine):
                found.show_text(texts[key])
            elif not (found.isEditable() and found.currentText().strip() == texts[key]):
                found.show_choice(list(options.get(key, ())), texts[key])
            self._last[key] = self._text(key)
        self._condition = texts["when"]
        self.conditions.show_condition(texts["when"])
        self._count_condition()

    def complete(self, key: str, model: QStringListModel) -> None:
        """Offer texts for a line while it is typed."""
        found = self.fields[key]
        assert isinstance(found, RuleLine)
        completer = QCompleter(model, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(12)
        completer.activated.connect(lambda _text: self._touched(key))
        found.setCompleter(completer)

    def add_fields(self, title: str, places: Sequence[tuple[str, QWidget]], columns: int, *below: QWidget) -> None:
        """A tab with labelled fields in columns; `below` stands under them."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        rows = -(-len(places) // columns)
        for number, (word, widget) in enumerate(places):
            column, row = divmod(number, rows)
            name = label(word, "muted")
            name.setBuddy(widget)
            grid.addWidget(name, row, column * 2)
            grid.addWidget(widget, row, column * 2 + 1)
        for column in range(columns):
            grid.setColumnStretch(column * 2 + 1, 1)
        layout = QVBoxLayout()
        layout.addLayout(grid)
        for widget in below:
            layout.addWidget(widget)
        layout.addStretch(1)
        body = QWidget()
        body.setLayout(layout)
        self.add_scrolled(title, body)

    def add_scrolled(self, title: str, body: QWidget) -> None:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(title)
        area.setWidget(body)
        for widget in (area.viewport(), body):
            widget.setAutoFillBackground(False)
        self.addTab(area, title)

    def _count_condition(self) -> None:
        for number in range(self.count()):
            if self.tabText(number).startswith("Condition"):
                count = len(self.conditions.rows)
                self.setTabText(number, f"Condition · {count}" if count else "Condition")

    def mark_wrong(self, key: str, why: str) -> None:
        """Say at a field what is wrong with it; "" takes that back."""
        found = self.conditions.line if key == "when" else self.fields.get(key)
        line = found.lineEdit() if isinstance(found, RuleChoice) else found
        if isinstance(line, RuleLine):
            line.show_problem(why)

    def clear_wrong(self) -> None:
        for key in self.fields:
            self.mark_wrong(key, "")
        if not self.conditions.problem.text():
            self.mark_wrong("when", "")


def rule_form(
    theme: Theme, open_codes: Callable[[], None], open_map: Callable[[], None]
) -> tuple[FieldTabs, TransformList]:
    """The form of a rule of a segment or type map."""
    form = FieldTabs(theme, "Rule")
    line, choice = form.line, form.choice
    using_name, using = choice(
        "using", "Type map", "The type map that turns the value into the element, such as XPN-HumanName"
    )
    codes_name, codes = choice(
        "codes", "Code map", "The code map that translates the value; its rows are on the Terminology page"
    )
    places: list[tuple[str, QWidget]] = [
        line(
            "source",
            "From",
            "PID-5.1, several joined with +",
            "The place the value is read from; a | b takes the first that has a value",
        ),
        line("target", "To", "name.family", "The element it is written to; name[legal] names one of several"),
        (using_name, _beside(using, tool_button(theme, "arrow-right", "Go to the type map", open_map))),
        (codes_name, _beside(codes, tool_button(theme, "tags", "Open the code map", open_codes))),
        choice(
            "unmapped",
            "Unmapped codes",
            "What becomes of a code without a row; `default: unknown` and `prefix: …` take a text",
            editable=True,
        ),
        line("literal", "Fixed value", "text, or JSON", "Written as it is; with From: once for each value there"),
        line("default", "Default", "text, or JSON", "Written when nothing else was"),
        choice(
            "repeat", "Repetitions", "Which repetitions of the source count: each (usual), first, last, or all joined"
        ),
        line("join", "Join with", "a blank, or “, ”", "What stands between several sources, or joined repetitions"),
        choice(
            "null", "Explicit null", 'What an explicit null ("") does to the element: nothing, or a data-absent-reason'
        ),
    ]
    form.add_fields("Value", places, 2)
    form.add_scrolled("Condition", form.conditions)
    transforms = TransformList(theme)
    form.add_scrolled("Transforms", transforms)
    _add_notes(form)
    return form, transforms


def _add_notes(form: FieldTabs) -> None:
    line, choice = form.line, form.choice
    form.add_fields(
        "Notes and status",
        [
            ("Id", form.id),
            choice("status", "Status", "How far the rule has come in review; empty means as the package"),
            line("cite", "Source", "HL7 v2-to-FHIR IG, PID[Patient]", "Where the standard or the contract says so"),
            line("note", "Note", "a remark for the next reader", "Why the rule is as it is"),
            line(
                "make", "Makes", "Organization", "The type of a resource made for the value, referred to by the element"
            ),
            line(
                "instance",
                "As",
                "name of the instance",
                "The name under which other rules and rows find the resource made",
            ),
            line("reference", "Refers to", "patient", "The name of the instance the element refers to"),
        ],
        2,
    )


def row_form(theme: Theme) -> FieldTabs:
    """The form of a row of a message map."""
    form = FieldTabs(theme, "Row")
    line, choice = form.line, form.choice
    places: list[tuple[str, QWidget]] = [
        line(
            "source",
            "For each",
            "PID, or ORDER_OBSERVATION/OBX",
            "The segment, or a group of this map; each one is worked on",
        ),
        line("make", "Makes", "Patient", "The resource that each makes"),
        line("fill", "Or fills", "patient", "The name of an instance that another row has made"),
        line("instance", "As", "the row's id", "The name under which other rows and rules find it"),
        line("using", "Segment maps", "PID-Patient, PD1-Patient", "The maps that fill the resource, in order"),
        line(
            "identity",
            "Identity",
            "MSH-4, PID-3.1",
            "The values that tell one instance from another; the same ones give the same id",
        ),
        line(
            "link",
            "Links",
            "subject: patient, encounter: visit",
            "References set on the resource: element and name of the instance",
        ),
        line("follows", "Follows", "OBR", "Only segments that come straight after this one"),
        line("each", "Each repetition of", "PID-3", "Once for every repetition of this field"),
        choice(
            "write",
            "When it is there",
            "What the transaction does with a resource that is there already: update it, or leave it (create)",
        ),
    ]
    form.add_fields("Row", places, 2)
    form.add_scrolled("Condition", form.conditions)
    form.add_fields(
        "Notes and status",
        [
            ("Id", form.id),
            choice("status", "Status", "How far the row has come in review; empty means as the package"),
            line("cite", "Source", "HL7 v2-to-FHIR IG, ADT_A01", "Where the standard or the contract says so"),
            line("note", "Note", "a remark for the next reader", "Why the row is as it is"),
        ],
        1,
    )
    return form


def _beside(widget: QWidget, button: QWidget) -> QWidget:
    body = QWidget()
    line = across(widget, button, spacing=2)
    line.setStretchFactor(widget, 1)
    body.setLayout(line)
    body.setFocusProxy(widget)
    return body
