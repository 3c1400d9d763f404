"""Keeping values that no rule maps: as extensions of the instance a `keep` rule names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from workbench.kernel.errors import Refused
from workbench.mapping.engine.covering import Covering, Covers, KnownOfSegment
from workbench.mapping.engine.leaves import leaves_with, taken_whole
from workbench.mapping.engine.ledger import Leaf
from workbench.mapping.engine.retracing import write_out
from workbench.mapping.engine.running import (
    COMPONENTS,
    DELETED,
    FIELDS,
    KEPT,
    REPETITIONS,
    GivenAgain,
    Node,
    RuleName,
    Run,
    Written,
    number_of,
)
from workbench.mapping.engine.scope import Resource, SegmentScope, numbers_of_fields
from workbench.mapping.model import Json, LedgerRule
from workbench.v2.escapes import unescape

_PART = (1 << COMPONENTS) - 1
"""The bits of one number of a place."""

KEPT_EXTENSION = "kept"
"""The short name in package.yaml of the extension that keeps values."""


def check_extension(covers: Covers, extensions: Mapping[str, str]) -> None:
    """raises  Refused MAP-0114: there are keep rules, and package.yaml names no extension for what they keep"""
    rule = covers.keep.first_rule()
    if rule is not None and KEPT_EXTENSION not in extensions:
        raise Refused(
            "MAP-0114",
            f"{rule.place}: rule {rule.id} keeps values, and package.yaml has no URL for them.",
            "Add extensions: {kept: https://…}.",
        )


class LeafPlace(NamedTuple):
    """The place of a leaf in its segment.

    name  in the product's notation, such as `PID-3[2].1`
    """

    field: int
    repetition: int
    component: int
    subcomponent: int
    name: str

    def leaf(self, scope: SegmentScope) -> Leaf:
        return (scope.index, self.field, self.repetition, self.component, self.subcomponent)


@lru_cache(maxsize=4096)
def place_of(segment: str, number: int) -> LeafPlace:
    """The place that a `place_number` means."""
    field, repetition = number >> FIELDS, number >> REPETITIONS & _PART
    component, subcomponent = number >> COMPONENTS & _PART, number & _PART
    name = f"{segment}-{field}{f'[{repetition}]' if repetition > 1 else ''}.{component}"
    return LeafPlace(field, repetition, component, subcomponent, f"{name}.{subcomponent}" if subcomponent > 1 else name)


def keep_the_rest(run: Run, covers: Covers, extensions: Mapping[str, str]) -> None:
    """Write every value that would be lost and that a keep rule covers, and trace it."""
    if run.trace is not None and (run.uneven or run.dropped):
        _take_from_trace(run)
    covering: Covering | None = None
    given: Mapping[int, set[int]] | None = None
    for scope in run.laid_out.segments:
        holders: dict[str, Resource | None] = {}
        known = covers.known_of(scope)
        for number in _left(run, scope, known) if known.keeps else ():
            place = place_of(scope.name, number)
            rule = known.kept.get(number)
            if rule is None:
                leaf = place.leaf(scope)
                if covers.always_ignores(scope, leaf):
                    known.ignore(number)
                    continue
                rule = covers.always_keeps(scope, leaf)
                if rule is not None:
                    known.keep(number, rule)
            if given is None:
                given = _fields_given(run)
            if rule is None or place.field in given[scope.index]:  # a map with rules of its own may say otherwise
                covering, leaf = covering or Covering(covers, run), place.leaf(scope)
                rule = covering.kept(leaf) if covering.ignored(leaf) is None else None
            if rule is not None:
                if rule.on not in holders:
                    holders[rule.on] = holder_of(run, scope, rule)
                _keep(run, scope, place, rule, holders[rule.on], extensions[KEPT_EXTENSION])


def _fields_given(run: Run) -> Mapping[int, set[int]]:
    """By number of the segment: the fields of which a map with rules of its own was given a value."""
    found: dict[int, set[int]] = defaultdict(set)
    for one in run.given:
        if isinstance(one, GivenAgain):
            given, value = one.given, one.value
            found[one.segment.index] |= given.fields if value is None else {value.field}
            if given.of_header:
                found[0] |= given.of_header
        else:
            found[one[1].segment.index].add(one[1].field)
    return found


def _keep(
    run: Run, scope: SegmentScope, place: LeafPlace, rule: LedgerRule, holder: Resource | None, extension: str
) -> None:
    if holder is None:
        return
    there = holder.setdefault("extension", [])
    assert isinstance(there, list)
    field, repetition, component, subcomponent, name = place
    raw = scope.fields[field]
    if run.repetition in raw:
        raw = raw.split(run.repetition)[repetition - 1]
    raw = raw.split(run.component)[component - 1]
    if run.subcomponent in raw:
        raw = raw.split(run.subcomponent)[subcomponent - 1]
    value = unescape(raw, run.delimiters) if run.escape in raw else raw
    parts: list[Json] = [{"url": "place", "valueString": name}, {"url": "value", "valueString": value}]
    there.append({"url": extension, "extension": parts})
    if run.trace is not None:
        node = Node(raw, 3, scope, field, repetition, component, subcomponent)
        run.trace.append(Written(RuleName("keep", rule.id), (node,), False, holder, "extension", len(there) - 1, KEPT))


def holder_of(run: Run, scope: SegmentScope, rule: LedgerRule) -> Resource | None:
    """The latest instance of the rule's name in scope, else the first of the bundle."""
    found = run.find(rule.on, scope) if rule.on else []
    if found:
        return found[-1].resource
    return run.order[0].resource if run.order else None


def _left(run: Run, scope: SegmentScope, known: KnownOfSegment) -> list[int]:
    """The places of every populated value of a segment that was neither taken nor is ignored (as `ledger.leaves`)."""
    waiting = scope.populated & ~(scope.done | known.apart)
    if not waiting:
        return []
    fields, leaves = scope.fields, leaves_with(run.repetition, run.component, run.subcomponent).of
    left = set().union(*[leaves(number, fields[number]) for number in numbers_of_fields(waiting)])
    left -= scope.taken
    left -= known.ignored
    return [number for number in sorted(left) if not taken_whole(number, scope.taken)] if left else []


def _take_from_trace(run: Run) -> None:
    """Note what of a traced run's writes has reached the bundle, where not all that was taken has."""
    for segment in run.laid_out.segments:
        segment.taken.clear()
        segment.done = 0
    dropped = {number for element in run.dropped for number in _objects(element)}
    for note in write_out(run):
        if note.outcome.written and (note.outcome is DELETED or _has_arrived(run, note, dropped)):
            for node in note.nodes:
                node.segment.taken.add(number_of(node, note.whole))


def _has_arrived(run: Run, note: Written, dropped: set[int]) -> bool:
    key = "" if note.item is not None else note.key
    return note.container is not None and _arrived(run, note.container, key, dropped)


def _arrived(run: Run, container: dict[str, Json], key: str, dropped: set[int]) -> bool:
    """True when what was written into an object is part of the result, be it through the one it was merged into."""
    aliases = run.aliases
    if id(container) not in aliases:
        return id(container) not in dropped
    value = container.get(key) if key else None
    while id(container) in aliases:
        container = aliases[id(container)][1]
        if key and container.get(key) != value:
            return False
    return id(container) not in dropped


def _objects(element: Json) -> set[int]:
    """The identities in memory of all objects of an element."""
    found: set[int] = set()
    waiting: list[Json] = [element]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found.add(id(value))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return found
