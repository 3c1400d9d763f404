"""An inverted index over the words of many short texts, as plain arrays: quick to build, to keep on disk and to ask.

A document is one wording of one concept. Words count by their rarity (BM25 without term frequency: nobody repeats a
word in a test name). A word that the index does not know stands for the known words that look like it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

_LOOKALIKES = 4
_ALIKE = 82.0
"""rapidfuzz ratio from which two words may be the same word."""
_PREFIX_SHARE = 0.75
_LENGTH_SHARE = 0.35
"""How much of its rank a text of average length owes to its length (BM25's b)."""


@dataclass(slots=True)
class TextIndex:
    """Forward and inverted lists of the same matrix of documents and words.

    words          number → word
    rarity         number of a word → its inverse document frequency
    starts         document n has the entries starts[n]:starts[n+1]
    entry_words    of each entry: the word,
    entry_weights  … how much it counts in its document, 0 to 1
    entry_core     … whether it belongs to what the concept is about, rather than to how it was measured
    """

    words: list[str]
    rarity: Floats
    starts: Ints
    entry_words: Ints
    entry_weights: Floats
    entry_core: NDArray[np.bool_]
    number_of: dict[str, int] = field(init=False)
    core_total: Floats = field(init=False)
    _list_starts: NDArray[np.int64] = field(init=False)
    _list_documents: Ints = field(init=False)
    _list_weights: Floats = field(init=False)
    _sorted: list[tuple[str, int]] = field(init=False)
    _grams: dict[str, Ints] = field(init=False)
    _alike: dict[str, tuple[tuple[int, float], ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.number_of = {word: number for number, word in enumerate(self.words)}
        lengths = np.diff(self.starts)
        owner = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        core = self.rarity[self.entry_words] * self.entry_core
        self.core_total = np.bincount(owner, weights=core, minlength=len(lengths)).astype(np.float32)
        mean = float(self.core_total.mean()) if len(lengths) else 1.0
        norm = 1.0 / ((1 - _LENGTH_SHARE) + _LENGTH_SHARE * self.core_total / (mean or 1.0))
        order = np.argsort(self.entry_words, kind="stable")
        self._list_documents = owner[order]
        impact = self.rarity[self.entry_words] * self.entry_weights * norm[owner]
        self._list_weights = impact[order].astype(np.float32)
        counts = np.bincount(self.entry_words, minlength=len(self.words))
        self._list_starts = np.concatenate(([0], np.cumsum(counts)))
        self._sorted = sorted((word, number) for word, number in self.number_of.items() if word.isalpha())
        self._grams = {}
        self._alike = {}

    def __len__(self) -> int:
        return len(self.starts) - 1

    def text(self, document: int) -> tuple[str, ...]:
        """The words of a document, each once."""
        return tuple(self.words[n] for n in self.entry_words[self.starts[document] : self.starts[document + 1]])

    def frequency(self, word: int) -> int:
        """How many documents have the word."""
        return int(self._list_starts[word + 1] - self._list_starts[word])

    def documents_of(self, word: int) -> Ints:
        """The documents that have the word, ascending."""
        return self._list_documents[self._list_starts[word] : self._list_starts[word + 1]]

    def scores(self, wanted: Mapping[int, float]) -> NDArray[np.float64]:
        """The rank of every document for these words and weights; 0 where none of them occurs."""
        documents = [self.documents_of(word) for word in wanted]
        weights = [
            self._list_weights[self._list_starts[word] : self._list_starts[word + 1]] * np.float32(weight)
            for word, weight in wanted.items()
        ]
        if not documents:
            return np.zeros(len(self))
        ranks = np.bincount(np.concatenate(documents), weights=np.concatenate(weights), minlength=len(self))
        return ranks.astype(np.float64, copy=False)

    def entries_of(self, documents: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All entries of some documents: (place of the document in `documents`, number of the entry)."""
        first = self.starts[documents].astype(np.int64)
        lengths = self.starts[documents + 1] - first
        places = np.repeat(np.arange(len(documents)), lengths)
        before = np.cumsum(lengths) - lengths
        return places, np.arange(int(lengths.sum())) + np.repeat(first - before, lengths)

    def expand(self, word: str) -> tuple[tuple[int, float], ...]:
        """The known words that a word may stand for, with how surely (0 to 1); itself when it is known."""
        known = self.number_of.get(word)
        if known is not None:
            return ((known, 1.0),)
        found = self._alike.get(word)
        if found is None:
            found = self._alike[word] = self._lookalikes(word) if word.isalpha() and len(word) > 2 else ()
        return found

    def _lookalikes(self, word: str) -> tuple[tuple[int, float], ...]:
        found: dict[int, float] = {}
        if len(word) >= 4:
            for number in self._sharing_grams(word):
                ratio = fuzz.ratio(word, self.words[number])
                if ratio >= _ALIKE:
                    found[number] = (ratio / 100) ** 2
        begun = [number for number in self._beginning(word) if number not in found]
        begun.sort(key=self.frequency, reverse=True)
        for number in begun[: 3 * _LOOKALIKES]:
            found[number] = _PREFIX_SHARE * (len(word) / len(self.words[number])) ** 0.3
        best = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return tuple(best[: 2 * _LOOKALIKES])

    def _beginning(self, word: str) -> list[int]:
        first = bisect_left(self._sorted, (word, -1))
        last = bisect_left(self._sorted, (word + "\uffff", -1))
        return [number for _, number in self._sorted[first : min(last, first + 200)]]

    def _sharing_grams(self, word: str) -> list[int]:
        """Known words that share most letter triples with this one."""
        if not self._grams:
            lists: dict[str, list[int]] = {}
            for known, number in self._sorted:
                if len(known) >= 4:
                    for gram in _grams(known):
                        lists.setdefault(gram, []).append(number)
            self._grams = {gram: np.array(numbers, dtype=np.int32) for gram, numbers in lists.items()}
        lists_found = [self._grams[gram] for gram in _grams(word) if gram in self._grams]
        if not lists_found:
            return []
        shared = np.bincount(np.concatenate(lists_found), minlength=len(self.words))
        enough = np.flatnonzero(shared >= max(2, 0.4 * len(word)))
        return [int(n) for n in enough[np.argsort(-shared[enough], kind="stable")][:40]]


def _grams(word: str) -> set[str]:
    marked = f"<{word}>"
    return {marked[start : start + 3] for start in range(len(marked) - 2)}


@dataclass(frozen=True, slots=True)
class WeightedText:
    """The words of one document: the core, and others with the weight they have."""

    core: Sequence[str]
    other: Sequence[tuple[str, float]] = ()


def build_index(documents: Iterable[WeightedText]) -> TextIndex:
    """The index of the documents, in their order."""
    number_of: dict[str, int] = {}
    starts, entry_words, entry_weights, entry_core = [0], [], [], []
    for document in documents:
        entries: dict[str, tuple[float, bool]] = {}
        for word, weight in document.other:
            if weight > entries.get(word, (0.0, False))[0]:
                entries[word] = (weight, False)
        entries.update((word, (1.0, True)) for word in document.core)
        for word, (weight, core) in entries.items():
            entry_words.append(number_of.setdefault(word, len(number_of)))
            entry_weights.append(weight)
            entry_core.append(core)
        starts.append(len(entry_words))
    numbers = np.array(entry_words, dtype=np.int32)
    frequency = np.bincount(numbers, minlength=len(number_of))
    rarity = np.log(1 + (len(starts) - 1 - frequency + 0.5) / (frequency + 0.5))
    return TextIndex(
        list(number_of),
        np.maximum(rarity, 0.05).astype(np.float32),
        np.array(starts, dtype=np.int32),
        numbers,
        np.array(entry_weights, dtype=np.float32),
        np.array(entry_core, dtype=np.bool_),
    )


_ARRAYS = ("rarity", "starts", "entry_words", "entry_weights", "entry_core")


def pack_index(index: TextIndex) -> bytes:
    """The index as bytes; `unpack_index` of them is an equal index."""
    return pack_arrays({name: getattr(index, name) for name in _ARRAYS}, {"words": index.words})


def unpack_index(data: bytes) -> TextIndex:
    """raises  msgspec.DecodeError, ValueError, KeyError: not the bytes of an index"""
    arrays, lists = unpack_arrays(data)
    return TextIndex(lists["words"], **{name: arrays[name] for name in _ARRAYS})


def pack_arrays(arrays: Mapping[str, NDArray[Any]], lists: Mapping[str, Sequence[str]]) -> bytes:
    """Arrays and lists of words as bytes."""
    packed = {name: (str(array.dtype), array.shape, array.tobytes()) for name, array in arrays.items()}
    return msgspec.msgpack.encode({"arrays": packed, "lists": lists})


def unpack_arrays(data: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, list[str]]]:
    """What `pack_arrays` took.

    raises  msgspec.DecodeError, ValueError, KeyError: not such bytes
    """
    value = msgspec.msgpack.decode(data)
    arrays = {name: np.frombuffer(raw, dtype).reshape(shape) for name, (dtype, shape, raw) in value["arrays"].items()}
    return arrays, value["lists"]
