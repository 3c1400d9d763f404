"""A profile with members of messages and groups, fields and components added or taken out.

Fields and components are known by their position, so they are added and taken out at the end only; one in the middle
is made `X` instead. Members may stand anywhere: what conditions, bindings, slicings and co-constraint tables say of the
members behind is renumbered, and what speaks of a member that goes, goes with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from workbench.v2.dictionary import FieldDefinition, dictionary
from workbench.validation.profiles.edit import changed
from workbench.validation.profiles.edit_rules import points_at
from workbench.validation.profiles.expressions import Counted, ProfilePath
from workbench.validation.profiles.model import (
    Cardinality,
    CoConstraints,
    DataType,
    DynamicCase,
    Element,
    GroupUse,
    Member,
    MessageProfile,
    Profile,
    Scope,
    Segment,
    SegmentUse,
    Usage,
)
from workbench.validation.profiles.places import Address, holding_type, item_at, places_below, segment_at
from workbench.validation.profiles.standard_types import add_standard_type, is_varying, observation_mapping

_TEXT = "ST"
Renumber = Callable[[int], int | None]


class _Gone(Exception):
    """A path leads through a member that is taken out."""


def with_segment(profile: Profile, holder: Address, number: int, name: str) -> Profile:
    """The profile with an optional segment as the `number`-th member of a message or group.

    Its flavour is the profile's own of that name, else what the standard says of it (a Z-segment begins empty).

    raises  LookupError: the holder is no message and no group, or has no such number
    """
    known = next((each for each in profile.segments.values() if each.name == name), None)
    if known is None:
        profile, known = _standard_segment(profile, name)
    return _with_member(profile, holder, number, SegmentUse(known.id, name, Usage.O, Cardinality(0, 1)))


def with_group(profile: Profile, holder: Address, number: int, name: str) -> Profile:
    """The profile with an empty optional group as the `number`-th member; raises as `with_segment`."""
    above = item_at(profile, holder)
    if not isinstance(above, MessageProfile | GroupUse):
        raise LookupError("only messages and groups have members")
    taken = _group_ids(tuple(member for message in profile.messages for member in message.members))
    made = id_ = f"{above.id}.{name}"
    count = 1
    while made in taken:
        count += 1
        made = f"{id_} {count}"
    return _with_member(profile, holder, number, GroupUse(made, name, ()))


def with_element(profile: Profile, at: Address) -> Profile:
    """The profile with one more optional field of a segment, or component of what a field or component holds.

    raises  LookupError: nothing can be added within this place
    """
    item = item_at(profile, at)
    if isinstance(item, SegmentUse):
        segment = profile.segments[item.ref]
        position = len(segment.fields) + 1
        standard = dictionary(profile.version).field(segment.name, position)
        types = dict(profile.data_types)
        element = _field(profile, standard, types) if standard else Element(f"Field {position}", Usage.O, _text(types))
        made = replace(segment, fields=(*segment.fields, element))
        return replace(profile, data_types=types, segments={**profile.segments, segment.id: made})
    if not isinstance(item, Element | DynamicCase) or len(at.parts) >= 2:
        raise LookupError("nothing can be added here")
    types = dict(profile.data_types)
    owner = types.get(item.data_type)
    if owner is None or (isinstance(item, Element) and any(below.case for below in places_below(profile, at))):
        raise LookupError("its data type is not known")
    made_part = Element(f"Component {len(owner.components) + 1}", Usage.O, _text(types))
    types[owner.id] = replace(owner, components=(*owner.components, made_part))
    return replace(profile, data_types=types)


def may_go(profile: Profile, at: Address) -> bool:
    """True for a member that is not the only one, and for the last field or component."""
    above = at.above
    if above is None or (at.case and not at.parts):
        return False
    beside = places_below(profile, above)
    return bool(beside) and (beside[-1] == at if at.field else len(beside) > 1)


def without(profile: Profile, at: Address) -> Profile:
    """The profile without a place, and without what was attached to it.

    raises  LookupError: the place cannot go, see `may_go`
    """
    if not may_go(profile, at):
        raise LookupError("only the last field or component can go; one before it is made X")
    if not at.field:
        return _without_member(profile, at)
    profile = replace(
        profile,
        predicates=tuple(rule for rule in profile.predicates if not points_at(profile, rule, at)),
        statements=tuple(rule for rule in profile.statements if not points_at(profile, rule, at)),
        bindings=tuple(each for each in profile.bindings if not points_at(profile, each, at)),
    )
    if at.parts:
        owner = profile.data_types[holding_type(profile, at)]
        kept = replace(owner, components=owner.components[:-1])
        return replace(profile, data_types={**profile.data_types, owner.id: kept})
    segment = segment_at(profile, at)
    dynamic = tuple(each for each in segment.dynamic if each.position != at.field)
    less = replace(segment, fields=segment.fields[:-1], dynamic=dynamic)
    return replace(profile, segments={**profile.segments, segment.id: less})


def _standard_segment(profile: Profile, name: str) -> tuple[Profile, Segment]:
    known = dictionary(profile.version)
    definition = known.segment(name)
    types = dict(profile.data_types)
    elements = tuple(_field(profile, each, types) for each in definition.fields) if definition else ()
    dynamic = (observation_mapping(known, types),) if name == "OBX" else ()
    id_ = name if name not in profile.segments else f"{name} of the standard"
    made = Segment(id_, name, definition.title if definition else "", elements, dynamic)
    return replace(profile, data_types=types, segments={**profile.segments, id_: made}), made


def _field(profile: Profile, standard: FieldDefinition, types: dict[str, DataType]) -> Element:
    if not is_varying(standard.data_type):
        add_standard_type(standard.data_type, dictionary(profile.version), types)
    return Element(standard.name, Usage.O, standard.data_type, Cardinality(0, standard.max_repetitions))


def _text(types: dict[str, DataType]) -> str:
    types.setdefault(_TEXT, DataType(_TEXT, _TEXT))
    return _TEXT


def _group_ids(members: tuple[Member, ...]) -> set[str]:
    groups = [member for member in members if isinstance(member, GroupUse)]
    return {group.id for group in groups}.union(*(_group_ids(group.members) for group in groups))


def _with_member(profile: Profile, holder: Address, number: int, member: Member) -> Profile:
    above = item_at(profile, holder)
    if not isinstance(above, MessageProfile | GroupUse) or not 1 <= number <= len(above.members) + 1:
        raise LookupError("only messages and groups have members")
    members = (*above.members[: number - 1], member, *above.members[number - 1 :])
    moved = _renumbered(profile, holder, lambda place: place + (place >= number))
    return changed(moved, holder, members=members)


def _without_member(profile: Profile, at: Address) -> Profile:
    holder, number = at._replace(members=at.members[:-1]), at.members[-1]
    above = item_at(profile, holder)
    if not isinstance(above, MessageProfile | GroupUse):
        raise LookupError("only messages and groups have members")
    moved = _renumbered(profile, holder, lambda place: None if place == number else place - (place > number))
    return changed(moved, holder, members=(*above.members[: number - 1], *above.members[number:]))


def _renumbered(profile: Profile, holder: Address, number: Renumber) -> Profile:
    """The profile whose paths count the members of one message or group anew."""
    message = profile.messages[holder.message - 1]

    def way_from(scope: Scope, id_: str, name: str) -> tuple[int, ...] | None:
        """The way to the holder from what a rule is attached to, None when it does not lead there."""
        for depth in range(len(holder.members), -1, -1):
            item = item_at(profile, Address(holder.message, holder.members[:depth]))
            is_message = isinstance(item, MessageProfile)
            if scope is not (Scope.MESSAGE if is_message else Scope.GROUP):
                continue
            called = message.structure_id if is_message else getattr(item, "name", "")
            if getattr(item, "id", "") == id_ if id_ else name in ("", called):
                return holder.members[depth:]
        return None

    def rules(found: tuple[Any, ...]) -> tuple[Any, ...]:
        made = []
        for rule in found:
            way = way_from(rule.context.scope, rule.context.id, rule.context.name)
            try:
                made.append(rule if way is None else _repathed(rule, way, number))
            except _Gone:
                continue
        return tuple(made)

    tables = {**profile.co_constraints, message.id: _moved_tables(profile, holder, number)}
    of_holder = item_at(profile, holder)
    slicings = []
    for each in profile.slicings:
        place: int | None = each.position
        if each.scope in (Scope.GROUP, Scope.MESSAGE) and each.context == getattr(of_holder, "id", None):
            place = number(each.position)
        if place is not None:
            slicings.append(replace(each, position=place))
    return replace(
        profile,
        statements=rules(profile.statements),
        predicates=rules(profile.predicates),
        bindings=rules(profile.bindings),
        slicings=tuple(slicings),
        co_constraints={id_: found for id_, found in tables.items() if found},
    )


def _moved_tables(profile: Profile, holder: Address, number: Renumber) -> tuple[CoConstraints, ...]:
    tables = []
    for table in profile.co_constraints.get(profile.messages[holder.message - 1].id, ()):
        try:
            tables.append(_moved_table(table, holder, number))
        except _Gone:
            continue
    return tuple(tables)


def _moved_table(table: CoConstraints, holder: Address, number: Renumber) -> CoConstraints:
    """A co-constraint table: its context is a way from the message, its segment and condition begin there."""
    context = _moved(table.context, holder.members, number)
    way = _way_below(table.context, holder.members)
    if way is None:
        return replace(table, context=context)
    condition = _repathed(table.condition, way, number)
    return replace(table, context=context, segment=_moved(table.segment, way, number), condition=condition)


def _way_below(path: ProfilePath, way: tuple[int, ...]) -> tuple[int, ...] | None:
    """What remains of a way after a path, None when the path leads elsewhere."""
    above = tuple(step.place for step in path.steps)
    return way[len(above) :] if way[: len(above)] == above else None


def _repathed(value: Any, way: tuple[int, ...], number: Renumber) -> Any:
    """The value with every path in it that leads through the holder renumbered."""
    if isinstance(value, ProfilePath):
        return _moved(value, way, number)
    if isinstance(value, Counted):
        below = _way_below(value.parent, way)
        element = value.element if below is None else _moved(value.element, below, number)
        return Counted(_moved(value.parent, way, number), element)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_repathed(each, way, number) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        said = {each.name: getattr(value, each.name) for each in fields(value)}
        return replace(value, **{name: _repathed(inner, way, number) for name, inner in said.items()})
    return value


def _moved(path: ProfilePath, way: tuple[int, ...], number: Renumber) -> ProfilePath:
    steps, depth = path.steps, len(way)
    if len(steps) <= depth or tuple(step.place for step in steps[:depth]) != way:
        return path
    place = number(steps[depth].place)
    if place is None:
        raise _Gone
    return ProfilePath((*steps[:depth], steps[depth]._replace(place=place), *steps[depth + 1 :]))
