"""Remembering what a map makes of an object, as far as it depends on that object or its document alone.

Codes and units come again in document after document; one doctor or laboratory is referred to from many places of one.
What a fast run has made of them is copied the next time; traced runs make everything, so that fast ones can be checked
against them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import replace

import msgspec

from workbench.mapping.directions.patterns import Place
from workbench.mapping.directions.running import Frame, Node, Object, Remembered, Taken, Written
from workbench.mapping.engine.running import COPIED, OCCUPIED, RuleName
from workbench.mapping.model import Json

LONGEST = 2048
"""Bytes of JSON; longer values hardly come twice."""

REMEMBERED_VALUES = 2048
"""Values kept for one map."""

FAIR_TRIAL = 64
"""Values from which on a map whose values hardly ever come again keeps no more of them."""

Fill = Callable[[Frame, Node, Object], int]
Below = tuple[bool, Place]
"""A place below a value, or where the first is False one that counts from the root."""

REMEMBERED = RuleName("", "remembered")
"""The name under which a run without a full trace notes what came from memory."""


_encoder = msgspec.json.Encoder(decimal_format="number")
json_of: Callable[[Json], bytes] = _encoder.encode
"""JSON that is the same for equal values only: `1.50` is not `1.5`."""


class Uses:
    """How often what was kept was of use."""

    __slots__ = ("hits", "misses")

    def __init__(self) -> None:
        self.hits = self.misses = 0

    def fair(self) -> bool:
        """False once it has been tried fairly, and hardly anything came again."""
        return self.misses <= FAIR_TRIAL or self.misses <= 2 * self.hits


class Recall:
    """What was made of values that were looked at alone."""

    def __init__(self) -> None:
        self.uses = Uses()
        self._known: dict[object, Remembered] = {}

    def fill(self, text: bytes, fill: Fill, frame: Frame, node: Node, element: Object) -> int:
        """`fill` an element, or copy what was made before; `text` holds all that `fill` looks at."""
        run = frame.run
        key = (text, run.sender, run.trace is None)
        known = self._known.get(key)
        if known is not None:
            self.uses.hits += 1
            return _again(known, frame, node, element)
        self.uses.misses += 1
        written, made = _made(fill, frame, node, element)
        if made is not None:
            if len(self._known) >= REMEMBERED_VALUES:
                self._known.clear()
            self._known[key] = made
        return written


def fill_once(key: object, uses: Uses, fill: Fill, frame: Frame, node: Node, element: Object) -> int:
    """`fill` an element, or copy what was made of the same in this document; `key` holds all that `fill` looks at."""
    known = frame.run.made.get(key)
    if known is not None:
        uses.hits += 1
        return _again(known, frame, node, element)
    uses.misses += 1
    written, made = _made(fill, frame, node, element)
    if made is not None:
        frame.run.made[key] = made
    return written


def _made(fill: Fill, frame: Frame, node: Node, element: Object) -> tuple[int, Remembered | None]:
    """What `fill` writes, and how it can be written again; what gave rise to an issue is made each time."""
    run = frame.run
    start, issues = len(run.trace or ()), len(run.issues)
    there = set(element)
    written = fill(frame, node, element)
    if len(run.issues) > issues:
        return written, None
    notes = (run.trace or [])[start:]
    if _comes_back(notes, node):
        return written, None
    made = {key: value for key, value in element.items() if key not in there}
    return written, Remembered(written, copy_of(made), tuple(_taken(notes, node, element, made)))


def _comes_back(notes: Iterable[Written], node: Node) -> bool:
    """True when a reference led back into the value: what is below it then depends on where it stands."""
    base, gone = node.place or (), len(node.via)
    level = len(base)
    for note in notes:
        for one in note.nodes:
            followed = False
            for place in one.via[gone:]:
                if followed and place[:level] == base:
                    return True
                followed = followed or place[-1] == "reference"
            if followed and one.place is not None and one.place[:level] == base:
                return True
    return False


def _again(known: Remembered, frame: Frame, node: Node, element: Object) -> int:
    element.update(copy_of(known.element))
    if not known.gathered:
        known.taken, known.gathered = tuple(_fewer(taken, node.value) for taken in known.taken), True
    base, run = node.place or (), frame.run
    for taken in known.taken:
        via = node.via
        if taken.via:
            via = (*via, *[(*base, *place) if below else place for below, place in taken.via])
        container = _at(element, taken.way) if taken.way else element
        whole = tuple([Node(None, (*base, *place) if below else place, via) for below, place in taken.whole])
        if whole or (via and not taken.alone):
            nodes = whole or (Node(None, None, via),)
            run.note(Written(REMEMBERED, nodes, True, container, "", None, taken.outcome))
        if taken.alone:
            nodes = tuple([Node(None, (*base, *place) if below else place, via) for below, place in taken.alone])
            run.note(Written(REMEMBERED, nodes, False, container, "", None, taken.outcome))
    return known.written


def _taken(notes: Iterable[Written], node: Node, element: Object, made: Object) -> Iterator[Taken]:
    """The notes by the object they wrote to; what wrote to none that was made did not arrive."""
    ways = dict(_ways(made, ()))
    ways[id(element)] = ()
    base, gone = node.place or (), len(node.via)
    level = len(base)

    def seen(place: Place) -> tuple[bool, Place]:
        return (True, place[level:]) if place[:level] == base else (False, place)

    found: dict[tuple[Place | None, bool], list[Written]] = {}
    for note in notes:
        way = ways.get(id(note.container))
        found.setdefault((way, note.outcome.written and way is not None), []).append(note)
    for (way, arrived), written in found.items():
        places: dict[bool, dict[tuple[bool, Place], None]] = {True: {}, False: {}}
        via: dict[tuple[bool, Place], None] = {}
        for note in written:
            for one in note.nodes:
                via.update((seen(place), None) for place in one.via[gone:])
                if one.place is not None:
                    places[note.whole][seen(one.place)] = None
        outcome = COPIED if arrived else OCCUPIED
        yield Taken(way or (), outcome, tuple(places[True]), tuple(places[False]), tuple(via))


def _fewer(taken: Taken, value: Json) -> Taken:
    """The same said with fewer places: an element for all that is populated in it."""
    whole, alone = frozenset(taken.whole), frozenset(taken.alone)
    firsts = {place[0] for below, place in whole | alone if below and place}
    below = {key: item for key, item in value.items() if key in firsts} if isinstance(value, dict) else value
    places = _gathered(below, (), whole, alone)[1] if taken.outcome.written else []
    if not places:
        return taken
    return replace(
        taken,
        whole=(*((True, place) for place in places), *(place for place in taken.whole if not place[0])),
        alone=tuple(place for place in taken.alone if not place[0]),
    )


def _gathered(value: Json, place: Place, whole: Container[Below], alone: Container[Below]) -> tuple[bool, list[Place]]:
    """The places below a value that were taken, as few as say the same, and whether nothing populated is missing.

    The value itself is never among them: a group of rules does not know all of it. A list is taken by its items.
    """
    if (True, place) in whole:
        return True, [place]
    if not isinstance(value, dict | list):
        taken = (True, place) in alone
        return taken or value is None or value == "", [place] if taken else []
    complete, found = True, list[Place]()
    for step, item in value.items() if isinstance(value, dict) else enumerate(value):
        if step != "resourceType":
            below = _gathered(item, (*place, step), whole, alone)
            complete = complete and below[0]
            found += below[1]
    return complete, [place] if complete and found and place and isinstance(value, dict) else found


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
    return {key: item if isinstance(item, str) else _copied(item) for key, item in value.items()}


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return copy_of(value)
    return [_copied(item) for item in value] if isinstance(value, list) else value
