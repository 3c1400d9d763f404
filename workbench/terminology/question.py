"""What is asked of an index, and how well each document answers: which words are there, and what else is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.terminology.text_index import TextIndex
from workbench.terminology.words import ShortForms, parts, phrases

FETCHED = 200
"""Documents that are looked at closely."""
UNKNOWN_RARITY = 6.0
_MEANING = 0.95
"""A short form that agrees by its meaning counts a little less than the word itself."""
_COMMON = 1.6
"""Words less rare than this fetch nothing when rarer ones are there."""
_WEAK_SHARE = 0.15
_CONTEXT_SHARE = 0.12


_PHRASE = 4

Piece = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""Words that stand together, and what they may mean."""


Favour = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""What speaks for some documents apart from their words."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A piece of the question: its words, or instead of them one of their meanings."""

    text: str
    options: tuple[tuple[str, ...], ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Question:
    """The pieces of one question, prepared for an index.

    wanted     number of a word → weight, for fetching
    columns    number of each word that may answer, its likeness, and where the columns begin
    """

    slots: tuple[Slot, ...]
    wanted: Mapping[int, float]
    numbers: NDArray[np.int64]
    likeness: NDArray[np.float32]
    column_starts: NDArray[np.int64]
    option_of: NDArray[np.float32]
    slot_starts: NDArray[np.int64]
    weights: NDArray[np.float32]

    @property
    def empty(self) -> bool:
        return not len(self.numbers)


@dataclass(frozen=True, slots=True)
class Answers:
    """Of each fetched document.

    coverage   share of the question that the document says, 0 to 1
    precision  share of the document's core that the question says, 0 to 1
    slots      the same share for each slot: documents × slots
    """

    documents: NDArray[np.int64]
    retrieval: NDArray[np.float64]
    coverage: NDArray[np.float64]
    precision: NDArray[np.float64]
    slots: NDArray[np.float32]


def ask(
    found: tuple[str, ...],
    index: TextIndex,
    forms: ShortForms,
    weak: Collection[str] = (),
    context: tuple[str, ...] = (),
) -> Question:
    """The question that some tokens ask of an index.

    weak     words that hardly count: "test", "level"
    context  words that stand beside the text; they count a little, and only where they are known
    """
    slots = [_slot(piece, meanings, index, weak) for piece, meanings in _pieces(found, index, forms)]
    for piece, meanings in phrases(tuple(word for word in context if word not in found), forms):
        beside = _slot(piece, meanings, index, weak) if meanings or _known(index, *piece) else None
        if beside is not None:
            slots.append(Slot(beside.text, beside.options, beside.weight * _CONTEXT_SHARE))
    return _prepare([slot for slot in slots if slot is not None], index)


def _pieces(found: tuple[str, ...], index: TextIndex, forms: ShortForms) -> list[Piece]:
    """Phrases of the short forms; words torn apart (`tri iodothyronine`, `h d l`) also as one."""
    pieces = phrases(found, forms)
    mended: list[Piece] = []
    start = 0
    while start < len(pieces):
        length, whole = _torn(pieces[start : start + _PHRASE], index, forms)
        if length:
            piece = tuple(word for words, _ in pieces[start : start + length] for word in words)
            mended.append((piece, ((whole,), *forms.get((whole,), ()))))
        else:
            mended.append(pieces[start])
        start += length or 1
    return mended


def _torn(pieces: Sequence[Piece], index: TextIndex, forms: ShortForms) -> tuple[int, str]:
    """How many of the pieces are parts of one known word, and that word; (0, "") when they are not."""
    for length in range(len(pieces), 1, -1):
        words = [word for piece, _ in pieces[:length] for word in piece]
        single = all(len(word) == 1 for word in words[:-1])
        if len(words) != length or not (single or length == 2) or not all(word.isalnum() for word in words):
            continue
        whole = "".join(words)
        torn = single or min(map(len, words)) <= 2 or not _known(index, *words)
        if torn and words[0].isalpha() and (whole in index.number_of or (whole,) in forms):
            return length, whole
    return 0, ""


def _known(index: TextIndex, *words: str) -> bool:
    return all(word in index.number_of for word in words)


def _slot(
    piece: tuple[str, ...], meanings: tuple[tuple[str, ...], ...], index: TextIndex, weak: Collection[str]
) -> Slot | None:
    options: list[tuple[str, ...]] = []
    for option in (piece, *meanings):
        resolved = tuple(part for word in option for part in _resolved(word, index))
        if resolved and resolved not in options:
            options.append(resolved)
    weight = max((_weight(option, index) for option in options), default=0.0)
    if weak and all(word in weak for word in piece):
        weight *= _WEAK_SHARE
    return Slot(" ".join(piece), tuple(options), weight) if options else None


def _resolved(word: str, index: TextIndex) -> tuple[str, ...]:
    """An unknown mixed token falls into letters and digits."""
    return (word,) if word in index.number_of else parts(word) or (word,)


def _weight(option: Sequence[str], index: TextIndex) -> float:
    rarities = [_rarity(word, index) for word in option]
    return max(rarities) + 0.3 * (sum(rarities) - max(rarities))


def _rarity(word: str, index: TextIndex) -> float:
    number = index.number_of.get(word)
    return UNKNOWN_RARITY if number is None else min(8.0, float(index.rarity[number]))


def _prepare(slots: Sequence[Slot], index: TextIndex) -> Question:
    numbers: list[int] = []
    likeness: list[float] = []
    column_starts: list[int] = []
    option_cells: list[tuple[int, int, float]] = []
    slot_starts: list[int] = []
    wanted: dict[int, float] = {}
    options = 0
    for slot in slots:
        slot_starts.append(options)
        for place, option in enumerate(slot.options):
            total = sum(_rarity(word, index) for word in option)
            factor = 1.0 if place == 0 else _MEANING
            for word in option:
                expanded = index.expand(word)
                if not expanded:
                    continue
                option_cells.append((len(column_starts), options, factor * _rarity(word, index) / total))
                column_starts.append(len(numbers))
                for number, alike in expanded:
                    numbers.append(number)
                    likeness.append(alike)
                    share = factor * alike * min(1.0, slot.weight / _weight(option, index))
                    wanted[number] = max(wanted.get(number, 0.0), share)
            options += 1
    matrix = np.zeros((len(column_starts), options), dtype=np.float32)
    for column, option_number, share in option_cells:
        matrix[column, option_number] = share
    rare = {number: weight for number, weight in wanted.items() if index.rarity[number] >= _COMMON}
    return Question(
        tuple(slots),
        rare or wanted,
        np.array(numbers, dtype=np.int64),
        np.array(likeness, dtype=np.float32),
        np.array(column_starts, dtype=np.int64),
        matrix,
        np.array(slot_starts, dtype=np.int64),
        np.array([slot.weight for slot in slots], dtype=np.float32),
    )


def answer(question: Question, index: TextIndex, favour: Favour | None = None, fetched: int = FETCHED) -> Answers:
    """The documents that answer best.

    favour  what is added to the ranks of the documents that have a word of the question, before the best are taken
    """
    none = np.zeros(0)
    if question.empty or not len(index):
        return Answers(none.astype(np.int64), none, none, none, np.zeros((0, len(question.slots)), dtype=np.float32))
    ranks = index.scores(question.wanted)
    near = np.flatnonzero(ranks > 0)
    values = ranks[near] if favour is None else ranks[near] + favour(near)
    if len(near) > fetched:
        best = np.argpartition(-values, fetched)[:fetched]
        near, values = near[best], values[best]
    order = np.lexsort((near, -values))
    return judge(question, index, near[order], ranks[near[order]])


def judge(question: Question, index: TextIndex, documents: NDArray[np.int64], ranks: NDArray[np.float64]) -> Answers:
    """How well these documents answer."""
    count = len(documents)
    distinct, place = np.unique(question.numbers, return_inverse=True)
    column_of = np.full(len(index.words), -1, dtype=np.int32)
    column_of[distinct] = np.arange(len(distinct), dtype=np.int32)
    row, entry = index.entries_of(documents)
    column = column_of[index.entry_words[entry]]
    hit = column >= 0
    row, entry, column = row[hit], entry[hit], column[hit]
    present = np.zeros((count, len(distinct)), dtype=np.float32)
    present[row, column] = index.entry_weights[entry]
    columns = np.maximum.reduceat(present[:, place] * question.likeness, question.column_starts, axis=1)
    options = columns @ question.option_of
    slots = np.maximum.reduceat(options, question.slot_starts, axis=1)
    total = float(question.weights.sum()) or 1.0
    coverage = slots @ question.weights / total
    alike = np.zeros(len(distinct), dtype=np.float32)
    np.maximum.at(alike, place, question.likeness)
    core = index.entry_core[entry]
    said = np.bincount(
        row[core], weights=(index.rarity[index.entry_words[entry]] * alike[column])[core], minlength=count
    )
    precision = said / np.maximum(index.core_total[documents], 1e-6)
    return Answers(documents, ranks, coverage.astype(np.float64), precision, slots)
