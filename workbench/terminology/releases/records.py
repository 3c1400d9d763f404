"""What every release reader gives, and the ways in which they all open files."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from workbench.kernel.errors import Refused, Unavailable

STEP = 2_000
"""Records between two reports of progress."""
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that a release says of a code. Several records may speak of the same code.

    text         a wording; of all records of a code the one with the lowest `rank` gives the display
    retired      None when this record does not say
    replaced_by  codes that the release names instead
    """

    code: str
    text: str = ""
    rank: int = 0
    synonyms: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    retired: bool | None = None
    replaced_by: tuple[str, ...] = ()
    system: str = ""


@contextmanager
def text_of(path: Path) -> Iterator[TextIO]:
    """The lines of a file in the encoding its first bytes show: UTF-16 or UTF-8 with a mark, UTF-8, else Windows-1252.

    raises  Refused TERM-0030: no such file; Unavailable TERM-0091: it cannot be read
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(65_536)
            if head.startswith((b"\xff\xfe", b"\xfe\xff")):
                encoding = "utf-16"
            else:
                encoding = "utf-8-sig" if _is_utf8(path) else "cp1252"
        with path.open(encoding=encoding, errors="replace", newline="") as text:
            yield text
    except FileNotFoundError:
        raise Refused("TERM-0030", f"There is no file {path.name}.", "Check the name.") from None
    except OSError as error:
        raise Unavailable(
            "TERM-0091", f"{path.name} could not be read ({error.strerror}).", "Check permissions."
        ) from error


def _is_utf8(path: Path) -> bool:
    """One pass over the file in pieces; a piece may end within a character, so the decoder keeps its state."""
    try:
        with path.open(encoding="utf-8", newline="") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def rows_of(text: TextIO, name: str, needed: tuple[str, ...], delimiter: str = ",") -> Iterator[dict[str, str]]:
    """The rows of a table by the names of its head, whatever their case.

    raises  Refused TERM-0031: a needed column is missing; TERM-0032: a line is no CSV
    """
    unquoted = delimiter == "\t"  # RF2 knows no quotes
    reader = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE if unquoted else csv.QUOTE_MINIMAL)
    try:
        head = [column.strip() for column in next(reader, [])]
        missing = [column for column in needed if column.casefold() not in {known.casefold() for known in head}]
        if missing:
            raise Refused(
                "TERM-0031",
                f"{name} has no column {missing[0]}.",
                f"The first line names the columns: {', '.join(needed)}.",
            )
        spelled = {column.casefold(): column for column in needed}
        head = [spelled.get(column.casefold(), column) for column in head]
        for row in reader:
            if row:
                yield dict(zip(head, row, strict=False))
    except csv.Error as error:
        raise Refused(
            "TERM-0032", f"{name}, line {reader.line_num}: the line is no CSV ({error}).", "Correct the file."
        ) from None


def beside(path: Path, *patterns: str) -> Path | None:
    """The first file that fits one of the patterns, in the folder of `path` or the folders beside it."""
    for pattern in patterns:
        for folder in (path.parent, path.parent.parent):
            found = sorted(folder.glob(pattern))
            if found:
                return found[0]
    return None
