"""How well RxNorm names fit a drug as a ward or a pharmacy writes it: ingredients, strengths, dose form, brand.

Strengths are compared as numbers in mg, mg/mL, mg/actuation or units: 50 mcg is 0.05 MG, 2 % is 20 MG/ML, 5 mg in
10 mL is 0.5 MG/ML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.terminology.codes import Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.question import Answers
from workbench.terminology.text_index import WeightedText
from workbench.terminology.words import tokens

DOMAINS = ("drugs",)
WEIGHTS: Mapping[str, float] = {
    "coverage": 3.8, "precision": 5.8, "both": 0.5, "rank": 0.2, "strength": 2.9, "other strength": -3.0,
    "strength not asked": -3.3, "strength missing": -1.3, "form": 1.8, "other form": -2.7, "form not asked": -2.4,
    "brand not asked": -1.6, "brand": 4.2, "pack": -1.4, "ingredients": -0.4, "release": -1.3, "retired": -1.0,
    "ingredient": 1.2, "component": 0.5, "clinical drug": -1.0, "salt": -0.8,
}  # fmt: skip

_FORMS: tuple[tuple[str, str], ...] = (
    ("inhaler", r"inhal\w*|\bmdi\b|metered dose|nebul\w*|\bneb\b|aerosol|dry powder"), ("nasal", r"nasal|nasonex"),
    ("ophthalmic", r"ophth\w*|\beye\b"), ("otic", r"\botic\b|\bear\b"), ("rectal", r"rectal|supposit\w*|enema"),
    ("vaginal", r"vaginal"), ("patch", r"patch\w*|transdermal"),
    ("injectable", r"injectable"),
    (
        "injection",
        r"injection|pen injector|\binj\b|\biv\b|\bim\b|vial|syringe|infusion|prefilled|continuous|push|drip|premix"
        r"|\bpb\b|\bpca\b",
    ),
    ("cream", r"cream"), ("ointment", r"ointment|\boint\b"), ("gel", r"\bgel\b"), ("lotion", r"lotion|shampoo|wash"),
    ("suspension", r"suspension|\bsusp\b"), ("solution", r"solution|\bsoln\b|\bsol\b|syrup|elixir|liquid|drops"),
    ("capsule", r"capsul\w*|\bcaps?\b"), ("tablet", r"tablet\w*|\btabs?\b|caplet"), ("lozenge", r"lozenge|troche"),
    ("powder", r"powder"), ("oral", r"\boral\b|\bpo\b|non iv"), ("topical", r"topical"),
)  # fmt: skip
_FORM_PATTERNS = tuple((name, re.compile(pattern, re.I)) for name, pattern in _FORMS)
_RELEASE = re.compile(
    r"extended|delayed|\b(?:er|xr|xl|sr|la|cr|cd|dr|ec|odt)\b|\b(?:12|24)\s?h(?:r|our)|enteric|disintegrat|sustained",
    re.I,
)
_BRAND = re.compile(r"\[([^\]]+)\]")
_PACK = re.compile(r"^\s*\{")
_STRENGTH = re.compile(
    r"(?P<value>\d[\d,]*(?:\.\d+)?|\.\d+)\s*"
    r"(?P<unit>mcg|microgram\w*|ug|mg|milligram\w*|gm?\b|gram\w*|ng|meq|mmol|million units?|units?|unt|iu|u\b|ml|%)"
    r"(?:\s*/\s*(?:(?P<per>\d+(?:\.\d+)?)\s*)?(?P<of>ml|l\b|actuat\w*|act\b|inh\w*|spray|puff|dose|mg|hr?\b|hour|tab\w*))?",
    re.I,
)
_BARE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)(?![\w.%])")
_TO_MG = {
    "mcg": 0.001,
    "ug": 0.001,
    "microgram": 0.001,
    "mg": 1.0,
    "milligram": 1.0,
    "g": 1000.0,
    "gm": 1000.0,
    "gram": 1000.0,
    "ng": 1e-6,
}
_NOT_WORDS = frozenset(
    tokens("mg ml mcg ug g gm gram meq mmol unit unt iu u actuat actuation dose hr hour ng l day x puff spray inh per")
)
_SALTS = frozenset(
    tokens(
        "hydrochloride hcl sodium potassium sulfate acetate tartrate succinate maleate fumarate phosphate citrate "
        "mesylate besylate hydrobromide bromide chloride calcium magnesium nitrate bitartrate gluconate lactate "
        "anhydrous hydrate"
    )
)
WEAK = (
    frozenset(tokens("study drug desensitization premix bag brand name generic single use only inpatient bulk"))
    | _SALTS
)


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug's name taken apart.

    strengths    amounts in mg, units or mEq; with a volume or an actuation, the amount of one
    bare         numbers without a unit ("Vytorin 10/20")
    ingredients  how many, 0 when nobody can tell
    """

    words: tuple[str, ...]
    brand: tuple[str, ...]
    strengths: frozenset[float]
    bare: frozenset[float]
    forms: frozenset[str]
    release: bool
    pack: bool
    ingredients: int


@lru_cache(maxsize=100_000)
def read_drug(name: str) -> Drug:
    """The parts of a drug's name, whoever wrote it."""
    brands = _BRAND.findall(name)
    rest = _BRAND.sub(" ", name)
    strengths: set[float] = set()
    for match in _STRENGTH.finditer(rest):
        strengths |= _amounts(match)
    unmeasured = _STRENGTH.sub(" ", rest)
    forms = frozenset(form for form, pattern in _FORM_PATTERNS if pattern.search(rest))
    words = tuple(word for word in tokens(unmeasured, camel=False) if word not in _NOT_WORDS and not word[0].isdigit())
    return Drug(
        words,
        tuple(word for brand in brands for word in tokens(brand, camel=False)),
        frozenset(strengths),
        frozenset(_round(float(number)) for number in _BARE.findall(unmeasured)),
        forms,
        bool(_RELEASE.search(rest)),
        bool(_PACK.match(name)),
        rest.count(" / ") + 1,
    )


def _amounts(match: re.Match[str]) -> set[float]:
    value = float(match["value"].replace(",", ""))
    unit = match["unit"].casefold().rstrip("s")
    if unit == "%":
        return {_round(value * 10), _round(value / 100)}
    if unit == "ml":
        return set()
    unit = "microgram" if unit.startswith("microgram") else "milligram" if unit.startswith("milligram") else unit
    amount = value * (1e6 if unit.startswith("million") else _TO_MG.get(unit, 1.0))
    found = {_round(amount)}
    of = (match["of"] or "").casefold()
    if of == "mg":
        return {_round(amount / float(match["per"] or 1))}
    if of in ("ml", "l"):
        volume = float(match["per"] or 1) * (1000 if of == "l" else 1)
        return {_round(amount / volume)} | (found if match["per"] else set())
    return found


def _round(amount: float) -> float:
    return float(f"{amount:.3g}")


def read_local_drug(local: LocalCode) -> Drug:
    """The parts of a local code's wording; order category and route say the form when the wording does not."""
    drug = read_drug(local.text or local.code)
    if drug.forms or not local.context:
        return drug
    beside = frozenset(form for form, pattern in _FORM_PATTERNS if pattern.search(local.context))
    if "oral" in beside:
        beside = frozenset({"oral"})
    return Drug(drug.words, drug.brand, drug.strengths, drug.bare, beside, drug.release, drug.pack, drug.ingredients)


def document_of(concept: Concept) -> WeightedText:
    """The words of a drug name: ingredients and brand at its core, dose form beside."""
    drug = read_drug(concept.coding.display)
    form_words = {word for form, _ in _FORMS for word in tokens(form)} | _FORM_WORDS
    core = [word for word in drug.words if word not in form_words and word not in _SALTS]
    other = [(word, 0.5) for word in drug.words if word in form_words or word in _SALTS]
    other += [(word, 0.5) for synonym in concept.synonyms for word in tokens(synonym, camel=False)]
    return WeightedText((*core, *drug.brand) or drug.words, other)


_FORM_WORDS = frozenset(
    tokens(
        "oral tablet capsule injection injectable solution suspension cream ointment gel topical ophthalmic otic nasal "
        "inhalant inhalation inhaler metered dose powder product pack extended release delayed 12 24 hr chewable "
        "disintegrating prefilled syringe spray lotion medicated pad patch transdermal system rectal suppository "
        "vaginal film strip lozenge granule syrup elixir foam shampoo enema cartridge auto injector "
        "dry buccal sublingual"
    )
)


@dataclass(frozen=True, slots=True)
class DrugFacts:
    """The parts of every document's name."""

    drugs: tuple[Drug, ...]
    kinds: tuple[str, ...]
    retired: tuple[bool, ...]


def facts_of(concepts: Sequence[Concept]) -> DrugFacts:
    """What the names of the concepts say, prepared for many comparisons."""
    return DrugFacts(
        tuple(read_drug(concept.coding.display) for concept in concepts),
        tuple(concept.properties.get("TTY", "") for concept in concepts),
        tuple(concept.retired for concept in concepts),
    )


def pack_facts(facts: DrugFacts) -> bytes:
    """The facts as bytes, for `unpack_facts`."""
    return msgspec.msgpack.encode(facts)


def unpack_facts(data: bytes) -> DrugFacts:
    """raises  msgspec.DecodeError: not the bytes of facts"""
    return msgspec.msgpack.decode(data, type=DrugFacts)


def features(asked: Drug, words: frozenset[str], answers: Answers, facts: DrugFacts) -> NDArray[np.float64]:
    """Documents × parts of the score, in the order of `WEIGHTS`.

    words  every word of the question and of its short forms
    """
    rows = [_row(asked, words, facts.drugs[n], facts.kinds[n], facts.retired[n]) for n in answers.documents]
    top = max(float(answers.retrieval.max(initial=0.0)), 1e-6)
    return np.column_stack(
        (
            answers.coverage,
            answers.precision,
            answers.coverage * answers.precision,
            answers.retrieval / top,
            np.array(rows, dtype=float).reshape(len(rows), len(WEIGHTS) - 4),
        )
    )


def _unmeasured(bare: frozenset[float], strengths: frozenset[float]) -> frozenset[float]:
    """Numbers without a unit that are strengths of this drug, in mg or in µg ("Levoxyl 137"); {} when none is."""
    meant = bare if bare & strengths else frozenset(_round(number / 1000) for number in bare if number >= 20)
    return meant if meant & strengths else frozenset()


def _row(asked: Drug, words: frozenset[str], drug: Drug, kind: str, retired: bool) -> tuple[float, ...]:
    strength = other_strength = not_asked = missing = 0.0
    wanted = asked.strengths or _unmeasured(asked.bare, drug.strengths)
    if drug.strengths and wanted:
        shared = len(wanted & drug.strengths)
        strength = shared / len(drug.strengths) * (0.5 + 0.5 * shared / len(wanted))
        other_strength = float(not shared)
    elif drug.strengths:
        not_asked = 1.0
    elif asked.strengths:
        missing = 1.0
    form = other_form = form_not_asked = 0.0
    if drug.forms and asked.forms:
        form = len(asked.forms & drug.forms) / len(asked.forms)
        if not form and "injection" in asked.forms and "injectable" in drug.forms:
            form = 0.9
        other_form = float(not form)
    elif drug.forms:
        form_not_asked = 1.0
    brand_asked = bool(drug.brand) and any(word in words for word in drug.brand)
    return (
        strength, other_strength, not_asked, missing, form, other_form, form_not_asked,
        float(bool(drug.brand) and not brand_asked), float(brand_asked), float(drug.pack != asked.pack),
        float(max(0, drug.ingredients - max(1, asked.ingredients))), float(drug.release != asked.release),
        float(retired),
        float(kind == "IN"), float(kind in ("SCDC", "SBDC")), float(kind in ("SCD", "SBD")),
        float(any(word in _SALTS for word in drug.words)),
    )  # fmt: skip
