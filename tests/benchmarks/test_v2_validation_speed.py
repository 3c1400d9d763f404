"""Validate against the standard and lay out groups, beside hl7apy: `pytest tests/benchmarks --benchmark-only`."""

from __future__ import annotations

import pytest
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message

from tests.benchmarks.conftest import adt, oru
from workbench.v2 import er7
from workbench.v2.structure import group_tree
from workbench.validation.v2_plan import plan_for
from workbench.validation.v2_validator import validate_message

COUNT = 300


def _validate_all(messages: list[bytes]) -> int:
    return sum(len(validate_message(er7.parse(raw))) for raw in messages)


@pytest.mark.parametrize("make", [adt, oru], ids=["ADT", "ORU"])
@pytest.mark.benchmark(group="parse and validate")
def test_validate(benchmark, make) -> None:
    messages = [make(number) for number in range(COUNT)]
    found = benchmark.pedantic(_validate_all, (messages,), setup=plan_for.cache_clear, rounds=5, warmup_rounds=1)
    assert found >= 0
    benchmark.extra_info["messages/s"] = round(COUNT / benchmark.stats.stats.min)


@pytest.mark.parametrize("make", [adt, oru], ids=["ADT", "ORU"])
@pytest.mark.benchmark(group="parse and validate")
def test_validate_with_hl7apy(benchmark, make) -> None:
    text = make(1).decode()

    def judge() -> bool:
        try:
            return parse_message(text).validate()
        except HL7apyException:  # in strict mode findings come as exceptions
            return False

    assert benchmark.pedantic(judge, rounds=3, warmup_rounds=1) in (True, False)


@pytest.mark.parametrize("make", [adt, oru], ids=["ADT", "ORU"])
@pytest.mark.benchmark(group="group tree")
def test_group_tree(benchmark, make) -> None:
    message = er7.parse(make(1))
    assert benchmark(group_tree, message).misfits == ()
