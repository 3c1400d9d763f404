"""Steps that are run as one: all of them, the first that writes, and those whose work is remembered together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import count
from typing import NamedTuple

from workbench.mapping.directions.looks import Looks, Reach
from workbench.mapping.directions.patterns import Place
from workbench.mapping.directions.remembering import LONGEST, Recall, fill_once, json_of
from workbench.mapping.directions.running import Frame, Node, Object, Step
from workbench.mapping.engine.running import NOTHING

_NUMBERS = count()

CONTAINED = b'"#'
"""How a reference to a contained resource begins: what it leads to depends on where it stands."""


class Doing(NamedTuple):
    """The steps of one rule for objects with certain keys.

    looks   at what
    writes  the keys of the element at hand it writes to; None when that cannot be told
    """

    steps: list[Step]
    looks: Looks
    writes: frozenset[str] | None


def first_of(steps: Sequence[Step]) -> Step:
    def run(frame: Frame) -> int:
        for step in steps:
            written = step(frame)
            if written:
                return written
        return NOTHING

    return run


def all_of(steps: Sequence[Step]) -> Step:
    def run(frame: Frame) -> int:
        written = NOTHING
        for step in steps:
            written |= step(frame)
        return written

    return run


def grouped(doings: Sequence[Doing], keys: Set[str]) -> list[Step]:
    """The steps of rules, those remembered together that look at the same and write where no other does."""
    owners: dict[str, set[Looks | None]] = {}
    looks = [_populated(doing, keys) for doing in doings]
    for doing, look in zip(doings, looks, strict=True):
        for key in doing.writes or ():
            owners.setdefault(key, set()).add(look)
    found: list[Step] = []
    groups: dict[Looks, _Group] = {}
    for doing, look in zip(doings, looks, strict=True):
        if doing.writes is None:
            groups = {}  # what comes behind must find the places as they are after it
        if look is None or doing.writes is None or any(len(owners[key]) > 1 for key in doing.writes):
            found += doing.steps
        elif look in groups:
            groups[look].add(doing)
        else:
            groups[look] = _Group(look)
            groups[look].add(doing)
            found.append(groups[look].run)
    return found


def _populated(doing: Doing, keys: Set[str]) -> Looks | None:
    """What rules look at, with the keys that are there; None where nothing would be gained or told."""
    looks = doing.looks
    if looks.reach is Reach.AROUND or looks.keys is None:
        return None
    there = looks.among(keys)
    return Looks(looks.reach, there, rows=looks.rows) if there or looks.rows else None


class _Group:
    """Rules that look at the same, with a memory of what they made of it."""

    def __init__(self, looks: Looks) -> None:
        self._number = next(_NUMBERS)
        self._keys = tuple(sorted(looks.keys or ()))
        self._rows = tuple(sorted(looks.rows))
        self._of_document = looks.reach is not Reach.VALUE or bool(looks.rows)
        self._steps: list[Step] = []
        self._writes: frozenset[str] = frozenset()
        self._recall = Recall()

    def add(self, doing: Doing) -> None:
        self._steps += doing.steps
        self._writes |= doing.writes or frozenset()

    def run(self, frame: Frame) -> int:
        value, recall = frame.at.value, self._recall
        if not recall.uses.fair() or not self._writes.isdisjoint(frame.target):
            return self._plain(frame)
        assert isinstance(value, dict)  # the plan is for its keys
        text = json_of([value[key] for key in self._keys])
        if len(text) > LONGEST or (self._of_document and CONTAINED in text):
            return self._plain(frame)
        if not self._of_document:
            return recall.fill(text, self._fill, frame, frame.at, frame.target)
        key = [self._number, text, *self._places(frame)]
        if frame.at.place in key:  # what is read of the row is read of the value at hand
            return self._plain(frame)
        return fill_once(tuple(key), recall.uses, self._fill, frame, frame.at, frame.target)

    def _places(self, frame: Frame) -> Iterator[Place | None]:
        """Where the resources of the rows around stand."""
        for name in self._rows:
            around = frame.owner.around(name)
            yield None if around is None else around.source.place

    def _fill(self, frame: Frame, node: Node, element: Object) -> int:
        return self._plain(Frame(frame.run, node, frame.owner, element, {}, frame.outer))

    def _plain(self, frame: Frame) -> int:
        written = NOTHING
        for step in self._steps:
            written |= step(frame)
        return written


def steps_of(doings: Iterable[Doing]) -> list[Step]:
    return [step for doing in doings for step in doing.steps]
