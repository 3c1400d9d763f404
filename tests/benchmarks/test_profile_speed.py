"""Validate against a full profile: `pytest tests/benchmarks/test_profile_speed.py --benchmark-only`.

The profiles are learnt from the messages themselves, so that all fields, components, lengths and code sets are judged.
No message is like another: control ids,
identifiers, names and times differ, so memories of values help as they do on a real interface.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.benchmarks.conftest import adt, oru
from workbench.v2 import er7
from workbench.validation.profiles.edit import changed
from workbench.validation.profiles.learn import learn_profile
from workbench.validation.profiles.load import load_profile
from workbench.validation.profiles.model import Element, Usage
from workbench.validation.profiles.places import item_at, places
from workbench.validation.profiles.profile_validator import ProfileValidator

COUNT = 400


def _validate_all(validator: ProfileValidator, messages: list[bytes]) -> int:
    return sum(len(validator.validate(er7.parse(raw))) for raw in messages)


@pytest.mark.parametrize("make", [adt, oru], ids=["ADT", "ORU"])
@pytest.mark.benchmark(group="parse and validate with a profile")
def test_validate_with_a_learnt_profile(benchmark, make) -> None:
    messages = [make(number) for number in range(COUNT)]
    profile = learn_profile(map(er7.parse, messages), "benchmark")

    def fresh() -> tuple[tuple[ProfileValidator, list[bytes]], dict[str, object]]:
        validator = ProfileValidator(profile)
        validator.validate(er7.parse(messages[0]))  # the plan is made once, not for each run
        return (validator, messages), {}

    found = benchmark.pedantic(_validate_all, setup=fresh, rounds=5, warmup_rounds=1)
    assert found <= COUNT  # the ADT lacks MSH-18, which is told once for each message
    benchmark.extra_info["messages/s"] = round(COUNT / benchmark.stats.stats.min)


@pytest.mark.parametrize("make", [adt, oru], ids=["ADT", "ORU"])
@pytest.mark.benchmark(group="parse and validate, every field a finding")
def test_validate_where_everything_is_found(benchmark, make) -> None:
    messages = [make(number) for number in range(COUNT)]
    profile = learn_profile(map(er7.parse, messages), "benchmark")
    for at in list(places(profile)):
        item = item_at(profile, at)
        if at.field and isinstance(item, Element) and not at.parts and not at.case and item.usage is not Usage.X:
            profile = changed(profile, at, usage=Usage.X)

    def fresh() -> tuple[tuple[ProfileValidator, list[bytes]], dict[str, object]]:
        validator = ProfileValidator(profile)
        validator.validate(er7.parse(messages[0]))
        return (validator, messages), {}

    found = benchmark.pedantic(_validate_all, setup=fresh, rounds=3, warmup_rounds=1)
    assert found >= 40 * COUNT
    benchmark.extra_info["messages/s"] = round(COUNT / benchmark.stats.stats.min)
    benchmark.extra_info["findings a message"] = round(found / COUNT)


@pytest.mark.parametrize("folder", os.environ.get("WORKBENCH_PROFILES", "").split(os.pathsep))
@pytest.mark.benchmark(group="read and compile a profile")
def test_read_a_profile(benchmark, folder: str) -> None:
    if not folder:
        pytest.skip("WORKBENCH_PROFILES names no folders with profiles")
    profile = benchmark(load_profile, Path(folder))
    assert profile.messages
