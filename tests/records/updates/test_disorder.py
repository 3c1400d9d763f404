"""Trials of the same messages in other orders."""

from __future__ import annotations

from tests.records.updates.update_samples import VISIT, adt, said, standard
from workbench.records.updates.disorder import MOST_HELD_BACK, disordered, orders_of
from workbench.records.updates.plan import Policy, policy_of
from workbench.records.updates.said import Said

POLICY = policy_of(standard().package)


def test_trials_are_the_same_for_one_seed_and_hold_every_message() -> None:
    orders = list(orders_of(4, 3, seed=7))
    assert orders == list(orders_of(4, 3, seed=7))
    assert [name for name, _ in orders] == [
        "each twice", "all again", "1 last", "2 last", "3 last", "shuffled 1", "shuffled 2", "shuffled 3",
    ]  # fmt: skip
    assert all(set(order) == {0, 1, 2, 3} for _, order in orders)


def test_of_many_messages_a_selection_is_held_back() -> None:
    names = [name for name, _ in orders_of(1000, 0)]
    assert len(names) <= MOST_HELD_BACK + 2


def test_a_visit_is_the_same_in_every_order() -> None:
    visit = [adt("A01", 10, VISIT), adt("A08", 12, VISIT), adt("A03", 14, VISIT + "|20240101140000")]
    trials = list(disordered([said(each) for each in visit], POLICY, orders_of(3, 4)))
    assert len(trials) == 8
    assert not any(trial.differs for trial in trials)


def test_a_difference_that_is_reported_is_not_silent() -> None:
    story = [adt("A08", 10, control_id="a"), adt("A08", 10, control_id="b", pid="7^^^H^MR||Poe^Jane")]
    (trial,) = disordered([said(each) for each in story], POLICY, [("turned", (1, 0))])
    assert (trial.differs, trial.is_silent, trial.findings) == (("Patient",), False, 1)


def test_a_difference_that_nothing_tells_of_is_silent() -> None:
    def undated(gender: str) -> Said:
        patient = {"resourceType": "Patient", "id": "p1", "gender": gender}
        request = {"method": "PUT", "url": "Patient/p1"}
        entry = {"fullUrl": "urn:uuid:p1", "resource": patient, "request": request}
        return Said({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})

    (trial,) = disordered([undated("male"), undated("female")], Policy(), [("turned", (1, 0))])
    assert (trial.differs, trial.is_silent) == (("Patient",), True)
