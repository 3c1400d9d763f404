"""Ctrl+K: every command and page, and whatever else the window offers, found by typing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import down, label, table

_MOST = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be gone to or done."""

    title: str
    about: str
    keys: str
    run: Callable[[], object]


_COLUMNS = (
    Column("What", lambda entry: entry.title, 17),
    Column("About", lambda entry: entry.about, 21, muted=True),
    Column("Keys", lambda entry: entry.keys, 7, mono=True, muted=True),
)


class CommandPalette(QDialog):
    """A frameless list over the window; Return runs the selected entry, Escape leaves."""

    def __init__(self, theme: Theme, find: Callable[[str], Sequence[Entry]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setWindowTitle("Go to anything")
        self._find = find
        self.model = RowsModel(theme, _COLUMNS, self)
        self.words = QLineEdit()
        self.words.setPlaceholderText("Type a command, a page, a rule, a message number…")
        self.words.setAccessibleName("Go to anything")
        self.view = table(theme, self.model, "Found", _COLUMNS, sorts=False)
        self.view.horizontalHeader().hide()
        self.view.doubleClicked.connect(self.run)
        self.setLayout(down(self.words, self.view, label("Return runs · Escape leaves", "muted"), margins=12))
        self.resize(round(theme.em * 48), round(theme.em * 28))
        self.words.textChanged.connect(self._search)
        self.words.returnPressed.connect(self.run)
        self.words.installEventFilter(self)
        self._search("")

    def run(self) -> None:
        """Close, then do the selected entry."""
        entry = self.model.row(self.view.currentIndex())
        self.accept()
        if isinstance(entry, Entry):
            entry.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the list while the cursor stays in the text."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            by = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}.get(
                Qt.Key(event.key())
            )
            if by is not None:
                row = max(0, min(self.view.currentIndex().row() + by, self.model.rowCount() - 1))
                self.view.selectRow(row)
                return True
        return super().eventFilter(watched, event)

    def _search(self, words: str) -> None:
        self.model.show(list(self._find(words))[:_MOST])
        if self.model.rowCount():
            self.view.selectRow(0)
