"""How well LOINC terms fit a laboratory's own test: words, and the axes of LOINC against specimen and unit.

The score is a sum of named parts, so that it can be shown. The weights were fitted to mappings that people made, in
round figures; each says what one unit of its part is worth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.terminology.codes import Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.loinc_axes import Axes, axes_of
from workbench.terminology.question import Answers, Favour, Question
from workbench.terminology.specimens import fit, named_specimen, stated_specimen
from workbench.terminology.text_index import TextIndex, WeightedText, pack_arrays, unpack_arrays
from workbench.terminology.units import measures, properties_for
from workbench.terminology.words import tokens

DOMAINS = ("specimens", "laboratory", "wording", "bedside")
WEAK = frozenset(
    tokens(
        "test level value result assay measurement lab method interpretation reading serum plasma blood whole "
        "automated calculated estimation report overall other miscellaneous misc manual"
    )
)
"""Words that say little of what is measured."""

WEIGHTS: Mapping[str, float] = {
    "coverage": 4.5, "precision": 3.5, "both": 1.5, "rank": 3.7, "specimen": 3.8, "other specimen": -2.4,
    "usual specimen": 3.0, "property": 1.3, "other property": -2.1, "same unit": 2.3, "words for amounts": -2.0,
    "method": -0.8, "challenge": -0.9, "collection time": -1.5, "marker missing": -1.0, "marker added": -0.6,
    "ratio": -0.1, "common": 2.0, "old code": 2.7, "retired": -3.0, "panel": -1.4, "amount": -1.0, "mass": 1.1,
    "bedside": 1.5, "same method": 1.2, "other method": -1.2,
}  # fmt: skip

# Words that make it another analyte; each group excludes its others.
_MARKERS: Mapping[str, tuple[str, ...]] = {
    "class": ("igg", "igm", "iga", "ige", "igd", "igg1", "igg2", "igg3", "igg4"),
    "target": ("ag", "ab", "rna", "dna"),
    "share": ("free", "indirect", "ionized", "conjugated", "unconjugated", "bound", "intact"),
    "kind": (
        "clearance",
        "excretion",
        "renal",
        "inhibitor",
        "resistance",
        "gene",
        "mutation",
        "urate",
        "fetal",
        "nucleated",
        "corrected",
        "control",
        "releasing",
        "note",
    ),
}
_MARKER_WORDS = tuple(word for words in _MARKERS.values() for word in words)
_QUALITATIVE_WORDS = frozenset(
    tokens("screen qualitative presence qual pos neg reactive detected rapid interp interpretation")
)
_QUANTITATIVE_WORDS = frozenset(tokens("quantitative quant titer count absolute index value concentration"))
_PANEL = re.compile(r"\bpanel\b|\bpnl\b", re.I)
_PER_TIME = re.compile(r"24\s*-?\s*(?:h|hr|hour)|timed|12\s*h", re.I)
_CHALLENGE = re.compile(r"\bpost\b|fasting|\bpre\b|peak|trough|random|min\b|hour|stim|after|\bpp\b", re.I)
_SAID_KINDS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = tuple(
    (re.compile(pattern, re.I), frozenset(kinds.split()))
    for pattern, kinds in (
        (r"titer|titre", "Titr"),
        (r"ratio\b", "Ratio MRto SRto NRto RelTime RelACnc"),
        (r"%|\bpercent|\bpct\b", "NFr MFr VFr SFr CFr Ratio MRto AFr"),
        (r"\babs\b|absolute|#|\bcount|\bcnt\b", "NCnc Naric Num LnCnc"),
        (r"\bscreen|qualitative|\bqual\b|presence", "PrThr"),
    )
)
"""Words that say, without a unit, in what a result is given."""
_BEDSIDE = re.compile(r"chart|vital|monitor|flow\s?sheet|output|intake|nurs|device|bedside", re.I)
# Names of kits and tests say the method in passing; the first that is found counts.
_METHODS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.I))
    for name, pattern in (
        ("sequencing", r"sequenc|\bngs\b"),
        ("amplification", r"pcr\b|\bnaat?\b|nucleic acid|molecular|amp\.tar|\blamp\b|\btma\b|probe"),
        ("rapid", r"\brapid\b|lateral flow|\bcard\b|home test|immunochromat|\bict\b"),
        ("blot", r"\bblot|immunoblot"),
        ("fluorescence", r"fluorescen|\bifa\b|\bfa\b"),
        ("immunoassay", r"immunoassay|\bc?e?lisa\b|\be?c?l?ia\b|\beia\b|\bclia\b|chemilum|\bcmia\b"),
        ("culture", r"\bcultures?\b"),
        ("microscopy", r"microscop|\bsmear\b|\bstain\b"),
        ("strip", r"test strip|dip\s?stick"),
        ("electrophoresis", r"electrophor"),
        ("calculation", r"calculat|derived"),
        ("manual", r"\bmanual\b"),
    )
)
_NEAR_METHODS = frozenset({("rapid", "immunoassay"), ("immunoassay", "rapid")})
_USUAL_METHOD = 0.4
_NUCLEIC = re.compile(r"\b(?:RNA|DNA|gene|rRNA|mRNA|region)\b")
_USUAL: Mapping[str, float] = {
    "serum": 1.0, "blood": 0.9, "serum-or-blood": 0.7, "urine": 0.5, "coagulation-plasma": 0.8, "red-cells": 0.3,
    "urine-sediment": 0.35, "arterial-blood": 0.3, "stool": 0.1, "csf": 0.1, "respiratory": 0.3, "venous-blood": 0.2,
}  # fmt: skip
_DEPARTMENTS: tuple[tuple[str, Mapping[str, float]], ...] = (
    (
        "hemat|coag|cell count|cbc",
        {"blood": 1.0, "coagulation-plasma": 0.9, "serum": 0.5, "red-cells": 0.4, "serum-or-blood": 0.6},
    ),
    ("gas", {"blood": 1.0, "arterial-blood": 0.7, "venous-blood": 0.4, "serum": 0.3}),
    (
        "chem|immun|serol|endocr|toxic|drug|horm|allerg|virol",
        {"serum": 1.0, "blood": 0.4, "serum-or-blood": 0.7, "coagulation-plasma": 0.5},
    ),
)  # fmt: skip
"""What a department means by "Blood"."""


@dataclass(frozen=True, slots=True)
class LabFacts:
    """The axes of every document of an index, as arrays."""

    specimen: NDArray[np.int16]
    specimens: tuple[str, ...]
    kind: NDArray[np.int16]
    kinds: tuple[str, ...]
    unit: NDArray[np.int16]
    units: tuple[str, ...]
    qualitative: NDArray[np.int8]
    markers: NDArray[np.bool_]
    flags: NDArray[np.bool_]
    prior: NDArray[np.float32]
    method: NDArray[np.int16]
    methods: tuple[str, ...]


_FLAGS = ("method", "challenge", "timing", "ratio", "panel", "retired")


def document_of(concept: Concept) -> WeightedText:
    """The words of a LOINC term: component, then name, method and the related names, which hold noise."""
    axes = axes_of(concept)
    facts = concept.properties
    other = [(word, 0.6) for word in tokens(concept.coding.display, camel=False)]
    other += [(word, 0.6) for word in tokens(" ".join((axes.system, axes.method, facts.get("SHORTNAME", ""))))]
    other += [(word, 0.35) for synonym in concept.synonyms for word in tokens(synonym)]
    return WeightedText(tokens(axes.component, camel=False), other)


def facts_of(concepts: Sequence[Concept]) -> LabFacts:
    """What the axes of the concepts say, prepared for many comparisons."""
    axes = tuple(axes_of(concept) for concept in concepts)
    specimens, specimen = _numbered([a.specimen if a.specimen or not a.system else "elsewhere" for a in axes])
    kinds, kind = _numbered([a.kind for a in axes])
    units, unit = _numbered([measures(_unit(concept)) for concept in concepts])
    methods, method = _numbered([method_class(a.method) for a in axes])
    names = [set(tokens(f"{a.component} {concept.coding.display}")) for a, concept in zip(axes, concepts, strict=True)]
    return LabFacts(
        specimen,
        specimens,
        kind,
        kinds,
        unit,
        units,
        np.array([-1 if a.qualitative is None else int(a.qualitative) for a in axes], dtype=np.int8),
        np.array([[word in found for word in _MARKER_WORDS] for found in names], dtype=np.bool_).reshape(
            -1, len(_MARKER_WORDS)
        ),
        np.array([_flags(a, concept) for a, concept in zip(axes, concepts, strict=True)], dtype=np.bool_).reshape(
            -1, len(_FLAGS)
        ),
        np.array([_prior(concept) for concept in concepts], dtype=np.float32).reshape(-1, 2),
        method,
        methods,
    )


_FACT_LISTS = ("specimens", "kinds", "units", "methods")


def pack_facts(facts: LabFacts) -> bytes:
    """The facts as bytes, for `unpack_facts`."""
    values = {field.name: getattr(facts, field.name) for field in fields(facts)}
    return pack_arrays(
        {name: value for name, value in values.items() if name not in _FACT_LISTS},
        {name: values[name] for name in _FACT_LISTS},
    )


def unpack_facts(data: bytes) -> LabFacts:
    """raises  msgspec.DecodeError, ValueError, KeyError, TypeError: not the bytes of facts"""
    arrays, lists = unpack_arrays(data)
    values: dict[str, Any] = {**arrays, **{name: tuple(lists[name]) for name in _FACT_LISTS}}
    return LabFacts(**values)


def _unit(concept: Concept) -> str:
    return concept.properties.get("EXAMPLE_UCUM_UNITS") or concept.properties.get("EXAMPLE_UNITS", "")


def _numbered(values: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int16]]:
    number_of: dict[str, int] = {}
    numbers = np.array([number_of.setdefault(value, len(number_of)) for value in values], dtype=np.int16)
    return tuple(number_of), numbers


def _flags(axes: Axes, concept: Concept) -> tuple[bool, ...]:
    ratio = "/" in axes.component and "/100" not in axes.component
    panel = bool(_PANEL.search(concept.coding.display))
    usual = axes.method.casefold().startswith("automated") or (
        bool(_NUCLEIC.search(axes.component)) and method_class(axes.method) == "amplification"
    )
    method = bool(axes.method) and not usual
    return method, axes.challenge, bool(axes.timing), ratio, panel, concept.retired


def method_class(text: str) -> str:
    """The kind of method that a text names, "" when it names none."""
    return next((name for name, pattern in _METHODS if pattern.search(text)), "") if text else ""


def _prior(concept: Concept) -> tuple[float, float]:
    """(how common by the release's rank, how old): LOINC numbers run on, and everyday tests were first."""
    rank = concept.properties.get("COMMON_TEST_RANK", "0")
    common = 1.0 - np.log1p(int(rank)) / np.log1p(20_000) if rank.isdigit() and int(rank) else 0.0
    digits = concept.coding.code.partition("-")[0]
    old = 1.0 - np.log1p(int(digits)) / np.log1p(110_000) if digits.isdigit() else 0.0
    return max(0.0, float(common)), max(0.0, float(old))


@dataclass(frozen=True, slots=True)
class LabReading:
    """What a local code says of its axes.

    specimen    class of `specimens`; "" when nothing is said
    fits        class of a target's specimen → how it fits, where a department says more than `specimens.fit`
    kinds       properties that go with the unit
    """

    tokens: tuple[str, ...]
    context: tuple[str, ...]
    specimen: str
    fits: Mapping[str, float]
    unit: str
    kinds: frozenset[str]
    qualitative: bool | None
    timed: bool
    challenged: bool
    ratio: bool
    panel: bool
    bedside: bool
    method: str


def read_local(local: LocalCode) -> LabReading:
    """The axes that code, wording, specimen, unit and context of a local code point to."""
    text = local.text or local.code
    named = named_specimen(text)
    stated = stated_specimen(local.specimen)
    # "Serum B12" refines what a list calls "Blood"; no name turns pleural fluid into serum.
    refines = bool(named) and (stated in ("", "blood", "serum") or named not in ("blood", "serum"))
    specimen = named if refines or not stated else stated
    found = tokens(text)
    said = set(found)
    departments = next((fits for pattern, fits in _DEPARTMENTS if re.search(pattern, local.context, re.I)), {})
    unit = measures(local.unit)
    kinds = properties_for(local.unit)
    if not unit:
        kinds = next((kinds for pattern, kinds in _SAID_KINDS if pattern.search(text)), frozenset())
    qualitative: bool | None = None
    if unit:
        qualitative = unit in ("presence", "titer")
    elif said & _QUANTITATIVE_WORDS:
        qualitative = False
    elif said & _QUALITATIVE_WORDS:
        qualitative = True
    return LabReading(
        found,
        tokens(local.context),
        specimen,
        departments if specimen == "blood" and named != "blood" else {},
        unit,
        kinds,
        qualitative,
        bool(_PER_TIME.search(text)) or (unit.endswith("/time") and unit != "volume/time"),
        bool(_CHALLENGE.search(text)),
        "/" in text or "ratio" in said or unit in ("percent", "ratio") or "%" in said,
        bool(_PANEL.search(text)),
        not stated and bool(_BEDSIDE.search(local.context)),
        method_class(text) or method_class(local.context),
    )


def specimen_fits(reading: LabReading, facts: LabFacts) -> NDArray[np.float32]:
    """How each specimen class of the index fits the local one."""
    if not reading.specimen:
        return np.zeros(len(facts.specimens), dtype=np.float32)
    return np.array(
        [
            -1.0 if name == "elsewhere" else reading.fits.get(name, fit(reading.specimen, name))
            for name in facts.specimens
        ],
        dtype=np.float32,
    )


def kind_fits(reading: LabReading, facts: LabFacts) -> NDArray[np.float32]:
    """How each property of the index goes with the local unit: 1, 0 unknown, -1."""
    if not reading.kinds:
        return np.zeros(len(facts.kinds), dtype=np.float32)
    return np.array(
        [0.0 if not kind else 1.0 if kind in reading.kinds else -1.0 for kind in facts.kinds], dtype=np.float32
    )


def favour(reading: LabReading, facts: LabFacts) -> Favour:
    """What speaks for terms before their words are compared, in units of the retrieval rank."""
    usual = np.array([_USUAL.get(name, 0.0) for name in facts.specimens], dtype=np.float32)
    by_specimen = 2.5 * specimen_fits(reading, facts) if reading.specimen else 2.0 * usual
    by_kind = 1.5 * kind_fits(reading, facts)
    challenge = 0.0 if reading.challenged else 1.0

    def worth(documents: NDArray[np.int64]) -> NDArray[np.float32]:
        flags, prior = facts.flags[documents], facts.prior[documents]
        total = by_specimen[facts.specimen[documents]] + by_kind[facts.kind[documents]]
        total += 1.5 * (prior[:, 0] + prior[:, 1]) - challenge * flags[:, 1] - 3.0 * flags[:, 5]
        return np.asarray(total, dtype=np.float32)

    return worth


def features(
    reading: LabReading, question: Question, answers: Answers, facts: LabFacts, index: TextIndex
) -> NDArray[np.float64]:
    """Documents × parts of the score, in the order of `WEIGHTS`."""
    at = answers.documents
    fits = specimen_fits(reading, facts)[facts.specimen[at]]
    kinds = kind_fits(reading, facts)[facts.kind[at]]
    unit = np.array([0.0 if not unit else 1.0 if unit == reading.unit else 0.0 for unit in facts.units])[facts.unit[at]]
    usual = np.array([_USUAL.get(name, 0.0) for name in facts.specimens])[facts.specimen[at]]
    if not reading.kinds and reading.qualitative is None:
        amount = (facts.qualitative[at] == 0).astype(float)
    else:
        amount = np.zeros(len(at))
    words_for_amounts = np.zeros(len(at))
    if reading.qualitative is not None:
        words_for_amounts = (facts.qualitative[at] == int(not reading.qualitative)).astype(float)
    flags = facts.flags[at]
    asked = _asked_markers(question, index)
    has = facts.markers[at]
    top = float(answers.retrieval.max()) if len(at) else 1.0
    mass = np.array([kind == "MCnc" for kind in facts.kinds], dtype=float)[facts.kind[at]]
    columns = (
        answers.coverage,
        answers.precision,
        answers.coverage * answers.precision,
        answers.retrieval / max(top, 1e-6),
        np.maximum(fits, 0.0),
        (fits < -0.2) * -fits,
        usual if not reading.specimen and not reading.bedside else np.zeros(len(at)),
        np.maximum(kinds, 0.0),
        np.maximum(-kinds, 0.0),
        unit,
        words_for_amounts,
        flags[:, 0].astype(float),
        (flags[:, 1] & (not reading.challenged)).astype(float),
        (flags[:, 2] != reading.timed).astype(float),
        (asked & ~has).sum(axis=1),
        (~asked & has).sum(axis=1),
        (flags[:, 3] & (not reading.ratio)).astype(float),
        facts.prior[at, 0],
        facts.prior[at, 1],
        flags[:, 5].astype(float),
        (flags[:, 4] != reading.panel).astype(float),
        amount,
        mass if not reading.kinds else np.zeros(len(at)),
        (usual == 0).astype(float) * reading.bedside,
        *_method_fits(reading, facts, at),
    )
    return np.column_stack(columns).astype(np.float64)


def _method_fits(
    reading: LabReading, facts: LabFacts, at: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the method of a term is the local one, and where it is another one."""
    own = reading.method
    if own:
        same = np.array([float(name == own) for name in facts.methods])
    else:  # nucleic acids are found by amplification unless somebody says otherwise
        same = np.array([_USUAL_METHOD * (name == "amplification") for name in facts.methods])
    near = np.array([0.4 * ((own, name) in _NEAR_METHODS) for name in facts.methods])
    other = np.array(
        [
            float(bool(own and name) and name != own and not close)
            for name, close in zip(facts.methods, near, strict=True)
        ]
    )
    return (same + near)[facts.method[at]], other[facts.method[at]]


def _asked_markers(question: Question, index: TextIndex) -> NDArray[np.bool_]:
    words = {word for slot in question.slots for option in slot.options for word in option}
    return np.array([word in words for word in _MARKER_WORDS], dtype=np.bool_)
