"""Code maps as FHIR R4 ConceptMaps, and back (http://hl7.org/fhir/R4/conceptmap.html).

R4 names the direction from the target, R5 and this product from the source: R4 `wider` ("the target is wider in
meaning than the source") is `source-is-narrower-than-target`. What R4 has no element for goes into the comment or the
description as a last line `[status=approved; author=Ann]`, which reading takes off again. A sender becomes a
`dependsOn`, because a receiver that does not understand it must then leave the row alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.terminology.code_map import (
    CodeMap,
    CodeMapRow,
    MapStatus,
    Mark,
    Relationship,
    RowStatus,
    UnmappedPolicy,
    map_problem,
    written_marks,
)
from workbench.terminology.codes import Coding

EXPORTED = frozenset({RowStatus.APPROVED, RowStatus.NO_MAP})
SENDER_PROPERTY = "http://hl7.org/fhir/StructureDefinition/MessageHeader#MessageHeader.source.name"
NO_MATCH = "unmatched"

R4_EQUIVALENCE: Mapping[Relationship, str] = {
    Relationship.EQUIVALENT: "equivalent",
    Relationship.SOURCE_IS_NARROWER: "wider",
    Relationship.SOURCE_IS_BROADER: "narrower",
    Relationship.RELATED: "relatedto",
    Relationship.NOT_RELATED: "disjoint",
}
_RELATIONSHIP: Mapping[str, Relationship] = {
    **{word: relationship for relationship, word in R4_EQUIVALENCE.items()},
    "equal": Relationship.EQUIVALENT,
    "subsumes": Relationship.SOURCE_IS_NARROWER,
    "specializes": Relationship.SOURCE_IS_BROADER,
    "inexact": Relationship.RELATED,
}
_RESOURCE_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_TAIL = re.compile(r"(?:^|\n)\[(\w+=[^\]\n]*)\]\Z")
_NO_REASON = "The imported map gives no reason."


# --- writing ---------------------------------------------------------------------------------------------------------


def computable_name(identity: str) -> str:
    """The name of a conformance resource that programs can use: `AddressUse` for `address-use` (cmd-0, ig-0)."""
    words = re.split(r"[\W_]+", identity, flags=re.ASCII)
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return (name if name[:1].isalpha() else f"Map{name}")[:255]


def to_concept_map(
    code_map: CodeMap, statuses: Collection[RowStatus] = EXPORTED
) -> tuple[dict[str, Any], tuple[Issue, ...]]:
    """The R4 ConceptMap of the rows that have one of `statuses`, and what did not go along.

    Rows of one source code stand together in the result, in the order of its first row.
    """
    rows = [row for row in code_map.rows if row.status in statuses]
    resource: dict[str, Any] = {"resourceType": "ConceptMap"}
    head = {
        "id": code_map.id if _RESOURCE_ID.fullmatch(code_map.id) else re.sub(r"[^A-Za-z0-9\-.]", "-", code_map.id)[:64],
        "url": code_map.url,
        "version": code_map.version,
        "name": computable_name(code_map.id),
        "title": code_map.title,
        "status": str(code_map.status),
        "description": _with_tail(
            "", _head_tail(code_map, resource_id_differs=not _RESOURCE_ID.fullmatch(code_map.id))
        ),
    }
    resource.update({key: value for key, value in head.items() if value})
    groups: dict[tuple[str, str], dict[tuple[str, str], list[CodeMapRow]]] = {}
    for row in rows:
        target_system = row.target.system if row.target else code_map.target_system
        elements = groups.setdefault((row.source.system, target_system), {})
        elements.setdefault((row.source.code, row.source.display), []).append(row)
    if groups:
        resource["group"] = [_group(*systems, elements, code_map) for systems, elements in groups.items()]
    return resource, tuple(_left_out(code_map, statuses))


def _group(
    source: str, target: str, elements: Mapping[tuple[str, str], Sequence[CodeMapRow]], code_map: CodeMap
) -> dict[str, Any]:
    group: dict[str, Any] = {}
    if source:
        group["source"] = source
    if target:
        group["target"] = target
    group["element"] = [
        {"code": code, **({"display": display} if display else {}), "target": [_target(row) for row in rows]}
        for (code, display), rows in elements.items()
    ]
    fixed = code_map.default
    if code_map.unmapped is UnmappedPolicy.DEFAULT and fixed is not None and fixed.system == target:
        group["unmapped"] = {
            "mode": "fixed",
            "code": fixed.code,
            **({"display": fixed.display} if fixed.display else {}),
        }
    return group


def _target(row: CodeMapRow) -> dict[str, Any]:
    target: dict[str, Any] = {}
    if row.target is not None:
        target["code"] = row.target.code
        if row.target.display:
            target["display"] = row.target.display
    target["equivalence"] = R4_EQUIVALENCE[row.relationship] if row.target is not None else NO_MATCH
    tail = {"author": row.author, "approver": row.approver, "decided": row.decided, "marks": written_marks(row.marks)}
    if row.status not in (RowStatus.MAPPED, RowStatus.NO_MAP) or _TAIL.search(row.comment):
        tail = {"status": str(row.status), **tail}
    comment = _with_tail(row.comment, tail)
    if comment:
        target["comment"] = comment
    if row.sender:
        target["dependsOn"] = [{"property": SENDER_PROPERTY, "value": row.sender}]
    return target


def _head_tail(code_map: CodeMap, resource_id_differs: bool) -> dict[str, str]:
    default = code_map.default
    return {
        "id": code_map.id if resource_id_differs else "",
        "unmapped": str(code_map.unmapped or ""),
        "default": f"{default.system}|{default.code}|{default.display}" if default else "",
        "source_system": code_map.source_system,
        "target_system": code_map.target_system,
        "citation": code_map.citation,
    }


def _left_out(code_map: CodeMap, statuses: Collection[RowStatus]) -> list[Issue]:
    counts = Counter(row.status for row in code_map.rows if row.status not in statuses)
    issues = [
        _issue("TERM-0201", "", "{count} rows that are {status} were left out.", count=str(count), status=str(status))
        for status, count in sorted(counts.items())
    ]
    remarks = len(code_map.remarks) + len(code_map.closing_remarks) + sum(len(row.remarks) for row in code_map.rows)
    if remarks:
        text = "{count} remark lines of the code map file were left out: a ConceptMap has no place for them."
        issues.append(_issue("TERM-0202", "", text, count=str(remarks)))
    return issues


def _with_tail(text: str, facts: Mapping[str, str]) -> str:
    said = "; ".join(f"{key}={_escaped(value)}" for key, value in facts.items() if value)
    return "\n".join(part for part in (text, f"[{said}]" if said else "") if part)


def _without_tail(text: str) -> tuple[str, dict[str, str]]:
    match = _TAIL.search(text)
    if match is None:
        return text, {}
    facts = dict(fact.split("=", 1) for fact in match[1].split("; ") if "=" in fact)
    return text[: match.start()], {key: _unescaped(value) for key, value in facts.items()}


_ESCAPES = {"%": "%25", ";": "%3B", "]": "%5D", "\n": "%0A"}


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(sign, sign) for sign in text)


def _unescaped(text: str) -> str:
    return re.sub(r"%(25|3B|5D|0A)", lambda match: chr(int(match[1], 16)), text)


# --- reading ---------------------------------------------------------------------------------------------------------


def from_concept_map(resource: Mapping[str, Any]) -> tuple[CodeMap, tuple[Issue, ...]]:
    """The code map of an R4 ConceptMap, and what of it this product cannot hold.

    A row whose comment says nothing of a status is `mapped`: an approval names a person here. A row that holds only
    in a context which is not the sender becomes a suggestion, so that it does not translate until somebody has looked.

    raises  Refused TERM-0010: not a ConceptMap, elements of the wrong form, or rows that contradict one another
    """
    if resource.get("resourceType") != "ConceptMap":
        raise Refused("TERM-0010", "The resource is not a ConceptMap.", "Choose a FHIR R4 ConceptMap.")
    return _Import(resource).code_map()


class _Import:
    """One ConceptMap on its way in, with what was noticed."""

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self._resource = resource
        self._issues: list[Issue] = []

    def code_map(self) -> tuple[CodeMap, tuple[Issue, ...]]:
        description, facts = _without_tail(_text(self._resource, "description", "ConceptMap"))
        groups = _objects(self._resource, "group", "ConceptMap")
        source_systems = {_text(group, "source", "ConceptMap.group") for group in groups}
        target_systems = {_text(group, "target", "ConceptMap.group") for group in groups}
        rows: list[CodeMapRow] = []
        unmapped, default = _policy(facts)
        for index, group in enumerate(groups):
            path = f"ConceptMap.group[{index}]"
            rows += self._rows(group, path)
            if "unmapped" in group and unmapped is None:
                unmapped, default = self._unmapped(group, path)
        if description:
            self._note("TERM-0203", "ConceptMap.description", "The description was left out.")
        status = _text(self._resource, "status", "ConceptMap") or "unknown"
        code_map = CodeMap(
            id=facts.get("id")
            or _text(self._resource, "id", "ConceptMap")
            or _text(self._resource, "name", "ConceptMap"),
            title=" ".join(_text(self._resource, "title", "ConceptMap").split()),
            source_system=facts.get("source_system") or (source_systems.pop() if len(source_systems) == 1 else ""),
            target_system=facts.get("target_system") or (target_systems.pop() if len(target_systems) == 1 else ""),
            rows=tuple(dict.fromkeys(rows)),
            unmapped=unmapped,
            default=default,
            citation=facts.get("citation", ""),
            status=_word(MapStatus, status, "ConceptMap.status"),
            url=_text(self._resource, "url", "ConceptMap"),
            version=_text(self._resource, "version", "ConceptMap"),
        )
        problem = map_problem(code_map)
        if problem:
            row = "" if problem[0] is None else f"Code {code_map.rows[problem[0]].source.code}: "
            raise Refused("TERM-0010", f"{row}{problem[1]}", "Correct the ConceptMap.")
        return code_map, tuple(self._issues)

    def _rows(self, group: Mapping[str, Any], path: str) -> list[CodeMapRow]:
        rows = []
        source_system, target_system = _text(group, "source", path), _text(group, "target", path)
        for index, element in enumerate(_objects(group, "element", path)):
            place = f"{path}.element[{index}]"
            source = Coding(source_system, _text(element, "code", place), _text(element, "display", place))
            targets = _objects(element, "target", place)
            if not targets:
                rows.append(CodeMapRow(source))
            rows += [
                self._row(source, target_system, target, f"{place}.target[{n}]") for n, target in enumerate(targets)
            ]
        return rows

    def _row(self, source: Coding, system: str, target: Mapping[str, Any], path: str) -> CodeMapRow:
        word = _text(target, "equivalence", path)
        comment, facts = _without_tail(_text(target, "comment", path))
        sender, certain = self._sender(target, path)
        if word == NO_MATCH or not target.get("code"):
            return CodeMapRow(
                source,
                status=RowStatus.NO_MAP,
                comment=comment or _NO_REASON,
                sender=sender,
                **_who_and_when(facts),
            )
        if word not in _RELATIONSHIP:
            raise Refused("TERM-0010", f"{path}.equivalence is none of R4's codes.", "Choose a FHIR R4 ConceptMap.")
        relationship = _RELATIONSHIP[word]
        if word != R4_EQUIVALENCE[relationship]:
            comment = f"{comment} (R4 equivalence: {word})".strip()
        if relationship in (Relationship.SOURCE_IS_BROADER, Relationship.NOT_RELATED) and not comment:
            comment = _NO_REASON
        status = _word(RowStatus, facts.get("status", RowStatus.MAPPED), f"{path}.comment")
        return CodeMapRow(
            source,
            Coding(system, _text(target, "code", path), _text(target, "display", path)),
            relationship=relationship,
            status=status if certain else RowStatus.SUGGESTED,
            comment=comment,
            sender=sender,
            **_who_and_when(facts),
        )

    def _sender(self, target: Mapping[str, Any], path: str) -> tuple[str, bool]:
        """(the sender a row holds for, whether that is its whole context)."""
        sender, certain = "", True
        for condition in _objects(target, "dependsOn", path):
            if condition.get("property") == SENDER_PROPERTY and not sender:
                sender = _text(condition, "value", path)
            else:
                certain = False
        if not certain or target.get("product"):
            text = "The row depends on a context or has by-products; it became a suggestion for a person to look at."
            self._note("TERM-0204", path, text)
            certain = False
        return sender, certain

    def _unmapped(self, group: Mapping[str, Any], path: str) -> tuple[UnmappedPolicy | None, Coding | None]:
        unmapped = group["unmapped"]
        if not isinstance(unmapped, Mapping):
            raise _wrong_form(f"{path}.unmapped")
        if unmapped.get("mode") == "fixed" and unmapped.get("code"):
            code, display = _text(unmapped, "code", path), _text(unmapped, "display", path)
            return UnmappedPolicy.DEFAULT, Coding(_text(group, "target", path), code, display)
        text = "Unmapped codes are preserved and flagged; the map's own way, {mode}, is not followed."
        self._note("TERM-0205", f"{path}.unmapped", text, mode=str(unmapped.get("mode")))
        return UnmappedPolicy.PRESERVE, None

    def _note(self, rule: str, path: str, template: str, **args: str) -> None:
        self._issues.append(_issue(rule, path, template, **args))


def _who_and_when(facts: Mapping[str, str]) -> dict[str, Any]:
    """The provenance of a row, from the tail of its comment."""
    marks = frozenset(_word(Mark, word, "ConceptMap comment") for word in facts.get("marks", "").split())
    return {**{name: facts.get(name, "") for name in ("author", "approver", "decided")}, "marks": marks}


def _policy(facts: Mapping[str, str]) -> tuple[UnmappedPolicy | None, Coding | None]:
    policy = _word(UnmappedPolicy, facts["unmapped"], "ConceptMap.description") if "unmapped" in facts else None
    default = Coding(*facts["default"].split("|", 2)) if facts.get("default", "").count("|") >= 2 else None
    return policy, default


def _issue(rule: str, path: str, template: str, **args: str) -> Issue:
    return Issue(Severity.INFORMATION, IssueType.INFORMATIONAL, rule, Location(path), template, args)


def _text(element: Mapping[str, Any], name: str, path: str) -> str:
    value = element.get(name, "")
    if not isinstance(value, str):
        raise _wrong_form(f"{path}.{name}")
    return value


def _objects(element: Mapping[str, Any], name: str, path: str) -> Sequence[Mapping[str, Any]]:
    value = element.get(name, [])
    if not isinstance(value, list) or not all(isinstance(part, Mapping) for part in value):
        raise _wrong_form(f"{path}.{name}")
    return value


_Word = TypeVar("_Word", bound=StrEnum)


def _word(vocabulary: type[_Word], text: str, path: str) -> _Word:
    try:
        return vocabulary(text)
    except ValueError:
        raise _wrong_form(path) from None


def _wrong_form(path: str) -> Refused:
    return Refused("TERM-0010", f"{path} does not have the form that R4 gives it.", "Correct the ConceptMap.")
