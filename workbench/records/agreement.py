"""Whether two facts say the same: numbers by value, times by stated precision, codes by code or words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from workbench.kernel.partial_time import PartialDateTime, Precision
from workbench.records.clinical import Fact, FactName, SectionName

_NUMBER = re.compile(r"((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d", re.ASCII)
_WORD = re.compile(r"\w+")
_COUNTED = frozenset(
    {
        FactName.VALUE,
        FactName.DOSE,
        FactName.STRENGTH,
        FactName.RATE,
        FactName.AMOUNT,
        FactName.REFILLS,
        FactName.REFERENCE_RANGE,
    }
)
"""Facts whose numbers count by value; elsewhere (identifiers, lots) `007` is not `7`."""

_PERSONAL = frozenset({SectionName.DEMOGRAPHICS, SectionName.VISIT})

_UNIT_SPELLINGS = {
    "mcg": "ug", "μg": "ug", "µg": "ug", "cc": "ml", "hr": "h", "hour": "h", "hours": "h", "sec": "s", "day": "d",
    "days": "d", "week": "wk", "iu": "[iu]", "unit": "u", "units": "u", "[iu]": "[iu]", "beats": "", "{beats}": "",
    "bpm": "/min", "k": "10*3", "thou": "10*3", "x10^3": "10*3", "10^3": "10*3", "x10e3": "10*3", "10e3": "10*3",
    "m": "10*6", "mil": "10*6", "x10^6": "10*6", "10^6": "10*6", "10e6": "10*6", "tab": "tablet", "tabs": "tablet",
    "tablets": "tablet", "cap": "capsule", "caps": "capsule", "capsules": "capsule", "percent": "%",
    "degc": "cel", "c": "cel",
}  # fmt: skip


class Kind(StrEnum):
    """How the result relates to the source."""

    MISSING = "missing in the result"
    CHANGED = "changed"
    UNVALIDATED = "kept as text, not validated"
    ADDED = "only in the result"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class FactDifference:
    """One fact on both sides; `note` says in words what a reader might not see at once."""

    name: FactName
    source: Fact | None
    result: Fact | None
    kind: Kind
    note: str = ""


def compare_facts(section: SectionName, key: str, source: Fact, result: Fact) -> FactDifference:
    """How a fact of the result relates to the same fact of the source."""
    kind, note = _compared(section, key, source, result)
    if kind is Kind.SAME and result.unvalidated and any(coding.system for coding in source.codes):
        kind = Kind.UNVALIDATED
    return FactDifference(source.name, source, result, kind, note)


def _compared(section: SectionName, key: str, source: Fact, result: Fact) -> tuple[Kind, str]:
    if source.deleted:
        told = result.deleted or result.text.startswith("not stated")
        return (Kind.SAME, "") if told else (Kind.CHANGED, "the sender deletes it")
    if source.time is not None and result.time is not None:
        return _times(source.time, result.time)
    if {coding.code for coding in source.codes} & {coding.code for coding in result.codes}:
        return Kind.SAME, ""
    if section in _PERSONAL:
        return _personal(key, source, result)
    if source.name in _COUNTED:
        return _numbers(source, result)
    if _plain(source.text) == _plain(result.text):
        return Kind.SAME, ""
    if source.codes and result.codes and _words(source.text) and _words(source.text) <= _words(result.text):
        return Kind.SAME, ""
    return Kind.CHANGED, ""


def _personal(key: str, source: Fact, result: Fact) -> tuple[Kind, str]:
    """Names and addresses by their words in any order, telephone numbers by their signs, identifiers exactly."""
    if key == "identifier":
        return (Kind.SAME if source.text == result.text else Kind.CHANGED), ""
    if source.text == result.text:
        return Kind.SAME, ""
    own, other = _words(source.text), _words(result.text)
    same = bool(own) and own <= other  # a longer address or a name with its titles is no loss
    if key == "contact":
        same = "".join(_WORD.findall(source.text.casefold())) == "".join(_WORD.findall(result.text.casefold()))
    return (Kind.SAME if same else Kind.CHANGED), ""


# --- numbers and units -----------------------------------------------------------------------------------------------


def _numbers(source: Fact, result: Fact) -> tuple[Kind, str]:
    if _CLOCK.fullmatch(source.text) and result.text == f"{source.text}:00":
        return Kind.SAME, "seconds were added"  # FHIR's time must have them
    own, other = _pieces(source.text), _pieces(result.text)
    if own[0] != other[0] or len(own[1]) != len(other[1]):
        return Kind.CHANGED, ""
    if [_decimal(number) for number in own[1]] != [_decimal(number) for number in other[1]]:
        return Kind.CHANGED, _times_as_much(own[1], other[1])
    differing = _unit_difference(source, result)
    if differing:
        return Kind.CHANGED, differing
    return Kind.SAME, "" if own[1] == other[1] else "same value, digits differ"


def _pieces(text: str) -> tuple[str, list[str]]:
    """(what stands around the numbers, the numbers as written): `< 5.40` → (`<#`, [`5.40`])."""
    split = _NUMBER.split(text)
    around = "#".join("".join(piece.casefold().split()) for piece in split[::2])
    around = around.replace("#to#", "#-#").removeprefix("+")
    return around, split[1::2]


def _decimal(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _times_as_much(own: list[str], other: list[str]) -> str:
    """`1,000 times as much` when one number became another by a power of ten: the decimal point moved."""
    if len(own) != 1:
        return ""
    before, after = _decimal(own[0]), _decimal(other[0])
    if not isinstance(before, Decimal) or not isinstance(after, Decimal) or not before or not after:
        return ""
    larger, smaller = max(before, after), min(before, after)
    factor = (larger / smaller).normalize()
    if factor == 1 or factor.as_tuple().digits != (1,):
        return ""
    return f"{factor:,f} times as much" if after > before else f"a {factor:,f}th of it"


def _unit_difference(source: Fact, result: Fact) -> str:
    own, other = {_unit(unit) for unit in source.units}, {_unit(unit) for unit in result.units}
    if own and not other:
        return "the unit is missing"
    if other and not own:
        return "the sender gave no unit"
    return "" if own & other or not own else "the unit differs"


def _unit(text: str) -> str:
    """A unit in one spelling: `K/uL` and `10*3/uL`, `mcg` and `ug` are the same."""
    parts = "".join(text.casefold().split()).split("/")
    return "/".join(_UNIT_SPELLINGS.get(part, part) for part in parts)


# --- times -----------------------------------------------------------------------------------------------------------


def _times(source: PartialDateTime, result: PartialDateTime) -> tuple[Kind, str]:
    """Equal as far as the source states it; the result must not be more exact, nor less.

    FHIR has hours only with minutes and seconds, so zeros below what the source states are no precision.
    """
    if source.precision > Precision.DAY and result.precision <= Precision.DAY:
        same = source.to_fhir_date() == result.to_fhir_date()
        return Kind.CHANGED, "the time of day is missing" if same else ""
    if source.precision <= Precision.DAY or result.precision <= Precision.DAY:
        least = min(source.precision, result.precision)
        if _cut(source, least) != _cut(result, least):
            return Kind.CHANGED, ""
        if result.precision == source.precision:
            return Kind.SAME, ""
        return Kind.CHANGED, "more exact than the sender said" if result.precision > least else "less exact"
    if source.offset is not None and result.offset is not None:
        return (Kind.SAME if source.moment() == result.moment() else Kind.CHANGED), ""
    if replace(source, offset=None).moment() != replace(result, offset=None).moment():
        return Kind.CHANGED, ""
    if source.offset == result.offset:
        return Kind.SAME, ""
    return Kind.SAME, "a time zone was added" if source.offset is None else "the time zone is missing"


def _cut(time: PartialDateTime, precision: Precision) -> tuple[int, ...]:
    return (time.year, time.month, time.day)[:precision]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
