"""Traced writes done again from memory: what was noted at one place, noted for another that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from workbench.mapping.engine.running import Again, Given, GivenAgain, Node, Note, Part, Run, Way, Written
from workbench.mapping.engine.scope import Resource, SegmentScope
from workbench.mapping.model import Json

_NO_OFFSETS: Mapping[str, int] = {}
_NO_TEXTS: Mapping[int, tuple[str, str]] = {}


def ways(value: Json, way: Way = ()) -> Iterator[tuple[int, Way]]:
    """The way to every object of a value, by its identity in memory."""
    if isinstance(value, dict):
        yield id(value), way
        for key, item in value.items():
            yield from ways(item, (*way, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from ways(item, (*way, number))


def at(element: Resource, way: Way) -> Resource:
    """The object at a way that was found in what the element is a copy of."""
    found: Any = element
    for step in way:
        found = found[step]
    holder: Resource = found
    return holder


def notes_since(
    state: Run, start: int, element: Resource, made: Sequence[Resource], segment: SegmentScope
) -> tuple[Note, ...] | None:
    """What was traced from number `start` on, less the message; None when it tells of anything but the segment, the
    element and the resources made, nothing in fast runs."""
    if state.trace is None:
        return ()
    places = {number: (owner, way) for owner, root in enumerate((element, *made)) for number, way in ways(root)}
    notes = []
    for one in write_out(state, start):
        place = (-1, ()) if one.container is None else places.get(id(one.container))
        nodes = tuple([part_of(node, segment) for node in one.nodes])
        if place is None or None in nodes:
            return None
        owner, way = place
        parts = cast(tuple[Part, ...], nodes)
        notes.append(Note(one.rule, parts, one.whole, owner, way, one.key, one.item, one.outcome, one.row, one.note))
    return tuple(notes)


def note_again(
    state: Run,
    notes: Sequence[Note],
    roots: Sequence[Resource],
    segment: SegmentScope,
    value: Node | None,
    target: Resource | None = None,
    offsets: Mapping[str, int] = _NO_OFFSETS,
    texts: Mapping[int, tuple[str, str]] = _NO_TEXTS,
) -> None:
    """Trace the writes for a segment or a value in it; `running.Again` says what the arguments are."""
    assert state.trace is not None  # there are notes in traced runs only
    state.trace.append(Again(notes, roots, segment, value, roots[0] if target is None else target, offsets, texts))


def write_out(state: Run, start: int = 0) -> list[Written]:
    """What was traced from number `start` on, one by one, which is also how it stands in the trace from then on."""
    trace = state.trace
    if trace is None:
        return []
    found: list[Written] = []
    for one in trace[start:]:
        if isinstance(one, Written):
            found.append(one)
        else:
            found += _written_again(state, one)
    trace[start:] = found
    return found


def _written_again(state: Run, again: Again) -> Iterator[Written]:
    roots, segment, value = again.roots, again.segment, again.value
    for one in again.notes:
        container: Resource | None = again.target
        item, said = one.item, one.note
        if one.owner < 0:
            container = None
        elif one.owner or one.way:
            container = at(roots[one.owner], one.way)
        elif item is not None and again.offsets:
            item += again.offsets.get(one.key, 0)
        nodes = tuple([moved(part, state, segment, value) for part in one.nodes])
        if again.texts and nodes:
            part = nodes[0].field if value is None else nodes[0].component
            if part in again.texts and nodes[0].segment is segment:
                raw, said = again.texts[part]
                nodes = (msgspec.structs.replace(nodes[0], raw=raw),)
        yield Written(one.rule, nodes, one.whole, container, one.key, item, one.outcome, one.row, said)


def given_nodes(state: Run, start: int = 0) -> list[tuple[str, Node]]:
    """Which maps were given what from number `start` on, one by one, which is also how it is noted from then on."""
    found: list[tuple[str, Node]] = []
    for one in state.given[start:]:
        if isinstance(one, GivenAgain):
            found += [(name, moved(part, state, one.segment, one.value)) for name, part in one.given.parts]
        else:
            found.append(one)
    state.given[start:] = found
    return found


def given_since(state: Run, start: int, segment: SegmentScope) -> Given | None:
    """Which maps were given what from number `start` on; None when that stands elsewhere than in the segment."""
    parts = []
    for name, node in given_nodes(state, start):
        part = part_of(node, segment)
        if part is None:
            return None
        parts.append((name, part))
    fields, of_header = ({part.field for _, part in parts if part.header is where} for where in (False, True))
    return Given(tuple(parts), frozenset(fields), frozenset(of_header))


def part_of(node: Node, segment: SegmentScope) -> Part | None:
    """A node of the segment, or of the message's header, to be remembered; None for one of another segment."""
    header = node.segment is not segment
    if header and node.segment.index:
        return None
    return Part(node.raw, node.level, node.field, node.repetition, node.component, node.subcomponent, header)


def moved(part: Part, state: Run, segment: SegmentScope, value: Node | None) -> Node:
    """The part at the same place of another segment, or of another value in it."""
    if part.header:
        segment, value = state.laid_out.segments[0], None
    if value is None:
        return Node(part.raw, part.level, segment, part.field, part.repetition, part.component, part.subcomponent)
    component = part.component if value.level == 1 else value.component
    subcomponent = part.subcomponent if value.level < 3 else value.subcomponent
    return Node(part.raw, part.level, segment, value.field, value.repetition, component, subcomponent)
