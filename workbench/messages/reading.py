"""The seam every reader of captures goes through, built-in or plugged in.

A reader recognises a framing by the first bytes and says where the messages stand. It copies nothing: a message
is cut out, and freed of what the framing did to it (XML entities, JSON escapes), when somebody looks at it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location, Span
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer
from workbench.messages.formats import MessageFormat

HEAD_BYTES = 1 << 16
"""What a reader sees to decide whether a part is its own."""
BATCH = 4096
FIRST_BATCH = 256


class Found(NamedTuple):
    """Some messages, in order.

    starts, ends  half-open ranges of bytes. No ends: each message goes as far as ER7 goes before the next start
    format        of all of them
    buffer        what the ranges count in, None for the part itself; a reader that derives its messages
                  (decrypts, reassembles) gives its own
    """

    starts: array[int]
    ends: array[int]
    format: MessageFormat = MessageFormat.ER7
    buffer: Buffer | None = None


@runtime_checkable
class Reader(Protocol):
    """One way messages may stand in a file. Readers have no state; one object serves every part."""

    @property
    def name(self) -> str:
        """What the user is shown and may ask for; a `Framing` for the built-in readers."""
        ...

    def sniff(self, head: bytes) -> bool:
        """True when these first bytes (without byte order mark, at most `HEAD_BYTES`) are of this kind.

        raises  ReaderFault: it is a plug-in's, and failed
        """
        ...

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        """Every message of a part, in batches so that the first are shown at once; `name` is for the issues."""
        ...

    def cut(self, data: bytes) -> bytes:
        """The message, from the bytes it stands on."""
        ...

    def put(self, message: bytes, original: bytes) -> bytes:
        """The bytes a changed message stands on; `original` are those of the unchanged one."""
        ...

    def received(self, buffer: Buffer, start: int) -> str:
        """When the message that begins there was seen, in words of ISO 8601 or of the log; "" when nobody says."""
        ...


class ReaderFault(Exception):
    """A plug-in's reader failed while it looked at the first bytes; `issue` says so, and others are asked."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.rule)
        self.issue = issue


class AsItStands:
    """For framings that leave the bytes of a message alone."""

    def cut(self, data: bytes) -> bytes:
        return data

    def put(self, message: bytes, original: bytes) -> bytes:
        return message

    def received(self, buffer: Buffer, start: int) -> str:
        return ""


class Batcher:
    """Collects ranges and hands them on in batches, the first one small."""

    __slots__ = ("_buffer", "_ctx", "_ends", "_format", "_name", "_room", "_starts", "_total")

    def __init__(self, name: str, total: int, ctx: JobContext, buffer: Buffer | None = None) -> None:
        self._name, self._total, self._ctx, self._buffer = name, total, ctx, buffer
        self._starts, self._ends = array("Q"), array("Q")
        self._format = MessageFormat.ER7
        self._room = FIRST_BATCH

    def add(self, start: int, end: int, kind: MessageFormat = MessageFormat.ER7) -> Iterator[Found]:
        """Take one message; gives a batch when there is a full one.

        raises  Cancelled
        """
        if kind is not self._format or len(self._starts) >= self._room:
            self._ctx.advance(start, self._total, self._name)
            yield from self.rest()
            self._format, self._room = kind, BATCH
        self._starts.append(start)
        self._ends.append(end)

    def rest(self) -> Iterator[Found]:
        """What was not handed on yet."""
        if self._starts:
            yield Found(self._starts, self._ends, self._format, self._buffer)
            self._starts, self._ends = array("Q"), array("Q")


def not_read(name: str, rule: str, what: str, span: Span | None = None, severity: Severity = Severity.ERROR) -> Issue:
    """Something that was recognised and cannot be used; `what` is a clause such as `is encrypted`."""
    return Issue(
        severity,
        IssueType.NOT_SUPPORTED,
        rule,
        Location(file=name, span=span),
        "{file} " + what,
        {"file": name},
    )
