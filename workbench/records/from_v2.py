"""The clinical record of a v2 message, read from its segments and not by way of the mapping.

Which field holds what: v2.5.1 chapters 3 (PID, PV1, AL1, IAM), 4 (RXO, RXE, RXD, RXA, RXR, TQ1, OBR), 6 (DG1),
7 (OBX), 9 (TXA), 10 (SCH) and 12 (PRB).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from workbench.records import v2_facts as facts
from workbench.records.clinical import ClinicalRecord, Fact, FactName, Item, SectionName, record_of
from workbench.records.v2_results import content, report, result
from workbench.records.wording import (
    ALLERGY_CATEGORY,
    APPOINTMENT_STATUS,
    DOCUMENT_STATUS,
    FREQUENCY,
    IMMUNIZATION_STATUS,
    SEVERITY,
    SEX,
    VISIT_CLASS,
    YES_NO,
    times_per,
    worded,
)
from workbench.v2.er7 import Message, Segment

_ORDER_ENDS = {"CA": "cancelled", "OC": "cancelled", "DC": "discontinued", "OD": "discontinued", "HD": "on hold"}
_UNKNOWN_AMOUNT = "999"  # CDC implementation guide for immunization messaging 2.5.1, RXA-6
_MEDICATION_SEGMENTS = frozenset({"RXO", "RXE", "RXD", "RXA"})


def record_of_message(message: Message) -> ClinicalRecord:
    """What the sender said, in clinical words."""
    reading = _Reading(message)
    for segment in message.segments:
        reading.follow(segment)
        read = _READERS.get(segment.name)
        if read is not None:
            read(segment, reading)
    return record_of(reading.items)


@dataclass(slots=True)
class _Reading:
    """Where the reading stands: the items so far and the order, report and appointment that segments belong to."""

    message: Message
    items: dict[SectionName, list[Item]] = field(default_factory=lambda: defaultdict(list))
    order: Segment | None = None
    report: Segment | None = None

    def follow(self, segment: Segment) -> None:
        if segment.name == "PID":
            self.order = self.report = None
        elif segment.name == "ORC":
            self.order, self.report = segment, None
        elif segment.name == "OBR":
            self.report = segment

    def add(self, section: SectionName, item: Item | None) -> None:
        if item is not None:
            self.items[section].append(item)

    def below(self, segment: Segment, names: Iterable[str], until: Iterable[str]) -> list[Segment]:
        """The segments of these names that follow `segment` before any of `until`."""
        found: list[Segment] = []
        for later in self.message.segments[segment.index + 1 :]:
            if later.name in until:
                break
            if later.name in names:
                found.append(later)
        return found

    def in_order(self, segment: Segment, name: str) -> list[Segment]:
        """The segments of that name in the same order (ORC group) as `segment`."""
        start = self.order.index if self.order is not None and self.order.index < segment.index else segment.index
        return self.below(self.message.segments[start], {name}, {"ORC", "PID"})


def _item(key: str, label: str, segment: Segment, number: int, *found: Fact | None, repetition: int = 1) -> Item | None:
    """An item under a fixed heading, None when nothing was said."""
    known = facts.only(*found)
    if not known:
        return None
    return Item(key, label, known, source=facts.place(segment, number, repetition))


# --- patient and visit -----------------------------------------------------------------------------------------------


def _patient(pid: Segment, reading: _Reading) -> None:
    def add(item: Item | None) -> None:
        reading.add(SectionName.DEMOGRAPHICS, item)

    seen: set[str] = set()
    for number in (3, 2, 4, 19, 20):
        for repetition in facts.repetitions(pid, number):
            value = facts.component(pid, number, 1, repetition)
            if value and value not in seen:
                seen.add(value)
                where = facts.place(pid, number, repetition)
                fact = Fact(FactName.VALUE, value, source=where)
                add(Item("identifier", "Identifier", (fact,), source=where))
    add(_item("identifier", "Identifier", pid, 3, facts.deleted(FactName.VALUE, pid, 3)))
    for number in (5, 9):
        _repeated(pid, number, "name", "Name", facts.person_name, add)
    add(_item("birth", "Date of birth", pid, 7, facts.moment(FactName.VALUE, pid, 7)))
    add(_item("sex", "Sex", pid, 8, facts.coded(FactName.VALUE, pid, 8, SEX)))
    dead, died = facts.coded(FactName.VALUE, pid, 30, YES_NO), facts.moment(FactName.TIME, pid, 29)
    if died is not None and not died.deleted and dead is None:
        dead = Fact(FactName.VALUE, "yes", source=died.source)
    add(_item("death", "Deceased", pid, 30, dead, died))
    _repeated(pid, 11, "address", "Address", facts.address, add)
    for number in (13, 14, 40):
        _repeated(pid, number, "contact", "Contact", facts.telephone, add)
    add(_item("language", "Language", pid, 15, facts.coded(FactName.VALUE, pid, 15)))
    add(_item("marital", "Marital status", pid, 16, facts.coded(FactName.VALUE, pid, 16)))
    add(_item("birth order", "Birth order", pid, 25, facts.plain(FactName.VALUE, pid, 25)))


def _repeated(
    segment: Segment,
    number: int,
    key: str,
    label: str,
    text_of: Callable[[Segment, int, int], str],
    add: Callable[[Item | None], None],
) -> None:
    """One item for each repetition of a field, or the item that says it is deleted."""
    add(_item(key, label, segment, number, facts.deleted(FactName.VALUE, segment, number)))
    for repetition in facts.repetitions(segment, number):
        text = text_of(segment, number, repetition)
        if text:
            where = facts.place(segment, number, repetition)
            add(Item(key, label, (Fact(FactName.VALUE, text, source=where),), source=where))


def _visit(pv1: Segment, reading: _Reading) -> None:
    def add(key: str, label: str, number: int, fact: Fact | None) -> None:
        reading.add(SectionName.VISIT, _item(key, label, pv1, number, fact))

    add("class", "Patient class", 2, facts.coded(FactName.VALUE, pv1, 2, VISIT_CLASS))
    for number, when in ((3, ""), (11, ""), (6, "previous"), (43, "previous"), (42, "")):
        where = _joined_components(pv1, number, (1, 2, 3))
        stay = Fact(FactName.STATUS, when, source=facts.place(pv1, number)) if when and where else None
        reading.add(SectionName.VISIT, _item("location", "Location", pv1, number, where, stay))
    _repeated(pv1, 7, "attending", "Attending", facts.provider_name, lambda item: reading.add(SectionName.VISIT, item))
    for number in (19, 50, 5):
        add("visit number", "Visit number", number, facts.plain(FactName.VALUE, pv1, number))
    add("disposition", "Discharge disposition", 36, facts.coded(FactName.VALUE, pv1, 36))
    add("admitted", "Admitted", 44, facts.moment(FactName.VALUE, pv1, 44))
    add("discharged", "Discharged", 45, facts.moment(FactName.VALUE, pv1, 45))


def _visit_reason(pv2: Segment, reading: _Reading) -> None:
    pending = _joined_components(pv2, 1, (1, 2, 3))
    reading.add(SectionName.VISIT, _item("location", "Location", pv2, 1, pending))
    reason = facts.coded(FactName.VALUE, pv2, 3)
    reading.add(SectionName.VISIT, _item("reason", "Reason for admission", pv2, 3, reason))


def _joined_components(segment: Segment, number: int, components: Iterable[int]) -> Fact | None:
    parts = (segment.value(number, 1, n).strip() for n in components)
    text = ", ".join(part for part in parts if part and part != facts.NULL)
    if not text:
        return facts.deleted(FactName.VALUE, segment, number)
    return Fact(FactName.VALUE, text, source=facts.place(segment, number))


# --- allergies and problems ------------------------------------------------------------------------------------------


def _coded_item(
    key: str, segment: Segment, number: int, *found: Fact | None, instead: int = 0, repetition: int = 1
) -> Item | None:
    """An item named by a coded field (or the text of field `instead`); None when neither says anything."""
    label, codes = facts.concept(segment, number, repetition)
    if not codes and instead:
        label = label or facts.component(segment, instead, 1)
    if not label:
        return None
    return Item(key, label, facts.only(*found), codes, source=facts.place(segment, number, repetition))


def _allergy(al1: Segment, reading: _Reading) -> None:
    item = _coded_item(
        "",
        al1,
        3,
        facts.coded(FactName.CATEGORY, al1, 2, ALLERGY_CATEGORY),
        facts.coded(FactName.SEVERITY, al1, 4, SEVERITY),
        *facts.coded_all(FactName.REACTION, al1, 5),
        facts.moment(FactName.ONSET, al1, 6),
    )
    reading.add(SectionName.ALLERGIES, item)


def _adverse_reaction(iam: Segment, reading: _Reading) -> None:
    action = facts.component(iam, 6, 1)
    removed = Fact(FactName.STATUS, "removed by the sender", source=facts.place(iam, 6)) if action == "D" else None
    status = facts.coded(FactName.STATUS, iam, 17)
    if status is not None and any(coding.code in ("A", "C") for coding in status.codes):
        status = None  # table 0438: "active" and "confirmed" are what a reader expects of an allergy
    item = _coded_item(
        "",
        iam,
        3,
        facts.coded(FactName.CATEGORY, iam, 2, ALLERGY_CATEGORY),
        facts.coded(FactName.SEVERITY, iam, 4, SEVERITY),
        *facts.coded_all(FactName.REACTION, iam, 5),
        facts.moment(FactName.ONSET, iam, 11),
        removed or status,
    )
    reading.add(SectionName.ALLERGIES, item)


def _diagnosis(dg1: Segment, reading: _Reading) -> None:
    item = _coded_item("", dg1, 3, facts.moment(FactName.ONSET, dg1, 5), instead=4)
    reading.add(SectionName.PROBLEMS, item)


def _cause_of_death(pda: Segment, reading: _Reading) -> None:
    for repetition in facts.repetitions(pda, 1):
        reading.add(SectionName.PROBLEMS, _coded_item("", pda, 1, repetition=repetition))


def _problem(prb: Segment, reading: _Reading) -> None:
    item = _coded_item(
        "",
        prb,
        3,
        facts.moment(FactName.ONSET, prb, 16) or facts.moment(FactName.ONSET, prb, 7),
        facts.coded(FactName.CERTAINTY, prb, 13),
        facts.coded(FactName.STATUS, prb, 14),
    )
    reading.add(SectionName.PROBLEMS, item)


# --- medications and immunizations -----------------------------------------------------------------------------------


def _requested(rxo: Segment, reading: _Reading) -> None:
    item = _coded_item(
        "ordered",
        rxo,
        1,
        _amount(FactName.DOSE, rxo, 2, 3, 4),
        facts.quantity(FactName.STRENGTH, rxo, 18, 19),
        facts.coded(FactName.FORM, rxo, 5),
        facts.quantity(FactName.RATE, rxo, 21, 22),
        *_details(rxo, reading),
        *_instructions(rxo, 7),
        facts.quantity(FactName.AMOUNT, rxo, 11, 12),
        facts.plain(FactName.REFILLS, rxo, 13),
        _order_end(reading),
    )
    reading.add(SectionName.MEDICATIONS, item)


def _encoded(rxe: Segment, reading: _Reading) -> None:
    item = _coded_item(
        "ordered",
        rxe,
        2,
        _amount(FactName.DOSE, rxe, 3, 4, 5),
        facts.quantity(FactName.STRENGTH, rxe, 25, 26),
        facts.coded(FactName.FORM, rxe, 6),
        facts.quantity(FactName.RATE, rxe, 23, 24),
        *_details(rxe, reading),
        *_instructions(rxe, 7),
        facts.quantity(FactName.AMOUNT, rxe, 10, 11),
        facts.plain(FactName.REFILLS, rxe, 12),
        _order_end(reading),
    )
    reading.add(SectionName.MEDICATIONS, item)


def _dispensed(rxd: Segment, reading: _Reading) -> None:
    item = _coded_item(
        "dispensed",
        rxd,
        2,
        facts.quantity(FactName.AMOUNT, rxd, 4, 5),
        facts.quantity(FactName.STRENGTH, rxd, 16, 17),
        facts.coded(FactName.FORM, rxd, 6),
        *_details(rxd, reading),
        facts.moment(FactName.TIME, rxd, 3),
    )
    reading.add(SectionName.MEDICATIONS, item)


def _administered(rxa: Segment, reading: _Reading) -> None:
    """A vaccination in immunization messages, else a dose of a drug that was given."""
    vaccination = reading.message.message_code in ("VXU", "VXR", "VXX", "RSP")
    dose = facts.quantity(FactName.DOSE, rxa, 6, 7)
    if dose is not None and dose.text == _UNKNOWN_AMOUNT:
        dose = None
    status = facts.coded(FactName.STATUS, rxa, 20, IMMUNIZATION_STATUS)
    if status is None and vaccination:
        status = Fact(FactName.STATUS, "given", source=facts.place(rxa, 5))
    if facts.component(rxa, 21, 1) == "D":
        status = Fact(FactName.STATUS, "entered in error", source=facts.place(rxa, 21))
    item = _coded_item(
        "given",
        rxa,
        5,
        facts.moment(FactName.TIME, rxa, 3),
        dose,
        *_details(rxa, reading),
        facts.plain(FactName.LOT, rxa, 15),
        facts.moment(FactName.EXPIRES, rxa, 16),
        facts.coded(FactName.MANUFACTURER, rxa, 17),
        facts.coded(FactName.REASON, rxa, 18),
        status,
        *(note for note in facts.coded_all(FactName.NOTE, rxa, 9) if not note.codes),
    )
    reading.add(SectionName.IMMUNIZATIONS if vaccination else SectionName.MEDICATIONS, item)


def _amount(name: FactName, segment: Segment, least: int, most: int, unit: int) -> Fact | None:
    """A dose, or a range of doses when the maximum is another number."""
    fact = facts.quantity(name, segment, least, unit)
    top = facts.component(segment, most, 1)
    if fact is None or fact.deleted or not top or top == fact.text:
        return fact
    return Fact(name, f"{fact.text} to {top}", units=fact.units, source=fact.source)


def _instructions(segment: Segment, number: int) -> list[Fact]:
    return facts.coded_all(FactName.INSTRUCTIONS, segment, number)


def _details(segment: Segment, reading: _Reading) -> tuple[Fact, ...]:
    """What follows a medication segment: ingredients (RXC), route and site (RXR), timing (TQ1, or old ORC-7)."""
    found: list[Fact | None] = []
    for rxc in reading.below(segment, {"RXC"}, _MEDICATION_SEGMENTS | {"ORC", "PID"}):
        strength = facts.quantity(FactName.STRENGTH, rxc, 5, 6) or facts.quantity(FactName.STRENGTH, rxc, 3, 4)
        found += [facts.coded(FactName.INGREDIENT, rxc, 2), strength]
    for rxr in reading.below(segment, {"RXR"}, _MEDICATION_SEGMENTS | {"ORC", "PID"}):
        found += [facts.coded(FactName.ROUTE, rxr, 1), facts.coded(FactName.SITE, rxr, 2)]
    timings = reading.below(segment, {"TQ1"}, _MEDICATION_SEGMENTS | {"ORC", "PID"})
    if not timings and reading.order is not None:
        timings = [tq1 for tq1 in reading.in_order(segment, "TQ1") if tq1.index < segment.index]
    found += [_timing(tq1, 3, 1) for tq1 in timings]
    if not timings and reading.order is not None:
        found.append(_timing(reading.order, 7, 2))
    return facts.joined(facts.only(*found))


def _timing(segment: Segment, number: int, component: int) -> Fact | None:
    """A repeat pattern (TQ1-3.1, ORC-7.2): `BID`, `Q6H`, or the sender's words."""
    code = segment.value(number, 1, component).strip()
    if not code or code == facts.NULL:
        return None
    text = worded(code, FREQUENCY)
    if text == code:
        text = segment.value(number, 1, component, 2).strip() or code  # TQ1-3.1 is itself a CWE from 2.5 on
    every = code.upper().removeprefix("Q")
    if text == code and code[:1] in "Qq" and every[:-1].isdigit() and every[-1] in _PERIODS:
        text = times_per("1", every[:-1], _PERIODS[every[-1]])
    return Fact(FactName.TIMING, text, source=facts.place(segment, number))


_PERIODS: Mapping[str, str] = {"S": "s", "M": "min", "H": "h", "D": "d", "W": "wk", "L": "mo"}  # table 0335


def _order_end(reading: _Reading) -> Fact | None:
    """Only an order that is ended or held says so; everybody takes an order for active."""
    if reading.order is None:
        return None
    word = _ORDER_ENDS.get(facts.component(reading.order, 1, 1))
    return Fact(FactName.STATUS, word, source=facts.place(reading.order, 1)) if word else None


# --- results, orders, appointments, documents ------------------------------------------------------------------------


def _observation(obx: Segment, reading: _Reading) -> None:
    if _is_document(reading):
        return  # content of the document, read with its TXA
    notes = reading.below(obx, {"NTE"}, {segment.name for segment in reading.message.segments} - {"NTE"})
    reading.add(SectionName.RESULTS, result(obx, reading.report, notes))


def _is_document(reading: _Reading) -> bool:
    return reading.message.message_code == "MDM"


def _report_or_order(obr: Segment, reading: _Reading) -> None:
    observed = reading.message.message_code in ("ORU", "OUL")
    reading.add(SectionName.ORDERS, report(obr, reading.order, observed))


def _appointment(sch: Segment, reading: _Reading) -> None:
    services = [facts.concept(ais, 3) for ais in reading.message.named("AIS")]
    label, codes = services[0] if services else facts.concept(sch, 7)
    timings = reading.below(sch, {"TQ1"}, {"PID", "RGS"})
    start = facts.moment(FactName.TIME, sch, 11, 4)
    end = facts.moment(FactName.END, sch, 11, 5)
    for tq1 in timings:
        start, end = facts.moment(FactName.TIME, tq1, 7) or start, facts.moment(FactName.END, tq1, 8) or end
    if start is None:
        start = next((f for a in reading.message.named("AIS") if (f := facts.moment(FactName.TIME, a, 4))), None)
    status = facts.coded(FactName.STATUS, sch, 25, APPOINTMENT_STATUS)
    found = facts.only(start, end, status, facts.coded(FactName.REASON, sch, 7))
    item = Item("", label, found, codes, source=facts.place(sch, 1))
    reading.add(SectionName.APPOINTMENTS, item)


def _document(txa: Segment, reading: _Reading) -> None:
    label, codes = facts.concept(txa, 2)
    found = facts.only(
        facts.moment(FactName.TIME, txa, 6) or facts.moment(FactName.TIME, txa, 4),
        facts.coded(FactName.STATUS, txa, 17, DOCUMENT_STATUS),
        facts.plain(FactName.NUMBER, txa, 12, 1),
        *(content(obx) for obx in reading.below(txa, {"OBX"} if _is_document(reading) else (), {"TXA", "PID"})),
    )
    reading.add(SectionName.DOCUMENTS, Item("", label, found, codes, source=facts.place(txa, 2)))


_READERS: Mapping[str, Callable[[Segment, _Reading], None]] = {
    "PID": _patient,
    "PV1": _visit,
    "PV2": _visit_reason,
    "AL1": _allergy,
    "IAM": _adverse_reaction,
    "DG1": _diagnosis,
    "PRB": _problem,
    "PDA": _cause_of_death,
    "RXO": _requested,
    "RXE": _encoded,
    "RXD": _dispensed,
    "RXA": _administered,
    "OBX": _observation,
    "OBR": _report_or_order,
    "SCH": _appointment,
    "TXA": _document,
}
