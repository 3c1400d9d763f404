"""Dialogs: what went wrong, passphrases, keys, and a reason where one is asked for."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QPlainTextEdit, QWidget

from workbench import __version__
from workbench.app.commands import COMMANDS
from workbench.gui.bench import sentence_of
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, down, label, name_button, table

SHORTEST_PASSPHRASE = 10


def show_problem(theme: Theme, parent: QWidget | None, problem: BaseException) -> QDialog:
    """What happened, what is safe and what to do; not modal, so that work can go on."""
    text, hint = sentence_of(problem)
    dialog = QDialog(parent)
    dialog.setWindowTitle("This did not work")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    picture = label()
    picture.setProperty("icon_size", 28)
    theme.give_icon(picture, "circle-x", "severity.error")
    words = down(label(text, "heading", wrap=True, selectable=True), label(hint, wrap=True), spacing=8)
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    box.rejected.connect(dialog.reject)
    top = across(picture, words, spacing=16)
    top.setAlignment(picture, Qt.AlignmentFlag.AlignTop)
    dialog.setLayout(down(top, box, margins=20, spacing=16))
    dialog.setMinimumWidth(round(theme.em * 30))
    dialog.show()
    return dialog


class PassphraseDialog(QDialog):
    """Asks for the passphrase of a workspace; twice when the workspace is new."""

    def __init__(self, theme: Theme, folder: Path, *, new: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._new = new
        self.setWindowTitle("New workspace" if new else "Unlock workspace")
        self.passphrase = _secret("Passphrase")
        self.again = _secret("Passphrase again")
        self.problem = label("", "muted", wrap=True)
        form = QFormLayout()
        form.addRow("Passphrase", self.passphrase)
        if new:
            form.addRow("Once more", self.again)
        about = (
            "The workspace is encrypted with this passphrase. Nobody can open it without: there is no way round it."
            if new
            else "The workspace is encrypted. Nothing is read before the passphrase fits."
        )
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        name_button(self._box, "Create" if new else "Unlock")
        title = label(folder.stem, "title")
        self.setLayout(
            down(title, label(about, "muted", wrap=True), form, self.problem, self._box, margins=20, spacing=12)
        )
        self.setMinimumWidth(round(theme.em * 30))
        self.passphrase.textChanged.connect(self._check)
        self.again.textChanged.connect(self._check)
        self._check()

    def refuse(self, problem: BaseException) -> None:
        """Say why the passphrase did not open the workspace."""
        self.problem.setText(" ".join(sentence_of(problem)))
        self.passphrase.selectAll()
        self.passphrase.setFocus()

    def _check(self) -> None:
        text = self.passphrase.text()
        why = ""
        if self._new and len(text) < SHORTEST_PASSPHRASE:
            why = f"At least {SHORTEST_PASSPHRASE} characters; several words are best."
        elif self._new and text != self.again.text():
            why = "The two are not the same yet."
        self.problem.setText(why)
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(text) and not why)


def _secret(name: str) -> QLineEdit:
    made = QLineEdit()
    made.setEchoMode(QLineEdit.EchoMode.Password)
    made.setAccessibleName(name)
    return made


class ReasonDialog(QDialog):
    """Asks for a sentence that is kept with a decision."""

    def __init__(
        self, theme: Theme, title: str, question: str, *, needed: bool = True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._needed = needed
        self.text = QPlainTextEdit()
        self.text.setObjectName("editor")
        self.text.setAccessibleName(question)
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(round(theme.em * 6))
        self._box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        name_button(self._box, "Record")
        self.setLayout(down(label(question, wrap=True), self.text, self._box, margins=20, spacing=12))
        self.setMinimumWidth(round(theme.em * 30))
        self.text.textChanged.connect(self._check)
        self._check()

    @property
    def reason(self) -> str:
        return self.text.toPlainText().strip()

    def _check(self) -> None:
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(self.reason) or not self._needed)


_KEY_COLUMNS = (
    Column("Menu", lambda c: str(c.category), 5.5, muted=True),
    Column("Command", lambda c: c.title, 15),
    Column("Keys", lambda c: "  ".join(c.keys), 12.5, mono=True),
    Column("What it does", lambda c: c.help, 24, muted=True),
)


class KeysDialog(QDialog):
    """Every command with its keys."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard")
        self.model = RowsModel(theme, _KEY_COLUMNS, self)
        self.model.show([command for command in COMMANDS if command.keys])
        view = table(theme, self.model, "Commands and their keys", _KEY_COLUMNS)
        self.setLayout(down(label("Every command is in a menu and under Ctrl+K as well.", "muted"), view, margins=16))
        self.resize(round(theme.em * 52), round(theme.em * 36))


class AboutDialog(QDialog):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About")
        text = (
            "Clinical Mapping Workbench is free software under the Apache License 2.0.\n\n"
            "Icons: Lucide (ISC). Fonts: Inter and JetBrains Mono (SIL Open Font License 1.1). "
            "Qt for Python is used under the LGPL 3.\n\n"
            "Nothing leaves this machine unless you export or send it."
        )
        layout = down(
            label("Clinical Mapping Workbench", "title"),
            label(f"Version {__version__}", "muted"),
            label(text, wrap=True),
            margins=24,
            spacing=10,
        )
        self.setLayout(layout)
        self.setMinimumWidth(round(theme.em * 32))
