"""Between like things: what no rule takes goes over as it stands.

The unit is a repetition of a field, a component, or an item of an element. Of one that a rule has taken something of,
nothing more is copied: the rules answer for it, and the ledger shows what they leave.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from workbench.mapping.directions.running import Document, Node, Object, Place, Run, Written
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.directions.v2_target import Raw
from workbench.mapping.model import Json
from workbench.mapping.running import COPIED, NOTHING, VALUE, RuleName

COPY = "copy"
"""The name of the rule that copies, in trace and ledger."""

Left = Callable[[Place], bool]
"""True when an ignore rule says that a value is left out."""


def copied_value(document: Document, node: Node) -> Json:
    """A node with everything below it, as the target's tree holds it."""
    if isinstance(document, V2Source):
        return _v2_tree(document, node, _keep_all)
    return node.value


def _keep_all(place: Place) -> bool:
    return False


def _v2_tree(document: V2Source, node: Node, left: Left) -> Json:
    """A value of v2 as nested numbers and raw texts; without the parts that are left out."""
    place = node.place or ()
    if len(place) >= 5 or (len(parts := document.parts(node)) == 1 and parts[0].value == node.value):
        return None if left(document.first_leaf(place)) else Raw(str(node.value))
    if not parts:  # nothing but separators
        return None if left(document.first_leaf(place)) else Raw(str(node.value))
    tree: Object = {}
    for part in parts:
        value = _v2_tree(document, part, left)
        if value is not None:
            tree[str((part.place or (0,))[-1])] = value
    return tree or None


def copy_rest(run: Run, name: str, node: Node, element: Object, start: int) -> int:
    """Copy the children of a node that no rule since `start` of the trace has taken anything of."""
    document, place = run.document, node.place
    if place is None:
        return NOTHING
    taken = _children_taken(run, place, start, 2 if isinstance(document, V2Source) and len(place) == 1 else 1)
    if isinstance(document, V2Source):
        return _copy_v2(run, document, name, node, element, taken)
    return _copy_fhir(run, name, node, element, taken)


def _children_taken(run: Run, place: Place, start: int, depth: int) -> set[Place]:
    """Which children of a place the rules have taken something of; a FHIR list counts by its items."""
    found: set[Place] = set()
    for written in (run.trace or [])[start:]:
        for node in written.nodes:
            if node.place is not None and node.place[: len(place)] == place and len(node.place) > len(place):
                below = node.place[: len(place) + depth]
                found.add(below)
                found.add(node.place[: len(place) + 2])
    return found


def _copy_v2(run: Run, document: V2Source, name: str, node: Node, element: Object, taken: set[Place]) -> int:
    written = NOTHING
    left = leaving(run)
    in_segment = len(node.place or ()) == 1
    for part in document.parts(node):
        place = part.place or ()
        if place in taken:
            continue
        value = _v2_tree(document, part, left)
        if value is None:
            continue
        key = str(place[1] if in_segment else place[-1])
        many = element.get(key)
        if not in_segment and many is not None:
            continue
        item = None
        if in_segment:
            if many is None:
                many = element[key] = []
            elif not isinstance(many, list):
                continue
            many.append(value)
            item = len(many) - 1
        else:
            element[key] = value
        run.note(Written(RuleName(name, COPY), (part,), True, element, key, item, COPIED))
        written = VALUE
    return written


def _copy_fhir(run: Run, name: str, node: Node, element: Object, taken: set[Place]) -> int:
    written = NOTHING
    value, place = node.value, node.place or ()
    left = leaving(run)
    for key, item in value.items() if isinstance(value, dict) else ():
        if key == "resourceType":
            element.setdefault(key, item)
            continue
        if isinstance(item, list):
            written |= _copy_list(run, name, element, (*place, key), item, taken, left)
            continue
        if (*place, key) in taken or key in element:
            continue
        kept = _pruned(item, (*place, key), left)
        if kept is not None:
            element[key] = kept
            run.note(Written(RuleName(name, COPY), (Node(item, (*place, key)),), True, element, key, None, COPIED))
            written = VALUE
    return written


def _copy_list(
    run: Run, name: str, element: Object, place: Place, items: list[Json], taken: set[Place], left: Left
) -> int:
    written, key = NOTHING, str(place[-1])
    if (
        key.startswith("_")
        and key[1:] in element
        and key not in element
        and any(p[: len(place)] == place for p in taken)
    ):
        return written
    for number, item in enumerate(items):
        here = (*place, number)
        kept = None if here in taken else _pruned(item, here, left)
        if kept is None and not (item is None and place not in taken):
            continue
        many = element.setdefault(key, [])
        if not isinstance(many, list):
            continue
        many.append(kept)
        run.note(Written(RuleName(name, COPY), (Node(item, here),), True, element, key, len(many) - 1, COPIED))
        written = VALUE
    return written


def _pruned(value: Json, place: Place, left: Left) -> Json:
    """A value without the primitives that are left out, None when nothing remains."""
    if isinstance(value, dict):
        kept = {
            key: inner
            for key, item in value.items()
            if (inner := item if key == "resourceType" else _pruned(item, (*place, key), left)) is not None
        }
        return kept or None
    if isinstance(value, list):
        items = [
            inner for number, item in enumerate(value) if (inner := _pruned(item, (*place, number), left)) is not None
        ]
        return items or None
    return None if value is None or left(place) else value


def leaving(run: Run) -> Left:
    """Which places the ignore rules leave out."""
    covering = run.covering
    if covering is None:
        return _keep_all
    return cache(lambda place: covering.ignored(place) is not None)
