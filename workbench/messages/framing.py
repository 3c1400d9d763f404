"""Where ER7 messages begin and end inside a run of bytes, and what the framing says that does not fit.

ER7 is found by its header: `MSH` and a separator, at the start or after a line end or a frame byte. That test
is strong, because a value can hold no line end, so one scan serves plain files, MLLP captures and batches.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator

from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity
from workbench.kernel.location import Location, Span
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer, find_between, occurrences

BOM = b"\xef\xbb\xbf"
MLLP_START, MLLP_END = b"\x0b", b"\x1c"
_BETWEEN = b"\r\n\x0b\x0c\x1c"
_LINE_ENDS = frozenset(b"\r\n\x0b\x0c\x1c")
_BATCH_NAMES = (b"BHS", b"FHS", b"BTS", b"FTS")
_BATCH_LINE = re.compile(rb"(?:BHS|BTS|FHS|FTS)[^A-Za-z0-9\s]")
_STRICT_HEADER = re.compile(rb"MSH(?P<d>[!-/:-@\[-`{-~])(?:(?!(?P=d))[!-/:-@\[-`{-~]){3,5}(?P=d)")
_TRAILER_BYTES = 256
_STRAY_BYTES = 4096

MLLP = RuleSource("HL7 Minimal Lower Layer Protocol", "1", "")
BATCH = RuleSource("HL7 v2", "2.5.1", "2.10.3")


def er7_starts(buffer: Buffer, ctx: JobContext, start: int = 0, end: int | None = None) -> Iterator[int]:
    """The offset of each message header between `start` and `end`, in order; 1.5 GB/s on ordinary feeds."""
    for at in occurrences(buffer, b"MSH", ctx, start, end):
        if at > start:
            around = buffer[at - 1 : at + 5]
            if around[0] in _LINE_ENDS or buffer[max(start, at - 3) : at] == BOM:
                separator, next_one = around[4:5], around[5:]
            else:
                continue
        else:
            separator, next_one = buffer[at + 3 : at + 4], buffer[at + 4 : at + 5]
        if separator > b" " and not separator.isalnum() and (separator == b"|" or not next_one.isalnum()):
            yield at  # `MSH,Muslim` is a row of some list


def strict_header(data: bytes, at: int = 0) -> re.Match[bytes] | None:
    """The next `MSH`, separator, three to five other punctuation characters and the separator again.

    Strong enough to be believed in the middle of a line.
    """
    return _STRICT_HEADER.search(data, at)


def er7_end(buffer: Buffer, start: int, limit: int) -> int:
    """Where the message that begins at `start` ends; `limit` is the next header or the end of the bytes.

    Frame bytes, blank lines and batch headers and trailers after the message are not part of it; its own last
    segment terminator is.
    """
    frame_end = find_between(buffer, MLLP_END, start, limit)
    if frame_end >= 0:
        limit = frame_end
    tail = buffer[max(start, limit - _TRAILER_BYTES) : limit]
    kept = tail.rstrip(_BETWEEN)
    line = max(kept.rfind(b"\r"), kept.rfind(b"\n")) + 1
    if line and kept[line : line + 3] not in _BATCH_NAMES and not kept.endswith(BOM):  # nearly all messages
        text_end = limit - len(tail) + len(kept)
        return text_end + _terminator(tail[len(kept) : len(kept) + 2])
    return _end_before_trailers(buffer, start, limit)


def _end_before_trailers(buffer: Buffer, start: int, limit: int) -> int:
    while True:
        text_end = _text_end(buffer, start, limit)
        tail_start = max(start, text_end - _TRAILER_BYTES)
        tail = buffer[tail_start:text_end]
        line = max(tail.rfind(b"\r"), tail.rfind(b"\n")) + 1
        if (not line and tail_start > start) or tail_start + line <= start or tail[line : line + 3] not in _BATCH_NAMES:
            break
        limit = tail_start + line
    return text_end + _terminator(buffer[text_end : min(text_end + 2, limit)])


def _terminator(after: bytes) -> int:
    """How many of the bytes after a segment end it."""
    return 2 if after == b"\r\n" else int(after[:1] in (b"\r", b"\n"))


def _text_end(buffer: Buffer, start: int, limit: int) -> int:
    """The offset after the last byte that is no line end or frame byte (and no mark of a following file)."""
    while limit > start:
        tail = buffer[max(start, limit - 64) : limit]
        kept = tail.rstrip(_BETWEEN)
        if kept:
            end = limit - len(tail) + len(kept)
            if not kept.endswith(BOM):
                return end
            limit = end - len(BOM)
        else:
            limit -= len(tail)
    return start


def framing_issues(name: str, buffer: Buffer, starts: array[int], ctx: JobContext) -> Iterator[Issue]:
    """What lies outside every message, frames that were cut off, and batches that count wrongly."""
    first = starts[0] if starts else 0
    head = buffer[:first]
    yield from _stray_bytes(name, head, first)
    if buffer.find(MLLP_START, 0, min(len(buffer), first + 1)) >= 0 or next(occurrences(buffer, MLLP_END, ctx), None):
        yield from _cut_frames(name, buffer, starts, ctx)
    if _BATCH_LINE.match(buffer[:4]) or any(kind in head for kind in (b"BHS", b"FHS")) or _ends_in_trailer(buffer):
        yield from _batch_counts(name, buffer, starts, ctx)


def _ends_in_trailer(buffer: Buffer) -> bool:
    tail = buffer[max(0, len(buffer) - _STRAY_BYTES) :]
    return b"\rBTS" in tail or b"\nBTS" in tail or b"\rFTS" in tail or b"\nFTS" in tail


def _stray_bytes(name: str, head: bytes, first: int) -> Iterator[Issue]:
    """Text before the first header, other than batch headers."""
    stray = [
        line
        for line in re.split(rb"[\r\n\x0b\x0c\x1c]", head.removeprefix(BOM))
        if line.strip() and not _BATCH_LINE.match(line)
    ]
    if stray:
        yield passed_over(name, Span(0, first), sum(len(line) for line in stray), "before the first message")


def _cut_frames(name: str, buffer: Buffer, starts: array[int], ctx: JobContext) -> Iterator[Issue]:
    """Frames without an end byte, and text between the end of one frame and the start of the next."""
    last = len(starts) - 1
    for place, start in enumerate(starts):
        ctx.check()
        limit = starts[place + 1] if place < last else len(buffer)
        end = find_between(buffer, MLLP_END, start, limit)
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
        elif limit - end > 3 and (stray := buffer[end:limit].strip(_BETWEEN + b" ")):
            yield passed_over(name, Span(end, limit), len(stray), "between two frames")


def passed_over(name: str, span: Span, count: int, where: str) -> Issue:
    """Bytes that belong to no message."""
    return Issue(
        Severity.WARNING,
        IssueType.STRUCTURE,
        "CAP-0003",
        Location(file=name, span=span),
        "{count} bytes {where} belong to no message and were passed over",
        {"count": str(count), "where": where},
    )


def _batch_counts(name: str, buffer: Buffer, starts: array[int], ctx: JobContext) -> Iterator[Issue]:
    """BTS-1 against the messages since BHS, FTS-1 against the batches since FHS."""
    marks = sorted((at, kind) for kind in _BATCH_NAMES for at in _line_starts(buffer, kind, ctx))
    messages = batches = before = 0
    for at, kind in marks:
        counted = bisect_left(starts, at)
        messages, before = messages + counted - before, counted
        if kind == b"BHS":
            messages = 0
        elif kind == b"FHS":
            messages = batches = 0
        elif kind == b"BTS":
            yield from _miscount(name, at, "BTS-1", _first_field(buffer, at), messages, "messages")
            batches, messages = batches + 1, 0
        else:
            yield from _miscount(name, at, "FTS-1", _first_field(buffer, at), batches, "batches")


def _line_starts(buffer: Buffer, name: bytes, ctx: JobContext) -> Iterator[int]:
    """Where a line begins with this segment name and a separator."""
    for at in occurrences(buffer, name, ctx):
        before, separator = buffer[max(0, at - 1) : at], buffer[at + 3 : at + 4]
        if (not before or before[0] in _LINE_ENDS or buffer[max(0, at - 3) : at] == BOM) and (
            separator > b" " and not separator.isalnum()
        ):
            yield at


def _first_field(buffer: Buffer, at: int) -> bytes:
    """Field 1 of a trailer, up to the next separator."""
    line = re.split(rb"[\r\n\x1c]", buffer[at : at + _TRAILER_BYTES], maxsplit=1)[0]
    return line[4:].split(line[3:4], 1)[0]


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
