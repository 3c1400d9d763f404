"""Runs of messages of one part: where each stands, and how it is cut out.

A section of a file can be sent to another process: it takes the file's name with it, not the bytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from workbench.messages.buffers import Buffer, find_between
from workbench.messages.formats import MessageFormat
from workbench.messages.framing import MLLP_END, er7_end
from workbench.messages.parts import Part, transcoded
from workbench.messages.reading import Reader

FOLDED_TO_ASCII = (*(text.encode() for text in "ßİŉſǰ\u212a"), b"\xe1\xba", b"\xef\xac")
"""UTF-8 of the letters that `str.casefold` turns into something with ASCII in it, or what it begins with."""


@dataclass(slots=True)
class Section:
    """Messages that follow one another in a part and are of one format.

    encoding       what the user overruled, "" when the messages decide
    first          number of the first one in the capture; first_of_file: of the first one of the part
    derived        what the offsets count in when it is not the part itself
    starts, ends   half-open ranges; no ends: ER7 that goes as far as it goes before the next start
    limit          what the last message of an open-ended section cannot go beyond, None for the end of the bytes
    """

    part: Part
    reader: Reader
    format: MessageFormat
    encoding: str
    first: int
    first_of_file: int
    derived: Buffer | None = None
    starts: array[int] = field(default_factory=lambda: array("Q"))
    ends: array[int] = field(default_factory=lambda: array("Q"))
    limit: int | None = None

    @property
    def buffer(self) -> Buffer:
        """What the offsets count in; raises as `Part.buffer` does."""
        return self.part.buffer if self.derived is None else self.derived

    def continues(self, part: Part, kind: MessageFormat, derived: Buffer | None, open_ended: bool) -> bool:
        """True when messages of this kind can be added here."""
        return (
            self.part is part
            and self.format is kind
            and self.derived is derived
            and (not self.starts or open_ended is not bool(self.ends))
        )

    def reach(self, place: int) -> int:
        """Where a message certainly ends: its end, or the start of the next one."""
        if self.ends:
            return self.ends[place]
        if place + 1 < len(self.starts):
            return self.starts[place + 1]
        return len(self.buffer) if self.limit is None else self.limit

    def bounds(self, place: int) -> tuple[int, int]:
        """The bytes a message stands on; `place` counts within the section."""
        start, reach = self.starts[place], self.reach(place)
        return start, reach if self.ends else er7_end(self.buffer, start, reach)

    def cut(self, start: int, end: int) -> bytes:
        """The message on these bytes, freed of what the framing and the wide encoding did to it."""
        data = self.buffer[start:end]
        if self.part.encoding and self.derived is None:
            data = transcoded(data, self.part.encoding)
        return self.reader.cut(data)

    def put(self, message: bytes, start: int, end: int) -> bytes:
        """What stands in the file when the message on these bytes is replaced."""
        original = self.buffer[start:end]
        wide = self.part.encoding if self.derived is None else ""
        written = self.reader.put(message, transcoded(original, wide) if wide else original)
        return written.decode("utf-8", "surrogatepass").encode(wide, "surrogatepass") if wide else written

    def raw(self, place: int) -> bytes:
        """One message."""
        return self.cut(*self.bounds(place))

    def head(self, place: int, size: int) -> bytes:
        """The first bytes of one message; may go a little beyond the end of a shorter one, never into the next."""
        start = self.starts[place]
        data = self.cut(start, min(self.reach(place), start + size))
        return data if self.ends else data.partition(MLLP_END)[0]

    def heads(self, size: int) -> Iterator[bytes]:
        """`head` of every message, for loops over many."""
        if self.ends or self.part.encoding:
            yield from (self.head(place, size) for place in range(len(self.starts)))
            return
        buffer, cut = self.buffer, self.reader.cut
        last = len(self.starts) - 1
        for start, reach in zip(self.starts, [*self.starts[1:], self.reach(last)], strict=True):
            head = cut(buffer[start : reach if reach - start < size else start + size])
            yield head.partition(MLLP_END)[0] if MLLP_END in head else head

    def raws(self, places: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """The messages at these places, each with its place, for loops over many."""
        if self.ends or self.part.encoding:
            yield from ((place, self.raw(place)) for place in places)
            return
        buffer, cut, starts = self.buffer, self.reader.cut, self.starts
        last = len(starts) - 1
        for place in places:
            start = starts[place]
            reach = starts[place + 1] if place < last else self.reach(place)
            yield place, cut(buffer[start : er7_end(buffer, start, reach)])

    def places_holding(self, needles: Iterable[bytes]) -> set[int]:
        """The messages in whose bytes any of these occurs, found without cutting them out."""
        return self._places(self.buffer, needles, 0)

    def places_holding_folded(self, needle: bytes) -> set[int]:
        """The messages in which a lower-case ASCII text may occur in whatever case.

        Casefolding makes ASCII of a few other letters (`ß` becomes `ss`): messages with one of them are among those
        found, and so are all that are not UTF-8.
        """
        base = self.starts[0]
        data = self.buffer[base : self.reach(len(self.starts) - 1)].lower()
        found = self._places(data, (needle,), base)
        if data.isascii():
            return found
        try:
            data.decode()
        except UnicodeDecodeError:
            bounds = pairwise([*(start - base for start in self.starts), len(data)])
            found.update(place for place, (start, end) in enumerate(bounds) if not data[start:end].isascii())
            return found
        # looking for one byte is ten times as fast as looking for two
        present = [letters for letters in FOLDED_TO_ASCII if letters[:1] in data and letters in data]
        return found | self._places(data, present, base)

    def _places(self, data: Buffer, needles: Iterable[bytes], base: int) -> set[int]:
        """`data` holds the bytes of the section from `base` on."""
        starts, found = self.starts, set[int]()
        limit = self.reach(len(starts) - 1) - base
        for needle in needles:
            at = find_between(data, needle, starts[0] - base, limit)
            while at >= 0:
                place = bisect_right(starts, at + base) - 1
                found.add(place)
                if place + 1 >= len(starts):
                    break
                at = find_between(data, needle, starts[place + 1] - base, limit)
        return found

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def size(self) -> int:
        """Bytes from the first message to the end of the last."""
        return self.reach(len(self.starts) - 1) - self.starts[0] if self.starts else 0

    def piece(self, start: int, end: int) -> Section:
        """The messages from `start` to `end` as a section by itself, fit to be sent to another process."""
        first, limit = self.starts[start], self.reach(end - 1)
        part, derived, shift = self.part, None, 0
        if part.file is None or self.derived is not None:
            wide = "" if self.derived is not None else part.encoding
            part = replace(part, content=bytes(self.buffer[first:limit]), encoding=wide)
            shift = first
        return Section(
            part,
            self.reader,
            self.format,
            self.encoding,
            self.first + start,
            self.first_of_file,
            derived,
            array("Q", (at - shift for at in self.starts[start:end])),
            array("Q", (at - shift for at in self.ends[start:end])),
            limit - shift,
        )
