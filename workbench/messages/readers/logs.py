"""Logs: messages with something before `MSH`, over several lines, on one line, or inside JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import WINDOW, Buffer, occurrences
from workbench.messages.formats import Framing
from workbench.messages.framing import strict_header
from workbench.messages.reading import AsItStands, Batcher, Found

_LINE_START = b"\r\n\x0b\x0c"
_TIME_FIRST = re.compile(
    rb"(?:\A|[\r\n])[\[(<\"']?(?:\d{4}[-/]\d\d[-/]\d\d|\d\d[-/.:]\d\d[-/.:]\d\d|[A-Z][a-z]{2} [ \d]\d )"
)
_TIME = re.compile(rb"(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_BREAKS = (
    rb"\\r\\n",
    rb"\\r",
    rb"\\n",
    rb"\\x0[dD]",
    rb"\\u000[dD]",
    rb"0x0[dD]",
    rb"<[cC][rR]>",
    rb"<0x0[dD]>",
    rb"\\X0D\\",
    rb" \| ",
)
"""How segment breaks are written on one line, the first that gives two segments is taken."""
_BREAK_PATTERNS = tuple(re.compile(text) for text in _BREAKS)
_SEGMENT = rb"[A-Z][A-Z0-9]{2}"
_CLOSERS = {b'"': b'"', b"'": b"'", b"[": b"]", b"(": b")", b"{": b"}", b"<": b">"}
_JSON_STRING = re.compile(rb'"MSH[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"')
_DIGITS = re.compile(rb"\d+")
_STEP_BYTES = 512
_HEADER_BYTES = 64


class _Timed(AsItStands):
    """What is written down line by line says when, before the message on its line or on the line before."""

    def received(self, buffer: Buffer, start: int) -> str:
        before = buffer[max(0, start - _STEP_BYTES) : start].rstrip(_LINE_START)
        line = max(before.rfind(b"\r"), before.rfind(b"\n")) + 1
        found = _TIME.search(before, line)
        return found.group().decode("ascii") if found else ""


class LogReader(_Timed):
    """Each message begins somewhere on a line and goes on over whole lines, one segment each.

    Loggers that write a time before every line do so before each segment: lines whose prefix looks like that of the
    header line, digits aside, belong to the message, and `cut` takes the prefixes away.
    """

    name = Framing.LOG

    def sniff(self, head: bytes) -> bool:
        found = _first_in_line(head)
        return found is not None and not _is_one_line(head, found)

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        batcher, inside, lines = Batcher(name, len(buffer), ctx), 0, 0
        passed = 0
        for start in _headers(buffer, ctx):
            if start < passed:
                continue
            separator = buffer[start + 3 : start + 4]
            first = _line_end(buffer, start)
            passed = _last_segment_end(buffer, start, separator)
            if passed <= first + 2:
                passed = _last_prefixed_end(buffer, start, separator) or passed
            inside += passed - start
            lines += 1
            yield from batcher.add(start, passed)
        yield from batcher.rest()
        if lines:
            yield _outside(name, len(buffer) - inside)

    def cut(self, data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        segment = re.compile(_SEGMENT + re.escape(data[3:4]))
        if len(lines) < 2 or segment.match(lines[1]):
            return data
        return b"".join((lines[0], *(line[_prefix_length(line, segment) :] for line in lines[1:])))

    def put(self, message: bytes, original: bytes) -> bytes:
        if self.cut(original) == original:
            return message
        segment = re.compile(_SEGMENT + re.escape(original[3:4]))
        before = [line[: _prefix_length(line, segment)] for line in original.splitlines()[1:]]
        segments = message.splitlines(keepends=True)
        before += before[-1:] * (len(segments) - 1 - len(before))
        return b"".join((segments[0], *(prefix + line for prefix, line in zip(before, segments[1:], strict=False))))


class LogLineReader(_Timed):
    """Each message stands on one line, its segment breaks written as something else."""

    name = Framing.LOG_LINES

    def sniff(self, head: bytes) -> bool:
        found = strict_header(head)
        return found is not None and _is_one_line(head, found.start())

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        batcher, inside = Batcher(name, len(buffer), ctx), 0
        passed = 0
        for start in _headers(buffer, ctx):
            if start < passed:
                continue
            passed = _closed(buffer, start, _line_end(buffer, start))
            inside += passed - start
            yield from batcher.add(start, passed)
        yield from batcher.rest()
        if inside:
            yield _outside(name, len(buffer) - inside)

    def cut(self, data: bytes) -> bytes:
        pattern = _break_of(data)
        data = _halved(data) if _is_doubled(data) and pattern is None else data
        if pattern is None:
            return data
        lines = pattern.split(data)
        return b"\r".join(_halved(line) if _is_doubled(data) else line for line in lines)

    def put(self, message: bytes, original: bytes) -> bytes:
        pattern = _break_of(original)
        segments = message.split(b"\r")
        if _is_doubled(original):
            segments = [segment.replace(b"\\", b"\\\\") for segment in segments]
        match = pattern.search(original) if pattern is not None else None
        return (match.group() if match else b"\\r").join(segments)


class JsonTextReader(_Timed):
    """Strings that begin with `MSH`, under any key and at any depth, in JSON lines or in one document."""

    name = Framing.JSON_TEXT

    def sniff(self, head: bytes) -> bool:
        text = head.lstrip()
        return text[:1] in (b"{", b"[") and b'"MSH' in head and _JSON_STRING.search(head) is not None

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        batcher, found = Batcher(name, len(buffer), ctx), 0
        for at in occurrences(buffer, b'"MSH', ctx):
            end = _string_end(buffer, at + 1)
            if end > 0 and strict_header(self.cut(buffer[at + 1 : min(end, at + _HEADER_BYTES)])):
                found += end - at
                yield from batcher.add(at + 1, end)
        yield from batcher.rest()
        if found:
            yield _outside(name, len(buffer) - found)

    def cut(self, data: bytes) -> bytes:
        try:
            text = json.loads(b'"' + data + b'"', strict=False)
        except ValueError:  # cut in the middle of an escape, or damaged: what can be undone is undone
            return re.sub(rb"\\(.)", lambda match: _JSON_ESCAPES.get(match.group(1), match.group(1)), data)
        return str(text).encode("utf-8", "surrogatepass")

    def put(self, message: bytes, original: bytes) -> bytes:
        text = message.decode("utf-8", "surrogateescape")
        written = json.dumps(text, ensure_ascii=original.isascii())[1:-1]
        return written.encode("utf-8", "surrogateescape")


_JSON_ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t"}


def _headers(buffer: Buffer, ctx: JobContext) -> Iterator[int]:
    """Every header that can be believed wherever it stands in a line."""
    for at in occurrences(buffer, b"MSH", ctx):
        head = buffer[at : at + 12]
        match = strict_header(head) or strict_header(head.replace(b"\\\\", b"\\"))
        if match is not None and match.start() == 0:
            yield at


def _first_in_line(head: bytes) -> int | None:
    """The first header of a log: one with text before it on its line, or any when the lines begin with times."""
    match = strict_header(head)
    if match is None:
        return None
    at = match.start()
    if at and head[at - 1] not in _LINE_START:
        return at
    return at if _TIME_FIRST.search(head) is not None else None


def _is_one_line(head: bytes, at: int) -> bool:
    """True when the message at `at` has its segment breaks written out."""
    line = head[at : _line_end(head, at)]
    following = head[at + len(line) :].lstrip(b"\r\n")
    if re.match(_SEGMENT + re.escape(line[3:4]), following) and not following.startswith(b"MSH"):
        return False
    return _break_of(line) is not None


def _break_of(line: bytes) -> re.Pattern[bytes] | None:
    separator = re.escape(line[3:4])
    for written, pattern in zip(_BREAKS, _BREAK_PATTERNS, strict=True):
        if re.search(written + _SEGMENT + separator, line) is not None:
            return pattern
    return None


def _is_doubled(line: bytes) -> bool:
    """True when the encoding characters show that backslashes were written twice."""
    return b"\\\\" in line[4:10]


def _halved(line: bytes) -> bytes:
    return line.replace(b"\\\\", b"\\")


def _line_end(buffer: Buffer, start: int) -> int:
    """The first CR or LF from `start` on; looked for in small steps, because one of them may never come."""
    size, step = len(buffer), _STEP_BYTES
    while start < size:
        line = buffer[start : start + step]
        ends = [at for at in (line.find(b"\n"), line.find(b"\r")) if at >= 0]
        if ends:
            return start + min(ends)
        start += len(line)
        step = min(2 * step, WINDOW)
    return size


def _closed(buffer: Buffer, start: int, end: int) -> int:
    """The end without what closes the bracket or quote that was opened right before the message."""
    closer = _CLOSERS.get(buffer[max(0, start - 1) : start], b"") if start else b""
    at = buffer.rfind(closer, start, end) if closer else -1
    return at if at > start else end


def _last_segment_end(buffer: Buffer, start: int, separator: bytes) -> int:
    """After the last line that begins with a segment name and the message's own separator."""
    segment = re.compile(_SEGMENT + re.escape(separator))
    size, end = len(buffer), _line_end(buffer, start)
    while end < size:
        following = end + (2 if buffer[end : end + 2] == b"\r\n" else 1)
        begins = buffer[following : following + 4]
        if not segment.match(begins) or begins.startswith(b"MSH"):
            return following
        end = _line_end(buffer, following)
    return size


def _last_prefixed_end(buffer: Buffer, start: int, separator: bytes) -> int:
    """After the last line with a segment behind a prefix like that of the header's line; 0 when there is none."""
    before = buffer[max(0, start - _STEP_BYTES) : start]
    wanted = _masked(before[max(before.rfind(b"\r"), before.rfind(b"\n")) + 1 :])
    segment = re.compile(_SEGMENT + re.escape(separator))
    size, end, last = len(buffer), _line_end(buffer, start), 0
    while wanted and end < size:
        following = end + (2 if buffer[end : end + 2] == b"\r\n" else 1)
        line = buffer[following : following + _STEP_BYTES]
        length = _prefix_length(line, segment)
        if not length or line[length:].startswith(b"MSH") or _masked(line[:length]) != wanted:
            break
        end = _line_end(buffer, following)
        last = min(size, end + (2 if buffer[end : end + 2] == b"\r\n" else 1))
    return last


def _prefix_length(line: bytes, segment: re.Pattern[bytes]) -> int:
    """How many bytes stand before the first segment on a line; 0 when there is no segment or nothing before it."""
    found = segment.search(line[:_STEP_BYTES])
    return found.start() if found is not None else 0


def _masked(prefix: bytes) -> bytes:
    """A prefix without what changes from line to line."""
    return _DIGITS.sub(b"0", prefix)


def _string_end(buffer: Buffer, at: int) -> int:
    """The closing quote of the JSON string whose content begins at `at`; -1 when it is not closed on its line."""
    quote = at
    while True:
        quote = buffer.find(b'"', quote)
        if quote < 0:
            return -1
        back = quote
        while buffer[back - 1 : back] == b"\\":
            back -= 1
        if not (quote - back) % 2:
            return quote
        quote += 1


def _outside(name: str, count: int) -> Issue:
    return Issue(
        Severity.INFORMATION,
        IssueType.INFORMATIONAL,
        "CAP-0007",
        Location(file=name),
        "{file} was read as a log; {count} bytes of it belong to no message",
        {"file": name, "count": str(count)},
    )
