"""Maps read from and written to files; the ending of the name says the form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from workbench import __version__
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.terminology.code_map import CodeMap, RowStatus, format_code_map, load_code_map
from workbench.terminology.codes import Concept
from workbench.terminology.concept_map import EXPORTED, from_concept_map, to_concept_map
from workbench.terminology.exchange.concept_map_r5 import from_concept_map_r5, is_r5, to_concept_map_r5
from workbench.terminology.exchange.fhir_codes import to_code_system, to_value_set
from workbench.terminology.exchange.sssom import read_sssom, write_sssom
from workbench.terminology.exchange.tables import read_usagi, rows_to_map, workbook_head, write_usagi, write_workbook
from workbench.terminology.releases.records import text_of
from workbench.terminology.releases.small import table_rows

TOOL = f"Clinical Mapping Workbench {__version__}"
ENDINGS = (".csv", ".xlsx", ".json", ".r5.json", ".sssom.tsv", ".usagi.csv", ".codesystem.json", ".valueset.json")
"""The last two are no maps: the local codes of one as a CodeSystem, its target codes as a ValueSet."""


def read_map(path: Path) -> tuple[CodeMap, tuple[Issue, ...]]:
    """The code map in a file, and what of it this product cannot hold.

    raises  Refused TERM-0001…TERM-0013, TERM-003x: what is wrong with the file, and where
    """
    name = path.name.casefold()
    if name.endswith(".json"):
        resource = _json(path)
        return from_concept_map_r5(resource) if is_r5(resource) else from_concept_map(resource)
    if name.endswith(".tsv"):
        with text_of(path) as text:
            return read_sssom(text.read(), path.stem)
    if name.endswith((".xlsx", ".xlsm")):
        return rows_to_map(table_rows(path, JobContext()), path.stem, workbook_head(path)), ()
    if _has_head(path):
        return load_code_map(path), ()
    rows = list(table_rows(path, JobContext()))
    if rows and "conceptid" in rows[0]:
        return read_usagi(rows, path.stem.removesuffix(".usagi"))
    return rows_to_map(rows, path.stem), ()


def write_map(code_map: CodeMap, path: Path, draft: bool = False) -> tuple[Issue, ...]:
    """Write a code map in the form that the ending of `path` names; returns what did not go along.

    draft  also rows that nobody approved, and rows that are flagged, in conflict, stale or out of scope

    raises  Refused TERM-0014: an ending nobody knows; TERM-0015: local codes that are not of one code system;
            Unavailable KRN-0002: the file cannot be written
    """
    statuses = frozenset(RowStatus) if draft else EXPORTED
    marked = 0 if draft else sum(bool(row.marks) and row.status in statuses for row in code_map.rows)
    if marked:
        code_map = replace(code_map, rows=tuple(row for row in code_map.rows if not row.marks))
    data, issues = _written(code_map, path, statuses)
    write_atomically(path, data)
    return (*_told("TERM-0214", "{count} rows that are flagged, in conflict or stale were left out.", marked), *issues)


def _written(code_map: CodeMap, path: Path, statuses: Iterable[RowStatus]) -> tuple[bytes, tuple[Issue, ...]]:
    name = path.name.casefold()
    wanted = frozenset(statuses)
    left = _left_out(code_map, wanted)
    if name.endswith((".codesystem.json", ".valueset.json")):
        side = _local_codes if name.endswith(".codesystem.json") else _target_codes
        return (json.dumps(side(_only(code_map, wanted)), ensure_ascii=False, indent=2) + "\n").encode(), left
    if name.endswith(".json"):
        convert = to_concept_map_r5 if name.endswith(".r5.json") else to_concept_map
        resource, issues = convert(code_map, wanted)
        return (json.dumps(resource, ensure_ascii=False, indent=2) + "\n").encode(), issues
    if name.endswith(".sssom.tsv"):
        return write_sssom(code_map, wanted, TOOL).encode(), left
    if name.endswith(".usagi.csv"):
        text, issues = write_usagi(code_map, wanted)
        return text.encode(), (*left, *issues)
    if name.endswith(".xlsx"):
        return write_workbook(code_map, wanted), left
    if name.endswith(".csv"):
        return format_code_map(_only(code_map, wanted)).encode(), left
    raise Refused(
        "TERM-0014", f"Nobody knows the form of {path.name}.", f"End the name in one of {', '.join(ENDINGS)}."
    )


def _local_codes(code_map: CodeMap) -> dict[str, object]:
    sources = {row.source.identity: row.source for row in code_map.rows}
    systems = {source.system for source in sources.values()}
    if len(systems) != 1 or not all(":" in system for system in systems):
        raise Refused(
            "TERM-0015",
            f"The local codes of {code_map.id} are not of one code system with a URI.",
            "Give the map a source system such as urn:oid:… before its codes are published.",
        )
    return to_code_system(systems.pop(), code_map.title, code_map.version, map(Concept, sources.values()))


def _target_codes(code_map: CodeMap) -> dict[str, object]:
    targets = {row.target.identity: row.target for row in code_map.rows if row.target is not None}
    return to_value_set("", code_map.title, targets.values())


def _only(code_map: CodeMap, wanted: frozenset[RowStatus]) -> CodeMap:
    return replace(code_map, rows=tuple(row for row in code_map.rows if row.status in wanted))


def _left_out(code_map: CodeMap, wanted: frozenset[RowStatus]) -> tuple[Issue, ...]:
    left = sum(row.status not in wanted for row in code_map.rows)
    return _told("TERM-0201", "{count} rows that nobody approved were left out.", left)


def _told(rule: str, text: str, count: int) -> tuple[Issue, ...]:
    if not count:
        return ()
    return (Issue(Severity.INFORMATION, IssueType.INFORMATIONAL, rule, Location(""), text, {"count": str(count)}),)


def _json(path: Path) -> dict[str, object]:
    with text_of(path) as text:
        try:
            resource = json.load(text)
        except ValueError as error:
            raise Refused("TERM-0010", f"{path.name} is no JSON ({error}).", "Choose a FHIR ConceptMap.") from None
    if not isinstance(resource, dict):
        raise Refused("TERM-0010", f"{path.name} holds no resource.", "Choose a FHIR ConceptMap.")
    return resource


def _has_head(path: Path) -> bool:
    """True for our own files: the first line is a `#` line."""
    with text_of(path) as text:
        return text.readline().startswith("#")
