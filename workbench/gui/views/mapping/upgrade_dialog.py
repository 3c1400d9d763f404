"""Upgrading a base package: for each rule that site and base both changed, what the three say and what shall hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLayout,
    QPlainTextEdit,
    QRadioButton,
    QSplitter,
    QTextEdit,
    QWidget,
)

from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, down, label, name_button, table
from workbench.kernel.errors import Refused
from workbench.mapping.edits import Edit, Rebase
from workbench.mapping.entries import EntryKind, EntryName
from workbench.mapping.overlay import effective
from workbench.mapping.save import rendered_entry
from workbench.mapping.upgrade import Choice, Question, Upgrade, upgrade_edits
from workbench.mapping.writing import Plain
from workbench.mapping.yaml_text import read_yaml

_WORDS = {
    Choice.MINE: "Keep the site's",
    Choice.THEIRS: "Take the new base's",
    Choice.MERGED: "Both changes together",
}
_EDITED = "As written below"


class UpgradeDialog(QDialog):
    """Applies everything in one step; undo brings the package back to its old base."""

    def __init__(
        self,
        theme: Theme,
        plan: Upgrade,
        apply: Callable[[Sequence[Edit], str], bool],
        report: Callable[[BaseException], None],
        parent: QWidget | None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Upgrade base package")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._theme = theme
        self._plan, self._apply, self._report = plan, apply, report
        self.choices: dict[EntryName, Choice | Plain] = {
            question.entry: question.suggested for question in plan.questions
        }
        columns = (
            Column("Entry", lambda question: str(question.entry), 20),
            Column("What shall hold", self._answer, 11),
            Column("Why it is asked", lambda question: str(question.why), 20),
        )
        self.model = RowsModel(theme, columns, self)
        self.model.show(plan.questions)
        self.table = table(theme, self.model, "What both changed", columns, sorts=False)
        self.texts = {name: _text(theme, name) for name in ("Old base", "New base", "Site")}
        self.edited = _text(theme, "What shall hold", writable=True)
        self.problem = label("", "muted", wrap=True)
        self.buttons = QButtonGroup(self)
        self.radios = {choice: QRadioButton(words) for choice, words in _WORDS.items()}
        self.own = QRadioButton(_EDITED)
        self.setLayout(self._build())
        self.resize(round(theme.em * 72), round(theme.em * 44))
        self.table.selectionModel().currentChanged.connect(self._show)
        self.edited.textChanged.connect(self._written)
        if plan.questions:
            self.table.setCurrentIndex(self.model.index(0, 0))

    def _build(self) -> QLayout:
        package, base = self._plan.site.header, self._plan.base.header
        about = f"{package.id} {package.version} on {base.id} {base.version}"
        asked = len(self._plan.questions)
        text = (
            f"{asked} entries were changed by both and need a decision; the site's other changes stay as they are."
            if asked
            else "The new base touches nothing the site has changed."
        )
        settled = "\n".join(f"{each.entry} {each.sentence}." for each in self._plan.settled)
        grid = QGridLayout()
        for column, (name, box) in enumerate(self.texts.items()):
            grid.addWidget(label(name, "heading"), 0, column)
            grid.addWidget(box, 1, column)
        choices = across(*self.radios.values(), self.own, 1, spacing=14)
        for button in (*self.radios.values(), self.own):
            self.buttons.addButton(button)
            button.clicked.connect(self._chosen)
        below = QWidget()
        below.setLayout(down(grid, choices, self.edited, self.problem, spacing=8))
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.table)
        split.addWidget(below)
        split.setSizes([220, 420])
        split.setChildrenCollapsible(False)
        split.setVisible(bool(asked))
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_button(self._box, "Upgrade")
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        done = label(settled, "muted", wrap=True)
        done.setVisible(bool(settled))
        layout = down(label(about, "title"), label(text, wrap=True), split, done, self._box, margins=20, spacing=10)
        layout.setStretch(2, 1)
        return layout

    def _question(self) -> Question | None:
        found: Question | None = self.model.row(self.table.currentIndex())
        return found

    def _show(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        question = self._question()
        if question is None:
            return
        sides = zip(self.texts.values(), (question.old, question.new, question.mine), strict=True)
        for box, plain in sides:
            box.setPlainText(_written_out(plain))
            _point_out(self._theme, box, _written_out(question.old))
        self.radios[Choice.MERGED].setEnabled(question.merged is not None)
        self.own.setEnabled(question.entry.kind in (EntryKind.RULE, EntryKind.ROW))
        self._show_choice(question)

    def _show_choice(self, question: Question) -> None:
        choice = self.choices[question.entry]
        button = self.radios[choice] if isinstance(choice, Choice) else self.own
        button.setChecked(True)
        self.edited.setReadOnly(isinstance(choice, Choice))
        self.edited.blockSignals(True)
        self.edited.setPlainText(_written_out(_outcome(question, choice)))
        self.edited.blockSignals(False)
        self.problem.setText("")
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(True)

    def _chosen(self) -> None:
        question = self._question()
        if question is None:
            return
        if self.own.isChecked():
            self.choices[question.entry] = _outcome(question, self.choices[question.entry]) or question.mine
        else:
            self.choices[question.entry] = next(choice for choice, radio in self.radios.items() if radio.isChecked())
        self._show_choice(question)
        self.model.show(self._plan.questions)
        self.table.selectionModel().blockSignals(True)
        self.table.setCurrentIndex(self.model.index_of(lambda other: other is question))
        self.table.selectionModel().blockSignals(False)

    def _written(self) -> None:
        """Take the keys a person wrote; what is no entry cannot be accepted."""
        question = self._question()
        if question is None or not self.own.isChecked():
            return
        try:
            plain = read_yaml(self.edited.toPlainText(), str(question.entry)).value
            if not isinstance(plain, dict):
                raise Refused("MAP-0102", "Keys and values are expected.", "")
        except Refused as problem:
            self.problem.setText(problem.text)
            self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(False)
            return
        self.choices[question.entry] = plain
        self.problem.setText("")
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(True)

    def _answer(self, question: Question) -> str:
        choice = self.choices[question.entry]
        return _WORDS[choice] if isinstance(choice, Choice) else _EDITED

    def accept(self) -> None:
        """Do it, unless what was written is no rule or does not fit the new base."""
        site, base = self._plan.site, self._plan.base
        assert site.folder is not None and base.folder is not None
        extends = Path(os.path.relpath(base.folder.resolve(), site.folder.resolve())).as_posix()
        try:
            edits = (*upgrade_edits(self._plan, self.choices), Rebase(extends, base))
            package = site
            for edit in edits:
                package, _ = edit.apply(package)
            effective(package)
        except Refused as problem:
            self._report(problem)
            return
        if self._apply(edits, f"Upgrade base to {base.header.version}"):
            super().accept()


def _outcome(question: Question, choice: Choice | Plain) -> Plain | None:
    """What holds after a choice; None when nothing does."""
    if not isinstance(choice, Choice):
        return choice
    return {Choice.MINE: question.mine, Choice.THEIRS: question.new, Choice.MERGED: question.merged}[choice]


def _written_out(plain: Plain | None) -> str:
    return "– not there –" if plain is None else rendered_entry(plain)


def _point_out(theme: Theme, box: QPlainTextEdit, before: str) -> None:
    """Shade the lines that were not there before."""
    known = set(before.split("\n"))
    selections = []
    block = box.document().begin()
    while block.isValid():
        if block.text() not in known:
            chosen = QTextEdit.ExtraSelection()
            chosen.cursor = QTextCursor(block)
            chosen.format.setBackground(theme.colour("wash.partial"))
            chosen.format.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
            selections.append(chosen)
        block = block.next()
    box.setExtraSelections(selections)


def _text(theme: Theme, name: str, *, writable: bool = False) -> QPlainTextEdit:
    made = QPlainTextEdit()
    made.setAccessibleName(name)
    made.setFont(theme.mono())
    made.setReadOnly(not writable)
    made.setTabChangesFocus(True)
    return made
