"""The primitives of a field that may say who somebody is: where they stand, what they hold, what stands for them.

Much of a feed is the same from message to message, so what was found in a field is kept for a while.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from workbench.security.free_text import SHORTEST_KNOWN
from workbench.security.pseudonyms import Pseudonyms
from workbench.v2.delimiters import NULL, Delimiters
from workbench.v2.dictionary import Dictionary
from workbench.v2.escapes import unescape
from workbench.v2.phi import Category, category

LONG_CODE = 6
"""Characters of a code that nobody would take one of a person's names or numbers for by chance."""
_FAMILY = {"XPN": 1, "PN": 1, "XCN": 2, "CN": 2, "CNN": 2, "PPN": 2, "CM_NDL": 2, "NDL": 2}
_PROVIDERS = frozenset({"XCN", "CN", "CNN", "NDL", "PPN", "CM_NDL"})
_NUMBERS = frozenset({"NM", "SI", "TM", "SN", "VID", "MSG", "CM_MSG", "PT", "ID", "CQ", "MO", "CP"})
_NAMED_NUMBERS = frozenset({Category.IDENTIFIER, Category.CONTACT, Category.STREET, Category.CITY})
_BREAK = re.compile(r"[\s\-]+")

Maker = Callable[[Pseudonyms, str, str], str]
"""Makes the pseudonym of a value for a subject."""


class Leaf(NamedTuple):
    """One primitive of a field.

    place   repetition, component and subcomponent
    at      where in the field's text it begins
    value   `text` unescaped
    folded  the text of a code without its case, "" for all else
    make    gives the pseudonym
    known   what free text is searched for because it stands here, and its casefolded form
    """

    place: tuple[int, int, int]
    at: int
    text: str
    value: str
    data_type: str
    category: Category
    folded: str
    make: Maker
    known: tuple[tuple[str, str], ...]


class Leaves(NamedTuple):
    """The primitives of a field that may have to change, and those among them whose values are searched for."""

    all: tuple[Leaf, ...]
    telling: tuple[Leaf, ...]


Finder = Callable[[str, int, str, str], Leaves]
"""Segment, number, data type and text of a field."""


@lru_cache(maxsize=8)
def finder(delimiters: Delimiters, known: Dictionary) -> Finder:
    """Finds the leaves of fields written with these delimiters; explicit nulls say nothing about anybody."""

    @lru_cache(maxsize=1 << 14)
    def leaves(segment: str, number: int, data_type: str, text: str) -> Leaves:
        found: list[Leaf] = []
        at = 0
        for repetition, whole in enumerate(_split(text, delimiters.repetition), 1):
            for component, parts in enumerate(_split(whole, delimiters.component), 1):
                for place, part in enumerate(_split(parts, delimiters.subcomponent), 1):
                    if part and part != NULL and not part.isspace():
                        kind = category(segment, number, component, data_type, known, place)
                        if kind is not Category.NONE or _may_tell(part, data_type):
                            value = unescape(part, delimiters)
                            found.append(_leaf((repetition, component, place), at, part, value, data_type, kind))
                    at += len(part) + 1
        return Leaves(tuple(found), tuple(leaf for leaf in found if leaf.known))

    return leaves


def as_one(text: str, data_type: str, parts: Leaves) -> Leaves:
    """A field that is removed as a whole; what stands in it is searched for elsewhere all the same."""
    kind = next((leaf.category for leaf in parts.all if leaf.category is not Category.NONE), Category.NONE)
    whole = Leaf((0, 0, 0), 0, text, text, data_type, kind, "", _identifier, ())
    return Leaves((whole,), parts.telling)


def _leaf(place: tuple[int, int, int], at: int, text: str, value: str, data_type: str, kind: Category) -> Leaf:
    folded = text.casefold() if kind is Category.NONE else ""
    make = _maker(kind, data_type, place[1], place[2], " " in value)
    return Leaf(place, at, text, value, data_type, kind, folded, make, _searched_for(kind, value))


def _may_tell(text: str, data_type: str) -> bool:
    """True for codes so long that nobody would take one of a person's names or numbers for them by chance."""
    return len(text) >= LONG_CODE and data_type not in _NUMBERS


def _searched_for(kind: Category, value: str) -> tuple[tuple[str, str], ...]:
    if kind is Category.NAME:
        words = (word.strip(".,") for word in (*value.split(), *_BREAK.split(value)))
        return tuple((word, word.casefold()) for word in words if len(word) >= SHORTEST_KNOWN)
    if kind in _NAMED_NUMBERS and len(value) > SHORTEST_KNOWN and not value.isspace():
        return ((value, value.casefold()),)
    return ()


def _maker(kind: Category, data_type: str, component: int, subcomponent: int, has_blank: bool) -> Maker:
    match kind:
        case Category.NAME:
            position = subcomponent if data_type == "NDL" else component
            is_family = position == _FAMILY.get(data_type, 0)
            if data_type in _PROVIDERS:
                return _provider_family if is_family else _provider_given
            return _family if is_family else _given
        case Category.STREET if component == 1 and subcomponent == 1:
            return Pseudonyms.street
        case Category.CITY:
            return Pseudonyms.city
        case Category.AREA if has_blank:
            return Pseudonyms.city
        case Category.CONTACT if not (data_type == "XTN" and component == 6):
            return _contact
        case Category.ORGANIZATION:
            return _organization
        case _:
            return _identifier


def _family(pseudonyms: Pseudonyms, value: str, subject: str) -> str:
    return pseudonyms.name(value, subject, given=False)


def _given(pseudonyms: Pseudonyms, value: str, subject: str) -> str:
    return pseudonyms.name(value, subject, given=True)


def _provider_family(pseudonyms: Pseudonyms, value: str, _subject: str) -> str:
    return pseudonyms.name(value, "", given=False)


def _provider_given(pseudonyms: Pseudonyms, value: str, _subject: str) -> str:
    return pseudonyms.name(value, "", given=True)


def _contact(pseudonyms: Pseudonyms, value: str, _subject: str) -> str:
    return pseudonyms.contact(value)


def _organization(pseudonyms: Pseudonyms, value: str, _subject: str) -> str:
    return pseudonyms.organization(value)


def _identifier(pseudonyms: Pseudonyms, value: str, _subject: str) -> str:
    return pseudonyms.identifier(value)


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if separator else [text]
