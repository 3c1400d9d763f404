"""Results for people and for programs: aligned columns, one JSON array, one JSON object a line."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TextIO

import msgspec

_ALIGN_OVER = 500
_WIDEST = 60
_UNSHOWN = {number: f"\\x{number:02x}" for number in (*range(0x20), *range(0x7F, 0xA0))}
"""What a terminal would obey or break a line at: values come from outside."""


def print_rows(rows: Iterable[Mapping[str, object]], columns: Sequence[str], form: str) -> None:
    """Rows on standard output as `--format` says: `table`, `csv`, `json` or `ndjson`."""
    match form:
        case "csv":
            writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n", restval="")
            writer.writeheader()
            writer.writerows(rows)
        case "json":
            print_json(rows)
        case "ndjson":
            print_ndjson(rows)
        case _:
            print_table(rows, columns)


def print_ndjson(rows: Iterable[Mapping[str, object]], to: TextIO | None = None) -> int:
    """One JSON object a line, as they come; returns how many."""
    stream = to or sys.stdout
    count = 0
    for row in rows:
        stream.write(_json(row) + "\n")
        count += 1
    return count


def print_json(rows: Iterable[Mapping[str, object]], to: TextIO | None = None) -> int:
    """One JSON array; returns how many elements it has."""
    stream = to or sys.stdout
    count = 0
    stream.write("[")
    for row in rows:
        stream.write(("," if count else "") + "\n" + _json(row))
        count += 1
    stream.write("\n]\n")
    return count


def print_table(rows: Iterable[Mapping[str, object]], columns: Sequence[str], to: TextIO | None = None) -> int:
    """Aligned columns with a head line; returns how many rows it has.

    Widths are taken from the first rows, so that a million rows begin to show at once.
    """
    stream = to or sys.stdout
    remaining = iter(rows)
    first = list(islice(remaining, _ALIGN_OVER))
    widths = [min(_WIDEST, max([len(name), *(len(_cell(row, name)) for row in first)])) for name in columns]
    stream.write("  ".join(name.ljust(width) for name, width in zip(columns, widths, strict=True)).rstrip() + "\n")
    count = 0
    for group in (first, remaining):
        for row in group:
            cells = (_cell(row, name).ljust(width) for name, width in zip(columns, widths, strict=True))
            stream.write("  ".join(cells).rstrip() + "\n")
            count += 1
    return count


def _json(row: Mapping[str, object]) -> str:
    """One object; bytes that could not be read, which Python keeps as lone surrogates, are escaped as JSON allows."""
    try:
        return msgspec.json.encode(row).decode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(row, default=str)


def _cell(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).translate(_UNSHOWN)
