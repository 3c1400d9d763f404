"""The question what a conditional element depends on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from io import StringIO
from typing import Any

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QPlainTextEdit, QWidget
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from workbench.gui.theme.theme import Theme
from workbench.gui.views.validation.profile_model import USAGE_WORDS
from workbench.gui.widgets.basics import across, button, down, label, name_button
from workbench.validation.profiles.expressions import Expression
from workbench.validation.profiles.model import Predicate, Statement, Usage
from workbench.validation.profiles.plain_form import NotThisForm, from_plain, to_plain
from workbench.validation.profiles.yaml_profile import format_plain

_FORMS = {
    "is there": "present: {path: '2[1]'}",
    "is one of": "is: {path: '2[1]', texts: [A, B]}",
    "fits a pattern": "matches: {path: '2[1]', pattern: '[0-9]+'}",
    "is not there": "not:\n  part: {present: {path: '2[1]'}}",
    "all of": "all:\n  parts:\n    - present: {path: '2[1]'}\n    - is: {path: '3[1]', texts: [A]}",
}
_ABOUT = (
    "Paths count places from the segment or data type the condition is attached to: 3[1].2[1] is the second "
    "component of the first repetition of field 3; [*] means every repetition."
)


class ConditionDialog(QDialog):
    """A predicate or a conformance statement in words and as a test; the test is checked while it is typed."""

    def __init__(
        self, theme: Theme, rule: Predicate | Statement, attached_to: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._rule = rule
        self._test: Expression | None = None
        self.setWindowTitle("Condition" if isinstance(rule, Predicate) else "Conformance statement")
        self.text = QLineEdit(rule.text)
        self.text.setAccessibleName("Condition in words")
        self.test = QPlainTextEdit(format_plain(_plain(rule.test)))
        self.test.setObjectName("editor")
        self.test.setFont(theme.mono())
        self.test.setAccessibleName("Condition as a test")
        self.test.setTabChangesFocus(True)
        self.test.setMinimumHeight(round(theme.em * 8))
        self.problem = label("", wrap=True)
        self.when_true, self.when_false = _usages("Usage when it holds"), _usages("Usage when it does not hold")
        if isinstance(rule, Predicate):
            self.when_true.setCurrentIndex(self.when_true.findData(rule.when_true))
            self.when_false.setCurrentIndex(self.when_false.findData(rule.when_false))
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        name_button(self._box, "Use")
        self.test.textChanged.connect(self._check)
        self.setLayout(self._laid_out(attached_to))
        self.resize(round(theme.em * 38), round(theme.em * 28))
        self._check()

    def _laid_out(self, attached_to: str) -> Any:
        form = QFormLayout()
        form.addRow("In words", self.text)
        if isinstance(self._rule, Predicate):
            form.addRow("When it holds", self.when_true)
            form.addRow("Otherwise", self.when_false)
        forms = [button(name, partial(self.test.setPlainText, text)) for name, text in _FORMS.items()]
        return down(
            label(f"Attached to {attached_to}", "muted"),
            form,
            label("Test", "heading"),
            across(*forms, 1),
            self.test,
            self.problem,
            label(_ABOUT, "muted", wrap=True),
            self._box,
            margins=20,
            spacing=8,
        )

    def _check(self) -> None:
        try:
            self._test = read_test(self.test.toPlainText())
        except NotThisForm as error:
            self._test = None
            self.problem.setText(f"{error.place.lstrip('.')} {error.text}".strip())
        else:
            self.problem.setText("")
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(self._test is not None)

    @property
    def rule(self) -> Predicate | Statement:
        """What was said. Only to be asked when the dialog was accepted."""
        test = self._test or self._rule.test
        text = self.text.text().strip()
        if isinstance(self._rule, Statement):
            return replace(self._rule, text=text, test=test)
        return replace(
            self._rule,
            text=text,
            test=test,
            when_true=Usage(self.when_true.currentData()),
            when_false=Usage(self.when_false.currentData()),
        )


def read_test(text: str) -> Expression:
    """The test that YAML says. raises NotThisForm: it says none"""
    try:
        data = YAML(typ="safe").load(StringIO(text))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise NotThisForm("", f"It is no YAML{f' in line {mark.line + 1}' if mark is not None else ''}.") from None
    test: Expression = from_plain(Expression, data, "")
    return test


def _plain(test: Expression) -> Any:
    return to_plain((test,))[0]


def _usages(name: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    for usage in (Usage.R, Usage.RE, Usage.O, Usage.X):
        made.addItem(f"{usage.value} – {USAGE_WORDS[usage]}", usage)
    return made


def words_of(rule: Predicate | Statement) -> str:
    """A rule in one line for the list of conditions."""
    if isinstance(rule, Predicate):
        return f"{rule.when_true.value} if {rule.text or 'the condition holds'}, else {rule.when_false.value}"
    return f"{rule.id}: {rule.text}" if rule.id else rule.text
