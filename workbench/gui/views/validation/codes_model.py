"""The codes of a value set as a table that can be edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from workbench.gui.theme.theme import Theme
from workbench.validation.profiles.model import Code, CodeUsage

Index = QModelIndex | QPersistentModelIndex
HEADS = ("Code", "System", "Display", "Use", "Seen")
_FIELDS = ("value", "system", "display", "usage")
_WORDS = {CodeUsage.REQUIRED: "required", CodeUsage.PERMITTED: "permitted", CodeUsage.EXCLUDED: "excluded"}


class CodesModel(QAbstractTableModel):
    """Says what the codes should be; whoever shows them answers with `show`."""

    edited = Signal(object)  # tuple[Code, ...]

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._codes: tuple[Code, ...] = ()
        self._counted = False

    @property
    def codes(self) -> tuple[Code, ...]:
        return self._codes

    def show(self, codes: Sequence[Code]) -> None:
        self.beginResetModel()
        self._codes = tuple(codes)
        self._counted = any(code.count for code in codes)
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._codes)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        editable = index.isValid() and index.column() < len(_FIELDS)
        return super().flags(index) | (Qt.ItemFlag.ItemIsEditable if editable else Qt.ItemFlag.NoItemFlags)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        code, column = self._codes[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole, Qt.ItemDataRole.ToolTipRole):
            if column == 0:
                return code.value or (f"pattern {code.pattern}" if code.pattern else "")
            if column == 3:
                return _WORDS[code.usage]
            if column == 4:
                return f"{code.count:,}" if self._counted else ""
            return getattr(code, _FIELDS[column])
        if role == Qt.ItemDataRole.FontRole:
            return self._theme.mono() if column == 0 else None
        if role == Qt.ItemDataRole.TextAlignmentRole and column == 4:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._theme.colour("muted") if column in (1, 4) else None
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or not index.isValid() or index.column() >= len(_FIELDS):
            return False
        text, column, code = str(value).strip(), index.column(), self._codes[index.row()]
        match column:
            case 0:
                after = replace(code, value=text)
            case 1:
                after = replace(code, system=text)
            case 2:
                after = replace(code, display=text)
            case _:
                found = next((usage for usage, word in _WORDS.items() if word.startswith(text.lower())), None)
                if found is None or not text:
                    return False
                after = replace(code, usage=found)
        if after == code or (column == 0 and not text):
            return False
        self.edited.emit((*self._codes[: index.row()], after, *self._codes[index.row() + 1 :]))
        return True

    def without(self, rows: Sequence[int]) -> tuple[Code, ...]:
        """The codes but for some rows."""
        gone = set(rows)
        return tuple(code for row, code in enumerate(self._codes) if row not in gone)
