"""Code maps as FHIR R5 ConceptMaps, and back (http://hl7.org/fhir/R5/conceptmap.html).

R5 says the relationship from the source, as this product does, and has `noMap` where R4 wrote a target without a code.
A `noMap` may not have targets, so its reason travels in an extension. All else is as in R4.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.terminology.code_map import CodeMap, Relationship, RowStatus
from workbench.terminology.concept_map import (
    EXPORTED,
    NO_MATCH,
    R4_EQUIVALENCE,
    SENDER_PROPERTY,
    from_concept_map,
    to_concept_map,
)

NO_MAP_REASON = "urn:clinical-mapping-workbench:no-map-reason"
_SENDER = "sender"
_RELATIONSHIP = {word: relationship.value for relationship, word in R4_EQUIVALENCE.items()}
_EQUIVALENCE = {relationship.value: word for relationship, word in R4_EQUIVALENCE.items()}


def to_concept_map_r5(
    code_map: CodeMap, statuses: Collection[RowStatus] = EXPORTED
) -> tuple[dict[str, Any], tuple[Issue, ...]]:
    """The R5 ConceptMap of the rows that have one of `statuses`, and what did not go along."""
    resource, issues = to_concept_map(code_map, statuses)
    senders = False
    for group in resource.get("group", ()):
        for element in group["element"]:
            senders = _element_to_r5(element) or senders
        if "unmapped" in group and group["unmapped"].get("mode") == "provided":
            group["unmapped"]["mode"] = "use-source-code"
    if senders:
        attribute = {"code": _SENDER, "uri": SENDER_PROPERTY, "type": "string"}
        resource = _before_groups(resource, "additionalAttribute", [attribute])
    return resource, issues


def _element_to_r5(element: dict[str, Any]) -> bool:
    """Change one R4 element in place; True when a target depends on the sender."""
    targets = element.pop("target")
    kept = [target for target in targets if target["equivalence"] != NO_MATCH]
    if len(kept) < len(targets):
        reasons = [target.get("comment", "") for target in targets if target["equivalence"] == NO_MATCH]
        element["extension"] = [{"url": NO_MAP_REASON, "valueString": reason} for reason in reasons if reason]
        if not element["extension"]:
            del element["extension"]
        if not kept:
            element["noMap"] = True
            return False
    senders = False
    for target in kept:
        target["relationship"] = _RELATIONSHIP[target.pop("equivalence")]
        if "dependsOn" in target:
            senders = True
            target["dependsOn"] = [{"attribute": _SENDER, "valueString": each["value"]} for each in target["dependsOn"]]
    element["target"] = [_ordered(target) for target in kept]
    return senders


def _ordered(target: Mapping[str, Any]) -> dict[str, Any]:
    order = ("code", "display", "relationship", "comment", "dependsOn")
    return {key: target[key] for key in order if key in target}


def _before_groups(resource: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """FHIR's elements have an order; attributes stand before the groups that use them."""
    head = {name: content for name, content in resource.items() if name != "group"}
    return {**head, key: value, "group": resource["group"]}


def is_r5(resource: Mapping[str, Any]) -> bool:
    """True when a ConceptMap uses what only R5 has: a relationship, `noMap`, an attribute."""
    elements = [element for group in _objects(resource, "group") for element in _objects(group, "element")]
    for element in elements:
        if "noMap" in element or any("relationship" in target for target in _objects(element, "target")):
            return True
    return "additionalAttribute" in resource or "sourceScopeUri" in resource


def _objects(owner: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list, whatever else stands there."""
    found = owner.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def from_concept_map_r5(resource: Mapping[str, Any]) -> tuple[CodeMap, tuple[Issue, ...]]:
    """The code map of an R5 ConceptMap, and what of it this product cannot hold.

    raises  Refused TERM-0010: not a ConceptMap, or elements of the wrong form
    """
    try:
        groups = [_group_to_r4(group) for group in resource.get("group", ())]
    except (KeyError, TypeError, AttributeError) as error:
        raise Refused(
            "TERM-0010", f"The ConceptMap is not of the form of R5 ({error}).", "Validate it first."
        ) from error
    changed = {key: value for key, value in resource.items() if key not in ("group", "additionalAttribute")}
    return from_concept_map({**changed, **({"group": groups} if groups else {})})


def _group_to_r4(group: Mapping[str, Any]) -> dict[str, Any]:
    return {**group, "element": [_element_to_r4(element) for element in group.get("element", ())]}


def _element_to_r4(element: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in element.items() if key not in ("noMap", "extension", "target")}
    reasons = [each.get("valueString", "") for each in element.get("extension", ()) if each.get("url") == NO_MAP_REASON]
    unmatched = [{"equivalence": NO_MATCH, **({"comment": reason} if reason else {})} for reason in reasons]
    if element.get("noMap") and not unmatched:
        unmatched = [{"equivalence": NO_MATCH}]
    return {**known, "target": [*(_target_to_r4(target) for target in element.get("target", ())), *unmatched]}


def _target_to_r4(target: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in target.items() if key not in ("relationship", "dependsOn")}
    relationship = target.get("relationship", Relationship.RELATED.value)
    known["equivalence"] = _EQUIVALENCE.get(relationship, relationship)
    if "dependsOn" in target:
        known["dependsOn"] = [
            {
                "property": SENDER_PROPERTY if each["attribute"] == _SENDER else each["attribute"],
                "value": str(next((value for key, value in each.items() if key.startswith("value")), "")),
            }
            for each in target["dependsOn"]
        ]
    return known
