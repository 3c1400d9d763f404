"""Large ER7 messages in parts: where the segments stand, and a part of them as a message with long values folded.

The bytes stay where they are (a mapped file); what is made of them is two offsets a segment and the part that is
looked at. Qt-free.
"""

from __future__ import annotations

import mmap
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.app.documents import Document, read_document
from workbench.kernel.errors import Refused
from workbench.kernel.location import Span
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer
from workbench.messages.capture import Capture, MessageFormat
from workbench.messages.reading import AsItStands
from workbench.v2.charset import Characters, characters_of
from workbench.v2.delimiters import Delimiters
from workbench.v2.er7 import Element, Message
from workbench.v2.path import V2Path

if TYPE_CHECKING:
    import numpy as np

    Offsets = np.ndarray[Any, np.dtype[np.int64]]
    Raw = np.ndarray[Any, np.dtype[np.uint8]]

LARGE_BYTES = 1 << 16
"""A message above this size is looked at in parts, with long values folded."""
SLOW_BYTES = 1 << 20
"""A message above this size is read beside the window."""
WHOLE_BYTES = 32 << 20
WHOLE_SEGMENTS = 20_000
"""Above either of them a message is never read as a whole for being looked at."""
LARGEST_JSON = 8 << 20
PART_SEGMENTS = 100
PART_BYTES = 1 << 16
"""Of what is no ER7."""
FOLD_BYTES = 4096
SHOWN_BYTES = 1024
"""What is shown of a value that is longer than `FOLD_BYTES`."""
_STEP = 1 << 20
_SAMPLE_BYTES = 1 << 18
_SPLITTABLE = frozenset({"ascii", "utf-8", "latin-1", "cp1252"} | {f"iso8859-{n}" for n in range(2, 16)})
"""Encodings in which a delimiter byte is a delimiter."""


class Bytes:
    """A range of a buffer, read when it is looked at."""

    __slots__ = ("_buffer", "_end", "_start")

    def __init__(self, buffer: Buffer, start: int, end: int) -> None:
        self._buffer, self._start, self._end = buffer, start, end

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, where: slice) -> bytes:
        start, end, _ = where.indices(len(self))
        return bytes(self._buffer[self._start + start : self._start + max(start, end)])

    def masked(self) -> MaskedBytes:
        return MaskedBytes(self._buffer, self._start, self._end)

    def numbers(self) -> Raw:
        """The bytes as numbers, over the same memory where the buffer is one."""
        import numpy as np  # here and below: the first screen need not wait for it

        if isinstance(self._buffer, bytes | mmap.mmap):
            return np.frombuffer(self._buffer, np.uint8, len(self), self._start)
        return np.frombuffer(self[:], np.uint8)


_HIDDEN = bytes(ord("*") if chr(n).isalnum() or n > 127 else n for n in range(256))


class MaskedBytes(Bytes):
    """The same with every letter and digit hidden: a large message is not read to find out which of them could stay."""

    def __getitem__(self, where: slice) -> bytes:
        return super().__getitem__(where).translate(_HIDDEN)


@dataclass(frozen=True)
class Outline:
    """Where the segments of a message begin and end, and which stretches of long values are folded away.

    starts, ends  bytes of each segment, without what ends it
    names         the first three bytes of each segment as one number
    folds         where each folded stretch begins, and where it ends
    """

    data: Bytes
    encoding: str
    starts: Offsets
    ends: Offsets
    names: Offsets
    folds: tuple[array[int], array[int]]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def parts(self) -> int:
        return max(1, -(-len(self) // PART_SEGMENTS))

    def part(self, number: int) -> Excerpt:
        """The segments of one part, 0-based; MSH leads each of them, because it says how to read the others."""
        first = max(0, min(number, self.parts - 1)) * PART_SEGMENTS
        return Excerpt(self, first, min(first + PART_SEGMENTS, len(self)))

    def part_at(self, byte: int) -> int:
        """The part a byte lies in."""
        return max(0, int(self.starts.searchsorted(byte, "right")) - 1) // PART_SEGMENTS

    def part_of(self, path: str) -> int:
        """The part a path points into; -1 when it points nowhere."""
        try:
            place = V2Path.parse(path)
        except Refused:
            return -1
        found = (self.names == _code(place.segment)).nonzero()[0]
        number = max(place.occurrence, 1)
        return int(found[number - 1]) // PART_SEGMENTS if number <= len(found) else -1

    def part_for(self, path: str, span: Span | None) -> int:
        """The part a place lies in; -1 for no place."""
        return self.part_at(span.start) if span is not None else self.part_of(path) if path else -1

    def count(self, name: str, before: int | None = None) -> int:
        """How many segments of a name there are, or stand before a segment."""
        return int((self.names[:before] == _code(name)).sum())

    def folded(self, span: Span) -> bool:
        """True when a stretch of these bytes is folded away."""
        starts, ends = self.folds
        at = bisect_right(ends, span.start)
        return at < len(starts) and starts[at] < span.end

    def pieces(self, segment: int) -> Iterator[tuple[int, int, int]]:
        """What is shown of a segment: the bytes it stands on, and how many are folded away behind them."""
        at, end = int(self.starts[segment]), int(self.ends[segment])
        starts, ends = self.folds
        for number in range(bisect_left(starts, at), bisect_left(starts, end)):
            yield at, starts[number], ends[number] - starts[number]
            at = ends[number]
        yield at, end, 0


class Excerpt(Message):
    """Some segments of a large message, read as a message; spans, occurrences and paths are those of the whole.

    begin, end  the segments of the whole it shows, half-open; MSH leads them in any case
    folds       characters of `text` behind which bytes are folded away, and how many
    totals      how many segments of each name the whole has
    """

    __slots__ = ("_real", "_shown", "begin", "end", "folds", "outline", "totals")

    def __init__(self, outline: Outline, begin: int, end: int) -> None:
        self.outline, self.begin, self.end = outline, begin, end
        self._shown, self._real = array("Q"), array("Q")
        raw, folds = bytearray(), list[tuple[int, int]]()
        for number in range(begin, end) if begin == 0 else (0, *range(begin, end)):
            for start, stop, folded in outline.pieces(number):
                self._shown.append(len(raw))
                self._real.append(start)
                raw += outline.data[start:stop]
                if folded:
                    folds.append((len(raw), folded))
            raw += b"\r"
        text = bytes(raw).decode(outline.encoding, "surrogateescape")
        super().__init__(bytes(raw), text, Characters(outline.encoding, 0))
        self.folds = [(super(Excerpt, self).character_at(at), size) for at, size in folds]
        self._count()

    def _count(self) -> None:
        """Number the segments as the whole message does."""
        self.named("")
        seen: Counter[str] = Counter()
        self.totals = {name: self.outline.count(name) for name in {segment.name for segment in self.segments}}
        for segment in self.segments:
            if segment.name not in seen:
                seen[segment.name] = self.outline.count(segment.name, self.begin) if segment.index else 0
            seen[segment.name] += 1
            segment.place_among(seen[segment.name])

    @property
    def part(self) -> int:
        return self.begin // PART_SEGMENTS

    def value(self, path: str) -> str:
        found = self.at(path)
        return found[0].value if found else ""

    def byte_span(self, start: int, end: int) -> Span:
        return self._whole(super().byte_span(start, end))

    def span_within(self, segment: Any, start: int, end: int) -> Span:
        return self._whole(super().span_within(segment, start, end))

    def character_at(self, byte: int) -> int:
        piece = max(0, bisect_right(self._real, byte) - 1)
        end = self._shown[piece + 1] if piece + 1 < len(self._shown) else len(self.raw)
        return super().character_at(min(self._shown[piece] + max(0, byte - self._real[piece]), end))

    def _whole(self, span: Span) -> Span:
        return Span(self._byte(span.start), self._byte(span.end))

    def _byte(self, shown: int) -> int:
        piece = bisect_right(self._shown, shown) - 1
        return self._real[piece] + shown - self._shown[piece]


@dataclass(frozen=True, slots=True)
class Looked:
    """What there is to look at of a large message: the whole, or its outline and its bytes."""

    document: Document | None
    outline: Outline | None
    data: Bytes


def outlined(document: Document) -> Looked:
    """A message that is read, with its outline when it is long."""
    data = Bytes(document.raw, 0, len(document.raw))
    is_long = isinstance(document, Message) and len(data) > LARGE_BYTES
    outline = outline_of(data, document.encoding, JobContext()) if is_long and isinstance(document, Message) else None
    return Looked(document, outline, data)


def look_at(capture: Capture, number: int, ctx: JobContext) -> Looked:
    """Read a large message for being looked at; raises as `document_at` does, and Cancelled."""
    kind, encoding = capture.format_of(number), capture.encoding_of(number)
    section, start, end = capture.place_of(number)
    if isinstance(section.reader, AsItStands) and not section.part.encoding:
        data = Bytes(section.buffer, start, end)
    else:
        raw = capture.raw(number)
        data = Bytes(raw, 0, len(raw))
    if kind is not MessageFormat.ER7:
        small = len(data) <= LARGEST_JSON
        return Looked(read_document(data[:], kind, encoding) if small else None, None, data)
    outline = outline_of(data, encoding, ctx)
    if outline is not None and (len(data) > WHOLE_BYTES or len(outline) > WHOLE_SEGMENTS):
        return Looked(None, outline, data)
    return Looked(read_document(data[:], kind, encoding), outline, data)


def outline_of(data: Bytes, encoding: str, ctx: JobContext) -> Outline | None:
    """The outline of an ER7 message; None where bytes of delimiters may be parts of characters.

    raises  Cancelled
    """
    import numpy as np

    sample = data[:_SAMPLE_BYTES]
    encoding = encoding or _encoding_of(data, sample)
    if encoding not in _SPLITTABLE or not sample.startswith(b"MSH"):
        return None
    numbers = data.numbers()
    line_end = 13 if b"\r" in sample else 10
    breaks = _positions(numbers, np.arange(256) == line_end, ctx)
    starts = np.concatenate(([0], breaks + 1)).astype(np.int64)
    ends = np.concatenate((breaks, [len(numbers)])).astype(np.int64)
    starts += numbers[np.minimum(starts, len(numbers) - 1)] == 10  # the rest of a CRLF
    there = ends > starts
    starts, ends = starts[there], ends[there]
    last = len(numbers) - 1
    bytes_of_names = [numbers[np.minimum(starts + n, last)].astype(np.int64) for n in range(3)]
    names = (bytes_of_names[0] << 16) | (bytes_of_names[1] << 8) | bytes_of_names[2]
    long = np.flatnonzero(ends - starts > FOLD_BYTES)
    ranges = zip(starts[long].tolist(), ends[long].tolist(), strict=True)
    return Outline(data, encoding, starts, ends, names, _folds(numbers, ranges, _separators(sample), ctx))


def _encoding_of(data: Bytes, sample: bytes) -> str:
    """What decides are the high bytes; where the first ones are not high, all of them are looked through."""
    found = characters_of(sample.rpartition(b"\r")[0] or sample).encoding
    if found != "ascii":
        return found
    for start in range(len(sample), len(data), _STEP):
        step = data[start : start + _STEP]
        if not step.isascii():
            return characters_of(sample + step.rpartition(b"\r")[0]).encoding
    return found


def _separators(sample: bytes) -> bytes:
    found = Delimiters.of_header(sample[:64].decode("latin-1"))
    return (found.field + found.component + found.repetition + found.subcomponent).encode("latin-1")


def _folds(
    numbers: Raw, segments: Iterator[tuple[int, int]], separators: bytes, ctx: JobContext
) -> tuple[array[int], array[int]]:
    """The stretches of long values that are not shown."""
    import numpy as np

    starts, ends = array("Q"), array("Q")
    separates = np.isin(np.arange(256), np.frombuffer(separators, np.uint8))
    for first, last in segments:
        breaks = _positions(numbers[first:last], separates, ctx) + first
        begins = np.concatenate(([first], breaks + 1))
        stops = np.concatenate((breaks, [last]))
        for place in np.flatnonzero(stops - begins > FOLD_BYTES):
            at = int(begins[place]) + SHOWN_BYTES
            while numbers[at] & 0xC0 == 0x80:  # not in the middle of a character of UTF-8
                at -= 1
            starts.append(at)
            ends.append(int(stops[place]))
    return starts, ends


def _positions(numbers: Raw, wanted: np.ndarray[Any, np.dtype[np.bool_]], ctx: JobContext) -> Offsets:
    """Where the wanted bytes stand, looked for some megabytes at a time."""
    import numpy as np

    found = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(numbers), _STEP):
        ctx.check()
        found.append(np.flatnonzero(wanted[numbers[start : start + _STEP]]) + start)
    return np.concatenate(found)


def path_of(element: Element) -> str:
    """The path of a place; in an excerpt a segment is numbered when the whole message has several of its name."""
    path, message = element.path, element.segment.message
    if isinstance(message, Excerpt) and element.segment.name:
        name = element.segment.name
        if not path.startswith(f"{name}[") and message.totals[name] > 1:
            return f"{name}[{element.segment.occurrence}]{path.removeprefix(name)}"
    return path


def _code(name: str) -> int:
    return int.from_bytes(name.encode("ascii", "replace")[:3].ljust(3, b"\0"))
