"""HL7 v2 messages as XML, read as the ER7 they stand for (HL7 Version 2 XML Encoding Rules, release 2).

Elements are numbered by their names (`PID.3`, `CX.1`), groups only nest, and what the sender wrote in other
namespaces is passed over. `<escape V="H"/>` stands for `\\H\\`; characters that would be delimiters are escaped.
Spans of the message that comes out count bytes of that ER7, not of the XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from workbench.kernel.errors import Refused
from workbench.v2.delimiters import Delimiters
from workbench.v2.er7 import HEADERS, Message, parse
from workbench.v2.escapes import escape

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_NUMBER = re.compile(r"\.(\d{1,3})$")
_FIELD, _COMPONENT, _SUBCOMPONENT = 1, 2, 3
_HIGHEST_NUMBER = 512
"""Of a field or component; what claims more is damage, and would only make memory of separators."""

Repetition = dict[tuple[int, int], str]
"""Escaped text by component and subcomponent, 1-based."""


@dataclass(slots=True)
class _Segment:
    name: str
    fields: dict[int, list[Repetition]] = field(default_factory=dict)


def read_xml(raw: bytes) -> Message:
    """The message that an XML document stands for; raises as `to_er7`."""
    return parse(to_er7(raw), "utf-8")


def to_er7(raw: bytes) -> bytes:
    """One XML message as ER7 in UTF-8, segments ended by CR.

    raises  Refused V2-0005: not well-formed, with a document type, or without an MSH segment
    """
    reader = _Reader()
    try:
        reader.parse(raw)
    except expat.ExpatError as error:
        problem = expat.errors.messages.get(error.code, "damaged")
        raise _refusal(f"is not well-formed at byte {reader.place()}: {problem}") from None
    segments = reader.segments
    if not segments or segments[0].name != "MSH":
        raise _refusal("does not begin with an MSH segment")
    delimiters = reader.delimiters
    lines = (_line(segment, delimiters) for segment in segments)
    return ("\r".join(lines) + "\r").encode("utf-8", "surrogatepass")


class _Reader:
    """Collects segments while expat walks through the document."""

    def __init__(self) -> None:
        self.segments: list[_Segment] = []
        self.delimiters = Delimiters()
        self._depth = 0
        self._segment_depth = 0
        self._numbers = [0, 0, 0]
        self._text: list[str] = []
        self._has_children = False
        self._parser = expat.ParserCreate()

    def parse(self, raw: bytes) -> None:
        """raises expat.ExpatError, Refused"""
        if not raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml") and not _is_utf8(raw):
            self._parser = expat.ParserCreate("iso-8859-1")
        parser = self._parser
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.Parse(raw, True)

    def place(self) -> int:
        return self._parser.ErrorByteIndex

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        self._depth += 1
        level = self._depth - self._segment_depth if self._segment_depth else 0
        if not level:
            if self._depth > 1 and _SEGMENT.fullmatch(local):
                self._segment_depth = self._depth
                self.segments.append(_Segment(local))
        elif local == "escape" and "V" in attributes:
            mark = self.delimiters.escape
            self._text.append(f"\0{mark}{attributes['V']}{mark}\0")
        elif level <= _SUBCOMPONENT and (number := _NUMBER.search(local)) is not None:
            if int(number.group(1)) > _HIGHEST_NUMBER or number.group(1).strip("0") == "":
                raise _refusal("numbers a field or component that cannot be")
            self._numbers[level - 1 :] = [int(number.group(1)), 0, 0][: 4 - level]
            self._text.clear()
            self._has_children = False
            if level == _FIELD:
                self.segments[-1].fields.setdefault(self._numbers[0], []).append({})

    def _end(self, name: str) -> None:
        level = self._depth - self._segment_depth if self._segment_depth else 0
        self._depth -= 1
        if not level:
            if self._segment_depth and self._depth < self._segment_depth:
                self._close_segment()
            elif not self._segment_depth:
                self._text.clear()
            return
        if name.rpartition(":")[2] == "escape" or level > _SUBCOMPONENT or not self._numbers[level - 1]:
            return
        if not self._has_children:
            self._keep("".join(self._text))
        self._text.clear()
        self._has_children = True
        self._numbers[level - 1] = 0

    def _close_segment(self) -> None:
        self._segment_depth = 0
        self._numbers = [0, 0, 0]
        segment = self.segments[-1]
        if segment.name == "MSH":
            separator, characters = (_plain(segment, number) for number in (1, 2))
            if len(separator) == 1 and not separator.isalnum():
                self.delimiters = Delimiters.of_header(f"MSH{separator}{characters}{separator}")

    def _keep(self, text: str) -> None:
        if not text:
            return
        segment, (number, component, subcomponent) = self.segments[-1], self._numbers
        literal = segment.name in HEADERS and number <= 2
        # every second piece came from an `escape` element and is written already
        pieces = text.split("\0")
        written = (
            text
            if literal
            else "".join(piece if place % 2 else escape(piece, self.delimiters) for place, piece in enumerate(pieces))
        )
        repetitions = segment.fields.get(number)
        if repetitions:
            repetitions[-1][(component or 1, subcomponent or 1)] = written


def _plain(segment: _Segment, number: int) -> str:
    repetitions = segment.fields.get(number, [])
    return repetitions[0].get((1, 1), "") if repetitions else ""


def _line(segment: _Segment, delimiters: Delimiters) -> str:
    fields = [""] * (max(segment.fields, default=0) + 1)
    for number, repetitions in segment.fields.items():
        fields[number] = delimiters.repetition.join(_repetition(found, delimiters) for found in repetitions)
    if segment.name in HEADERS:
        fields[:3] = [segment.name + delimiters.field + delimiters.encoding_characters]
        return delimiters.field.join(fields)
    fields[0] = segment.name
    return delimiters.field.join(fields)


def _repetition(found: Repetition, delimiters: Delimiters) -> str:
    components: list[list[str]] = []
    for (component, subcomponent), text in sorted(found.items()):
        components.extend([] for _ in range(component - len(components)))
        parts = components[component - 1]
        parts.extend("" for _ in range(subcomponent - len(parts)))
        parts[subcomponent - 1] = text
    return delimiters.component.join(delimiters.subcomponent.join(parts) for parts in components)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refuse_doctype(*_declaration: object) -> None:
    raise _refusal("has a document type declaration, which could make it grow without bound")


def _refusal(why: str) -> Refused:
    return Refused("V2-0005", f"This XML message {why}.", "Check that the whole message was given.")
