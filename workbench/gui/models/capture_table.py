"""The message list: a million rows without reading them.

`data()` never reads a file. With an index rows come from its columns; before it is there they come in blocks: one that
is missing is asked for once, and the answer carries the generation it was asked in, so rows of a superseded capture or
filter are dropped (STYLE_STUDY 3.5).
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from workbench.app.operations.listing import MessageRow
from workbench.gui.marks import SEVERITY_MARKS
from workbench.gui.theme.theme import Theme
from workbench.kernel.issues import MASK, Severity
from workbench.v2.header import Header

if TYPE_CHECKING:  # who opens the window need not wait for pyarrow
    from workbench.app.operations.index import MessageIndex

Index = QModelIndex | QPersistentModelIndex

BLOCK_ROWS = 256
BLOCKS_KEPT = 64
LINES_KEPT = 4096
_MANY = 10_000
"""Rows above which looking for one of them is worth loading numpy."""
WAITING = "…"
HEADS = ("", "Time", "Type", "Control id", "Patient", "Sender", "Answer")
STATUS, TIME, TYPE, CONTROL_ID, PATIENT, SENDER, ANSWER = range(7)


class _Line(NamedTuple):
    """What one row says, in the order of the columns after the status."""

    time: str
    type: str
    control_id: str
    patient: str
    sender: str


class CaptureTableModel(QAbstractTableModel):
    """The messages of a capture, all of them or those a filter left."""

    asked = Signal(int, object)
    """Generation and the message numbers of a block that is wanted; answer with `accept`."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._count = 0
        self._filtered: array[int] | None = None
        self._index: MessageIndex | None = None
        self._seen: dict[int, _Line] = {}
        self._blocks: OrderedDict[int, list[MessageRow]] = OrderedDict()
        self._wanted: set[int] = set()
        self._pending: set[int] = set()
        self._status: Mapping[int, Severity | None] = {}
        self._answers: Mapping[int, str] = {}
        self._masked = False
        self.generation = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask)

    def use_index(self, index: MessageIndex | None) -> None:
        """Take the rows from the index of the capture from now on; None when it is not there yet."""
        self._index = index
        self._seen.clear()
        self._repaint()

    def reset(self, count: int, filtered: array[int] | None = None) -> None:
        """Show another capture, or other rows of it; everything asked before is dropped.

        filtered  message numbers in the order they are to be shown, None for all as they stand in the capture
        """
        self.beginResetModel()
        self.generation += 1
        self._count = len(filtered) if filtered is not None else count
        self._filtered = filtered
        self._blocks.clear()
        self._wanted.clear()
        self._pending.clear()
        self.endResetModel()

    def grow(self, count: int) -> None:
        """More messages were found; rows only ever come at the end."""
        if self._filtered is None and count > self._count:
            self.beginInsertRows(QModelIndex(), self._count, count - 1)
            self._count = count
            self.endInsertRows()

    def extend(self, numbers: Sequence[int]) -> None:
        """Show further messages after those that a filter has left so far."""
        if self._filtered is not None and numbers:
            self.beginInsertRows(QModelIndex(), self._count, self._count + len(numbers) - 1)
            self._filtered.extend(numbers)
            self._count = len(self._filtered)
            self.endInsertRows()

    def accept(self, generation: int, block: int, rows: Sequence[MessageRow]) -> None:
        """Take the rows that were asked for last of a block; those of another generation are dropped."""
        if generation != self.generation or block not in self._pending:
            return
        self._pending.discard(block)
        known = self._blocks.setdefault(block, [])
        first = block * BLOCK_ROWS + len(known)
        known.extend(rows)
        while len(self._blocks) > BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        last = min(first + len(rows), self._count) - 1
        if last >= first:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(HEADS) - 1))

    def set_status(self, status: Mapping[int, Severity | None]) -> None:
        """Say for each validated message how bad its worst problem is, None for no problem."""
        self._status = status
        self._repaint()

    def set_answers(self, answers: Mapping[int, str]) -> None:
        """Say how messages were acknowledged: MSA-1, or why there is no answer."""
        self._answers = answers
        self._repaint()

    def set_masked(self, masked: bool) -> None:
        self._masked = masked
        self._repaint()

    def number(self, row: int) -> int:
        """The message number of a row."""
        return self._filtered[row] if self._filtered is not None else row

    def row_of(self, number: int) -> int:
        """The row of a message, -1 when the filter left it out."""
        if self._filtered is None:
            return number if 0 <= number < self._count else -1
        if len(self._filtered) < _MANY:
            return self._filtered.index(number) if number in self._filtered else -1
        import numpy as np  # the first screen need not wait for it

        found = np.flatnonzero(np.frombuffer(self._filtered, dtype=np.uint32) == number)
        return int(found[0]) if len(found) else -1

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._count

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.AccessibleTextRole:
            return HEADS[section] or "Status"
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if index.column() == STATUS:
            return self._status_data(index.row(), role)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), index.column())
        if role == Qt.ItemDataRole.FontRole and index.column() == CONTROL_ID:
            return self._theme.mono()
        if role == Qt.ItemDataRole.ForegroundRole and index.column() in (TIME, SENDER):
            return self._theme.colour("muted")
        return None

    def _status_data(self, row: int, role: int) -> object:
        number = self.number(row)
        if number not in self._status:
            return "not validated" if role == Qt.ItemDataRole.AccessibleTextRole else None
        mark = SEVERITY_MARKS[self._status[number]]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._theme.icon(mark.icon, mark.role)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return mark.word
        return None

    def _text(self, row: int, column: int) -> str:
        if column == ANSWER:
            return self._answers.get(self.number(row), "")
        found = self._line(row)
        if found is None:
            return WAITING
        if column == PATIENT:
            return (MASK if found.patient else "") if self._masked else found.patient
        return found[column - 1]

    def _line(self, row: int) -> _Line | None:
        if self._index is None:
            read = self._row(row)
            return None if read is None else _of_row(read)
        number = self.number(row)
        if number not in self._seen:
            if len(self._seen) >= LINES_KEPT:
                self._seen.clear()
            self._seen[number] = _of_header(self._index.header(number))
        return self._seen[number]

    def _row(self, row: int) -> MessageRow | None:
        block, within = divmod(row, BLOCK_ROWS)
        rows = self._blocks.get(block, ())
        if within >= len(rows):
            if block not in self._pending:
                self._wanted.add(block)
                if not self._timer.isActive():
                    self._timer.start(0)
            return None
        self._blocks.move_to_end(block)
        return rows[within]

    def _ask(self) -> None:
        for block in sorted(self._wanted):
            self._pending.add(block)
            first = block * BLOCK_ROWS
            rows = range(first + len(self._blocks.get(block, ())), min(first + BLOCK_ROWS, self._count))
            self.asked.emit(self.generation, (block, [self.number(row) for row in rows]))
        self._wanted.clear()

    def _repaint(self) -> None:
        if self._count:
            self.dataChanged.emit(self.index(0, 0), self.index(self._count - 1, len(HEADS) - 1))


def _of_row(row: MessageRow) -> _Line:
    return _Line(readable_time(row.time), row.type, row.control_id, row.patient or row.patient_id, row.sender)


def _of_header(header: Header) -> _Line:
    patient = header.patient_name or header.patient_id
    return _Line(
        readable_time(header.time), header.message_type, header.control_id, patient, header.sending_application
    )


def readable_time(text: str) -> str:
    """A v2 time to the second as people read it, `2026-03-01 12:04:05`; anything else as it is written."""
    digits = text.split("+")[0].split("-")[0] if text[:8].isdigit() else ""
    if not digits:
        return text
    date = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
    clock = ":".join(part for part in (digits[8:10], digits[10:12], digits[12:14]) if part)
    return f"{date} {clock}".strip()
