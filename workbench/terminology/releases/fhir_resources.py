"""Code systems and value sets that come as FHIR resources (http://hl7.org/fhir/R4/codesystem.html, valueset.html)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.terminology.codes import Coding
from workbench.terminology.releases.records import Record, text_of

_RETIRED = frozenset({"retired", "deprecated", "inactive"})


def resource_records(path: Path) -> Iterator[Record]:
    """A record for each code of a CodeSystem or ValueSet in a JSON file.

    raises  Refused TERM-0012: neither of the two, or one that must be expanded first; else as `text_of`
    """
    with text_of(path) as text:
        try:
            resource = json.load(text)
        except ValueError as error:
            raise Refused(
                "TERM-0012", f"{path.name} is no JSON ({error}).", "Choose a CodeSystem or a ValueSet."
            ) from None
    if not isinstance(resource, dict):
        raise Refused("TERM-0012", f"{path.name} holds no resource.", "Choose a CodeSystem or a ValueSet.")
    if resource.get("resourceType") != "ValueSet":
        yield from code_system_records(resource)
        return
    codings, issues = value_set_codings(resource)
    if issues:
        raise Refused("TERM-0012", issues[0].text, "Expand the value set with a terminology server and import that.")
    for coding in codings:
        yield Record(coding.code, coding.display, system=coding.system)


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
