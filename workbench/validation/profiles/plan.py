"""A profile made ready for judging: every reference resolved, every list of positions worked out.

`compile` makes plans. A plan is shared by all messages; only its memories of values seen change, and they are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from workbench.v2.delimiters import Delimiters
from workbench.validation.profiles.expressions import Step
from workbench.validation.profiles.model import (
    Cardinality,
    CoConstraints,
    Code,
    CodeLocation,
    Element,
    MessageProfile,
    Predicate,
    Profile,
    SingleCode,
    Slice,
    Statement,
    Strength,
    Usage,
    ValueSet,
)
from workbench.validation.v2_formats import Check


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
    demands   parts with usage R, RE, X or W, by number
    ruled     codes, statements or predicates are attached
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
    ruled: bool = False

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
    """Statements and predicates of a segment that read the same fields, with what they said of them before.

    key     takes the texts of the fields they read from all fields of a segment
    memory  by those texts; None when the answer depends on more than the fields
    """

    rules: tuple[Statement | Predicate, ...]
    key: Callable[[Sequence[str]], str | tuple[str, ...]] | None
    memory: dict[str | tuple[str, ...], tuple[Any, ...]] | None


@dataclass(slots=True, eq=False)
class SegmentPlan:
    """One flavour of a segment.

    fields    `fields[n - 1]` is field n
    settled   `settled[n]` is field n, None for the name and for fields whose type others decide
    demanded  positions with usage R and RE; `absences` what is said of those that are not there
    watched   what statements say of several fields
    dynamic   fields whose type another field decides, by position
    reach     the last field that `watched` reads
    texts     for a path from the segment: the values there, by the raw text of the field; None when one has parts
    """

    id: str
    name: str
    fields: tuple[FieldPlan, ...]
    settled: tuple[FieldPlan | None, ...]
    demanded: tuple[int, ...]
    watched: tuple[Watched, ...]
    dynamic: dict[int, DynamicField]
    repetition: str
    reach: int = 0
    absences: dict[int, Any] = field(default_factory=dict)
    texts: dict[tuple[Step, ...], dict[str, tuple[str, ...] | None]] = field(default_factory=dict)

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
    rules: tuple[Statement | Predicate, ...]


@dataclass(eq=False)
class MessagePlan:
    """One message of a profile, for messages with the same delimiters."""

    profile: Profile
    message: MessageProfile
    delimiters: Delimiters
    root: GroupPlan
    books: Mapping[str, CodeBook]
    tables: tuple[CoConstraints, ...]
    layouts: dict[tuple[str, ...], Any] = field(default_factory=dict)

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(member.inside for member in self.root.members))
