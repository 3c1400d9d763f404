"""The functions FHIR adds (R4 fhirpath.html#functions), and those about types."""

from __future__ import annotations

from workbench.fhir.bundle import contained
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.faults import Fault
from workbench.fhir.fhirpath.navigation import add_children
from workbench.fhir.fhirpath.registry import function, text_of
from workbench.fhir.fhirpath.types import type_of
from workbench.fhir.fhirpath.values import EMPTY, FALSE, TRUE, Items, Node
from workbench.fhir.narrative import flaws

_PROFILE_OF_TYPE = "http://hl7.org/fhir/StructureDefinition/"


def _boolean(value: bool | None) -> Items:
    return EMPTY if value is None else TRUE if value else FALSE


@function("type")
def _type(env: Environment, items: Items) -> Items:
    return [type_of(item) for item in items]


@function("extension", 1)
def _extension(env: Environment, items: Items, url: Items) -> Items:
    wanted = text_of(url)
    found: list[object] = []
    for item in items:
        if isinstance(item, Node):
            add_children(item, "extension", env.model, found)
    return [each for each in found if isinstance(each, Node) and _text(each, "url") == wanted]


def _text(node: Node, name: str) -> str:
    value = node.value.get(name) if isinstance(node.value, dict) else None
    return value if isinstance(value, str) else ""


@function("hasValue")
def _has_value(env: Environment, items: Items) -> Items:
    if len(items) != 1:
        return FALSE
    item = items[0]
    return _boolean(not isinstance(item, Node) or (item.value is not None and not isinstance(item.value, dict)))


@function("getValue")
def _get_value(env: Environment, items: Items) -> Items:
    if len(items) != 1:
        return EMPTY
    item = items[0]
    if not isinstance(item, Node):
        return items
    return EMPTY if item.value is None or isinstance(item.value, dict) else (item.value,)


@function("resolve")
def _resolve(env: Environment, items: Items) -> Items:
    found: list[object] = []
    for item in items:
        reference = item.value if isinstance(item, Node) else item
        if isinstance(reference, dict):
            reference = reference.get("reference")
        if not isinstance(reference, str):
            continue
        target = _contained(env, reference) if reference.startswith("#") else None
        target = target or env.surroundings.resolve(reference)
        if target is not None:
            found.append(env.model.resource(target))
    return found


def _contained(env: Environment, reference: str) -> dict[str, object] | None:
    root = env.root.value
    return contained(root, reference) if isinstance(root, dict) else None


@function("memberOf", 1)
def _member_of(env: Environment, items: Items, value_set: Items) -> Items:
    url = text_of(value_set)
    if not items or url is None:
        return EMPTY
    if len(items) > 1:
        raise Fault("memberOf() needs a single item")
    answers = [env.surroundings.member_of(system, code, url) for system, code in _codes(items[0])]
    if any(answer is True for answer in answers):
        return TRUE
    return EMPTY if any(answer is None for answer in answers) else FALSE


def _codes(item: object) -> list[tuple[str, str]]:
    value = item.value if isinstance(item, Node) else item
    if isinstance(value, str):
        return [("", value)]
    if not isinstance(value, dict):
        return []
    codings = value.get("coding") if "coding" in value else [value]
    return [
        (str(coding.get("system", "")), str(coding["code"]))
        for coding in (codings if isinstance(codings, list) else [])
        if isinstance(coding, dict) and "code" in coding
    ]


@function("subsumes", 1)
def _subsumes(env: Environment, items: Items, other: Items) -> Items:
    """Only equal codes are known to subsume one another: hierarchies are not at hand."""
    return TRUE if items and other and _codes(items[0]) == _codes(other[0]) else EMPTY


@function("subsumedBy", 1)
def _subsumed_by(env: Environment, items: Items, other: Items) -> Items:
    return _subsumes(env, other, items)


@function("conformsTo", 1)
def _conforms_to(env: Environment, items: Items, profile: Items) -> Items:
    url = text_of(profile)
    if not items or url is None:
        return EMPTY
    if len(items) > 1:
        raise Fault("conformsTo() needs a single item")
    item = items[0]
    if not isinstance(item, Node) or not isinstance(item.value, dict):
        return FALSE
    name = url.split("|", 1)[0].removeprefix(_PROFILE_OF_TYPE)
    if env.model.kind(name) is not None:
        return _boolean(name in item.kind.ancestors)
    answer = env.surroundings.conforms_to(item.value, url)
    if answer is None:
        raise Fault(f"The profile {url} is not known")
    return _boolean(answer)


@function("elementDefinition")
@function("checkModifiers", 0, 99)
def _unchanged(env: Environment, items: Items, *_ignored: Items) -> Items:
    return items


@function("htmlChecks")
def _html_checks(env: Environment, items: Items) -> Items:
    """True when every narrative is an XHTML div with formatting only."""
    for item in items:
        value = item.value if isinstance(item, Node) else item
        if isinstance(value, dict):
            value = value.get("div")
        if isinstance(value, str) and any(flaw.kind != "empty" for flaw in flaws(value)):
            return FALSE
    return TRUE
