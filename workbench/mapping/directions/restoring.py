"""Values that a `keep` rule of a package from v2 to FHIR has kept go back to the places they name."""

from __future__ import annotations

import re

from workbench.mapping.directions.fhir_json import primitive_text
from workbench.mapping.directions.parts import RuleParts
from workbench.mapping.directions.running import Frame, Node, Object, Step, Written
from workbench.mapping.directions.targets import At, TargetSide
from workbench.mapping.engine.running import COPIED, NOTHING, OCCUPIED, VALUE
from workbench.mapping.fhir_target import Kind
from workbench.mapping.model import Json

RESTORED = "$kept"
"""The target of a rule whose source is the extensions that keep values."""

_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})-(\d+)(?:\[(\d+)\])?(?:\.(\d+))?(?:\.(\d+))?")


def restore(parts: RuleParts) -> Step:
    """Each kept value of the segment at hand, where its place is still free.

    raises  Refused MAP-0110: not in a map to a segment
    """
    kind, side = parts.place.kinds[-1], parts.compiler.writing
    if not side.is_segment(kind.type):
        parts.refuse(f"{RESTORED} belongs to a map to a segment")
    read, _ = parts.nodes()

    def run(frame: Frame) -> int:
        written = NOTHING
        for node in read(frame):
            place, text = _inner(node, "place"), _inner(node, "value")
            match = _PLACE.fullmatch(primitive_text(place.value)) if place is not None else None
            if match is None or text is None or place is None or match.group(1) != kind.type:
                continue
            numbers = [int(number or 0) for number in match.groups()[1:]]
            at = _put(side, kind, frame.target, numbers, primitive_text(text.value))
            if at is None:
                frame.run.note(Written(parts.name, (text,), False, frame.target, "", None, OCCUPIED))
                continue
            frame.run.note(Written(parts.name, (node,), True, at.container, at.key, at.item, COPIED))
            written = VALUE
        return written

    return run


def _inner(node: Node, url: str) -> Node | None:
    """The value of an extension's own extension."""
    inner = node.value.get("extension") if isinstance(node.value, dict) else None
    for number, one in enumerate(inner if isinstance(inner, list) else []):
        if isinstance(one, dict) and one.get("url") == url and "valueString" in one and node.place is not None:
            return Node(one["valueString"], (*node.place, "extension", number, "valueString"), node.via)
    return None


def _put(side: TargetSide, kind: Kind, segment: Object, numbers: list[int], text: str) -> At | None:
    """Write a text to field, repetition, component, subcomponent; None when something else stands there."""
    field, repetition, component, subcomponent = numbers
    element = side.child(kind, field)
    key = str(field)
    if element is None or not element.repeats:
        return _into(segment, key, None, component, subcomponent, text)
    many = segment.setdefault(key, [])
    assert isinstance(many, list)  # the field repeats
    while len(many) < max(repetition, 1):
        many.append({})
    return _into(segment, key, max(repetition, 1) - 1, component, subcomponent, text)


def _into(container: Object, key: str, item: int | None, component: int, subcomponent: int, text: str) -> At | None:
    there = _value(container, key, item)
    if component <= 1 and subcomponent <= 1 and not isinstance(there, dict):
        if there in (None, text):
            _set(container, key, item, text)
            return At(container, key, item)
        return None
    inner = _as_parts(container, key, item, there)
    if subcomponent <= 1 and not isinstance(inner.get(str(max(component, 1))), dict):
        return _leaf(inner, str(max(component, 1)), text)
    below = _as_parts(inner, str(max(component, 1)), None, inner.get(str(max(component, 1))))
    return _leaf(below, str(max(subcomponent, 1)), text)


def _leaf(container: Object, key: str, text: str) -> At | None:
    if container.get(key) not in (None, text):
        return None
    container[key] = text
    return At(container, key, None)


def _as_parts(container: Object, key: str, item: int | None, there: Json) -> Object:
    """The value as its parts; what was a text is the first of them."""
    if isinstance(there, dict):
        return there
    parts: Object = {} if there is None else {"1": there}
    _set(container, key, item, parts)
    return parts


def _value(container: Object, key: str, item: int | None) -> Json:
    value = container.get(key)
    if item is None:
        return value
    assert isinstance(value, list)  # the field repeats
    return value[item] or None


def _set(container: Object, key: str, item: int | None, value: Json) -> None:
    if item is None:
        container[key] = value
        return
    many = container[key]
    assert isinstance(many, list)  # the field repeats
    many[item] = value
