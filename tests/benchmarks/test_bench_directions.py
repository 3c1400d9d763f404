"""Messages and documents a second in the other directions, fast mode, one core."""

from __future__ import annotations

from pytest_benchmark.fixture import BenchmarkFixture

from workbench.fhir.json_tree import parse as parse_fhir
from workbench.kernel.shipped import shipped
from workbench.mapping.directed import compile_any
from workbench.mapping.directions.mapping import DirectedMapping
from workbench.mapping.load import load_package
from workbench.v2.er7 import parse


def _package(name: str) -> DirectedMapping:
    compiled = compile_any(load_package(shipped(f"mappings/{name}")))
    assert isinstance(compiled, DirectedMapping)
    return compiled


def test_a_report_to_v2(benchmark: BenchmarkFixture) -> None:
    mapping = _package("fhir-to-v2")
    raw = shipped("mappings/fhir-to-v2/suites/main/documents/report.json").read_bytes()
    assert benchmark(lambda: mapping.map(parse_fhir(raw))).texts


def test_an_old_message_normalised(benchmark: BenchmarkFixture) -> None:
    mapping = _package("v2-normalise")
    raw = shipped("mappings/v2-normalise/suites/main/messages/old-lab.hl7").read_bytes()
    assert benchmark(lambda: mapping.map(parse(raw))).texts
