"""A capture: every message the user's files hold, without reading them.

Files stay where they are, mapped read-only; the capture keeps eight bytes a message. A message is cut out
when somebody looks at it. Damage is an Issue with its byte position, and the rest still loads.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.messages.framing import er7_end, er7_starts, framing_issues, ndjson_starts
from workbench.messages.parts import Part, parts_of

_REPORT_EVERY = 4096
_JSON_HEAD_BYTES = 1 << 16
_NOT_READ = {
    b"<": "XML",
    b"\xd4\xc3\xb2\xa1": "a packet trace",
    b"\xa1\xb2\xc3\xd4": "a packet trace",
    b"\x4d\x3c\xb2\xa1": "a packet trace",
    b"\xa1\xb2\x3c\x4d": "a packet trace",
    b"\x0a\x0d\x0d\x0a": "a packet trace",
}
"""First bytes of formats that are recognised so that they are not misread, and how a person calls them."""


class MessageFormat(StrEnum):
    """How one message is written."""

    ER7 = "er7"
    FHIR_JSON = "fhir-json"


class Framing(StrEnum):
    """How the messages of a part follow one another; shown to the user as what was detected."""

    ER7 = "HL7 v2 (ER7)"
    JSON = "FHIR JSON"
    NDJSON = "FHIR NDJSON"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message came from. offset and length count bytes of the part, unpacked and in UTF-8 if transcoded.

    encoding  of the file when it was transcoded, "" when the message's own bytes are untouched
    """

    file: str
    offset: int
    length: int
    framing: Framing
    encoding: str


@dataclass(slots=True)
class _IndexedPart:
    """A part with the offset of each message; `ends` is kept only where the next start does not tell it."""

    part: Part
    framing: Framing
    first: int
    starts: array[int] = field(default_factory=lambda: array("Q"))
    ends: array[int] = field(default_factory=lambda: array("Q"))


class Capture:
    """The messages of some files, numbered from 0 in the order they were found.

    `index` fills it and may run in a thread of its own while others already read: the length only grows.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._parts: list[_IndexedPart] = []
        self._firsts: list[int] = []
        self._issues: list[Issue] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was damaged or passed over; positions are bytes of the named file."""
        return tuple(self._issues)

    @property
    def framings(self) -> tuple[tuple[str, Framing], ...]:
        """What each part was taken for, by name."""
        return tuple((indexed.part.name, indexed.framing) for indexed in self._parts)

    def index(self, ctx: JobContext) -> None:
        """Find every message.

        raises  Refused CAP-0010, Unavailable CAP-0011 (see `parts.parts_of`), Cancelled
        """
        for found in parts_of(list(self.paths), ctx):
            if isinstance(found, Issue):
                self._issues.append(found)
            else:
                self._index_part(found, ctx)

    def raw(self, number: int) -> bytes:
        """The bytes of one message, exactly as they stand in the file."""
        indexed, start, end = self._bounds(number)
        return bytes(indexed.part.buffer[start:end])

    def head(self, number: int, size: int) -> bytes:
        """The first bytes of one message, for a quick look."""
        indexed, start, end = self._bounds(number)
        return bytes(indexed.part.buffer[start : min(end, start + size)])

    def format_of(self, number: int) -> MessageFormat:
        indexed = self._part_of(number)
        return MessageFormat.ER7 if indexed.framing is Framing.ER7 else MessageFormat.FHIR_JSON

    def file_of(self, number: int) -> str:
        """The file as the user named it; a member of an archive is `archive.zip/member`."""
        return self._part_of(number).part.name

    def number_in_file(self, number: int) -> int:
        """0-based number of the message among those of its own file."""
        return number - self._part_of(number).first

    def origin(self, number: int) -> Origin:
        indexed, start, end = self._bounds(number)
        return Origin(indexed.part.name, start, end - start, indexed.framing, indexed.part.encoding)

    def __iter__(self) -> Iterator[bytes]:
        return (self.raw(number) for number in range(len(self)))

    def _part_of(self, number: int) -> _IndexedPart:
        if not 0 <= number < self._length:
            raise IndexError(number)
        return self._parts[bisect_right(self._firsts, number) - 1]

    def _bounds(self, number: int) -> tuple[_IndexedPart, int, int]:
        indexed = self._part_of(number)
        place = number - indexed.first
        start = indexed.starts[place]
        if indexed.ends:
            return indexed, start, indexed.ends[place]
        following = place + 1
        limit = indexed.starts[following] if following < len(indexed.starts) else len(indexed.part.buffer)
        return indexed, start, er7_end(indexed.part.buffer, start, limit)

    def _index_part(self, part: Part, ctx: JobContext) -> None:
        head = bytes(part.buffer[:_JSON_HEAD_BYTES]).removeprefix(b"\xef\xbb\xbf").lstrip()
        if head[:1] in (b"{", b"["):
            if b'"resourceType"' in head:
                self._index_json(part, ctx)
            elif part.named:
                self._issues.append(_unread(part.name, "JSON, but holds no FHIR resource (no resourceType)"))
        elif kind := next((kind for magic, kind in _NOT_READ.items() if head.startswith(magic)), ""):
            self._issues.append(_unread(part.name, kind))
        else:
            self._index_er7(part, ctx)

    def _index_er7(self, part: Part, ctx: JobContext) -> None:
        indexed = _IndexedPart(part, Framing.ER7, self._length)
        size = len(part.buffer)
        for start in er7_starts(part.buffer):
            if not indexed.starts:
                self._add(indexed)
            indexed.starts.append(start)
            self._length += 1
            if not len(indexed.starts) % _REPORT_EVERY:
                ctx.advance(start, size, part.name)
        if indexed.starts:
            self._issues.extend(framing_issues(part.name, part.buffer, indexed.starts.tolist()))
            ctx.advance(size, size, part.name)
        elif part.named:
            self._issues.append(_no_message(part.name))

    def _index_json(self, part: Part, ctx: JobContext) -> None:
        size = len(part.buffer)
        if not _is_ndjson(part):
            indexed = _IndexedPart(part, Framing.JSON, self._length)
            self._add(indexed)
            indexed.starts.append(0)
            indexed.ends.append(size)
            self._length += 1
            return
        indexed = _IndexedPart(part, Framing.NDJSON, self._length)
        self._add(indexed)
        for start, end in ndjson_starts(part.buffer, lambda done: ctx.advance(done, size, part.name)):
            indexed.ends.append(end)
            indexed.starts.append(start)
            self._length += 1

    def _add(self, indexed: _IndexedPart) -> None:
        self._parts.append(indexed)
        self._firsts.append(indexed.first)


def open_capture(paths: Sequence[Path], ctx: JobContext | None = None) -> Capture:
    """Find every message under the paths: files, folders, archives, MLLP streams, batches, FHIR JSON and NDJSON.

    raises  Refused CAP-0010, Unavailable CAP-0011, Cancelled
    """
    capture = Capture(paths)
    capture.index(ctx or JobContext())
    return capture


def _is_ndjson(part: Part) -> bool:
    """More than one line, and the first is a whole JSON object by itself."""
    end = part.buffer.find(b"\n")
    if end < 0 or not bytes(part.buffer[end : end + _JSON_HEAD_BYTES]).strip():
        return False
    try:
        return isinstance(msgspec.json.decode(bytes(part.buffer[:end]).removeprefix(b"\xef\xbb\xbf")), dict)
    except msgspec.DecodeError:
        return False


def _unread(name: str, kind: str) -> Issue:
    return Issue(
        Severity.ERROR,
        IssueType.NOT_SUPPORTED,
        "CAP-0006",
        Location(file=name),
        "{file} is {kind}; this version reads ER7 in any framing, FHIR JSON and NDJSON",
        {"file": name, "kind": kind},
    )


def _no_message(name: str) -> Issue:
    return Issue(
        Severity.ERROR,
        IssueType.NOT_FOUND,
        "CAP-0001",
        Location(file=name),
        "{file} holds no HL7 v2 message and no FHIR JSON",
        {"file": name},
    )
