"""Code maps as SSSOM, the Simple Standard for Sharing Ontological Mappings (https://w3id.org/sssom/spec, TSV form).

Predicates say what the target is: `skos:broadMatch` means that the target is broader, which is
`source-is-narrower-than-target` here. What SSSOM has no slot for goes into `other` as `status=…|sender=…`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.terminology.code_map import CodeMap, CodeMapRow, Relationship, RowStatus, written_marks
from workbench.terminology.codes import Coding
from workbench.terminology.exchange.tables import rows_to_map

_PREDICATES = {
    Relationship.EQUIVALENT: "skos:exactMatch", Relationship.SOURCE_IS_NARROWER: "skos:broadMatch",
    Relationship.SOURCE_IS_BROADER: "skos:narrowMatch", Relationship.RELATED: "skos:relatedMatch",
    Relationship.NOT_RELATED: "skos:exactMatch",
}  # fmt: skip
_RELATIONSHIPS = {
    "skos:exactMatch": Relationship.EQUIVALENT, "skos:broadMatch": Relationship.SOURCE_IS_NARROWER,
    "skos:narrowMatch": Relationship.SOURCE_IS_BROADER, "skos:relatedMatch": Relationship.RELATED,
    "skos:closeMatch": Relationship.RELATED, "owl:equivalentClass": Relationship.EQUIVALENT,
    "rdfs:subClassOf": Relationship.SOURCE_IS_NARROWER,
}  # fmt: skip
_NO_TERM = "sssom:NoTermFound"
_NOT = "Not"
_COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "predicate_modifier", "object_id", "object_label",
    "mapping_justification", "author_label", "reviewer_label", "mapping_date", "mapping_tool", "comment", "other",
)  # fmt: skip
_MANUAL, _LEXICAL = "semapv:ManualMappingCuration", "semapv:LexicalMatching"
_NO_SYSTEM = "local"
_IMPORTED = "The imported map gives no reason."


def write_sssom(code_map: CodeMap, statuses: Iterable[RowStatus], tool: str) -> str:
    """The TSV of the rows that have one of `statuses`; `tool` is the name and version of what wrote it."""
    wanted = set(statuses)
    rows = [row for row in code_map.rows if row.status in wanted]
    prefixes = _prefixes(rows)
    stream = io.StringIO()
    for line in _head(code_map, prefixes, tool):
        stream.write(f"#{line}\n")
    writer = csv.DictWriter(stream, _COLUMNS, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(_cells(row, prefixes) for row in rows)
    return stream.getvalue()


def _prefixes(rows: Iterable[CodeMapRow]) -> dict[str, str]:
    """System → prefix, `S1`, `S2`… in the order of their first use."""
    systems = dict.fromkeys(
        system for row in rows for system in (row.source.system, row.target.system if row.target else "")
    )
    return {system: f"S{number}" if system else _NO_SYSTEM for number, system in enumerate(systems, start=1)}


def _head(code_map: CodeMap, prefixes: Mapping[str, str], tool: str) -> list[str]:
    head = {
        "mapping_set_id": code_map.url or f"urn:code-map:{quote(code_map.id)}",
        "mapping_set_title": code_map.title,
        "mapping_set_version": code_map.version,
        "license": "https://w3id.org/sssom/license/unspecified",
        "mapping_tool": tool,
        "other": "|".join(
            f"{key}={quote(value)}"
            for key, value in (
                ("id", code_map.id),
                ("source_system", code_map.source_system),
                ("target_system", code_map.target_system),
                ("citation", code_map.citation),
            )
            if value
        ),
    }
    lines = ["curie_map:"]
    lines += [f'  {prefix}: "{system or "urn:local:"}"' for system, prefix in prefixes.items()]
    return [*lines, *(f'{key}: "{_escaped(value)}"' for key, value in head.items() if value)]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _cells(row: CodeMapRow, prefixes: Mapping[str, str]) -> dict[str, str]:
    target = row.target
    other = {"status": row.status.value, "sender": row.sender, "marks": written_marks(row.marks)}
    return {
        "subject_id": f"{prefixes[row.source.system]}:{quote(row.source.code)}",
        "subject_label": _one_line(row.source.display),
        "predicate_id": _PREDICATES[row.relationship] if target else "skos:exactMatch",
        "predicate_modifier": _NOT if row.relationship is Relationship.NOT_RELATED and target else "",
        "object_id": f"{prefixes[target.system]}:{quote(target.code)}" if target else _NO_TERM,
        "object_label": _one_line(target.display) if target else "",
        "mapping_justification": _LEXICAL if row.status is RowStatus.SUGGESTED else _MANUAL,
        "author_label": row.author,
        "reviewer_label": row.approver,
        "mapping_date": row.decided[:10],
        "comment": _one_line(row.comment),
        "other": "|".join(f"{key}={quote(value)}" for key, value in other.items() if value),
    }


def _one_line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _lines(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)


def read_sssom(text: str, name: str) -> tuple[CodeMap, tuple[Issue, ...]]:
    """The code map of an SSSOM table, and what of it this product cannot hold.

    A row without our own status is in review when somebody reviewed it, else mapped.

    raises  Refused TERM-0013: the head is no YAML, or a needed column is missing; TERM-0004: a defective row
    """
    lines = text.splitlines()
    head = _read_head([line[1:] for line in lines if line.startswith("#")], name)
    own = dict(part.split("=", 1) for part in str(head.get("other", "")).split("|") if "=" in part)
    named = head.get("curie_map") or {}
    if not isinstance(named, dict):
        raise Refused("TERM-0013", f"The curie_map of {name} is no list of prefixes.", "Write prefix: URI, one a line.")
    curies = {str(prefix): str(uri) for prefix, uri in named.items()}
    body = [line for line in lines if line and not line.startswith("#")]
    table = csv.DictReader(body, delimiter="\t", quoting=csv.QUOTE_MINIMAL)
    for needed in ("subject_id", "predicate_id", "object_id"):
        if needed not in (table.fieldnames or ()):
            raise Refused("TERM-0013", f"{name} has no column {needed}.", "Choose an SSSOM file in TSV form.")
    unknown: dict[str, int] = {}
    rows = [_row(cells, curies, unknown) for cells in table]
    set_id = str(head.get("mapping_set_id", ""))
    about: dict[str, str] = {
        "id": unquote(own.get("id", "")) or name,
        "title": str(head.get("mapping_set_title", "")),
        "version": str(head.get("mapping_set_version", "")),
        "url": "" if set_id.startswith("urn:code-map:") else set_id,
    }
    about |= {key: unquote(own[key]) for key in ("source_system", "target_system", "citation") if key in own}
    issues = tuple(
        Issue(
            Severity.WARNING,
            IssueType.NOT_SUPPORTED,
            "TERM-0213",
            Location(name),
            "{count} rows with the predicate {predicate} were read as related-to.",
            {"count": str(count), "predicate": predicate},
        )
        for predicate, count in unknown.items()
    )
    return rows_to_map(rows, name, about), issues


def _read_head(lines: list[str], name: str) -> dict[str, Any]:
    try:
        head = YAML(typ="safe", pure=True).load("\n".join(lines)) if lines else {}
    except YAMLError as error:
        raise Refused("TERM-0013", f"The head of {name} is no YAML.", "Choose an SSSOM file in TSV form.") from error
    return head if isinstance(head, dict) else {}


def _row(cells: Mapping[str, str | None], curies: Mapping[str, str], unknown: dict[str, int]) -> dict[str, str]:
    def cell(name: str) -> str:
        return cells.get(name) or ""

    own = dict(part.split("=", 1) for part in cell("other").split("|") if "=" in part)
    source, target = _coding(cell("subject_id"), curies), _coding(cell("object_id"), curies)
    without = cell("object_id") == _NO_TERM or not cell("object_id")
    predicate = cell("predicate_id")
    relationship = _RELATIONSHIPS.get(predicate)
    if relationship is None:
        unknown[predicate] = unknown.get(predicate, 0) + 1
        relationship = Relationship.RELATED
    if cell("predicate_modifier") == _NOT:
        relationship = Relationship.NOT_RELATED
    usual = RowStatus.NO_MAP if without else RowStatus.IN_REVIEW if cell("reviewer_label") else RowStatus.MAPPED
    comment = _lines(cell("comment"))
    if relationship in (Relationship.SOURCE_IS_BROADER, Relationship.NOT_RELATED) and not comment:
        comment = _IMPORTED
    return {
        "source_system": source.system,
        "source_code": source.code,
        "source_display": _lines(cell("subject_label")),
        "target_system": "" if without else target.system,
        "target_code": "" if without else target.code,
        "target_display": _lines(cell("object_label")),
        "relationship": relationship.value,
        "status": unquote(own.get("status", "")) or usual.value,
        "author": cell("author_label"),
        "approver": cell("reviewer_label"),
        "comment": comment,
        "sender": unquote(own.get("sender", "")),
        "marks": unquote(own.get("marks", "")),
        "decided": cell("mapping_date"),
    }


def _coding(curie: str, curies: Mapping[str, str]) -> Coding:
    prefix, colon, code = curie.partition(":")
    if not colon:
        return Coding("", unquote(curie))
    system = curies.get(prefix, prefix)
    return Coding("" if system == "urn:local:" else system, unquote(code))
