"""The rail: the eight pages with what needs a person on each."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QToolButton

from workbench.app.commands import command
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, down, label

PAGES = ("home", "messages", "validation", "mapping", "terminology", "suites", "review", "export")


class RailButton(QToolButton):
    """Icon, name and live count of one page."""

    def __init__(self, theme: Theme, page: str) -> None:
        super().__init__()
        about = command(f"go.{page}")
        self.page = page
        self._title = about.title
        self.setObjectName("railButton")
        self.setCheckable(True)
        self.setToolTip(f"{about.help} ({about.keys[0]})")
        self.setFixedHeight(round(theme.em * 2.3))
        picture = label()
        picture.setProperty("icon_size", 18)
        theme.give_icon(picture, about.icon)
        self._count = QLabel()
        self._count.setProperty("role", "muted")
        line = across(picture, label(about.title), 1, self._count, spacing=10)
        line.setContentsMargins(10, 0, 10, 0)
        self.setLayout(line)
        for child in self.findChildren(QLabel):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.show_count("")

    def show_count(self, text: str) -> None:
        self._count.setText(text)
        self.setAccessibleName(f"{self._title}, {text}" if text else self._title)

    @property
    def count(self) -> str:
        return self._count.text()

    def sizeHint(self) -> QSize:
        return QSize(160, self.height())


class Rail(QFrame):
    """Emits the page that was chosen."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setFixedWidth(round(theme.em * 11.5))
        self.buttons = {page: RailButton(theme, page) for page in PAGES}
        group = QButtonGroup(self)
        group.setExclusive(True)
        for button in self.buttons.values():
            group.addButton(button)
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            button.clicked.connect(lambda _checked=False, page=button.page: self.chosen.emit(page))
        layout = down(*self.buttons.values(), 1, spacing=2)
        layout.setContentsMargins(8, 8, 8, 8)
        self.setLayout(layout)

    def show_page(self, page: str) -> None:
        self.buttons[page].setChecked(True)
