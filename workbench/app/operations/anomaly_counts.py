"""What is counted of a capture so that another one can be compared with it: codes, units, results, segments, elements.

A `History` is bounded by the variety of the messages, not by their number.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from workbench.app.documents import Document
from workbench.app.pieces import in_pieces, read_messages
from workbench.fhir.facts import note_document, resources
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.messages.sections import Section
from workbench.messages.tally import Tally
from workbench.v2.er7 import Message
from workbench.v2.facts import note_message

_SAMPLE = 4096


@dataclass(slots=True)
class Sample:
    """Every n-th of many numbers, n growing so that at most `_SAMPLE` are kept; the same for the same input."""

    count: int = 0
    step: int = 1
    values: array[float] = field(default_factory=lambda: array("d"))

    def add(self, value: float) -> None:
        if self.count % self.step == 0:
            self.values.append(value)
        self.count += 1
        if len(self.values) > _SAMPLE:
            self._thin()

    def merge(self, later: Sample) -> None:
        """Add what was seen later."""
        while self.step < later.step:
            self._thin()
        while later.step < self.step:
            later._thin()
        self.values.extend(later.values)
        self.count += later.count
        while len(self.values) > _SAMPLE:
            self._thin()

    def _thin(self) -> None:
        self.values = self.values[::2]
        self.step *= 2


class Measured(NamedTuple):
    """What was measured, as OBX-3 codes it."""

    code: str
    system: str


@dataclass(slots=True)
class History:
    """What is compared, counted over messages; `merge` takes later ones.

    of_type    messages by type; carrying: of those, the messages that have a segment
    resources  FHIR resources by type, those of Bundles among them; holding: of those, the ones that have an element
    units      units of each test's results, with the first message; numbers: numeric results by test and unit
    """

    tally: Tally = field(default_factory=Tally)
    of_type: Counter[str] = field(default_factory=Counter)
    carrying: Counter[tuple[str, str]] = field(default_factory=Counter)
    resources: Counter[str] = field(default_factory=Counter)
    holding: Counter[tuple[str, str]] = field(default_factory=Counter)
    units: dict[Measured, Counter[str]] = field(default_factory=dict)
    first_unit: dict[tuple[Measured, str], int] = field(default_factory=dict)
    numbers: dict[tuple[Measured, str], Sample] = field(default_factory=dict)
    names: dict[Measured, str] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """How many messages were counted."""
        return self.tally.messages

    def note(self, document: Document, number: int) -> None:
        """Count one message."""
        if isinstance(document, FhirDocument):
            self._note_fhir(document, number)
        else:
            self._note_v2(document, number)

    def _note_v2(self, message: Message, number: int) -> None:
        note_message(self.tally, message, number)
        code, event = message.message_code, message.trigger_event
        kind = f"{code}^{event}" if event else code
        self.of_type[kind] += 1
        self.carrying.update((kind, name) for name in {segment.name for segment in message.segments})
        for obx in message.named("OBX"):
            if obx.value(2) in ("NM", "SN"):
                result = obx.value(5) if obx.value(2) == "NM" else obx.value(5, 1, 2)
                test = Measured(obx.value(3), obx.value(3, 1, 3))
                self._note_result(test, obx.value(3, 1, 2), obx.value(6), _number(result), number)

    def _note_fhir(self, document: FhirDocument, number: int) -> None:
        note_document(self.tally, document, number)
        for kind, resource in resources(document.value):
            self.resources[kind] += 1
            self.holding.update((kind, _plain(name)) for name in resource if name != "resourceType")
            if kind == "Observation":
                for part in (resource, *_objects(resource.get("component"))):
                    self._note_quantity(part, number)

    def _note_quantity(self, observation: Mapping[str, object], number: int) -> None:
        quantity, code = observation.get("valueQuantity"), observation.get("code")
        if not isinstance(quantity, dict) or not isinstance(code, dict):
            return
        coding = next(_objects(code.get("coding")), {})
        test = Measured(str(coding.get("code", code.get("text", ""))), str(coding.get("system", "")))
        name = str(coding.get("display", code.get("text", "")))
        unit = str(quantity.get("code", quantity.get("unit", "")))
        self._note_result(test, name, unit, _number(str(quantity.get("value", ""))), number)

    def _note_result(self, test: Measured, name: str, unit: str, value: float | None, number: int) -> None:
        self.names.setdefault(test, name)
        self.units.setdefault(test, Counter())[unit] += 1
        self.first_unit.setdefault((test, unit), number)
        if value is not None:
            self.numbers.setdefault((test, unit), Sample()).add(value)

    def merge(self, later: History) -> None:
        """Add what was counted in later messages."""
        self.tally.merge(later.tally)
        self.of_type.update(later.of_type)
        self.carrying.update(later.carrying)
        self.resources.update(later.resources)
        self.holding.update(later.holding)
        for test, units in later.units.items():
            self.units.setdefault(test, Counter()).update(units)
        for key, sample in later.numbers.items():
            self.numbers.setdefault(key, Sample()).merge(sample)
        for place, number in later.first_unit.items():
            self.first_unit.setdefault(place, number)
        for test, name in later.names.items():
            self.names.setdefault(test, name)

    def said(self, test: Measured) -> str:
        """A test with its name."""
        name = self.names.get(test, "")
        return f"{test.code} {name}".strip() or "no code"


def history_of(capture: Capture, ctx: JobContext, workers: int | None = None) -> History:
    """Count the messages of a capture in worker processes; those that cannot be read are left out. raises Cancelled"""
    return split_history(capture, 0, ctx, workers)[1]


def split_history(
    capture: Capture, boundary: int, ctx: JobContext, workers: int | None = None
) -> tuple[History, History]:
    """The messages before a number and those from it on, counted apart. raises Cancelled"""
    before, now = History(), History()
    for _, (first, second) in in_pieces(partial(_count, boundary), capture, ctx, workers, "counting"):
        before.merge(first)
        now.merge(second)
    return before, now


def _count(boundary: int, piece: Section) -> tuple[History, History]:
    before, now = History(), History()
    for number, _, document in read_messages(piece):
        if not isinstance(document, Refused):
            (before if number < boundary else now).note(document, number)
    return before, now


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _plain(name: str) -> str:
    """`_birthDate` says something of `birthDate`."""
    return name.removeprefix("_")


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None
