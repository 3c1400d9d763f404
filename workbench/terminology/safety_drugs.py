"""Drugs and allergies: strength, dose form, product against ingredient, substance against class."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workbench.terminology.code_map import Relationship
from workbench.terminology.codes import Concept
from workbench.terminology.drugs import read_drug
from workbench.terminology.harvest import LocalCode
from workbench.terminology.words import tokens

Found = tuple[str, str, str]
_CLASSES = frozenset(
    tokens(
        "penicillins cephalosporins sulfonamides sulfa nsaids nsaid opioids opiates statins aminoglycosides quinolones "
        "fluoroquinolones macrolides tetracyclines benzodiazepines barbiturates antibiotics anesthetics contrast "
        "salicylates inhibitors agents drugs steroids corticosteroids antihistamines anticonvulsants shellfish nuts "
        "vaccines insulins"
    )
)
_DISORDER = re.compile(r"allerg(?:y|ic)\b|hypersensitiv|intoleran|adverse reaction|\(disorder\)|\(finding\)", re.I)
_NONE_KNOWN = re.compile(r"\bno known\b|\bnka\b|\bnkda\b", re.I)
_ALLERGY_FIELD = re.compile(r"^(?:AL1|IAM)-|allerg", re.I)
_GROUPS: tuple[frozenset[str], ...] = (
    frozenset({"tablet", "capsule", "lozenge", "powder", "oral", "suspension", "solution"}),
    frozenset({"injection", "injectable", "solution", "powder", "suspension"}),
    frozenset({"cream", "ointment", "gel", "lotion", "topical", "solution", "powder"}),
    frozenset({"inhaler", "nasal", "solution", "powder", "suspension"}),
    frozenset({"ophthalmic", "solution", "ointment", "suspension", "gel"}),
    frozenset({"otic", "solution", "suspension"}),
    frozenset({"rectal", "cream", "suspension", "ointment", "gel"}),
    frozenset({"vaginal", "cream", "gel", "tablet"}),
    frozenset({"patch"}),
)
"""Forms that may be two names for one thing; forms that share no group are different."""


def is_allergy(local: LocalCode) -> bool:
    """True when the code stands where allergies are reported."""
    return bool(_ALLERGY_FIELD.search(local.field) or _ALLERGY_FIELD.search(local.context))


def drug_findings(local: LocalCode, concept: Concept, relationship: Relationship) -> Iterator[Found]:
    """Strength, form and kind of name that disagree."""
    own, other = read_drug(local.text or local.code), read_drug(concept.coding.display)
    if own.strengths and other.strengths and not own.strengths & other.strengths:
        yield "TERM-0315", _numbers(own.strengths), _numbers(other.strengths)
    if own.forms and other.forms and not any(own.forms & group and other.forms & group for group in _GROUPS):
        yield "TERM-0316", ", ".join(sorted(own.forms)), ", ".join(sorted(other.forms))
    elif own.release != other.release and own.forms and other.forms and other.strengths:
        names = ("an ordinary form", "a form with changed release")
        yield "TERM-0316", names[own.release], names[other.release]
    product, target_product = bool(own.strengths or own.forms), bool(other.strengths or other.forms)
    if product and not target_product and relationship is Relationship.EQUIVALENT:
        yield "TERM-0317", "a product", "only its ingredient"


def allergy_findings(local: LocalCode, concept: Concept) -> Iterator[Found]:
    """A substance against its class or a disorder, and a denial against an allergy."""
    text, display = local.text or local.code, concept.coding.display
    if bool(_NONE_KNOWN.search(text)) != bool(_NONE_KNOWN.search(display)):
        yield "TERM-0314", *_either(_NONE_KNOWN, text, "that no allergy is known", "an allergy")
        return
    own, other = bool(frozenset(tokens(text)) & _CLASSES), bool(frozenset(tokens(display)) & _CLASSES)
    if own != other and display:
        yield "TERM-0314", *(("a class", "one substance") if own else ("one substance", "a class"))
    if bool(_DISORDER.search(text)) != bool(_DISORDER.search(display)):
        yield "TERM-0314", *_either(_DISORDER, text, "a disorder", "a substance")


def _either(pattern: re.Pattern[str], text: str, yes: str, no: str) -> tuple[str, str]:
    return (yes, no) if pattern.search(text) else (no, yes)


def _numbers(strengths: frozenset[float]) -> str:
    return ", ".join(f"{strength:g}" for strength in sorted(strengths))
