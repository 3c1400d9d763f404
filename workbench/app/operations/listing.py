"""The list of messages: what each one is, by whom and about whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench.app.documents import read_document
from workbench.app.operations.search import compile_question, holds_for, search
from workbench.fhir import json_tree
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, MessageFormat
from workbench.v2.header import EMPTY, Header, read_header
from workbench.v2.xml_form import to_er7

HEAD_BYTES = 4096
GIANT_BYTES = 8 << 20
"""FHIR documents above this size are not decoded for one line of a list; their first bytes must do."""
_TOP_TEXT = r'"%s"\s*:\s*"([^"\\]{0,200})"'
_TOP_TEXTS = {name: re.compile((_TOP_TEXT % name).encode()) for name in ("resourceType", "id", "timestamp")}


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One line of the list. Texts are as the message has them, "" where it says nothing.

    number  0-based in the capture; index: 0-based in its file
    type    `ADT^A01`, or the FHIR resource type
    """

    number: int
    file: str
    index: int
    format: str
    time: str
    type: str
    control_id: str
    patient_id: str
    patient: str
    version: str
    sender: str


def row_at(capture: Capture, number: int) -> MessageRow:
    """The line of one message, from its first bytes alone (ER7) or its top elements (all else)."""
    kind = capture.format_of(number)
    if kind is MessageFormat.ER7:
        header = read_header(readable(capture.head(number, HEAD_BYTES), capture.encoding_of(number)))
    elif capture.extent(number) > GIANT_BYTES:
        header = giant_summary(capture.head(number, HEAD_BYTES))
    else:
        header = summary(capture.raw(number), kind, capture.encoding_of(number))
    return MessageRow(
        number=number,
        file=capture.file_of(number),
        index=capture.number_in_file(number),
        format=kind,
        time=header.time,
        type=header.message_type,
        control_id=header.control_id,
        patient_id=header.patient_id,
        patient=header.patient_name,
        version=header.version,
        sender=header.sending_application,
    )


def rows(capture: Capture, where: str, ctx: JobContext) -> Iterator[MessageRow]:
    """The lines of the messages for which the question holds; all when it is empty.

    raises  Refused QRY-0001: the question is not understood; Cancelled
    """
    if where.strip():
        for found in search(capture, where, ctx):
            for number in found.numbers:
                yield row_at(capture, number)
        return
    for number in range(len(capture)):
        ctx.advance(number + 1, len(capture))
        yield row_at(capture, number)


def selector(where: str) -> Callable[[Capture, int], bool]:
    """A test by capture and number for one question; `search` is the way to ask a whole capture.

    raises  Refused QRY-0001: the question is not understood
    """
    if not where.strip():
        return lambda capture, number: True
    query = compile_question(where)
    return lambda capture, number: holds_for(
        query, capture.raw(number), capture.format_of(number), capture.encoding_of(number)
    )


def readable(head: bytes, encoding: str) -> bytes:
    """The first bytes of a message in UTF-8 when the user has said what they are in; else as they stand."""
    return head.decode(encoding, "replace").encode("utf-8") if encoding not in ("", "utf-8") else head


def summary(raw: bytes, kind: MessageFormat, encoding: str = "") -> Header:
    """What the list shows of a message; `EMPTY` for one that cannot be read, which opening it explains."""
    try:
        match kind:
            case MessageFormat.ER7:
                return read_header(readable(raw, encoding))
            case MessageFormat.V2_XML:
                return read_header(to_er7(raw))
            case MessageFormat.FHIR_JSON:
                return _fhir(json_tree.parse(raw))
            case MessageFormat.FHIR_XML:
                document = read_document(raw, kind, encoding)
                return _fhir(document) if isinstance(document, FhirDocument) else EMPTY
    except Refused:
        return EMPTY


def _fhir(document: FhirDocument) -> Header:
    resource = document.value
    subject = _subject(resource)
    meta = _mapping(resource.get("meta"))
    return EMPTY._replace(
        time=_text(resource.get("timestamp")) or _text(meta.get("lastUpdated")),
        message_code=document.resource_type,
        control_id=_text(resource.get("id")),
        version="4.0.1",
        sending_application=_text(meta.get("source")),
        patient_id=_text(_first(subject.get("identifier")).get("value")) or _text(subject.get("id")),
        patient_name=_name(_first(subject.get("name"))),
        birth_date=_text(subject.get("birthDate")),
    )


def giant_summary(head: bytes) -> Header:
    """What the first bytes of a large FHIR document say of it."""
    found = {name: pattern.search(head) for name, pattern in _TOP_TEXTS.items()}
    texts = {name: match.group(1).decode("utf-8", "replace") if match else "" for name, match in found.items()}
    return EMPTY._replace(
        time=texts["timestamp"], message_code=texts["resourceType"], control_id=texts["id"], version="4.0.1"
    )


def _subject(resource: dict[str, object]) -> dict[str, object]:
    """The Patient a resource is, or the first one in a Bundle."""
    if resource.get("resourceType") != "Bundle":
        return resource if resource.get("resourceType") == "Patient" else {}
    entries = resource.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        inner = _mapping(_mapping(entry).get("resource"))
        if inner.get("resourceType") == "Patient":
            return inner
    return {}


def _name(name: dict[str, object]) -> str:
    given = name.get("given")
    first = _text(given[0]) if isinstance(given, list) and given else ""
    return ", ".join(filter(None, (_text(name.get("family")), first)))


def _first(value: object) -> dict[str, object]:
    return _mapping(value[0]) if isinstance(value, list) and value else {}


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
