"""Snapshots and action codes: what a list no longer has, and what one code says of one member (edge cases E03, E07)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.records.updates.update_samples import VISIT, Bench, adt
from workbench.mapping.model import Removal, SegmentMode
from workbench.records.updates.ending import is_over
from workbench.records.updates.plan import Act
from workbench.records.updates.record import Resource

PENICILLIN, LATEX, NUTS = "AL1|1|DA|PCN^Penicillin^L", "AL1|2|LA|LTX^Latex^L", "AL1|3|FA|NUT^Nuts^L"
NONE = 'AL1|1||""'


def bench_of(**policy: object) -> Bench:
    bench = Bench()
    bench.policy = replace(bench.policy, **policy)  # type: ignore[arg-type]
    return bench


def snapshot(missing: Removal = Removal.END, emptied: Removal = Removal.REVIEW) -> Bench:
    return bench_of(modes={"AL1": SegmentMode.SNAPSHOT}, missing=missing, emptied=emptied)


def code(resource: Resource) -> str:
    return str(resource["code"]["coding"][0]["code"])  # type: ignore[index]


def active(bench: Bench) -> set[str]:
    return {code(each) for each in bench.all("AllergyIntolerance") if not is_over(each)}


def test_by_default_what_a_message_no_longer_has_says_nothing() -> None:
    bench = Bench()
    assert bench.rules(adt("A01", 10, VISIT, PENICILLIN, LATEX), adt("A08", 11, VISIT, LATEX)) == []
    assert active(bench) == {"PCN", "LTX"}


def test_a_snapshot_ends_what_it_no_longer_has_and_deletes_nothing() -> None:
    bench = snapshot()
    bench.feed(adt("A01", 10, VISIT, PENICILLIN, LATEX))
    (plan,) = bench.feed(adt("A08", 11, VISIT, LATEX, NUTS))
    assert active(bench) == {"LTX", "NUT"}
    assert ([issue.rule for issue in plan.findings], plan.count(Act.END)) == (["UPD-0402"], 1)
    (over,) = [each for each in bench.all("AllergyIntolerance") if is_over(each)]
    assert over["clinicalStatus"]["coding"][0]["code"] == "inactive"  # type: ignore[index]
    assert "verificationStatus" not in over
    assert bench.rules(adt("A08", 12, VISIT, LATEX, NUTS)) == []


def test_a_snapshot_that_may_not_end_anything_only_reports() -> None:
    bench = snapshot(missing=Removal.REVIEW)
    assert bench.rules(adt("A01", 10, VISIT, PENICILLIN, LATEX), adt("A08", 11, VISIT, LATEX)) == ["UPD-0401"]
    assert active(bench) == {"PCN", "LTX"}


def test_a_message_without_the_segment_says_nothing_of_the_set() -> None:
    bench = snapshot()
    assert bench.rules(adt("A01", 10, VISIT, PENICILLIN), adt("A08", 11, VISIT)) == []
    assert active(bench) == {"PCN"}


def test_a_snapshot_leaves_what_other_senders_and_other_segments_told_of() -> None:
    bench = snapshot()
    told = (
        adt("A01", 10, VISIT, PENICILLIN, sender="CLINIC"),
        adt("A01", 11, VISIT, "IAM|1|DA|ASA^Aspirin^L|MI||A|A1^H"),
    )
    assert bench.rules(*told, adt("A08", 12, VISIT, LATEX)) == []
    assert active(bench) == {"PCN", "ASA", "LTX"}


def test_the_snapshot_of_one_visit_leaves_the_diagnoses_of_another() -> None:
    bench = bench_of(modes={"DG1": SegmentMode.SNAPSHOT}, missing=Removal.END)
    other = VISIT.replace("V1^^^H^VN", "V2^^^H^VN")
    flu, burn = "DG1|1||J11^Influenza^I10", "DG1|1||T30^Burn^I10"
    bench.feed(adt("A01", 10, VISIT, flu), adt("A01", 11, other, flu))
    assert len(bench.all("Condition")) == 2
    assert bench.rules(adt("A08", 12, other, burn)) == ["UPD-0402"]
    assert [is_over(each) for each in bench.all("Condition")] == [False, True, False]


def test_an_older_list_brings_nothing_back() -> None:
    bench = snapshot()
    rules = bench.rules(adt("A08", 12, VISIT, LATEX), adt("A01", 10, VISIT, PENICILLIN, LATEX))
    assert "UPD-0407" in rules
    assert active(bench) == {"LTX"}


def test_what_has_ended_comes_back_with_a_later_list() -> None:
    bench = snapshot()
    bench.feed(
        adt("A01", 10, VISIT, PENICILLIN), adt("A08", 11, VISIT, LATEX), adt("A08", 12, VISIT, PENICILLIN, LATEX)
    )
    assert active(bench) == {"PCN", "LTX"}
    assert len(bench.all("AllergyIntolerance")) == 2


@pytest.mark.parametrize(
    ("bench", "rules", "left"),
    [
        (Bench(), ["UPD-0403"], {"PCN", "LTX"}),
        (snapshot(), ["UPD-0403"], {"PCN", "LTX"}),
        (snapshot(emptied=Removal.END), ["UPD-0404", "UPD-0402", "UPD-0402"], set()),
        (bench_of(emptied=Removal.END), ["UPD-0403"], {"PCN", "LTX"}),
    ],
    ids=["default", "snapshot for review", "snapshot that may empty", "no snapshot"],
)
@pytest.mark.parametrize("segment", [NONE, 'AL1|""|""|""|""|""'])
def test_deleting_all_allergies_is_never_silent(bench: Bench, rules: list[str], left: set[str], segment: str) -> None:
    bench = Bench(bench.policy)
    bench.feed(adt("A01", 10, VISIT, PENICILLIN, LATEX))
    (plan,) = bench.feed(adt("A08", 11, VISIT, segment))
    assert [issue.rule for issue in plan.findings] == rules
    assert plan.findings[0].args["count"] == "2"
    assert active(bench) == left
    assert len(bench.all("AllergyIntolerance")) == 2


# --- action codes ------------------------------------------------------------------------------------------------


def by_action() -> Bench:
    return bench_of(modes={"IAM": SegmentMode.ACTION_CODE, "PRB": SegmentMode.ACTION_CODE})


def iam(action: str, number: str = "A1", words: str = "Aspirin", severity: str = "MI") -> str:
    return f"IAM|1|DA|{words[:3].upper()}^{words}^L|{severity}||{action}|{number}^H"


def test_an_action_code_touches_one_allergy_and_no_other() -> None:
    bench = by_action()
    bench.feed(adt("A60", 10, iam("A"), iam("A", "A2", "Latex")))
    (plan,) = bench.feed(adt("A60", 11, iam("D")))
    assert plan.findings == ()
    assert active(bench) == {"LAT"}
    (gone,) = [each for each in bench.all("AllergyIntolerance") if is_over(each)]
    assert gone["verificationStatus"]["coding"][0]["code"] == "entered-in-error"  # type: ignore[index]
    assert "clinicalStatus" not in gone
    assert gone["criticality"] == "low"


def test_an_update_changes_and_no_change_leaves_alone() -> None:
    bench = by_action()
    bench.feed(adt("A60", 10, iam("A"), iam("A", "A2", "Latex")))
    bench.feed(adt("A60", 11, iam("U", severity="SV"), iam("X", "A2", "Latex", severity="SV")))
    assert [each["criticality"] for each in bench.all("AllergyIntolerance")] == ["high", "low"]


@pytest.mark.parametrize("action", ["D", "X"])
def test_an_action_on_what_the_record_lacks_is_reported(action: str) -> None:
    assert by_action().rules(adt("A60", 10, iam(action))) == ["UPD-0405"]


def test_a_deletion_that_came_before_its_addition_holds() -> None:
    bench = by_action()
    assert bench.rules(adt("A60", 12, iam("D")), adt("A60", 11, iam("A"))) == ["UPD-0405", "UPD-0101"]
    assert active(bench) == set()


def test_problems_have_action_codes_of_their_own_table() -> None:
    bench = by_action()
    head = "MSH|^~\\&|APP|HOSP|C|D|{0}||PPR^PC1|{0}|T|2.5.1\rPID|1||7^^^H^MR||Roe^Jane\r"
    head += "PRB|{1}|{0}|I10^Hypertension^I10|PR1^H"
    bench.feed(head.format("20240101100000", "AD"), head.format("20240101110000", "UC"))
    assert not is_over(bench.one("Condition"))
    bench.feed(head.format("20240101120000", "DE"))
    assert is_over(bench.one("Condition"))
