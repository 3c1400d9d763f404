"""FHIR to v2, v2 to v2 and FHIR to FHIR, fast and traced, beside libraries that only read the same, in the same run.

`pytest -o addopts=--import-mode=importlib --benchmark-only tests/benchmarks/test_directions_speed.py`. Every document
is about another patient; in the feed of strangers nothing but codes comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle
from hl7apy.parser import parse_message

from tests.benchmarks.conftest import adt, oru
from workbench.fhir.json_tree import dumps
from workbench.fhir.json_tree import parse as parse_fhir
from workbench.kernel.collector import settle
from workbench.kernel.shipped import shipped
from workbench.mapping.directed import compile_any, recompile_any
from workbench.mapping.directions.mapping import DirectedMapping
from workbench.mapping.edits import ChangeRule
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.load import load_package
from workbench.v2.er7 import parse


@pytest.fixture(scope="module")
def to_fhir() -> CompiledMapping:
    return compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))


@pytest.fixture
def to_v2() -> DirectedMapping:
    return _package("fhir-to-v2")


@pytest.fixture
def normalise() -> DirectedMapping:
    return _package("v2-normalise")


def _package(name: str) -> DirectedMapping:
    """Compiled anew: what one benchmark has made it remember says nothing of the next."""
    mapping = compile_any(load_package(shipped("mappings", name)))
    assert isinstance(mapping, DirectedMapping)
    settle()
    return mapping


def documents(to_fhir: CompiledMapping, make: Callable[[int], bytes]) -> Iterator[bytes]:
    """Bundles of the standard package, each of another message, with its transaction's other entries."""
    for number in count():
        yield dumps(to_fhir.run(parse(make(number))))


def each_time_another(benchmark, run: Callable[[bytes], object], documents: Iterator[bytes], rounds: int = 150) -> None:
    """Measure `run` over documents that all differ."""
    for _ in range(80):
        run(next(documents))
    result = benchmark.pedantic(run, setup=lambda: ((next(documents),), {}), rounds=rounds)
    benchmark.extra_info["documents/s"] = round(1 / benchmark.stats.stats.median)
    assert result


def strangers(make: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """The same messages, but nobody and no place comes again."""
    names = (b"WARD", b"REFER", b"FAMILY", b"ONEIL", b"O'NEIL", b"CLERK", b"HIGH", b"4EAST", b"LENA", b"LAB^LENA")

    def made(number: int) -> bytes:
        raw = make(number)
        for name in names:
            raw = raw.replace(name, b"%s%d" % (name, number))
        return raw

    return made


# --- FHIR to v2 -------------------------------------------------------------------------------------------------------

KINDS = {"admission": adt, "report of 30 results": oru}
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.benchmark(group="FHIR to v2")
@kinds
def test_to_v2(benchmark, to_v2: DirectedMapping, to_fhir: CompiledMapping, kind: str) -> None:
    each_time_another(benchmark, lambda raw: to_v2.map(parse_fhir(raw)).texts, documents(to_fhir, KINDS[kind]))


@pytest.mark.benchmark(group="FHIR to v2")
@kinds
def test_to_v2_of_strangers(benchmark, to_v2: DirectedMapping, to_fhir: CompiledMapping, kind: str) -> None:
    feed = documents(to_fhir, strangers(KINDS[kind]))
    each_time_another(benchmark, lambda raw: to_v2.map(parse_fhir(raw)).texts, feed)


@pytest.mark.benchmark(group="FHIR to v2")
@kinds
def test_to_v2_traced(benchmark, to_v2: DirectedMapping, to_fhir: CompiledMapping, kind: str) -> None:
    feed = documents(to_fhir, KINDS[kind])
    each_time_another(benchmark, lambda raw: to_v2.trace(parse_fhir(raw)).texts, feed, 60)


@pytest.mark.benchmark(group="FHIR to v2")
@kinds
def test_to_v2_traced_with_ledger(benchmark, to_v2: DirectedMapping, to_fhir: CompiledMapping, kind: str) -> None:
    feed = documents(to_fhir, KINDS[kind])
    each_time_another(benchmark, lambda raw: to_v2.trace(parse_fhir(raw)).ledger, feed, 40)


@pytest.mark.benchmark(group="FHIR to v2")
def test_to_v2_of_a_plain_report(benchmark, to_v2: DirectedMapping) -> None:
    """The report of the package's own suite, as other systems send one."""
    raw = shipped("mappings/fhir-to-v2/suites/main/documents/report.json").read_bytes()
    feed = (raw.replace(b'"final"', b'"final", "id": "o%d"' % number) for number in count())
    each_time_another(benchmark, lambda raw: to_v2.map(parse_fhir(raw)).texts, feed)


@pytest.mark.benchmark(group="FHIR to v2")
@kinds
def test_fhir_resources_only_reads(benchmark, to_fhir: CompiledMapping, kind: str) -> None:
    bundle = benchmark.pedantic(Bundle.model_validate_json, (next(documents(to_fhir, KINDS[kind])),), rounds=5)
    assert bundle.entry


# --- v2 to v2 ---------------------------------------------------------------------------------------------------------


@pytest.mark.benchmark(group="v2 to v2")
@kinds
def test_normalise(benchmark, normalise: DirectedMapping, kind: str) -> None:
    each_time_another(benchmark, lambda raw: normalise.map(parse(raw)).texts, map(KINDS[kind], count()))


@pytest.mark.benchmark(group="v2 to v2")
@kinds
def test_normalise_traced(benchmark, normalise: DirectedMapping, kind: str) -> None:
    each_time_another(benchmark, lambda raw: normalise.trace(parse(raw)).texts, map(KINDS[kind], count()))


@pytest.mark.benchmark(group="v2 to v2")
@kinds
def test_hl7apy_only_reads_and_writes(benchmark, kind: str) -> None:
    text = KINDS[kind](1).decode()
    written = benchmark.pedantic(lambda: parse_message(text).to_er7(), rounds=3)
    assert written.startswith("MSH")


# --- FHIR to FHIR -----------------------------------------------------------------------------------------------------

RENAMED = {
    "package.yaml": """id: renamed
version: 0.1.0
direction: fhir-to-fhir
source: {standard: FHIR, version: 4.0.1}
target: {standard: FHIR, version: 4.0.1}
""",
    "messages/PERSONS.yaml": """map: PERSONS
for: [Patient]
rows:
  - {id: patient, from: Patient, make: Patient, using: Patient-Patient}
""",
    "messages/RESULTS.yaml": """map: RESULTS
for: [Observation]
rows:
  - {id: result, from: Observation, make: Observation, using: Observation-Observation}
""",
    "segments/Patient-Patient.yaml": """map: Patient-Patient
from: Patient
to: Patient
rules:
  - {id: numbers, from: identifier, to: identifier, using: Identifier-Identifier}
""",
    "segments/Observation-Observation.yaml": """map: Observation-Observation
from: Observation
to: Observation
rules:
  - {id: numbers, from: identifier, to: identifier, using: Identifier-Identifier}
  - {id: status, from: status, to: status, transform: lower}
""",
    "types/Identifier-Identifier.yaml": """map: Identifier-Identifier
from: Identifier
to: Identifier
rules:
  - {id: system, from: system, to: system, transform: {replace: {find: "urn:id:", with: "https://example.org/"}}}
""",
}


@pytest.fixture
def renames(tmp_path: Path) -> DirectedMapping:
    for name, text in RENAMED.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    mapping = compile_any(load_package(tmp_path))
    assert isinstance(mapping, DirectedMapping)
    settle()
    return mapping


@pytest.mark.benchmark(group="FHIR to FHIR")
@kinds
def test_rename(benchmark, renames: DirectedMapping, to_fhir: CompiledMapping, kind: str) -> None:
    """A site's package that changes numbers and states; most goes over as it stands."""
    feed = documents(to_fhir, KINDS[kind])
    each_time_another(benchmark, lambda raw: dumps(renames.map(parse_fhir(raw)).bundle), feed)


@pytest.mark.benchmark(group="FHIR to FHIR")
@kinds
def test_rename_traced_with_ledger(benchmark, renames: DirectedMapping, to_fhir: CompiledMapping, kind: str) -> None:
    feed = documents(to_fhir, KINDS[kind])
    each_time_another(benchmark, lambda raw: renames.trace(parse_fhir(raw)).ledger, feed, 40)


# --- compiling --------------------------------------------------------------------------------------------------------


@pytest.mark.benchmark(group="after an edit")
@pytest.mark.parametrize("where", ["segments/Observation-OBX", "types/CodeableConcept-CWE"])
def test_recompile(benchmark, to_v2: DirectedMapping, where: str) -> None:
    package = load_package(shipped("mappings", "fhir-to-v2"))
    rule_map = package.rule_map(where.partition("/")[2])
    assert rule_map is not None
    rule = rule_map.rules[-1]
    edited = ChangeRule(where, rule.id, replace(rule, enabled=False)).apply(package)[0]
    benchmark(lambda: recompile_any(to_v2, edited))


@pytest.mark.benchmark(group="after an edit")
def test_compile_anew(benchmark) -> None:
    package = load_package(shipped("mappings", "fhir-to-v2"))
    benchmark(lambda: compile_any(package))
