"""Which places of a v2 message say who somebody is: by data type first, by field where the type says too little.

One table serves the Mask PHI display, exports of statistics and de-identification. It errs on the side of caution: a
place that no dictionary describes is `UNKNOWN` and counts as identifying.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.er7 import Segment


class Category(StrEnum):
    """What kind of thing a place holds, as far as identity is concerned.

    CODED_TEXT is the display of a code: people type names there at times, yet it is mostly a word of the trade.
    """

    NAME = "name"
    AFFIX = "name prefix or suffix"
    IDENTIFIER = "identifier"
    CHECK_DIGIT = "check digit"
    STREET = "street"
    CITY = "city"
    POSTAL_CODE = "postal code"
    AREA = "small area"
    CONTACT = "telephone or address on a network"
    ORGANIZATION = "organization"
    DATE = "date or time"
    TEXT = "free text"
    CODED_TEXT = "text of a code"
    DOCUMENT = "document"
    UNKNOWN = "unknown"
    NONE = "nothing identifying"


_XPN = {1: Category.NAME, 2: Category.NAME, 3: Category.NAME, 4: Category.AFFIX, 5: Category.AFFIX, 6: Category.AFFIX}
_XCN = {1: Category.IDENTIFIER} | {n + 1: category for n, category in _XPN.items()}
_XCN_END = {11: Category.CHECK_DIGIT, 21: Category.AFFIX}
_XAD = {
    1: Category.STREET,
    2: Category.STREET,
    3: Category.CITY,
    5: Category.POSTAL_CODE,
    8: Category.AREA,
    9: Category.AREA,
    10: Category.AREA,
}
_CODED = {2: Category.CODED_TEXT, 5: Category.CODED_TEXT, 9: Category.CODED_TEXT}
_CX = {1: Category.IDENTIFIER, 2: Category.CHECK_DIGIT}

COMPONENTS: dict[str, dict[int, Category]] = {
    "XPN": _XPN | {14: Category.AFFIX},
    "PN": _XPN,
    "XCN": _XCN | _XCN_END,
    "PPN": _XCN | {11: Category.CHECK_DIGIT, 22: Category.AFFIX},
    "CNN": _XCN,
    "CN": _XCN,
    "CM_NDL": _XCN,
    "XAD": _XAD,
    "AD": _XAD,
    "SAD": dict.fromkeys((1, 2, 3), Category.STREET),
    "XTN": dict.fromkeys((1, 4, 6, 7, 8, 9, 10, 11, 12), Category.CONTACT),
    "TN": {1: Category.CONTACT},
    "CX": _CX,
    "CK": _CX,
    "CM_PAT_ID": _CX,
    "CM_PI": {1: Category.IDENTIFIER},
    "EI": {1: Category.IDENTIFIER},
    "DLN": {1: Category.IDENTIFIER},
    "PLN": {1: Category.IDENTIFIER},
    "CM_PLN": {1: Category.IDENTIFIER},
    "AUI": {1: Category.IDENTIFIER},
    "CM_AUI": {1: Category.IDENTIFIER},
    "OSD": {2: Category.IDENTIFIER, 4: Category.IDENTIFIER},
    "XON": {
        1: Category.ORGANIZATION,
        3: Category.IDENTIFIER,
        4: Category.CHECK_DIGIT,
        10: Category.IDENTIFIER,
    },
    "ED": {5: Category.DOCUMENT},
    "RP": {1: Category.IDENTIFIER},
    "CE": _CODED,
    "CWE": _CODED,
    "CNE": _CODED,
    "CF": _CODED,
    "SN": {},
    "HD": {},
    "TX": {},
    "MSG": {},
    "PT": {},
    "VID": {},
    "PL": {9: Category.TEXT},
    "JCC": {3: Category.CODED_TEXT},
}
"""Components of composites that identify somebody; all others do not, unless their own data type is a date."""

PRIMITIVES: dict[str, Category] = {
    "ST": Category.TEXT,
    "TX": Category.TEXT,
    "FT": Category.TEXT,
    "DT": Category.DATE,
    "DTM": Category.DATE,
    "TS": Category.DATE,
}

_PERSONAL = frozenset({"PID", "PD1", "NK1", "GT1", "IN1", "IN2", "IN3", "MRG", "PDA", "STF", "PRA"})
"""Segments about a person, in which a string that nothing else is said of may be a number that identifies."""

TYPES: dict[str, str] = {"PID-2": "CX", "PID-4": "CX", "PID-6": "XPN", "PID-9": "XPN", "PID-19": "CX", "PID-20": "DLN"}
"""Fields that later versions withdrew and left without a proper type; senders go on filling them."""

FIELDS: dict[str, Category] = (
    dict.fromkeys(
        """
        MSH-8 MSH-10 MSH-14 MSA-2 QRD-4 QAK-1 QPD-2 FT1-2 FT1-3 OBR-18 OBR-19 OBR-20 OBR-21 IN1-8 IN1-36 IN2-2
        IN2-6 IN2-8 IN2-10 NK1-37 GT1-12 TXA-16 PID-19 BLG-2
        """.split(),  # noqa: SIM905  # a list of thirty quoted words hides what it says
        Category.IDENTIFIER,
    )
    | dict.fromkeys(("PID-23", "NK1-38", "GT1-56", "IN1-52", "ACC-3", "PID-12"), Category.AREA)
    | dict.fromkeys(("IN3-15", "IN3-21", "ACC-9"), Category.NAME)
    | {"STF-15": Category.CONTACT}
    | dict.fromkeys(("PID-37", "NK1-10", "GT1-49", "IN2-46", "STF-18", "IN1-22", "IN1-45", "IN2-21"), Category.TEXT)
)
"""What a field of type ST holds, where its type says too little."""


_VARIES = "varies"
_OPEN = frozenset({Category.NONE, Category.CODED_TEXT})


@lru_cache(maxsize=8192)
def is_phi(segment: str, field: int, component: int = 0, data_type: str = "") -> bool:
    """True when a place may say who somebody is: what Mask PHI hides.

    component  0 for the whole field
    data_type  of the field; "" when it is not known, which counts as identifying
    """
    if component:
        return category(segment, field, component, data_type) not in _OPEN
    kind = TYPES.get(f"{segment}-{field}", data_type)
    definition = dictionary("").data_type(kind)
    count = len(definition.components) if definition else max(COMPONENTS.get(kind, {}), default=1)
    return any(category(segment, field, part, data_type) not in _OPEN for part in range(1, max(count, 1) + 1))


def category(
    segment: str, field: int, component: int, data_type: str, known: Dictionary | None = None, subcomponent: int = 1
) -> Category:
    """What a component of a field holds; `known` resolves composites that have no row in `COMPONENTS`."""
    name = f"{segment}-{field}"
    if name in FIELDS:
        return FIELDS[name]
    return _by_type(TYPES.get(name, data_type), component, subcomponent, segment in _PERSONAL, known or dictionary(""))


@lru_cache(maxsize=8192)
def _by_type(data_type: str, component: int, subcomponent: int, personal: bool, known: Dictionary) -> Category:
    if data_type in PRIMITIVES:
        found = PRIMITIVES[data_type]
        if found is Category.DATE and component > 1:
            return Category.NONE  # TS.2, the precision
        return Category.IDENTIFIER if data_type == "ST" and personal else found
    listed = COMPONENTS.get(data_type)
    if listed is not None and component in listed:
        return listed[component]
    definition = known.data_type(data_type)
    if definition is None:
        return Category.UNKNOWN if listed is None else Category.NONE
    if definition.primitive:
        return Category.NONE if component == 1 else Category.UNKNOWN
    if component > len(definition.components):
        return Category.UNKNOWN
    inner = definition.components[component - 1].data_type
    if listed is not None:
        return _date_only(inner)
    return _by_type(inner, subcomponent, 1, personal, known)


def _date_only(data_type: str) -> Category:
    """Within a listed composite everything that is neither listed nor a date is codes and names of systems."""
    if PRIMITIVES.get(data_type) is Category.DATE or data_type in ("DR", "DR_SIMPLE"):
        return Category.DATE
    return Category.CODED_TEXT if data_type in ("CE", "CWE", "CNE") else Category.NONE


def data_type_of(segment: Segment, field: int, known: Dictionary) -> str:
    """The data type of a field in this message, "" when nobody can say; OBX-2 and its like choose for `varies`."""
    stated = _stated_type(segment.name, field, known)
    if stated != _VARIES:
        return stated
    chosen = segment.value(2) if segment.name == "OBX" else ""
    return chosen if known.data_type(chosen) is not None else ""


@lru_cache(maxsize=1 << 14)
def _stated_type(segment: str, field: int, known: Dictionary) -> str:
    if (name := f"{segment}-{field}") in TYPES:
        return TYPES[name]
    definition = known.field(segment, field)
    if definition is None:
        return ""
    return _VARIES if definition.data_type.lower() == _VARIES else definition.data_type
