"""A profile made ready for judging: every reference resolved, every list of positions worked out.

`compile_profile` is run once for each profile. A plan is shared by all messages; only its memories of values seen
change, and they are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from workbench.validation.profiles.expressions import ProfilePath
from workbench.validation.profiles.model import (
    Binding,
    Cardinality,
    CoConstraints,
    Code,
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
    Slice,
    Statement,
    Strength,
    Usage,
    ValueSet,
)
from workbench.validation.profiles.reach import counts, fields_of
from workbench.validation.v2_formats import Check, is_date, is_date_time, is_number, is_sequence_number, is_time

_CHECKS: dict[str, Check] = {
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


class CodeBook:
    """The codes of a value set, ready to be looked up."""

    def __init__(self, definition: ValueSet) -> None:
        self.id = definition.id
        self.closed = definition.closed
        self.excluded = definition.excluded
        self.codes: dict[str, list[Code]] = {}
        self.patterns: list[tuple[re.Pattern[str], Code]] = []
        for code in definition.codes:
            if code.pattern:
                self.patterns.append((re.compile(code.pattern), code))
            else:
                self.codes.setdefault(code.value, []).append(code)

    @property
    def empty(self) -> bool:
        return not self.codes and not self.patterns

    def find(self, value: str) -> list[Code]:
        """Every code that the value is."""
        found = self.codes.get(value)
        if found is not None:
            return found
        return [code for pattern, code in self.patterns if pattern.fullmatch(value)]


class Bound(NamedTuple):
    """A binding with its sets looked up; `absent` are the sets the profile names and does not have."""

    books: tuple[CodeBook, ...]
    absent: tuple[str, ...]
    strength: Strength | None
    locations: tuple[CodeLocation, ...]
    names: str


@dataclass(slots=True, eq=False)
class ValuePlan:
    """What a repetition of a field, a component or a subcomponent must satisfy.

    label     name of the element and its type, for sentences
    check     format of a primitive by its data type
    parts     the level below; none for a primitive
    literal   MSH-1 and MSH-2, which are not split and not unescaped
    opaque    the type is not known, so the value is not judged
    clean     texts that were judged and found good
    """

    element: Element
    type_name: str
    check: Check | None
    parts: tuple[ValuePlan, ...]
    bound: tuple[Bound, ...]
    singles: tuple[SingleCode, ...]
    statements: tuple[Statement, ...]
    predicates: tuple[Predicate, ...]
    strict_length: bool
    literal: bool = False
    opaque: bool = False
    clean: set[str] = field(default_factory=set)
    demands: tuple[tuple[int, ValuePlan], ...] = ()

    @property
    def label(self) -> str:
        return f"{self.element.name} ({self.type_name})"


@dataclass(slots=True, eq=False)
class FieldPlan:
    """One field; `verdicts` remembers what was found for a raw text, `variants` are the flavours of its instances."""

    position: int
    value: ValuePlan
    variants: tuple[tuple[Slice, ValuePlan], ...] = ()
    verdicts: dict[str, tuple[Any, ...]] = field(default_factory=dict)


class Watched(NamedTuple):
    """A statement or predicate of a segment with the fields it reads and what it said of them before.

    memory  None when the answer depends on more than the fields
    """

    rule: Statement | Predicate
    positions: tuple[int, ...]
    memory: dict[tuple[str, ...], tuple[Any, ...]] | None


@dataclass(slots=True, eq=False)
class SegmentPlan:
    """One flavour of a segment.

    fields       `fields[n - 1]` is field n
    demanded     positions with usage R and RE, `barred` those with X and W, `watched` what depends on other fields
    dynamic      fields whose type another field decides, by position
    """

    id: str
    name: str
    fields: tuple[FieldPlan, ...]
    demanded: tuple[int, ...]
    watched: tuple[Watched, ...]
    dynamic: dict[int, DynamicField]
    repetition: str
    barred: frozenset[int] = frozenset()

    def repetitions(self, position: int, raw: str) -> list[str]:
        if self.fields[position - 1].value.literal or not self.repetition or self.repetition not in raw:
            return [raw]
        return raw.split(self.repetition)

    def value_plan(self, position: int, number: int, fields: list[str]) -> ValuePlan:
        """The plan of one instance of a field; that of a value without parts where its type cannot be told."""
        chosen = self.field_plan(position, fields) or self.fields[position - 1]
        for variant, plan in chosen.variants:
            if variant.occurrence == number:
                return plan
        return chosen.value

    def field_plan(self, position: int, fields: list[str]) -> FieldPlan | None:
        dynamic = self.dynamic.get(position)
        if dynamic is None:
            return self.fields[position - 1]
        return dynamic.choose(fields)


@dataclass(slots=True, eq=False)
class DynamicField:
    """A field whose type depends on others; `cases` by (reference, second reference)."""

    reference: int
    second: tuple[int, int]
    cases: dict[tuple[str, str], FieldPlan]
    component: str

    def choose(self, fields: list[str]) -> FieldPlan | None:
        key = fields[self.reference] if self.reference < len(fields) else ""
        if self.second[0]:
            raw = fields[self.second[0]] if self.second[0] < len(fields) else ""
            parts = raw.split(self.component) if self.component else [raw]
            second = parts[self.second[1] - 1] if self.second[1] <= len(parts) else ""
            found = self.cases.get((key, second))
            if found is not None:
                return found
        return self.cases.get((key, ""))


@dataclass(slots=True, eq=False)
class MemberPlan:
    """A segment or group at its place.

    variants  flavours of the segment with what tells them
    heads     names that begin it; `inside` all names in it
    """

    name: str
    usage: Usage
    cardinality: Cardinality
    segment: SegmentPlan | None = None
    group: GroupPlan | None = None
    variants: tuple[tuple[Slice, SegmentPlan], ...] = ()
    heads: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class GroupPlan:
    """A group, or the message as a whole."""

    id: str
    name: str
    members: tuple[MemberPlan, ...]
    statements: tuple[Statement, ...]
    predicates: tuple[Predicate, ...]


@dataclass(eq=False)
class MessagePlan:
    """One message of a profile, for messages with the same delimiters."""

    profile: Profile
    message: MessageProfile
    root: GroupPlan
    books: Mapping[str, CodeBook]
    tables: tuple[CoConstraints, ...]
    layouts: dict[tuple[str, ...], Any] = field(default_factory=dict)

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(member.inside for member in self.root.members))


Extras = Mapping[tuple[int, ...], tuple[Binding | SingleCode, ...]]
"""What is bound to an element from further up, by the places that lead to it."""


def compile_profile(profile: Profile, message: MessageProfile, repetition: str, component: str) -> MessagePlan:
    """The plan of one message of a profile, for these delimiters."""
    compiler = _Compiler(profile, repetition, component)
    return MessagePlan(
        profile, message, compiler.root(message), compiler.books, tuple(profile.co_constraints.get(message.id, ()))
    )


class _Compiler:
    def __init__(self, profile: Profile, repetition: str, component: str) -> None:
        self._profile = profile
        self._repetition = repetition
        self._component = component
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
        return GroupPlan(message.id, message.structure_id, members, statements, predicates)

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
        group = GroupPlan(use.id, use.name, members, statements, predicates)
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
        plan = SegmentPlan(
            definition.id,
            definition.name,
            fields,
            tuple(n for n, e in enumerate(definition.fields, start=1) if e.usage in (Usage.R, Usage.RE)),
            tuple(_watch(rule, deciding) for rule in (*predicates, *statements)),
            {m.position: self._dynamic(definition, m, own) for m in definition.dynamic if m.position},
            self._repetition,
            frozenset(n for n, e in enumerate(definition.fields, start=1) if e.usage in (Usage.X, Usage.W)),
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
            None if parts or literal else _CHECKS.get(name),
            parts,
            tuple(self._bind(binding, name, bool(parts)) for binding in bindings),
            singles,
            statements,
            predicates,
            self._profile.strict_lengths and not parts,
            literal,
            data_type is None or name == _OPEN_ENDED,
        )
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


def _watch(rule: Statement | Predicate, deciding: Mapping[int, tuple[int, ...]]) -> Watched:
    return Watched(rule, fields_of(rule, deciding), None if counts(rule.test) else {})


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
