"""What every page is to the window."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from workbench.gui.bench import Bench
from workbench.gui.shell.command_palette import Entry


class Page(QWidget):
    """One page. It shows what the bench holds and can be rebuilt from it at any time."""

    attention_changed = Signal(str)
    """The live count on the rail: what needs a person, "" for nothing."""

    name = ""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench
        self.theme = bench.theme
        self.setObjectName("page")

    def commands(self) -> Mapping[str, Callable[[], object]]:
        """What the page does, by command id."""
        return {}

    def panes(self) -> list[QWidget]:
        """The widgets that F6 goes through, in reading order."""
        return []

    def filter_box(self) -> QLineEdit | None:
        """Where Ctrl+F goes."""
        return None

    def entries(self, words: str) -> list[Entry]:
        """What Ctrl+K finds on this page for the words typed so far."""
        return []

    def shown(self) -> None:
        """Called when the page comes to the front; for what is only worth computing when somebody looks."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown()
