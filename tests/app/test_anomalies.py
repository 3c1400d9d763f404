"""Anomalies: each planted difference is found with its numbers, and two samples of the same feed agree."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.app.operations.anomalies import Anomaly, Kind, anomalies, anomaly_table, ks_distance
from workbench.app.operations.anomaly_counts import History, Sample, history_of, split_history
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture


def result(number: int, value: float, unit: str = "mg/dL", ward: str = "3W", notes: bool = True) -> str:
    note = "NTE|1|L|fasting\r" if notes else ""
    return (
        f"MSH|^~\\&|LAB|GH|WB|T|20260302082200||ORU^R01^ORU_R01|C{number}|T|2.5.1\r"
        f"PID|1||{number}^^^GH^MR||Doe^Jo||19800103|F\rPV1|1|I|{ward}^1^1^GH|||||||MED\r"
        f"OBR|1||F{number}|GLU^Glucose^L|||20260302\r"
        f"OBX|1|NM|GLU^Glucose^L||{value:.1f}|{unit}|70-110||||F\r{note}"
    )


def feed(seed: int, count: int = 200, low: float = 95, unit: str = "mg/dL", notes: bool = True) -> list[str]:
    chance = random.Random(seed)
    return [result(number, chance.gauss(low, 12), unit, notes=notes) for number in range(count)]


def capture_of(folder: Path, name: str, messages: list[str]) -> Capture:
    path = folder / name
    path.write_text("".join(messages), "utf-8", newline="")
    return open_capture([path], JobContext())


def compared(folder: Path, before: list[str], now: list[str]) -> list[Anomaly]:
    job = JobContext()
    first = history_of(capture_of(folder, "before.hl7", before), job, workers=1)
    return anomalies(first, history_of(capture_of(folder, "now.hl7", now), job, workers=1))


def test_two_samples_of_the_same_feed_agree(tmp_path: Path) -> None:
    assert compared(tmp_path, feed(1), feed(2)) == []


def test_a_changed_unit_is_told_with_the_units_of_before(tmp_path: Path) -> None:
    found = compared(tmp_path, feed(1), feed(2, low=5.3, unit="mmol/L"))
    (unit,) = [one for one in found if one.kind is Kind.UNIT]
    assert (unit.place, unit.what, unit.weight, unit.first) == ("GLU Glucose", "mmol/L", 200, 0)
    assert "mg/dL (200)" in unit.words


def test_results_that_shift_in_the_same_unit_are_told_with_their_medians(tmp_path: Path) -> None:
    (shift,) = compared(tmp_path, feed(1), feed(2, low=950))
    assert (shift.kind, shift.what, shift.weight) == (Kind.SHIFT, "mg/dL", 200)
    assert "10 times" in shift.words or "9.9" in shift.words or "10.1" in shift.words
    assert "200 and 200 results" in shift.words


def test_a_missing_segment_and_one_that_comes_up_are_told_by_message_type(tmp_path: Path) -> None:
    (lost,) = compared(tmp_path, feed(1), feed(2, notes=False))
    assert (lost.kind, lost.place, lost.what, lost.weight) == (Kind.SEGMENT_LOST, "ORU^R01", "NTE", 200)
    assert "in 100.0% of 200 messages before, in 0.0% of 200 now" in lost.words
    (new,) = compared(tmp_path, feed(1, notes=False), feed(2))
    assert (new.kind, new.what) == (Kind.SEGMENT_NEW, "NTE")


def test_new_and_vanished_codes_are_told_with_how_often_they_came(tmp_path: Path) -> None:
    now = [text.replace("||||MED", "||||SUR") for text in feed(2)]
    found = {one.kind: one for one in compared(tmp_path, feed(1), now)}
    assert (found[Kind.NEW_CODE].place, found[Kind.NEW_CODE].what) == ("PV1-10", "SUR")
    assert found[Kind.NEW_CODE].words.startswith("200 of 200 values; none of 200 before")
    assert (found[Kind.LOST_CODE].what, found[Kind.LOST_CODE].weight) == ("MED", 200)


def test_few_messages_prove_nothing(tmp_path: Path) -> None:
    found = compared(tmp_path, feed(1, count=5), feed(2, count=5, low=950, notes=False))
    assert found == []


def test_a_capture_is_compared_with_its_own_first_half(tmp_path: Path) -> None:
    capture = capture_of(tmp_path, "feed.hl7", feed(1) + feed(2, low=950))
    before, now = split_history(capture, 200, JobContext(), workers=1)
    assert (before.of_type.total(), now.of_type.total()) == (200, 200)
    assert [one.kind for one in anomalies(before, now)] == [Kind.SHIFT]


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        anomalies(History(), History())
    assert refusal.value.code == "APP-0140"


def test_merged_counts_are_those_of_the_whole(tmp_path: Path) -> None:
    capture = capture_of(tmp_path, "feed.hl7", feed(1, count=1200))
    whole = history_of(capture, JobContext(), workers=1)
    assert whole.of_type["ORU^R01"] == 1200
    ((_, sample),) = whole.numbers.items()
    assert sample.count == 1200
    assert len(sample.values) == 1200


def test_what_may_identify_is_masked_in_the_table() -> None:
    open_, hidden = (Anomaly(Kind.NEW_CODE, "PID-8", "F", "1", 1, 0, is_open) for is_open in (True, False))
    table = anomaly_table([open_, hidden]).masked()
    assert [row[2] for row in table.rows] == ["F", "•••"]


@given(st.integers(0, 40_000), st.integers(0, 40_000))
def test_a_sample_stays_small_and_spread_over_all(first: int, second: int) -> None:
    sample, later = Sample(), Sample()
    for value in range(0, first, 7):
        sample.add(value)
    for value in range(first, first + second, 7):
        later.add(value)
    count = sample.count + later.count
    sample.merge(later)
    assert sample.count == count
    assert len(sample.values) <= 4096
    assert list(sample.values) == sorted(sample.values)
    assert not count or len(sample.values) * sample.step * 2 >= min(count, 4096) / 2


def test_the_distance_of_two_samples_is_the_largest_gap_of_their_shares() -> None:
    assert ks_distance(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1.0
    assert ks_distance(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0])) == 0.0
    assert ks_distance(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == 0.5
