"""Compiling target paths to functions that write.

A place that is taken is never overwritten: the first to write wins, and the caller learns that nothing was written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from workbench.mapping.engine.running import Frame, SlotList
from workbench.mapping.fhir_target import Step, TargetPath, TargetProblem
from workbench.mapping.model import Json

Object = dict[str, Json]
Parent = Callable[[Frame], Object | None]
Walk = Callable[[Frame, Object], Object | None]


class Way(NamedTuple):
    """One step on the way to the last one, from an object to the one it leads to.

    into   which is made when it is not there; None when another choice stands there
    there  None when it is not there
    """

    into: Walk
    there: Walk


class At(msgspec.Struct, frozen=True):
    """Where a value was written; `item` is its number when the key holds a list."""

    container: Object
    key: str
    item: int | None


@dataclass
class Slots:
    """The elements on the way of the target paths of one map or block, numbered for `Frame.slots`.

    asked  the numbers asked for since it was last emptied
    size   how many there are
    """

    numbers: dict[str, int] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    size: int = 0

    def number(self, key: str) -> int:
        number = self.numbers.setdefault(key, len(self.numbers))
        self.size = len(self.numbers)
        self.asked.add(number)
        return number

    def empty(self) -> SlotList:
        """The slots of a new frame."""
        return [None] * self.size


@dataclass(frozen=True)
class Target:
    """A compiled target path.

    parent  the object that has the last step, made when needed; None when another choice stands there
    around  the same object, None when it is not there
    last    the last step
    slot    of the last step when it is labelled: its number in the frame
    direct  True when the object is the frame's own target
    fresh   True when what is written is always a new item of a list
    """

    parent: Parent
    around: Parent
    last: Step
    up: int
    slot: int | None
    direct: bool = False
    key: str = field(init=False)
    repeats: bool = field(init=False)
    fresh: bool = field(init=False)
    others: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        element = self.last.element
        object.__setattr__(self, "key", element.name)
        object.__setattr__(self, "repeats", element.repeats)
        object.__setattr__(self, "others", frozenset(element.others))
        numbered = (self.last.label or "").isdigit()
        object.__setattr__(self, "fresh", self.slot is None and element.repeats and not numbered)

    def quick(self) -> Callable[[Frame, Json], Object | None]:
        """`put` without the number in a list: the object written to, None when the place is taken."""
        parent, key, others = self.parent, self.key, self.others
        if self.direct and not others:
            return _quick_list(key) if self.repeats else _quick_single(key)
        if self.repeats:

            def append(frame: Frame, value: Json) -> Object | None:
                container = parent(frame)
                if container is not None:
                    there = container.setdefault(key, [])
                    assert isinstance(there, list)
                    there.append(value)
                return container

            return append

        def put(frame: Frame, value: Json) -> Object | None:
            container = parent(frame)
            if container is None:
                return None
            if key in container:
                return container if container[key] == value else None
            if others and not others.isdisjoint(container):
                return None
            container[key] = value
            return container

        return put

    def put(self, frame: Frame, value: Json) -> At | None:
        """Write a primitive or a finished object; None when the place is taken by another value."""
        container = self.parent(frame)
        if container is None:
            return None
        key = self.key
        if self.repeats:
            there = container.setdefault(key, [])
            assert isinstance(there, list)
            there.append(value)
            return At(container, key, len(there) - 1)
        if key in container:
            return At(container, key, None) if container[key] == value else None
        if self.others and not self.others.isdisjoint(container):
            return None
        container[key] = value
        return At(container, key, None)

    def extend(self, frame: Frame, extensions: list[Json]) -> At | None:
        """Say something about a primitive that has no value of its own; None when the place is taken."""
        container = self.parent(frame)
        key = self.key
        if container is None or (not self.repeats and (key in container or f"_{key}" in container)):
            return None
        if not self.repeats:
            container[f"_{key}"] = {"extension": extensions}
            return At(container, f"_{key}", None)
        values = container.setdefault(key, [])
        besides = container.setdefault(f"_{key}", [])
        assert isinstance(values, list) and isinstance(besides, list)
        besides += [None] * (len(values) - len(besides))
        values.append(None)
        besides.append({"extension": extensions})
        return At(container, f"_{key}", len(besides) - 1)

    def existing(self, frame: Frame) -> Object | None:
        """The object that stands at the path and is to be filled, None when a new one is to be made.

        Nothing is made on the way: what fills the new one may find nothing to write.
        """
        if self.slot is not None:
            return frame.slots[self.slot]
        if self.fresh:
            return None
        container = self.around(frame)
        there = None if container is None else container.get(self.key)
        if isinstance(there, list):
            at = int(self.last.label or 0)
            there = there[at] if at < len(there) else None
        return there if isinstance(there, dict) else None

    def attaching(self) -> Callable[[Frame, Object], Object | None]:
        """Puts a new object at the path and remembers it when it is labelled; None when the place is taken."""
        put, slot = self.quick(), self.slot
        if slot is None:
            return put

        def attach(frame: Frame, made: Object) -> Object | None:
            container = put(frame, made)
            if container is not None:
                frame.slots[slot] = made
            return container

        return attach


def _quick_single(key: str) -> Callable[[Frame, Json], Object | None]:
    def put(frame: Frame, value: Json) -> Object | None:
        container = frame.target
        if key in container:
            return container if container[key] == value else None
        container[key] = value
        return container

    return put


def _quick_list(key: str) -> Callable[[Frame, Json], Object | None]:
    def append(frame: Frame, value: Json) -> Object | None:
        container = frame.target
        there = container.get(key)
        if there is None:
            container[key] = [value]
        else:
            assert isinstance(there, list)  # the element repeats
            there.append(value)
        return container

    return append


def compile_target(path: TargetPath, slots: Slots) -> Target:
    """The writer of a path.

    raises  TargetProblem: extension of a primitive that repeats, or steps below a primitive
    """
    if not path.steps:
        raise TargetProblem("$value is not possible here")
    key = "../" * path.up
    ways: list[Way] = []
    shared = path.up == 0
    for step, after in zip(path.steps, path.steps[1:], strict=False):
        key += f"{step.element.name}({step.url})[{step.label}]."
        ways.append(_way(_ahead(step, after), slots.number(key) if shared else None))
        shared = shared and step.label != ""
    last = path.steps[-1]
    slot = None
    if last.label and not last.label.isdigit():
        slot = slots.number(f"{key}{last.element.name}({last.url})[{last.label}].")
    parent = _parent(path.up, tuple(way.into for way in ways))
    around = _parent(path.up, tuple(way.there for way in ways))
    return Target(parent, around, last, path.up, slot, not path.up and not ways)


def _ahead(step: Step, after: Step) -> Step:
    """The step as a way to the next: a primitive is extended beside itself."""
    if not step.element.primitive:
        return step
    if after.element.name not in ("extension", "id"):
        raise TargetProblem(f"{step.element.name} is a primitive; only an extension can stand below it")
    if step.label is not None and not step.label.isdigit():
        raise TargetProblem(f"{step.element.name} is a primitive; only a number can stand in its brackets")
    beside = f"_{step.element.name}"
    return Step(type(step.element)(beside, step.element.kind, step.element.repeats, True), step.label, "")


def _parent(up: int, ways: tuple[Walk, ...]) -> Parent:
    if not up and not ways:
        return lambda frame: frame.target
    if not up and len(ways) == 1:
        way = ways[0]
        return lambda frame: way(frame, frame.target)

    def parent(frame: Frame) -> Object | None:
        start = frame
        for _ in range(up):
            assert start.outer is not None  # the compiler knows the frames around
            start = start.outer
        container: Object | None = start.target
        for step in ways:
            if container is None:
                return None
            container = step(frame, container)
        return container

    return parent


def _way(step: Step, slot: int | None) -> Way:
    """`slot` is the number of the element a step leads to when other rules may write into it."""
    if not step.element.repeats:
        return _single(step)
    if step.element.primitive:
        return _beside_list(step.element.name, None if step.label is None else int(step.label))
    if step.label is not None and step.label.isdigit():
        return _numbered(step.element.name, int(step.label), step.url)
    return _item(step, slot)


def _single(step: Step) -> Way:
    key, others = step.element.name, frozenset(step.element.others)

    def into(frame: Frame, container: Object) -> Object | None:
        there = container.get(key)
        if there is None:
            if others and not others.isdisjoint(container):
                return None
            there = container[key] = {}
        return there if isinstance(there, dict) else None

    def look(frame: Frame, container: Object) -> Object | None:
        there = container.get(key)
        return there if isinstance(there, dict) else None

    return Way(into, look)


def _item(step: Step, slot: int | None) -> Way:
    """To an item of a list: the one its label names, or a new one."""
    key, shared = step.element.name, slot if step.label != "" else None

    def into(frame: Frame, container: Object) -> Object | None:
        known = frame.slots[shared] if shared is not None else None
        if known is None:
            known = {"url": step.url} if step.url else {}
            there = container.get(key)
            if there is None:
                container[key] = [known]
            else:
                assert isinstance(there, list)
                there.append(known)
            if slot is not None:
                frame.slots[slot] = known
        return known

    def look(frame: Frame, container: Object) -> Object | None:
        return frame.slots[shared] if shared is not None else None

    return Way(into, look)


def _beside_list(key: str, at: int | None) -> Way:
    """To what stands beside one value of a primitive that repeats; without a number, beside the last one."""

    def number_in(container: Object) -> int:
        values = container.get(key[1:])
        return at if at is not None else max(0, len(values) - 1) if isinstance(values, list) else 0

    def into(frame: Frame, container: Object) -> Object | None:
        number = number_in(container)
        besides = container.setdefault(key, [])
        assert isinstance(besides, list)
        besides += [None] * (number + 1 - len(besides))
        if besides[number] is None:
            besides[number] = {}
        found = besides[number]
        return found if isinstance(found, dict) else None

    def look(frame: Frame, container: Object) -> Object | None:
        return _at(container.get(key), number_in(container))

    return Way(into, look)


def _numbered(key: str, at: int, url: str) -> Way:
    def into(frame: Frame, container: Object) -> Object | None:
        there = container.setdefault(key, [])
        assert isinstance(there, list)
        if at < len(there):
            found = there[at]
            return found if isinstance(found, dict) else None
        made: Object = {"url": url} if url else {}
        there.append(made)
        return made

    return Way(into, lambda frame, container: _at(container.get(key), at))


def _at(there: Json, number: int) -> Object | None:
    """The object with that number in a list, None when there is none."""
    found = there[number] if isinstance(there, list) and number < len(there) else None
    return found if isinstance(found, dict) else None
