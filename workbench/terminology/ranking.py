"""One ranker for each kind of code system: what it makes of a local code, and how it weighs what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from workbench.terminology import drugs, general, laboratory
from workbench.terminology.codes import Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.loinc_axes import LOINC
from workbench.terminology.question import Answers, Question, answer, ask, judge
from workbench.terminology.text_index import TextIndex, build_index, pack_index, unpack_index
from workbench.terminology.unit_codes import skeleton, ucum_code
from workbench.terminology.words import short_forms, tokens

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
CVX = "http://hl7.org/fhir/sid/cvx"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED_CT = "http://snomed.info/sct"

_DOMAINS: Mapping[str, tuple[str, ...]] = {
    CVX: ("vaccines",),
    ICD_10_CM: ("diseases",),
    SNOMED_CT: ("diseases", "specimens"),
}
_FEW = 1500
"""An index of so few wordings is compared as a whole: also what shares no word may be meant."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a ranker found, in no order.

    concepts   number of the concept of each row
    parts      rows × the parts of the score
    matched    pieces of the question that a row says: rows × slots, 0 to 1
    words      the pieces
    """

    concepts: NDArray[np.int64]
    parts: NDArray[np.float64]
    matched: NDArray[np.float32]
    words: tuple[str, ...]


class Ranker(Protocol):
    """Compares a local code with the concepts of an index."""

    @property
    def weights(self) -> Mapping[str, float]:
        """What one unit of each part of the score is worth, in the order of the columns of `Ranked.parts`."""

    @property
    def level(self) -> tuple[float, float]:
        """(score of an even chance, spread): takes scores to 0…1 and between rankers."""

    def rank(self, local: LocalCode) -> Ranked:
        """The concepts that come near."""

    def packed(self) -> Mapping[str, bytes]:
        """What was prepared, for `ranker_for`."""


Packed = Mapping[str, bytes]
"""What a ranker prepared, under names of its own."""


def ranker_for(concepts: Sequence[Concept], packed: Packed | None = None) -> Ranker:
    """The ranker for the code system of these concepts; the general one for several systems together.

    packed  what such a ranker packed for these concepts before; it spares the preparation
    """
    systems = {concepts[number].coding.system for number in range(0, len(concepts), max(1, len(concepts) // 50))}
    system = systems.pop() if len(systems) == 1 else ""
    if system == LOINC:
        return LabRanker(concepts, packed)
    if system == RXNORM:
        return DrugRanker(concepts, packed)
    if system == UCUM:
        return UnitRanker(concepts)
    return GeneralRanker(concepts, _DOMAINS.get(system, ()), packed)


class LabRanker:
    """LOINC: words and axes."""

    level = (14.5, 2.5)
    weights: Mapping[str, float] = {**laboratory.WEIGHTS, "same code": 8.0}

    def __init__(self, concepts: Sequence[Concept], packed: Packed | None = None) -> None:
        if packed:
            self.index = unpack_index(packed["index"])
            self._facts = laboratory.unpack_facts(packed["facts"])
        else:
            self.index = build_index(laboratory.document_of(concept) for concept in concepts)
            self._facts = laboratory.facts_of(concepts)
        self._places = _Places(concepts)
        self._forms = short_forms(laboratory.DOMAINS)

    def rank(self, local: LocalCode) -> Ranked:
        reading = laboratory.read_local(local)
        question = ask(reading.tokens, self.index, self._forms, laboratory.WEAK, reading.context)
        answers = answer(question, self.index, laboratory.favour(reading, self._facts))
        answers, same = _with_same_code(answers, question, self.index, self._places.of(local.code))
        parts = laboratory.features(reading, question, answers, self._facts, self.index)
        return Ranked(answers.documents, np.column_stack((parts, same)), answers.slots, _pieces(question))

    def packed(self) -> Packed:
        return {"index": pack_index(self.index), "facts": laboratory.pack_facts(self._facts)}


class DrugRanker:
    """RxNorm: ingredients, strengths, forms and brands."""

    level = (6.0, 2.0)
    weights: Mapping[str, float] = {**drugs.WEIGHTS, "same code": 8.0}

    def __init__(self, concepts: Sequence[Concept], packed: Packed | None = None) -> None:
        if packed:
            self.index = unpack_index(packed["index"])
            self._facts = drugs.unpack_facts(packed["facts"])
        else:
            self.index = build_index(drugs.document_of(concept) for concept in concepts)
            self._facts = drugs.facts_of(concepts)
        self._places = _Places(concepts)
        self._forms = short_forms(drugs.DOMAINS)

    def rank(self, local: LocalCode) -> Ranked:
        asked = drugs.read_local_drug(local)
        question = ask(asked.words, self.index, self._forms, drugs.WEAK)
        answers = answer(question, self.index)
        answers, same = _with_same_code(answers, question, self.index, self._places.of(local.code))
        words = frozenset(word for slot in question.slots for option in slot.options for word in option)
        parts = drugs.features(asked, words, answers, self._facts)
        return Ranked(answers.documents, np.column_stack((parts, same)), answers.slots, _pieces(question))

    def packed(self) -> Packed:
        return {"index": pack_index(self.index), "facts": drugs.pack_facts(self._facts)}


class GeneralRanker:
    """Any code system: every wording of a concept is a document, the best one counts."""

    level = (11.0, 2.5)
    weights = general.WEIGHTS

    def __init__(
        self, concepts: Sequence[Concept], domains: tuple[str, ...] = (), packed: Packed | None = None
    ) -> None:
        if packed:
            self.index = unpack_index(packed["index"])
            self._wordings = general.unpack_wordings(packed["facts"])
        else:
            self.index = build_index(text for concept in concepts for text in general.documents_of(concept))
            self._wordings = general.wordings_of(concepts)
        self._places = _Places(concepts)
        self._forms = short_forms(domains or ("tables", "wording", "diseases"))
        self._weak = () if domains else general.WEAK

    def rank(self, local: LocalCode) -> Ranked:
        found = tokens(local.text) or tokens(local.code)
        question = ask(found, self.index, self._forms, self._weak)
        everything = np.arange(len(self.index))
        if len(self.index) > _FEW:
            answers = answer(question, self.index)
        elif question.empty:
            answers = _unanswered(everything, question)
        else:
            answers = judge(question, self.index, everything, self.index.scores(question.wanted))
        equal = np.flatnonzero(np.isin(self._wordings.concept, self._places.of(local.code)))
        answers, same = _with_same_code(answers, question, self.index, equal)
        written = " ".join(word for slot in question.slots for word in slot.options[-1])
        parts = general.features(
            found,
            tuple(dict.fromkeys((" ".join(found), written))),
            [self.index.text(n) for n in answers.documents],
            answers,
            self._wordings,
            same * min(len(local.code), 4) / 2,  # a code of one letter proves little: M is a sex and a marital status
        )
        concepts = self._wordings.concept[answers.documents].astype(np.int64)
        return Ranked(concepts, parts, answers.slots, _pieces(question))

    def packed(self) -> Packed:
        return {"index": pack_index(self.index), "facts": general.pack_wordings(self._wordings)}


class _Places:
    """Numbers of the concepts that have a code, whatever its case; looked up only when a code is asked for."""

    def __init__(self, concepts: Sequence[Concept]) -> None:
        self._concepts = concepts
        self._of: dict[str, list[int]] | None = None

    def of(self, code: str) -> NDArray[np.int64]:
        if self._of is None:
            self._of = {}
            codes = getattr(self._concepts, "codes", None)
            for number, known in enumerate(codes or (concept.coding.code for concept in self._concepts)):
                self._of.setdefault(known.casefold(), []).append(number)
        return np.array(self._of.get(code.casefold(), []) if code else [], dtype=np.int64)


def _with_same_code(
    answers: Answers, question: Question, index: TextIndex, equal: NDArray[np.int64]
) -> tuple[Answers, NDArray[np.bool_]]:
    """The answers, with the documents of the very same code among them, and which these are."""
    if not len(equal):
        return answers, np.zeros(len(answers.documents), dtype=np.bool_)
    more = np.setdiff1d(equal, answers.documents)
    if len(more):
        added = (
            _unanswered(more, question)
            if question.empty
            else judge(question, index, more, index.scores(question.wanted)[more])
        )
        answers = Answers(
            *(np.concatenate((getattr(answers, name), getattr(added, name))) for name in Answers.__slots__)
        )
    return answers, np.isin(answers.documents, equal)


def _unanswered(documents: NDArray[np.int64], question: Question) -> Answers:
    none = np.zeros(len(documents))
    return Answers(documents, none, none, none, np.zeros((len(documents), len(question.slots)), dtype=np.float32))


class UnitRanker:
    """UCUM: what is written is brought to UCUM by its grammar; the list only says what is usual."""

    level = (0.5, 0.08)
    weights: Mapping[str, float] = {"same unit": 1.0, "same but for brackets": 0.9, "spelling": 0.8}

    def __init__(self, concepts: Sequence[Concept]) -> None:
        self._codes = np.array([concept.coding.code for concept in concepts], dtype=object)
        self._skeletons = np.array([skeleton(code) for code in self._codes], dtype=object)
        self._names = [" ".join(tokens(concept.coding.display)) for concept in concepts]

    def rank(self, local: LocalCode) -> Ranked:
        written = (local.text or local.code).strip()
        code = ucum_code(written)
        bare, name = skeleton(code), " ".join(tokens(written))
        parts = np.zeros((len(self._codes), 3))
        parts[:, 0] = np.maximum(self._codes == code, 0.95 * (self._codes == written))
        parts[:, 1] = (self._skeletons == bare) & (parts[:, 0] == 0) & bool(bare)
        likeness = process.cdist([bare], self._skeletons.tolist(), scorer=fuzz.ratio)[0]
        if name:
            likeness = np.maximum(likeness, process.cdist([name], self._names, scorer=fuzz.ratio)[0])
        parts[:, 2] = np.where(parts[:, :2].any(axis=1), 0.0, likeness / 100)
        return Ranked(np.arange(len(parts)), parts, np.zeros((len(parts), 0), dtype=np.float32), ())

    def packed(self) -> Packed:
        return {}


def _pieces(question: Question) -> tuple[str, ...]:
    return tuple(slot.text for slot in question.slots)
