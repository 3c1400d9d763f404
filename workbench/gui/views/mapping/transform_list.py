"""The transforms of a rule, one below the other: picked from the closed list, with parameters and an example."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.rule_line import RuleChoice, RuleLine
from workbench.gui.views.mapping.transform_examples import example, steps_on
from workbench.gui.widgets.basics import across, button, down, label, tool_button
from workbench.mapping.model import TransformCall
from workbench.mapping.transforms import TRANSFORMS, Parameter, TransformProblem


class TransformRow(QWidget):
    """One call."""

    changed = Signal()

    def __init__(self, theme: Theme, remove: Callable[[], None], up: Callable[[], None]) -> None:
        super().__init__()
        self._theme = theme
        self.name = RuleChoice("Transform", "What is done with the text")
        for transform in TRANSFORMS.values():
            self.name.addItem(transform.name)
            self.name.setItemData(self.name.count() - 1, f"{transform.does}. {example(transform.name)}", 3)
        self.name.setFixedWidth(round(theme.em * 8))
        self.lines: dict[str, RuleLine] = {}
        self._fields = QHBoxLayout()
        self._fields.setSpacing(4)
        self.says = label("", "muted")
        line = across(self.name, self._fields, self.says, 1, spacing=6)
        earlier = QToolButton()
        earlier.setArrowType(Qt.ArrowType.UpArrow)
        earlier.setAccessibleName("Earlier")
        earlier.setToolTip("Do this before the transform above")
        earlier.clicked.connect(lambda _on: up())
        line.addWidget(earlier)
        line.addWidget(tool_button(theme, "x", "Remove this transform", remove))
        self.setLayout(line)
        self.name.activated.connect(self._picked)

    def show_call(self, call: TransformCall) -> None:
        if self.name.currentText() != call.name:
            if self.name.findText(call.name) < 0:
                self.name.addItem(call.name)
            self.name.setCurrentText(call.name)
        self._lay_out()
        parameters = self._parameters()
        for parameter in parameters:
            given = call.arguments.get(parameter.name, call.arguments.get("", "") if len(parameters) == 1 else "")
            self.lines[parameter.name].show_text(str(given))
        self._say()

    def call(self) -> TransformCall:
        """raises TransformProblem: what was typed is no value of the parameter, or one is missing"""
        arguments: dict[str, str | int] = {}
        for parameter in self._parameters():
            text = self.lines[parameter.name].text()
            if text:
                arguments[parameter.name] = int(text) if parameter.kind is int and text.isdecimal() else text
        call = TransformCall(self.name.currentText(), arguments)
        if call.name in TRANSFORMS:
            TRANSFORMS[call.name].arguments(call)
        if len(arguments) == 1 and len(self._parameters()) == 1:
            return TransformCall(call.name, {"": next(iter(arguments.values()))})
        return call

    def _parameters(self) -> tuple[Parameter, ...]:
        found = TRANSFORMS.get(self.name.currentText())
        return found.parameters if found is not None else ()

    def _lay_out(self) -> None:
        wanted = [parameter.name for parameter in self._parameters()]
        if list(self.lines) == wanted:
            return
        for line in self.lines.values():
            self._fields.removeWidget(line)
            line.deleteLater()
        self.lines = {}
        for parameter in self._parameters():
            name = parameter.name
            hint = name if parameter.required else f"{name} (optional)"
            line = RuleLine(name, hint, f"{name} (a source path)" if parameter.source else name)
            line.textEdited.connect(lambda _text: self.changed.emit())
            self.lines[parameter.name] = line
            self._fields.addWidget(line)

    def _say(self) -> None:
        found = TRANSFORMS.get(self.name.currentText())
        if found is None:
            self.says.setText("there is no such transform")
            return
        self.says.setText(found.does if found.portable else f"{found.does} · not portable to every engine")
        self.says.setToolTip(example(found.name))

    def _picked(self, _row: int) -> None:
        self._lay_out()
        self._say()
        self.changed.emit()
        for line in self.lines.values():
            line.setFocus()
            break


class TransformList(QWidget):
    """Emits the calls whenever all of them are complete; else says what is missing."""

    changed = Signal(tuple)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._calls: tuple[TransformCall, ...] = ()
        self._sample = ""
        self.rows: list[TransformRow] = []
        self._box = QVBoxLayout()
        self._box.setSpacing(4)
        self.says = label("", "muted", wrap=True)
        self.add_button = button("Add transform", self.add, tip="One more step, after those above")
        self.setLayout(down(self._box, self.says, across(self.add_button, 1), 1, spacing=6))
        self._say("")

    @property
    def calls(self) -> tuple[TransformCall, ...]:
        """The calls as they were last complete."""
        return self._calls

    def show_calls(self, calls: tuple[TransformCall, ...], sample: str = "") -> None:
        """sample  the text the rule reads here, already masked if need be"""
        self._sample = sample
        if calls != self._calls or len(self.rows) != len(calls):
            self._calls = calls
            self._lay_out(list(calls))
        self._say(self._problem())

    def _problem(self) -> str:
        """Why the rows are no calls yet, "" when they are."""
        try:
            for row in self.rows:
                row.call()
        except TransformProblem as problem:
            return f"{str(problem)[:1].upper()}{str(problem)[1:]}."
        return ""

    def add(self) -> None:
        self._lay_out([*self._calls, TransformCall("trim")])
        self._edited()
        self.rows[-1].name.setFocus()

    def _lay_out(self, calls: list[TransformCall]) -> None:
        while len(self.rows) > len(calls):
            gone = self.rows.pop()
            self._box.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        while len(self.rows) < len(calls):
            row = self._row()
            self.rows.append(row)
            self._box.addWidget(row)
        for row, call in zip(self.rows, calls, strict=True):
            row.show_call(call)

    def _row(self) -> TransformRow:
        made: list[TransformRow] = []
        row = TransformRow(self._theme, lambda: self._remove(made[0]), lambda: self._raise(made[0]))
        made.append(row)
        row.changed.connect(self._edited)
        return row

    def _remove(self, row: TransformRow) -> None:
        at = self.rows.index(row)
        self._put((*self._calls[:at], *self._calls[at + 1 :]))

    def _raise(self, row: TransformRow) -> None:
        at = self.rows.index(row)
        if at:
            calls = list(self._calls)
            calls[at - 1], calls[at] = calls[at], calls[at - 1]
            self._put(tuple(calls))

    def _put(self, calls: tuple[TransformCall, ...]) -> None:
        self._calls = calls
        self._lay_out(list(calls))
        self._say("")
        self.changed.emit(calls)

    def _edited(self) -> None:
        problem = self._problem()
        self._say(problem)
        calls = self._calls if problem else tuple(row.call() for row in self.rows)
        if calls != self._calls:
            self._calls = calls
            self._say("")
            self.changed.emit(calls)

    def _say(self, problem: str) -> None:
        if problem:
            self.says.setText(problem)
        elif not self._calls:
            self.says.setText("The value goes as it is. A transform changes its text first.")
        else:
            shown = steps_on(self._sample, self._calls) if self._sample else example(self._calls[0].name)
            self.says.setText(f"Here: {shown}" if self._sample and shown else f"For example {shown}" if shown else "")
