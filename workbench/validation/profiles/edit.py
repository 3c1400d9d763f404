"""A profile edited by a person: the profile after a change at a place.

Segments and data types are flavours that several places may share, so a change at one place counts for all of them
until the place is given flavours of its own (`separated`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workbench.validation.profiles.edit_rules import points_at
from workbench.validation.profiles.model import (
    Binding,
    Code,
    Context,
    Element,
    GroupUse,
    Member,
    MessageProfile,
    Profile,
    Scope,
    SegmentUse,
    ValueSet,
)
from workbench.validation.profiles.places import Address, holding_type, item_at, path_of, segment_at


def changed(profile: Profile, at: Address, **changes: Any) -> Profile:
    """The profile in which the item at a place has other attributes.

    raises  LookupError: the profile has no such place; TypeError: the item has no such attribute
    """
    message = profile.messages[at.message - 1]
    if not at.members:
        return _with_message(profile, at.message, replace(message, **changes))
    if not at.field:
        members = _with_member(message.members, at.members, lambda member: replace(member, **changes))
        return _with_message(profile, at.message, replace(message, members=members))
    if at.parts:
        owner = profile.data_types[holding_type(profile, at)]
        components = _with_nth(owner.components, at.parts[-1], lambda element: replace(element, **changes))
        return replace(profile, data_types={**profile.data_types, owner.id: replace(owner, components=components)})
    segment = segment_at(profile, at)
    if at.case:
        return _with_case(profile, at, changes)
    fields = _with_nth(segment.fields, at.field, lambda element: replace(element, **changes))
    return replace(profile, segments={**profile.segments, segment.id: replace(segment, fields=fields)})


def _with_case(profile: Profile, at: Address, changes: Mapping[str, Any]) -> Profile:
    segment = segment_at(profile, at)
    dynamic = tuple(
        replace(
            each,
            cases=tuple(
                replace(case, **changes) if case.value == at.case and not case.second else case for case in each.cases
            ),
        )
        if each.position == at.field
        else each
        for each in segment.dynamic
    )
    return replace(profile, segments={**profile.segments, segment.id: replace(segment, dynamic=dynamic)})


def places_sharing(profile: Profile, at: Address) -> int:
    """At how many places a change at this one counts, itself included; 1 for groups and segments."""
    if not at.field:
        return 1
    uses = Counter(member.ref for message in profile.messages for member in _segment_uses(message.members))
    if not at.parts:
        return uses[segment_at(profile, at).id]
    holders: dict[str, list[tuple[bool, str]]] = {}
    for segment in profile.segments.values():
        cases = (case.data_type for each in segment.dynamic for case in each.cases)
        for kind in (*(element.data_type for element in segment.fields), *cases):
            holders.setdefault(kind, []).append((True, segment.id))
    for owner in profile.data_types.values():
        for element in owner.components:
            holders.setdefault(element.data_type, []).append((False, owner.id))

    def counted(kind: str, within: tuple[str, ...]) -> int:
        return sum(
            uses[id_] if is_segment else counted(id_, (*within, kind))
            for is_segment, id_ in holders.get(kind, ())
            if id_ not in within
        )

    return counted(holding_type(profile, at), ())


def _segment_uses(members: Iterable[Member]) -> Iterator[SegmentUse]:
    for member in members:
        if isinstance(member, GroupUse):
            yield from _segment_uses(member.members)
        else:
            yield member


def separated(profile: Profile, at: Address) -> Profile:
    """The profile in which a field or part has flavours of its own all the way up, with copies of their rules."""
    if not at.field:
        return profile
    segment, use = segment_at(profile, at), at._replace(field=0, case="", parts=())
    own = _free(f"{segment.id} of {path_of(profile, use)}", profile)
    made = replace(profile, segments={**profile.segments, own: replace(segment, id=own)})
    made = _with_rules_of(changed(made, use, ref=own), Scope.SEGMENT, segment.id, own)
    for depth in range(len(at.parts)):
        holder = at._replace(parts=at.parts[:depth])
        kind = made.data_types[holding_type(made, at._replace(parts=at.parts[: depth + 1]))]
        name = _free(f"{kind.name} of {path_of(made, holder)}", made)
        made = replace(made, data_types={**made.data_types, name: replace(kind, id=name)})
        made = _with_rules_of(changed(made, holder, data_type=name), Scope.DATA_TYPE, kind.id, name)
    return made


def _with_rules_of(profile: Profile, scope: Scope, old: str, new: str) -> Profile:
    """What is attached to one flavour by its id is attached to another as well."""

    def both(rules: tuple[Any, ...]) -> tuple[Any, ...]:
        own = (rule for rule in rules if rule.context.scope is scope and rule.context.id == old)
        return (*rules, *(replace(rule, context=Context(scope, new, rule.context.name)) for rule in own))

    slicings = (replace(each, context=new) for each in profile.slicings if each.scope is scope and each.context == old)
    return replace(
        profile,
        statements=both(profile.statements),
        predicates=both(profile.predicates),
        bindings=both(profile.bindings),
        slicings=(*profile.slicings, *slicings),
    )


def code_sets(profile: Profile, at: Address) -> tuple[ValueSet, ...]:
    """The value sets an element takes its code from, those bound by its path among them."""
    item = item_at(profile, at)
    if not isinstance(item, Element):
        return ()
    attached = (each.binding for each in profile.bindings if points_at(profile, each, at))
    named = (name for each in (*item.bindings, *attached) if isinstance(each, Binding) for name in each.sets)
    return tuple(profile.value_sets[name] for name in dict.fromkeys(named) if name in profile.value_sets)


def with_codes(profile: Profile, at: Address, set_id: str, codes: tuple[Code, ...], closed: bool) -> Profile:
    """The profile whose value set has these codes.

    set_id  one of `code_sets`, or "" for a new one that the element is bound to
    raises  LookupError: there is no such set, or the place holds no values
    """
    if set_id:
        kept = replace(profile.value_sets[set_id], codes=codes, closed=closed)
        return replace(profile, value_sets={**profile.value_sets, set_id: kept})
    item = item_at(profile, at)
    if not isinstance(item, Element):
        raise LookupError("only fields and their parts have codes")
    name = _free(path_of(profile, at), profile)
    made = replace(profile, value_sets={**profile.value_sets, name: ValueSet(name, item.name, codes, closed)})
    return changed(made, at, bindings=(*item.bindings, Binding((name,))))


def _with_message(profile: Profile, number: int, message: MessageProfile) -> Profile:
    return replace(profile, messages=_with_nth(profile.messages, number, lambda _: message))


def _with_member(
    members: tuple[Member, ...], way: tuple[int, ...], change: Callable[[Member], Member]
) -> tuple[Member, ...]:
    def inner(member: Member) -> Member:
        if len(way) == 1:
            return change(member)
        if not isinstance(member, GroupUse):
            raise LookupError("a segment has no members")
        return replace(member, members=_with_member(member.members, way[1:], change))

    return _with_nth(members, way[0], inner)


def _with_nth(items: tuple[Any, ...], number: int, change: Callable[[Any], Any]) -> tuple[Any, ...]:
    return (*items[: number - 1], change(items[number - 1]), *items[number:])


def _free(name: str, profile: Profile) -> str:
    """The name, numbered where something is already called so."""
    taken = profile.segments.keys() | profile.data_types.keys() | profile.value_sets.keys()
    number, made = 1, name
    while made in taken:
        number += 1
        made = f"{name} {number}"
    return made
