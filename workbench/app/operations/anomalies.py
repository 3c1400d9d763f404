"""What a capture has that an earlier one had not: codes, units, distributions of results, segments.

Every anomaly says its numbers. Nothing follows from one by itself: a person reads it and decides.

Shares are compared by the two-proportion z test, distributions by the Kolmogorov-Smirnov distance with its
asymptotic critical value (Smirnov 1948), both at 0.1 %; besides, a difference must be large enough to matter.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from math import sqrt
from typing import NamedTuple

import numpy as np

from workbench.app.operations.statistics import new_values
from workbench.app.pieces import in_pieces, read_messages
from workbench.app.tables import Column, Table
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.messages.sections import Section
from workbench.messages.tally import FieldTally, Tally, Value
from workbench.v2.er7 import Message
from workbench.v2.facts import note_message

FEWEST_RESULTS = 30
FEWEST_MESSAGES = 20
SHIFT = 0.2
"""Kolmogorov-Smirnov distance below which a shift is not told, however certain it is."""
SHARE_CHANGE = 0.1
_CRITICAL_D = 1.95
_CRITICAL_Z = 3.29
_EXPECTED_AT_LEAST = 10
_MOST_DISTINCT = 0.5
_SAMPLE = 4096


class Kind(StrEnum):
    """What is unusual."""

    NEW_CODE = "new code"
    LOST_CODE = "code no longer seen"
    UNIT = "unit changed"
    SHIFT = "distribution shifted"
    SEGMENT_LOST = "segment missing"
    SEGMENT_NEW = "segment new"


class Anomaly(NamedTuple):
    """One difference from before.

    place    field, test or message type it is at
    what     the code, unit or segment
    words    the numbers, in a sentence without patients' values
    weight   how much it stands out: messages or results concerned
    first    number of the first message that shows it, None when it shows by absence
    is_open  true when `what` is a mere code; else it may identify somebody and is masked
    """

    kind: Kind
    place: str
    what: str
    words: str
    weight: int
    first: int | None = None
    is_open: bool = True


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

    of_type   messages by type; carrying: of those, the messages that have a segment
    units     units of each test's results, with the first message; numbers: numeric results by test and unit
    """

    tally: Tally = field(default_factory=Tally)
    of_type: Counter[str] = field(default_factory=Counter)
    carrying: Counter[tuple[str, str]] = field(default_factory=Counter)
    units: dict[Measured, Counter[str]] = field(default_factory=dict)
    first_unit: dict[tuple[Measured, str], int] = field(default_factory=dict)
    numbers: dict[tuple[Measured, str], Sample] = field(default_factory=dict)
    names: dict[Measured, str] = field(default_factory=dict)

    def note(self, message: Message, number: int) -> None:
        """Count one message."""
        note_message(self.tally, message, number)
        code, event = message.message_code, message.trigger_event
        kind = f"{code}^{event}" if event else code
        self.of_type[kind] += 1
        self.carrying.update((kind, name) for name in {segment.name for segment in message.segments})
        for obx in message.named("OBX"):
            if obx.value(2) not in ("NM", "SN"):
                continue
            test, unit = Measured(obx.value(3), obx.value(3, 1, 3)), obx.value(6)
            self.names.setdefault(test, obx.value(3, 1, 2))
            self.units.setdefault(test, Counter())[unit] += 1
            self.first_unit.setdefault((test, unit), number)
            result = _number(obx.value(5) if obx.value(2) == "NM" else obx.value(5, 1, 2))
            if result is not None:
                self.numbers.setdefault((test, unit), Sample()).add(result)

    def merge(self, later: History) -> None:
        """Add what was counted in later messages."""
        self.tally.merge(later.tally)
        self.of_type.update(later.of_type)
        self.carrying.update(later.carrying)
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
    """Count the v2 messages of a capture in worker processes; others are passed over. raises Cancelled"""
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
        if not isinstance(document, Refused | FhirDocument):
            (before if number < boundary else now).note(document, number)
    return before, now


def anomalies(before: History, now: History) -> list[Anomaly]:
    """What is unusual now, the kinds in the order of `Kind`, the weightiest first.

    raises  Refused APP-0140: one of the two has no v2 messages
    """
    if not before.of_type or not now.of_type:
        raise Refused(
            "APP-0140", "There are no HL7 v2 messages to compare.", "Choose captures that both hold HL7 v2 messages."
        )
    found = [*_new_codes(before, now), *_lost_codes(before, now), *_units(before, now), *_shifts(before, now)]
    found.extend(_segments(before, now))
    order = list(Kind)
    return sorted(found, key=lambda one: (order.index(one.kind), -one.weight, one.place, one.what))


def anomaly_table(found: Iterable[Anomaly]) -> Table:
    """Anomalies as a table; what may identify somebody is masked unless asked for."""
    listed = list(found)
    columns = (
        Column("kind"),
        Column("place"),
        Column("what", identifying=True),
        Column("numbers"),
        Column("first_message"),
    )
    rows = tuple((str(one.kind), one.place, one.what, one.words, one.first) for one in listed)
    return Table("anomalies", columns, rows, frozenset(n for n, one in enumerate(listed) if one.is_open))


def _new_codes(before: History, now: History) -> Iterator[Anomaly]:
    """Codes of fields that were there before; a field whose values hardly repeat holds no codes."""
    table = new_values(before.tally, now.tally)
    old, new = dict(_coded(before.tally)), dict(_coded(now.tally))
    for number, (place, text, system, display, count, _share, first) in enumerate(table.rows):
        known = old.get(str(place))
        if known is None or first is None or known.others or not isinstance(count, int):
            continue
        words = (
            f"{count:,} of {new[str(place)].repetitions:,} values; "
            f"none of {known.repetitions:,} before, which had {len(known.values):,} different codes"
        )
        what = _code_words(Value(str(text), str(system)), str(display))
        yield Anomaly(Kind.NEW_CODE, str(place), what, words, count, int(first), number in table.open_rows)


def _lost_codes(before: History, now: History) -> Iterator[Anomaly]:
    """Codes that were usual and of which many would be expected among as many values."""
    new = dict(_coded(now.tally))
    for place, known in _coded(before.tally):
        counts = new.get(place)
        if counts is None or counts.others:
            continue
        for value, seen in known.values.items():
            expected = seen.count / known.repetitions * counts.repetitions
            if value in counts.values or expected < _EXPECTED_AT_LEAST:
                continue
            words = (
                f"{seen.count:,} of {known.repetitions:,} values before ({seen.count / known.repetitions:.1%}), "
                f"none of {counts.repetitions:,} now, where about {expected:,.0f} would be expected"
            )
            yield Anomaly(Kind.LOST_CODE, place, _code_words(value, seen.display), words, round(expected))


def _coded(tally: Tally) -> Iterator[tuple[str, FieldTally]]:
    """Fields whose values were counted and repeat."""
    for part, fields in tally.fields.items():
        for label, counts in fields.items():
            if counts.values and len(counts.values) <= max(_EXPECTED_AT_LEAST, counts.repetitions * _MOST_DISTINCT):
                yield (f"{part}-{label}" if label.isdigit() else f"{part}.{label}"), counts


def _units(before: History, now: History) -> Iterator[Anomaly]:
    for test, units in now.units.items():
        known = before.units.get(test)
        if known is None:
            continue
        usual = ", ".join(f"{unit or 'no unit'} ({count:,})" for unit, count in known.most_common(3))
        for unit, count in units.items():
            if unit not in known:
                words = f"{count:,} of {units.total():,} results; before: {usual}"
                yield Anomaly(Kind.UNIT, now.said(test), unit or "no unit", words, count, now.first_unit[test, unit])


def _shifts(before: History, now: History) -> Iterator[Anomaly]:
    """Results of a test in the same unit whose distribution is another one."""
    for (test, unit), sample in now.numbers.items():
        known = before.numbers.get((test, unit))
        if known is None or min(len(known.values), len(sample.values)) < FEWEST_RESULTS:
            continue
        old, new = np.sort(np.asarray(known.values)), np.sort(np.asarray(sample.values))
        distance = ks_distance(old, new)
        if distance < max(SHIFT, _CRITICAL_D * sqrt((len(old) + len(new)) / (len(old) * len(new)))):
            continue
        first, second = float(np.median(old)), float(np.median(new))
        ratio = second / first if first else 0.0
        times = f", {ratio:.3g} times" if ratio > 0 and not 0.5 < ratio < 2 else ""
        words = (
            f"median {first:.4g} before, {second:.4g} now{times}; "
            f"middle half {_middle(old)} before, {_middle(new)} now; "
            f"{known.count:,} and {sample.count:,} results, distance {distance:.2f} of 1"
        )
        yield Anomaly(Kind.SHIFT, now.said(test), unit or "no unit", words, sample.count)


def ks_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The two-sample Kolmogorov-Smirnov distance, 0 to 1; both arrays ascending."""
    points = np.concatenate((first, second))
    below_first = np.searchsorted(first, points, side="right") / len(first)
    below_second = np.searchsorted(second, points, side="right") / len(second)
    return float(np.abs(below_first - below_second).max())


def _middle(values: np.ndarray) -> str:
    low, high = np.percentile(values, (25, 75))
    return f"{low:.4g} to {high:.4g}"


def _segments(before: History, now: History) -> Iterator[Anomaly]:
    """Segments that messages of a type have less or more often."""
    for kind, messages in now.of_type.items():
        earlier = before.of_type.get(kind, 0)
        if min(messages, earlier) < FEWEST_MESSAGES:
            continue
        names = {name for type_, name in (*before.carrying, *now.carrying) if type_ == kind}
        for name in sorted(names):
            old, new = before.carrying[kind, name], now.carrying[kind, name]
            change = new / messages - old / earlier
            if abs(change) < SHARE_CHANGE or abs(_z(old, earlier, new, messages)) < _CRITICAL_Z:
                continue
            words = (
                f"in {old / earlier:.1%} of {earlier:,} messages before, in {new / messages:.1%} of {messages:,} now"
            )
            which = Kind.SEGMENT_NEW if change > 0 else Kind.SEGMENT_LOST
            yield Anomaly(which, kind, name or "no segment", words, round(abs(change) * messages))


def _z(first: int, of_first: int, second: int, of_second: int) -> float:
    """The z of the two-proportion test with the pooled share."""
    pooled = (first + second) / (of_first + of_second)
    spread = sqrt(pooled * (1 - pooled) * (1 / of_first + 1 / of_second))
    return (second / of_second - first / of_first) / spread if spread else 0.0


def _code_words(value: Value, display: str) -> str:
    return " ".join(part for part in (value.text, display, f"({value.system})" if value.system else "") if part)


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None
