"""Work over a whole capture, a piece at a time: each piece goes to a worker process and comes back as one result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from workbench.app.batch import HEAVY_BYTES, in_batches
from workbench.app.documents import Document, read_document
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.messages.sections import Section

PIECE_MESSAGES = 500
PIECE_BYTES = 4 << 20
PATIENCE_S = 1.0
_SMALL_BYTES = 16 << 20
"""A capture up to this size is cut finer, so that it can be stopped where it is done without other processes."""

Result = TypeVar("Result")


class ReadMessage(NamedTuple):
    """One message of a piece: its number in the capture, its bytes, and the document or why there is none."""

    number: int
    raw: bytes
    document: Document | Refused


def in_pieces(
    work: Callable[[Section], Result], capture: Capture, ctx: JobContext, workers: int | None, label: str
) -> Iterator[tuple[Section, Result]]:
    """Each piece of the capture with what the work made of it, in order. `work` is found by name in other processes.

    raises  Cancelled; Unavailable APP-0002; whatever `work` raises
    """
    size = HEAVY_BYTES if capture.size() <= _SMALL_BYTES else PIECE_BYTES
    pieces = list(capture.pieces(PIECE_MESSAGES, size))
    results = in_batches(partial(_each, work), pieces, len(pieces), ctx, workers, label, 1, PATIENCE_S, _bytes_of)
    yield from zip(pieces, results, strict=True)


def read_messages(piece: Section) -> Iterator[ReadMessage]:
    """The messages of a piece, read."""
    encoding = "utf-8" if piece.part.encoding else piece.encoding
    for place in range(len(piece)):
        raw = piece.raw(place)
        document: Document | Refused
        try:
            document = read_document(raw, piece.format, encoding)
        except Refused as refusal:
            document = refusal
        yield ReadMessage(piece.first + place, raw, document)


def _bytes_of(piece: Section) -> int:
    """Of a message that is a piece by itself."""
    return piece.size if len(piece) == 1 else 0


def _each(work: Callable[[Section], Result], pieces: Sequence[Section]) -> list[Result]:
    return [work(piece) for piece in pieces]
