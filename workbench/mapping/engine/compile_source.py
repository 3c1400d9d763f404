"""Compiling sources and conditions over HL7 v2 to plain functions of a frame.

This is the source side of the compiler's seam: other directions bring functions of the same shapes for their own
paths (`Reader`, `Texts`, `Holds`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import msgspec

from workbench.mapping.conditions import (
    ALL,
    LAST,
    UNSAID,
    Alternatives,
    Both,
    Check,
    Condition,
    Either,
    Made,
    Not,
    Operand,
    Relation,
    Same,
    Text,
    V2Path,
)
from workbench.mapping.engine.running import Frame, Node
from workbench.mapping.engine.scope import GroupScope, SegmentScope
from workbench.terminology.code_map import CodeMap
from workbench.v2.delimiters import NULL
from workbench.v2.escapes import unescape

REMEMBERED_TESTS = 1024
"""Texts kept for one test whether a code map has a code."""

OneText = Callable[[Frame], str | None]
"""The text of a source that can have only one; "" for nothing, None when it must be read the long way."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """A text a rule works with and the nodes it came from."""

    text: str
    nodes: tuple[Node, ...]


CodeMaps = Mapping[str, CodeMap]
"""A package's code maps by name."""
Reader = Callable[[Frame], list[Node]]
"""The populated nodes of a source, in order."""
Texts = Callable[[Frame], list[Found]]
Holds = Callable[[Frame], bool]


def read_path(path: V2Path, codes: CodeMaps) -> Reader:
    """The nodes a path points at; `codes` are those its filter may name."""
    if path.in_value:
        return _value_reader(path)
    if path.field == 0:
        return _segment_reader(path)
    only = holds(path.only, codes) if path.only is not None else None
    name, field = path.name, path.field
    pick = path.repetition
    component, subcomponent = path.component, path.subcomponent
    elsewhere = path.groups or path.occurrence != UNSAID

    plain = not elsewhere and only is None and pick == ALL and not component

    def read(frame: Frame) -> list[Node]:
        scope = frame.scope
        if not elsewhere and scope.name == name and isinstance(scope, SegmentScope):
            if plain:
                fields = scope.fields
                return _repetitions(frame, scope, field, fields[field]) if field < len(fields) and fields[field] else []
            segments = [scope]
        else:
            segments = _segments(frame, path)
        found: list[Node] = []
        for segment in segments:
            fields = segment.fields
            if field >= len(fields) or not fields[field]:
                continue
            found += _repetitions(frame, segment, field, fields[field])
        if only is not None:
            found = [node for node in found if only(_inside(frame, node))]
        if pick != ALL:
            found = [found[-1]] if pick == LAST and found else [node for node in found if node.repetition == pick]
        if component:
            return [part for node in found if (part := _part(frame, node, component, subcomponent)) is not None]
        return found

    return read


def _repetitions(frame: Frame, segment: SegmentScope, field: int, text: str) -> list[Node]:
    separator = frame.run.repetition
    first = segment.first.get(field, 1) if segment.first else 1
    if separator not in text or (field <= 2 and segment.name == "MSH"):
        return [Node(text, 1, segment, field, first)]
    return [Node(part, 1, segment, field, number) for number, part in enumerate(text.split(separator), first) if part]


def _part(frame: Frame, node: Node, component: int, subcomponent: int) -> Node | None:
    """The component or subcomponent of a node, None when nothing is written there."""
    delimiters = frame.run.delimiters
    raw, level, at = node.raw, node.level, node.component
    segment, field, repetition = node.segment, node.field, node.repetition
    if level == 1:
        parts = raw.split(delimiters.component) if delimiters.component else [raw]
        if component > len(parts) or not parts[component - 1]:
            return None
        raw, at = parts[component - 1], component
        if not subcomponent:
            return Node(raw, 2, segment, field, repetition, component)
        component = subcomponent
    elif subcomponent or level > 2:
        return node if level > 2 and component == 1 and subcomponent <= 1 else None
    parts = raw.split(delimiters.subcomponent) if delimiters.subcomponent else [raw]
    if component > len(parts) or not parts[component - 1]:
        return None
    return Node(parts[component - 1], 3, segment, field, repetition, at, component)


def _inside(frame: Frame, node: Node) -> Frame:
    """A frame in which conditions see the node as their value."""
    return Frame(frame.run, node.segment, frame.run.parts_of(node), node, frame.target, [], frame, frame.owner)


def _value_reader(path: V2Path) -> Reader:
    component, subcomponent = path.component, path.subcomponent

    def read(frame: Frame) -> list[Node]:
        node = frame.node
        if node is None:
            return []
        if not component:
            return [node]
        parts = frame.parts
        if component >= len(parts) or not parts[component]:
            return []
        level, at = node.level, node.component
        segment, field, repetition = node.segment, node.field, node.repetition
        if level == 1:
            inner = Node(parts[component], 2, segment, field, repetition, component)
            if not subcomponent:
                return [inner]
            part = _part(frame, inner, subcomponent, 0)
            return [] if part is None else [part]
        if subcomponent > 1 or (level > 2 and component > 1):
            return []
        return [Node(parts[component], 3, segment, field, repetition, at, component)] if level == 2 else [node]

    return read


def _segment_reader(path: V2Path) -> Reader:
    def read(frame: Frame) -> list[Node]:
        scope = frame.scope
        if path.occurrence == UNSAID and not path.groups and scope.name == path.name:
            return [Node(scope.name, 0, scope)] if isinstance(scope, SegmentScope) else []
        return [Node(segment.name, 0, segment) for segment in _segments(frame, path)]

    return read


def _segments(frame: Frame, path: V2Path) -> list[SegmentScope]:
    """The segments a path means from where the frame stands."""
    scope = frame.scope
    around = scope if isinstance(scope, GroupScope) else scope.outer
    found = around.segments(path.name, path.groups) if around is not None else []
    if path.occurrence == ALL or not found:
        return found
    if path.occurrence == LAST:
        return found[-1:]
    at = 0 if path.occurrence == UNSAID else path.occurrence - 1
    return found[at : at + 1]


def read_source(alternatives: Alternatives, whole: bool, codes: CodeMaps) -> Texts:
    """The texts of a source: those of the first alternative that has any.

    whole  take a value with its separators instead of its first leaf
    """
    readers = [one if isinstance(one, Text) else read_path(one, codes) for one in alternatives]

    def read(frame: Frame) -> list[Found]:
        run = frame.run
        for reader in readers:
            if isinstance(reader, Text):
                return [Found(reader.text, ())]
            found = []
            for node in reader(frame):
                text = run.whole_text_of(node) if whole else run.text_of(node)
                if text:
                    found.append(Found(text, (node,)))
            if found:
                return found
        return []

    return read


def read_nodes(alternatives: Alternatives, codes: CodeMaps) -> Reader:
    """The nodes of the first alternative that has any; texts among the alternatives give none."""
    readers = [read_path(one, codes) for one in alternatives if isinstance(one, V2Path)]
    if len(readers) == 1:
        return readers[0]

    def read(frame: Frame) -> list[Node]:
        for reader in readers:
            found = [node for node in reader(frame) if _says_something(frame, node)]
            if found:
                return found
        return []

    return read


def joined(sources: list[Texts], separator: str) -> Texts:
    """One text of all the texts of several sources, or of all the repetitions of one."""

    def read(frame: Frame) -> list[Found]:
        found = [item for source in sources for item in source(frame)]
        if not any(item.nodes for item in found):
            return []
        nodes = tuple(node for item in found for node in item.nodes)
        return [Found(separator.join(item.text for item in found if item.text != NULL), nodes)]

    return read


def guard_of(alternatives: Alternatives, in_value: bool, name: str) -> int:
    """The part of the frame that must be populated for the source to have a value; 0 when that cannot be said."""
    if len(alternatives) != 1 or isinstance(alternatives[0], Text):
        return 0
    path = alternatives[0]
    if path.in_value:
        return path.component if in_value else 0
    if in_value or path.name != name or path.groups or path.occurrence != UNSAID:
        return 0
    return path.field


def holds(condition: Condition, codes: CodeMaps) -> Holds:
    """The condition as a function."""
    match condition:
        case Both(conditions):
            return _both(*(holds(part, codes) for part in conditions))
        case Either(conditions):
            return _either(*(holds(part, codes) for part in conditions))
        case Not(inner):
            inverse = holds(inner, codes)
            return lambda frame: not inverse(frame)
        case Made(name):
            return lambda frame: bool(frame.run.find(name, frame.scope))
        case Same(path, other):
            one, two = _texts(read_path(path, codes)), _texts(read_path(other, codes))
            return lambda frame: not one(frame).isdisjoint(two(frame))
        case Check():
            return _check(condition, codes)


def _texts(read: Reader) -> Callable[[Frame], set[str]]:
    """The texts at a place, without empty ones."""
    return lambda frame: {text for node in read(frame) if (text := frame.run.text_of(node))}


def _both(first: Holds, *others: Holds) -> Holds:
    if not others:
        return first
    rest = _both(*others)
    return lambda frame: first(frame) and rest(frame)


def _either(first: Holds, *others: Holds) -> Holds:
    if not others:
        return first
    rest = _either(*others)
    return lambda frame: first(frame) or rest(frame)


def _check(check: Check, codes: CodeMaps) -> Holds:
    if check.operand is Operand.VERSION or check.path is None:
        compare, wanted = _COMPARISONS[check.test], _version(check.values[0])
        return lambda frame: compare(_version(frame.run.message.version), wanted)
    read = read_path(check.path, codes)
    if check.operand is Operand.COUNT:
        compare_numbers, number = _COMPARISONS[check.test], int(check.values[0])
        return lambda frame: compare_numbers(len(read(frame)), number)
    if check.operand is Operand.LENGTH:
        compare_numbers, number = _COMPARISONS[check.test], int(check.values[0])
        return lambda frame: (
            any(compare_numbers(len(frame.run.text_of(node)), number) for node in read(frame))
            or (not read(frame) and compare_numbers(0, number))
        )
    if check.test is Relation.VALUED:
        return _short(
            check, lambda frame: any(_says_something(frame, node) and node.raw != NULL for node in read(frame))
        )
    if check.test is Relation.NULL:
        return lambda frame: any(node.raw == NULL for node in read(frame))
    if check.test is Relation.UNEQUAL:
        unwanted = check.values[0]
        return _short(check, lambda frame: not any(frame.run.text_of(node) == unwanted for node in read(frame)))
    accepts = _accepts(check, codes)
    return _short(check, lambda frame: any(accepts(frame.run.text_of(node), frame.run.sender) for node in read(frame)))


_SHORT_TESTS = (Relation.VALUED, Relation.EQUAL, Relation.UNEQUAL, Relation.IN, Relation.MATCHES)


def _short(check: Check, long: Holds) -> Holds:
    """The test without lists and nodes where the operand can be only one part of what is at hand."""
    read = None if check.path is None else _raw_at_hand(check.path)
    if read is None or check.test not in _SHORT_TESTS:
        return long
    wanted = frozenset(check.values)
    unequal = check.test is Relation.UNEQUAL
    pattern = re.compile(check.values[0]) if check.test is Relation.MATCHES else None
    path = check.path
    assert path is not None  # there is a reader for it
    name, field = path.name, path.field
    whole = not path.in_value and not path.component and path.occurrence == UNSAID and not (path.groups or path.only)
    whole = whole and not path.repetition

    def valued(frame: Frame) -> bool:
        scope = frame.scope
        if whole and scope.name == name and isinstance(scope, SegmentScope):
            fields = scope.fields
            if (
                field < len(fields) and fields[field][:1].isalnum()
            ):  # a repetition that begins with a text says something
                return True
        raw = read(frame)
        if raw is None:
            return long(frame)
        run = frame.run
        return bool(raw) and raw != NULL and (raw[0] not in run.separators or bool(raw.strip(run.separators)))

    def equal(frame: Frame) -> bool:
        raw = read(frame)
        if raw is None:
            return long(frame)
        run = frame.run
        if run.component in raw:
            raw = raw.split(run.component, 1)[0]
        if run.subcomponent in raw:
            raw = raw.split(run.subcomponent, 1)[0]
        text = unescape(raw, run.delimiters) if run.escape in raw else raw
        return (text in wanted) is not unequal if pattern is None else pattern.fullmatch(text) is not None

    def matches(frame: Frame) -> bool:
        return read(frame) != "" and equal(frame)

    return valued if check.test is Relation.VALUED else equal if pattern is None else matches


def _raw_at_hand(path: V2Path) -> OneText | None:
    """What is written at a path without a choice of repetitions: None from it means "read it the long way"."""
    field, component, subcomponent, name = path.field, path.component, path.subcomponent, path.name
    if path.in_value:

        def of_value(frame: Frame) -> str | None:
            parts = frame.parts
            if frame.node is None or component >= len(parts):
                return ""
            if not subcomponent:
                return parts[component]
            below = parts[component].split(frame.run.subcomponent)
            return below[subcomponent - 1] if subcomponent <= len(below) else ""

        return of_value
    only_first = path.repetition == 1 and (name != "MSH" or field > 2)
    if not field or path.groups or path.occurrence != UNSAID or path.only or (path.repetition and not only_first):
        return None

    def of_segment(frame: Frame) -> str | None:
        scope = frame.scope
        if scope.name != name or not isinstance(scope, SegmentScope):
            return None
        if field >= len(scope.fields):
            return ""
        raw = scope.fields[field]
        if only_first:
            if scope.first:
                return None
            raw = raw.split(frame.run.repetition, 1)[0]
        elif frame.run.repetition in raw:
            return None
        if not component or not raw:
            return raw
        parts = raw.split(frame.run.component)
        raw = parts[component - 1] if component <= len(parts) else ""
        if not subcomponent:
            return raw
        below = raw.split(frame.run.subcomponent)
        return below[subcomponent - 1] if subcomponent <= len(below) else ""

    return of_segment


def _accepts(check: Check, codes: CodeMaps) -> Callable[[str, str], bool]:
    """The test of one text; the second argument is the sender."""
    if check.test is Relation.IN_CODES:
        code_map = codes[check.values[0]]
        return lru_cache(REMEMBERED_TESTS)(lambda text, sender: bool(code_map.translate(text, sender=sender)))
    if check.test is Relation.MATCHES:
        pattern = re.compile(check.values[0])
        return lambda text, sender: pattern.fullmatch(text) is not None
    wanted = frozenset(check.values)
    return lambda text, sender: text in wanted


def compares(relation: Relation, number: int, other: int) -> bool:
    """How two numbers stand to one another."""
    return _COMPARISONS[relation](number, other)


def code_maps_named(condition: Condition) -> Iterator[str]:
    """The names of the code maps a condition asks."""
    match condition:
        case Both(conditions) | Either(conditions):
            for part in conditions:
                yield from code_maps_named(part)
        case Not(inner):
            yield from code_maps_named(inner)
        case Check(test=test, values=values, path=path):
            if test is Relation.IN_CODES:
                yield from values
            if path is not None and path.only is not None:
                yield from code_maps_named(path.only)
        case Same():
            yield from code_maps_of(condition.paths)
        case _:
            return


def code_maps_of(alternatives: Alternatives) -> Iterator[str]:
    """The names of the code maps the filters of a source ask."""
    for path in alternatives:
        if isinstance(path, V2Path) and path.only is not None:
            yield from code_maps_named(path.only)


def _says_something(frame: Frame, node: Node) -> bool:
    """True when a leaf of the node has text, so that `^^` is as empty as nothing."""
    if node.level == 0:
        return True
    return bool(node.raw.strip(frame.run.separators))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


_COMPARISONS: Mapping[Relation, Callable[[object, object], bool]] = {
    Relation.EQUAL: lambda one, other: one == other,
    Relation.UNEQUAL: lambda one, other: one != other,
    Relation.LESS: lambda one, other: one < other,  # type: ignore[operator]
    Relation.AT_MOST: lambda one, other: one <= other,  # type: ignore[operator]
    Relation.MORE: lambda one, other: one > other,  # type: ignore[operator]
    Relation.AT_LEAST: lambda one, other: one >= other,  # type: ignore[operator]
}
