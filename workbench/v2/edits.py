"""Edits of a v2 message: frozen values that replace ranges of its bytes and leave all others as they were.

`apply` gives a new message; the one before is the undo. A value is escaped and encoded as the message is, and
delimiters are written only as far as the new value needs them.

    message, change = SetValue("PID-5.1", "O'Neil & Sons").apply(message)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from workbench.kernel.errors import Refused
from workbench.kernel.location import Span
from workbench.v2.charset import declared_encoding
from workbench.v2.er7 import HEADERS, Message, Segment, parse
from workbench.v2.escapes import escape
from workbench.v2.path import V2Path


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit did: `before` became `after`; spans count bytes of the old and of the new message."""

    old_span: Span
    new_span: Span
    before: bytes
    after: bytes


_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")


class Edit(Protocol):
    """One step a person takes on a scratch copy."""

    def apply(self, message: Message) -> tuple[Message, Change]:
        """raises Refused V2-0006: it cannot be done to this message"""
        ...


@dataclass(frozen=True, slots=True)
class SetValue:
    """Put a text at a place, its delimiters escaped. "" empties the place; `""` is the null of the standard."""

    path: str
    value: str

    def apply(self, message: Message) -> tuple[Message, Change]:
        return _set(message, self.path, escape(self.value, message.delimiters))


@dataclass(frozen=True, slots=True)
class SetRaw:
    """Put a text at a place as it is to be written, delimiters and escapes included."""

    path: str
    raw: str

    def apply(self, message: Message) -> tuple[Message, Change]:
        return _set(message, self.path, self.raw)


@dataclass(frozen=True, slots=True)
class InsertSegment:
    """Write a new segment before the one with this 0-based index; the number of segments puts it at the end."""

    index: int
    raw: str

    def apply(self, message: Message) -> tuple[Message, Change]:
        count = len(message.segments)
        if not 1 <= self.index <= count:
            raise _refusal("a segment can stand only after the message header")
        _require_line(self.raw)
        if not _SEGMENT.match(self.raw) or self.raw[3:4] not in ("", message.delimiters.field):
            raise _refusal("a segment begins with its name of three characters and the field separator")
        end = line_end(message)
        if self.index < count:
            at = message.segments[self.index].start
            return _replace(message, at, at, self.raw + end)
        last = message.segments[-1]
        at = last.start + len(last.text)
        return _replace(message, at, at, end + self.raw)


@dataclass(frozen=True, slots=True)
class RemoveSegment:
    """Take a segment away, with what ends it."""

    index: int

    def apply(self, message: Message) -> tuple[Message, Change]:
        count = len(message.segments)
        if not 1 <= self.index < count:
            raise _refusal("the message header stays, and there is no segment of that number")
        segment = message.segments[self.index]
        if self.index + 1 < count:
            return _replace(message, segment.start, message.segments[self.index + 1].start, "")
        before = message.segments[self.index - 1]
        return _replace(message, before.start + len(before.text), segment.start + len(segment.text), "")


@dataclass(frozen=True, slots=True)
class ReplaceText:
    """Replace characters of `message.text`, for typing in the raw view; the result must still be a message."""

    start: int
    end: int
    text: str

    def apply(self, message: Message) -> tuple[Message, Change]:
        if not 0 <= self.start <= self.end <= len(message.text):
            raise _refusal("there are no such characters")
        return _replace(message, self.start, self.end, self.text)


_KINDS: Mapping[str, type[SetValue | SetRaw | InsertSegment | RemoveSegment | ReplaceText]] = {
    "set-value": SetValue,
    "set-raw": SetRaw,
    "insert-segment": InsertSegment,
    "remove-segment": RemoveSegment,
    "replace-text": ReplaceText,
}


def to_json(edit: Edit) -> dict[str, object]:
    """An edit for the journal. It may hold patient data."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(edit, cls))
    return {"edit": kind, **asdict(edit)}  # type: ignore[call-overload]  # each of them is a dataclass


def from_json(data: Mapping[str, object]) -> Edit:
    """The edit that `to_json` wrote.

    raises  Refused V2-0007: no edit
    """
    values = dict(data)
    try:
        return _KINDS[str(values.pop("edit"))](**values)  # type: ignore[arg-type]  # checked by the constructor's names
    except (KeyError, TypeError):
        raise Refused("V2-0007", "This is no edit of a v2 message.", "It was written by another version.") from None


def line_end(message: Message) -> str:
    """What ends the segments of the message; CR for a message of one segment."""
    if len(message.segments) < 2:
        tail = message.text[len(message.segments[0].text) :]
        return next((end for end in ("\r\n", "\r", "\n") if tail.startswith(end)), "\r")
    first, second = message.segments[:2]
    gap = message.text[first.start + len(first.text) : second.start]
    return gap if gap in ("\r", "\n", "\r\n") else "\r"


def _set(message: Message, path: str, written: str) -> tuple[Message, Change]:
    place = V2Path.parse(path)
    if not place.field:
        raise _refusal("a value needs a field, such as PID-5")
    _require_line(written)
    found = message.named(place.segment)
    number = max(place.occurrence, 1)
    if number > len(found):
        raise _refusal(f"the message has no {place.segment} segment number {number}; insert it first")
    segment = found[number - 1]
    if segment.name in HEADERS and place.field <= 2:
        raise _refusal("the delimiters of a message cannot be changed one by one")
    start, end, before = _gap(segment, place, bool(written))
    return _replace(message, start, end, before + written)


def _gap(segment: Segment, place: V2Path, filled: bool) -> tuple[int, int, str]:
    """The characters to replace, and the delimiters that must come first for the place to exist."""
    delimiters = segment.message.delimiters
    start, text = segment.start, segment.text
    is_header = segment.name in HEADERS
    numbers = (
        (delimiters.field, place.field if is_header else place.field + 1),
        (delimiters.repetition, place.repetition or (1 if place.component else 0)),
        (delimiters.component, place.component),
        (delimiters.subcomponent, place.subcomponent),
    )
    missing = ""
    for separator, number in numbers:
        if not number:
            break
        if not separator and number > 1:
            raise _refusal("the message declares no delimiter for this level")
        parts = text.split(separator) if separator else [text]
        if missing or number > len(parts):
            if not filled:
                return start + len(text), start + len(text), ""
            absent = number - 1 if missing else number - len(parts)
            missing += separator * absent
            start, text = start + len(text), ""
            missing = missing or "\0"  # everything below is new as well
            continue
        start += sum(len(part) + 1 for part in parts[: number - 1])
        text = parts[number - 1]
    return start, start + len(text), missing.replace("\0", "")


def _replace(message: Message, start: int, end: int, text: str) -> tuple[Message, Change]:
    """Replace characters of the text, and only the bytes they stand on."""
    span = message.byte_span(start, end)
    encoding = message.encoding
    if encoding == "ascii" and not text.isascii():
        encoding = declared_encoding(message.raw) or "utf-8"
    try:
        written = text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        raise Refused(
            "V2-0008",
            f"The text has characters that {encoding}, the encoding of this message, does not have.",
            "Write them differently, or convert the message to UTF-8 first.",
        ) from None
    raw = message.raw[: span.start] + written + message.raw[span.end :]
    edited = parse(raw, _pinned(encoding, raw))
    if edited.text != message.text[:start] + text + message.text[end:]:
        raise _refusal("it would change how the rest of the message is read")
    return edited, Change(
        span, Span(span.start, span.start + len(written)), message.raw[span.start : span.end], written
    )


def _pinned(encoding: str, raw: bytes) -> str | None:
    """The encoding to read the result in: None where it shows itself, for its bytes may show another one now."""
    shown = parse(raw).encoding
    return None if shown in (encoding, "ascii") else encoding


def _require_line(text: str) -> None:
    if "\r" in text or "\n" in text:
        raise _refusal("a value or segment cannot hold a line end; write it as an escape sequence")


def _refusal(why: str) -> Refused:
    return Refused("V2-0006", f"This edit cannot be made: {why}.", "Nothing was changed.")
