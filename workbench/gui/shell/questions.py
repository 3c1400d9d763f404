"""Questions that the system's own dialogs ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

_MESSAGES = "Messages (*.hl7 *.txt *.er7 *.dat *.json *.ndjson *.xml *.zip *.gz);;All files (*)"


def ask_files(parent: QWidget) -> list[Path]:
    """Files with messages; none when the user gives up."""
    names, _ = QFileDialog.getOpenFileNames(parent, "Open messages", "", _MESSAGES)
    return [Path(name) for name in names]


def ask_folder(parent: QWidget, title: str) -> Path | None:
    name = QFileDialog.getExistingDirectory(parent, title)
    return Path(name) if name else None


def may_leave(parent: QWidget, save: Callable[[], bool], discard: Callable[[], None]) -> bool:
    """Whether the window may close although the mapping has changes; they are saved or given up as the user wants."""
    answer = QMessageBox.question(
        parent,
        "Unsaved changes",
        "The mapping has changes that are not saved. Save them now?",
        QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
    )
    if answer == QMessageBox.StandardButton.Discard:
        discard()
        return True
    return answer == QMessageBox.StandardButton.Save and save()
