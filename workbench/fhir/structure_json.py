"""StructureDefinition resources as the facts of `definitions`."""

from __future__ import annotations

import json
from typing import Any

from workbench.fhir.definitions import (
    STRUCTURE_DEFINITION,
    Binding,
    Constraint,
    ElementDefinition,
    TypeDefinition,
    TypeReference,
)

FHIR_TYPE = f"{STRUCTURE_DEFINITION}structuredefinition-fhir-type"
BEST_PRACTICE = f"{STRUCTURE_DEFINITION}elementdefinition-bestpractice"
MAX_VALUE_SET = f"{STRUCTURE_DEFINITION}elementdefinition-maxValueSet"
MIN_LENGTH = f"{STRUCTURE_DEFINITION}minLength"
PROFILE_ELEMENT = f"{STRUCTURE_DEFINITION}elementdefinition-profile-element"
R5_ELEMENT = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition."

Json = dict[str, Any]


def type_definition(resource: Json) -> TypeDefinition:
    """A StructureDefinition with a snapshot."""
    constraints: dict[str, Constraint] = {}
    elements = tuple(element_definition(element, constraints) for element in resource["snapshot"]["element"])
    return with_elements(resource, elements, constraints)


def with_elements(
    resource: Json, elements: tuple[ElementDefinition, ...], constraints: dict[str, Constraint]
) -> TypeDefinition:
    """A StructureDefinition whose snapshot was made elsewhere."""
    name: str = resource.get("name", "")
    return TypeDefinition(
        name=name if resource.get("derivation") == "constraint" else resource.get("type", name),
        url=resource.get("url", ""),
        kind=resource.get("kind", ""),
        abstract=resource.get("abstract", False),
        base=resource.get("baseDefinition", ""),
        profile=resource.get("derivation") == "constraint",
        type=resource.get("type", ""),
        title=resource.get("title") or resource.get("description", ""),
        elements=elements,
        constraints=dict(sorted(constraints.items())),
        contexts=tuple(
            (context.get("type", "element"), context.get("expression", "")) for context in resource.get("context", [])
        ),
        version=resource.get("version", ""),
        context_invariants=tuple(resource.get("contextInvariant", [])),
    )


def element_definition(element: Json, constraints: dict[str, Constraint]) -> ElementDefinition:
    for constraint in element.get("constraint", []):
        constraints.setdefault(constraint["key"], constraint_of(constraint))
    return ElementDefinition(
        path=element["path"],
        min=int(element.get("min", 0)),
        max=maximum(element.get("max", "*")),
        types=types_of(element),
        short=element.get("short", ""),
        content_reference=element.get("contentReference", "").removeprefix("#"),
        binding=binding_of(element.get("binding")),
        constraints=tuple(constraint["key"] for constraint in element.get("constraint", [])),
        max_length=int(element["maxLength"]) if "maxLength" in element else None,
        is_modifier=element.get("isModifier", False),
        is_summary=element.get("isSummary", False),
        fixed=json_of(element, "fixed"),
        pattern=json_of(element, "pattern"),
        slice_name=element.get("sliceName", ""),
        slicing=json.dumps(element["slicing"], sort_keys=True) if "slicing" in element else "",
        id=element.get("id", ""),
        min_value=json_of(element, "minValue"),
        max_value=json_of(element, "maxValue"),
        **value_demands(element),
    )


def value_demands(element: Json) -> dict[str, Any]:
    """What an element demands of a primitive's value, said by R5's properties or by extensions."""
    found: dict[str, Any] = {}
    alternatives = list(element.get("valueAlternatives", []))
    for extension in element.get("extension", []):
        match extension.get("url"):
            case str(url) if url == MIN_LENGTH:
                found["min_length"] = extension.get("valueInteger")
            case str(url) if url == f"{R5_ELEMENT}mustHaveValue":
                found["needs_value"] = bool(extension.get("valueBoolean"))
            case str(url) if url == f"{R5_ELEMENT}valueAlternatives":
                alternatives.append(extension.get("valueCanonical", ""))
    if element.get("mustHaveValue"):
        found["needs_value"] = True
    if alternatives:
        found["value_alternatives"] = tuple(alternatives)
    return found


def constraint_of(constraint: Json) -> Constraint:
    best = any(
        extension["url"] == BEST_PRACTICE and extension.get("valueBoolean")
        for extension in constraint.get("extension", [])
    )
    return Constraint(
        constraint["key"],
        constraint.get("severity", "error"),
        constraint.get("human", ""),
        constraint.get("expression", ""),
        best,
    )


def maximum(text: str) -> int | None:
    return None if text == "*" else int(text)


def types_of(element: Json) -> tuple[TypeReference, ...]:
    """The types of an element, repetitions of a code merged."""
    merged: dict[str, tuple[list[str], list[str], list[str]]] = {}
    for reference in element.get("type", []):
        targets, profiles, aggregation = merged.setdefault(_type_code(element, reference), ([], [], []))
        targets.extend(reference.get("targetProfile", []))
        profiles.extend(_profiles(reference))
        aggregation.extend(reference.get("aggregation", []))
    return tuple(
        TypeReference(code, tuple(targets), tuple(profiles), tuple(aggregation))
        for code, (targets, profiles, aggregation) in merged.items()
    )


def _profiles(reference: Json) -> list[str]:
    """The profiles of a type; `url#element id` for one element of a profile."""
    urls: list[str] = list(reference.get("profile", []))
    for number, beside in enumerate(reference.get("_profile", [])[: len(urls)]):
        for extension in (beside or {}).get("extension", []):
            if extension.get("url") == PROFILE_ELEMENT:
                urls[number] += f"#{extension.get('valueString', '')}"
    return urls


def _type_code(element: Json, reference: Json) -> str:
    """The FHIR type of elements that the specification types in FHIRPath's System namespace.

    Resource.id is declared a string there, but its definition demands an `id` (R4 resource.html#id). Element.id is
    declared an `id` in some versions, but is any text without white space (R5 element.html#id).
    """
    code: str = reference["code"]
    if not code.startswith("http://hl7.org/fhirpath/System."):
        return code
    base = element.get("base", {}).get("path", element["path"])
    if base.endswith("Resource.id"):
        return "id"
    if base == "Element.id":
        return "string"
    named = [e.get("valueUrl") for e in reference.get("extension", []) if e["url"] == FHIR_TYPE]
    return named[0] if named and named[0] else code.rsplit(".", 1)[-1].lower()


def binding_of(binding: Json | None) -> Binding | None:
    if binding is None:
        return None
    widest = [e["valueCanonical"] for e in binding.get("extension", []) if e["url"] == MAX_VALUE_SET]
    return Binding(
        strength=binding["strength"],
        value_set=binding.get("valueSet", "").split("|", 1)[0],
        description=binding.get("description", ""),
        max_value_set=widest[0].split("|", 1)[0] if widest else "",
    )


def json_of(element: Json, prefix: str) -> str:
    values = [value for name, value in element.items() if name.startswith(prefix) and name[len(prefix)].isupper()]
    return json.dumps(values[0], sort_keys=True) if values else ""
