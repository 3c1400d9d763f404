"""A message laid out in the groups its map declares, and what has been made from each part of it.

Names are looked up from the inside outward: in the segment, in the innermost group repetition with the groups nested
in it, in the next, and so on to the whole message. The first place that has any is the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workbench.mapping.model import Group, Json, Write
from workbench.v2.er7 import Message, Segment

Resource = dict[str, Json]


class Instance:
    """A resource that is being made."""

    __slots__ = ("identity", "name", "resource", "write")

    def __init__(self, name: str, resource: Resource, identity: str, write: Write) -> None:
        self.name = name
        self.resource = resource
        self.identity = identity
        self.write = write

    @property
    def full_url(self) -> str:
        return f"urn:uuid:{self.identity}"


class Scope:
    """A segment, a group repetition, or the message: what was made within it, by name."""

    __slots__ = ("made", "outer")

    def __init__(self, outer: GroupScope | None) -> None:
        self.outer = outer
        self.made: dict[str, list[Instance]] | None = None

    def register(self, instance: Instance) -> None:
        """Make an instance known here and in everything around."""
        scope: Scope | None = self
        while scope is not None:
            if scope.made is None:
                scope.made = {}
            known = scope.made.setdefault(instance.name, [])
            if instance not in known:
                known.append(instance)
            scope = scope.outer

    def find(self, name: str) -> list[Instance]:
        """The instances of that name in the nearest place that has any; empty when nothing has."""
        scope: Scope | None = self
        while scope is not None:
            if scope.made is not None:
                found = scope.made.get(name)
                if found:
                    return found
            scope = scope.outer
        return []


class SegmentScope(Scope):
    """One segment.

    fields      raw texts; `fields[n]` is field n of the standard
    first       of a segment of which a row sees one repetition only: field → number of that repetition
    """

    __slots__ = ("fields", "first", "index", "name", "segment")

    def __init__(self, segment: Segment, outer: GroupScope) -> None:
        super().__init__(outer)
        self.segment = segment
        self.index = segment.index
        self.name = segment.name
        self.fields = segment.fields
        self.first: Mapping[int, int] | None = None

    def only(self, field: int, text: str, number: int) -> SegmentScope:
        """The same segment seen with one repetition of a field."""
        assert self.outer is not None  # every segment stands in a group or in the message
        seen = SegmentScope(self.segment, self.outer)
        seen.fields = [*self.fields[:field], text, *self.fields[field + 1 :]]
        seen.first = {field: number}
        return seen


class GroupScope(Scope):
    """A group repetition, or the message (`name` "").

    direct    the segments that stand in it itself, in order
    by_name   the segments of each name in it and in nested groups
    """

    __slots__ = ("by_name", "definition", "direct", "name", "started")

    def __init__(self, name: str, definition: Group | None, outer: GroupScope | None) -> None:
        super().__init__(outer)
        self.name = name
        self.definition = definition
        self.direct: list[SegmentScope] = []
        self.by_name: dict[str, list[SegmentScope]] = {}
        self.started = 0

    def segments(self, name: str, groups: tuple[str, ...] = ()) -> list[SegmentScope]:
        """The segments of a name in the nearest place around that has any, through the groups named."""
        scope: GroupScope | None = self
        while scope is not None:
            found = scope.by_name.get(name)
            if found:
                if groups:
                    found = [segment for segment in found if stands_in(segment, groups)]
                if found:
                    return found
            scope = scope.outer
        return []


def stands_in(segment: SegmentScope, groups: tuple[str, ...]) -> bool:
    """True when the segment stands directly in the last of the groups, that in the one before, and so on."""
    scope = segment.outer
    for name in reversed(groups):
        if scope is None or scope.name != name:
            return False
        scope = scope.outer
    return True


@dataclass(frozen=True)
class Layout:
    """The groups of a message map, prepared for `lay_out`: by enclosing group, in the order declared."""

    inside: Mapping[str, tuple[Group, ...]]

    @classmethod
    def of(cls, groups: Iterable[Group]) -> Layout:
        inside: dict[str, list[Group]] = {}
        for group in groups:
            inside.setdefault(group.within, []).append(group)
        return cls({name: tuple(found) for name, found in inside.items()})


@dataclass(frozen=True)
class LaidOut:
    """root is the message; `groups` are the repetitions of each group in order; `segments` all of them in order."""

    root: GroupScope
    groups: Mapping[str, list[GroupScope]]
    segments: list[SegmentScope]


def lay_out(message: Message, layout: Layout) -> LaidOut:
    """Give each segment its place; lines that are no segments stay out."""
    root = GroupScope("", None, None)
    groups: dict[str, list[GroupScope]] = {}
    segments: list[SegmentScope] = []
    inside = layout.inside
    current = root
    for segment in message.segments:
        name = segment.name
        if not name:
            continue
        current = _group_for(name, current, inside, groups)
        placed = SegmentScope(segment, current)
        current.direct.append(placed)
        segments.append(placed)
        scope: GroupScope | None = current
        while scope is not None:
            scope.by_name.setdefault(name, []).append(placed)
            scope = scope.outer
    return LaidOut(root, groups, segments)


def _group_for(
    name: str, current: GroupScope, inside: Mapping[str, tuple[Group, ...]], groups: dict[str, list[GroupScope]]
) -> GroupScope:
    """The group repetition a segment of that name joins or begins when `current` is the innermost open one."""
    scope: GroupScope | None = current
    while scope is not None:
        definition = scope.definition
        if definition is not None and name in definition.starts:
            number = definition.starts.index(name)
            if number >= scope.started:
                scope.started = number + 1
                return scope
        for group in inside.get(scope.name, ()):
            if name in group.starts:
                begun = GroupScope(group.name, group, scope)
                begun.started = group.starts.index(name) + 1
                groups.setdefault(group.name, []).append(begun)
                return begun
        scope = scope.outer
    scope = current
    while scope.outer is not None and not _holds(scope.definition, name):
        scope = scope.outer
    return scope


def _holds(group: Group | None, name: str) -> bool:
    if group is None or group.holds is None:
        return True
    return any(name == held or (held.endswith("*") and name.startswith(held[:-1])) for held in group.holds)
