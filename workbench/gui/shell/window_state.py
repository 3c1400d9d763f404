"""Where the window was and which docks were open, kept apart from the settings that mean something."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings, QSize
from PySide6.QtWidgets import QMainWindow

from workbench.gui.shell.bottom import DocksOfPages


def store_window(window: QMainWindow, docks: DocksOfPages, page: str) -> None:
    """Remember the window as it is; `page` is the one in front."""
    settings = QSettings()
    settings.setValue("window/geometry", window.saveGeometry())
    settings.setValue("window/state", window.saveState())
    docks.store(settings, page)


def recall_window(window: QMainWindow, docks: DocksOfPages, size: QSize) -> None:
    """Put the window where it was last; `size` is for the first time."""
    settings = QSettings()
    geometry, state = settings.value("window/geometry"), settings.value("window/state")
    if isinstance(geometry, QByteArray) and isinstance(state, QByteArray):
        window.restoreGeometry(geometry)
        window.restoreState(state)
    else:
        window.resize(size)
    docks.recall(settings)
