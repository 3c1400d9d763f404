"""What fields hold, counted: presence, repetitions, lengths, codes, and how values depart from their data type."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from workbench.v2.delimiters import NULL, Delimiters
from workbench.v2.dictionary import Dictionary
from workbench.v2.escapes import unescape
from workbench.validation.profiles.compile import FORMATS
from workbench.validation.profiles.model import (
    Binding,
    Cardinality,
    Code,
    DataType,
    Element,
    Length,
    Usage,
    ValueSet,
)
from workbench.validation.profiles.nodes import Place, below, has_content, split_value

OPEN = "varies"
"""The data type of a value that is not judged."""
CODED = frozenset({"CE", "CWE", "CNE", "CF"})
CODES_OF = frozenset({"ID", "IS"})
MOST_CODES = 500
"""More distinct codes than these are no code set to write down."""
SEEN_OFTEN = 3
"""A code set is trusted when its codes were seen so many times each, on average."""
ENOUGH = 10
"""An element that so many of its owners lack is taken for unsupported (X)."""
_ROUND = (1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 250, 500, 1000, 2000, 5000, 10000)


@dataclass(slots=True)
class ValueStats:
    """Counts over the values at one place.

    odd    values that do not fit their data type; `wide` those with more parts than it has
    codes  (code, system) of coded values, None when there were too many
    """

    count: int = 0
    shortest: int = 1_000_000_000
    longest: int = 0
    odd: int = 0
    wide: int = 0
    codes: Counter[tuple[str, str]] | None = field(default_factory=Counter)
    parts: dict[int, ValueStats] = field(default_factory=dict)

    def add(
        self, text: str, times: int, type_name: str, place: Place, delimiters: Delimiters, known: Dictionary
    ) -> None:
        """Count a value that is there so many times."""
        self.count += times
        if text == NULL:
            if type_name in CODES_OF:
                self._add_code(NULL, "", times)
            return
        definition = known.data_type(type_name)
        if definition is None or definition.primitive or place.subcomponent:
            self._add_primitive(text, times, type_name, place, delimiters)
            return
        parts = split_value(text, place, delimiters)
        if len(parts) > len(definition.components) and any(parts[len(definition.components) :]):
            self.wide += times
        for number, (part, component) in enumerate(zip(parts, definition.components, strict=False), start=1):
            if has_content(part, delimiters):
                inner = self.parts.setdefault(number, ValueStats())
                inner.add(part, times, component.data_type, below(place, number), delimiters, known)
        if type_name in CODED and parts[0]:
            self._add_code(unescape(parts[0], delimiters), parts[2] if len(parts) > 2 else "", times)

    def _add_primitive(self, text: str, times: int, type_name: str, place: Place, delimiters: Delimiters) -> None:
        below_it = "" if place.subcomponent else delimiters.subcomponent
        separators = below_it if place.component else delimiters.component + below_it
        value = unescape(text, delimiters)
        check = FORMATS.get(type_name)
        if any(separator in text for separator in separators) or (check is not None and not check(value)):
            self.odd += times
        self.shortest, self.longest = min(self.shortest, len(value)), max(self.longest, len(value))
        if type_name in CODES_OF:
            self._add_code(value, "", times)

    def _add_code(self, code: str, system: str, times: int) -> None:
        if self.codes is None:
            return
        self.codes[code, system] += times
        if len(self.codes) > MOST_CODES:
            self.codes = None


@dataclass(slots=True)
class FieldStats:
    """Counts over one field of a segment; `present` counts segments that have it."""

    present: int = 0
    most: int = 1
    values: ValueStats = field(default_factory=ValueStats)


@dataclass(slots=True)
class Draft:
    """The data types and value sets that learnt elements refer to."""

    data_types: dict[str, DataType] = field(default_factory=dict)
    value_sets: dict[str, ValueSet] = field(default_factory=dict)


def learnt_element(
    name: str, type_name: str, stats: ValueStats, owners: int, place: str, known: Dictionary, draft: Draft
) -> Element:
    """A component, or the value of a field, as it was seen in so many owners."""
    definition = known.data_type(type_name)
    usage = _usage(stats.count, owners)
    comment = f"in {_share(stats.count, owners)} of {owners:,}"
    if stats.count == 0:
        return Element(name, usage, _standard(type_name, definition is not None, draft, known), comment=comment)
    if definition is None or stats.odd or stats.wide:
        if definition is not None:
            comment += f"; {stats.odd or stats.wide:,} values do not fit {type_name}"
        draft.data_types[OPEN] = DataType(OPEN, OPEN)
        return Element(name, usage, OPEN, comment=comment)
    bindings = _bind(type_name, stats, place, name, draft)
    if definition.primitive:
        draft.data_types[type_name] = DataType(type_name, type_name, definition.title)
        return Element(name, usage, type_name, length=_length(stats), bindings=bindings, comment=comment)
    components = tuple(
        learnt_element(
            part.name,
            part.data_type,
            stats.parts.get(part.position, ValueStats()),
            stats.count,
            f"{place}.{part.position}",
            known,
            draft,
        )
        for part in definition.components
    )
    id_ = f"{type_name} of {place}"
    draft.data_types[id_] = DataType(id_, type_name, definition.title, components)
    return Element(name, usage, id_, bindings=bindings, comment=comment)


def learnt_field(
    name: str, type_name: str, stats: FieldStats, owners: int, place: str, known: Dictionary, draft: Draft
) -> Element:
    """A field as it was seen in so many segments."""
    value = learnt_element(name, type_name, stats.values, max(stats.values.count, 1), place, known, draft)
    usage = _usage(stats.present, owners)
    most = 0 if usage is Usage.X else max(stats.most, 1)
    note = value.comment.partition(";")[2]
    comment = f"in {_share(stats.present, owners)} of {owners:,}" + (f";{note}" if note else "")
    return Element(
        name,
        usage,
        value.data_type,
        Cardinality(1 if usage is Usage.R else 0, most),
        value.length,
        bindings=value.bindings,
        comment=comment,
    )


def _usage(present: int, owners: int) -> Usage:
    if present and present >= owners:
        return Usage.R
    return Usage.X if not present and owners >= ENOUGH else Usage.O


def _share(present: int, owners: int) -> str:
    share = 100 * present / owners if owners else 0
    return f"{share:.0f} %" if present in (0, owners) or 1 <= share <= 99 else f"{share:.2f} %"


def _length(stats: ValueStats) -> Length:
    if not stats.longest:
        return Length()
    if stats.shortest == stats.longest:
        return Length(stats.shortest, stats.longest)
    return Length(0, next((most for most in _ROUND if most >= stats.longest), stats.longest))


def _standard(type_name: str, is_known: bool, draft: Draft, known: Dictionary) -> str:
    """A type that nothing was seen of: as the standard has it, without its parts."""
    if not is_known:
        draft.data_types[OPEN] = DataType(OPEN, OPEN)
        return OPEN
    definition = known.data_type(type_name)
    if definition is not None and definition.primitive:
        draft.data_types[type_name] = DataType(type_name, type_name, definition.title)
        return type_name
    draft.data_types[OPEN] = DataType(OPEN, OPEN)
    return OPEN


def _bind(type_name: str, stats: ValueStats, place: str, name: str, draft: Draft) -> tuple[Binding, ...]:
    if type_name not in CODED and type_name not in CODES_OF:
        return ()
    codes = stats.codes
    if not codes or sum(codes.values()) < SEEN_OFTEN * len(codes) or sum(codes.values()) < ENOUGH:
        return ()
    draft.value_sets[place] = ValueSet(
        place,
        name,
        tuple(Code(code, system, count=count) for (code, system), count in codes.most_common()),
        closed=True,
    )
    return (Binding((place,)),)
