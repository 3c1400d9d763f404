"""How well any two wordings agree: diseases, table entries, vaccines, units. Words, and their spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from workbench.terminology.codes import Concept
from workbench.terminology.question import Answers
from workbench.terminology.text_index import WeightedText, pack_arrays, unpack_arrays
from workbench.terminology.words import tokens

WEIGHTS: Mapping[str, float] = {
    "coverage": 5.5, "precision": 2.5, "both": 3.8, "rank": 1.5, "spelling": 4.5, "order": 0.8, "same text": 2.0,
    "same code": 3.0, "retired": -1.0, "unspecified": -1.5, "heading": 0.7, "first wording": 0.4, "number": -1.0,
}  # fmt: skip
_WORTH = np.array(list(WEIGHTS.values()))
CLOSELY = 60
"""Documents whose spelling is compared; it takes most of the time."""
WEAK = frozenset(tokens("order service request name type code status address number patient result record event"))
"""Words of tables that say what kind of thing an entry is, and nothing of which."""
_OPEN_WORDS = frozenset(tokens("unspecified nos other NEC"))


def documents_of(concept: Concept) -> list[WeightedText]:
    """One document for each wording; the code alone when there is none."""
    return [WeightedText(tokens(text, camel=False)) for text in concept.texts or (concept.coding.code,)]


@dataclass(frozen=True, slots=True)
class Wordings:
    """Of each document: its concept, whether it is the concept's display, and what is known of the concept."""

    concept: NDArray[np.int32]
    first: NDArray[np.bool_]
    retired: NDArray[np.bool_]
    heading: NDArray[np.bool_]


def wordings_of(concepts: Sequence[Concept]) -> Wordings:
    """What is known of the wordings of the concepts, in the order of `documents_of`."""
    rows = [
        (number, place == 0, concept.retired, concept.properties.get("billable") == "0")
        for number, concept in enumerate(concepts)
        for place in range(max(1, len(concept.texts)))
    ]
    columns = [np.array(column) for column in zip(*rows, strict=True)] if rows else [np.zeros(0)] * 4
    return Wordings(columns[0].astype(np.int32), *(column.astype(np.bool_) for column in columns[1:]))


def pack_wordings(wordings: Wordings) -> bytes:
    """The wordings as bytes, for `unpack_wordings`."""
    return pack_arrays({field.name: getattr(wordings, field.name) for field in fields(wordings)}, {})


def unpack_wordings(data: bytes) -> Wordings:
    """raises  msgspec.DecodeError, ValueError, KeyError, TypeError: not the bytes of wordings"""
    return Wordings(**unpack_arrays(data)[0])


def features(
    asked: Sequence[str],
    variants: Sequence[str],
    texts: Sequence[tuple[str, ...]],
    answers: Answers,
    wordings: Wordings,
    same_code: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Documents × parts of the score, in the order of `WEIGHTS`.

    variants   the question as texts: as written, and with its short forms written out
    texts      the tokens of each document; `same_code` (0, or more for longer codes) likewise
    """
    out = np.zeros((len(texts), len(WEIGHTS)))
    out[:, 0] = answers.coverage
    out[:, 1] = answers.precision
    out[:, 2] = answers.coverage * answers.precision
    out[:, 3] = answers.retrieval / max(float(answers.retrieval.max(initial=0.0)), 1e-6)
    out[:, 7] = same_code
    out[:, 8] = wordings.retired[answers.documents]
    out[:, 10] = wordings.heading[answers.documents]
    out[:, 11] = wordings.first[answers.documents]
    numbers = {word for word in asked if word[0].isdigit()}
    own = frozenset(asked)
    for place in np.argsort(-(out @ _WORTH), kind="stable")[:CLOSELY]:
        text = " ".join(texts[place])
        out[place, 4] = max(fuzz.token_sort_ratio(variant, text) for variant in variants) / 100
        out[place, 5] = max(fuzz.ratio(variant, text) for variant in variants) / 100
        out[place, 6] = float(text in variants)
        said = set(texts[place])
        out[place, 9] = float(bool(said & _OPEN_WORDS) and not own & _OPEN_WORDS)
        out[place, 12] = float(bool(numbers ^ {word for word in said if word[0].isdigit()}))
    return out
