"""Rules about how resources hang together: references, Bundles, contained resources, extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbench.fhir.bundle import BundleIndex, contained, literal_reference
from workbench.fhir.definitions import Definitions
from workbench.validation import fhir_rules as rules
from workbench.validation.fhir_findings import Findings, Place

Node = dict[str, object]

_WITH_REQUEST = frozenset({"batch", "transaction", "history"})
_WITH_RESPONSE = frozenset({"batch-response", "transaction-response", "history"})
_SELF_CONTAINED = frozenset({"batch", "transaction", "document", "message", "collection"})
_NOT_IN_CONTAINED_META = {
    "versionId": rules.VERSIONED,
    "lastUpdated": rules.VERSIONED,
    "security": rules.LABELLED,
}
_FIRST = {"document": "Composition", "message": "MessageHeader"}
_WITH_FULL_URL = frozenset({"document", "message", "collection", "searchset", "history"})
_NO_URL = re.compile(
    r"\s|^urn:uuid:(?![0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?:#|$))|^urn:oid:(?![0-2](?:\.(?:0|[1-9]\d*))+(?:#|$))"
)
_BUNDLE_TYPES = _WITH_REQUEST | _WITH_RESPONSE | _SELF_CONTAINED | {"searchset"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What references of a resource can see.

    root   the outermost resource that is not contained: the owner of `#id`
    index  of the Bundle around it, None outside a Bundle
    entry  its number in that Bundle
    """

    root: Node
    index: BundleIndex | None = None
    entry: int | None = None
    bundle_type: str = ""


def check_reference(
    node: Node, place: Place, allowed: frozenset[str] | None, scope: Scope, definitions: Definitions, findings: Findings
) -> None:
    """ref-1, resolution inside the Bundle, type of the target (R4 references.html).

    A target that is at hand is judged by its own type. Of any other only the reference's text is known, which need
    not be right, so a wrong type there is a warning.
    """
    reference = node.get("reference")
    found, at_hand = "", False
    if isinstance(reference, str) and reference:
        target = _target(reference, place, scope, findings)
        at_hand = target is not None
        found = _type_name(target) if at_hand else _type_in(reference)
        if not at_hand and _NO_URL.search(reference):
            findings.report(rules.NOT_A_URL, (place, "reference", -1), element=place[1], value=reference)
    stated = _stated_type(node.get("type"), place, definitions, findings)
    if stated and stated != found and definitions.is_resource(found):
        findings.report(rules.WRONG_TARGET_TYPE, (place, "type", -1), element="type", type=stated, found=found)
    found = found or stated
    if allowed is not None and found not in allowed and definitions.is_resource(found):
        rule = rules.WRONG_TARGET if at_hand else rules.UNEXPECTED_TARGET
        findings.report(rule, place, element=place[1], found=found, allowed=", ".join(sorted(allowed)))


def _stated_type(stated: object, place: Place, definitions: Definitions, findings: Findings) -> str:
    """Reference.type where it names a resource type; it may also be the URL of a logical model."""
    if not isinstance(stated, str) or definitions.is_resource(stated):
        return stated if isinstance(stated, str) else ""
    if ":" not in stated:
        findings.report(rules.UNKNOWN_TARGET_TYPE, (place, "type", -1), value=stated)
    return ""


def _target(reference: str, place: Place, scope: Scope, findings: Findings) -> Node | None:
    """The resource a reference points to, None when it is not in this document."""
    if reference.startswith("#"):
        target = contained(scope.root, reference)
        if target is None:
            findings.report(rules.NOT_CONTAINED, (place, "reference", -1), element=place[1], value=reference)
        return target
    if scope.index is None:
        return None
    target = scope.index.find(reference, scope.entry)
    lost = target is None and scope.bundle_type in _SELF_CONTAINED and reference.startswith(("urn:uuid:", "urn:oid:"))
    if lost:
        findings.report(rules.NOT_IN_BUNDLE, (place, "reference", -1), element=place[1], value=reference)
    return target


def _type_in(reference: str) -> str:
    """The type a reference's text names, "" when it names none."""
    literal = literal_reference(reference)
    if literal is not None:
        return literal.type
    return reference.partition("?")[0] if "?" in reference else ""


def _type_name(resource: Node | None) -> str:
    name = resource.get("resourceType") if resource else None
    return name if isinstance(name, str) else ""


def check_extension(node: Node, place: Place, findings: Findings) -> None:
    """ext-1, and an absolute url unless the extension is part of another."""
    value = any(name.startswith(("value", "_value")) for name in node)
    nested = "extension" in node
    if value == nested:
        found = "a value and nested extensions" if value else "neither a value nor nested extensions"
        findings.report(rules.VALUE_OR_EXTENSIONS, place, found=found)
    url = node.get("url")
    if isinstance(url, str) and ":" not in url:
        outer = place[0][1] if place[0] is not None else ""
        if outer not in ("extension", "modifierExtension"):
            findings.report(rules.RELATIVE_EXTENSION, (place, "url", -1))


def bundle_scope(bundle: Node) -> tuple[BundleIndex, str]:
    kind = bundle.get("type")
    return BundleIndex(bundle), kind if isinstance(kind, str) else ""


def check_bundle(bundle: Node, index: BundleIndex, place: Place, findings: Findings) -> None:
    """bdl-3, -4, -5, -7, -8, -11, -12 (R4 bundle.html). Other constraints of Bundle need FHIRPath."""
    kind = bundle.get("type")
    if not isinstance(kind, str) or kind not in _BUNDLE_TYPES:
        return
    for number, entry in enumerate(index.entries):
        at: Place = (place, "entry", number)
        has_request, has_response = "request" in entry, "response" in entry
        if has_request != (kind in _WITH_REQUEST):
            must = "must not have a" if has_request else "must have a"
            findings.report(rules.REQUEST_MISMATCH, at, type=kind, must=must)
        if has_response != (kind in _WITH_RESPONSE):
            must = "must not have a" if has_response else "must have a"
            findings.report(rules.RESPONSE_MISMATCH, at, type=kind, must=must)
        if not has_request and not has_response and "resource" not in entry and entry:
            findings.report(rules.EMPTY_ENTRY, at)
        if "resource" in entry and "fullUrl" not in entry and kind in _WITH_FULL_URL:
            findings.report(rules.NO_FULL_URL, at, type=kind)
        if "/_history/" in index.full_url(number):
            findings.report(rules.VERSIONED_FULL_URL, (at, "fullUrl", -1))
    if kind != "history":
        for number in index.repeated():
            findings.report(rules.REPEATED_FULL_URL, ((place, "entry", number), "fullUrl", -1))
    expected = _FIRST.get(kind)
    if expected and index.entries and _type_name(index.resource(0)) != expected:
        findings.report(rules.FIRST_ENTRY, (place, "entry", 0), type=kind, expected=expected)


def check_contained(root: Node, place: Place, findings: Findings) -> None:
    """dom-2 to dom-5 (R4 domainresource.html), and ids that tell contained resources apart."""
    inside = root.get("contained")
    if not isinstance(inside, list):
        return
    anchors, seen = set(_anchors(root)), set[str]()
    for number, resource in enumerate(inside):
        if not isinstance(resource, dict):
            continue
        at: Place = (place, "contained", number)
        if "contained" in resource:
            findings.report(rules.NESTED, (at, "contained", -1))
        identity = resource.get("id")
        named = isinstance(identity, str) and f"#{identity}" in anchors
        if not named and "#" not in _anchors(resource):
            findings.report(rules.NOT_REFERRED_TO, at, value=identity if isinstance(identity, str) else "without id")
        if isinstance(identity, str):
            if identity in seen:
                findings.report(rules.REPEATED_CONTAINED, (at, "id", -1), value=identity)
            seen.add(identity)
        meta = resource.get("meta")
        for name in meta if isinstance(meta, dict) else ():
            if name in _NOT_IN_CONTAINED_META:
                findings.report(_NOT_IN_CONTAINED_META[name], ((at, "meta", -1), name, -1), found=name)


def _anchors(node: Mapping[str, object]) -> Iterator[str]:
    """Every text that begins with `#`, wherever it stands: Reference, canonical, uri and url may refer that way."""
    waiting: list[object] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if item.startswith("#"):
                yield item
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
