"""Values to ER7 (HL7 v2.5.1 2.5.3): a str is one value, a tuple its components or subcomponents, a list repetitions.

`("12345", "", "", ("SYNTH", "1.2.3", "ISO"), "MR")` becomes `12345^^^SYNTH&1.2.3&ISO^MR`. Every str is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from workbench.v2.delimiters import NULL, STANDARD, Delimiters
from workbench.v2.escapes import escape


@dataclass(frozen=True, slots=True)
class _Raw:
    """Text that goes into the message as it is."""

    text: str


EXPLICIT_NULL: Final = _Raw(NULL)
"""The value that says "delete what you have", which is not the same as saying nothing."""

Part: TypeAlias = "str | _Raw | tuple[str | _Raw | tuple[str | _Raw, ...], ...]"
Value: TypeAlias = "Part | Sequence[Part]"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment to write: its name and its values by field position (1-based), in any order."""

    name: str
    fields: Mapping[int, Value]


def segment(name: str, fields: Mapping[int, Value]) -> Segment:
    return Segment(name, fields)


def encode(segments: Sequence[Segment], delimiters: Delimiters = STANDARD) -> bytes:
    """The message in UTF-8, each segment ended by CR; MSH-1 and MSH-2 come from the delimiters."""
    return "".join(f"{_segment(each, delimiters)}\r" for each in segments).encode("utf-8")


def _segment(each: Segment, delimiters: Delimiters) -> str:
    header = each.name == "MSH"
    first = 3 if header else 1
    texts = [_field(each.fields.get(position, ""), delimiters) for position in range(first, max(each.fields) + 1)]
    start = [each.name + delimiters.field + delimiters.encoding_characters] if header else [each.name]
    return delimiters.field.join(start + texts)


def _field(value: Value, delimiters: Delimiters) -> str:
    if isinstance(value, list):
        return delimiters.repetition.join(_joined(part, delimiters, delimiters.component) for part in value)
    return _joined(value, delimiters, delimiters.component)  # type: ignore[arg-type]


def _joined(value: Part, delimiters: Delimiters, separator: str) -> str:
    """One repetition or component; what is empty at its end is not written."""
    if isinstance(value, _Raw):
        return value.text
    if isinstance(value, str):
        return escape(value, delimiters)
    parts = [_joined(part, delimiters, delimiters.subcomponent) for part in value]
    while parts and not parts[-1]:
        parts.pop()
    return separator.join(parts)
