"""A gap report as a file for people: HTML in one file, or a spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from workbench.kernel.atomic_file import write_atomically
from workbench.validation.profiles.gap import Effect, Gap

COLUMNS = ("place", "name", "aspect", "first", "second", "effect")
_WIDTHS = (34, 36, 14, 40, 40, 12)
_STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:2rem;color:#1c2430}table{border-collapse:collapse}"
    "th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #d5dae1;vertical-align:top}"
    "th{position:sticky;top:0;background:#fff}.stricter{color:#9c2b1f}.looser{color:#1d6b3a}"
)


def gap_row(gap: Gap) -> dict[str, object]:
    """One gap as a flat mapping."""
    return {name: str(value) for name, value in zip(COLUMNS, gap, strict=True)}


def write_html(gaps: Sequence[Gap], first: str, second: str, target: Path) -> None:
    """Write the report as one HTML file. raises Unavailable: it cannot be written"""
    title = f"{escape(first)} → {escape(second)}"
    counts = ", ".join(f"{sum(gap.effect is effect for gap in gaps)} {effect}" for effect in Effect)
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = "".join(
        f'<tr class="{gap.effect}">' + "".join(f"<td>{escape(str(cell))}</td>" for cell in gap) + "</tr>\n"
        for gap in gaps
    )
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"</head><body><h1>{title}</h1><p>{len(gaps)} differences: {counts}. Stricter is what a sender who fits the "
        f"first profile must change for the second.</p>\n<table><thead><tr>{head}</tr></thead><tbody>\n{rows}"
        "</tbody></table></body></html>\n"
    )
    write_atomically(target, page.encode("utf-8"))


def write_xlsx(gaps: Sequence[Gap], first: str, second: str, target: Path) -> None:
    """Write the report as a spreadsheet. raises Unavailable: it cannot be written"""
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise LookupError("a new workbook has no sheet")
    sheet.title = "Gaps"
    sheet.append(("place", "name", "aspect", first, second, "effect"))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number, gap in enumerate(gaps, start=2):
        for column, value in enumerate(gap, start=1):
            cell = sheet.cell(row=number, column=column)
            cell.value = str(value)
            cell.data_type = "s"  # a code that begins with = is no formula
    for column, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    buffer = BytesIO()
    book.save(buffer)
    write_atomically(target, buffer.getvalue())
