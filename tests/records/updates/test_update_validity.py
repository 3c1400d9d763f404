"""What an update sends is valid FHIR, whatever it creates, changes or ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.records.updates.update_samples import VISIT, Bench, adt, order, result
from workbench.fhir.bundle import dangling
from workbench.fhir.json_tree import dumps
from workbench.kernel.issues import blocks
from workbench.mapping.model import Removal, SegmentMode
from workbench.validation.fhir_validator import validate_value

ALL = (
    "AL1|1|DA|PCN^Penicillin^L",
    "DG1|1||I10^Hypertension^I10",
    "PR1|1||47600^Cholecystectomy^C4",
    "NK1|1|Roe^John|SPO",
)


@pytest.mark.parametrize(
    "messages",
    [
        (
            adt("A01", 10, VISIT, *ALL),
            adt("A08", 11, VISIT, "AL1|1|DA|LTX^Latex^L", "DG1|1||T30^Burn^I10", "PR1|1||1^X^C4"),
        ),
        (adt("A01", 10, VISIT, *ALL), adt("A08", 11, VISIT, 'AL1|1||""', pid='7^^^H^MR||Roe^Jane||""|F|||""')),
        (order("NW", 9), result("P", 10), result("F", 11), result("C", 12, "5.60")),
        (adt("A04", 9, pid="2^^^H^MR||Roe^J"), adt("A40", 10, "MRG|2^^^H^MR")),
        (adt("A60", 9, "IAM|1|DA|ASA^Aspirin^L|MI||A|A1^H"), adt("A60", 10, "IAM|1|DA|ASA^Aspirin^L|MI||D|A1^H")),
    ],
    ids=["snapshot", "deletions", "results", "merge", "action codes"],
)
def test_transactions_of_updates_are_valid(messages: tuple[str, ...]) -> None:
    bench = Bench()
    modes = {
        **bench.policy.modes,
        "AL1": SegmentMode.SNAPSHOT,
        "DG1": SegmentMode.SNAPSHOT,
        "PR1": SegmentMode.SNAPSHOT,
    }
    bench.policy = replace(bench.policy, modes=modes, missing=Removal.END, emptied=Removal.END)
    for plan in bench.feed(*messages):
        assert plan.writes
        assert [issue.text for issue in validate_value(dict(plan.transaction)) if blocks(issue)] == []
        assert dangling(plan.transaction) == ()


def test_digits_of_a_value_stay_as_the_message_has_them() -> None:
    bench = Bench()
    *_, plan = bench.feed(result("F", 10, "5.40"), result("C", 11, "5.60"))
    assert b'"value":5.60' in dumps(plan.transaction)
