"""Names that have nothing in common: the most frequent slip of a hand is the row above or below the right one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import fuzz

from workbench.terminology.codes import Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.laboratory import WEAK
from workbench.terminology.specimens import named_specimen
from workbench.terminology.words import long_words, parts, short_forms, tokens

_ALIKE = 85
"""Ratio from which two words count as one, spelled differently."""
_SHORT = 3
"""Shorter words must be the same; longer ones may begin alike."""
_FEW = frozenset(
    tokens(
        "patient specimen sample unspecified identified microscopy automated manual other mass vol volume mole molar "
        "ratio count absolute number units body fluid time fraction percent presence arbitrary concentration titer "
        "area field "
        "power high low total panel fasting post light probe amplification detection naa immunoassay coagulation method"
    )
)
"""Words of the other axes: what is measured they do not say."""


def nothing_in_common(local: LocalCode, concept: Concept) -> bool:
    """True when no word of the local name, nor what it is short for, is among the target's wordings.

    Silent where the local side has no word that says what is measured.
    """
    own = _meaningful(local.text)
    if not own:
        return False
    other = _meaningful_of(concept.texts, concept.properties.get("COMPONENT", ""))
    if not other or not own.isdisjoint(other):
        return False
    if _initials(concept.texts) & own or _initials((local.text,)) & other:
        return False
    joined = "".join(tokens(local.text))
    return not any(
        _alike(mine, theirs) or (len(theirs) > _SHORT and theirs in joined) for mine in own for theirs in other
    )


def _alike(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    if shorter <= _SHORT:
        return False
    return one[: max(_SHORT + 1, shorter)] == other[: max(_SHORT + 1, shorter)] or fuzz.ratio(one, other) >= _ALIKE


@lru_cache(maxsize=20_000)
def _meaningful(text: str) -> frozenset[str]:
    """The words that say what is measured, with what they are short for."""
    found = tokens(text)
    whole = {*found, *long_words(found), *_phrases(found)}
    whole |= {part for word in found for part in parts(word)}
    return frozenset(
        word for word in whole if word not in WEAK and word not in _FEW and len(word) > 1 and not named_specimen(word)
    ) - frozenset(word for word in whole if word.isdigit())


def _phrases(found: tuple[str, ...]) -> set[str]:
    """What short forms of several words stand for."""
    forms = short_forms()
    return {
        word
        for start in range(len(found))
        for length in (2, 3)
        for meaning in forms.get(found[start : start + length], ())
        for word in meaning
    }


@lru_cache(maxsize=4_000)
def _meaningful_of(texts: tuple[str, ...], component: str) -> frozenset[str]:
    return frozenset().union(*(_meaningful(text) for text in (*texts, component)))


def _initials(texts: Iterable[str]) -> frozenset[str]:
    """`Blood Urea Nitrogen` → bun, of every wording and of the words before a bracket."""
    found = set()
    for text in texts:
        words = tokens(text.partition("[")[0])
        for start in range(len(words)):
            for length in (2, 3, 4, 5):
                piece = words[start : start + length]
                if len(piece) == length:
                    found.add("".join(word[0] for word in piece))
    return frozenset(found)
