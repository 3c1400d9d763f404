"""What an editor asks of the standard package at every key: text, completion, differences, the graph, suggestions."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from workbench.kernel.shipped import shipped
from workbench.mapping.changes import changes
from workbench.mapping.completion import complete
from workbench.mapping.edits import PutText, RemoveRule
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.mapping.portability import engine_flags
from workbench.mapping.save import text_of
from workbench.mapping.suggestions import fields_without_rule, suggestions
from workbench.mapping.wiring import wire

OBX = "segments/OBX-Observation.yaml"


@pytest.fixture(scope="module")
def standard() -> Package:
    return load_package(shipped("mappings", "v2-to-fhir-r4"))


def test_reading_again_after_one_file_changed(benchmark: BenchmarkFixture, standard: Package) -> None:
    assert standard.folder is not None
    assert benchmark(load_package, standard.folder, standard) == standard


def test_a_text_typed_into_becomes_an_edit(benchmark: BenchmarkFixture, standard: Package) -> None:
    text = text_of(standard, OBX)
    numbers = iter(range(1_000_000))

    def type_once() -> Package:
        return PutText(OBX, f"{text}# {next(numbers)}\n").apply(standard)[0]

    assert benchmark(type_once) != standard


def test_completion_at_a_key(benchmark: BenchmarkFixture, standard: Package) -> None:
    text = text_of(standard, OBX) + "  - {id: x, from: OBX-"
    lines = text.split("\n")
    found = benchmark(complete, standard, OBX, text, len(lines) - 1, len(lines[-1]))
    assert found.offers


def test_differences_after_one_edit(benchmark: BenchmarkFixture, standard: Package) -> None:
    after, _ = RemoveRule("segments/PID-Patient", "pid-7").apply(standard)
    assert len(benchmark(changes, standard, after)) == 1


def test_differences_of_two_folders(benchmark: BenchmarkFixture, standard: Package) -> None:
    assert standard.folder is not None
    assert benchmark(changes, standard, load_package(standard.folder)) == ()


def test_the_graph_of_a_message_map(benchmark: BenchmarkFixture, standard: Package) -> None:
    assert len(benchmark(wire, standard, "ORU").nodes) > 20


def test_suggestions_for_every_open_field(benchmark: BenchmarkFixture, standard: Package) -> None:
    fields = fields_without_rule(standard)
    assert benchmark(suggestions, standard, fields) is not None


def test_engine_flags(benchmark: BenchmarkFixture, standard: Package) -> None:
    assert benchmark(engine_flags, standard) == ()
