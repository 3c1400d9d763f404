"""Findings as rows of a table whose order is worked out beside the window where they are a million."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from PySide6.QtCore import QObject, Qt

from workbench.app.operations.column_order import order_of_column, rows_by
from workbench.gui.bench import Bench
from workbench.gui.findings import Finding
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.shell.grouping import FEW, Check, worked_out

_AT_ONCE = 8_192


class FindingRows(RowsModel):
    """Shows the rows in the order they have until the one that was asked for is worked out."""

    def __init__(self, bench: Bench, columns: Sequence[Column], purpose: str, parent: QObject) -> None:
        """purpose  tells tables apart, so that the order of one is not given up for that of another"""
        super().__init__(bench.theme, columns, parent)
        self._bench = bench
        self._purpose = purpose
        self._shown: Sequence[Finding] = ()

    def _order(self) -> None:
        self._bench.jobs.drop(self._purpose)
        if self._sorted is None or len(self._given) <= FEW:
            super()._order()
            return
        if self._shown is not self._given:
            self._rows = self._shown = self._given
        number, order = self._sorted
        column, descending = self.columns[number], order is Qt.SortOrder.DescendingOrder

        def work(findings: Sequence[Finding], check: Check) -> list[Finding]:
            return ordered(findings, column, descending, check)

        given = self._given
        worked_out(self._bench, self._purpose, given, work, lambda rows: self._take(given, rows))

    def _take(self, given: Sequence[Finding], rows: list[Finding]) -> None:
        if given is not self._given:
            return
        self.layoutAboutToBeChanged.emit()
        self._rows = rows
        self.layoutChanged.emit()


def ordered(findings: Sequence[Finding], column: Column, descending: bool, check: Check) -> list[Finding]:
    """The findings in the order of a column, equal ones in their given order.

    Texts and numbers are sorted outside the interpreter, so that the window goes on while a million of them are.
    """
    key: Callable[[Any], Any] = column.key or (lambda row: column.text(row).casefold())
    chunks = [[key(row) for row in part] for part in _parts(findings, check)]
    if not chunks:
        return []
    first = chunks[0][0]
    if isinstance(first, str):
        order = order_of_column(pa.chunked_array(list(map(_texts, chunks))), descending)
    elif isinstance(first, int):
        order = rows_by(np.concatenate([np.array(chunk, dtype=np.int64) for chunk in chunks]), descending)
    else:
        values = sorted({value for chunk in chunks for value in chunk})
        rank = {value: number for number, value in enumerate(values)}
        order = rows_by(np.array([rank[value] for chunk in chunks for value in chunk], dtype=np.int64), descending)
    return [findings[int(row)] for part in _parts(order, check) for row in part]


def _texts(chunk: Sequence[str]) -> pa.Array:
    """A lone surrogate, which stands for a byte that is no text, is no UTF-8 and sorts by its escape."""
    return pa.array([text.encode("utf-8", "backslashreplace") for text in chunk], pa.binary()).cast(pa.string())


def _parts(rows: Sequence[Any] | np.ndarray[Any, Any], check: Check) -> Iterator[Any]:
    for start in range(0, len(rows), _AT_ONCE):
        check()
        yield rows[start : start + _AT_ONCE]
