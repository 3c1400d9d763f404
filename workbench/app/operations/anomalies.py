"""What a capture has that an earlier one had not: codes, units, distributions of results, segments, elements.

Every anomaly says its numbers. Nothing follows from one by itself: a person reads it and decides.

Shares are compared by the two-proportion z test, distributions by the Kolmogorov-Smirnov distance with its
asymptotic critical value (Smirnov 1948), both at 0.1 %; besides, a difference must be large enough to matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from math import sqrt
from typing import NamedTuple

import numpy as np

from workbench.app.operations.anomaly_counts import History
from workbench.app.operations.statistics import new_values
from workbench.app.tables import Column, Table
from workbench.kernel.errors import Refused
from workbench.messages.tally import FieldTally, Tally, Value

FEWEST_RESULTS = 30
FEWEST_MESSAGES = 20
SHIFT = 0.2
"""Kolmogorov-Smirnov distance below which a shift is not told, however certain it is."""
SHARE_CHANGE = 0.1
_CRITICAL_D = 1.95
_CRITICAL_Z = 3.29
_EXPECTED_AT_LEAST = 10
_MOST_DISTINCT = 0.5


class Kind(StrEnum):
    """What is unusual."""

    NEW_CODE = "new code"
    LOST_CODE = "code no longer seen"
    UNIT = "unit changed"
    SHIFT = "distribution shifted"
    SEGMENT_LOST = "segment missing"
    SEGMENT_NEW = "segment new"
    ELEMENT_LOST = "element missing"
    ELEMENT_NEW = "element new"


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


def anomalies(before: History, now: History) -> list[Anomaly]:
    """What is unusual now, the kinds in the order of `Kind`, the weightiest first.

    raises  Refused APP-0140: one of the two has no messages, or they have none of the same standard
    """
    if not (before.of_type and now.of_type) and not (before.resources and now.resources):
        raise Refused(
            "APP-0140",
            "There are no messages of the same standard to compare.",
            "Choose captures that both hold HL7 v2 messages, or both FHIR resources.",
        )
    found = [*_new_codes(before, now), *_lost_codes(before, now), *_units(before, now), *_shifts(before, now)]
    found.extend(_shares(before.of_type, before.carrying, now.of_type, now.carrying, _SEGMENT))
    found.extend(_shares(before.resources, before.holding, now.resources, now.holding, _ELEMENT))
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


class _Words(NamedTuple):
    """How the presence of a part is told."""

    part: str
    of: str
    lost: Kind
    new: Kind


_SEGMENT = _Words("segment", "messages", Kind.SEGMENT_LOST, Kind.SEGMENT_NEW)
_ELEMENT = _Words("element", "resources", Kind.ELEMENT_LOST, Kind.ELEMENT_NEW)


def _shares(
    types_before: Counter[str],
    having_before: Counter[tuple[str, str]],
    types_now: Counter[str],
    having_now: Counter[tuple[str, str]],
    words: _Words,
) -> Iterator[Anomaly]:
    """Segments that messages, or elements that resources of a type have less or more often."""
    for kind, count in types_now.items():
        earlier = types_before.get(kind, 0)
        if min(count, earlier) < FEWEST_MESSAGES:
            continue
        names = {name for type_, name in (*having_before, *having_now) if type_ == kind}
        for name in sorted(names):
            old, new = having_before[kind, name], having_now[kind, name]
            change = new / count - old / earlier
            if abs(change) < SHARE_CHANGE or abs(_z(old, earlier, new, count)) < _CRITICAL_Z:
                continue
            numbers = f"in {old / earlier:.1%} of {earlier:,} {words.of} before, in {new / count:.1%} of {count:,} now"
            which = words.new if change > 0 else words.lost
            yield Anomaly(which, kind, name or f"no {words.part}", numbers, round(abs(change) * count))


def _z(first: int, of_first: int, second: int, of_second: int) -> float:
    """The z of the two-proportion test with the pooled share."""
    pooled = (first + second) / (of_first + of_second)
    spread = sqrt(pooled * (1 - pooled) * (1 / of_first + 1 / of_second))
    return (second / of_second - first / of_first) / spread if spread else 0.0


def _code_words(value: Value, display: str) -> str:
    return " ".join(part for part in (value.text, display, f"({value.system})" if value.system else "") if part)
