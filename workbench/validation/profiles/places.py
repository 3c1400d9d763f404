"""The places of a profile: messages, groups, segments, fields, components; what stands there and its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from workbench.validation.profiles.model import (
    DynamicCase,
    Element,
    GroupUse,
    Member,
    MessageProfile,
    Profile,
    Segment,
    SegmentUse,
)


class Address(NamedTuple):
    """A place in a profile, counted from 1.

    members  the way through groups to a segment; () is the message itself
    field    of that segment, 0 for the segment or group itself
    case     value of OBX-2 whose data type is meant, "" where the type does not depend on one
    parts    component, subcomponent
    """

    message: int
    members: tuple[int, ...] = ()
    field: int = 0
    case: str = ""
    parts: tuple[int, ...] = ()

    @property
    def above(self) -> Address | None:
        """The place this one is within, None for a message."""
        if self.parts:
            return self._replace(parts=self.parts[:-1])
        if self.case:
            return self._replace(case="")
        if self.field:
            return self._replace(field=0)
        return self._replace(members=self.members[:-1]) if self.members else None


_DEEPEST = 3
"""Components, subcomponents and one more, which a broken profile may have; a type that holds itself ends there."""

Item = MessageProfile | GroupUse | SegmentUse | Element | DynamicCase
"""What a profile says at a place."""


def item_at(profile: Profile, at: Address) -> Item:
    """What stands at a place. raises LookupError: the profile has no such place"""
    if not at.members:
        return profile.messages[at.message - 1]
    if not at.field:
        return member_at(profile.messages[at.message - 1].members, at.members)
    segment = segment_at(profile, at)
    element = segment.fields[at.field - 1]
    if at.case:
        case = next((case for case in _cases(segment, at.field) if case.value == at.case), None)
        if case is None:
            raise LookupError("no such data type of this field")
        if not at.parts:
            return case
        kind = case.data_type
    else:
        kind = element.data_type
    for part in at.parts:
        element = profile.data_types[kind].components[part - 1]
        kind = element.data_type
    return element


def places_below(profile: Profile, at: Address) -> tuple[Address, ...]:
    """The places directly within one, in order."""
    item = item_at(profile, at)
    if isinstance(item, MessageProfile | GroupUse):
        return tuple(at._replace(members=(*at.members, n)) for n in range(1, len(item.members) + 1))
    if isinstance(item, SegmentUse):
        flavour = profile.segments.get(item.ref)
        return tuple(at._replace(field=n) for n in range(1, len(flavour.fields) + 1)) if flavour else ()
    if not at.parts and not at.case:
        cases = _cases(segment_at(profile, at), at.field)
        if cases:
            return tuple(at._replace(case=case.value) for case in cases)
    kind = profile.data_types.get(item.data_type) if len(at.parts) < _DEEPEST else None
    return tuple(at._replace(parts=(*at.parts, n)) for n in range(1, len(kind.components) + 1)) if kind else ()


def places(profile: Profile) -> Iterator[Address]:
    """Every place, each before what is within it."""
    waiting = [Address(number) for number in range(len(profile.messages), 0, -1)]
    while waiting:
        at = waiting.pop()
        yield at
        waiting.extend(reversed(places_below(profile, at)))


def path_of(profile: Profile, at: Address) -> str:
    """`ADT^A01`, `ADT^A01/PROCEDURE/PR1`, `PID-3.1`, `OBX-5 (CE).1`."""
    if at.field:
        case = f" ({at.case})" if at.case else ""
        return f"{segment_at(profile, at).name}-{at.field}{case}" + "".join(f".{part}" for part in at.parts)
    message = profile.messages[at.message - 1]
    kind = "^".join(filter(None, (message.message_code, message.trigger_event))) or message.id
    ways = (at.members[:depth] for depth in range(1, len(at.members) + 1))
    return "/".join((kind, *(member_at(message.members, way).name.rpartition(".")[2] for way in ways)))


def member_at(members: tuple[Member, ...], way: tuple[int, ...]) -> Member:
    """The group or segment at the end of a way. raises LookupError: it leads nowhere"""
    member = members[way[0] - 1]
    if len(way) == 1:
        return member
    if not isinstance(member, GroupUse):
        raise LookupError("a segment has no members")
    return member_at(member.members, way[1:])


def segment_at(profile: Profile, at: Address) -> Segment:
    """The flavour of the segment a place is in. raises LookupError: it is in none"""
    member = member_at(profile.messages[at.message - 1].members, at.members)
    if not isinstance(member, SegmentUse):
        raise LookupError("a group has no fields")
    return profile.segments[member.ref]


def holding_type(profile: Profile, at: Address) -> str:
    """The data type whose component a place is. raises LookupError: it is no component"""
    holder = item_at(profile, at._replace(parts=at.parts[:-1]))
    if not at.parts or not isinstance(holder, Element | DynamicCase):
        raise LookupError("no data type has this part")
    return holder.data_type


def _cases(segment: Segment, position: int) -> tuple[DynamicCase, ...]:
    """The data types of a field by what another field says; those that depend on a second field are left out."""
    found = next((each.cases for each in segment.dynamic if each.position == position), ())
    return tuple(case for case in found if not case.second)
