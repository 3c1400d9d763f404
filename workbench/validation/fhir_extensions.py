"""Extensions against their definitions: where they may stand, and what they hold (R4 extensibility.html)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workbench.fhir.fhirpath.values import Node
from workbench.validation import fhir_rules as rules
from workbench.validation.fhir_around import Surroundings
from workbench.validation.fhir_findings import Findings, Place
from workbench.validation.fhir_profile import Profile
from workbench.validation.fhir_profile_walk import ProfileWalk

_SPECIFICATION = re.compile(r"http://hl7\.org/fhir/StructureDefinition/[A-Za-z0-9.-]+")


def check_definition(
    node: dict[str, object], place: Place, owners: Iterable[str], around: Surroundings, findings: Findings
) -> None:
    """An extension with an absolute url.

    owners  the paths and type names the extension stands on: `Patient.contact`, `HumanName`, `Element`
    """
    url = node.get("url")
    if not isinstance(url, str) or ":" not in url:
        return
    modifies = place[1] == "modifierExtension"
    profile = around.profile(url)
    if profile is None or profile.type != "Extension":
        if modifies:
            findings.report(rules.UNKNOWN_MODIFIER, (place, "url", -1), url=url)
        else:
            findings.report_once(rules.UNKNOWN_EXTENSION, url, (place, "url", -1), url=url)
        return
    if modifies != _modifies(profile):
        must = "must not" if modifies else "must"
        findings.report(rules.MISPLACED_MODIFIER, place, url=url, must=must)
    _check_context(profile, place, list(owners), findings)
    kind = around.model.kind("Extension")
    if kind is not None:
        ProfileWalk(profile, around, findings).check(Node(node, kind), place)


def _modifies(profile: Profile) -> bool:
    return profile.root.element.is_modifier


def _check_context(profile: Profile, place: Place, owners: list[str], findings: Findings) -> None:
    contexts = profile.definition.contexts
    if not contexts:
        return
    for kind, expression in contexts:
        if kind == "fhirpath" or (kind == "extension" and _outer_url(place, expression)):
            return
        if kind == "element" and _stands_on(expression, owners):
            return
    found = owners[0] if owners else place[1]
    allowed = ", ".join(expression for _, expression in contexts)
    findings.report(rules.EXTENSION_CONTEXT, place, url=profile.url, found=found, allowed=allowed)


def _stands_on(expression: str, owners: list[str]) -> bool:
    bare = expression.partition("#")[2] or expression
    return any(owner == bare or owner.removesuffix("[x]") == bare.removesuffix("[x]") for owner in owners)


def _outer_url(place: Place, expression: str) -> bool:
    """An extension in an extension; which one cannot be told from the place alone."""
    outer = place[0]
    return outer is not None and outer[1] in ("extension", "modifierExtension") and bool(expression)
