"""Remembering what a map makes of an object, as far as it depends on that object or its document alone.

Codes and units come again in document after document; one doctor or laboratory is referred to from many places of one.
What a fast run has made of them is copied the next time; traced runs make everything, so that fast ones can be checked
against them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from workbench.fhir.json_tree import dumps
from workbench.mapping.directions.patterns import Place
from workbench.mapping.directions.running import Frame, Node, Object, Remembered, Taken, Written
from workbench.mapping.model import Json
from workbench.mapping.running import COPIED, OCCUPIED, RuleName


class Reach(IntEnum):
    """How far the rules of a map look: what they make is the same as long as nothing within reach differs."""

    AROUND = 0
    """The rows and segments around it."""
    DOCUMENT = 1
    """The document: references that are followed."""
    VALUE = 2
    """Nothing but the value at hand."""


LONGEST = 2048
"""Bytes of JSON; longer values hardly come twice."""

REMEMBERED_VALUES = 2048
"""Values kept for one map."""

FAIR_TRIAL = 64
"""Values from which on a map whose values hardly ever come again keeps no more of them."""

Fill = Callable[[Frame, Node, Object], int]

REMEMBERED = RuleName("", "remembered")
"""The name under which a run without a full trace notes what came from memory."""


class Recall:
    """The memory of one map that looks at nothing but the value at hand."""

    def __init__(self) -> None:
        self._known: dict[object, Remembered] = {}
        self._hits = self._misses = 0

    def fill(self, fill: Fill, frame: Frame, node: Node, element: Object) -> int:
        """`fill` an empty element, or copy what was made of an equal value before."""
        run = frame.run
        text = dumps(node.value)
        if len(text) > LONGEST:
            return fill(frame, node, element)
        key = (text, run.sender, run.trace is None)
        known = self._known.get(key)
        if known is not None:
            self._hits += 1
            return _again(known, frame, node, element, node.place or ())
        self._misses += 1
        made = _made(fill, frame, node, element, len(node.place or ()))
        if made.kept is not None and (self._misses <= FAIR_TRIAL or self._misses <= 8 * self._hits):
            if len(self._known) >= REMEMBERED_VALUES:
                self._known.clear()
            self._known[key] = made.kept
        return made.written


def fill_once(name: object, fill: Fill, frame: Frame, node: Node, element: Object) -> int:
    """`fill` an empty element, or copy what was made of the same place of the document; `name` tells maps apart."""
    key = (name, node.place)
    known = frame.run.made.get(key)
    if known is not None:
        return _again(known, frame, node, element, ())
    made = _made(fill, frame, node, element, 0)
    if made.kept is not None:
        frame.run.made[key] = made.kept
    return made.written


class _Made(NamedTuple):
    """What `fill` has written; `kept` is None for what cannot be copied or gave rise to an issue."""

    written: int
    kept: Remembered | None


def _made(fill: Fill, frame: Frame, node: Node, element: Object, level: int) -> _Made:
    run = frame.run
    start, issues = len(run.trace or ()), len(run.issues)
    written = fill(frame, node, element)
    if len(run.issues) > issues or not _plain(element):
        return _Made(written, None)
    taken = tuple(_taken((run.trace or [])[start:], node, element, level))
    return _Made(written, Remembered(written, copy_of(element), taken))


def _again(known: Remembered, frame: Frame, node: Node, element: Object, base: Place) -> int:
    element.update(copy_of(known.element))
    for taken in known.taken:
        container = _at(element, taken.way)
        via = (*node.via, *((*base, *place) for place in taken.via))
        for places, whole in ((taken.whole, True), (taken.alone, False)):
            if places:
                nodes = [Node(None, (*base, *place)) for place in places]
                nodes.append(Node(None, None, via))
                frame.run.note(Written(REMEMBERED, tuple(nodes), whole, container, "", None, taken.outcome))
    return known.written


def _taken(notes: Iterable[Written], node: Node, element: Object, level: int) -> Iterator[Taken]:
    """The notes by the object they wrote to; what wrote to none of the element did not arrive.

    level  how many steps of places are left out
    """
    ways = dict(_ways(element, ()))
    gone = len(node.via)
    found: dict[tuple[Place | None, bool], list[Written]] = {}
    for note in notes:
        way = ways.get(id(note.container))
        found.setdefault((way, note.outcome.written and way is not None), []).append(note)
    for (way, arrived), written in found.items():
        places: dict[bool, dict[Place, None]] = {True: {}, False: {}}
        via: dict[Place, None] = {}
        for note in written:
            for one in note.nodes:
                via.update((place[level:], None) for place in one.via[gone:])
                if one.place is not None:
                    places[note.whole][one.place[level:]] = None
        yield Taken(way or (), COPIED if arrived else OCCUPIED, tuple(places[True]), tuple(places[False]), tuple(via))


def _ways(value: Json, way: Place) -> Iterator[tuple[int, Place]]:
    """Every object in an element, by its identity in memory, with the way to it."""
    if isinstance(value, dict):
        yield id(value), way
        for key, item in value.items():
            yield from _ways(item, (*way, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _ways(item, (*way, number))


def _at(value: Json, way: Place) -> Object:
    for step in way:
        value = value[step]  # type: ignore[index]
    assert isinstance(value, dict)  # it was one when it was remembered
    return value


def copy_of(value: Object) -> Object:
    """A copy that shares no object with the element."""
    return {key: _copied(item) if isinstance(item, dict | list) else item for key, item in value.items()}


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return copy_of(value)
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _plain(value: Json) -> bool:
    """True when copies are equal in every respect: no text says of itself that it has its escapes already."""
    if isinstance(value, dict):
        return all(map(_plain, value.values()))
    if isinstance(value, list):
        return all(map(_plain, value))
    return type(value) is str or not isinstance(value, str)
