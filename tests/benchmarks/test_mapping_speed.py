"""Map ADT and ORU with the standard package, fast and traced, beside hl7apy in the same run.

`pytest tests/benchmarks/test_mapping_speed.py --benchmark-only`. Every message is about another patient. In the feed of
strangers everybody else is another person too, and all live elsewhere: nothing of them can be remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from hl7apy.parser import parse_message

from tests.benchmarks.conftest import adt, oru
from workbench.kernel.collector import settle
from workbench.kernel.shipped import shipped
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.load import load_package
from workbench.v2.er7 import parse

FED_BEFORE = 200
"""Messages before the measured ones: what is remembered is settled after some hundred."""


@pytest.fixture
def standard() -> CompiledMapping:
    """Compiled anew: what one benchmark has made it remember says nothing of the next."""
    mapping = compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))
    settle()
    return mapping


def each_time_another(benchmark, run: Callable[[bytes], object], make: Callable[[int], bytes]) -> None:
    """Measure `run` over messages that all differ, once it has seen what a feed says again and again."""
    numbers = count()
    for _ in range(FED_BEFORE):
        run(make(next(numbers)))
    result = benchmark.pedantic(run, setup=lambda: ((make(next(numbers)),), {}), rounds=600)
    benchmark.extra_info["messages/s"] = round(1 / benchmark.stats.stats.median)
    assert result is not None


def adt_of_strangers(number: int) -> bytes:
    """An admission in which no name, doctor, address, ward, contact or diagnosis comes again."""
    raw = adt(number)
    for word in (
        b"WARD",
        b"REFER",
        b"FAMILY",
        b"ONEIL",
        b"O'NEIL",
        b"CLERK",
        b"HIGH",
        b"4EAST",
        b"555",
        b"Pneu",
        b"Peni",
    ):
        raw = raw.replace(word, b"%s%d" % (word, number))
    return raw


@pytest.mark.benchmark(group="map ADT")
def test_map_adt_of_strangers(benchmark, standard: CompiledMapping) -> None:
    each_time_another(benchmark, lambda raw: standard.run(parse(raw)), adt_of_strangers)


@pytest.mark.benchmark(group="map ADT")
def test_map_adt(benchmark, standard: CompiledMapping) -> None:
    each_time_another(benchmark, lambda raw: standard.run(parse(raw)), adt)


@pytest.mark.benchmark(group="map ADT")
def test_map_adt_traced(benchmark, standard: CompiledMapping) -> None:
    each_time_another(benchmark, lambda raw: standard.trace(parse(raw)), adt)


@pytest.mark.benchmark(group="map ADT")
def test_map_adt_traced_and_read(benchmark, standard: CompiledMapping) -> None:
    each_time_another(benchmark, lambda raw: standard.trace(parse(raw)).trace, adt)


@pytest.mark.benchmark(group="map ADT")
def test_map_adt_traced_with_ledger(benchmark, standard: CompiledMapping) -> None:
    each_time_another(benchmark, lambda raw: standard.trace(parse(raw)).ledger, adt)


@pytest.mark.benchmark(group="map ADT")
def test_hl7apy_only_parses_adt(benchmark) -> None:
    message = benchmark.pedantic(parse_message, (adt(1).decode(),), rounds=5)
    assert message.msh.msh_10.value == "MSG00000001"


@pytest.mark.benchmark(group="map ORU, 30 OBX")
def test_map_oru(benchmark, standard: CompiledMapping) -> None:
    each_time_another(benchmark, lambda raw: standard.run(parse(raw)), oru)


@pytest.mark.benchmark(group="map ORU, 30 OBX")
def test_map_oru_traced(benchmark, standard: CompiledMapping) -> None:
    each_time_another(benchmark, lambda raw: standard.trace(parse(raw)), oru)


@pytest.mark.benchmark(group="map ORU, 30 OBX")
def test_hl7apy_only_parses_oru(benchmark) -> None:
    message = benchmark.pedantic(parse_message, (oru(1).decode(),), rounds=3)
    assert message.msh.msh_10.value == "MSG00000001"
