"""Writing to the places of a target: the first value stays, a later one finds its place taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from workbench.mapping.directions.running import Frame, Object
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.directions.v2_target import Verbatim
from workbench.mapping.fhir_target import Element, Kind, Step, TargetPath
from workbench.mapping.model import Json

Converter = Callable[[str], tuple[Json, str]]
"""A text as a value of a primitive type, and what was assumed about it; raises Misfit: it cannot be one."""


class TargetSide(Protocol):
    """What the compiler asks of the target's standard; `directions.v2_target` and `.fhir_side` answer."""

    def root(self, name: str) -> Kind | None: ...
    def is_segment(self, name: str) -> bool: ...
    def takes(self, kind: Kind, made: str) -> bool: ...
    def is_primitive(self, kind: Kind) -> bool: ...
    def holds_codes_alone(self, kind: Kind) -> bool: ...
    def child(self, kind: Kind, number: int) -> Element | None: ...
    def read(self, text: str, kinds: tuple[Kind, ...]) -> TargetPath: ...
    def leaf(self, path: TargetPath) -> TargetPath: ...
    def converter(self, kind: Kind) -> Converter: ...


class At(msgspec.Struct, frozen=True):
    """Where a value was written; `item` is its number when the key holds a list."""

    container: Object
    key: str
    item: int | None


class Target:
    """One target path at work."""

    def __init__(self, path: TargetPath) -> None:
        self._up = path.up
        self._way = path.steps[:-1]
        self.last = path.steps[-1]
        self.key = self.last.element.name
        self.repeats = self.last.element.repeats
        self.kind = self.last.element.kind
        self._prefixes = [_name(path.steps[: number + 1]) for number in range(len(path.steps))]
        self.labelled = bool(self.last.label)
        self.numbered = (self.last.label or "").isdigit()
        self._others = frozenset(self.last.element.others)
        self._here = not path.up and not self._way

    def put(self, frame: Frame, value: Json) -> At | None:
        """Write a value; None when the place is taken by another one."""
        container = frame.target if self._here else self._container(frame)
        if container is None:
            return None
        if self.repeats:
            there = container.setdefault(self.key, [])
            assert isinstance(there, list)  # the element repeats
            there.append(value)
            return At(container, self.key, len(there) - 1)
        if self.key in container:
            return At(container, self.key, None) if container[self.key] == value else None
        if self._others and not self._others.isdisjoint(container):
            return None
        container[self.key] = value
        return At(container, self.key, None)

    def existing(self, frame: Frame) -> Object | None:
        """The element that is to be filled, None when a new one is to be made."""
        if self.labelled and not self.numbered:
            return frame.slots.get(self._prefixes[-1])
        if self.repeats and not self.numbered:
            return None
        container = self._container(frame)
        there = None if container is None else container.get(self.key)
        if isinstance(there, list):
            number = int(self.last.label or 0)
            there = _item(frame, there, number) if number < len(there) else None
        return there if isinstance(there, dict) else None

    def attach(self, frame: Frame, element: Object) -> At | None:
        """Put a new element there, and remember it when it is labelled."""
        at = self.put(frame, element)
        if at is not None and self.labelled and not self.numbered:
            frame.slots[self._prefixes[-1]] = element
        return at

    def _container(self, frame: Frame) -> Object | None:
        start = frame
        for _ in range(self._up):
            assert start.outer is not None  # the compiler knows the frames around
            start = start.outer
        container: Object | None = start.target
        for step, prefix in zip(self._way, self._prefixes, strict=False):
            if container is None:
                return None
            container = _enter(start, container, step, prefix)
        return container


def _name(steps: tuple[Step, ...]) -> str:
    return ".".join(f"{step.element.name}({step.url})[{step.label}]" for step in steps)


def _enter(frame: Frame, container: Object, step: Step, prefix: str) -> Object | None:
    """The element a step leads to, made when it is not there; None when something else stands there."""
    key, element = step.element.name, step.element
    if element.primitive:
        return _beside(container, key, element.repeats)
    if not element.repeats:
        if key not in container and not set(element.others).isdisjoint(container):
            return None
        there = container.setdefault(key, {})
        return there if isinstance(there, dict) else None
    known = frame.slots.get(prefix) if step.label != "" else None
    if known is not None:
        return known
    many = container.setdefault(key, [])
    assert isinstance(many, list)  # the element repeats
    if step.label is not None and step.label.isdigit() and int(step.label) < len(many):
        found = _item(frame, many, int(step.label))
        return found if isinstance(found, dict) else None
    made: Object = {"url": step.url} if step.url else {}
    many.append(made)
    frame.slots[prefix] = made
    return made


def _item(frame: Frame, many: list[Json], number: int) -> Json:
    """An item of a list; one that was copied as it stands is opened, because something is to be written into it."""
    item = many[number]
    if isinstance(item, Verbatim) and isinstance(frame.run.document, V2Source):
        item = many[number] = frame.run.document.opened(item)
    return item


def _beside(container: Object, key: str, repeats: bool) -> Object | None:
    """What stands beside a primitive, or beside the last of those that repeat."""
    if not repeats:
        there = container.setdefault(f"_{key}", {})
        return there if isinstance(there, dict) else None
    values = container.get(key)
    number = max(0, len(values) - 1) if isinstance(values, list) else 0
    besides = container.setdefault(f"_{key}", [])
    assert isinstance(besides, list)
    besides += [None] * (number + 1 - len(besides))
    if besides[number] is None:
        besides[number] = {}
    found = besides[number]
    return found if isinstance(found, dict) else None


def has_own(element: Mapping[str, Json]) -> bool:
    """True when something besides the URL of an extension stands in an element."""
    return any(key != "url" for key in element)
