"""XML: message exports of Mirth Connect, and HL7 v2 written as XML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location, Span
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer, occurrences
from workbench.messages.formats import Framing, MessageFormat
from workbench.messages.readers.fhir import FhirXmlReader, JsonReader
from workbench.messages.reading import AsItStands, Batcher, Found, not_read

_MIRTH_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<list>\s*)?<message(?:\s[^>]*)?>")
_CONNECTOR, _CONNECTOR_END = b"<connectorMessage", b"</connectorMessage>"
_METADATA_ID = re.compile(rb"<metaDataId>\s*(\d+)\s*</metaDataId>")
_RAW = re.compile(rb"<raw(?:\s[^>]*)?>")
_CONTENT = re.compile(rb"<content(?:\s[^>]*)?(?P<empty>/)?>")
_ENCRYPTED = re.compile(rb"<encrypted>\s*true\s*</encrypted>")
_HEAD_BYTES = 4096
_CDATA = re.compile(rb"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_REFERENCE = re.compile(rb"&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|(\w{1,8}));")
_NAMED = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
_V2_NAMESPACE = b"urn:hl7-org:v2xml"
_V2_MESSAGE = re.compile(rb"<((?:[\w.-]+:)?[A-Za-z][\w.-]*)(?:\s[^<>]*)?>\s*(?:<!--.*?-->\s*)*\Z", re.DOTALL)
_V2_MSH = re.compile(rb"<(?:[\w.-]+:)?MSH(?:\s[^<>]*)?>")
_PROLOGUE = re.compile(rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*\Z", re.DOTALL)


class MirthReader(AsItStands):
    """The raw content of each message's source connector, whatever else the export holds of it.

    `encoded`, `transformed` and `sent` are the same message again, and `response` holds an acknowledgement of
    the engine's own; none of them is listed.
    """

    name = Framing.MIRTH

    def sniff(self, head: bytes) -> bool:
        return _MIRTH_ROOT.match(head) is not None

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        batcher = Batcher(name, len(buffer), ctx)
        encrypted, foreign = [], []
        for at in occurrences(buffer, _CONNECTOR, ctx):
            if buffer[at + len(_CONNECTOR) : at + len(_CONNECTOR) + 1] not in (b">", b" "):
                continue
            content = _source_content(buffer, at)
            if content is None:
                continue
            start, end, is_encrypted = content
            if is_encrypted:
                encrypted.append(start)
            elif (kind := _format(self.cut(buffer[start : min(end, start + _HEAD_BYTES)]))) is None:
                foreign.append(start)
            else:
                yield from batcher.add(start, end, kind)
                if end == len(buffer):
                    yield _cut_off(name, start, end)
        yield from batcher.rest()
        if encrypted:
            yield not_read(
                name,
                "CAP-0008",
                f"holds {len(encrypted)} messages that the engine encrypted",
                Span(encrypted[0], encrypted[-1]),
            )
        if foreign:
            yield not_read(
                name,
                "CAP-0009",
                f"holds {len(foreign)} messages that are neither HL7 v2 nor FHIR",
                Span(foreign[0], foreign[-1]),
                Severity.WARNING,
            )

    def cut(self, data: bytes) -> bytes:
        """Entities and character references replaced, CDATA taken as it is."""
        if b"&" not in data and b"<![" not in data:
            return data
        pieces = _CDATA.split(data)  # every second one was CDATA
        return b"".join(piece if place % 2 else _REFERENCE.sub(_meaning, piece) for place, piece in enumerate(pieces))

    def put(self, message: bytes, original: bytes) -> bytes:
        text = escape(message.decode("latin-1"), {"\r": "&#xd;"})
        return text.encode("latin-1")


def _source_content(buffer: Buffer, at: int) -> tuple[int, int, bool] | None:
    """Where the source connector's raw content begins and ends, and whether it is encrypted."""
    head = buffer[at : at + _HEAD_BYTES]
    identity, raw = _METADATA_ID.search(head), _RAW.search(head)
    if raw is None or identity is None or int(identity.group(1)) or identity.start() > raw.start():
        return None
    content = _CONTENT.search(head, raw.end())
    if content is None or content.group("empty"):
        return None
    start = at + content.end()
    end = buffer.find(b"</content>", start)
    is_encrypted = _ENCRYPTED.search(head, raw.end(), content.start()) is not None
    return start, len(buffer) if end < 0 else end, is_encrypted


def _format(head: bytes) -> MessageFormat | None:
    if head.startswith((b"MSH", b"\x0bMSH")):
        return MessageFormat.ER7
    if JsonReader().sniff(head):
        return MessageFormat.FHIR_JSON
    if FhirXmlReader().sniff(head):
        return MessageFormat.FHIR_XML
    return MessageFormat.V2_XML if V2XmlReader().sniff(head) else None


def _meaning(match: re.Match[bytes]) -> bytes:
    decimal, hexadecimal, name = match.groups()
    if name is not None:
        return _NAMED.get(name, match.group())
    number = int(decimal) if decimal else int(hexadecimal, 16)
    if number < 128:
        return bytes((number,))
    return html.unescape(f"&#{number};").encode("utf-8", "replace")


def _cut_off(name: str, start: int, end: int) -> Issue:
    return Issue(
        Severity.WARNING,
        IssueType.INCOMPLETE,
        "CAP-0004",
        Location(file=name, span=Span(start, end)),
        "the file ends inside the message that begins at byte {start}",
        {"start": str(start)},
    )


class V2XmlReader(AsItStands):
    """Messages as XML (HL7 v2 XML encoding), one document or many, inside another element or not."""

    name = Framing.V2_XML

    def sniff(self, head: bytes) -> bool:
        return (
            head.lstrip()[:1] == b"<"
            and (_V2_NAMESPACE in head or b"MSH.1>" in head)
            and _V2_MSH.search(head) is not None
        )

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        batcher, passed = Batcher(name, len(buffer), ctx), 0
        for at in occurrences(buffer, b"MSH", ctx):
            opening = buffer.rfind(b"<", max(passed, at - 64), at)
            if opening < 0 or _V2_MSH.match(buffer[opening : opening + 256]) is None:
                continue
            before = buffer[max(passed, opening - _HEAD_BYTES) : opening]
            parent = _V2_MESSAGE.search(before)
            if parent is None:
                continue
            start = opening - len(before) + parent.start()
            closing = b"</" + parent.group(1) + b">"
            end = buffer.find(closing, opening)
            if not passed and _PROLOGUE.match(buffer[:start][:_HEAD_BYTES]):
                start = 0
            passed = len(buffer) if end < 0 else end + len(closing)
            yield from batcher.add(start, passed, MessageFormat.V2_XML)
            if end < 0:
                yield _cut_off(name, start, passed)
        yield from batcher.rest()


class OtherXmlReader(AsItStands):
    """XML that holds no message: recognised so that it is not misread."""

    name = "XML"

    def sniff(self, head: bytes) -> bool:
        return re.match(rb"\s*<[?!A-Za-z]", head) is not None

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        yield not_read(name, "CAP-0006", "is XML, but neither HL7 v2 nor FHIR nor a message export")
