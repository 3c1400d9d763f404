"""Axes of LOINC in conflict with what is known of a local test."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from workbench.terminology.codes import Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.laboratory import read_local
from workbench.terminology.loinc_axes import QUALITATIVE, Axes, axes_of
from workbench.terminology.specimens import conflicts, specimen_class, stated_specimen
from workbench.terminology.unit_codes import skeleton, ucum_code
from workbench.terminology.units import PROPERTY_KINDS, measures, properties_for
from workbench.terminology.words import long_words, tokens

Found = tuple[str, str, str]
_NUMBER = re.compile(r"[<>=~≤≥]*\s*[+-]?\d[\d,.]*(?:[eE][+-]?\d+)?\s*(?:%|\+)?")
_ENOUGH_VALUES = 0.8
_FLUID = "body-fluid"
_PROPERTY_NAMES: Mapping[str, str] = {
    "MCnc": "a mass concentration", "SCnc": "an amount of substance concentration",
    "CCnc": "a catalytic activity concentration",
    "ACnc": "arbitrary units per volume", "NCnc": "a number concentration", "NFr": "a fraction of cells",
    "MFr": "a mass fraction",
    "VFr": "a volume fraction", "Naric": "a number per field", "PrThr": "presence", "Titr": "a titer", "Time": "a time",
    "MRat": "a mass per time", "SRat": "an amount per time", "MRto": "a mass ratio", "SRto": "an amount ratio",
    "Ratio": "a ratio",
    "Prid": "a name", "Type": "a type", "Imp": "an interpretation", "EntVol": "a volume of one cell",
    "EntMass": "a mass of one cell",
}  # fmt: skip
_NO_IMMUNOASSAY = r"naa|probe|culture|microscopy|chromatog|mass spec|immunoblot|fluorescence"
# What a method in a test's name excludes: pattern in the name → pattern that the target's method must not be.
_METHODS: tuple[tuple[str, str, str], ...] = (
    ("amplification", r"\bpcr\b|\bnaat?\b|nucleic acid|molecular", r"immuno|culture|coagulation|agglutination"),
    ("culture", r"\bcultures?\b", r"immuno|naa|probe|pcr|agglutination"),
    ("test strip", r"dip\s?stick|test strip|urine strip", r"immuno|microscopy|naa|confirm|electrophoresis"),
    ("microscopy", r"microscop|\bsmear\b", r"immunoassay|naa|test strip|automated"),
    ("immunoassay", r"\belisa\b|\beia\b|immunoassay", _NO_IMMUNOASSAY),
    ("immunoblot", r"immunoblot|western blot", r"naa|probe|culture|^immunoassay|agglutination"),
    ("a confirming method", r"confirm", r"screen"),
    ("a screening method", r"\bscreen\b", r"confirm"),
    ("a manual count", r"manual", r"automated"),
    ("an automated count", r"automated|\bauto\b", r"manual"),
    ("electrophoresis", r"electrophoresis|\bspep\b|\bupep\b", r"immunoassay|naa|test strip"),
)  # fmt: skip
_METHOD_PATTERNS = tuple((name, re.compile(a, re.I), re.compile(b, re.I)) for name, a, b in _METHODS)
_PAIRS: tuple[tuple[frozenset[str], ...], ...] = (
    (frozenset({"igg"}), frozenset({"igm"}), frozenset({"iga"}), frozenset({"ige"}), frozenset({"igd"})),
    (frozenset({"ag", "antigen"}), frozenset({"ab", "antibody"}), frozenset({"rna", "dna"})),
    (frozenset({"free", "ionized", "unbound"}), frozenset({"total"}), frozenset({"bound"})),
    (frozenset({"direct", "conjugated"}), frozenset({"indirect", "unconjugated"})),
    (frozenset({"hdl"}), frozenset({"ldl"}), frozenset({"vldl"})),
    (frozenset({"systolic"}), frozenset({"diastolic"}), frozenset({"mean"})),
)
"""Words of one row exclude one another."""
_CHALLENGES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("at the peak", re.compile(r"\bpeak\b", re.I)),
    ("at the trough", re.compile(r"\btrough\b", re.I)),
    ("fasting", re.compile(r"\bfasting\b|\bfbs\b", re.I)),
    ("after a meal", re.compile(r"post\s?(?:meal|prandial)|\bpp\b|postprandial", re.I)),
    ("after a dose", re.compile(r"post (?:dose|\d|.*\b(?:PO|IV|g )\b)|\bstim(?!ulating)", re.I)),
)
_SUSCEPTIBILITY = re.compile(r"susceptib|\bmic\b|\bsusc\b|resistan", re.I)
_LEVEL = re.compile(r"\blevel\b|peak|trough|toxic|therapeutic", re.I)


def laboratory_findings(local: LocalCode, concept: Concept) -> Iterator[Found]:
    """The axes that disagree, as (rule, what the local side says, what the target says)."""
    axes = axes_of(concept)
    text = local.text or local.code
    reading = read_local(local)
    yield from _specimen(local, reading.specimen, axes)
    yield from _unit(local, concept, axes)
    yield from _scale(local, text, axes)
    yield from _answers(local, concept)
    yield from _method(text, axes)
    yield from _moment(text, local, concept, axes)
    yield from _analyte(text, concept, axes)
    if bool(re.search(r"\bpanel\b", concept.coding.display, re.I)) and (local.unit or local.values):
        yield "TERM-0310", "a single result", "a panel"
    susceptible = axes.kind == "Susc"
    if susceptible and ((local.unit and measures(local.unit)) or _LEVEL.search(text)):
        yield "TERM-0325", "the level of a drug", "a susceptibility"
    elif _SUSCEPTIBILITY.search(text) and axes.kind in ("MCnc", "SCnc") and axes.specimen in ("serum", "blood"):
        yield "TERM-0325", "a susceptibility", "the level of a drug"


def _specimen(local: LocalCode, read: str, axes: Axes) -> Iterator[Found]:
    """read  the specimen that name, panel and field together say"""
    stated = stated_specimen(local.specimen)
    specimen = read if not stated or not conflicts(stated, read) else ""
    said, meant = local.specimen or specimen, axes.system or axes.specimen
    if not specimen or not axes.specimen:
        return
    narrower = specimen in _ANY_BLOOD and axes.specimen in _ONE_BLOOD and not _says_which(local, axes)
    if _other_specimen(specimen, axes):
        yield "TERM-0301", said, meant
    elif narrower or (specimen == _FLUID and axes.specimen not in ("unspecified", _FLUID)):
        yield "TERM-0326", said, meant
    elif axes.specimen == _FLUID and specimen not in ("unspecified", _FLUID):
        yield "TERM-0327", said, meant


_ANY_BLOOD = frozenset({"blood", "serum", "coagulation-plasma"})
_ONE_BLOOD = frozenset({"capillary-blood", "venous-blood", "arterial-blood", "cord-blood", "dbs"})


def _other_specimen(specimen: str, axes: Axes) -> bool:
    """True when the specimen is none of those the target takes: `Blood or Marrow` takes two."""
    classes = [specimen_class(part) for part in re.split(r"\s+or\s+|[/,]", axes.system)]
    taken = [found for found in classes if found]
    return conflicts(specimen, axes.specimen) and all(conflicts(specimen, each) for each in taken)


def _says_which(local: LocalCode, axes: Axes) -> bool:
    """True when the local side tells arterial from venous blood somewhere, if only by the kind of test."""
    said = f"{local.text} {local.specimen} {local.context}"
    return bool(set(tokens(axes.system)) - {"blood"} & set(tokens(said))) or bool(_BLOOD_GAS.search(said))


_BLOOD_GAS = re.compile(r"\bgas|\bart|\bven|\bcap|\bcord|\bspot|\bpoc\b|\bbg\b", re.I)


def _unit(local: LocalCode, concept: Concept, axes: Axes) -> Iterator[Found]:
    kinds = properties_for(local.unit)
    if not kinds:
        return
    if axes.kind in _KNOWN_KINDS and axes.kind not in kinds:
        yield "TERM-0302", local.unit, _PROPERTY_NAMES.get(axes.kind, axes.kind)
        return
    usual = concept.properties.get("EXAMPLE_UCUM_UNITS", "")
    if not usual or not axes.kind:
        return
    own = {skeleton(ucum_code(part)) for part in local.unit.split("|")}
    if _ONE_CHARGE & set(tokens(axes.component)):  # an equivalent of these is a mole
        own |= {unit.replace("eq/", "mol/") for unit in own}
    if own.isdisjoint(skeleton(part) for part in usual.split(";")) and measures(local.unit) == measures(usual):
        yield "TERM-0321", local.unit, usual


_ONE_CHARGE = frozenset(tokens("sodium potassium chloride bicarbonate lithium carbon dioxide ammonium"))
_KNOWN_KINDS = frozenset(kind for kinds in PROPERTY_KINDS.values() for kind in kinds) | QUALITATIVE | {"Susc"}


def _scale(local: LocalCode, text: str, axes: Axes) -> Iterator[Found]:
    values = [value for value, count in local.values for _ in range(min(count, 50)) if value.strip()]
    if values:
        numbers = sum(bool(_NUMBER.fullmatch(value.strip())) for value in values) / len(values)
        if (
            numbers >= _ENOUGH_VALUES
            and axes.kind in ("PrThr", "Prid", "Imp", "Type")
            and axes.scale in ("Ord", "Nom", "Nar", "")
        ):
            yield "TERM-0303", "numbers", "words or classes"
        elif numbers <= 1 - _ENOUGH_VALUES and axes.qualitative is False and axes.kind != "Titr":
            yield "TERM-0303", "words", "a measured amount"
        return
    if local.unit:
        return
    said = set(tokens(text))
    if said & {"qualitative", "qual"} and axes.qualitative is False:
        yield "TERM-0304", "words", "a measured amount"
    elif said & {"quantitative", "quant", "titer"} and axes.kind in ("PrThr", "Prid", "Imp"):
        yield "TERM-0304", "an amount", "words or classes"


def _answers(local: LocalCode, concept: Concept) -> Iterator[Found]:
    """Counts only: the values themselves are patients' data."""
    answers = {" ".join(tokens(answer)) for answer in concept.properties.get("ANSWERS", "").split("; ") if answer}
    values = {" ".join(tokens(value)) for value, _ in local.values if value and not _NUMBER.fullmatch(value.strip())}
    if answers and values and len(values - answers) > len(values) / 2:
        yield "TERM-0328", f"{len(values - answers)} of {len(values)}", concept.coding.display


def _method(text: str, axes: Axes) -> Iterator[Found]:
    if not axes.method:
        return
    for name, said, excluded in _METHOD_PATTERNS:
        if said.search(text) and excluded.search(axes.method) and not said.search(axes.method):
            yield "TERM-0305", name, axes.method
            return


def _moment(text: str, local: LocalCode, concept: Concept, axes: Axes) -> Iterator[Found]:
    own_hours = re.search(r"\b(\d+)\s*-?\s*(?:h|hr|hrs|hour|hours)\b", text, re.I)
    per_time = measures(local.unit).endswith("/time") and not measures(local.unit).startswith("volume")
    target_hours = re.match(r"(\d+)\s*h", axes.timing, re.I)
    if (
        target_hours
        and not own_hours
        and not per_time
        and (local.unit or "random" in text.casefold() or "spot" in text.casefold())
    ):
        yield "TERM-0306", "a spot sample", f"a collection over {target_hours[1]} hours"
    elif own_hours and target_hours and own_hours[1] != target_hours[1]:
        yield "TERM-0306", f"a collection over {own_hours[1]} hours", f"one over {target_hours[1]} hours"
    elif (
        own_hours
        and int(own_hours[1]) >= 12
        and axes.specimen == "urine"
        and not target_hours
        and not per_time
        and axes.kind in ("MCnc", "SCnc")
    ):
        yield "TERM-0306", f"a collection over {own_hours[1]} hours", "a spot sample"
    said = f"{axes.component} {axes.system} {concept.coding.display.partition('--')[2]}"
    for name, pattern in _CHALLENGES:
        other = next((each for each, known in _CHALLENGES if each != name and known.search(said)), None)
        if pattern.search(text) and other and not pattern.search(said):
            yield "TERM-0307", name, other
            return
    if not local.text or any(pattern.search(text) for _, pattern in _CHALLENGES):
        return
    unasked = next((name for name, pattern in _CHALLENGES if pattern.search(said)), None)
    if unasked and set(long_words(tokens(text))).isdisjoint(_MOMENTS & set(tokens(said))):
        yield "TERM-0307", "at no special moment", unasked
    elif not unasked and (unsaid := _unsaid(local, concept, axes)):
        yield "TERM-0307", "at no special moment", unsaid


def _unsaid(local: LocalCode, concept: Concept, axes: Axes) -> str:
    """The moment or condition that a target names (`--post dialysis`) when the local side says no word of it."""
    moment = concept.coding.display.partition("--")[2] or axes.component.partition("^")[2]
    if _ORDINAL.search(moment) and not re.search(r"\d", local.text):
        return f"“{moment.strip()}”"
    words = {word for word in tokens(moment) if word.isalpha() and len(word) > 1} - _NO_MOMENT
    own = tokens(f"{local.text} {local.context}")
    return f"“{moment.strip()}”" if words and words.isdisjoint({*own, *long_words(own)}) else ""


_ORDINAL = re.compile(r"\b\d(?:st|nd|rd|th)\b", re.I)
_MOMENTS = frozenset(tokens("fasting postprandial prandial meal peak trough post"))
_NO_MOMENT = frozenset(
    tokens("in by with at of and the for or on corrected to adjusted per specimen post pre ventilator setting")
)
"""Words that alone name no moment; what is corrected for something is another analyte, not another moment."""


def _analyte(text: str, concept: Concept, axes: Axes) -> Iterator[Found]:
    own = set(tokens(text))
    other = set(tokens(f"{axes.component} {concept.coding.display.split('[')[0]}"))
    for group in _PAIRS:
        mine = [words for words in group if words & own]
        theirs = [words for words in group if words & other]
        if mine and theirs and not any(words in theirs for words in mine):
            yield "TERM-0308", sorted(mine[0] & own)[0], sorted(theirs[0] & other)[0]
            return
    ratio = "/" in axes.component and "/100" not in axes.component
    if ratio and re.search(r"\bratio\b|/", text) is None and measures(concept.properties.get("EXAMPLE_UCUM_UNITS", "")):
        return
    if not ratio and re.search(r"\bratio\b", text, re.I) and axes.kind in ("MCnc", "SCnc", "CCnc", "ACnc"):
        yield "TERM-0309", "a ratio", _PROPERTY_NAMES[axes.kind]
    elif ratio and _parts_turned(text, axes.component):
        yield "TERM-0309", text, f"the reverse, {axes.component}"


def _parts_turned(text: str, component: str) -> bool:
    """`A/G ratio` against `Globulin/Albumin`: the words before one slash are those behind the other."""
    mine, theirs = (tuple(set(tokens(part)) for part in said.split("/")) for said in (text, component))
    if len(mine) != 2 or len(theirs) != 2:
        return False
    straight = len(mine[0] & theirs[0]) + len(mine[1] & theirs[1])
    return len((mine[0] - mine[1]) & theirs[1]) > 0 and len((mine[1] - mine[0]) & theirs[0]) > 0 and straight == 0
