"""Targets that might stand for a local code, best first, each with the words that speak for it.

Two steps: words and their letter triples, weighted by how rare they are (TF-IDF, cosine), fetch the nearest concepts
from an inverted index; rapidfuzz then compares those few closely. All of it is deterministic and offline. A suggestion
is never more than that: nothing here sets a status.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from workbench.terminology.codes import Coding, Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.words import long_words, words

FETCHED = 60
MINIMUM_SCORE = 0.25
SAME_CODE = "same code"
# Share of each part in the score of a text; they sum to 1.
_WORDS_SHARE, _ORDER_SHARE, _RARITY_SHARE = 0.45, 0.2, 0.35
# An equal code alone proves little (`M` is a sex and a marital status): it lifts the score this far towards 1.
_SAME_CODE_LIFT = 0.6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible target.

    score  0 to 1; compares candidates of one local code and says nothing of how sure the first one is
    why    the words that agree, in the order of the target's text, after "same code" when the codes are equal
    """

    coding: Coding
    score: float
    why: tuple[str, ...]


class CandidateIndex:
    """The concepts of a code system or value set, prepared once for many searches.

    Building takes time and memory in proportion to the texts (2 s for 40,000 concepts).
    """

    def __init__(self, concepts: Iterable[Concept | Coding]) -> None:
        self._concepts: list[Concept] = []
        self._texts: list[tuple[str, ...]] = []
        self._concept_of: list[int] = []
        self._by_code: dict[str, list[int]] = defaultdict(list)
        features: list[Counter[str]] = []
        for given in concepts:
            concept = given if isinstance(given, Concept) else Concept(given)
            number = len(self._concepts)
            self._concepts.append(concept)
            for text in concept.texts or (concept.coding.code,):
                self._by_code[concept.coding.code.casefold()].append(len(self._texts))
                self._texts.append(words(text))
                self._concept_of.append(number)
                features.append(_features(self._texts[-1]))
        self._weigh(features)

    def __len__(self) -> int:
        return len(self._concepts)

    def _weigh(self, texts: Sequence[Counter[str]]) -> None:
        """Build the postings: for each feature, which texts have it and with what share of their (unit) length."""
        frequency: Counter[str] = Counter()
        for features in texts:
            frequency.update(features.keys())
        total = len(texts)
        self._rarity = {feature: float(np.log((1 + total) / (1 + n)) + 1) for feature, n in frequency.items()}
        postings: dict[str, tuple[list[int], list[float]]] = {feature: ([], []) for feature in frequency}
        for number, features in enumerate(texts):
            for feature, weight in _unit_vector(features, self._rarity).items():
                numbers, weights = postings[feature]
                numbers.append(number)
                weights.append(weight)
        self._postings: dict[str, tuple[NDArray[np.int32], NDArray[np.float32]]] = {
            feature: (np.array(numbers, dtype=np.int32), np.array(weights, dtype=np.float32))
            for feature, (numbers, weights) in postings.items()
        }

    def nearest(self, query: Sequence[str], limit: int = FETCHED) -> list[tuple[int, float]]:
        """(number of the text, cosine 0..1) of the texts nearest to the words of a query."""
        found = [
            (posting, weight)
            for feature, weight in _unit_vector(_features(query), self._rarity).items()
            if (posting := self._postings.get(feature)) is not None
        ]
        if not found:
            return []
        numbers = np.concatenate([posting[0] for posting, _ in found])
        weights = np.concatenate([posting[1] * weight for posting, weight in found])
        cosines = np.bincount(numbers, weights=weights, minlength=len(self._texts))
        # A stable sort of the negated values makes equal cosines come in the order of the index.
        if len(cosines) > limit:
            cut = np.partition(cosines, len(cosines) - limit)[len(cosines) - limit]
            near = np.flatnonzero(cosines >= max(cut, 1e-9))
        else:
            near = np.flatnonzero(cosines > 0)
        order = near[np.argsort(-cosines[near], kind="stable")][:limit]
        return [(int(number), float(cosines[number])) for number in order]

    def of_code(self, code: str) -> Sequence[int]:
        """Numbers of the texts of concepts with this code, whatever its case."""
        return self._by_code.get(code.casefold(), ()) if code else ()

    def text(self, number: int) -> tuple[str, ...]:
        """The words of a text."""
        return self._texts[number]

    def coding(self, number: int) -> Coding:
        """The coding that a text belongs to."""
        return self._concepts[self._concept_of[number]].coding


def suggest(local: LocalCode, candidates: CandidateIndex, limit: int = 10) -> tuple[Candidate, ...]:
    """The candidates for one local code, best first, at most `limit`; () when nothing resembles it.

    Equal scores come in the order of system and code.
    """
    own = words(local.text) or words(local.code)
    extended = (*own, *long_words(own))
    near = dict(candidates.nearest(extended))
    same_code = set(candidates.of_code(local.code))
    best: dict[tuple[str, str], Candidate] = {}
    for number in {*near, *same_code}:
        coding = candidates.coding(number)
        score = _text_score(own, extended, candidates.text(number), near.get(number, 0.0))
        agreeing = tuple(dict.fromkeys(word for word in candidates.text(number) if word in extended))
        if number in same_code:
            score += (1 - score) * _SAME_CODE_LIFT
            agreeing = (SAME_CODE, *agreeing)
        known = best.get(coding.identity)
        if score >= MINIMUM_SCORE and (known is None or (score, agreeing) > (known.score, known.why)):
            best[coding.identity] = Candidate(coding, round(score, 4), agreeing)
    ranked = sorted(best.values(), key=lambda candidate: (-candidate.score, candidate.coding.identity))
    return tuple(ranked[:limit])


def _text_score(own: Sequence[str], extended: Sequence[str], target: Sequence[str], cosine: float) -> float:
    """0..1: shared words, their order, and how rare what is shared is. The wording that fits better counts."""
    target_text = " ".join(target)
    texts = {" ".join(own), " ".join(extended)}
    shared = max(fuzz.token_sort_ratio(text, target_text) for text in texts)
    contained = max(fuzz.token_set_ratio(text, target_text) for text in texts)
    order = max(fuzz.WRatio(text, target_text) for text in texts)
    both = (shared + contained) / 200
    return _WORDS_SHARE * both + _ORDER_SHARE * order / 100 + _RARITY_SHARE * min(1.0, cosine)


def _features(text: Sequence[str]) -> Counter[str]:
    """Words, and the letter triples of each word with its ends marked: `glu` shares `<gl` and `glu` with glucose."""
    features: Counter[str] = Counter(text)
    for word in text:
        marked = f"<{word}>"
        for start in range(len(marked) - 2):
            features["~" + marked[start : start + 3]] += 1
    return features


def _unit_vector(features: Mapping[str, int], rarity: Mapping[str, float]) -> dict[str, float]:
    """TF-IDF weights of length 1; unknown features count with the rarity of something seen once."""
    weights = {feature: count * rarity.get(feature, 1.0) for feature, count in features.items()}
    length = sum(weight * weight for weight in weights.values()) ** 0.5
    return {feature: weight / length for feature, weight in weights.items()} if length else {}
