"""HL7 v2 messages in ER7, the form with bars and hats.

Reading is lazy and loses nothing: segments are found at once, a segment is split when one of its fields is
read, and every value can say on which bytes of the message it stands. The bytes themselves are kept, so an
unedited message is written back as it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import msgspec

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.location import Span
from workbench.v2.charset import Characters, characters_of
from workbench.v2.delimiters import Delimiters
from workbench.v2.escapes import unescape
from workbench.v2.path import V2Path
from workbench.v2.segment_lines import segment_lines, segment_name

HEADERS = frozenset({"MSH", "FHS", "BHS"})
"""Segments whose first field is the field separator itself and whose second must not be split."""

_BYTE_FOR_CHARACTER = frozenset({"ascii", "latin-1", "cp1252"} | {f"iso8859-{n}" for n in range(2, 16)})


def parse(raw: bytes, encoding: str | None = None) -> Message:
    """Read one message.

    raw       exactly one message without framing; CR, LF or CRLF end a segment, and an LF in a message that
              ends its segments with CR is part of a value unless a segment begins after it
    encoding  a Python codec that overrules what MSH-18 and the bytes say
    raises    Refused V2-0001: does not begin with MSH and a field separator
              Refused V2-0004: the bytes are not in the encoding asked for
    source    HL7 v2.5.1 2.5.4, 2.6
    """
    characters = characters_of(raw) if encoding is None else Characters(encoding, 0)
    try:
        text = raw[characters.mark :].decode(characters.encoding, "surrogateescape")
    except (UnicodeDecodeError, LookupError):
        raise Refused(
            "V2-0004",
            f"The bytes of this message are not {characters.encoding}.",
            "Choose another encoding, or none to have it detected.",
        ) from None
    if not text.startswith("MSH") or len(text) < 4 or text[3].isalnum() or text[3].isspace():
        raise Refused(
            "V2-0001",
            "This is no HL7 v2 message: it does not begin with MSH and a field separator.",
            "Check that the whole message was given, with its MSH segment first.",
        )
    return Message(raw, text, characters)


class Message:
    """One message: its bytes, its characters, and its segments in the order they came.

    Treat it as immutable. `issues` are doubts met while reading; judging the content is the validator's work.
    """

    __slots__ = ("_by_name", "_mark", "_segment_bytes", "delimiters", "encoding", "issues", "raw", "segments", "text")

    def __init__(self, raw: bytes, text: str, characters: Characters) -> None:
        self.raw = raw
        self.text = text
        self.encoding = characters.encoding
        self.issues: tuple[Issue, ...] = characters.issues
        self.delimiters = Delimiters.of_header(text)
        self._mark = characters.mark
        self._by_name: dict[str, tuple[Segment, ...]] | None = None
        self._segment_bytes: list[int] = []
        field = self.delimiters.field
        self.segments: tuple[Segment, ...] = tuple(
            [
                Segment(self, index, start, line, segment_name(line[:3]) if line[3:4] in ("", field) else "")
                for index, (start, line) in enumerate(segment_lines(text, field))
            ]
        )

    def named(self, name: str) -> tuple[Segment, ...]:
        """Every segment of that name, in order."""
        if self._by_name is None:
            groups: dict[str, list[Segment]] = {}
            for segment in self.segments:
                alike = groups.setdefault(segment.name, [])
                alike.append(segment)
                segment.place_among(len(alike))
            self._by_name = {key: tuple(found) for key, found in groups.items()}
        return self._by_name.get(name, ())

    def first(self, name: str) -> Segment | None:
        found = self.named(name)
        return found[0] if found else None

    def value(self, path: str) -> str:
        """The unescaped text of the first match of a path, "" when nothing stands there."""
        place = V2Path.parse(path)
        segments = self.named(place.segment)
        number = max(place.occurrence, 1)
        if number > len(segments):
            return ""
        return segments[number - 1].value(
            place.field, max(place.repetition, 1), place.component or 1, place.subcomponent or 1
        )

    def at(self, path: str | V2Path) -> list[Element]:
        """Everything a path points at: one element for each matching segment and repetition."""
        place = V2Path.parse(path) if isinstance(path, str) else path
        found: list[Element] = []
        for segment in self.named(place.segment):
            if place.occurrence and segment.occurrence != place.occurrence:
                continue
            if not place.field:
                found.append(Element(segment))
                continue
            count = len(segment.repetitions(place.field))
            wanted = (place.repetition,) if place.repetition else range(1, count + 1)
            found.extend(
                Element(segment, place.field, repetition, place.component, place.subcomponent)
                for repetition in wanted
                if repetition <= count and segment.text_of(place.field, repetition, place.component, place.subcomponent)
            )
        return found

    def byte_span(self, start: int, end: int) -> Span:
        """The bytes of `raw` on which the characters `start` to `end` of `text` stand."""
        return self._span(0, self._mark, start, end)

    def span_within(self, segment: Segment, start: int, end: int) -> Span:
        """`byte_span` for characters of one segment, without measuring again what stands before the segment."""
        if not self._segment_bytes and self.encoding not in _BYTE_FOR_CHARACTER:
            at, character = self._mark, 0
            for each in self.segments:
                at += self._byte_length(self.text[character : each.start])
                self._segment_bytes.append(at)
                character = each.start
        known = self._segment_bytes[segment.index] if self._segment_bytes else self._mark + segment.start
        return self._span(segment.start, known, start, end)

    def _span(self, character: int, byte: int, start: int, end: int) -> Span:
        """The span of the characters `start` to `end`, given the byte on which an earlier character stands."""
        if self.encoding in _BYTE_FOR_CHARACTER:
            return Span(byte + start - character, byte + end - character)
        size = len(self.raw)  # a message cut off in the middle of ISO 2022 lacks the way back that encoding adds
        first = min(size, byte + self._byte_length(self.text[character:start]))
        return Span(first, min(size, first + self._byte_length(self.text[start:end])))

    def character_at(self, byte: int) -> int:
        """The character of `text` that stands on a byte of `raw`."""
        if self.encoding in _BYTE_FOR_CHARACTER:
            return max(0, byte - self._mark)
        return len(self.raw[self._mark : byte].decode(self.encoding, "replace"))

    def _byte_length(self, text: str) -> int:
        if self.encoding == "utf-8" and text.isascii():
            return len(text)
        return len(text.encode(self.encoding, "surrogateescape"))

    @property
    def version(self) -> str:
        """MSH-12.1, such as `2.5.1`."""
        return self.segments[0].value(12)

    @property
    def message_code(self) -> str:
        """MSH-9.1, such as `ADT`."""
        return self.segments[0].value(9)

    @property
    def trigger_event(self) -> str:
        """MSH-9.2, such as `A01`."""
        return self.segments[0].value(9, 1, 2)

    @property
    def structure_id(self) -> str:
        """MSH-9.3, such as `ADT_A01`; "" where the sender leaves it out."""
        return self.segments[0].value(9, 1, 3)

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.segments[0].value(10)


class Segment(msgspec.Struct, eq=False):
    """One segment of a message.

    name   three characters, or "" for a line that is no segment
    index  0-based place among the segments of the message
    start  character of `message.text` at which it begins
    text   the segment without its terminator
    """

    message: Message
    index: int
    start: int
    text: str
    name: str
    _fields: list[str] | None = None
    _occurrence: int = 0
    _starts: list[int] | None = None

    def __repr__(self) -> str:
        return f"<Segment {self.index}: {self.name}>"  # not what a patient's segment says

    @property
    def fields(self) -> list[str]:
        """Raw texts; `fields[n]` is field n of the standard, `fields[0]` the segment's name."""
        if self._fields is None:
            self._fields = self.text.split(self.message.delimiters.field)
            if self.name in HEADERS:
                self._fields.insert(1, self.message.delimiters.field)
        return self._fields

    @property
    def occurrence(self) -> int:
        """1-based number among the segments of the same name."""
        if not self._occurrence:
            self.message.named(self.name)
        return self._occurrence

    def place_among(self, occurrence: int) -> None:
        """Called by the message once it has counted its segments by name."""
        self._occurrence = occurrence

    def raw(self, field: int) -> str:
        """A field as it is written, "" when it is absent."""
        fields = self.fields
        return fields[field] if field < len(fields) else ""

    def repetitions(self, field: int) -> list[str]:
        """The repetitions of a field as they are written; none when the field is empty."""
        text = self.raw(field)
        if not text:
            return []
        separator = self.message.delimiters.repetition
        if not separator or separator not in text or self._is_literal(field):
            return [text]
        return text.split(separator)

    def components(self, field: int, repetition: int = 1) -> list[str]:
        """The components of one repetition as they are written; none when it is absent."""
        found = self.repetitions(field)
        if repetition > len(found):
            return []
        separator = self.message.delimiters.component
        text = found[repetition - 1]
        return [text] if not separator or self._is_literal(field) else text.split(separator)

    def text_of(self, field: int, repetition: int = 0, component: int = 0, subcomponent: int = 0) -> str:
        """What is written at a place, escapes and all; 0 means the whole of the level above."""
        if not field:
            return self.text
        if not repetition:
            return self.raw(field)
        found = self.repetitions(field)
        if repetition > len(found):
            return ""
        if not component:
            return found[repetition - 1]
        components = self.components(field, repetition)
        if component > len(components):
            return ""
        text = components[component - 1]
        separator = self.message.delimiters.subcomponent
        if not subcomponent or not separator or self._is_literal(field):
            return text if subcomponent <= 1 else ""
        parts = text.split(separator)
        return parts[subcomponent - 1] if subcomponent <= len(parts) else ""

    def value(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> str:
        """The unescaped text at a place, "" when nothing stands there and `""` where the sender says delete."""
        text = self.text_of(field, repetition, component, subcomponent)
        return text if self._is_literal(field) else unescape(text, self.message.delimiters)

    def span(self, field: int = 0, repetition: int = 0, component: int = 0, subcomponent: int = 0) -> Span:
        """The bytes of `message.raw` a place stands on; an absent place is the empty span where it would stand."""
        start, end = self._characters(field, repetition, component, subcomponent)
        return self.message.span_within(self, start, end)

    def path(self, field: int = 0, repetition: int = 0, component: int = 0, subcomponent: int = 0) -> str:
        """The place in the product's notation; numbers that say nothing are left out."""
        occurrence = 0 if len(self.message.named(self.name)) == 1 else self.occurrence
        name = self.name or f"line {self.index + 1}"
        if repetition == 1 and len(self.repetitions(field)) <= 1:
            repetition = 0
        return _path(name, occurrence, field, repetition, component, subcomponent)

    def leaves(self) -> Iterator[Element]:
        """Every populated primitive of the segment, in order: the lowest level that was written.

        MSH-1 and MSH-2 describe the message itself and are left out; a line that is no segment is one leaf.
        """
        if not self.name:
            yield Element(self)
            return
        delimiters = self.message.delimiters
        first = 3 if self.name in HEADERS else 1
        for field, text in enumerate(self.fields[first:], first):
            for repetition, whole in _written_in(text, delimiters.repetition):
                for component, part in _written_in(whole, delimiters.component):
                    subcomponent = delimiters.subcomponent
                    if not subcomponent or subcomponent not in part:
                        yield Element(self, field, repetition, component)
                        continue
                    for number, _ in _written_in(part, subcomponent):
                        yield Element(self, field, repetition, component, number)

    def _is_literal(self, field: int) -> bool:
        return field <= 2 and self.name in HEADERS

    def _field_starts(self) -> list[int]:
        """Character at which each field begins, from the beginning of the segment."""
        if self._starts is None:
            starts, at = [], 0
            for number, text in enumerate(self.fields):
                if number == 1 and self.name in HEADERS:
                    starts.append(at - 1)
                    continue
                starts.append(at)
                at += len(text) + 1
            self._starts = starts
        return self._starts

    def _characters(self, field: int, repetition: int, component: int, subcomponent: int) -> tuple[int, int]:
        if not field:
            return self.start, self.start + len(self.text)
        starts = self._field_starts()
        if field >= len(starts):
            end = self.start + len(self.text)
            return end, end
        start, text = self.start + starts[field], self.fields[field]
        if self._is_literal(field):
            return start, start + len(text)
        delimiters = self.message.delimiters
        levels = ((delimiters.repetition, repetition), (delimiters.component, component))
        for separator, number in (*levels, (delimiters.subcomponent, subcomponent)):
            if not number:
                break
            if number == 1:
                text = text.split(separator, 1)[0] if separator else text
                continue
            parts = text.split(separator, number) if separator else [text]
            if number > len(parts):
                return start + len(text), start + len(text)
            start += sum(map(len, parts[: number - 1])) + number - 1
            text = parts[number - 1]
        return start, start + len(text)


class Kind(StrEnum):
    """The levels of a v2 message, outermost first."""

    SEGMENT = "segment"
    FIELD = "field"
    REPETITION = "repetition"
    COMPONENT = "component"
    SUBCOMPONENT = "subcomponent"


@dataclass(frozen=True, slots=True)
class Element:
    """A place in a message that is there; numbers are 1-based, 0 says "the whole"."""

    segment: Segment
    field: int = 0
    repetition: int = 0
    component: int = 0
    subcomponent: int = 0

    @property
    def kind(self) -> Kind:
        if self.subcomponent:
            return Kind.SUBCOMPONENT
        if self.component:
            return Kind.COMPONENT
        if self.repetition:
            return Kind.REPETITION
        return Kind.FIELD if self.field else Kind.SEGMENT

    @property
    def path(self) -> str:
        return self.segment.path(self.field, self.repetition, self.component, self.subcomponent)

    @property
    def raw(self) -> str:
        """What is written there, escapes and all."""
        return self.segment.text_of(self.field, self.repetition, self.component, self.subcomponent)

    @property
    def value(self) -> str:
        """The unescaped text; below this level separators are left as they are written."""
        return unescape(self.raw, self.segment.message.delimiters)

    @property
    def span(self) -> Span:
        return self.segment.span(self.field, self.repetition, self.component, self.subcomponent)

    @property
    def children(self) -> tuple[Element, ...]:
        """The populated places one level below; none for a primitive.

        A field with one repetition gives that repetition's components at once, as people see it.
        """
        segment, field, repetition = self.segment, self.field, self.repetition
        if not field:
            first = 1 if segment.name else len(segment.fields)
            return tuple(Element(segment, n) for n in range(first, len(segment.fields)) if segment.raw(n))
        if not repetition:
            found = segment.repetitions(field)
            if len(found) == 1:
                return Element(segment, field, 1).children
            return tuple(Element(segment, field, n) for n, text in enumerate(found, 1) if text)
        if not self.component:
            parts = segment.components(field, repetition)
            if len(parts) == 1:
                return Element(segment, field, repetition, 1).children
            return tuple(Element(segment, field, repetition, n) for n, text in enumerate(parts, 1) if text)
        separator = segment.message.delimiters.subcomponent
        if self.subcomponent or not separator or separator not in self.raw or segment._is_literal(field):
            return ()
        return tuple(
            Element(segment, field, repetition, self.component, n)
            for n, text in enumerate(self.raw.split(separator), 1)
            if text
        )

    def leaves(self) -> Iterator[Element]:
        """Every populated primitive at or below this place; separators alone say nothing."""
        raw, delimiters = self.raw, self.segment.message.delimiters
        if not raw:
            return
        below = self.children
        if not below:
            if not raw.strip(delimiters.component + delimiters.subcomponent):
                return
            if self.field and not self.component:
                yield Element(self.segment, self.field, self.repetition or 1, 1)
            else:
                yield self
        for child in below:
            yield from child.leaves()


@lru_cache(maxsize=16384)
def _path(segment: str, occurrence: int, field: int, repetition: int, component: int, subcomponent: int) -> str:
    return str(V2Path(segment, field, component, subcomponent, repetition, occurrence))


def _written_in(text: str, separator: str) -> Iterable[tuple[int, str]]:
    """The parts of a text that say something, with their numbers."""
    if not separator or separator not in text:
        return ((1, text),) if text else ()
    return [(number, part) for number, part in enumerate(text.split(separator), 1) if part]
