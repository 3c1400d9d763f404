"""The builder of a condition: its text, and the same as rows of path, relation and value; both stay in step."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QCompleter, QVBoxLayout, QWidget

from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.condition_rows import (
    OF_PLACES,
    WITHOUT_VALUE,
    ConditionRow,
    Joint,
    Test,
    rows_of,
    text_of,
)
from workbench.gui.views.mapping.rule_line import RuleLine
from workbench.gui.widgets.basics import across, button, down, label, tool_button
from workbench.mapping.conditions import Condition, SyntaxProblem, read_condition
from workbench.mapping.directions.fhir_paths import read_fhir_condition

_NO_PATH = frozenset({Test.MADE, Test.EXPRESSION})
_HINTS = {
    Test.IN: "F, M", Test.NOT_IN: "F, M", Test.IN_CODES: "name of a code map", Test.NOT_IN_CODES: "name of a code map",
    Test.MATCHES: "pattern", Test.MADE: "name of an instance", Test.EXPRESSION: "any condition",
    Test.SAME_AS: "another path: PID-11.9", Test.OTHER_THAN: "another path: PID-11.9",
}  # fmt: skip


class ConditionRowWidget(QWidget):
    """One row; emits after every keystroke."""

    changed = Signal()

    def __init__(self, theme: Theme, paths: QStringListModel, remove: Callable[[ConditionRowWidget], None]) -> None:
        super().__init__()
        self.joint = QComboBox()
        self.joint.addItems([str(joint) for joint in Joint])
        self.joint.setAccessibleName("Joined with")
        self.joint.setToolTip("and binds tighter than or")
        self.negated = QCheckBox("not")
        self.negated.setAccessibleName("Not")
        self.negated.setToolTip("The opposite of this test")
        self.operand = RuleLine("Path", "PID-8, count(PID-3), version")
        self.operand.setCompleter(self._completer(paths))
        self.test = QComboBox()
        self.test.addItems([str(test) for test in Test])
        self.test.setAccessibleName("Relation")
        self.test.setToolTip("What is asked of the path")
        self.value = RuleLine("Value", "")
        self._places = self._completer(paths)
        gone = tool_button(theme, "x", "Remove this test", lambda: remove(self))
        self.setLayout(across(self.joint, self.negated, self.operand, self.test, self.value, gone, spacing=4))
        self.joint.setFixedWidth(round(theme.em * 4.2))
        self.test.setFixedWidth(round(theme.em * 7.5))
        for line in (self.operand, self.value):
            line.textEdited.connect(self._edited)
        self.joint.activated.connect(self._edited)
        self.negated.clicked.connect(self._edited)
        self.test.activated.connect(self._edited)

    def _completer(self, paths: QStringListModel) -> QCompleter:
        completer = QCompleter(paths, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.activated.connect(self._edited)
        return completer

    def show_row(self, row: ConditionRow, *, first: bool) -> None:
        self.joint.setVisible(not first)
        self.joint.setCurrentText(row.joint)
        self.negated.setChecked(row.negated)
        self.test.setCurrentText(row.test)
        for line, text in ((self.operand, row.operand), (self.value, row.value)):
            line.show_text(text)
        self._dress()

    def row(self) -> ConditionRow:
        test = Test(self.test.currentText())
        operand = "" if test in _NO_PATH else self.operand.text()
        value = "" if test in WITHOUT_VALUE else self.value.text()
        return ConditionRow(Joint(self.joint.currentText()), self.negated.isChecked(), operand, test, value)

    def _dress(self) -> None:
        test = Test(self.test.currentText())
        self.operand.setVisible(test not in _NO_PATH)
        self.value.setVisible(test not in WITHOUT_VALUE)
        self.value.setPlaceholderText(_HINTS.get(test, "value"))
        if self.value.completer() is None or test not in OF_PLACES:
            self.value.setCompleter(self._places if test in OF_PLACES else None)  # type: ignore[arg-type]  # None: without

    def _edited(self, _what: object = None) -> None:
        self._dress()
        self.changed.emit()


class ConditionBuilder(QWidget):
    """Emits the condition's text whenever it can be understood; else says where it cannot."""

    changed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown = ""
        self._read: Callable[[str], Condition] = read_condition
        self._paths = QStringListModel(self)
        self.line = RuleLine("When", "PID-8 valued and not PID-3.5 in ('MR', 'PI')")
        self.line.setToolTip("The whole condition; the rows below are the same")
        self.problem = label("", "muted", wrap=True)
        self.problem.setVisible(False)
        self.rows: list[ConditionRowWidget] = []
        self._box = QVBoxLayout()
        self._box.setSpacing(4)
        self._always = label("Always: there is no condition.", "muted")
        self.add_button = button("Add test", self.add_row, tip="A further row: path, relation, value")
        self.setLayout(down(self.line, self.problem, self._always, self._box, across(self.add_button, 1), 1, spacing=6))
        self.line.textEdited.connect(self._typed)
        self.line.editingFinished.connect(lambda: self._typed(self.line.text()))

    def offer_paths(self, paths: list[str]) -> None:
        """What completion of paths knows."""
        self._paths.setStringList(paths)

    def expect_fhir(self, fhir: bool) -> None:
        """Whether the places in conditions are those of FHIR documents."""
        self._read = read_fhir_condition if fhir else read_condition

    def show_condition(self, text: str) -> None:
        """Show a condition; nothing moves when it is the one shown."""
        if text == self._shown:
            return
        self._shown = text
        self.line.show_text(text)
        self._say("")
        self._show_rows(text)

    def add_row(self) -> None:
        """A further, empty test; it counts as soon as it has a path."""
        rows = [widget.row() for widget in self.rows]
        self._lay_out([*rows, ConditionRow()])
        self.rows[-1].operand.setFocus()

    def _typed(self, text: str) -> None:
        if text.strip() == self._shown:
            return
        try:
            rows = rows_of(text, self._read)
        except SyntaxProblem as problem:
            self._say(f"{problem.sentence[:1].upper()}{problem.sentence[1:]}, at character {problem.at + 1}.")
            return
        self._say("")
        self._shown = text.strip()
        if [widget.row() for widget in self.rows] != list(rows):
            self._lay_out(list(rows))
        self.changed.emit(self._shown)

    def _show_rows(self, text: str) -> None:
        try:
            self._lay_out(list(rows_of(text, self._read)))
        except SyntaxProblem as problem:
            self._lay_out([])
            self._say(f"{problem.sentence[:1].upper()}{problem.sentence[1:]}, at character {problem.at + 1}.")

    def _lay_out(self, rows: list[ConditionRow]) -> None:
        while len(self.rows) > len(rows):
            gone = self.rows.pop()
            self._box.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        while len(self.rows) < len(rows):
            self.rows.append(self._row_widget())
            self._box.addWidget(self.rows[-1])
        for number, (widget, row) in enumerate(zip(self.rows, rows, strict=True)):
            widget.show_row(row, first=number == 0)
        self._always.setVisible(not rows)

    def _row_widget(self) -> ConditionRowWidget:
        widget = ConditionRowWidget(self._theme, self._paths, self._remove)
        widget.changed.connect(self._row_changed)
        return widget

    def _remove(self, widget: ConditionRowWidget) -> None:
        self._lay_out([other.row() for other in self.rows if other is not widget])
        self._row_changed()

    def _row_changed(self) -> None:
        text = text_of([widget.row() for widget in self.rows])
        self.line.show_text(text)
        try:
            rows_of(text, self._read)
        except SyntaxProblem as problem:
            self._say(f"{problem.sentence[:1].upper()}{problem.sentence[1:]}, at character {problem.at + 1}.")
            return
        self._say("")
        if text != self._shown:
            self._shown = text
            self.changed.emit(text)

    def _say(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.line.show_problem(problem)
