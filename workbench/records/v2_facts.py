"""Facts from the fields of a v2 segment: what is written there in clinical words, digits untouched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workbench.kernel.location import Location
from workbench.kernel.partial_time import PartialDateTime
from workbench.records.clinical import DELETED, Fact, FactName, time_text
from workbench.records.wording import worded
from workbench.terminology.codes import Coding
from workbench.v2.er7 import Segment
from workbench.v2.escapes import unescape

NULL = '""'
_TRIPLES = (1, 4, 10)  # first components of code, text, system in a CWE (v2.7 2A.3.13); CE and CNE have the first two
_NO_WORDS: Mapping[str, str] = {}


def place(segment: Segment, field: int, repetition: int = 1) -> Location:
    """Where a field stands."""
    return Location(segment.path(field, repetition), segment.span(field, repetition))


def component(segment: Segment, field: int, number: int, repetition: int = 1) -> str:
    """A whole component, unescaped and without blanks around it; "" when absent or deleted."""
    text = unescape(segment.text_of(field, repetition, number), segment.message.delimiters).strip()
    return "" if text == NULL else text


def is_deleted(segment: Segment, field: int) -> bool:
    """True when the field is `""`: remove what you have (v2.5.1 2.5.3, "null")."""
    return segment.raw(field) == NULL


def concept(segment: Segment, field: int, repetition: int = 1) -> tuple[str, tuple[Coding, ...]]:
    """(words, codes) of a CWE, CE, CNE, IS or ID; the sender's original text comes before displays and codes."""
    codes = tuple(
        Coding(component(segment, field, first + 2, repetition), code, component(segment, field, first + 1, repetition))
        for first in _TRIPLES
        if (code := component(segment, field, first, repetition))
    )
    words = component(segment, field, 2, repetition) or component(segment, field, 9, repetition)
    return words or component(segment, field, 5, repetition) or (codes[0].code if codes else ""), codes


def repetitions(segment: Segment, field: int) -> range:
    """The 1-based numbers of the repetitions of a field; none when it is empty or deleted."""
    return range(1, 1 if is_deleted(segment, field) else len(segment.repetitions(field)) + 1)


def deleted(name: FactName, segment: Segment, field: int) -> Fact | None:
    """The fact that the sender deletes this field, None when it does not."""
    if not is_deleted(segment, field):
        return None
    return Fact(name, DELETED, deleted=True, source=place(segment, field))


def coded(name: FactName, segment: Segment, field: int, table: Mapping[str, str] = _NO_WORDS) -> Fact | None:
    """A coded field; its words come from `table` when that knows the code."""
    text, codes = concept(segment, field)
    if codes and codes[0].code != (known := worded(codes[0].code, table)):
        text = known
    if not text:
        return deleted(name, segment, field)
    return Fact(name, text, codes=codes, source=place(segment, field))


def coded_all(name: FactName, segment: Segment, field: int) -> list[Fact]:
    """One fact for each repetition of a coded field."""
    found = ((repetition, *concept(segment, field, repetition)) for repetition in repetitions(segment, field))
    return [Fact(name, text, codes=codes, source=place(segment, field, n)) for n, text, codes in found if text]


def plain(name: FactName, segment: Segment, field: int, number: int = 1) -> Fact | None:
    """One component as text."""
    text = component(segment, field, number)
    if not text:
        return deleted(name, segment, field)
    return Fact(name, text, source=place(segment, field))


def moment(name: FactName, segment: Segment, field: int, number: int = 1) -> Fact | None:
    """A DT, TS or DTM with the precision it has; text that is no time is shown as it was sent."""
    text = component(segment, field, number)
    if not text:
        return deleted(name, segment, field)
    return timed(name, text, place(segment, field))


def timed(name: FactName, text: str, source: Location | None) -> Fact:
    """The fact of a v2 time written as `text`."""
    try:
        time = PartialDateTime.from_hl7(text)
    except ValueError:
        return Fact(name, text, source=source)
    return Fact(name, time_text(time), time=time, source=source)


def quantity(name: FactName, segment: Segment, value: int, unit: int) -> Fact | None:
    """A number in one field and its unit (CWE) in another."""
    text = component(segment, value, 1)
    if not text:
        return deleted(name, segment, value)
    return Fact(name, text, units=units(segment, unit), source=place(segment, value))


def units(segment: Segment, field: int) -> tuple[str, ...]:
    """Every spelling of a unit; a number in the code's place is a local code and comes last."""
    spellings = [component(segment, field, number) for number in (1, 2, 4, 5, 9)]
    found = dict.fromkeys(spelling for spelling in spellings if spelling)
    return tuple(sorted(found, key=str.isdigit))


def provider_name(segment: Segment, field: int, repetition: int) -> str:
    """XCN without titles, which stand in several components and in several forms."""
    family = segment.value(field, repetition, 2).strip()
    parts = (component(segment, field, 3, repetition), component(segment, field, 4, repetition), family)
    return " ".join(part for part in parts if part and part != NULL)


def person_name(segment: Segment, field: int, repetition: int) -> str:
    """XPN: prefix, given names, family name, suffix, degree."""
    family = segment.value(field, repetition, 1).strip()
    given, middle, suffix, prefix, degree = (component(segment, field, n, repetition) for n in range(2, 7))
    parts = (prefix, given, middle, "" if family == NULL else family, suffix, degree)
    return " ".join(part for part in parts if part)


def address(segment: Segment, field: int, repetition: int) -> str:
    """XAD: street, other designation, city, state, postal code, country, county."""
    street = " ".join(
        part for part in (segment.value(field, repetition, 1, sub).strip() for sub in (3, 2, 1)) if part != ""
    )
    rest = (component(segment, field, number, repetition) for number in (2, 3, 4, 5, 6))
    return ", ".join(part for part in (street, *rest) if part and part != NULL)


def telephone(segment: Segment, field: int, repetition: int) -> str:
    """XTN: the e-mail address, the unformatted number, the parts of a number, or the old free form, in this order."""
    parts = {number: component(segment, field, number, repetition) for number in (1, 3, 4, 5, 6, 7, 8, 12)}
    if parts[3].casefold() in ("internet", "x.400") and parts[4]:
        return parts[4]
    if parts[12]:
        return parts[12]
    joined = " ".join(
        part
        for part in (parts[5] and f"+{parts[5].lstrip('+')}", parts[6], parts[7], parts[8] and f"ext. {parts[8]}")
        if part
    )
    return joined if parts[7] else parts[1] or joined


def only(*facts: Fact | None) -> tuple[Fact, ...]:
    """The facts that are there."""
    return tuple(fact for fact in facts if fact is not None)


def joined(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The facts without repetitions of the same words under the same name."""
    return tuple({(fact.name, fact.shown): fact for fact in facts}.values())
