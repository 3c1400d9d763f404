"""Questions put to a whole capture: from the index where it knows, from the bytes where it does not.

The same question runs in the window and on the command line. Most messages are ruled out by a few bytes; what is
left is answered in worker processes, in order, with partial results while it goes on.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from workbench.app.batch import in_batches
from workbench.app.documents import read_document
from workbench.fhir.json_tree import FhirDocument
from workbench.fhir.path import FhirPath
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, MessageFormat
from workbench.messages.reading import AsItStands
from workbench.messages.sections import Section
from workbench.v2.er7 import Message
from workbench.v2.prefilter import DISGUISES, USUAL_HEAD, Prefilter
from workbench.v2.query import Query, compile_query

if TYPE_CHECKING:
    from workbench.app.operations.header_answers import Known
    from workbench.app.operations.index import MessageIndex

PIECE_MESSAGES = 2048
PIECE_BYTES = 4 << 20
PATIENCE_S = 2.0
"""Worker processes take a second to start; a shorter search is done without them."""
_FHIR_PATH = re.compile(r"[A-Z][A-Za-z]*[a-z][A-Za-z]*(?:\.[a-z]\S*)?", re.ASCII)


class Found(NamedTuple):
    """A part of the answer.

    numbers  of the messages for which the question holds, ascending; every part goes on where the last ended
    done     messages judged so far, of `total`
    """

    numbers: array[int]
    done: int
    total: int


class _Task(NamedTuple):
    """A piece of the capture and the places in it that are still open; None for all of them."""

    piece: Section
    places: array[int] | None
    certain: array[int]
    """Places for which the index has said yes."""


def compile_question(text: str) -> Query:
    """A question about v2 messages, FHIR documents or both.

    raises  Refused QRY-0001: not understood
    """
    return compile_query(text, _other_path)


def search(
    capture: Capture,
    question: str,
    ctx: JobContext,
    index: MessageIndex | None = None,
    workers: int | None = None,
) -> Iterator[Found]:
    """Every message for which the question holds, in order, a piece of the capture at a time.

    index    of the same capture; answers what it can without reading messages
    workers  see `in_batches`
    raises   Refused QRY-0001: the question is not understood; Cancelled
    """
    query = compile_question(question)
    total = len(capture)
    known = _from_index(query, index) if index is not None and len(index) == total else None
    if known is not None and known.is_complete:
        ctx.advance(total, total, "searching")
        yield Found(known.numbers(), total, total)
        return
    pieces = list(capture.pieces(PIECE_MESSAGES, PIECE_BYTES))
    tasks = (_task(piece, known) for piece in pieces)
    done = 0
    work = partial(_answer, question)
    for piece, numbers in zip(
        pieces,
        in_batches(work, tasks, len(pieces), ctx, workers, "searching", 1, PATIENCE_S, _bytes_of),
        strict=True,
    ):
        done += len(piece)
        yield Found(numbers, done, total)


def count_matching(capture: Capture, question: str, ctx: JobContext, index: MessageIndex | None = None) -> int:
    """For how many messages the question holds; raises as `search`."""
    return sum(len(found.numbers) for found in search(capture, question, ctx, index))


def holds_for(query: Query, raw: bytes, kind: MessageFormat, encoding: str = "") -> bool:
    """True when the question holds for one message; a message that cannot be read answers none."""
    try:
        if kind is MessageFormat.ER7:
            return query.raw(raw, encoding)
        document = read_document(raw, kind, encoding)
    except Refused:
        return False
    return query(document) if isinstance(document, Message) else query.holds(FhirAnswers(document))


class FhirAnswers:
    """A FHIR document, asked by element path (`Patient.identifier.value`)."""

    __slots__ = ("_document",)

    def __init__(self, document: FhirDocument) -> None:
        self._document = document

    @property
    def text(self) -> str:
        return self._document.raw.decode("utf-8", "replace")

    def values(self, path: object) -> Sequence[str]:
        """Primitive values as they are written in JSON, without quotation marks."""
        return [
            ("true" if value else "false") if isinstance(value, bool) else str(value)
            for value in self._at(path)
            if not isinstance(value, dict | list)
        ]

    def count(self, path: object) -> int:
        return len(self._at(path))

    def _at(self, path: object) -> list[object]:
        """What stands at the path in the document, or in the resources of a Bundle that are of the path's type."""
        if not isinstance(path, FhirPath):
            return []
        first = path.steps[0].name
        if first == self._document.resource_type or first[:1].islower():
            return path.values(self._document.value)
        return [value for resource in self._entries(first) for value in path.values(resource)]

    def _entries(self, resource_type: str) -> Iterator[dict[str, object]]:
        entries = self._document.value.get("entry")
        for entry in entries if isinstance(entries, list) else ():
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(resource, dict) and resource.get("resourceType") == resource_type:
                yield resource


def _other_path(text: str) -> FhirPath:
    if _FHIR_PATH.fullmatch(text) is None:
        raise Refused("FHIR-0010", f"“{text}” is not an element path.")
    return FhirPath.parse(text)


def _from_index(query: Query, index: MessageIndex) -> Known:
    from workbench.app.operations.header_answers import known_answers  # who has no index need not load pyarrow

    return known_answers(query.root, index)


def _task(piece: Section, known: Known | None) -> _Task:
    if known is None:
        return _Task(piece, None, array("I"))
    certain, unsure = known.within(piece.first, len(piece))
    return _Task(piece, unsure, certain)


def _bytes_of(task: _Task) -> int:
    """Of a message that is a piece by itself; many times as much is searched as is validated in the same time."""
    return task.piece.size // 16 if len(task.piece) == 1 else 0


def _answer(question: str, tasks: Sequence[_Task]) -> list[array[int]]:
    """For each task the numbers of the messages the question holds for."""
    query, prefilter = _compiled(question)
    return [_answer_piece(query, prefilter, task) for task in tasks]


def _answer_piece(query: Query, prefilter: Prefilter, task: _Task) -> array[int]:
    piece = task.piece
    is_er7 = piece.format is MessageFormat.ER7 and not piece.encoding
    encoding = "utf-8" if piece.part.encoding else piece.encoding
    found = list(task.certain)
    places: Iterable[int] = range(len(piece)) if task.places is None else task.places
    if is_er7 and isinstance(piece.reader, AsItStands) and not piece.part.encoding:
        places = _possible(piece, prefilter, places)
    for place, raw in piece.raws(places):
        if is_er7 and not prefilter.passes(raw):
            continue
        if holds_for(query, raw, piece.format, encoding):
            found.append(place)
    found.sort()
    return array("I", (piece.first + place for place in found))


def _possible(piece: Section, prefilter: Prefilter, places: Iterable[int]) -> list[int]:
    """Those of the places whose bytes do not rule the question out."""
    left = list(places)
    for text in prefilter.folded:
        holding = piece.places_holding_folded(text)
        left = [place for place in left if place in holding]
    if left and prefilter.best:
        holding = piece.places_holding((*prefilter.best, *DISGUISES))
        if len(piece.places_holding((USUAL_HEAD,))) < len(piece):
            heads = enumerate(piece.heads(len(USUAL_HEAD)))
            holding.update(place for place, head in heads if not head.startswith(USUAL_HEAD))
        left = [place for place in left if place in holding]
    return left


@lru_cache(maxsize=8)
def _compiled(question: str) -> tuple[Query, Prefilter]:
    query = compile_question(question)
    return query, Prefilter(query)
