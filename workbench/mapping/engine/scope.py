"""A message laid out in the groups its map declares, and what has been made from each part of it.

Names are looked up from the inside outward: in the segment, in the innermost group repetition with the groups nested
in it, in the next, and so on to the whole message. The first place that has any is the answer. On the way out, other
repetitions of a group that was just left are never looked into: they tell of another patient, order or specimen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from workbench.mapping.model import Group, Json, Write
from workbench.v2.er7 import Message, Segment

Resource = dict[str, Json]


class Search(NamedTuple):
    """What is known of how a server finds a resource by its identifiers.

    by      told by the first of them, so that it stays whatever comes behind; "" when that is not known
    silent  so many of them tell nothing
    """

    by: str
    silent: int


NOT_KNOWN = Search("", 0)


class Instance(msgspec.Struct, eq=False, gc=False):
    """A resource that is being made.

    full_url  `urn:uuid:` and the identity
    """

    name: str
    resource: Resource
    identity: str
    full_url: str
    write: Write
    search: Search = NOT_KNOWN


class Scope(msgspec.Struct, eq=False):
    """A segment, a group repetition, or the message.

    way   the name of a group, "" for a segment
    made  what was made within it, by name
    """

    name: str
    outer: GroupScope | None
    way: str
    made: dict[str, dict[tuple[Instance, str], None]] | None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"  # not what a patient's message says

    def register(self, instance: Instance) -> None:
        """Make an instance known here and in everything around, with the group through which it came there."""
        scope: Scope | None = self
        name, way = instance.name, ""
        while scope is not None:
            made = scope.made
            if made is None:
                made = scope.made = {}
            known = made.get(name)
            if known is not None:
                if (instance, way) in known:
                    return  # so it is in everything around
                known[instance, way] = None
            else:
                made[name] = {(instance, way): None}
            way, scope = scope.way, scope.outer

    def find(self, name: str, besides: str = "") -> list[Instance]:
        """The instances of that name in the nearest place that has any; empty when nothing has.

        besides  identity of an instance that does not count, such as the one that refers
        """
        scope: Scope | None = self
        left = ""
        while scope is not None:
            if scope.made is not None:
                known = scope.made.get(name)
                if known and len(known) == 1:
                    ((one, way),) = known
                    if (way != left or not left) and one.identity != besides:
                        return [one]
                elif known:
                    found = [one for one, way in known if (not left or way != left) and one.identity != besides]
                    if found:
                        return found if len(found) == 1 else list(dict.fromkeys(found))
            left, scope = scope.way, scope.outer
        return []


def field_bit(field: int) -> int:
    """A field as one bit of a number for all fields of a segment: the lowest of a byte, because bytes become a number
    at once (`SegmentScope.populated`)."""
    return 1 << (field << 3)


def numbers_of_fields(bits: int) -> list[int]:
    """The numbers of the fields of `field_bit`s, ascending."""
    numbers = []
    while bits:
        numbers.append((bits & -bits).bit_length() >> 3)
        bits &= bits - 1
    return numbers


class SegmentScope(Scope):
    """One segment.

    fields      raw texts; `fields[n]` is field n of the standard
    populated   those in which anything is written, as `field_bit`s
    first       of a segment of which a row sees one repetition only: field → number of that repetition
    maps        those with ignore or keep rules that were given the segment
    taken       in fast runs where values may be kept: the places whose values were written, as `place_number`s
    done        the same of whole fields, whose places need not be in `taken`, as `field_bit`s
    """

    segment: Segment
    index: int
    fields: list[str]
    populated: int
    first: Mapping[int, int] | None = None
    taken: set[int] = msgspec.field(default_factory=set)
    done: int = 0
    maps: dict[str, None] = msgspec.field(default_factory=dict)

    @classmethod
    def of(cls, segment: Segment, outer: GroupScope) -> SegmentScope:
        fields = segment.fields
        populated = int.from_bytes(bytearray(map(bool, fields)), "little")
        return cls(segment.name, outer, "", None, segment, segment.index, fields, populated)

    def only(self, field: int, text: str, number: int) -> SegmentScope:
        """The same segment seen with one repetition of a field."""
        assert self.outer is not None  # every segment stands in a group or in the message
        fields = [*self.fields[:field], text, *self.fields[field + 1 :]]
        return msgspec.structs.replace(self, made=None, fields=fields, first={field: number}, done=0)


class GroupScope(Scope):
    """A group repetition, or the message (`name` "").

    path      names of the groups around it and its own, outermost first; none for the message
    alone     neither it nor any of the groups around it has another repetition in the message
    members   the segments in it and in nested groups, in order
    """

    definition: Group | None
    alone: bool
    path: tuple[str, ...]
    members: list[SegmentScope] = msgspec.field(default_factory=list)
    started: int = 0
    _by_name: dict[str, list[SegmentScope]] | None = None

    @classmethod
    def message(cls) -> GroupScope:
        return cls("", None, "", None, None, True, ())

    def group(self, definition: Group, alone: bool = True) -> GroupScope:
        """A repetition of a group in it."""
        name = definition.name
        return GroupScope(name, self, name, None, definition, alone, (*self.path, name))

    def named(self, name: str) -> list[SegmentScope]:
        """The segments of a name in it and in nested groups; few groups are ever asked."""
        if self._by_name is None:
            self._by_name = by_name(self.members)
        return self._by_name.get(name) or []

    def own(self, name: str) -> list[SegmentScope]:
        """The segments of a name that stand in it itself."""
        return [segment for segment in self.named(name) if segment.outer is self]

    def release(self) -> None:
        """Let go of the segments, which know the group."""
        self.members.clear()
        self._by_name = None

    def segments(self, name: str, groups: tuple[str, ...] = ()) -> list[SegmentScope]:
        """The segments of a name in the nearest place around that has any, through the groups named."""
        scope: GroupScope | None = self
        left = ""
        while scope is not None:
            found = scope.named(name)
            if found:
                if groups:
                    found = [segment for segment in found if stands_in(segment, groups)]
                if left:
                    found = [segment for segment in found if way_to(segment, scope) != left]
                if found:
                    return found
            left, scope = scope.name, scope.outer
        return []


def by_name(segments: Iterable[SegmentScope]) -> dict[str, list[SegmentScope]]:
    found: dict[str, list[SegmentScope]] = {}
    for segment in segments:
        alike = found.get(segment.name)
        if alike is None:
            found[segment.name] = [segment]
        else:
            alike.append(segment)
    return found


def way_to(segment: SegmentScope, around: GroupScope) -> str:
    """The group directly below `around` through which a segment in it is reached, "" when it stands there itself."""
    scope, way = segment.outer, ""
    while scope is not None and scope is not around:
        way = scope.name
        scope = scope.outer
    return way


def stands_in(segment: SegmentScope, groups: tuple[str, ...]) -> bool:
    """True when the segment stands directly in the last of the groups, that in the one before, and so on."""
    return not groups or (segment.outer is not None and segment.outer.path[-len(groups) :] == groups)


REMEMBERED_LAYOUTS = 512
"""Sequences of segment names of which a layout keeps the groups, and how long they may be."""


class Places(NamedTuple):
    """Where segments stand: by number of the scope, 0 the message, then the groups in the order they begin.

    groups  each with the number of the scope around it, and `GroupScope.alone`
    """

    groups: tuple[tuple[Group, int, bool], ...]
    segments: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """The groups of a message map, prepared for `lay_out`: by enclosing group, in the order declared."""

    inside: Mapping[str, tuple[Group, ...]]
    _known: dict[tuple[str, ...], Places] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Iterable[Group]) -> Layout:
        inside: dict[str, list[Group]] = {}
        for group in groups:
            inside.setdefault(group.within, []).append(group)
        return cls({name: tuple(found) for name, found in inside.items()})

    def places(self, names: tuple[str, ...]) -> Places:
        """Where segments of those names stand; most messages have the names of one before."""
        found = self._known.get(names)
        if found is None:
            found = _places(names, self.inside)
            if len(names) <= REMEMBERED_LAYOUTS:
                if len(self._known) >= REMEMBERED_LAYOUTS:
                    self._known.clear()
                self._known[names] = found
        return found


class LaidOut(msgspec.Struct):
    """root is the message; `groups` are the repetitions of each group in order; `segments` all of them in order, and
    `by_name` those of each name."""

    root: GroupScope
    groups: Mapping[str, list[GroupScope]]
    segments: list[SegmentScope]
    by_name: Mapping[str, list[SegmentScope]]
    _below: dict[tuple[str, tuple[str, ...]], list[SegmentScope]] = msgspec.field(default_factory=dict)

    def below(self, name: str, path: tuple[str, ...]) -> list[SegmentScope]:
        """The segments of a name that stand directly in the last of the groups of a path, that in the one before, …"""
        found = self._below.get((name, path))
        if found is None:
            named, last = self.by_name.get(name, ()), -len(path)
            found = [one for one in named if one.outer is not None and one.outer.path[last:] == path]
            self._below[name, path] = found
        return found

    def release(self) -> None:
        """Let go of everything when the message is done: segments and groups know each other, and would otherwise wait
        for the garbage collector with all that was made from them."""
        for repetitions in self.groups.values():
            for scope in repetitions:
                scope.release()
        self.root.release()
        self.by_name = {}
        self._below.clear()


def lay_out(message: Message, layout: Layout) -> LaidOut:
    """Give each segment its place; lines that are no segments stay out."""
    root = GroupScope.message()
    groups: dict[str, list[GroupScope]] = {}
    named = [segment for segment in message.segments if segment.name]
    places = layout.places(tuple([segment.name for segment in named]))
    scopes = [root]
    for definition, outer, alone in places.groups:
        begun = scopes[outer].group(definition, alone)
        groups.setdefault(definition.name, []).append(begun)
        scopes.append(begun)
    segments = root.members
    for segment, place in zip(named, places.segments, strict=True):
        scope, fields = scopes[place], segment.fields
        populated = int.from_bytes(bytearray(map(bool, fields)), "little")
        placed = SegmentScope(segment.name, scope, "", None, segment, segment.index, fields, populated)
        segments.append(placed)
        while scope.outer is not None:
            scope.members.append(placed)
            scope = scope.outer
    return LaidOut(root, groups, segments, by_name(segments))


def _places(names: Iterable[str], inside: Mapping[str, tuple[Group, ...]]) -> Places:
    current = GroupScope.message()
    scopes, groups, segments = {current: 0}, [], []
    for name in names:
        current = _group_for(name, current, inside)
        if current not in scopes:
            assert current.definition is not None and current.outer is not None  # only the message has neither
            scopes[current] = len(scopes)
            groups.append((current.definition, scopes[current.outer]))
        segments.append(scopes[current])
    once = {name for name, times in Counter(group.name for group, _ in groups).items() if times == 1}
    alone = [True]
    for group, outer in groups:
        alone.append(group.name in once and alone[outer])
    return Places(tuple([(*group, one) for group, one in zip(groups, alone[1:], strict=True)]), tuple(segments))


def _group_for(name: str, current: GroupScope, inside: Mapping[str, tuple[Group, ...]]) -> GroupScope:
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
                begun = scope.group(group)
                begun.started = group.starts.index(name) + 1
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
