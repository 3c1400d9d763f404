"""What one v2 message adds to the statistics of a capture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from workbench.messages.tally import FieldTally, Shape, Tally, Value
from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.er7 import HEADERS, Message, Segment
from workbench.v2.path import V2Path

_CODED = frozenset({"CE", "CWE", "CNE", "CF"})
_PLAIN = frozenset({"ID", "IS", "HD", "VID", "PT", "MSG", "CM_MSG"})
NO_SEGMENT = "no segment"


def note_message(tally: Tally, message: Message, number: int, chosen: Sequence[V2Path] = ()) -> None:
    """Count one message; `chosen` are places whose values are counted beside those of coded fields."""
    header = message.segments[0]
    code, event = message.message_code, message.trigger_event
    tally.messages += 1
    tally.types[f"{code}^{event}" if event else code, _hour(header.value(7))] += 1
    tally.versions[message.version] += 1
    known = dictionary(message.version)
    names: dict[str, int] = {}
    shapes = set[Shape]()
    for segment in message.segments:
        name = segment.name or NO_SEGMENT
        names[name] = names.get(name, 0) + 1
        if segment.name:
            shapes.add(Shape(name, _note_segment(tally, segment, number, known)))
    tally.parts.update(names)
    shapes.add(Shape("", " ".join(f"{name}+" if count > 1 else name for name, count in names.items())))
    tally.note_shapes(shapes, number)
    for path in chosen:
        counts = tally.chosen.setdefault(str(path), FieldTally())
        found = message.at(path)
        if found:
            counts.note(number, [element.raw for element in found])
        for element in found:
            counts.note_value(Value(element.value), number)


def _note_segment(tally: Tally, segment: Segment, number: int, known: Dictionary) -> str:
    """Count the fields of a segment; returns the numbers of those that are populated."""
    name, fields, separator = segment.name, segment.fields, segment.message.delimiters.repetition
    populated = []
    for position in range(3 if name in HEADERS else 1, len(fields)):
        text = fields[position]
        if not text:
            continue
        label = _label(position)
        populated.append(label)
        counts = tally.field_of(name, label)
        repetitions = text.split(separator) if separator and separator in text else (text,)
        counts.note(number, repetitions)
        kind = _counted(name, position, known)
        if kind == "varies":
            kind = segment.value(2) if name == "OBX" else ""
        if kind in _CODED or kind in _PLAIN:
            _note_values(counts, segment, position, len(repetitions), kind in _CODED, number)
    return ",".join(populated)


def _note_values(
    counts: FieldTally, segment: Segment, position: int, repetitions: int, is_coded: bool, number: int
) -> None:
    for repetition in range(1, repetitions + 1):
        code = segment.value(position, repetition)
        if not is_coded:
            if code:
                counts.note_value(Value(code), number)
            continue
        display, system = segment.value(position, repetition, 2), segment.value(position, repetition, 3)
        if code or display:
            counts.note_value(Value(code, system), number, display)


@lru_cache(maxsize=8192)
def _counted(name: str, position: int, known: Dictionary) -> str:
    """The data type when the values of the field are counted, `varies` when OBX-2 decides, "" when they are not."""
    definition = known.field(name, position)
    if definition is None:
        return ""
    kind = definition.data_type
    return "varies" if kind.lower() == "varies" else kind if kind in _CODED or kind in _PLAIN else ""


@lru_cache(maxsize=512)
def _label(position: int) -> str:
    return str(position)


def _hour(time: str) -> str:
    """`YYYYMMDDHH` as far as it is stated."""
    digits = time[:10]
    return digits if digits.isdigit() and digits.isascii() else digits[:8] if digits[:8].isdigit() else ""
