"""The list of messages: what each one is, by whom and about whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench.app.documents import read_document
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, MessageFormat
from workbench.v2.er7 import Message
from workbench.v2.header import read_header
from workbench.v2.query import compile_query

_HEAD_BYTES = 4096


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
    """The line of one message, from its first bytes alone (v2) or its top elements (FHIR)."""
    file, index, kind = capture.file_of(number), capture.number_in_file(number), capture.format_of(number)
    if kind is MessageFormat.FHIR_JSON:
        return _fhir_row(capture, number, file, index)
    header = read_header(capture.head(number, _HEAD_BYTES))
    return MessageRow(
        number=number,
        file=file,
        index=index,
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

    raises  Refused QRY-0001: the question is not understood
    """
    wanted = selector(where)
    for number in range(len(capture)):
        ctx.advance(number + 1, len(capture))
        if wanted(capture, number):
            yield row_at(capture, number)


def selector(where: str) -> Callable[[Capture, int], bool]:
    """A test by capture and number for a question of `v2.query`; FHIR messages answer no v2 question.

    raises  Refused QRY-0001: the question is not understood
    """
    if not where.strip():
        return lambda capture, number: True
    query = compile_query(where)

    def holds(capture: Capture, number: int) -> bool:
        if capture.format_of(number) is not MessageFormat.ER7:
            return False
        document = read_document(capture.raw(number), MessageFormat.ER7)
        return isinstance(document, Message) and query(document)

    return holds


def _fhir_row(capture: Capture, number: int, file: str, index: int) -> MessageRow:
    resource: dict[str, object] = {}
    try:
        document = read_document(capture.raw(number), MessageFormat.FHIR_JSON)
        if isinstance(document, FhirDocument):
            resource = document.value
    except Refused:
        pass  # the list shows an empty line; opening or validating the message says what is wrong
    subject = _subject(resource)
    return MessageRow(
        number=number,
        file=file,
        index=index,
        format=MessageFormat.FHIR_JSON,
        time=_text(resource.get("timestamp")) or _text(_mapping(resource.get("meta")).get("lastUpdated")),
        type=_text(resource.get("resourceType")),
        control_id=_text(resource.get("id")),
        patient_id=_text(_first(subject.get("identifier")).get("value")) or _text(subject.get("id")),
        patient=_name(_first(subject.get("name"))),
        version="4.0.1",
        sender=_text(_mapping(resource.get("meta")).get("source")),
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
