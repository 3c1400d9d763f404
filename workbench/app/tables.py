"""Tables for people's other programs: CSV and XLSX, with patient values hidden unless asked for.

A cell that a spreadsheet would take for a formula (CWE-1236) gets an apostrophe in front, which spreadsheets show as
plain text; numbers are numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from workbench.kernel.atomic_file import atomic_stream
from workbench.kernel.errors import Refused
from workbench.security.redaction import mask

Cell: TypeAlias = str | int | float | None

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_LONGEST_CELL = 32_767
_MOST_ROWS = 1_048_576
_SHEET_NAME = 31


@dataclass(frozen=True, slots=True)
class Column:
    """identifying: its cells may say who somebody is, unless the row says otherwise."""

    name: str
    identifying: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; `open_rows` are the numbers of rows whose identifying cells hold mere codes."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    open_rows: frozenset[int] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def masked(self) -> Table:
        """The table with identifying cells hidden."""
        hidden = [column.identifying for column in self.columns]
        return replace(
            self,
            rows=tuple(
                row if number in self.open_rows else tuple(
                    mask(str(cell)) if is_hidden and cell is not None else cell
                    for cell, is_hidden in zip(row, hidden, strict=True)
                )
                for number, row in enumerate(self.rows)
            ),
        )  # fmt: skip

    def records(self) -> Iterator[dict[str, Cell]]:
        """The rows by column name."""
        return (dict(zip(self.names, row, strict=True)) for row in self.rows)


def write_tables(path: Path, tables: Sequence[Table], show_values: bool = False) -> None:
    """Write `.csv` (one table, UTF-8) or `.xlsx` (a sheet for each table), whole or not at all.

    raises  Refused APP-0008: another ending, or several tables for one CSV file, or more rows than a sheet holds
            Unavailable KRN-0002: the folder cannot be written
    """
    shown = [table if show_values else table.masked() for table in tables]
    kind = path.suffix.lower()
    if kind == ".csv" and len(shown) == 1:
        data = _csv(shown[0])
    elif kind == ".xlsx" and all(len(table.rows) < _MOST_ROWS for table in shown):
        data = _xlsx(shown)
    else:
        raise Refused(
            "APP-0008",
            f"{path.name} cannot hold {len(shown)} tables of this size.",
            "Take a name that ends in .csv for one table or .xlsx for several; a sheet holds a million rows.",
        )
    with atomic_stream(path) as stream:
        stream.write(data)


def harmless(cell: Cell) -> Cell:
    """The cell as no spreadsheet takes it for a formula: text that begins like one gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_STARTS) else cell


def _csv(table: Table) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table.names)
    writer.writerows([harmless(cell) for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8", "replace")


def _xlsx(tables: Iterable[Table]) -> bytes:
    from openpyxl import Workbook  # loading it takes a while, and most tables are only looked at
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    for table in tables:
        sheet = book.create_sheet(table.title[:_SHEET_NAME])
        sheet.append(list(table.names))
        for row in table.rows:
            cells = (harmless(cell) for cell in row)
            sheet.append(
                [
                    ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", cell)[:_LONGEST_CELL]
                    if isinstance(cell, str)
                    else cell
                    for cell in cells
                ]
            )
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
