"""Code systems and value sets as FHIR resources (http://hl7.org/fhir/R4/codesystem.html, valueset.html)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workbench.terminology.codes import Coding, Concept


def to_code_system(system: str, title: str, version: str, concepts: Iterable[Concept]) -> dict[str, Any]:
    """A complete R4 CodeSystem; retired concepts and their replacements are said as properties."""
    entries = list(concepts)
    listed = [_concept(concept) for concept in entries]
    own = dict.fromkeys(name for concept in entries for name in concept.properties)
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
            *({"code": name, "type": "string"} for name in own),
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


def to_value_set(url: str, title: str, codings: Iterable[Coding]) -> dict[str, Any]:
    """An R4 ValueSet that lists these codings, grouped by system in the order of first use; `url` may be ""."""
    systems: dict[str, list[dict[str, str]]] = {}
    for coding in codings:
        named = {"code": coding.code, **({"display": coding.display} if coding.display else {})}
        systems.setdefault(coding.system, []).append(named)
    return {
        "resourceType": "ValueSet",
        **({"url": url} if url else {}),
        **({"title": title} if title else {}),
        "status": "active",
        "compose": {"include": [{"system": system, "concept": concepts} for system, concepts in systems.items()]},
    }
