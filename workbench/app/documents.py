"""One message of a capture, read for people to look at: v2 or FHIR."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.fhir import json_tree
from workbench.fhir import xml_form as fhir_xml
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location, Span
from workbench.messages.capture import Capture, MessageFormat, Origin
from workbench.v2 import er7
from workbench.v2 import xml_form as v2_xml
from workbench.v2.charset import characters_of
from workbench.v2.er7 import Message

if TYPE_CHECKING:
    from workbench.app.batch import Task

Document = Message | FhirDocument


def read_document(raw: bytes, message_format: MessageFormat, encoding: str = "") -> Document:
    """Parse one message in its own format; what came as XML is the ER7 or JSON it stands for.

    encoding  a codec that overrules what an ER7 message says of itself
    raises    Refused V2-0001, V2-0004, V2-0005, FHIR-0001 and others: it is not what its format says
    """
    match message_format:
        case MessageFormat.ER7:
            return er7.parse(raw, encoding or None)
        case MessageFormat.V2_XML:
            return v2_xml.read_xml(raw)
        case MessageFormat.FHIR_XML:
            return fhir_xml.read_xml(raw)
        case MessageFormat.FHIR_JSON:
            return json_tree.parse(raw)


def read_task(task: Task) -> Document:
    """The message of a task, read; raises as `read_document` does, and what cutting it out has raised."""
    if task.refusal is not None:
        raise task.refusal
    return read_document(task.raw, task.format, task.encoding)


def document_at(capture: Capture, number: int) -> Document:
    """The message of that number, read; raises as `read_document` does."""
    return read_document(capture.raw(number), capture.format_of(number), capture.encoding_of(number))


def origin_at(capture: Capture, number: int) -> Origin:
    """Where a message came from, with the encoding it is read in."""
    origin = capture.origin(number)
    if origin.encoding:
        return origin
    if capture.format_of(number) is MessageFormat.ER7:
        return replace(origin, encoding=characters_of(capture.raw(number)).encoding)
    return replace(origin, encoding="utf-8")


def unreadable(refusal: Refused, raw: bytes) -> Issue:
    """A refusal to read one message, as the finding it is for the capture that holds it."""
    return Issue(
        Severity.FATAL,
        IssueType.INVALID,
        refusal.code,
        Location(span=Span(0, len(raw))),
        "{sentence}",
        {"sentence": refusal.text},
    )
