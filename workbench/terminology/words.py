"""How texts of codes are cut into words for comparison, and the short forms that laboratories and wards use.

A short form adds its long words and never replaces what was written: `K` may be potassium or a vitamin.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping
from functools import cache, lru_cache

from workbench.kernel.shipped import shipped

_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)?|%|[\u0370-\U0010ffff]")
_TOKEN = re.compile(r"\d+(?:\.\d+)?(?=[a-z]|\b)|[a-z][a-z0-9]*|\d+|[\u0370-\U0010ffff]")
# Tall-man lettering (carBAMazepine) is one word: only a capital that begins a word of small letters divides.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z]{2})")
_INITIALS = re.compile(r"\b(?:[A-Za-z]\.\s?){2,}[A-Za-z]?(?![A-Za-z])")
_GROUPED_DIGITS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_FILLING = frozenset({"a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
_GREEK = str.maketrans(
    {"α": " alpha ", "β": " beta ", "γ": " gamma ", "δ": " delta ", "κ": " kappa ", "λ": " lambda ", "μ": "u"}
)
_SPELLING = re.compile(
    r"haem|aemia|oedema|oest(?=r)|sulph|leuco|oesoph|diarrhoea|foet|paed|anaes|caec|faec|gynaec|our\b|isation|ised\b|canceled|canceling"
)
_AMERICAN = {
    "haem": "hem", "aemia": "emia", "oedema": "edema", "oest": "est", "sulph": "sulf", "leuco": "leuko",
    "oesoph": "esoph", "diarrhoea": "diarrhea", "foet": "fet", "paed": "ped", "anaes": "anes", "caec": "cec",
    "faec": "fec", "gynaec": "gynec", "our": "or", "isation": "ization", "ised": "ized",
    "canceled": "cancelled", "canceling": "cancelling",
}  # fmt: skip
_PHRASE = 4
"""Words of the longest short form that is looked for."""


def _plain(text: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = decomposed if decomposed.isascii() else "".join(s for s in decomposed if not unicodedata.combining(s))
    return bare.casefold()


@lru_cache(maxsize=100_000)
def words(text: str) -> tuple[str, ...]:
    """The words of a text in its order: lower case, no accents, letters apart from digits, filling words left out."""
    return tuple(word for word in _WORD.findall(_plain(_CAMEL.sub(" ", text))) if word not in _FILLING)


@lru_cache(maxsize=200_000)
def tokens(text: str, camel: bool = True) -> tuple[str, ...]:
    """The words of a text in the one form in which they are compared.

    Beyond `words`: American spelling, no plural s, `S.G.O.T.` in one piece, letters keep the digits that follow them
    (`t4`, `cd57`), digits lose the letters that follow them (`50mg`), µ becomes u and other Greek letters their names.

    camel  take `CreatinineClearance` for two words; brand names (`UroXatral`) are one
    """
    text = _CAMEL.sub(" ", text) if camel else text
    joined = _INITIALS.sub(lambda match: re.sub(r"[.\s]", "", match[0]) + " ", _GROUPED_DIGITS.sub("", text))
    plain = _plain(joined).translate(_GREEK)
    plain = _SPELLING.sub(lambda match: _AMERICAN[match[0]], plain)
    return tuple(_singular(word) for word in _TOKEN.findall(plain) if word not in _FILLING)


def _singular(word: str) -> str:
    if len(word) < 4 or word[-1] != "s" or word[-2] in "sui" or not word.isalpha():
        return word
    return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]


@lru_cache(maxsize=20_000)
def parts(token: str) -> tuple[str, ...]:
    """The letters and the digits of a mixed token: `cd57` → (cd, 57); () when it is not mixed."""
    found = re.findall(r"[a-z]+|\d+(?:\.\d+)?", token)
    return tuple(found) if len(found) > 1 else ()


ShortForms = Mapping[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""Tokens of a short form → its meanings as tokens."""


@cache
def _tables() -> Mapping[str, Mapping[str, str | list[str]]]:
    return tomllib.loads(shipped("resources", "terminology", "short_forms.toml").read_text(encoding="utf-8"))


@cache
def short_forms(domains: Collection[str] = ()) -> ShortForms:
    """The short forms of some domains of `short_forms.toml` (a frozenset or tuple), or of all."""
    found: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
    for domain, table in _tables().items():
        if domains and domain not in domains:
            continue
        for short, long in table.items():
            meanings = tuple(tokens(meaning) for meaning in ([long] if isinstance(long, str) else long))
            key = tokens(short)
            found[key] = tuple(dict.fromkeys((*found.get(key, ()), *(m for m in meanings if m != key))))
    return found


def long_words(found: tuple[str, ...]) -> tuple[str, ...]:
    """The words that the short forms among `found` stand for, without those that are there already."""
    forms = short_forms()
    added: dict[str, None] = {}
    for word in found:
        for meaning in forms.get((word,), ()):
            added.update(dict.fromkeys(long for long in meaning if long not in found))
    return tuple(added)


def phrases(found: tuple[str, ...], forms: ShortForms) -> list[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]]:
    """The tokens cut into pieces, the longest short form first: (tokens of the piece, its meanings or ())."""
    pieces: list[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]] = []
    start = 0
    while start < len(found):
        for length in range(min(_PHRASE, len(found) - start), 0, -1):
            piece = found[start : start + length]
            meanings = forms.get(piece, ())
            if meanings or length == 1:
                pieces.append((piece, meanings))
                start += length
                break
    return pieces
