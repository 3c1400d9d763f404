"""What separates two profiles: which messages, segments, fields and codes one demands or allows and the other not.

The first profile is the one that is there, the second the one to be met. A gap says what changes for a sender who
goes from the first to the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from workbench.validation.profiles.model import (
    Binding,
    Cardinality,
    Element,
    GroupUse,
    Length,
    Member,
    MessageProfile,
    Profile,
    Segment,
    SegmentUse,
    Usage,
    ValueSet,
)


class Effect(StrEnum):
    """What the second profile does to messages of the first."""

    STRICTER = "stricter"
    LOOSER = "looser"
    OTHER = "other"


class Gap(NamedTuple):
    """One difference.

    place   `ADT_A01`, `ADT_A01/PROCEDURE/PR1`, `PID-3.1`
    aspect  presence, usage, cardinality, length, type, codes, constant
    """

    place: str
    name: str
    aspect: str
    first: str
    second: str
    effect: Effect


_DEMAND = {Usage.X: 0, Usage.W: 0, Usage.B: 1, Usage.O: 1, Usage.C: 1, Usage.RE: 2, Usage.R: 3}
_NONE = "–"
_DESCRIBED = "described"
_MOST_CODES_SAID = 12


def compare_profiles(first: Profile, second: Profile) -> list[Gap]:
    """Every difference, messages first, then fields in the order of their segments."""
    return list(_Comparison(first, second).gaps())


class _Comparison:
    def __init__(self, first: Profile, second: Profile) -> None:
        self._first = first
        self._second = second
        self._done: set[tuple[str, str]] = set()
        self._pairs: list[tuple[Segment, Segment]] = []

    def gaps(self) -> Iterator[Gap]:
        mine = {(m.message_code, m.trigger_event): m for m in self._first.messages}
        theirs = {(m.message_code, m.trigger_event): m for m in self._second.messages}
        for kind in sorted(mine.keys() | theirs.keys()):
            yield from self._message("^".join(filter(None, kind)), mine.get(kind), theirs.get(kind))
        for one, other in sorted(self._pairs, key=lambda pair: pair[0].name):
            yield from self._segment(one, other)

    def _message(self, kind: str, one: MessageProfile | None, other: MessageProfile | None) -> Iterator[Gap]:
        if one is None or other is None:
            known = one or other or _NO_MESSAGE
            said = (_DESCRIBED, _NONE) if one is not None else (_NONE, _DESCRIBED)
            yield Gap(kind, known.name, "presence", *said, Effect.STRICTER if one is not None else Effect.LOOSER)
            return
        yield from self._members(kind, one.members, other.members)
        mine, theirs = _flavours(one.members), _flavours(other.members)
        for name in mine.keys() & theirs.keys():  # where one has groups and the other has not
            if not any(pair[0].name == name for pair in self._pairs):
                self._note(mine[name], theirs[name])

    def _members(self, place: str, one: tuple[Member, ...], other: tuple[Member, ...]) -> Iterator[Gap]:
        mine, theirs = _numbered(one), _numbered(other)
        for key in [*mine, *(key for key in theirs if key not in mine)]:
            left, right = mine.get(key), theirs.get(key)
            where = f"{place}/{key[0]}"
            if left is None or right is None:
                known = left or right
                if known is not None and known.usage not in (Usage.X, Usage.W):
                    yield _presence(where, known.name, left is not None, known.usage)
                continue
            yield from _usage(where, left.name, left.usage, right.usage)
            yield from _cardinality(where, left.name, left.cardinality, right.cardinality)
            if isinstance(left, GroupUse) and isinstance(right, GroupUse):
                yield from self._members(where, left.members, right.members)
            elif isinstance(left, SegmentUse) and isinstance(right, SegmentUse):
                self._note(left.ref, right.ref)

    def _note(self, one: str, other: str) -> None:
        left, right = self._first.segments.get(one), self._second.segments.get(other)
        if left is not None and right is not None and (one, other) not in self._done:
            self._done.add((one, other))
            self._pairs.append((left, right))

    def _segment(self, one: Segment, other: Segment) -> Iterator[Gap]:
        alone = sum(pair[0].name == one.name for pair in self._pairs) == 1
        flavours = "" if alone else f" ({one.id}, {other.id})"
        for number in range(1, max(len(one.fields), len(other.fields)) + 1):
            left = one.fields[number - 1] if number <= len(one.fields) else None
            right = other.fields[number - 1] if number <= len(other.fields) else None
            yield from self._element(f"{one.name}-{number}{flavours}", left, right, 1)

    def _element(self, place: str, one: Element | None, other: Element | None, depth: int) -> Iterator[Gap]:
        if one is None or other is None:
            known = one or other
            if known is not None and known.usage not in (Usage.X, Usage.W):
                yield _presence(place, known.name, one is not None, known.usage)
            return
        name = one.name or other.name
        yield from _usage(place, name, one.usage, other.usage)
        if one.usage in (Usage.X, Usage.W) or other.usage in (Usage.X, Usage.W):
            return
        yield from _cardinality(place, name, one.cardinality, other.cardinality)
        left, right = self._first.data_types.get(one.data_type), self._second.data_types.get(other.data_type)
        types = (left.name if left else one.data_type, right.name if right else other.data_type)
        if types[0] != types[1] and "varies" not in types:
            yield Gap(place, name, "type", *types, Effect.OTHER)
        simple = not (left and left.components) and not (right and right.components)
        if simple:
            yield from _length(place, name, one.length, other.length)
        if one.constant != other.constant:
            yield Gap(place, name, "constant", one.constant or _NONE, other.constant or _NONE, Effect.OTHER)
        yield from self._codes(place, name, one.bindings, other.bindings)
        if left and right and left.components and right.components and depth < 3:
            base, _, flavours = place.partition(" ")
            for number in range(1, max(len(left.components), len(right.components)) + 1):
                part = left.components[number - 1] if number <= len(left.components) else None
                counterpart = right.components[number - 1] if number <= len(right.components) else None
                where = f"{base}.{number}" + (f" {flavours}" if flavours else "")
                yield from self._element(where, part, counterpart, depth + 1)

    def _codes(self, place: str, name: str, one: tuple[Binding, ...], other: tuple[Binding, ...]) -> Iterator[Gap]:
        mine, theirs = _codes_of(one, self._first.value_sets), _codes_of(other, self._second.value_sets)
        if mine is None and theirs is None:
            return
        if mine is None or theirs is None:
            effect = Effect.STRICTER if mine is None else Effect.LOOSER
            yield Gap(place, name, "codes", _counted(mine), _counted(theirs), effect)
            return
        lost, new = sorted(mine - theirs), sorted(theirs - mine)
        if lost:
            yield Gap(place, name, "codes", _listed(lost), "not in the set", Effect.STRICTER)
        if new:
            yield Gap(place, name, "codes", "not in the set", _listed(new), Effect.LOOSER)


_NO_MESSAGE = MessageProfile("", "", "", "", "", ())


def _flavours(members: tuple[Member, ...]) -> dict[str, str]:
    """The first flavour of each segment, by name."""
    found: dict[str, str] = {}
    for member in members:
        inside = {member.name: member.ref} if isinstance(member, SegmentUse) else _flavours(member.members)
        found = inside | found
    return found


def _numbered(members: tuple[Member, ...]) -> dict[tuple[str, int], Member]:
    """Members by their last name, numbered where a name comes again."""
    found: dict[tuple[str, int], Member] = {}
    for member in members:
        name = member.name.rpartition(".")[2]
        number = 1
        while (name, number) in found:
            number += 1
        found[name, number] = member
    return found


def _presence(place: str, name: str, in_first: bool, usage: Usage = Usage.O) -> Gap:
    said = usage.value
    if in_first:
        return Gap(place, name, "presence", said, _NONE, Effect.STRICTER)
    return Gap(place, name, "presence", _NONE, said, Effect.STRICTER if usage is Usage.R else Effect.LOOSER)


def _usage(place: str, name: str, one: Usage, other: Usage) -> Iterator[Gap]:
    if one is other:
        return
    before, after = _DEMAND[one], _DEMAND[other]
    if before == after:
        effect = Effect.OTHER
    elif after == 0 or (before != 0 and after > before):
        effect = Effect.STRICTER
    else:
        effect = Effect.LOOSER if after < 3 else Effect.STRICTER
    yield Gap(place, name, "usage", one.value, other.value, effect)


def _cardinality(place: str, name: str, one: Cardinality, other: Cardinality) -> Iterator[Gap]:
    if one == other:
        return
    most = (one.most if one.most is not None else 1_000_000, other.most if other.most is not None else 1_000_000)
    if one.least == other.least and most[0] == most[1]:
        return
    yield Gap(place, name, "cardinality", str(one), str(other), _narrowing(one.least, other.least, *most))


def _length(place: str, name: str, one: Length, other: Length) -> Iterator[Gap]:
    if (one.least or 0, one.most) == (other.least or 0, other.most) or other.most is one.most is None:
        return
    limits = (one.most if one.most is not None else 1_000_000, other.most if other.most is not None else 1_000_000)
    effect = _narrowing(one.least or 0, other.least or 0, *limits)
    yield Gap(place, name, "length", _range(one), _range(other), effect)


def _range(length: Length) -> str:
    return f"{length.least or 0}..{'*' if length.most is None else length.most}"


def _narrowing(least: int, other_least: int, most: int, other_most: int) -> Effect:
    narrower, wider = other_least > least or other_most < most, other_least < least or other_most > most
    if narrower and wider:
        return Effect.OTHER
    return Effect.STRICTER if narrower else Effect.LOOSER


def _codes_of(bindings: tuple[Binding, ...], sets: Mapping[str, ValueSet]) -> frozenset[str] | None:
    """The codes that are allowed; None when any is."""
    known = [sets[name] for binding in bindings for name in binding.sets if name in sets]
    codes = frozenset(code.value for each in known for code in each.codes if not each.excluded)
    return codes or None


def _counted(codes: frozenset[str] | None) -> str:
    return "any code" if codes is None else f"{len(codes)} codes"


def _listed(codes: list[str]) -> str:
    said = ", ".join(codes[:_MOST_CODES_SAID])
    more = len(codes) - _MOST_CODES_SAID
    return f"{said} and {more} more" if more > 0 else said
