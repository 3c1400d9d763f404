"""The acknowledgement that an engine should send for each message, by what validation finds in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from workbench.app.documents import Document, document_at
from workbench.app.operations.validation import STANDARDS, Against, validate_document
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.v2.ack import AckCode, ack_code, acknowledge
from workbench.v2.er7 import Message


class Answer(NamedTuple):
    """The acknowledgement of one message; `number` is its place in the capture."""

    number: int
    code: AckCode
    raw: bytes


def answer_to(message: Message, control_id: str, at: datetime, against: Against = STANDARDS) -> tuple[AckCode, bytes]:
    """AA, AE or AR for a message, and the ACK with an ERR segment for each error (at most twenty)."""
    issues: tuple[Issue, ...] = validate_document(message, against)
    code = ack_code(issues)
    return code, acknowledge(message, code, control_id, at, issues)


def acknowledge_capture(
    capture: Capture, at: datetime, ctx: JobContext, against: Against = STANDARDS
) -> Iterator[Answer]:
    """An answer for every v2 message that asks for one; acknowledgements are not answered.

    at      time of the answers, aware
    raises  Cancelled; Refused: the profile cannot be used
    """
    total = len(capture)
    for number in range(total):
        document = _document(capture, number)
        ctx.advance(number + 1, total, "answering")
        if not isinstance(document, Message) or document.message_code == "ACK" or document.first("MSA") is not None:
            continue
        code, raw = answer_to(document, f"ACK{number + 1}", at, against)
        yield Answer(number, code, raw)


def _document(capture: Capture, number: int) -> Document | None:
    """The message, None when it cannot be read: nobody could tell whom to answer."""
    try:
        return document_at(capture, number)
    except Refused:
        return None
