"""A message or a Bundle as a clinician reads it: sections, items and facts in clinical words.

Two readers make it, `from_v2` and `from_fhir`, each from its own standard and neither by way of the mapping, so that
comparing their results is a second opinion on the mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from workbench.kernel.location import Location
from workbench.kernel.partial_time import PartialDateTime, Precision
from workbench.terminology.codes import Coding

DELETED = "deleted"


class SectionName(StrEnum):
    """The parts of a record in the order they are shown."""

    DEMOGRAPHICS = "Demographics"
    ALLERGIES = "Allergies"
    MEDICATIONS = "Medications"
    PROBLEMS = "Problems"
    RESULTS = "Results"
    IMMUNIZATIONS = "Immunizations"
    VISIT = "Visit"
    ORDERS = "Orders"
    APPOINTMENTS = "Appointments"
    DOCUMENTS = "Documents"


class FactName(StrEnum):
    """What is said of an item; the words are shown as they stand here."""

    NAME = "name"
    VALUE = "value"
    NUMBER = "number"
    CATEGORY = "category"
    SEVERITY = "severity"
    REACTION = "reaction"
    ONSET = "onset"
    RECORDED = "recorded"
    STATUS = "status"
    CERTAINTY = "certainty"
    DOSE = "dose"
    STRENGTH = "strength"
    INGREDIENT = "ingredient"
    FORM = "form"
    ROUTE = "route"
    SITE = "site"
    TIMING = "timing"
    RATE = "rate"
    INSTRUCTIONS = "instructions"
    AMOUNT = "amount dispensed"
    REFILLS = "refills"
    REFERENCE_RANGE = "reference range"
    FLAG = "flag"
    NOTE = "note"
    TIME = "time"
    END = "end"
    LOT = "lot"
    EXPIRES = "expires"
    MANUFACTURER = "manufacturer"
    REASON = "reason"
    PLACER_NUMBER = "placer number"
    FILLER_NUMBER = "filler number"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is said.

    text         in clinical words, digits of numbers exactly as sent; "deleted" where the sender deletes
    codes        the codes it was said with; none for plain text
    units        the unit in every spelling that was given, the one to show first; () when it has none
    time         set when the text is a date or time
    deleted      the sender wrote `""`: remove what you have
    unvalidated  kept as text because no code stands for it
    """

    name: FactName
    text: str
    codes: tuple[Coding, ...] = ()
    units: tuple[str, ...] = ()
    time: PartialDateTime | None = None
    deleted: bool = False
    unvalidated: bool = False
    source: Location | None = None

    @property
    def shown(self) -> str:
        """The text with its unit."""
        return f"{self.text} {self.units[0]}" if self.units and not self.deleted else self.text


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a section: an allergy, a result, or a demographic such as the date of birth.

    key    what kind of entry it is: only items of one key are ever the same. In Demographics and Visit it is the
           heading (`date of birth`), elsewhere it tells kinds apart (`ordered`, `dispensed`); may be ""
    label  the substance, drug, disease or test; the heading where the key is one; "" when it was not named
    codes  the codes of the label
    """

    key: str
    label: str
    facts: tuple[Fact, ...] = ()
    codes: tuple[Coding, ...] = ()
    unvalidated: bool = False
    source: Location | None = None

    def fact(self, name: FactName) -> Fact | None:
        """The first fact of that name."""
        return next((fact for fact in self.facts if fact.name is name), None)

    @property
    def text(self) -> str:
        """All facts in one line: `0.125 mg · oral · once daily`."""
        return " · ".join(fact.shown for fact in self.facts)

    @property
    def code(self) -> str:
        """The first code, "" when there is none."""
        return self.codes[0].code if self.codes else ""

    @property
    def unit(self) -> str:
        """The unit of the value or dose, "" when there is none."""
        return next((fact.units[0] for fact in self.facts if fact.units), "")

    @property
    def flag(self) -> str:
        """`high`, `low`, `abnormal`…; "" when nothing was flagged."""
        fact = self.fact(FactName.FLAG)
        return fact.text if fact else ""

    @property
    def any_unvalidated(self) -> bool:
        """True when the item or one of its facts was kept as text only."""
        return self.unvalidated or any(fact.unvalidated for fact in self.facts)


@dataclass(frozen=True, slots=True)
class Section:
    """The items of one part of the record in the order of the message."""

    name: SectionName
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class ClinicalRecord:
    """What a message or Bundle says of one patient; empty sections are left out."""

    sections: tuple[Section, ...]

    def items(self, name: SectionName) -> tuple[Item, ...]:
        """The items of a section, () when it is empty."""
        return next((section.items for section in self.sections if section.name is name), ())

    def __iter__(self) -> Iterator[tuple[SectionName, Item]]:
        return ((section.name, item) for section in self.sections for item in section.items)


def record_of(items: Mapping[SectionName, Iterable[Item]]) -> ClinicalRecord:
    """The record of these items, sections in the order of `SectionName`."""
    sections = (Section(name, tuple(items.get(name, ()))) for name in SectionName)
    return ClinicalRecord(tuple(section for section in sections if section.items))


def time_text(time: PartialDateTime) -> str:
    """`1980-01`, `2021-08-24 10:30 +02:15`: as far as it was stated, for people."""
    text = time.to_fhir_date()
    if time.precision >= Precision.HOUR:
        text += f" {time.hour:02}:{time.minute:02}" if time.precision > Precision.HOUR else f" {time.hour:02} h"
    if time.precision >= Precision.SECOND:
        text += f":{time.second:02}"
    if time.precision is Precision.FRACTION:
        text += f".{time.fraction}"
    if time.offset is None:
        return text
    sign = "-" if time.offset < 0 else "+"
    return f"{text} {sign}{abs(time.offset) // 60:02}:{abs(time.offset) % 60:02}"
