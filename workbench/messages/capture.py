"""A capture: every message the user's files hold, without reading them.

Files stay where they are, mapped read-only; the capture keeps eight or sixteen bytes a message. A message is cut
out when somebody looks at it. Damage is an Issue with its byte position, and the rest still loads.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer, StreamBuffer
from workbench.messages.formats import Framing, MessageFormat, Origin, Overrule, Overrules, line_ending
from workbench.messages.framing import er7_end, er7_starts
from workbench.messages.naming import label_of
from workbench.messages.offsets import packed, unpacked
from workbench.messages.parts import Part, Unseal, is_wide, parts_of, transcoded
from workbench.messages.reading import Found, Reader
from workbench.messages.registry import READERS, reader_for, reader_named
from workbench.messages.sections import Section

__all__ = ["Capture", "Framing", "MessageFormat", "Origin", "Overrule", "open_capture"]

_NOTHING: Overrules = {}
_AUTOMATIC = Overrule()
MOST_ALIKE = 100
"""Findings of one rule that are kept for each part; the rest is counted."""


class Capture:
    """The messages of some files, numbered from 0 in the order they were found.

    `index` fills it and may run in a thread of its own while others already read: the length only grows.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        overrule: Overrules = _NOTHING,
        unseal: Unseal | None = None,
    ) -> None:
        self.paths = tuple(paths)
        self._seal_of = unseal
        self._overrule = overrule
        self._sections: list[Section] = []
        self._firsts: list[int] = []
        self._issues: list[Issue] = []
        self._framings: list[tuple[str, str]] = []
        self._length = 0
        self._is_complete = False

    def __len__(self) -> int:
        return self._length

    @property
    def is_complete(self) -> bool:
        """True when nobody is looking for messages any more, or nobody ever will because it was stopped."""
        return self._is_complete

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was damaged or passed over; positions are bytes of the named file."""
        return tuple(self._issues)

    @property
    def framings(self) -> tuple[tuple[str, str], ...]:
        """What each part was taken for, by name: a `Framing`, or the name of a plug-in's reader."""
        return tuple(self._framings)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that hold messages, in order."""
        return tuple({id(section.part): section.part for section in self._sections}.values())

    def size(self) -> int:
        """Bytes of the parts that hold messages, as far as they are opened."""
        return sum(len(part.buffer) for part in self.parts)

    @property
    def is_overruled(self) -> bool:
        """True when the user has said how a part is to be read, or a plug-in may read it."""
        return bool(self._overrule or READERS.others)

    def offsets(self) -> bytes | None:
        """Where the messages stand, for `restore`; None when that cannot be kept, or damage was found."""
        return packed(self._sections, self._framings) if not self._issues else None

    def restore(self, data: bytes) -> bool:
        """Fill an empty capture from what `offsets` gave for the same unchanged files; False when it cannot be used."""
        found = unpacked(data)
        if found is None or self._sections or not found[0]:
            return False
        sections, self._framings = found
        self._firsts = [section.first for section in sections]
        self._sections = sections
        self._publish()
        self._is_complete = True
        return True

    def index(self, ctx: JobContext) -> None:
        """Find every message.

        raises  Refused CAP-0010, CAP-0019, Unavailable CAP-0011 (`parts.parts_of`), what `unseal` raises, Cancelled
        """
        try:
            for path in self.paths:
                before = self._length, len(self._issues)
                for found in parts_of(path, ctx, self._seal_of):
                    if isinstance(found, Issue):
                        self._issues.append(found)
                    else:
                        self._index_part(found, ctx)
                if (self._length, len(self._issues)) == before:
                    self._issues.append(_no_message(label_of(path)))
        finally:
            self._is_complete = True

    def raw(self, number: int) -> bytes:
        """The bytes of one message, exactly as they stand in the file, freed of what the framing did to them."""
        section, start, end = self.place_of(number)
        return section.cut(start, end)

    def head(self, number: int, size: int) -> bytes:
        """The first bytes of one message, for a quick look; costs the same for a giant."""
        section = self._section_of(number)
        return section.head(number - section.first, size)

    def length(self, number: int) -> int:
        """Bytes the message stands on."""
        _, start, end = self.place_of(number)
        return end - start

    def extent(self, number: int) -> int:
        """Bytes from the message to the next one: as many as its length at least, and found without looking."""
        section = self._section_of(number)
        place = number - section.first
        return section.reach(place) - section.starts[place]

    def format_of(self, number: int) -> MessageFormat:
        return self._section_of(number).format

    def encoding_of(self, number: int) -> str:
        """The codec the user asked for, or "utf-8" for a transcoded part; "" when the message itself decides."""
        section = self._section_of(number)
        return "utf-8" if section.part.encoding else section.encoding

    def file_of(self, number: int) -> str:
        """The file as the user named it; a member of an archive is `archive.zip/member`."""
        return self._section_of(number).part.name

    def number_in_file(self, number: int) -> int:
        """0-based number of the message among those of its own file."""
        return number - self._section_of(number).first_of_file

    def origin(self, number: int) -> Origin:
        """Where the message came from, in bytes of its own file."""
        section, start, end = self.place_of(number)
        raw = section.cut(start, min(end, start + (1 << 16)))
        place, stream = start, ""
        if isinstance(section.buffer, StreamBuffer):
            place, stream = section.buffer.source_offset(start), section.buffer.label(start)
        return Origin(
            file=section.part.name,
            offset=place,
            length=end - start,
            framing=section.reader.name,
            encoding=section.part.encoding or section.encoding,
            line_ending=line_ending(raw) if section.format is MessageFormat.ER7 else "",
            stream=stream,
        )

    def received(self, number: int) -> str:
        """When the message was seen, as the packet trace or the line of the log says; "" elsewhere."""
        section = self._section_of(number)
        return section.reader.received(section.buffer, section.starts[number - section.first])

    def pieces(self, messages: int, size: int, start: int = 0, end: int | None = None) -> Iterator[Section]:
        """Runs of at most so many messages and about `size` bytes, by reference where they stand in a file.

        They are fit to be read in another process; a message that is larger is a piece by itself.
        """
        number, stop = start, len(self) if end is None else min(end, len(self))
        while number < stop:
            section = self._section_of(number)
            place = number - section.first
            last = min(place + messages, place + stop - number, self._shown(section))
            last = max(place + 1, bisect_right(section.starts, section.starts[place] + size, place, last))
            yield section.piece(place, last)
            number += last - place

    def __iter__(self) -> Iterator[bytes]:
        return (self.raw(number) for number in range(len(self)))

    def _section_of(self, number: int) -> Section:
        if not 0 <= number < self._length:
            raise IndexError(number)
        return self._sections[bisect_right(self._firsts, number) - 1]

    def _shown(self, section: Section) -> int:
        """How many messages of a section are counted so far."""
        return min(len(section.starts), self._length - section.first)

    def numbers_of(self, part: Part) -> range:
        """The messages of one part."""
        own = [section for section in self._sections if section.part is part]
        return range(own[0].first, own[-1].first + self._shown(own[-1])) if own else range(0)

    def place_of(self, number: int) -> tuple[Section, int, int]:
        """The section of a message and the bytes it stands on there."""
        section = self._section_of(number)
        return section, *section.bounds(number - section.first)

    def _index_part(self, part: Part, ctx: JobContext) -> None:
        overrule = self._overrule.get(part.name) or self._overrule.get("") or _AUTOMATIC
        if overrule.encoding:
            part = replace(part, encoding=overrule.encoding if is_wide(overrule.encoding) else "")
        text = transcoded(part.buffer[:], part.encoding) if part.encoding else b""
        buffer: Buffer = text if part.encoding else part.buffer
        named = overrule.framing
        reader = reader_named(named) if named else reader_for(buffer, ctx, self._issues.append)
        first_of_file, before = self._length, len(self._issues)
        alike: Counter[str] = Counter()
        batches = reader.read(part.name, buffer, ctx)
        for found in _in_original(part, text, batches) if part.encoding else batches:
            if isinstance(found, Issue):
                alike[found.rule] += 1
                if alike[found.rule] <= MOST_ALIKE:
                    self._issues.append(found)
            else:
                self._take(part, reader, overrule.encoding, found, first_of_file)
        self._publish()
        self._issues.extend(_more_alike(part.name, rule, count) for rule, count in alike.items() if count > MOST_ALIKE)
        if self._length > first_of_file:
            self._framings.append((part.name, reader.name))
        elif not part.named:
            del self._issues[before:]  # a file among others that holds no message is nobody's concern

    def _take(self, part: Part, reader: Reader, encoding: str, found: Found, first_of_file: int) -> None:
        """Add a batch; the last message of an open-ended one is counted when its end is known."""
        starts, ends, derived = found.starts, found.ends, found.buffer
        last = self._sections[-1] if self._sections else None
        if last is None or not last.continues(part, found.format, derived, not ends):
            self._publish()
            last = Section(part, reader, found.format, encoding, self._length, first_of_file, derived)
            self._sections.append(last)
            self._firsts.append(last.first)
        last.ends.extend(ends)
        last.starts.extend(starts)
        self._publish(open_ended=not last.ends)

    def _publish(self, open_ended: bool = False) -> None:
        if self._sections:
            last = self._sections[-1]
            self._length = last.first + len(last.starts) - open_ended


def open_capture(
    paths: Sequence[Path],
    ctx: JobContext | None = None,
    overrule: Overrules = _NOTHING,
    unseal: Unseal | None = None,
) -> Capture:
    """Find every message under the paths: files, folders and archives of any framing in `Framing`.

    overrule  what the user knows better than the detection, by the name of the part, "" for all
    unseal    opens what a listener has sealed
    raises    Refused CAP-0010, CAP-0019, Unavailable CAP-0011, whatever `unseal` raises, Cancelled
    """
    capture = Capture(paths, overrule, unseal)
    capture.index(ctx or JobContext())
    return capture


def _in_original(part: Part, text: bytes, batches: Iterator[Found | Issue]) -> Iterator[Found | Issue]:
    """Ranges of the transcoded text as ranges of the part's own bytes; open ends are worked out before."""
    mark, size, seen = "\ufeff".encode(part.encoding), len(part.buffer), 0
    place = len(mark) if part.buffer[: len(mark)] == mark else 0
    for batch in batches:
        if isinstance(batch, Issue) or batch.buffer is not None:
            yield batch
            continue
        starts, ends = array("Q"), array("Q")
        for start, end in _closed(text, batch):
            place += _width(text[seen:start], part.encoding)
            starts.append(place)
            place += _width(text[start:end], part.encoding)
            ends.append(min(place, size))  # half a character at the end was decoded as a whole one
            seen = end
        yield Found(starts, ends, batch.format)


def _closed(text: bytes, batch: Found) -> Iterator[tuple[int, int]]:
    if batch.ends:
        yield from zip(batch.starts, batch.ends, strict=True)
        return
    for start in batch.starts:
        following = next(er7_starts(text, JobContext(), start + 1), len(text))
        yield start, er7_end(text, start, following)


def _width(text: bytes, encoding: str) -> int:
    return len(text.decode("utf-8", "surrogatepass").encode(encoding, "surrogatepass"))


def _more_alike(name: str, rule: str, count: int) -> Issue:
    return Issue(
        Severity.WARNING,
        IssueType.INFORMATIONAL,
        rule,
        Location(file=name),
        "{file} has {count} findings like the {shown} that are shown",
        {"file": name, "count": str(count), "shown": str(MOST_ALIKE)},
    )


def _no_message(name: str) -> Issue:
    return Issue(
        Severity.ERROR,
        IssueType.NOT_FOUND,
        "CAP-0001",
        Location(file=name),
        "{file} holds no HL7 v2 message and no FHIR resource",
        {"file": name},
    )
