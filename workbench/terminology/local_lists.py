"""Local codes from a laboratory's own list: CSV or XLSX, columns by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.terminology.harvest import LocalCode
from workbench.terminology.releases.small import table_rows

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("local_code", "code", "id", "source_code", "sourcecode"),
    "code": ("source_code", "local_code", "code", "id", "sourcecode"),
    "text": ("local_text", "text", "display", "name", "description", "test_name", "source_display", "sourcename"),
    "system": ("local_system", "source_system", "codesystem"),
    "context": ("context", "panel", "category", "department", "table", "device"),
    "specimen": ("specimen", "sample", "fluid"),
    "units": ("units", "unit", "uom"),
    "values": ("values", "sample_values", "value", "example_values"),
    "ranges": ("ranges", "range", "reference_range", "reference_ranges"),
    "count": ("count", "frequency", "occurrences"),
    "target": ("target_system",),
}
"""What is wanted → the names a column may have, the best first."""


@dataclass(frozen=True, slots=True)
class NamedLocal:
    """A local code under the name by which its list tells rows apart."""

    name: str
    local: LocalCode
    target_system: str = ""


def read_local_codes(path: Path, ctx: JobContext) -> tuple[NamedLocal, ...]:
    """The rows of a list, in order.

    Values and units may be several, divided by `|`.

    raises  Refused TERM-0041: no column with codes or texts; else as `table_rows`, and Cancelled
    """
    return tuple(_named(cells, number) for number, cells in enumerate(_checked(table_rows(path, ctx), path.name)))


def _checked(rows: Iterable[Mapping[str, str]], name: str) -> Iterable[Mapping[str, str]]:
    for number, cells in enumerate(rows):
        if number == 0 and not any(column in cells for column in (*_COLUMNS["name"], *_COLUMNS["text"])):
            raise Refused(
                "TERM-0041",
                f"{name} has no column of local codes.",
                "Name the columns local_code, local_text, specimen, units.",
            )
        yield cells


def _named(cells: Mapping[str, str], number: int) -> NamedLocal:
    def cell(wanted: str) -> str:
        return next((cells[name] for name in _COLUMNS[wanted] if name in cells), "")

    count = cell("count")
    local = LocalCode(
        cell("code"),
        system=cell("system"),
        count=int(count) if count.isdigit() else 0,
        texts=_counted(cell("text"), divided=False),
        units=_counted(cell("units")),
        specimens=_counted(cell("specimen"), divided=False),
        values=_counted(cell("values")),
        context=cell("context"),
        ranges=_counted(cell("ranges")),
    )
    return NamedLocal(cell("name") or str(number + 1), local, cell("target"))


def _counted(text: str, divided: bool = True) -> tuple[tuple[str, int], ...]:
    parts = re.split(r"\s*\|\s*", text) if divided else [text]
    return tuple((part, 1) for part in parts if part)
