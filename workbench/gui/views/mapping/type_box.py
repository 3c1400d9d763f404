"""A box to choose a FHIR type or a segment in: from a list, or typed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox

from workbench.gui.theme.theme import Theme


class TypeBox(QComboBox):
    """Emits what was chosen or typed; whoever listens judges it."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, name: str, help_: str) -> None:
        super().__init__()
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName(name)
        self.setToolTip(help_)
        self.setMinimumWidth(round(theme.em * 8))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.view().setMinimumWidth(round(theme.em * 22))  # titles of profiles are longer than the box
        self._offered: tuple[str, ...] = ()
        self.activated.connect(lambda _row: self.chosen.emit(self.currentText()))
        edit = self.lineEdit()
        if edit is not None:
            edit.editingFinished.connect(lambda: self.chosen.emit(self.currentText()))

    def offer(self, names: Sequence[str]) -> bool:
        """List other names and keep what stands there; False when they are those listed."""
        if tuple(names) == self._offered:
            return False
        self._offered = tuple(names)
        now = self.currentText()
        self.clear()
        self.addItems(list(names))
        self.setCurrentText(now)
        return True
