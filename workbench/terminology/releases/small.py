"""ICD-10-CM's order file, CVX, and plain lists of codes as CSV or Excel files."""

from __future__ import annotations

import io
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.terminology.releases.fhir_resources import resource_records
from workbench.terminology.releases.records import STEP, Record, beside, rows_of, text_of

_NO_WORKBOOK = (
    *(OSError, LookupError, ValueError, RuntimeError, EOFError, BadZipFile, InvalidFileException),
    *(ElementTree.ParseError, zlib.error),
)
"""What openpyxl raises for a file that is no workbook, or a broken one."""
_CVX_CODE = re.compile(r"[0-9]{1,3}")
_CODE_NAMES = ("code", "local_code", "source_code", "id", "cvx_code", "value")
_TEXT_NAMES = ("display", "name", "text", "local_text", "description", "term", "title", "meaning")
_SYNONYM_NAMES = ("synonyms", "synonym", "aliases", "short_name", "shortname")


def read_icd10cm(path: Path, ctx: JobContext) -> Iterator[Record]:
    """A record for each line: order 1–5, code 7–13, billable 15, short text 17–76, long text from 78.

    Inclusion terms are taken from the tabular XML of the same release, or from a list `code,term`, beside the file.
    """
    terms = _inclusion_terms(path)
    with text_of(path) as text:
        for number, line in enumerate(text):
            if number % STEP == 0:
                ctx.advance(number, label="reading ICD-10-CM")
            bare = line[6:13].strip()
            if not bare or not line[:5].strip().isdigit():
                continue
            code = bare if len(bare) <= 3 else f"{bare[:3]}.{bare[3:]}"
            short, long = line[16:76].strip(), line[77:].strip()
            own = dict.fromkeys(term for term in (short, *terms.get(bare, ())) if term and term != long)
            yield Record(code, long or short, synonyms=tuple(own), properties={"billable": line[14:15]})


def _inclusion_terms(path: Path) -> Mapping[str, list[str]]:
    terms: dict[str, list[str]] = defaultdict(list)
    listed = beside(path, "*inclusion_terms*.csv")
    tabular = beside(path, "icd10cm[-_]tabular*.xml")
    if listed is not None:
        with text_of(listed) as text:
            for row in rows_of(text, listed.name, ("code", "term")):
                terms[row["code"].replace(".", "")].append(row["term"])
    elif tabular is not None:
        for _, element in ElementTree.iterparse(tabular):
            if element.tag == "diag":
                code = (element.findtext("name") or "").replace(".", "")
                terms[code] += [note.text or "" for note in element.findall("inclusionTerm/note")]
    return terms


def read_cvx(path: Path, ctx: JobContext) -> Iterator[Record]:
    """A record for each line `code | short | full | notes | status | nonvaccine | …`."""
    with text_of(path) as text:
        for number, line in enumerate(text):
            fields = [field.strip() for field in line.rstrip("\r\n").split("|")]
            if len(fields) < 5 or not _CVX_CODE.fullmatch(fields[0]):  # the head line, or what is no CVX at all
                continue
            code, short, full, notes, status = fields[:5]
            properties = {"status": status, **({"note": notes} if notes else {})}
            # Inactive vaccines may still be reported as given long ago.
            yield Record(
                code.zfill(2),
                short or full,
                synonyms=tuple(text for text in (full, notes if len(notes) < 90 else "") if text and text != short),
                properties=properties,
                retired=status.casefold() in ("inactive", "never active"),
            )
            ctx.advance(number, label="reading CVX")


def read_list(path: Path, ctx: JobContext) -> Iterator[Record]:
    """A record for each row of a CSV or XLSX list, or code of a FHIR CodeSystem or ValueSet (`.json`).

    The first column of a known name counts: code; display, name or text; synonyms (divided by `;`); system; status;
    replaced_by. Others become properties.

    raises  Refused TERM-0035: no column with codes
    """
    if path.suffix.casefold() == ".json":
        yield from resource_records(path)
    else:
        yield from _records(table_rows(path, ctx), path.name)


def table_rows(path: Path, ctx: JobContext) -> Iterator[dict[str, str]]:
    """The rows of a CSV file (`,`, `;`, tab or `|`) or of the first sheet of a workbook; columns `like_this`.

    raises  Refused TERM-0032: a line is no CSV; TERM-0036: no workbook; else as `text_of`, and Cancelled
    """
    for number, row in enumerate(_sheet(path) if path.suffix.casefold() in (".xlsx", ".xlsm") else _lines(path)):
        if number % STEP == 0:
            ctx.advance(number, label=f"reading {path.name}")
        yield {column.strip().casefold().replace(" ", "_"): (value or "").strip() for column, value in row.items()}


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with text_of(path) as text:
        first = next((line for line in text.read(4_096).splitlines() if line.strip()), "")
        text.seek(0)
        yield from rows_of(text, path.name, (), max(",;\t|", key=first.count))


def _records(rows: Iterable[Mapping[str, str]], name: str) -> Iterator[Record]:
    for cells in rows:
        code = _first(cells, _CODE_NAMES)
        if code is None:
            raise Refused("TERM-0035", f"{name} has no column of codes.", "Name one column code, and one display.")
        if not code:
            continue
        known = {*_CODE_NAMES, *_TEXT_NAMES, *_SYNONYM_NAMES, "system", "status", "replaced_by"}
        yield Record(
            code,
            _first(cells, _TEXT_NAMES) or "",
            synonyms=tuple(part.strip() for part in (_first(cells, _SYNONYM_NAMES) or "").split(";") if part.strip()),
            properties={column: value for column, value in cells.items() if value and column not in known},
            retired=cells.get("status", "").casefold() in ("retired", "inactive", "deprecated", "obsolete"),
            replaced_by=tuple(cells.get("replaced_by", "").split()),
            system=cells.get("system", ""),
        )


def _first(cells: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((cells[name] for name in names if name in cells), None)


@contextmanager
def open_workbook(path: Path) -> Iterator[openpyxl.Workbook]:
    """A workbook opened for reading; its sheets are unpacked and read while their rows are.

    raises  Refused TERM-0030: no such file; TERM-0036: no workbook, or a damaged one, then or while it is read
    """
    try:
        book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True)
        try:
            yield book
        finally:
            book.close()
    except FileNotFoundError:
        raise Refused("TERM-0030", f"There is no file {path.name}.", "Check the name.") from None
    except _NO_WORKBOOK as error:
        text = f"{path.name} is no Excel workbook, or is damaged."
        raise Refused("TERM-0036", text, "Save it as .xlsx or .csv.") from error


def _sheet(path: Path) -> Iterator[dict[str, str]]:
    """The rows of the first sheet, read one at a time."""
    with open_workbook(path) as book:
        rows = book.worksheets[0].iter_rows(values_only=True)
        head = [_cell(value) for value in next(rows, ())]
        for row in rows:
            if any(value is not None for value in row):
                yield {name: _cell(value) for name, value in zip(head, row, strict=False) if name}


def _cell(value: Any) -> str:
    """Excel keeps the code 00123 as it was typed only in text cells; whole numbers lose their `.0`."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
