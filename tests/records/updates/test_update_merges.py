"""Merged patients: both histories stay, late messages find the survivor (edge cases A01, A05 to A10, A12)."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from tests.records.updates.update_samples import Bench, adt, result
from workbench.mapping.model import Resolve
from workbench.records.updates.merged_away import survivor_of
from workbench.records.updates.record import Record


def person(number: str, name: str = "Roe") -> str:
    return f"{number}^^^H^MR||{name}^Jane"


def merge(loser: str, survivor: str, hour: int) -> str:
    return adt("A40", hour, f"MRG|{loser}^^^H^MR", pid=person(survivor))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def place(bench: Bench, number: str) -> str:
    return f"Patient/{bench.patient(number)['id']}"


def links(bench: Bench, number: str) -> list[tuple[str, str]]:
    found = bench.patient(number).get("link", [])
    return [(link["type"], link["other"]["reference"]) for link in found]  # type: ignore[attr-defined]


def test_a_merge_keeps_the_loser_inactive_with_all_that_was_known_of_it(bench: Bench) -> None:
    bench.feed(
        adt("A04", 10, pid="1^^^H^MR||Roe^Jane"),
        adt("A04", 11, pid="2^^^H^MR||Roe^J.||19800101"),
        result("F", 12, pid="2^^^H^MR||Roe^J."),
    )
    assert bench.rules(merge("2", "1", 13)) == []
    loser = bench.patient("2")
    assert (loser["active"], loser["birthDate"], loser["name"]) == (
        False,
        "1980-01-01",
        [{"family": "Roe", "given": ["J."]}],
    )
    assert links(bench, "2") == [("replaced-by", place(bench, "1"))]
    assert links(bench, "1") == [("replaces", place(bench, "2"))]
    assert bench.one("Observation")["subject"] == {"reference": place(bench, "2")}


def test_a_message_for_a_number_that_was_merged_away_goes_to_the_survivor(bench: Bench) -> None:
    bench.feed(adt("A04", 10, pid=person("1")), adt("A04", 11, pid=person("2")), merge("2", "1", 12))
    (plan,) = bench.feed(result("F", 13, pid="2^^^H^MR||Other^Name"))
    assert [(issue.rule, issue.args) for issue in plan.findings] == [("UPD-0301", {"survivor": place(bench, "1")})]
    assert bench.one("Observation")["subject"] == {"reference": place(bench, "1")}
    assert bench.patient("2")["active"] is False
    assert bench.patient("1")["name"] == bench.patient("2")["name"] == [{"family": "Roe", "given": ["Jane"]}]


def test_a_merge_before_its_loser_is_known_records_the_number(bench: Bench) -> None:
    bench.feed(merge("2", "1", 10))
    bench.feed(result("F", 11, pid=person("2")))
    assert [each.get("active", True) for each in bench.all("Patient")].count(True) == 1
    assert bench.one("Observation")["subject"] == {"reference": place(bench, "1")}


@pytest.mark.parametrize(
    ("resolve", "rules", "refused"), [(Resolve.REVIEW, ["UPD-0307"], False), (Resolve.REFUSE, ["UPD-0307"], True)]
)
def test_a_package_may_keep_such_messages_out(resolve: Resolve, rules: list[str], refused: bool) -> None:
    bench = Bench()
    bench.feed(merge("2", "1", 10))
    bench.policy = replace(bench.policy, merged=resolve)
    (plan,) = bench.feed(result("F", 11, pid=person("2")))
    assert ([issue.rule for issue in plan.findings], plan.refused) == (rules, refused)
    assert bench.all("Observation") == []


def test_a_merge_again_changes_nothing(bench: Bench) -> None:
    bench.feed(adt("A04", 9, pid=person("2")), merge("2", "1", 10))
    before = [(each["id"], each.get("link"), each.get("active")) for each in bench.all("Patient")]
    assert bench.rules(merge("2", "1", 11)) == []
    assert [(each["id"], each.get("link"), each.get("active")) for each in bench.all("Patient")] == before


def test_a_merge_into_itself_is_refused(bench: Bench) -> None:
    bench.feed(adt("A04", 10, pid=person("1")))
    before = list(bench.record.resources())
    (plan,) = bench.feed(merge("1", "1", 11))
    assert ([issue.rule for issue in plan.findings], plan.refused) == (["UPD-0302"], True)
    assert list(bench.record.resources()) == before


def test_a_merge_back_in_a_circle_is_refused(bench: Bench) -> None:
    bench.feed(adt("A04", 10, pid=person("1")), adt("A04", 10, pid=person("2")), merge("2", "1", 11))
    before = list(bench.record.resources())
    (plan,) = bench.feed(merge("1", "2", 12))
    assert ([issue.rule for issue in plan.findings], plan.refused) == (["UPD-0303"], True)
    assert list(bench.record.resources()) == before
    assert survivor_of(place(bench, "1"), bench.record) == survivor_of(place(bench, "2"), bench.record)


def test_a_record_that_holds_a_circle_already_is_no_trap() -> None:
    def merged_into(name: str, other: str) -> dict[str, object]:
        link = [{"type": "replaced-by", "other": {"reference": f"Patient/{other}"}}]
        return {"resourceType": "Patient", "id": name, "active": False, "link": link}

    assert survivor_of("Patient/a", Record([merged_into("a", "b"), merged_into("b", "a")])) == "Patient/b"


def test_merges_in_a_chain_lead_to_the_last(bench: Bench) -> None:
    bench.feed(merge("2", "1", 10), merge("1", "3", 11))
    assert survivor_of(place(bench, "2"), bench.record) == place(bench, "3")
    bench.feed(result("F", 12, pid=person("2")))
    assert bench.one("Observation")["subject"] == {"reference": place(bench, "3")}


def test_one_who_was_merged_is_not_merged_into_another(bench: Bench) -> None:
    bench.feed(merge("2", "1", 10), adt("A04", 11, pid=person("3")))
    assert "UPD-0304" in bench.rules(merge("2", "3", 12))
    assert survivor_of(place(bench, "2"), bench.record) == place(bench, "1")


def test_a_merge_holds_whenever_it_arrives(bench: Bench) -> None:
    story = (
        adt("A04", 10, pid=person("1")),
        adt("A04", 11, pid=person("2")),
        merge("2", "1", 12),
        adt("A08", 13, pid=person("1", "Poe")),
    )
    for order in permutations(story):
        bench = Bench()
        bench.feed(*order)
        assert bench.patient("2")["active"] is False
        assert survivor_of(place(bench, "2"), bench.record) == place(bench, "1")
        assert bench.patient("1")["name"] == [{"family": "Poe", "given": ["Jane"]}]


def test_an_unlink_after_a_merge_moves_nothing(bench: Bench) -> None:
    bench.feed(
        adt("A04", 9, pid=person("1")),
        adt("A04", 9, pid=person("2")),
        merge("2", "1", 10),
        result("F", 11, pid=person("2")),
    )
    unlinked = adt("A37", 12, f"PID|2||{person('2')}", pid=person("1"))
    assert "UPD-0301" in bench.rules(unlinked, adt("A31", 13, pid=person("2", "Other")))
    assert bench.patient("2")["active"] is False
    assert bench.one("Observation")["subject"] == {"reference": place(bench, "1")}
