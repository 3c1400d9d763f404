"""Code maps as plain tables: CSV without a head, Excel workbooks, and Usagi's files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import openpyxl

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.terminology.code_map import (
    COLUMNS,
    CodeMap,
    CodeMapRow,
    Mark,
    Relationship,
    RowStatus,
    cells_of,
    map_problem,
)
from workbench.terminology.codes import Coding
from workbench.terminology.releases.small import open_workbook

OMOP = "https://fhir-terminology.ohdsi.org"
_IMPORTED = "The imported map gives no reason."
_Word = TypeVar("_Word", Relationship, RowStatus, Mark)

USAGI_COLUMNS = (
    "sourceCode", "sourceName", "sourceFrequency", "sourceAutoAssignedConceptIds", "ADD_INFO:target_system",
    "ADD_INFO:target_code", "ADD_INFO:sender", "matchScore", "mappingStatus", "equivalence", "statusSetBy",
    "statusSetOn",
    "conceptId", "conceptName", "domainId", "mappingType", "comment", "createdBy", "createdOn", "assignedReviewer",
)  # fmt: skip
_USAGI_EQUIVALENCE = {
    Relationship.EQUIVALENT: "EQUIVALENT", Relationship.SOURCE_IS_NARROWER: "WIDER",
    Relationship.SOURCE_IS_BROADER: "NARROWER", Relationship.RELATED: "INEXACT", Relationship.NOT_RELATED: "UNMATCHED",
}  # fmt: skip
_FROM_USAGI = {
    **{word: relationship for relationship, word in _USAGI_EQUIVALENCE.items()},
    "EQUAL": Relationship.EQUIVALENT,
}
_USAGI_STATUS = {
    RowStatus.APPROVED: "APPROVED", RowStatus.NO_MAP: "IGNORED", RowStatus.REJECTED: "FLAGGED",
    RowStatus.SUGGESTED: "AUTO_MAPPED",
}  # fmt: skip


def rows_to_map(rows: Iterable[Mapping[str, str]], name: str, head: Mapping[str, str] | None = None) -> CodeMap:
    """A code map from cells by column name; columns as in a code map file, all but the codes optional.

    raises  Refused TERM-0003: no column with codes; TERM-0004: a defective row
    """
    known = head or {}
    built = []
    for number, cells in enumerate(rows):
        if number == 0 and not {"source_code", "target_code"} <= cells.keys():
            raise Refused(
                "TERM-0003", f"{name} has no columns source_code and target_code.", "Name them in the first line."
            )
        built.append(_row(cells, known, f"{name}, row {number + 2}"))
    code_map = CodeMap(
        known.get("id") or name,
        title=known.get("title", ""),
        source_system=known.get("source_system", "") or _common(row.source.system for row in built),
        target_system=known.get("target_system", "") or _common(row.target.system for row in built if row.target),
        rows=tuple(built),
        citation=known.get("citation", ""),
        url=known.get("url", ""),
        version=known.get("version", ""),
    )
    problem = map_problem(code_map)
    if problem:
        place = "the head" if problem[0] is None else f"row {problem[0] + 2}"
        raise Refused("TERM-0004", f"{name}, {place}: {problem[1]}", "Correct the table.")
    return code_map


def _common(systems: Iterable[str]) -> str:
    found = set(systems)
    return found.pop() if len(found) == 1 else ""


def _row(cells: Mapping[str, str], head: Mapping[str, str], place: str) -> CodeMapRow:
    code = cells.get("target_code", "")
    system = cells.get("target_system", "") or head.get("target_system", "")
    target = Coding(system, code, cells.get("target_display", "")) if code else None
    status = _word(RowStatus, cells.get("status") or (RowStatus.MAPPED if target else RowStatus.UNMAPPED), place)
    return CodeMapRow(
        Coding(
            cells.get("source_system", "") or head.get("source_system", ""),
            cells["source_code"],
            cells.get("source_display", ""),
        ),
        target,
        _word(Relationship, cells.get("relationship") or Relationship.EQUIVALENT, place),
        status,
        cells.get("author", ""),
        cells.get("approver", ""),
        cells.get("comment", "") or (_IMPORTED if status is RowStatus.NO_MAP else ""),
        cells.get("sender", ""),
        marks=frozenset(_word(Mark, word, place) for word in cells.get("marks", "").split()),
        decided=cells.get("decided", ""),
    )


def _word(vocabulary: type[_Word], text: str, place: str) -> _Word:
    try:
        return vocabulary(text)
    except ValueError:
        raise Refused(
            "TERM-0004", f"{place}: {text!r} is none of {', '.join(vocabulary)}.", "Correct the table."
        ) from None


def map_to_rows(code_map: CodeMap, statuses: Iterable[RowStatus]) -> list[dict[str, str]]:
    """The rows of a map as cells by column name."""
    wanted = set(statuses)
    return [cells_of(row) for row in code_map.rows if row.status in wanted]


_HEAD = ("id", "title", "url", "version", "source_system", "target_system", "citation")


def write_workbook(code_map: CodeMap, statuses: Iterable[RowStatus]) -> bytes:
    """An XLSX workbook: rows on the first sheet, the head on the second. Every cell is text, so codes keep zeros."""
    book = openpyxl.Workbook()
    del book["Sheet"]
    sheet = book.create_sheet("map")
    sheet.append(COLUMNS)
    for cells in map_to_rows(code_map, statuses):
        sheet.append([cells[column] for column in COLUMNS])
    for row in sheet.iter_rows():
        for cell in row:
            cell.number_format = "@"
            cell.data_type = "s" if cell.value is not None else cell.data_type
    about = book.create_sheet("about")
    for key in _HEAD:
        about.append([key, str(getattr(code_map, key))])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def workbook_head(path: Path) -> dict[str, str]:
    """What the second sheet of our workbooks says; {} for any other workbook.

    raises  Refused TERM-0030, TERM-0036, as `open_workbook`
    """
    with open_workbook(path) as book:
        if "about" not in book.sheetnames:
            return {}
        pairs = [tuple(row[:2]) for row in book["about"].iter_rows(values_only=True) if row and row[0]]
        return {str(key): str(value or "") for key, value in pairs}


def write_usagi(code_map: CodeMap, statuses: Iterable[RowStatus]) -> tuple[str, tuple[Issue, ...]]:
    """Usagi's CSV. It knows OMOP concepts only, so other targets go along as additional information with concept 0."""
    wanted = set(statuses)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, USAGI_COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    foreign = 0
    for row in code_map.rows:
        if row.status not in wanted:
            continue
        target = row.target or Coding("", "")
        omop = target.system == OMOP
        foreign += bool(target.code) and not omop
        writer.writerow(
            {
                "sourceCode": row.source.code,
                "sourceName": row.source.display,
                "ADD_INFO:target_system": target.system,
                "ADD_INFO:target_code": target.code,
                "ADD_INFO:sender": row.sender,
                "mappingStatus": _USAGI_STATUS.get(row.status, "UNCHECKED"),
                "equivalence": _USAGI_EQUIVALENCE[row.relationship] if row.target else "UNMATCHED",
                "statusSetBy": row.approver,
                "statusSetOn": _milliseconds(row.decided),
                "conceptId": target.code if omop else "0",
                "conceptName": target.display,
                "mappingType": "MAPS_TO",
                "comment": row.comment,
                "createdBy": row.author,
            }
        )
    issues = [_direction_issue()]
    if foreign:
        issues.append(
            _issue(
                "TERM-0211", "{count} targets are no OMOP concepts; Usagi shows them as concept 0.", count=str(foreign)
            )
        )
    return stream.getvalue(), tuple(issues)


def read_usagi(rows: Sequence[Mapping[str, str]], name: str) -> tuple[CodeMap, tuple[Issue, ...]]:
    """A code map from Usagi's rows. "Approved" there names one person, here two, so such rows arrive as in review.

    raises  Refused TERM-0004: a defective row
    """
    built = [_from_usagi(cells) for cells in rows]
    unmapped = {row["source_code"] for row in built if not row["target_code"]}
    code_map = rows_to_map(built, name)
    issues = [_direction_issue()]
    if unmapped:
        issues.append(_issue("TERM-0212", "{count} rows have no target.", count=str(len(unmapped))))
    return code_map, tuple(issues)


def _from_usagi(cells: Mapping[str, str]) -> dict[str, str]:
    concept = cells.get("conceptid", "0")
    code = cells.get("add_info:target_code", "") or (concept if concept not in ("", "0") else "")
    system = cells.get("add_info:target_system", "") or (OMOP if code else "")
    said = cells.get("mappingstatus", "UNCHECKED").upper()
    reviewed = cells.get("statussetby", "")
    author = cells.get("createdby", "")
    approved = said == "APPROVED" and code and reviewed and reviewed != author
    status = {
        "APPROVED": RowStatus.APPROVED if approved else RowStatus.IN_REVIEW,
        "AUTO_MAPPED": RowStatus.SUGGESTED,
        "FLAGGED": RowStatus.REJECTED,
        "IGNORED": RowStatus.NO_MAP,
    }.get(said, RowStatus.MAPPED if code else RowStatus.UNMAPPED)
    if not code and status not in (RowStatus.NO_MAP, RowStatus.UNMAPPED, RowStatus.REJECTED):
        status = RowStatus.UNMAPPED
    relationship = _FROM_USAGI.get(cells.get("equivalence", ""), Relationship.EQUIVALENT)
    comment = cells.get("comment", "")
    if relationship in (Relationship.SOURCE_IS_BROADER, Relationship.NOT_RELATED) and not comment:
        comment = _IMPORTED
    return {
        "source_code": cells.get("sourcecode", ""),
        "source_display": cells.get("sourcename", ""),
        "target_system": system if status is not RowStatus.NO_MAP else "",
        "target_code": code if status is not RowStatus.NO_MAP else "",
        "target_display": cells.get("conceptname", "") if code else "",
        "relationship": relationship.value if code else Relationship.EQUIVALENT.value,
        "status": status.value,
        "author": author,
        "approver": reviewed if approved else "",
        "comment": comment,
        "sender": cells.get("add_info:sender", ""),
        "decided": _date(cells.get("statusseton", "")),
    }


def _milliseconds(date: str) -> str:
    """Usagi counts milliseconds since 1970."""
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return ""
    return str(round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000))


def _date(milliseconds: str) -> str:
    if not milliseconds.isdigit() or milliseconds == "0" or len(milliseconds) > 14:
        return ""
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).date().isoformat()


def _direction_issue() -> Issue:
    return _issue(
        "TERM-0210", "Usagi's documentation uses WIDER and NARROWER both ways; look at the direction of such rows."
    )


def _issue(rule: str, template: str, **args: str) -> Issue:
    values: Any = args
    return Issue(Severity.WARNING, IssueType.INFORMATIONAL, rule, Location(""), template, values)
