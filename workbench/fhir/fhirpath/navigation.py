"""From an element to its children."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.fhir.fhirpath.model import Kind, Model
from workbench.fhir.fhirpath.values import Items, Node


def add_children(item: Node, name: str, model: Model, out: list[object]) -> None:
    """Append the children of that name."""
    value = item.value
    kind = item.kind
    if value.__class__ is not dict:
        value = item.extra
        if not value:
            return
    assert isinstance(value, dict)
    children = kind.present(name, value)
    if not children:
        if not kind.children:
            _add_untyped(value, name, model, out)
        return
    for json_name, companion, child in children:
        found = value.get(json_name)
        if child is not None and not child.primitive:
            if found.__class__ is dict:
                out.append(Node(found, child))
            elif isinstance(found, list):
                out.extend(Node(each, child) for each in found if each is not None)
            elif found is not None:
                out.append(Node(found, child))
        elif child is not None:
            extra = value.get(companion)
            if found is not None or extra is not None:
                _add_primitives(found, extra, child, out)
        elif found is not None:
            out.extend(model.resource(each) for each in _listed(found) if isinstance(each, dict))


def has_child(item: object, name: str) -> bool:
    """True when `add_children` would append something."""
    if item.__class__ is not Node:
        return False
    assert isinstance(item, Node)
    value = item.value if item.value.__class__ is dict else item.extra
    if not isinstance(value, dict):
        return False
    children = item.kind.present(name, value)
    if not children:
        return not item.kind.children and name in value
    for json_name, companion, _ in children:
        found = value.get(json_name)
        if (found is not None and found != []) or companion in value:
            return True
    return False


def all_children(item: Node, model: Model) -> list[object]:
    """Every child, in the order of the definition; of an element without definition in the order of the text."""
    out: list[object] = []
    if item.kind.children:
        for name in item.kind.children:
            add_children(item, name, model, out)
    elif isinstance(item.value, dict):
        for name in item.value:
            add_children(item, name, model, out)
    return out


def descendants(items: Items, model: Model) -> Iterator[Node]:
    """All elements below, level by level, resources inside included."""
    level: list[object] = list(items)
    while level:
        following: list[object] = []
        for item in level:
            if isinstance(item, Node):
                following.extend(all_children(item, model))
        yield from (item for item in following if isinstance(item, Node))
        level = following


def _add_primitives(found: object, extra: object, kind: Kind, out: list[object]) -> None:
    if not isinstance(found, list) and not isinstance(extra, list):
        out.append(Node(found, kind, extra if isinstance(extra, dict) else None))
        return
    values, extras = _listed(found), _listed(extra)
    for number in range(max(len(values), len(extras))):
        value = values[number] if number < len(values) else None
        beside = extras[number] if number < len(extras) else None
        if value is not None or isinstance(beside, dict):
            out.append(Node(value, kind, beside if isinstance(beside, dict) else None))


def _add_untyped(value: dict[str, object], name: str, model: Model, out: list[object]) -> None:
    found = value.get(name)
    for each in _listed(found) if found is not None else ():
        if isinstance(each, dict):
            out.append(model.resource(each) if "resourceType" in each else Node(each, model.unknown))
        elif each is not None:
            out.append(Node(each, model.unknown_primitive))


def _listed(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
