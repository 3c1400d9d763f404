"""FHIR as JSON, NDJSON and XML.

A Bundle is one message: its entries refer to one another, and `message`, `document` and `transaction` are units
by definition (R4 bundle.html#2.36.5). Only a Bundle whose entries are themselves Bundles is a stream of messages;
so is a JSON array of resources. `JSON_ENTRIES` splits any Bundle when the user asks for it.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator

import msgspec

from workbench.kernel.issues import Issue
from workbench.kernel.location import Span
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import WINDOW, Buffer, find_between, occurrences
from workbench.messages.formats import Framing, MessageFormat
from workbench.messages.framing import BOM
from workbench.messages.reading import AsItStands, Batcher, Found, not_read

_RESOURCE = b'"resourceType"'
_BUNDLES_INSIDE = re.compile(
    rb'"entry"\s*:\s*\[\s*\{[^{]{0,4096}"resource"\s*:\s*\{\s*"resourceType"\s*:\s*"Bundle"', re.DOTALL
)
_ENTRIES = re.compile(rb'"entry"\s*:\s*\[')
_ENTRY_RESOURCE = re.compile(rb'"resource"\s*:\s*(?=\{)')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_LOOK_BYTES = 256
_FIRST_LINES = 20
_SYNTAX = msgspec.json.Decoder(msgspec.Raw)
"""Reads JSON and makes nothing of it."""
_BLANK = re.compile(rb"(?:\xef\xbb\xbf)?\s*")
_FHIR_ROOT = re.compile(
    rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:\w+:)?[A-Z]\w*[^>]*http://hl7\.org/fhir[\"']", re.DOTALL
)
_NEXT_ROOT = re.compile(
    rb"</(?:\w+:)?[A-Z]\w*>()\s*((?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*"
    rb"<(?:\w+:)?[A-Z]\w*\s[^<>]*?[\"']http://hl7\.org/fhir[\"'])",
    re.DOTALL,
)
_LONGEST_BETWEEN = 1 << 16


class JsonReader(AsItStands):
    """One resource a file, or several written one after the other.

    A `{` that begins a line after a `}` begins another document: inside one a comma would stand between them.
    """

    name = Framing.JSON

    def sniff(self, head: bytes) -> bool:
        return head.lstrip()[:1] == b"{" and _RESOURCE in head

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        batcher, start = Batcher(name, len(buffer), ctx), 0
        for at in occurrences(buffer, b"\n{", ctx):
            if buffer[max(0, at - _LOOK_BYTES) : at].rstrip().endswith(b"}"):
                yield from batcher.add(start, at + 1, MessageFormat.FHIR_JSON)
                start = at + 1
        if start < len(buffer):
            yield from batcher.add(start, len(buffer), MessageFormat.FHIR_JSON)
        yield from batcher.rest()


class NdjsonReader(AsItStands):
    """One resource a line. A line that is none is told with its bytes; the others are there."""

    name = Framing.NDJSON

    def sniff(self, head: bytes) -> bool:
        """More than one line, and half of the first ones at least are whole resources by themselves.

        Where the first one is whole, the others need only begin as it does: they may be broken.
        """
        text = head.lstrip()
        lines = [line for line in text.split(b"\n")[:_FIRST_LINES] if line.strip()]
        if len(lines) < 2 or not text.startswith(b"{"):
            return False
        if _is_resource(lines[0]):
            alike = sum(line[:1] == b"{" and len(line.rstrip()) > 1 for line in lines)
        else:
            alike = sum(_is_resource(line) for line in lines)
        return alike > 0 and 2 * alike >= len(lines)

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        batcher = Batcher(name, len(buffer), ctx)
        at = len(BOM) if buffer[:3] == BOM else 0
        size = len(buffer)
        while at < size:
            end = find_between(buffer, b"\n", at, size)
            end = size if end < 0 else end
            line_end = end - 1 if buffer[end - 1 : end] == b"\r" else end
            line = buffer[at:line_end]
            if line.strip():
                damage = _damage_of(name, line, at)
                if damage is None:
                    yield from batcher.add(at, line_end, MessageFormat.FHIR_JSON)
                else:
                    yield damage
            at = end + 1
        yield from batcher.rest()


def _is_resource(line: bytes) -> bool:
    try:
        return _RESOURCE in line and isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _damage_of(name: str, line: bytes, at: int) -> Issue | None:
    """Why a line is no resource; None when it is one, or looks like it."""
    try:
        _SYNTAX.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return not_read(name, "CAP-0025", "holds a line that is no JSON; it is passed over", Span(at, at + len(line)))
    if _RESOURCE not in line:
        what = "holds a line that is no FHIR resource; it is passed over"
        return not_read(name, "CAP-0026", what, Span(at, at + len(line)))
    return None


class EntriesReader(AsItStands):
    """The elements of a JSON array, or the entries of a Bundle, each a message."""

    name = Framing.JSON_ENTRIES

    def sniff(self, head: bytes) -> bool:
        text = head.lstrip()
        if text[:1] == b"[":
            return text[1:].lstrip()[:1] == b"{" and _RESOURCE in head
        return text[:1] == b"{" and _RESOURCE in head and _BUNDLES_INSIDE.search(head) is not None

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        batcher = Batcher(name, len(buffer), ctx)
        data = buffer if isinstance(buffer, bytes | mmap.mmap) else buffer[:]
        for start, end in _elements(data, ctx):
            yield from batcher.add(start, end, MessageFormat.FHIR_JSON)
        yield from batcher.rest()


def _elements(data: bytes | mmap.mmap, ctx: JobContext) -> Iterator[tuple[int, int]]:
    """The objects of the outermost array, or the `resource` of each object of the Bundle's `entry`."""
    blank = _BLANK.match(data)
    text_start = blank.end() if blank else 0
    in_bundle = data[text_start : text_start + 1] == b"{"
    at = text_start + 1
    if in_bundle:
        entries = _ENTRIES.search(data, text_start)
        if entries is None:
            return
        at = entries.end()
    depth = start = 0
    for count, token in enumerate(_TOKEN.finditer(data, at)):
        if not count % 65536:
            ctx.check()
        kind = token.group()[:1]
        if kind in b"{[":
            start = token.start() if not depth else start
            depth += 1
        elif kind in b"}]":
            depth -= 1
            if depth < 0:
                return
            if not depth:
                yield _resource_of(data, start, token.end()) if in_bundle else (start, token.end())
    if depth:  # cut off: what is there counts
        yield start, len(data)


def _resource_of(data: bytes | mmap.mmap, start: int, end: int) -> tuple[int, int]:
    """The resource of one Bundle entry; the entry itself where it has none."""
    depth = 0
    for token in _TOKEN.finditer(data, start, end):
        kind = token.group()[:1]
        if kind in b"{[":
            depth += 1
        elif kind in b"}]":
            depth -= 1
        elif depth == 1 and (match := _ENTRY_RESOURCE.match(data, token.start(), end)):
            return match.end(), _object_end(data, match.end(), end)
    return start, end


def _object_end(data: bytes | mmap.mmap, start: int, end: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(data, start, end):
        kind = token.group()[:1]
        depth += (kind in b"{[") - (kind in b"}]")
        if not depth and kind == b"}":
            return token.end()
    return end


class FhirXmlReader(AsItStands):
    """One resource a file, or several written one after the other."""

    name = Framing.FHIR_XML

    def sniff(self, head: bytes) -> bool:
        return _FHIR_ROOT.match(head) is not None

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        batcher, start = Batcher(name, len(buffer), ctx), 0
        for end, following in _further_roots(buffer, ctx):
            yield from batcher.add(start, end, MessageFormat.FHIR_XML)
            start = following
        if start < len(buffer):
            yield from batcher.add(start, len(buffer), MessageFormat.FHIR_XML)
        yield from batcher.rest()


def _further_roots(buffer: Buffer, ctx: JobContext) -> Iterator[tuple[int, int]]:
    """Where a resource ends that another one follows, and where that begins.

    Inside a resource another one stands in `contained`, `resource` or `outcome`, never right after an end.
    """
    for at in range(0, len(buffer), WINDOW):
        ctx.check()
        for match in _NEXT_ROOT.finditer(buffer[at : at + WINDOW + _LONGEST_BETWEEN]):
            if match.start() < WINDOW:
                yield at + match.start(1), at + match.start(2)


class OtherJsonReader(AsItStands):
    """JSON that is no FHIR and holds no message: recognised so that it is not misread."""

    name = "JSON"

    def sniff(self, head: bytes) -> bool:
        text = head.lstrip()
        if text[:1] not in (b"{", b"["):
            return False
        return text[1:].lstrip()[:1] in (b'"', b"{", b"[", b"}", b"]")

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        yield not_read(name, "CAP-0006", "is JSON, but holds no FHIR resource (no resourceType) and no HL7 v2 message")
