"""A table of values: each column says how it reads one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from workbench.gui.marks import Mark
from workbench.gui.theme.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Row = Any
"""The rows of one model are all of one type, which its columns know; Qt hands them through untyped."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    text   what it says of a row
    mark   the state it shows beside the text, None for no mark
    key    what it sorts by, the text when None
    mono   true for paths, codes and raw values
    width  in em
    """

    title: str
    text: Callable[[Row], str]
    width: float = 8
    mark: Callable[[Row], Mark | None] | None = None
    key: Callable[[Row], Any] | None = None
    right: bool = False
    mono: bool = False
    muted: bool = False
    tip: Callable[[Row], str] | None = None


class RowsModel(QAbstractTableModel):
    """Rows that fit in memory, in the given order or sorted by a column."""

    def __init__(self, theme: Theme, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.columns = tuple(columns)
        self._given: Sequence[Row] = ()
        self._rows: Sequence[Row] = ()
        self._sorted: tuple[int, Qt.SortOrder] | None = None

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows, in the order people chose before."""
        self.beginResetModel()
        self._given = rows
        self._order()
        self.endResetModel()

    @property
    def rows(self) -> Sequence[Row]:
        """The rows as they stand on the screen."""
        return self._rows

    def row(self, index: Index) -> Row | None:
        return self._rows[index.row()] if index.isValid() else None

    def index_of(self, wanted: Callable[[Row], bool]) -> QModelIndex:
        """The first row for which `wanted` holds, invalid when there is none."""
        found = next((number for number, row in enumerate(self._rows) if wanted(row)), -1)
        return self.index(found, 0) if found >= 0 else QModelIndex()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        self._sorted = (column, order) if column >= 0 else None
        self._order()
        self.layoutChanged.emit()

    def _order(self) -> None:
        if self._sorted is None:
            self._rows = self._given
            return
        number, order = self._sorted
        column = self.columns[number]
        key = column.key or (lambda row: column.text(row).casefold())
        self._rows = sorted(self._given, key=key, reverse=order is Qt.SortOrder.DescendingOrder)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(self.columns[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        column, row = self.columns[index.column()], self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.FontRole:
            return self._theme.mono() if column.mono else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip(row) if column.tip else column.text(row)
        mark = column.mark(row) if column.mark else None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{mark.word} {column.text(row)}".strip() if mark else column.text(row)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._theme.icon(mark.icon, mark.role) if mark else None
        if role == Qt.ItemDataRole.ForegroundRole:
            if mark is not None and column.text(row) == mark.word:
                return self._theme.colour(mark.role)
            return self._theme.colour("muted") if column.muted else None
        return None


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
