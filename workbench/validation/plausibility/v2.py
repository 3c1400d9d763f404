"""The checks on HL7 v2 messages. A check that lacks what it needs says nothing: silence is no approval."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from workbench.kernel.issues import Issue
from workbench.kernel.partial_time import PartialDateTime
from workbench.v2.er7 import Element, Message, Segment
from workbench.validation.plausibility.judging import (
    OLDEST_YEARS,
    PREGNANCY,
    disagreement,
    is_sensitive,
    number_of,
    surely_after,
    surely_before,
)
from workbench.validation.plausibility.rules import finding
from workbench.validation.plausibility.tables import dose_limits, result_limits, unit_key

_RANGE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*-\s*(-?\d+(?:\.\d+)?)\s*")
_HAPPENED = (("OBX", 14, "An observation"), ("OBR", 7, "A specimen"), ("RXA", 3, "A dose"), ("PV1", 44, "An admission"))
_DOSES = {"RXO": (1, 2, 4), "RXE": (2, 3, 5), "RXD": (2, 4, 5), "RXA": (5, 6, 7)}
"""Fields of the drug, of the amount and of its unit."""

Check = Callable[[Message], Iterator[Issue]]


def plausibility(message: Message, disabled: frozenset[str] = frozenset()) -> tuple[Issue, ...]:
    """What a clinician would doubt in a message, in the order of its bytes.

    disabled  ids of rules that are switched off
    """
    found = [issue for check in _CHECKS for issue in check(message) if issue.rule not in disabled]
    return tuple(sorted(found, key=lambda issue: issue.location.span or (0, 0)))


def _life(message: Message) -> Iterator[Issue]:
    """CLN-0101 to CLN-0103."""
    sent = _time(message.segments[0], 7)
    for pid in message.named("PID"):
        born, died = _time(pid, 7), _time(pid, 29)
        if born and died and surely_before(died, born):
            yield finding("CLN-0101", Element(pid, 29))
        if born and sent and surely_before(sent, born):
            yield finding("CLN-0102", Element(pid, 7))
        if born and (end := died or sent) and end.year - born.year > OLDEST_YEARS:
            yield finding("CLN-0103", Element(pid, 7), years=str(end.year - born.year))


def _future(message: Message) -> Iterator[Issue]:
    """CLN-0104."""
    sent = _time(message.segments[0], 7)
    for name, field, what in _HAPPENED if sent is not None else ():
        for segment in message.named(name):
            at = _time(segment, field)
            if sent is not None and at is not None and surely_after(at, sent):
                yield finding("CLN-0104", Element(segment, field), what=what)


def _results(message: Message) -> Iterator[Issue]:
    """CLN-0201 to CLN-0203 for numeric results."""
    for obx in message.named("OBX"):
        value = number_of(obx.value(5)) if obx.value(2) in ("NM", "SN") and len(obx.repetitions(5)) == 1 else None
        low, high = _reference_range(obx)
        if low is not None and high is not None and low > high:
            yield finding("CLN-0203", Element(obx, 7))
        elif value is not None:
            yield from _flag(obx, value, low, high)
        if value is not None:
            yield from _possible(obx, value)


def _possible(obx: Segment, value: Decimal) -> Iterator[Issue]:
    codes = {obx.value(3, 1, 3): obx.value(3), obx.value(3, 1, 6): obx.value(3, 1, 4)}
    limits = result_limits(codes.get("LN", ""), obx.value(6))
    if limits and not limits.allow(value):
        yield finding(
            "CLN-0201",
            Element(obx, 5, 1, 1),
            name=limits.name,
            value=obx.value(5),
            unit=limits.unit,
            lowest=str(limits.lowest),
            highest=str(limits.highest),
        )


def _flag(obx: Segment, value: Decimal, low: Decimal | None, high: Decimal | None) -> Iterator[Issue]:
    where = disagreement(obx.value(8), value, low, high)
    if where:
        yield finding("CLN-0202", Element(obx, 8), flag=obx.value(8), where=where)


def _doses(message: Message) -> Iterator[Issue]:
    """CLN-0301, and CLN-0302 between the order and what follows it in the same message."""
    ordered: dict[str, Decimal] = {}
    for segment in message.segments:
        if segment.name == "ORC":
            ordered = {}
        fields = _DOSES.get(segment.name)
        amount = number_of(segment.value(fields[1])) if fields else None
        if fields is None or amount is None:
            continue
        drug = " ".join(segment.value(fields[0], 1, part) for part in (2, 5))
        unit = segment.value(fields[2])
        limits = dose_limits(drug, unit)
        if limits and not limits.allow(amount):
            yield finding(
                "CLN-0301",
                Element(segment, fields[1]),
                drug=limits.name,
                value=segment.value(fields[1]),
                unit=limits.unit,
                lowest=str(limits.lowest),
                highest=str(limits.highest),
            )
        before = ordered.setdefault(unit_key(unit), amount)
        factor = max(before, amount) / min(before, amount) if min(before, amount) > 0 else Decimal(1)
        if segment.name != "RXO" and factor >= 10:
            yield finding("CLN-0302", Element(segment, fields[1]), factor=f"{factor.normalize():f}")


def _states(message: Message) -> Iterator[Issue]:
    """CLN-0401 to CLN-0404."""
    for al1 in message.named("AL1"):
        if not al1.value(3) and al1.value(3, 1, 2):
            yield finding("CLN-0401", Element(al1, 3))
    pid = message.first("PID")
    if pid and (pid.value(30) == "Y" or pid.value(29)):
        for orc in message.named("ORC"):
            if orc.value(1) == "NW":
                yield finding("CLN-0402", Element(orc, 1))
    diagnoses = message.named("DG1")
    if pid and pid.value(8) == "M":
        for dg1 in diagnoses:
            if dg1.value(3, 1, 3).startswith("I10") and PREGNANCY.match(dg1.value(3)):
                yield finding("CLN-0403", Element(dg1, 3))
    known = {dg1.value(3) for dg1 in diagnoses}
    for ft1 in message.named("FT1"):
        for repetition in range(1, len(ft1.repetitions(19)) + 1):
            if known and ft1.value(19, repetition) not in known:
                yield finding("CLN-0404", Element(ft1, 19, repetition))


def _labels(message: Message) -> Iterator[Issue]:
    """CLN-0405: ORC-28 labels the order and its results, TXA-18 a document."""
    label = ""
    for segment in message.segments:
        if segment.name == "ORC":
            label = segment.value(28)
        elif segment.name == "OBR" and not label and is_sensitive(segment.value(4, 1, 2)):
            yield finding("CLN-0405", Element(segment, 4))
        elif segment.name == "TXA" and not segment.value(18) and is_sensitive(segment.value(2) + segment.value(16)):
            yield finding("CLN-0405", Element(segment, 2))


_CHECKS: tuple[Check, ...] = (_life, _future, _results, _doses, _states, _labels)


def _time(segment: Segment, field: int) -> PartialDateTime | None:
    """The time in a field; None for nothing, for a deletion and for what is no time (another rule's business)."""
    try:
        return PartialDateTime.from_hl7(segment.value(field))
    except ValueError:
        return None


def _reference_range(obx: Segment) -> tuple[Decimal | None, Decimal | None]:
    match = _RANGE.fullmatch(obx.value(7))
    return (Decimal(match.group(1)), Decimal(match.group(2))) if match else (None, None)
