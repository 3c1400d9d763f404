"""How long it takes to work out what a message does to a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.records.updates.update_samples import VISIT, Bench, adt, result, said
from workbench.records.updates.planning import plan_update

ALLERGIES = tuple(f"AL1|{n}|DA|C{n}^Substance {n}^L|SV|Rash" for n in range(1, 6))
LONG_STAY = [result("F", 10 + day * 24, str(day)).replace("110000", f"11{day:02}00") for day in range(20)]


@pytest.mark.parametrize(
    "message",
    [adt("A08", 900, VISIT, *ALLERGIES), result("F", 900, "5.4")],
    ids=["A08 with 5 allergies", "ORU with one result"],
)
def test_a_plan_against_the_record_of_a_long_stay(benchmark: Callable[..., Any], message: str) -> None:
    bench = Bench()
    bench.feed(adt("A01", 9, VISIT, *ALLERGIES), *LONG_STAY)
    told = said(message)
    plan = benchmark(plan_update, told, bench.record, bench.policy)
    assert plan.writes


def test_a_whole_message_onto_a_record(benchmark: Callable[..., Any]) -> None:
    message = adt("A08", 900, VISIT, *ALLERGIES)

    def whole() -> None:
        bench = Bench()
        bench.feed(message)

    benchmark(whole)
