"""The bytes of a message in rows of sixteen; a row is made when it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from workbench.gui.theme.theme import Theme
from workbench.kernel.location import Span

Index = QModelIndex | QPersistentModelIndex

ROW_BYTES = 16
TEXT = ROW_BYTES
WINDOW_BYTES = 1 << 20
"""Rows beyond this are reached by moving the window: Qt keeps some bytes for every row of a table."""


class Bytes(Protocol):
    """Bytes, or a range of a mapped file."""

    def __len__(self) -> int: ...

    def __getitem__(self, where: slice, /) -> bytes: ...


class HexModel(QAbstractTableModel):
    """A window of `WINDOW_BYTES` into the bytes: sixteen columns of one byte, and their characters."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._data: Bytes = b""
        self._spans: tuple[Span, ...] = ()
        self.base = 0

    def show(self, data: Bytes) -> None:
        self._move(data, 0)

    def move_to(self, byte: int) -> bool:
        """Put the window where a byte is; False when it is there already."""
        base = byte - byte % WINDOW_BYTES
        if base == self.base or not 0 <= byte < len(self._data):
            return False
        self._move(self._data, base)
        return True

    def _move(self, data: Bytes, base: int) -> None:
        self.beginResetModel()
        self._data, self.base, self._spans = data, base, ()
        self.endResetModel()

    @property
    def size(self) -> int:
        return len(self._data)

    def point_out(self, spans: Sequence[Span]) -> None:
        self._spans = tuple(spans)
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, TEXT))

    def byte_of(self, index: Index) -> int:
        """The byte of a cell, the first of its row for the characters; -1 for none."""
        if not index.isValid():
            return -1
        column = index.column() if index.column() < TEXT else 0
        return min(self.base + index.row() * ROW_BYTES + column, max(len(self._data) - 1, 0))

    def index_at(self, byte: int) -> QModelIndex:
        """The cell of a byte; invalid when it is outside the window."""
        row, column = divmod(byte - self.base, ROW_BYTES)
        return self.index(row, column) if 0 <= row < self.rowCount() else QModelIndex()

    def rowCount(self, parent: Index | None = None) -> int:
        if parent is not None and parent.isValid():
            return 0
        return -(-min(len(self._data) - self.base, WINDOW_BYTES) // ROW_BYTES)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else ROW_BYTES + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.FontRole:
            return self._theme.mono()
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation is Qt.Orientation.Vertical:
            return f"{self.base + section * ROW_BYTES:08x}"
        return "Text" if section == TEXT else f"{section:x}"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        start = self.base + index.row() * ROW_BYTES
        if index.column() == TEXT:
            return self._row_data(start, role)
        at = start + index.column()
        if at >= len(self._data):
            return None
        byte = self._data[at : at + 1][0]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return f"{byte:02x}"
            case Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.ToolTipRole:
                return f"byte {at:,}: {byte:02x} {_characters(bytes([byte]))}"
            case Qt.ItemDataRole.BackgroundRole:
                return self._theme.colour("span.current") if self._is_pointed_out(at) else None
            case Qt.ItemDataRole.ForegroundRole:
                return self._theme.colour("muted") if byte < 0x20 else None
            case Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignCenter
        return None

    def _row_data(self, start: int, role: int) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _characters(self._data[start : start + ROW_BYTES])
        return None

    def _is_pointed_out(self, at: int) -> bool:
        return any(span.start <= at < span.end for span in self._spans)


class HexView(QTableView):
    """Bytes that can be pointed at and pointed out; Ctrl+Page Up and Down move by the window of a giant message."""

    byte_chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._model = HexModel(theme, self)
        self.setModel(self._model)
        self.setAccessibleName("Bytes of the message")
        self.setFont(theme.mono())
        self.setStyleSheet("QTableView::item { padding: 0; }")  # the room between bytes is that of their columns
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        width = QFontMetricsF(theme.mono()).horizontalAdvance("0")
        heads, rows = self.horizontalHeader(), self.verticalHeader()
        heads.setMinimumSectionSize(round(width * 2.4))
        heads.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        heads.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        heads.setHighlightSections(False)
        for column in range(ROW_BYTES):
            self.setColumnWidth(column, round(width * (2.7 if column != ROW_BYTES // 2 - 1 else 3.7)))
        heads.setStretchLastSection(True)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(round(theme.em * 1.3))
        rows.setHighlightSections(False)
        self._following = False
        self.selectionModel().currentChanged.connect(self._say)

    def show_bytes(self, data: Bytes) -> None:
        """Show other bytes from their beginning."""
        self._following = True
        self._model.show(data)
        self._following = False

    def point_out(self, spans: Sequence[Span], *, scroll: bool = True) -> None:
        """Highlight bytes and go to the first of them."""
        self._following = True
        if scroll and spans:
            self._model.move_to(spans[0].start)
            index = self._model.index_at(spans[0].start)
            self.setCurrentIndex(index)
            self.scrollTo(index)
        self._model.point_out(spans)
        self._following = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_PageDown: WINDOW_BYTES, Qt.Key.Key_PageUp: -WINDOW_BYTES}
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.key() in steps:
            if self._model.move_to(self._model.base + steps[Qt.Key(event.key())]):
                self.setCurrentIndex(self._model.index(0, 0))
            return
        super().keyPressEvent(event)

    def _say(self, current: QModelIndex, _previous: QModelIndex) -> None:
        byte = self._model.byte_of(current)
        if byte >= 0 and not self._following:
            self.byte_chosen.emit(byte)


def _characters(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data)
