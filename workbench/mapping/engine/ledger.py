"""The loss ledger: what became of every populated value of a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workbench.kernel.location import Location, Span
from workbench.v2.er7 import Element, Message

Leaf = tuple[int, int, int, int, int]
"""Segment index (0-based), field, repetition, component, subcomponent (1-based) of a populated value."""


class Fate(StrEnum):
    """Where a value has ended; every value in exactly one."""

    MAPPED = "mapped"
    PRESERVED = "preserved"
    IGNORED = "ignored"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class FhirValue:
    """A populated primitive of a FHIR document.

    path   as `FhirDocument.at` reads it; numbers are 0-based
    field  without numbers and without the Bundle around it: `Patient.name.family`
    """

    path: str
    span: Span | None
    field: str


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One populated value; the value itself is not kept.

    rule     `PID-Patient/pid-3`, or the id of the ignore or keep rule; "" when it is lost
    targets  where it stands now: `Patient/…#identifier[0].value`
    reason   why it was kept as text, ignored or lost
    """

    element: Element | FhirValue
    fate: Fate
    rule: str = ""
    targets: tuple[str, ...] = ()
    reason: str = ""

    @property
    def location(self) -> Location:
        return Location(self.element.path, self.element.span)

    @property
    def field(self) -> str:
        """The place in the standard, without repetitions: `PID-3.4.2`."""
        return self.element.field if isinstance(self.element, FhirValue) else field_of(self.element)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The fates of all populated values of one message, in the message's order.

    message  None for a FHIR document
    values   of a FHIR document: its populated primitives, worked out apart from the entries
    """

    message: Message | None
    entries: tuple[LedgerEntry, ...]
    values: tuple[FhirValue, ...] = ()

    def counts(self) -> Mapping[Fate, int]:
        """How many values ended in each fate; all four are there."""
        found = Counter(entry.fate for entry in self.entries)
        return {fate: found[fate] for fate in Fate}

    def of(self, fate: Fate) -> tuple[LedgerEntry, ...]:
        return tuple(entry for entry in self.entries if entry.fate is fate)

    def check(self) -> None:
        """Prove the conservation: every populated value stands in the ledger once.

        raises  AssertionError: it does not, which is a defect of the workbench
        """
        populated = Counter[object](self.values if self.message is None else leaves(self.message))
        elements = (entry.element for entry in self.entries)
        entered = Counter[object](each if isinstance(each, FhirValue) else leaf_of(each) for each in elements)
        if populated != entered:
            missing = sum((populated - entered).values())
            extra = sum((entered - populated).values())
            raise AssertionError(f"loss ledger out of balance: {missing} values missing, {extra} too many")


@dataclass(frozen=True, slots=True)
class CaptureLine:
    """What became of one field over many messages; `rule` and `reason` as in `LedgerEntry`."""

    field: str
    fate: Fate
    rule: str
    reason: str
    values: int
    messages: int


@dataclass
class CaptureLedger:
    """Ledgers of many messages, counted by field and fate; only counts are kept, so a capture may have any size."""

    messages: int = 0
    _values: Counter[tuple[str, Fate, str, str]] = field(default_factory=Counter)
    _messages: Counter[tuple[str, Fate, str, str]] = field(default_factory=Counter)

    def add(self, ledger: Ledger) -> None:
        found = Counter((entry.field, entry.fate, entry.rule, entry.reason) for entry in ledger.entries)
        self.messages += 1
        self._values.update(found)
        self._messages.update(found.keys())

    def merge(self, other: CaptureLedger) -> None:
        """Add what another process has counted."""
        self.messages += other.messages
        self._values.update(other._values)
        self._messages.update(other._messages)

    def counts(self) -> Mapping[Fate, int]:
        totals = dict.fromkeys(Fate, 0)
        for (_, fate, _, _), count in self._values.items():
            totals[fate] += count
        return totals

    def lines(self) -> tuple[CaptureLine, ...]:
        """By field in the order of the standard's numbers, lost values first within a field."""
        worst = {fate: rank for rank, fate in enumerate((Fate.LOST, Fate.PRESERVED, Fate.IGNORED, Fate.MAPPED))}
        keys = sorted(self._values, key=lambda key: (_numbers(key[0]), worst[key[1]], key[2], key[3]))
        return tuple(CaptureLine(*key, self._values[key], self._messages[key]) for key in keys)


def aggregate(ledgers: Iterable[Ledger]) -> CaptureLedger:
    """The ledgers of a capture as one."""
    total = CaptureLedger()
    for ledger in ledgers:
        total.add(ledger)
    return total


def leaves(message: Message) -> Iterable[Leaf]:
    """Every populated value of a message, MSH-1 and MSH-2 left out; a line that is no segment is one value."""
    for segment in message.segments:
        for element in segment.leaves():
            yield leaf_of(element)


def leaf_of(element: Element) -> Leaf:
    """The value at or first below an element."""
    if not element.field:
        return (element.segment.index, 0, 0, 0, 0)
    return (
        element.segment.index,
        element.field,
        element.repetition or 1,
        element.component or 1,
        element.subcomponent or 1,
    )


def field_of(element: Element) -> str:
    """`PID-3.4.2`: the place of a value in the standard."""
    if not element.field:
        return element.segment.name or "no segment"
    more = f".{element.component}" if element.component > 1 or element.subcomponent else ""
    more += f".{element.subcomponent}" if element.subcomponent else ""
    return f"{element.segment.name}-{element.field}{more}"


def _numbers(field_name: str) -> tuple[str, tuple[int, ...]]:
    segment, _, rest = field_name.partition("-")
    return segment, tuple(int(part) for part in rest.split(".") if part.isdigit())
