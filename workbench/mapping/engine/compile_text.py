"""The short ways to the texts of a source: what occurs most, without lists and nodes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import NamedTuple

from workbench.mapping.conditions import Alternatives, Text, V2Path
from workbench.mapping.engine.compile_source import CodeMaps, OneText, guard_of, read_source
from workbench.mapping.engine.running import Frame, place_number
from workbench.mapping.engine.scope import SegmentScope
from workbench.v2.escapes import unescape

Take = Callable[[Frame], None]
"""Notes that the leaf which a `OneText` has read was written."""
FirstText = Callable[[Frame], str]
"""The first text of a source, "" when it has none."""


Way = tuple[OneText, Take]


class Ways(NamedTuple):
    """The short ways to the first alternatives of a source; `more` when there are others, to which there is none."""

    short: tuple[Way, ...] = ()
    more: bool = False


def short_ways(alternatives: Alternatives, in_value: bool, name: str) -> Ways:
    """The short ways to the alternatives of a source that are parts of what is at hand, until one is more."""
    ways = [one_text(alternative, in_value, name) for alternative in alternatives]
    return Ways(tuple(way for way in takewhile(bool, ways) if way is not None), None in ways)


def one_text(path: V2Path | Text, in_value: bool, name: str) -> Way | None:
    """The short way to a part of the value or segment at hand; None when the path means more than that."""
    if isinstance(path, Text):
        return None
    if path.in_value:
        return (_value_text(path), _take_of_value(path)) if in_value else None
    only_first = path.repetition == 1 and (name != "MSH" or path.field > 2)
    if in_value or guard_of((path,), in_value, name) == 0 or path.only or (path.repetition and not only_first):
        return None
    return _field_text(path), _take_of_field(path)


def first_text(alternatives: Alternatives, in_value: bool, name: str, codes: CodeMaps) -> FirstText:
    """The first text of a source in a value, or in a segment of that name; "" when it has none."""
    readers = [_first_text(alternative, in_value, name, codes) for alternative in alternatives]
    if len(readers) == 1:
        return readers[0]

    def read(frame: Frame) -> str:
        for reader in readers:
            text = reader(frame)
            if text:
                return text
        return ""

    return read


def _first_text(alternative: V2Path | Text, in_value: bool, name: str, codes: CodeMaps) -> FirstText:
    if isinstance(alternative, Text):
        text = alternative.text
        return lambda frame: text
    short, long = one_text(alternative, in_value, name), read_source((alternative,), False, codes)

    def read_long(frame: Frame) -> str:
        found = long(frame)
        return found[0].text if found else ""

    if short is None or alternative.only is not None:
        return read_long
    read = short[0]

    def read_short(frame: Frame) -> str:
        text = read(frame)
        return read_long(frame) if text is None else text

    return read_short


def _value_text(path: V2Path) -> OneText:
    component, subcomponent = path.component, path.subcomponent

    def read(frame: Frame) -> str | None:
        parts, run = frame.parts, frame.run
        if component >= len(parts):
            return ""
        raw = parts[component]
        if not component and run.component in raw:
            raw = raw.split(run.component, 1)[0]
        if subcomponent > 1:
            below = raw.split(run.subcomponent)
            raw = below[subcomponent - 1] if subcomponent <= len(below) else ""
        elif run.subcomponent in raw:
            raw = raw.split(run.subcomponent, 1)[0]
        return unescape(raw, run.delimiters) if run.escape in raw else raw

    return read


def _take_of_value(path: V2Path) -> Take:
    component, subcomponent = path.component, path.subcomponent or 1

    def take(frame: Frame) -> None:
        node = frame.node
        assert node is not None  # a value was read
        if node.level == 1:
            place = place_number(node.field, node.repetition, component or 1, subcomponent)
            node.segment.taken.add(place)
            return
        at = (component or 1) if node.level == 2 else node.subcomponent
        node.segment.taken.add(place_number(node.field, node.repetition, node.component, at))

    return take


def _field_text(path: V2Path) -> OneText:
    field, component, subcomponent = path.field, path.component, path.subcomponent
    only_first = path.repetition == 1

    def read(frame: Frame) -> str | None:
        parts, run = frame.parts, frame.run
        raw = parts[field] if field < len(parts) else ""
        if not raw:
            return raw
        if only_first and isinstance(frame.scope, SegmentScope) and frame.scope.first:
            return None
        if run.repetition in raw:
            if not only_first:
                return None
            raw = raw.split(run.repetition, 1)[0]
        if component > 1:
            below = raw.split(run.component, component)
            raw = below[component - 1] if component <= len(below) else ""
        elif run.component in raw:
            raw = raw.split(run.component, 1)[0]
        if run.special(raw) is None:
            return raw if subcomponent <= 1 else ""
        if subcomponent > 1:
            below = raw.split(run.subcomponent)
            raw = below[subcomponent - 1] if subcomponent <= len(below) else ""
        elif run.subcomponent in raw:
            raw = raw.split(run.subcomponent, 1)[0]
        return unescape(raw, run.delimiters) if run.escape in raw else raw

    return read


def _take_of_field(path: V2Path) -> Take:
    field, component, subcomponent = path.field, path.component or 1, path.subcomponent or 1

    first_place = place_number(field, 1, component, subcomponent)

    def take(frame: Frame) -> None:
        scope = frame.scope
        assert isinstance(scope, SegmentScope)  # a field was read
        if scope.first is None:
            scope.taken.add(first_place)
        else:
            scope.taken.add(place_number(field, scope.first.get(field, 1), component, subcomponent))

    return take
