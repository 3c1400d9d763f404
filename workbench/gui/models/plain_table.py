"""Columns for a table of the application, as it would be exported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.app.tables import Cell, Table
from workbench.gui.models.rows import Column

_WIDTHS = {"name": 14, "value": 10, "shape": 26, "display": 12, "field": 7, "type": 7}


def columns_of(table: Table) -> tuple[Column, ...]:
    """A column for each of the table's; numbers stand right and sort as numbers."""
    return tuple(
        Column(
            column.name.replace("_", " ").capitalize(),
            _text(place),
            _WIDTHS.get(column.name, max(6.5, len(column.name) * 0.62)),
            key=_key(place),
            right=_is_number(table, place),
            mono=column.name in ("field", "shape", "value"),
        )
        for place, column in enumerate(table.columns)
    )


def shown(cell: Cell) -> str:
    """A cell as people read it."""
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int | float) else cell


def _text(place: int) -> Callable[[Any], str]:
    return lambda row: shown(row[place])


def _key(place: int) -> Callable[[Any], tuple[bool, float, str]]:
    def key(row: Any) -> tuple[bool, float, str]:
        cell = row[place]
        is_number = isinstance(cell, int | float)
        return (is_number, float(cell) if is_number else 0.0, "" if is_number else str(cell or "").casefold())

    return key


def _is_number(table: Table, place: int) -> bool:
    return any(isinstance(row[place], int | float) for row in table.rows[:50])
