"""Targets that might stand for a local code, best first, each with what speaks for it and what against it.

Words fetch some hundred concepts from an inverted index; a score that is a sum of named parts puts them in order. All
of it is deterministic and offline. A suggestion is never more than that: nothing here sets a status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.terminology.codes import Coding, Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.memory import Memory
from workbench.terminology.ranking import Ranked, Ranker, ranker_for
from workbench.terminology.words import tokens

MINIMUM_SCORE = 0.01
SAME_CODE = "same code"
REMEMBERED = "approved before"
ALIKE = "approved before for the same words"
_SAID = 0.45
"""Share of a piece of the question from which it counts as said."""
_LEAD_AT_MOST = 3.0
_LEAD = 2.0
"""So much of its lead over the second counts for the first; a lone candidate is likelier to be right."""
_NO_MAP_BELOW = 0.12
_NO_TEST = frozenset(
    tokens("hold reserved reuse problem billed not done held tube miscellaneous discard cancelled unknown delete extra")
)
"""Words of entries that stand in a list of tests and are none."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible target.

    score       0 to 1; compares candidates of one local code, and first candidates of different ones
    why         the words that agree, in the order of the target's text, after "same code" when the codes are equal
    confidence  0 to 1: how often a first candidate like this one was right; 0 for all but the first
    parts       the parts of the score and what each added; they sum to the score before it was brought to 0…1
    """

    coding: Coding
    score: float
    why: tuple[str, ...]
    confidence: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def agreeing(self) -> tuple[str, ...]:
        """The parts of the score that speak for this target, the weightiest first."""
        return tuple(name for name, worth in sorted(self.parts.items(), key=lambda item: -item[1]) if worth > 0)

    @property
    def conflicting(self) -> tuple[str, ...]:
        """The parts of the score that speak against this target, the weightiest first."""
        return tuple(name for name, worth in sorted(self.parts.items(), key=lambda item: item[1]) if worth < 0)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is suggested for one local code.

    no_map  why it may have no target at all, "" when the first candidate is worth a look
    """

    local: LocalCode
    candidates: tuple[Candidate, ...]
    no_map: str = ""


class CandidateIndex:
    """The concepts of a code system or value set, prepared once for many searches.

    Building takes time and memory in proportion to the texts; a ranker that was packed before spares it.
    """

    def __init__(self, concepts: Iterable[Concept | Coding], ranker: Ranker | None = None) -> None:
        self.concepts: Sequence[Concept] = (
            concepts
            if isinstance(concepts, Sequence) and ranker is not None
            else tuple(given if isinstance(given, Concept) else Concept(given) for given in concepts)
        )
        self.ranker: Ranker = ranker or ranker_for(self.concepts)

    def __len__(self) -> int:
        return len(self.concepts)

    def coding(self, number: int) -> Coding:
        """The coding of a concept, by its number in the order given."""
        return self.concepts[number].coding

    def order(self, number: int) -> tuple[str, str]:
        """By what concepts with equal scores are sorted: system and code."""
        codes = getattr(self.concepts, "codes", None)
        return ("", codes[number]) if codes is not None else self.coding(number).identity


def suggest(
    local: LocalCode, candidates: CandidateIndex, limit: int = 10, memory: Memory | None = None
) -> tuple[Candidate, ...]:
    """The candidates for one local code, best first, at most `limit`; () when nothing resembles it.

    memory  what was approved before stands first, then what was approved for another code with the same words

    Equal scores come in the order of system and code.
    """
    if not len(candidates):
        return ()
    remembered = memory.recall(local) if memory is not None else ()
    ranker = candidates.ranker
    ranked = ranker.rank(local)
    weights = np.array(list(ranker.weights.values()))
    scores = ranked.parts @ weights
    alike = memory.recall_alike(local) if memory is not None else ()
    found = [Candidate(coding, 1.0, (REMEMBERED,), 1.0) for coding in remembered]
    # Nobody measured how often another sender means the same by the same words, so no confidence is claimed.
    found += [Candidate(coding, 0.99, (ALIKE,)) for coding in alike]
    taken = {candidate.coding.identity for candidate in found}
    best = _best(ranked, scores, candidates, limit + len(found))
    level, spread = ranker.level
    for place, row in enumerate(best):
        lead = float(scores[row] - scores[best[place + 1]]) if place == 0 and len(best) > 1 else 0.0
        coding = candidates.coding(int(ranked.concepts[row]))
        chance = float(1 / (1 + np.exp(-(scores[row] + min(lead, _LEAD) - level) / spread)))
        if coding.identity in taken or chance < MINIMUM_SCORE:
            continue
        taken.add(coding.identity)
        chance *= _dampened(local)
        sure = 0.0 if found else _confidence((float(scores[row]) - level) / spread, lead) * _dampened(local)
        why, parts = _why(ranked, row, coding, local), _parts(ranked, row, ranker, weights)
        found.append(Candidate(coding, round(chance, 4), why, sure, parts))
    return tuple(found[:limit])


def suggestion(
    local: LocalCode, candidates: CandidateIndex, limit: int = 10, memory: Memory | None = None
) -> Suggestion:
    """The candidates, and whether the local code may have no target."""
    found = suggest(local, candidates, limit, memory)
    if not found:
        return Suggestion(local, (), "Nothing in the code system resembles it.")
    if found[0].score < _NO_MAP_BELOW:
        return Suggestion(local, found, "Nothing in the code system fits well.")
    if _dampened(local) < 1:
        return Suggestion(local, found, "Its words name no test.")
    return Suggestion(local, found)


def _best(ranked: Ranked, scores: NDArray[np.float64], candidates: CandidateIndex, limit: int) -> list[int]:
    """Rows of the best concepts, each concept once."""
    order = np.argsort(-np.round(scores, 9), kind="stable")
    seen: dict[int, int] = {}
    for row in order:
        seen.setdefault(int(ranked.concepts[row]), int(row))
        if len(seen) > limit + 20:
            break
    rows = list(seen.values())
    rows.sort(key=lambda row: (-round(float(scores[row]), 6), candidates.order(int(ranked.concepts[row]))))
    return rows[:limit]


def _why(ranked: Ranked, row: int, coding: Coding, local: LocalCode) -> tuple[str, ...]:
    said = [word for word, share in zip(ranked.words, ranked.matched[row], strict=True) if share >= _SAID]
    order = {word: place for place, word in enumerate(tokens(coding.display))}
    said.sort(key=lambda piece: order.get(piece.split()[0], len(order)))
    same = bool(local.code) and local.code.casefold() == coding.code.casefold()
    return tuple(dict.fromkeys(([SAME_CODE] if same else []) + said))


def _parts(ranked: Ranked, row: int, ranker: Ranker, weights: NDArray[np.float64]) -> dict[str, float]:
    worth = (ranked.parts[row] * weights).round(3).tolist()
    return {name: each for name, each in zip(ranker.weights, worth, strict=True) if each}


def _dampened(local: LocalCode) -> float:
    """Below 1 when the words say that this is no test but a note to the laboratory."""
    return 0.3 if frozenset(tokens(local.text)) & _NO_TEST else 1.0


def _confidence(above: float, lead: float) -> float:
    """How often a first candidate with this score (in spreads above an even chance) and this lead was right.

    Fitted to mappings that people made of four code systems: the lead says more than the score.
    """
    return round(float(1 / (1 + np.exp(1.2 - 0.67 * above - min(lead, _LEAD_AT_MOST)))), 4)
