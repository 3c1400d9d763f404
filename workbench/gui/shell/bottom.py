"""The bottom dock: problems, ledger, jobs and audit as tabs with counts."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QDockWidget, QFrame, QStackedWidget, QTabBar, QWidget

from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, tool_button
from workbench.gui.widgets.stacks import sized_by_front

_OPEN_AT_FIRST: Mapping[str, tuple[str, ...]] = {
    "home": (),
    "messages": ("bottom", "details"),
    "validation": ("details",),
    "mapping": (),
    "terminology": (),
    "suites": (),
    "review": (),
    "export": (),
}


class TabDock(QDockWidget):
    """A dock whose title bar is a row of tabs; it can be dragged by the free part of the row."""

    def __init__(self, theme: Theme, title: str, tabs: Mapping[str, QWidget]) -> None:
        super().__init__(title)
        self.setObjectName(title)
        self._titles = list(tabs)
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(title)
        self._stack = QStackedWidget()
        for name, widget in tabs.items():
            self.tabs.addTab(name)
            self._stack.addWidget(widget)
        sized_by_front(self._stack)
        self.tabs.currentChanged.connect(self._stack.setCurrentIndex)
        head = QFrame()
        head.setObjectName("dockHead")
        fold = tool_button(theme, "x", f"Hide {title.lower()}", self.hide)
        line = across(self.tabs, 1, fold)
        line.setContentsMargins(6, 0, 6, 0)
        head.setLayout(line)
        self.setTitleBarWidget(head)
        frame = QFrame()
        frame.setObjectName("pane")
        frame.setLayout(across(self._stack, margins=1))
        body = QWidget()
        line = across(frame)
        line.setContentsMargins(6, 0, 6, 6)
        body.setLayout(line)
        self.setWidget(body)
        self.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetClosable
            | QDockWidget.DockWidgetFeature.DockWidgetMovable
            | QDockWidget.DockWidgetFeature.DockWidgetFloatable
        )

    def show_count(self, name: str, count: str) -> None:
        """Put a count beside the name of a tab."""
        self.tabs.setTabText(self._titles.index(name), f"{name}  {count}" if count else name)

    def bring(self, name: str) -> None:
        """Show a tab, unfolding the dock."""
        self.tabs.setCurrentIndex(self._titles.index(name))
        self.show()

    def current(self) -> str:
        return self._titles[self.tabs.currentIndex()]


class DocksOfPages:
    """Which docks each page had open when it was last left."""

    def __init__(self, docks: Mapping[str, QDockWidget]) -> None:
        self._docks = docks
        self._open = {page: set(names) for page, names in _OPEN_AT_FIRST.items()}

    def enter(self, page: str) -> None:
        wanted = self._open.setdefault(page, set())
        for name, dock in self._docks.items():
            dock.setVisible(name in wanted)

    def leave(self, page: str) -> None:
        self._open[page] = {name for name, dock in self._docks.items() if not dock.isHidden()}

    def store(self, settings: QSettings, page: str) -> None:
        self.leave(page)
        for name, opened in self._open.items():
            settings.setValue(f"docks/{name}", ",".join(sorted(opened)))

    def recall(self, settings: QSettings) -> None:
        for page in self._open:
            stored = settings.value(f"docks/{page}")
            if isinstance(stored, str):
                self._open[page] = {name for name in stored.split(",") if name in self._docks}


def fixed_dock(title: str, widget: QWidget) -> QDockWidget:
    """A dock that stays where it is and has no title bar."""
    dock = QDockWidget(title)
    dock.setObjectName(title)
    dock.setTitleBarWidget(QWidget())
    dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    dock.setWidget(widget)
    return dock
