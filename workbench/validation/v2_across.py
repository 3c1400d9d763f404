"""Values of a message that must agree: set ids in sequence, numbers of one order, times, codes of the header."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from functools import lru_cache

from workbench.kernel.partial_time import PartialDateTime, Precision
from workbench.v2.dictionary import Dictionary, Table, dictionary
from workbench.v2.er7 import Message, Segment
from workbench.validation.v2_message import Remark

_SET_ID = "SI"
_INTERVALS = {
    "PV1": ((44, 45),),
    "PV2": ((8, 9),),
    "OBR": ((7, 8), (7, 22)),
    "IN1": ((12, 13),),
    "RXA": ((3, 4),),
    "TQ1": ((7, 8),),
}
"""Fields whose first is the beginning of what the second ends, or what can only follow it."""


def judge_across(message: Message, known: Dictionary) -> Iterator[Remark]:
    """V2-0020, V2-0021, V2-0320 to V2-0322."""
    yield from _header_codes(message, known)
    yield from _set_ids(message, known)
    yield from _order_numbers(message)
    yield from _intervals(message)


def _header_codes(message: Message, known: Dictionary) -> Iterator[Remark]:
    """Told only where a structure says what the message is; else V2-0016 says that nothing does."""
    structure = message.structure_id
    for rule, component, value in _unknown_codes(known.version, message.message_code, message.trigger_event, structure):
        args = {"value": value, "version": known.version, "structure": structure}
        yield Remark(rule, args, message.segments[0], 9, component)


@lru_cache(maxsize=1024)
def _unknown_codes(version: str, code: str, event: str, structure: str) -> tuple[tuple[str, int, str], ...]:
    known = dictionary(version)
    if not structure or known.structure(structure) is None:
        return ()
    asked = (("V2-0020", "0076", 1, code), ("V2-0021", "0003", 2, event))
    return tuple(
        (rule, component, value)
        for rule, table_id, component, value in asked
        if value and not value.startswith("Z") and _lacks(known.table(table_id), value)
    )


def _lacks(table: Table | None, value: str) -> bool:
    return table is not None and bool(table.codes) and not table.has(value)


@lru_cache(maxsize=32)
def _with_set_id(version: str) -> frozenset[str]:
    """Segments whose first field is a set id."""
    known = dictionary(version)
    firsts = ((name, known.field(name, 1)) for name in known.segment_names)
    return frozenset(name for name, field in firsts if field is not None and field.data_type == _SET_ID)


def _set_ids(message: Message, known: Dictionary) -> Iterator[Remark]:
    """A number follows the one before it; 1 may follow any once another segment stood between."""
    names = _with_set_id(known.version)
    last: dict[str, int] = {}
    before = ""
    for segment in message.segments:
        name = segment.name
        if name in names:
            fields = segment.fields
            text = fields[1] if len(fields) > 1 else ""
            if text.isdigit() and text.isascii() and len(text) < 10:
                number, expected = int(text), last.get(name, 0) + 1
                if number != expected and not (number == 1 and before != name):
                    yield Remark("V2-0320", {"value": text, "expected": str(expected)}, segment, 1)
                last[name] = number
            else:
                last.pop(name, None)  # where nobody counts, nothing is out of sequence
        before = name


def _order_numbers(message: Message) -> Iterator[Remark]:
    order: Segment | None = None
    for segment in message.segments:
        if segment.name == "ORC":
            order = segment
        elif segment.name == "OBR" and order is not None:
            for field in (2, 3):
                if _differ(order, segment, field):
                    yield Remark("V2-0321", {"field": f"OBR-{field}", "other": f"ORC-{field}"}, segment, field)
            order = None


def _differ(one: Segment, other: Segment, field: int) -> bool:
    """Both have an entity identifier, and they are not the same; a namespace that one leaves out says nothing."""
    if one.raw(field) == other.raw(field):
        return False
    first, second = one.value(field), other.value(field)
    if not first or not second or '""' in (first, second):
        return False
    return first != second or len({one.value(field, 1, 2), other.value(field, 1, 2)} - {""}) > 1


def _intervals(message: Message) -> Iterator[Remark]:
    for segment in message.segments:
        if segment.name not in _INTERVALS:
            continue
        for start, end in _INTERVALS[segment.name]:
            begin, finish = segment.raw(start), segment.raw(end)
            if begin and finish and not _plainly_in_order(begin, finish):
                first, last = _time(segment, start), _time(segment, end)
                if first is not None and last is not None and _surely_before(last, first):
                    args = {"end": f"{segment.name}-{end}", "start": f"{segment.name}-{start}"}
                    yield Remark("V2-0322", args, segment, end)


def _plainly_in_order(begin: str, finish: str) -> bool:
    """True for two times of digits, equally long, the first not the later one; most are so."""
    return len(begin) == len(finish) and begin <= finish and begin.isdigit() and finish.isdigit()


def _time(segment: Segment, field: int) -> PartialDateTime | None:
    try:
        return PartialDateTime.from_hl7(segment.value(field))
    except ValueError:
        return None  # V2-0306 says so


def _surely_before(one: PartialDateTime, other: PartialDateTime) -> bool:
    """True when it is earlier as far as both are stated; where zones differ or are not known, by more than a day."""
    if one.offset == other.offset:
        precision = min(one.precision, other.precision, Precision.SECOND)
        return _units(one)[:precision] < _units(other)[:precision]
    return one.moment(UTC) + timedelta(days=1) < other.moment(UTC)


def _units(time: PartialDateTime) -> tuple[int, ...]:
    return time.year, time.month, time.day, time.hour, time.minute, time.second
