"""From a profile to its plan: references resolved, flavours made, statements given to what they speak about.

`compile_profile` is run once for each profile and set of delimiters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import TypeVar

from workbench.v2.delimiters import Delimiters
from workbench.validation.profiles.expressions import ProfilePath
from workbench.validation.profiles.model import (
    Binding,
    CodeLocation,
    ContextBinding,
    DynamicMapping,
    Element,
    GroupUse,
    Member,
    MessageProfile,
    Predicate,
    Profile,
    Scope,
    Segment,
    SegmentUse,
    SingleCode,
    Statement,
    Usage,
)
from workbench.validation.profiles.plan import (
    Bound,
    CodeBook,
    DynamicField,
    FieldPlan,
    GroupPlan,
    MemberPlan,
    MessagePlan,
    SegmentPlan,
    ValuePlan,
    Watched,
)
from workbench.validation.profiles.reach import counts, fields_of
from workbench.validation.v2_formats import Check, is_date, is_date_time, is_number, is_sequence_number, is_time

FORMATS: dict[str, Check] = {
    "NM": is_number,
    "SI": is_sequence_number,
    "DT": is_date,
    "TM": is_time,
    "DTM": is_date_time,
}
_CODED = frozenset({"CE", "CWE", "CNE", "CF", "CSU"})
_HEADERS = frozenset({"MSH", "FHS", "BHS"})
_OPEN_ENDED = "varies"
_MAX_DEPTH = 3

Extras = Mapping[tuple[int, ...], tuple[Binding | SingleCode, ...]]
"""What is bound to an element from further up, by the places that lead to it."""


def compile_profile(profile: Profile, message: MessageProfile, delimiters: Delimiters) -> MessagePlan:
    """The plan of one message of a profile, for these delimiters."""
    compiler = _Compiler(profile, delimiters)
    return MessagePlan(
        profile,
        message,
        delimiters,
        compiler.root(message),
        compiler.books,
        tuple(profile.co_constraints.get(message.id, ())),
    )


class _Compiler:
    def __init__(self, profile: Profile, delimiters: Delimiters) -> None:
        self._profile = profile
        self._repetition = delimiters.repetition
        self._component = delimiters.component
        self.books = {name: CodeBook(definition) for name, definition in profile.value_sets.items()}
        self._segments: dict[str, SegmentPlan] = {}
        self._parts: dict[str, tuple[ValuePlan, ...]] = {}
        self._statements = _by_context(profile.statements)
        self._predicates = _by_context(profile.predicates)
        self._bindings = _by_context(profile.bindings)
        self._slicings = {(s.scope, s.context, s.position): s for s in profile.slicings}

    def root(self, message: MessageProfile) -> GroupPlan:
        extras = self._extras(Scope.MESSAGE, message.id, message.structure_id)
        members = tuple(
            self._member(use, n, (message.id, message.structure_id), _inner(extras, n))
            for n, use in enumerate(message.members, start=1)
        )
        statements, predicates = self._attached(Scope.MESSAGE, message.id, message.structure_id)
        return GroupPlan(message.id, message.structure_id, members, (*predicates, *statements))

    def _member(self, use: Member, place: int, owner: tuple[str, str], extras: Extras) -> MemberPlan:
        if isinstance(use, SegmentUse):
            return self._segment_member(use, place, owner, extras)
        return self._group_member(use, extras)

    def _segment_member(self, use: SegmentUse, place: int, owner: tuple[str, str], extras: Extras) -> MemberPlan:
        slicing = self._slicings.get((Scope.GROUP, owner[0], place)) or self._slicings.get(
            (Scope.MESSAGE, owner[0], place)
        )
        variants = tuple(
            (each, self._segment(each.ref, extras))
            for each in (slicing.slices if slicing else ())
            if each.ref in self._profile.segments
        )
        names = frozenset({use.name})
        plan = self._segment(use.ref, extras) if use.ref in self._profile.segments else None
        return MemberPlan(use.name, use.usage, use.cardinality, plan, None, variants, names, names)

    def _group_member(self, use: GroupUse, extras: Extras) -> MemberPlan:
        extras = {**extras, **self._extras(Scope.GROUP, use.id, use.name)}
        members = tuple(
            self._member(inner, n, (use.id, use.name), _inner(extras, n))
            for n, inner in enumerate(use.members, start=1)
        )
        statements, predicates = self._attached(Scope.GROUP, use.id, use.name)
        inside = frozenset().union(*(member.inside for member in members))
        heads: set[str] = set()
        for member in members:
            heads |= member.heads
            if member.usage is Usage.R:
                break
        group = GroupPlan(use.id, use.name, members, (*predicates, *statements))
        return MemberPlan(use.name, use.usage, use.cardinality, None, group, (), frozenset(heads), inside)

    def _segment(self, ref: str, extras: Extras) -> SegmentPlan:
        if not extras and ref in self._segments:
            return self._segments[ref]
        definition = self._profile.segments[ref]
        own = {**self._extras(Scope.SEGMENT, definition.id, definition.name), **extras}
        fields = tuple(
            self._field(definition, element, n, _inner(own, n)) for n, element in enumerate(definition.fields, start=1)
        )
        statements, predicates = self._attached(Scope.SEGMENT, definition.id, definition.name)
        deciding = {m.position: _places(m) for m in definition.dynamic}
        watched, reach = _watch((*predicates, *statements), deciding)
        plan = SegmentPlan(
            definition.id,
            definition.name,
            fields,
            (None, *(None if each.position in deciding else each for each in fields)),
            tuple(n for n, e in enumerate(definition.fields, start=1) if e.usage in (Usage.R, Usage.RE)),
            watched,
            {m.position: self._dynamic(definition, m, own) for m in definition.dynamic if m.position},
            self._repetition,
            reach,
        )
        if not extras:
            self._segments[ref] = plan
        return plan

    def _field(self, segment: Segment, element: Element, position: int, extras: Extras) -> FieldPlan:
        literal = segment.name in _HEADERS and position <= 2
        slicing = self._slicings.get((Scope.SEGMENT, segment.id, position))
        variants = tuple(
            (each, self._value(_retyped(element, each.ref), extras, 1))
            for each in (slicing.slices if slicing else ())
            if each.ref in self._profile.data_types
        )
        return FieldPlan(position, self._value(element, extras, 1, literal), variants)

    def _dynamic(self, segment: Segment, mapping: DynamicMapping, extras: Extras) -> DynamicField:
        element = segment.fields[mapping.position - 1]
        inner = _inner(extras, mapping.position)
        cases = {
            (case.value, case.second): FieldPlan(
                mapping.position, self._value(_retyped(element, case.data_type), inner, 1)
            )
            for case in mapping.cases
            if case.data_type in self._profile.data_types
        }
        second = [step.place for step in mapping.second_reference.steps] if mapping.second_reference else [0, 0]
        return DynamicField(
            mapping.reference.steps[0].place if mapping.reference.steps else 2,
            (second[0], second[1] if len(second) > 1 else 1),
            cases,
            self._component,
        )

    def _value(self, element: Element, extras: Extras, depth: int, literal: bool = False) -> ValuePlan:
        data_type = self._profile.data_types.get(element.data_type)
        name = data_type.name if data_type else element.data_type
        parts = self._value_parts(element.data_type, extras, depth) if depth <= _MAX_DEPTH else ()
        statements, predicates = self._attached(Scope.DATA_TYPE, element.data_type, name) if data_type else ((), ())
        bound_here = extras.get((), ())
        bindings = (*element.bindings, *(b for b in bound_here if isinstance(b, Binding)))
        singles = (*element.single_codes, *(b for b in bound_here if isinstance(b, SingleCode)))
        plan = ValuePlan(
            element,
            name,
            None if parts or literal else FORMATS.get(name),
            parts,
            tuple(self._bind(binding, name, bool(parts)) for binding in bindings),
            singles,
            statements,
            predicates,
            self._profile.strict_lengths and not parts,
            literal,
            data_type is None or name == _OPEN_ENDED,
        )
        plan.ruled = bool(plan.bound or plan.singles or plan.statements or plan.predicates)
        plan.demands = tuple((n, part) for n, part in enumerate(parts, start=1) if part.element.usage in _TOLD)
        return plan

    def _value_parts(self, type_id: str, extras: Extras, depth: int) -> tuple[ValuePlan, ...]:
        definition = self._profile.data_types.get(type_id)
        if definition is None or not definition.components:
            return ()
        inner = {**self._extras(Scope.DATA_TYPE, definition.id, definition.name), **extras}
        key = f"{depth} {type_id}"
        from_above = any(path for path in extras)
        if not from_above and key in self._parts:
            return self._parts[key]
        parts = tuple(
            self._value(component, _inner(inner, n), depth + 1) for n, component in enumerate(definition.components, 1)
        )
        if not from_above:
            self._parts[key] = parts
        return parts

    def _bind(self, binding: Binding, type_name: str, is_complex: bool) -> Bound:
        locations = binding.locations
        if not locations and is_complex:
            locations = (CodeLocation(ProfilePath.parse("1[1]")),)
        if type_name in _CODED:
            locations = tuple(_with_system(location) for location in locations)
        known = tuple(self.books[name] for name in binding.sets if name in self.books)
        absent = tuple(name for name in binding.sets if name not in self.books)
        if not is_complex:
            locations = (CodeLocation(),)
        return Bound(known, absent, binding.strength, locations, ", ".join(binding.sets))

    def _attached(self, scope: Scope, id_: str, name: str) -> tuple[tuple[Statement, ...], tuple[Predicate, ...]]:
        keys = ((scope, id_, ""), (scope, "", name))
        return (
            tuple(s for key in keys for s in self._statements.get(key, ())),
            tuple(p for key in keys for p in self._predicates.get(key, ())),
        )

    def _extras(self, scope: Scope, id_: str, name: str) -> Extras:
        found: dict[tuple[int, ...], tuple[Binding | SingleCode, ...]] = {}
        for key in ((scope, id_, ""), (scope, "", name)):
            for bound in self._bindings.get(key, ()):
                places = tuple(step.place for step in bound.target.steps)
                found[places] = (*found.get(places, ()), bound.binding)
        return found


_TOLD = frozenset({Usage.R, Usage.RE, Usage.X, Usage.W})


_Attached = TypeVar("_Attached", Statement, Predicate, ContextBinding)


def _by_context(rules: Iterable[_Attached]) -> dict[tuple[Scope, str, str], list[_Attached]]:
    found: dict[tuple[Scope, str, str], list[_Attached]] = {}
    for rule in rules:
        found.setdefault((rule.context.scope, rule.context.id, rule.context.name), []).append(rule)
    return found


def _places(mapping: DynamicMapping) -> tuple[int, ...]:
    paths = (mapping.reference, mapping.second_reference)
    return tuple(path.steps[0].place for path in paths if path is not None and path.steps)


def _watch(
    rules: tuple[Statement | Predicate, ...], deciding: Mapping[int, tuple[int, ...]]
) -> tuple[tuple[Watched, ...], int]:
    """The rules by the fields they read, and the last of these fields."""
    alike: dict[tuple[int, ...], list[Statement | Predicate]] = {}
    counting: list[Statement | Predicate] = []
    for rule in rules:
        if counts(rule.test):
            counting.append(rule)
        else:
            alike.setdefault(fields_of(rule, deciding), []).append(rule)
    found = [
        Watched(tuple(same), itemgetter(*positions) if positions else None, {} if positions else None)
        for positions, same in alike.items()
    ]
    if counting:
        found.append(Watched(tuple(counting), None, None))
    return tuple(found), max((position for positions in alike for position in positions), default=0)


def _inner(extras: Extras, place: int) -> Extras:
    return {path[1:]: bound for path, bound in extras.items() if path and path[0] == place}


def _retyped(element: Element, type_id: str) -> Element:
    return Element(
        element.name,
        element.usage,
        type_id,
        element.cardinality,
        element.length,
        element.constant,
        element.bindings,
        element.single_codes,
    )


def _with_system(location: CodeLocation) -> CodeLocation:
    """The coding system of a coded element stands two components behind its code."""
    if location.system is not None or len(location.code.steps) != 1:
        return location
    step = location.code.steps[0]
    return CodeLocation(location.code, ProfilePath((step._replace(place=step.place + 2),)))
