"""Acknowledgements: the one an engine should send for each message, and those that a capture holds already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from workbench.app.documents import Document, document_at
from workbench.app.operations.validation import STANDARDS, Against, validate_document
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, MessageFormat
from workbench.v2.ack import AckCode, ack_code, acknowledge, answered_control_id
from workbench.v2.er7 import Message

if TYPE_CHECKING:  # who only answers need not wait for pyarrow
    from workbench.app.operations.index import MessageIndex

_MSA = (b"\rMSA", b"\nMSA")
_PIECE_MESSAGES, _PIECE_BYTES = 8192, 8 << 20


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


class Given(NamedTuple):
    """An acknowledgement in a capture: its place there, MSA-1 as it is written, and whom it answers (MSA-2)."""

    number: int
    code: str
    control_id: str


def given_answers(capture: Capture, ctx: JobContext) -> Iterator[Given]:
    """The v2 messages with an MSA segment, found by their bytes before any is parsed; raises Cancelled."""
    for piece in capture.pieces(_PIECE_MESSAGES, _PIECE_BYTES):
        ctx.advance(piece.first + len(piece), len(capture), "looking for acknowledgements")
        if piece.format is MessageFormat.ER7 and not piece.part.encoding:
            places: Iterator[int] | range = iter(sorted(piece.places_holding(_MSA)))
        else:
            places = range(len(piece)) if piece.format in (MessageFormat.ER7, MessageFormat.V2_XML) else range(0)
        for place in places:
            document = _document(capture, piece.first + place)
            msa = document.first("MSA") if isinstance(document, Message) else None
            if msa is not None:
                yield Given(piece.first + place, msa.value(1), answered_control_id(msa))


def paired_answers(capture: Capture, index: MessageIndex, ctx: JobContext) -> Mapping[int, tuple[Given, ...]]:
    """Which acknowledgements of the capture answer which message, by MSA-2 and MSH-10.

    Where a control id comes again (a message that was sent twice) the first answer goes with the first message and so
    on; what is left over goes with the last one.

    raises  Cancelled
    """
    by_id: dict[str, list[Given]] = defaultdict(list)
    for given in given_answers(capture, ctx):
        if given.control_id:
            by_id[given.control_id].append(given)
    asked = _numbers_by_id(index, list(by_id)) if by_id else {}
    paired: dict[int, tuple[Given, ...]] = {}
    for control_id, answers in by_id.items():
        own = {given.number for given in answers}
        numbers = [number for number in asked.get(control_id, ()) if number not in own]
        for place, number in enumerate(numbers[: len(answers)]):
            is_last = place == len(numbers) - 1
            paired[number] = tuple(answers[place:] if is_last else answers[place : place + 1])
    return paired


def _numbers_by_id(index: MessageIndex, control_ids: list[str]) -> Mapping[str, list[int]]:
    """The messages with one of these control ids."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = index.column("control_id")
    mask = pc.is_in(column, value_set=pa.array(control_ids, pa.string()))
    found: dict[str, list[int]] = defaultdict(list)
    for number, control_id in zip(mask.to_numpy().nonzero()[0].tolist(), column.filter(mask).to_pylist(), strict=True):
        found[control_id].append(number)
    return found


def _document(capture: Capture, number: int) -> Document | None:
    """The message, None when it cannot be read: nobody could tell whom to answer."""
    try:
        return document_at(capture, number)
    except Refused:
        return None
