"""Extensions against their definitions: where they may stand, and what they hold (R4 extensibility.html)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workbench.fhir.fhirpath import ExpressionRefused, compile_expression
from workbench.fhir.fhirpath.model import Kind
from workbench.fhir.fhirpath.values import Node
from workbench.validation import fhir_profile_rules as profile_rules
from workbench.validation.fhir_around import Surroundings
from workbench.validation.fhir_findings import Findings, Place
from workbench.validation.fhir_profile import Profile
from workbench.validation.fhir_profile_walk import ProfileWalk

_CORRECTED_CONTEXTS = {
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type": "ElementDefinition.type",
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version": "Element",
    "http://hl7.org/fhir/StructureDefinition/regex": "ElementDefinition.type",
}
"""Contexts R4 gives too narrowly: its own resources use these extensions there (corrected in the extensions pack)."""
_NOT_OURS_TO_KNOW = re.compile(r"https?://(www\.)?(hl7\.org/fhir/|example\.org/)|urn:clinical-mapping-workbench:")
"""Extensions HL7 publishes apart from the core, of examples, and of this product: not having them loaded is no flaw."""


class Owner:
    """What an extension stands on.

    node   the object that has the property `extension`; of a primitive its companion
    paths  the element's paths: `Patient.contact`, also of the types it comes from: `DomainResource.text`
    kind   its type
    urls   of the extensions around it, innermost first
    """

    __slots__ = ("kind", "node", "paths", "urls")

    def __init__(self, node: object, paths: Sequence[str], kind: Kind, urls: Sequence[str]) -> None:
        self.node = node
        self.paths = paths
        self.kind = kind
        self.urls = urls


def check_definition(
    node: dict[str, object], place: Place, owner: Owner, around: Surroundings, findings: Findings
) -> None:
    """An extension with an absolute url."""
    url = node.get("url")
    if not isinstance(url, str) or ":" not in url:
        return
    modifies = place[1] == "modifierExtension"
    profile = around.profile(url)
    if profile is None or profile.type != "Extension":
        _unknown(url, modifies, (place, "url", -1), findings)
        return
    if modifies != profile.root.element.is_modifier:
        findings.report(profile_rules.MISPLACED_MODIFIER, place, url=url, must="must not" if modifies else "must")
    _check_context(profile, place, owner, around, findings)
    _check_parts(node, profile, place, findings)
    kind = around.model.kind("Extension")
    if kind is not None:
        ProfileWalk(profile, around, findings).check(Node(node, kind), place)


def _unknown(url: str, modifies: bool, place: Place, findings: Findings) -> None:
    lenient = _NOT_OURS_TO_KNOW.match(url) is not None
    if modifies and not (lenient and "example.org" in url):
        findings.report(profile_rules.UNKNOWN_MODIFIER, place, url=url)
    elif lenient:
        findings.report_once(profile_rules.UNKNOWN_EXTENSION, url, place, url=url)
    else:
        findings.report_once(profile_rules.FOREIGN_EXTENSION, url, place, url=url)


def _check_parts(node: dict[str, object], profile: Profile, place: Place, findings: Findings) -> None:
    """The nested extensions with relative urls are those the definition names."""
    inner = node.get("extension")
    if not isinstance(inner, list):
        return
    rule = next((child for child in profile.root.children if child.name == "extension"), None)
    named = {_part(each) for each in rule.slices} if rule is not None else set()
    if not named or None in named:
        return
    for index, each in enumerate(inner):
        part = each.get("url") if isinstance(each, dict) else None
        if isinstance(part, str) and ":" not in part and part not in named:
            findings.report(profile_rules.UNDEFINED_PART, (place, "extension", index), url=profile.url, part=part)


def _part(rule: object) -> object:
    """The url a slice of the nested extensions fixes, None when it fixes none."""
    children = getattr(rule, "children", ())
    return next((child.fixed for child in children if child.name == "url"), None)


def _check_context(profile: Profile, place: Place, owner: Owner, around: Surroundings, findings: Findings) -> None:
    contexts = profile.definition.contexts
    corrected = _CORRECTED_CONTEXTS.get(profile.url)
    at_home = not contexts or (corrected is not None and (corrected == "Element" or corrected in owner.paths))
    if not at_home and not any(_allows(kind, expression, owner, around) for kind, expression in contexts):
        found = owner.paths[0] if owner.paths else place[1]
        allowed = ", ".join(expression for _, expression in contexts)
        findings.report(profile_rules.EXTENSION_CONTEXT, place, url=profile.url, found=found, allowed=allowed)
    for condition in profile.definition.context_invariants:
        if not _holds(condition, owner, around):
            findings.report(profile_rules.CONTEXT_INVARIANT, place, url=profile.url, condition=condition)


def _allows(kind: str, expression: str, owner: Owner, around: Surroundings) -> bool:
    if kind == "extension":
        return expression in owner.urls[:1]
    if kind == "fhirpath":
        return _selects(expression, owner, around)
    bare = (expression.partition("#")[2] or expression).removesuffix("[x]")
    return (
        bare == "Element"
        or bare in owner.kind.ancestors
        or any(path.removesuffix("[x]") == bare for path in owner.paths)
    )


def _selects(expression: str, owner: Owner, around: Surroundings) -> bool:
    """True when the expression, asked of the resource, finds the owner; or when it cannot be evaluated."""
    try:
        items = compile_expression(expression).items(around.env, around.env.resource)
    except ExpressionRefused:
        return True
    return any(isinstance(item, Node) and (item.value is owner.node or item.extra is owner.node) for item in items)


def _holds(condition: str, owner: Owner, around: Surroundings) -> bool:
    if not isinstance(owner.node, dict) or owner.kind.primitive:
        return True
    try:
        return compile_expression(condition).holds(around.env, Node(owner.node, owner.kind))
    except ExpressionRefused:
        return True
