"""The standard's demands on fields, compiled for speed.

For each version and set of delimiters a `Plan` holds, segment by segment, what every field must satisfy. A
`FieldPlan` judges the raw text of one field and remembers its verdict: real fields repeat (facilities, codes,
names of physicians), so most values are judged once. What is remembered is bounded and holds short values only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from workbench.v2.delimiters import NULL, Delimiters
from workbench.v2.dictionary import (
    ComponentDefinition,
    Dictionary,
    Disputed,
    FieldDefinition,
    Table,
    TableKind,
    Usage,
    dictionary,
)
from workbench.v2.escapes import unescape
from workbench.validation.v2_formats import (
    Check,
    check_digit_fits,
    is_date,
    is_date_time,
    is_encoded,
    is_full_date,
    is_number,
    is_sequence_number,
    is_structured_numeric,
    is_time,
)
from workbench.validation.v2_rules import DISPUTED, NOT_STATED, OTHER_VERSIONS, PARTS_ALLOW_MORE

REMEMBERED_VALUES = 1024
"""Verdicts kept per field before it starts afresh."""
REMEMBERED_LENGTH = 128
"""Longer values are judged each time: they hardly repeat."""
REPORTED_PER_FIELD = 50
"""A field with more findings than these is broken as a whole; it is judged no further."""

_FORMATS: dict[str, tuple[str, Check]] = {
    "NM": ("V2-0302", is_number),
    "SI": ("V2-0303", is_sequence_number),
    "DT": ("V2-0304", is_date),
    "TM": ("V2-0305", is_time),
    "DTM": ("V2-0306", is_date_time),
}
_OPAQUE = frozenset({"varies", "CM", "WD", ""})
_CODED = frozenset({"CE", "CWE", "CNE", "CF"})
_IDENTIFIERS = frozenset({"CX"})
_OPEN_ENDED = frozenset({"QPD", "RDT", "ADD"})
"""Segments whose last field is continued in further fields (v2.5.1 5.5.4, 5.5.6, 2.15.1)."""
_SEQUENCE = re.compile(
    r"[HNFSTRELP]|[CM][0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{2})?|Z.*|\.(?:br|fi|nf|ce)|\.(?:sp|in|ti|sk) ?[+-]?[0-9]*", re.DOTALL
)
_HEXADECIMAL = re.compile(r"X(?:[0-9A-Fa-f]{2})+")


class Finding(NamedTuple):
    """What is wrong with a field, at a place inside it; numbers are 1-based, 0 is the whole."""

    rule: str
    args: dict[str, str]
    repetition: int = 0
    component: int = 0
    subcomponent: int = 0
    doubt: str = ""
    """Why the finding is less than certain, as the end of its sentence."""


Findings = tuple[Finding, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ValuePlan:
    """What one value must satisfy: a repetition of a field, a component or a subcomponent.

    label       `PID-8 Administrative Sex`, `CX.1 ID Number`
    check       rule and format check of a primitive
    table_rule  rule of a code that `table` does not have; "" when no code is checked
    parts       the level below; none for a primitive
    demanded    parts that must be there
    opaque      what stands here depends on something else: only escape sequences are judged
    clean       texts that were judged and found good
    """

    label: str
    data_type: str
    required: bool
    max_length: int | None
    check: tuple[str, Check] | None
    table: Table | None
    table_rule: str
    parts: tuple[ValuePlan, ...]
    opaque: bool
    usage_doubt: str
    type_doubt: str
    demanded: tuple[tuple[int, ValuePlan], ...]
    clean: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class FieldPlan:
    """One field: judges its raw text and remembers the verdict."""

    definition: FieldDefinition
    value: ValuePlan
    delimiters: Delimiters
    verdicts: dict[str, Findings] = field(default_factory=dict)

    def judge(self, raw: str) -> Findings:
        """What is wrong with the field; `raw` is not empty."""
        found: list[Finding] = []
        self._judge_field(raw, found)
        verdict = tuple(found)
        if len(raw) <= REMEMBERED_LENGTH:
            if len(self.verdicts) >= REMEMBERED_VALUES:
                self.verdicts.clear()
            self.verdicts[raw] = verdict
        return verdict

    def _judge_field(self, raw: str, found: list[Finding]) -> None:
        definition, separator = self.definition, self.delimiters.repetition
        delimiters = self.delimiters
        blank = delimiters.component + delimiters.subcomponent + separator
        if raw == NULL or definition.usage is Usage.WITHDRAWN or (raw[0] in blank and not raw.strip(blank)):
            self._judge_presence(raw, blank, found)
            return
        if not separator or separator not in raw:
            _judge_value(self.value, raw, self.delimiters, 1, found)
            return
        repetitions = raw.rstrip(blank).split(separator)
        most = None if definition.segment in _OPEN_ENDED else definition.max_repetitions
        if most is not None and len(repetitions) > most:
            args = {
                "field": definition.label,
                "name": definition.name,
                "most": str(most),
                "count": str(len(repetitions)),
            }
            found.append(Finding("V2-0203", args, most + 1, doubt=_doubt(definition, Disputed.REPETITION)))
        for number, text in enumerate(repetitions, start=1):
            if len(found) >= REPORTED_PER_FIELD:
                return
            if text == NULL:
                found.append(Finding("V2-0209", {}, number))
            elif text:
                _judge_value(self.value, text, self.delimiters, number, found)

    def _judge_presence(self, raw: str, blank: str, found: list[Finding]) -> None:
        """Of a field that is withdrawn, null, or nothing but separators, which is as good as empty."""
        definition, is_blank = self.definition, not raw.strip(blank)
        names = {"field": definition.label, "name": definition.name}
        if definition.usage is Usage.WITHDRAWN and not is_blank:
            found.append(Finding("V2-0204", names))
        elif definition.required:
            rule = "V2-0201" if is_blank else "V2-0202"
            found.append(Finding(rule, names, doubt=_doubt(definition, Disputed.USAGE)))


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPlan:
    """One segment.

    fields    plan of each field by its number; None for those that are judged elsewhere (name, MSH-1, OBX-5)
    required  numbers of the fields that must be there
    endless   further fields continue the last one
    """

    name: str
    fields: tuple[FieldPlan | None, ...]
    required: tuple[int, ...]
    endless: bool


class Plan:
    """All segments of one version, for messages with the same delimiters."""

    def __init__(self, known: Dictionary, delimiters: Delimiters) -> None:
        self.dictionary = known
        self.delimiters = delimiters
        self._segments: dict[str, SegmentPlan | None] = {}
        self._parts: dict[str, tuple[ValuePlan, ...]] = {}
        self._observations: dict[str, FieldPlan] = {}

    def segment(self, name: str) -> SegmentPlan | None:
        """The plan of a segment, None for segments the version does not know."""
        if name not in self._segments:
            self._segments[name] = self._plan_segment(name)
        return self._segments[name]

    def observation_value(self, data_type: str) -> FieldPlan | None:
        """The plan of OBX-5 for the data type of OBX-2, None when the version has no such type."""
        plan = self._observations.get(data_type)
        definition = self.dictionary.field("OBX", 5)
        if plan is None and definition is not None and self.dictionary.data_type(data_type) is not None:
            plan = FieldPlan(definition, self._plan_value(definition, data_type), self.delimiters)
            self._observations[data_type] = plan
        return plan

    def _plan_segment(self, name: str) -> SegmentPlan | None:
        definition = self.dictionary.segment(name)
        if definition is None:
            return None
        elsewhere = _JUDGED_ELSEWHERE.get(name, ())
        plans: list[FieldPlan | None] = [None]
        plans.extend(
            None if f.position in elsewhere else FieldPlan(f, self._plan_value(f, f.data_type), self.delimiters)
            for f in definition.fields
        )
        required = tuple(f.position for f in definition.fields if f.required)
        return SegmentPlan(name, tuple(plans), required, name in _OPEN_ENDED)

    def _plan_value(
        self, definition: FieldDefinition | ComponentDefinition, data_type: str, owner: str = ""
    ) -> ValuePlan:
        parts = self._plan_parts(data_type)
        table = None if definition.table in _TABLES_ELSEWHERE else self.dictionary.table(definition.table)
        known = self.dictionary.data_type(data_type)
        required = definition.required or (owner in _IDENTIFIERS and definition.position == 1)
        label = definition.label if isinstance(definition, FieldDefinition) else f"{owner}.{definition.position}"
        return ValuePlan(
            f"{label} {definition.name}",
            data_type,
            required,
            definition.max_length,
            self._format(data_type, owner, definition.position),
            table if table is not None and table.codes and not table.is_open else None,
            _table_rule(data_type, table),
            parts,
            data_type in _OPAQUE or known is None,
            _doubt(definition, Disputed.USAGE) if definition.required else NOT_STATED,
            _doubt(definition, Disputed.TYPE),
            tuple((number, part) for number, part in enumerate(parts, start=1) if part.required),
        )

    def _plan_parts(self, data_type: str) -> tuple[ValuePlan, ...]:
        if data_type not in self._parts:
            self._parts[data_type] = ()  # a type that holds itself ends here
            known = self.dictionary.data_type(data_type)
            self._parts[data_type] = tuple(
                self._plan_value(component, component.data_type, data_type)
                for component in (known.components if known else ())
            )
        return self._parts[data_type]

    def _format(self, data_type: str, owner: str, position: int) -> tuple[str, Check] | None:
        if owner == "TS" and position == 1:
            return _FORMATS["DTM"]
        if data_type == "DT" and self.dictionary.version < "2.3":
            return "V2-0304", is_full_date
        return _FORMATS.get(data_type)


_GROWING_TABLES = frozenset({"0396"})
"""HL7 tables that are kept up outside the versions of the standard, so that no version has all their codes."""
_TABLES_ELSEWHERE = frozenset({"", "0104", "0125"})
"""Versions are judged by V2-0014 and data types of observations by V2-0211: their tables lag behind."""
_JUDGED_ELSEWHERE = {"MSH": (1, 2), "FHS": (1, 2), "BHS": (1, 2), "OBX": (5,)}


@lru_cache(maxsize=48)
def plan_for(version: str, delimiters: Delimiters) -> Plan:
    """The plan of a version (or its nearest relative) for messages with these delimiters."""
    return Plan(dictionary(version), delimiters)


def _doubt(definition: FieldDefinition | ComponentDefinition, point: Disputed) -> str:
    return DISPUTED if point in definition.disputed else ""


def _table_rule(data_type: str, table: Table | None) -> str:
    if table is None:
        return ""
    if table.id in _GROWING_TABLES:
        return "V2-0402"
    if data_type == "CNE" or (data_type == "ID" and table.kind is not TableKind.USER):
        return "V2-0401"
    if data_type in ("ID", "IS"):
        return "V2-0402"
    return "V2-0403" if data_type in _CODED else ""


def _judge_value(plan: ValuePlan, text: str, delimiters: Delimiters, repetition: int, found: list[Finding]) -> None:
    """One repetition of a field."""
    if plan.max_length is not None and len(text) > plan.max_length:
        _judge_length(plan, text, delimiters, (repetition, 0, 0), found)
    if not plan.parts:
        _judge_primitive(plan, text, delimiters, (repetition, 0, 0), found)
        return
    parts = text.split(delimiters.component) if delimiters.component else [text]
    if len(parts) > len(plan.parts):
        _judge_count(plan, parts, "V2-0206", (repetition, len(plan.parts) + 1, 0), found)
    for number, (part, inner) in enumerate(zip(parts, plan.parts, strict=False), start=1):
        if part and part not in inner.clean and part != NULL:
            _judge_component(inner, part, delimiters, (repetition, number, 0), found)
    for number, inner in plan.demanded:
        if number > len(parts) or not parts[number - 1]:
            found.append(_absent(plan, inner, number, (repetition, number, 0)))
    if plan.table is not None and plan.table_rule:
        _judge_coded(plan, plan.table, parts, delimiters, (repetition, 1, 0), found)
    if plan.data_type in JUDGED_TOGETHER:
        judge_together(plan.data_type, parts, delimiters, repetition, found)
    elif plan.data_type in _UNIVERSAL:
        _judge_universal(plan.data_type, parts, (repetition, 0, 0), found)


def _judge_component(
    plan: ValuePlan, text: str, delimiters: Delimiters, place: tuple[int, int, int], found: list[Finding]
) -> None:
    before = len(found)
    if plan.max_length is not None and len(text) > plan.max_length:
        _judge_length(plan, text, delimiters, place, found)
    if not plan.parts:
        _judge_primitive(plan, text, delimiters, place, found)
    else:
        _judge_subcomponents(plan, text, delimiters, place, found)
    if len(found) == before and len(text) <= REMEMBERED_LENGTH:
        if len(plan.clean) >= REMEMBERED_VALUES:
            plan.clean.clear()
        plan.clean.add(text)


def _judge_subcomponents(
    plan: ValuePlan, text: str, delimiters: Delimiters, place: tuple[int, int, int], found: list[Finding]
) -> None:
    repetition, component, _ = place
    parts = text.split(delimiters.subcomponent) if delimiters.subcomponent else [text]
    if len(parts) > len(plan.parts):
        _judge_count(plan, parts, "V2-0207", (repetition, component, len(plan.parts) + 1), found)
    for number, (part, inner) in enumerate(zip(parts, plan.parts, strict=False), start=1):
        if part and part != NULL and not inner.parts:
            if inner.max_length is not None and len(part) > inner.max_length:
                _judge_length(inner, part, delimiters, (repetition, component, number), found)
            _judge_primitive(inner, part, delimiters, (repetition, component, number), found)
    for number, inner in plan.demanded:
        if number > len(parts) or not parts[number - 1]:
            found.append(_absent(plan, inner, number, (repetition, component, number)))
    if plan.data_type in _UNIVERSAL:
        _judge_universal(plan.data_type, parts, (repetition, component, 0), found)


_UNIVERSAL = {"HD": 2, "EI": 3}
"""Data types with a universal id at this place and its type at the next (2.A.33, 2.A.28)."""
_OBJECT_ID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+")


def _judge_universal(data_type: str, parts: list[str], place: tuple[int, int, int], found: list[Finding]) -> None:
    """V2-0213, V2-0314: a universal id, its type, and the form of an object identifier."""
    at = _UNIVERSAL[data_type]
    id_, kind = (parts[n] if n < len(parts) else "" for n in (at - 1, at))
    if bool(id_) is not bool(kind):
        there, missing = (at, at + 1) if id_ else (at + 1, at)
        args = {"type": data_type, "there": str(there), "missing": str(missing)}
        found.append(Finding("V2-0213", args, *_inside(place, there)))
    elif kind == "ISO" and not _OBJECT_ID.fullmatch(id_):
        found.append(Finding("V2-0314", {"value": id_}, *_inside(place, at)))


def _inside(place: tuple[int, int, int], number: int) -> tuple[int, int, int]:
    repetition, component, _ = place
    return (repetition, component, number) if component else (repetition, number, 0)


def _judge_length(
    plan: ValuePlan, text: str, delimiters: Delimiters, place: tuple[int, int, int], found: list[Finding]
) -> None:
    count = len(unescape(text, delimiters))
    if plan.max_length is not None and count > plan.max_length:
        args = {"name": plan.label, "most": str(plan.max_length), "count": str(count)}
        lengths = [part.max_length for part in plan.parts]
        allowed = sum(length or 0 for length in lengths) + len(lengths) - 1
        doubt = PARTS_ALLOW_MORE if plan.parts and (None in lengths or allowed > plan.max_length) else ""
        found.append(Finding("V2-0301", args, *place, doubt=doubt))


def _judge_count(
    plan: ValuePlan, parts: list[str], rule: str, place: tuple[int, int, int], found: list[Finding]
) -> None:
    most = len(plan.parts)
    if any(parts[most:]):
        args = {"type": plan.data_type, "most": str(most), "count": str(len(parts))}
        found.append(Finding(rule, args, *place, doubt=plan.type_doubt))


def _absent(plan: ValuePlan, part: ValuePlan, number: int, place: tuple[int, int, int]) -> Finding:
    args = {"type": plan.data_type, "number": str(number), "name": part.label.partition(" ")[2]}
    return Finding("V2-0208", args, *place, doubt=part.usage_doubt)


def _judge_primitive(
    plan: ValuePlan, text: str, delimiters: Delimiters, place: tuple[int, int, int], found: list[Finding]
) -> None:
    if delimiters.escape and delimiters.escape in text:
        judge_escapes(text, delimiters.escape, place, found)
    if plan.opaque:
        return
    if not place[2]:
        below = delimiters.subcomponent if place[1] else delimiters.component + delimiters.subcomponent
        text = text.rstrip(below)  # trailing separators say nothing
        for separator in below:
            if separator in text:
                args = {"type": plan.data_type, "separator": separator}
                found.append(Finding("V2-0307", args, *place, doubt=plan.type_doubt))
                return
    if not text or (plan.check is None and plan.table is None):
        return
    value = unescape(text, delimiters)
    if plan.check is not None and not plan.check[1](value):
        found.append(Finding(plan.check[0], {"value": value}, *place, doubt=plan.type_doubt))
    if plan.table is not None and plan.table_rule and not plan.table.has(value):
        found.append(_unknown_code(plan, plan.table, value, place))


def _judge_coded(
    plan: ValuePlan,
    table: Table,
    parts: list[str],
    delimiters: Delimiters,
    place: tuple[int, int, int],
    found: list[Finding],
) -> None:
    """A code of CE, CWE, CNE or CF is one of the field's table unless its own coding system is another."""
    code, system = parts[0], parts[2] if len(parts) > 2 else ""
    if not code or code == NULL or system not in ("", f"HL7{table.id}"):
        return
    value = unescape(code, delimiters)
    if not table.has(value):
        found.append(_unknown_code(plan, table, value, place))


def _unknown_code(plan: ValuePlan, table: Table, value: str, place: tuple[int, int, int]) -> Finding:
    args = {"value": value, "table": table.id, "title": table.title}
    return Finding(plan.table_rule, args, *place, doubt="" if table.by_version else OTHER_VERSIONS)


JUDGED_TOGETHER = frozenset({"CX", "SN", "ED"})


def judge_together(
    data_type: str, parts: list[str], delimiters: Delimiters, repetition: int, found: list[Finding]
) -> None:
    """What components must be to one another."""
    if data_type == "CX":
        if len(parts) > 2 and parts[0] and parts[1] and not check_digit_fits(parts[0], parts[1], parts[2]):
            found.append(Finding("V2-0313", {"scheme": parts[2]}, repetition, 2))
    elif data_type == "SN":
        if not is_structured_numeric([unescape(part, delimiters) for part in parts]):
            found.append(Finding("V2-0311", {"value": delimiters.component.join(parts)}, repetition))
    elif len(parts) > 4 and not is_encoded(unescape(parts[4], delimiters), parts[3]):
        found.append(Finding("V2-0312", {"encoding": parts[3]}, repetition, 5))


def judge_escapes(text: str, mark: str, place: tuple[int, int, int], found: list[Finding]) -> None:
    """V2-0308 to V2-0310: escape sequences of a primitive value that holds the escape character."""
    at = text.find(mark)
    while at >= 0 and len(found) < REPORTED_PER_FIELD:
        end = text.find(mark, at + 1)
        if end < 0:
            found.append(Finding("V2-0308", {"at": str(at + 1)}, *place))
            return
        name = text[at + 1 : end]
        if name.startswith("X"):
            if not _HEXADECIMAL.fullmatch(name):
                found.append(Finding("V2-0310", {"value": mark + name + mark}, *place))
        elif not _SEQUENCE.fullmatch(name):
            found.append(Finding("V2-0309", {"value": mark + name + mark}, *place))
        at = text.find(mark, end + 1)
