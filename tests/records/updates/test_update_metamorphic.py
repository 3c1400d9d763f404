"""Twice, again, late, in any order: the same record, or a finding that says where it differs (D05 to D09)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records.updates.update_samples import PATIENT, VISIT, Bench, adt, order, result, said
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Severity
from workbench.mapping.model import Removal, SegmentMode
from workbench.messages.capture import MessageFormat, open_capture
from workbench.records.updates.planning import plan_update
from workbench.records.updates.record import Record
from workbench.records.updates.sameness import EVENTS, content_of
from workbench.synthetic.scenarios import generate

BED_2 = VISIT.replace("W^1^2", "W^1^3")
VISIT_OF_FOUR = (
    adt("A01", 10, VISIT, "AL1|1|DA|PCN^Penicillin^L", "DG1|1||I10^Hypertension^I10"),
    adt("A02", 12, BED_2),
    adt("A08", 14, BED_2, "AL1|1|DA|PCN^Penicillin^L|SV", pid=PATIENT.replace("Main", "Side")),
    adt("A03", 16, BED_2 + "|20240101160000", pid=PATIENT.replace("Main", "Side")),
)
ORDER_AND_RESULTS = (order("NW", 10), result("P", 12, "5"), result("F", 14, "5.4"), result("C", 16, "5.6"))

VISIT_WITH_RESULT = (
    VISIT_OF_FOUR[0],
    "\r".join((*result("F", 11, pid="7^^^H^MR||Rho^J.").split("\r")[:2], VISIT, *result("F", 11).split("\r")[2:])),
    VISIT_OF_FOUR[2],
    VISIT_OF_FOUR[3],
)
CALLED_OFF = (order("NW", 10), order("XO", 12), order("CA", 14), order("CR", 16))
CANCELLED = (adt("A05", 9, VISIT), adt("A01", 10, VISIT, "AL1|1|DA|PCN^Penicillin^L"), adt("A11", 12, VISIT))


def state(bench: Bench) -> dict[str, object]:
    """What the record says, by what its resources are about; ids of what has no number are as the messages came."""
    names = {f"{each['resourceType']}/{each['id']}": _name(each) for each in bench.record.resources()}

    def told(value: object) -> object:
        if isinstance(value, dict):
            return {key: told(item) for key, item in value.items()}
        if isinstance(value, list):
            return [told(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    return {
        name: told(dict(content_of(each)))
        for name, each in zip(names.values(), bench.record.resources(), strict=True)
        if each["resourceType"] not in EVENTS
    }


def _name(resource: dict[str, object]) -> str:
    found = resource.get("identifier") or resource.get("code") or resource.get("name") or resource.get("collection")
    return f"{resource['resourceType']} {found}"


def in_order(messages: Sequence[str]) -> dict[str, object]:
    bench = Bench()
    for plan in bench.feed(*messages):
        assert plan.is_whole
    return state(bench)


@pytest.mark.parametrize(
    "story", [VISIT_OF_FOUR, ORDER_AND_RESULTS, VISIT_WITH_RESULT], ids=["visit", "results", "visit with result"]
)
def test_in_any_order_the_record_is_the_same(story: Sequence[str]) -> None:
    expected = in_order(story)
    for shuffled in permutations(story):
        bench = Bench()
        bench.feed(*shuffled)
        assert state(bench) == expected


@pytest.mark.parametrize("story", [CALLED_OFF, CANCELLED], ids=["order called off", "visit cancelled"])
def test_in_any_order_the_record_is_the_same_or_says_where_it_is_not(story: Sequence[str]) -> None:
    expected = in_order(story)
    for shuffled in permutations(story):
        bench = Bench()
        plans = bench.feed(*shuffled)
        reported = [issue for plan in plans for issue in plan.findings if issue.severity is not Severity.INFORMATION]
        assert state(bench) == expected or reported


def test_whatever_the_order_the_visit_ends_discharged_from_its_last_bed_at_the_new_address() -> None:
    for shuffled in permutations(VISIT_OF_FOUR):
        bench = Bench()
        bench.feed(*shuffled)
        visit = bench.one("Encounter")
        assert visit["status"] == "finished"
        assert "2024-01-01T16:00:00Z" in str(visit["period"])
        assert bench.one("Patient")["address"] == [{"line": ["Side"], "city": "Town"}]
        assert len(bench.all("AllergyIntolerance")) == len(bench.all("Condition")) == 1


def test_whatever_the_order_a_corrected_result_stays_corrected() -> None:
    for shuffled in permutations(ORDER_AND_RESULTS):
        bench = Bench()
        bench.feed(*shuffled)
        observation = bench.one("Observation")
        assert (observation["status"], str(observation["valueQuantity"]["value"])) == ("corrected", "5.6")  # type: ignore[index]
        assert len(bench.all("ServiceRequest")) == len(bench.all("DiagnosticReport")) == 1


@given(st.lists(st.sampled_from(VISIT_OF_FOUR + ORDER_AND_RESULTS), max_size=12))
@settings(deadline=None, max_examples=40)
def test_messages_that_come_again_at_any_time_leave_the_record_as_it_was(again: list[str]) -> None:
    bench = Bench()
    bench.feed(*VISIT_OF_FOUR, *ORDER_AND_RESULTS)
    before = state(bench)
    for message in again:
        (plan,) = bench.feed(message)
        assert not plan.writes
    assert state(bench) == before


@given(st.permutations(range(len(VISIT_OF_FOUR))), st.integers(0, len(VISIT_OF_FOUR) - 1))
@settings(deadline=None, max_examples=40)
def test_snapshots_in_any_order_end_with_the_last_list(order_of: list[int], again: int) -> None:
    lists = (("PCN",), ("PCN", "LTX"), ("LTX", "NUT"), ("NUT",))
    story = [
        adt("A08", 10 + hour, VISIT, *(f"AL1|{n}|DA|{code}^{code}^L" for n, code in enumerate(codes, 1)))
        for hour, codes in enumerate(lists)
    ]
    bench = Bench()
    bench.policy = type(bench.policy)(
        modes={"AL1": SegmentMode.SNAPSHOT}, kinds=bench.policy.kinds, missing=Removal.END
    )
    bench.feed(*(story[number] for number in (*order_of, again)))
    codes = {
        each["code"]["coding"][0]["code"]: each["clinicalStatus"]["coding"][0]["code"]  # type: ignore[index]
        for each in bench.all("AllergyIntolerance")
    }
    assert {code for code, status in codes.items() if status == "active"} == {"NUT"}


@pytest.mark.parametrize(
    "scenario", ["discharge", "update", "merge", "lab-correction", "medication-order", "appointment", "newborn"]
)
def test_a_day_that_is_sent_again_changes_nothing(scenario: str) -> None:
    day = [message.raw.decode() for message in generate(scenario, 5, 11)]
    bench = Bench()
    bench.feed(*day)
    before = list(bench.record.resources())
    assert not any(plan.writes for plan in bench.feed(*day))
    assert list(bench.record.resources()) == before


@pytest.mark.corpus
def test_every_message_of_the_corpus_says_the_same_when_it_comes_again_under_another_header(corpus_root: Path) -> None:
    capture = open_capture([corpus_root / "v2"])
    chosen = [number for number in range(0, len(capture), 11) if capture.format_of(number) is MessageFormat.ER7]
    judged = 0
    for number in chosen:
        try:
            told = said(capture.raw(number).decode("utf-8", "replace"))
        except Refused:
            continue
        record = Record()
        record.apply(plan_update(told, record).transaction)
        # one more entry makes it another message, so that nothing is known by the header alone
        entries = [*told.bundle["entry"], {"resource": {"resourceType": "Basic"}, "request": {"method": "GET"}}]  # type: ignore[misc]
        again = plan_update(replace(told, bundle={**told.bundle, "entry": entries}), record)
        writes = [change for change in again.changes if change.act.writes and change.kind != "MessageHeader"]
        assert not writes, f"message {number}"
        judged += 1
    assert judged > 50
