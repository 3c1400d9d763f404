"""Code systems and value sets as FHIR resources, and back (http://hl7.org/fhir/R4/codesystem.html, valueset.html)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.terminology.codes import Coding, Concept
from workbench.terminology.releases.records import Record

_RETIRED = frozenset({"retired", "deprecated", "inactive"})


def to_code_system(system: str, title: str, version: str, concepts: Iterable[Concept]) -> dict[str, Any]:
    """A complete R4 CodeSystem; retired concepts and their replacements are said as properties."""
    listed = [_concept(concept) for concept in concepts]
    return {
        "resourceType": "CodeSystem",
        "url": system,
        **({"version": version} if version else {}),
        **({"title": title} if title else {}),
        "status": "active",
        "content": "complete",
        "count": len(listed),
        "property": [
            {"code": "status", "uri": "http://hl7.org/fhir/concept-properties#status", "type": "code"},
            {"code": "replacedBy", "type": "code"},
        ],
        "concept": listed,
    }


def _concept(concept: Concept) -> dict[str, Any]:
    coding = concept.coding
    found: dict[str, Any] = {"code": coding.code, **({"display": coding.display} if coding.display else {})}
    if concept.synonyms:
        found["designation"] = [{"value": synonym} for synonym in concept.synonyms]
    properties: list[dict[str, str]] = []
    if concept.retired:
        properties.append({"code": "status", "valueCode": "retired"})
    properties += [{"code": "replacedBy", "valueCode": code} for code in concept.replaced_by]
    properties += [{"code": name, "valueString": value} for name, value in concept.properties.items()]
    if properties:
        found["property"] = properties
    return found


def code_system_records(resource: Mapping[str, Any]) -> Iterator[Record]:
    """A record for each concept of a CodeSystem, children behind their parent.

    raises  Refused TERM-0012: not a CodeSystem, or a concept without a code
    """
    if resource.get("resourceType") != "CodeSystem":
        raise Refused("TERM-0012", "The resource is not a CodeSystem.", "Choose a CodeSystem or a ValueSet.")
    system = str(resource.get("url", ""))
    for concept in _flat(resource.get("concept", ())):
        if not isinstance(concept, Mapping) or not concept.get("code"):
            raise Refused("TERM-0012", "A concept of the CodeSystem has no code.", "Validate it first.")
        yield _record(concept, system)


def _flat(concepts: Iterable[Any]) -> Iterator[Any]:
    for concept in concepts:
        yield concept
        if isinstance(concept, Mapping):
            yield from _flat(concept.get("concept", ()))


def _record(concept: Mapping[str, Any], system: str) -> Record:
    retired = False
    replaced: list[str] = []
    kept: dict[str, str] = {}
    for each in concept.get("property", ()):
        value = str(next((each[key] for key in each if key.startswith("value")), ""))
        if each.get("code") in ("status", "inactive", "deprecated"):
            retired = retired or value.casefold() in _RETIRED | {"true"}
        elif each.get("code") == "replacedBy":
            replaced.append(value)
        else:
            kept[str(each.get("code", ""))] = value
    designations = tuple(str(each["value"]) for each in concept.get("designation", ()) if each.get("value"))
    display = str(concept.get("display", ""))
    return Record(str(concept["code"]), display, 0, designations, kept, retired, tuple(replaced), system)


def to_value_set(url: str, title: str, codings: Iterable[Coding]) -> dict[str, Any]:
    """An R4 ValueSet that lists these codings, grouped by system in the order of first use."""
    systems: dict[str, list[dict[str, str]]] = {}
    for coding in codings:
        named = {"code": coding.code, **({"display": coding.display} if coding.display else {})}
        systems.setdefault(coding.system, []).append(named)
    return {
        "resourceType": "ValueSet",
        "url": url,
        **({"title": title} if title else {}),
        "status": "active",
        "compose": {"include": [{"system": system, "concept": concepts} for system, concepts in systems.items()]},
    }


def value_set_codings(resource: Mapping[str, Any]) -> tuple[tuple[Coding, ...], tuple[Issue, ...]]:
    """The codings that a ValueSet lists: its expansion when it has one, else what its compose names.

    Parts that need a terminology server (filters, other value sets, whole code systems) are issues.

    raises  Refused TERM-0012: not a ValueSet
    """
    if resource.get("resourceType") != "ValueSet":
        raise Refused("TERM-0012", "The resource is not a ValueSet.", "Choose a CodeSystem or a ValueSet.")
    expansion = resource.get("expansion", {}).get("contains")
    if expansion:
        return tuple(_expanded(expansion)), ()
    codings: list[Coding] = []
    issues: list[Issue] = []
    compose = resource.get("compose", {})
    for number, include in enumerate(compose.get("include", ())):
        system = str(include.get("system", ""))
        listed = include.get("concept", ())
        codings += [
            Coding(system, str(each["code"]), str(each.get("display", ""))) for each in listed if each.get("code")
        ]
        if not listed:
            issues.append(_open_part(number, system))
    excluded = {
        (str(exclude.get("system", "")), str(each.get("code", "")))
        for exclude in compose.get("exclude", ())
        for each in exclude.get("concept", ())
    }
    return tuple(coding for coding in codings if coding.identity not in excluded), tuple(issues)


def _expanded(contains: Iterable[Mapping[str, Any]]) -> Iterator[Coding]:
    for each in contains:
        if each.get("code") and not each.get("abstract"):
            yield Coding(str(each.get("system", "")), str(each["code"]), str(each.get("display", "")))
        yield from _expanded(each.get("contains", ()))


def _open_part(number: int, system: str) -> Issue:
    return Issue(
        Severity.WARNING,
        IssueType.INCOMPLETE,
        "TERM-0214",
        Location("", None, f"ValueSet.compose.include[{number}]"),
        "A part of the value set lists no codes ({system}); expand it with a terminology server first.",
        {"system": system or "another value set"},
    )
