"""One message of a capture, read for people to look at: v2 or FHIR."""

from __future__ import annotations

from workbench.fhir import json_tree
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location, Span
from workbench.messages.capture import Capture, MessageFormat
from workbench.v2 import er7
from workbench.v2.er7 import Message

Document = Message | FhirDocument


def read_document(raw: bytes, message_format: MessageFormat) -> Document:
    """Parse one message in its own format.

    raises  Refused V2-0001, FHIR-0001: it is not what its format says
    """
    return er7.parse(raw) if message_format is MessageFormat.ER7 else json_tree.parse(raw)


def document_at(capture: Capture, number: int) -> Document:
    """The message of that number, read; raises as `read_document` does."""
    return read_document(capture.raw(number), capture.format_of(number))


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
