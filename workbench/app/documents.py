"""One message of a capture, read for people to look at: v2 or FHIR."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location, Span
from workbench.mapping.received import Document, document_at, read_document
from workbench.messages.capture import Capture, MessageFormat, Origin
from workbench.v2.charset import characters_of

if TYPE_CHECKING:
    from workbench.app.batch import Task

__all__ = ["Document", "document_at", "origin_at", "read_document", "read_task", "unreadable"]


def read_task(task: Task) -> Document:
    """The message of a task, read; raises as `read_document` does, and what cutting it out has raised."""
    if task.refusal is not None:
        raise task.refusal
    return read_document(task.raw, task.format, task.encoding)


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
