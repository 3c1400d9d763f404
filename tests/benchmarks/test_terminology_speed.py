"""Suggestions, search, import and translation at the size of real code systems."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.app.operations.code_decisions import Actor, choose, decide
from workbench.app.operations.local_codes import Show, View, Worklist, chosen
from workbench.kernel.progress import JobContext
from workbench.mapping.edits import to_json
from workbench.mapping.model import Header, Package
from workbench.terminology.code_map import CodeMap, CodeMapRow, Relationship, RowStatus
from workbench.terminology.code_store import CodeStore, write_store
from workbench.terminology.codes import Coding, Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.loinc_axes import LOINC
from workbench.terminology.ranking import SNOMED_CT
from workbench.terminology.releases.records import Record
from workbench.terminology.review import Role
from workbench.terminology.safety import check_row
from workbench.terminology.suggest import CandidateIndex, suggest

ANALYTES = ("Glucose", "Sodium", "Potassium", "Hemoglobin", "Creatinine", "Albumin", "Calcium", "Urate", "Ferritin")
PARTS = (
    ("fasting", "random", "post meal", "peak", "trough", "baseline", "free", "total", "direct", "ionized"),
    ("Mass/volume", "Moles/volume", "Presence", "Titer", "Mass Ratio", "Enzymatic activity/volume", "Time", "#/volume"),
    ("Serum or Plasma", "Urine", "Blood", "Cerebral spinal fluid", "Saliva", "Sweat", "Pleural fluid", "Stool"),
)
SYLLABLES = (
    *("ba", "co", "di", "fe", "gu", "ha", "li", "mo", "nu", "pa", "ra", "si", "to", "vi", "xe", "zo"),
    *("car", "der", "phen", "thyr", "gluc", "nephr", "hepat"),
)


def word(draw: random.Random) -> str:
    return "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(2, 4)))


def codings(count: int) -> list[Coding]:
    """Names with the shape of LOINC's: some everyday analytes among many rare words."""
    draw = random.Random(7)
    rare = [word(draw).title() for _ in range(max(200, count // 12))]
    names = (
        f"{draw.choice(ANALYTES) if draw.random() < 0.2 else draw.choice(rare)} {draw.choice(rare)} "
        f"{draw.choice(PARTS[0])} [{draw.choice(PARTS[1])}] in {draw.choice(PARTS[2])}"
        for _ in range(count)
    )
    return [Coding(LOINC, f"{number}-{number % 10}", name) for number, name in enumerate(names)]


def local_codes(count: int) -> list[LocalCode]:
    draw = random.Random(11)
    chosen = draw.sample(codings(20_000), count)
    return [
        LocalCode(
            f"L{number}",
            texts=((coding.display.split(" [")[0], 1),),
            units=((draw.choice(("mg/dL", "mmol/L", "%", "")), 1),),
            specimens=((draw.choice(("Blood", "Urine", "CSF")), 1),),
        )
        for number, coding in enumerate(chosen)
    ]


def store_of(folder: Path, records: Iterator[Record], system: str) -> CodeStore:
    about = {"system": system, "title": "bench", "version": "1", "source": "bench", "source_sha256": ""}
    write_store(folder / "bench.codes", records, about, JobContext())
    return CodeStore(folder / "bench.codes")


@pytest.fixture(scope="module")
def snomed_size(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeStore]:
    """350,000 descriptions of 120,000 concepts."""
    draw = random.Random(3)
    vocabulary = [word(draw) for _ in range(30_000)]
    records = (
        Record(str(100_000 + number // 3), " ".join(draw.choices(vocabulary, k=draw.randint(2, 6))), rank=number % 3)
        for number in range(350_000)
    )
    with store_of(tmp_path_factory.mktemp("snomed"), records, SNOMED_CT) as store:
        yield store


def test_suggest_1000_local_codes_against_100000(benchmark: Any) -> None:
    index = CandidateIndex(codings(100_000))
    asked = local_codes(1_000)
    spent: list[float] = []

    def suggest_all() -> list[object]:
        start = time.process_time()
        found: list[object] = [suggest(local, index) for local in asked]
        spent.append(time.process_time() - start)
        return found

    found = benchmark.pedantic(suggest_all, rounds=2, warmup_rounds=1)
    assert sum(map(bool, found)) > 990
    benchmark.extra_info["CPU seconds"] = round(min(spent), 3)


def test_build_an_index_of_100000(benchmark: Any) -> None:
    assert len(benchmark.pedantic(CandidateIndex, args=(codings(100_000),), rounds=1)) == 100_000


def test_import_100000_terms(benchmark: Any, tmp_path: Path) -> None:
    def import_all() -> int:
        (tmp_path / "bench.codes").unlink(missing_ok=True)
        with store_of(tmp_path, (Record(each.code, each.display) for each in codings(100_000)), LOINC) as store:
            return store.info.concepts

    assert benchmark.pedantic(import_all, rounds=1) == 100_000


@pytest.mark.parametrize("typed", ["g", "gl", "gluc", "gluc ba", "thyr he co"])
def test_a_keystroke_over_350000_descriptions(benchmark: Any, snomed_size: CodeStore, typed: str) -> None:
    assert benchmark(snomed_size.search, typed) is not None


@pytest.mark.parametrize("typed", ["", "n", "gluc", "analyte 29 serum"])
def test_filter_100000_local_codes_at_a_key(benchmark: Any, worklist: Worklist, typed: str) -> None:
    found = benchmark(chosen, worklist.lines, View("", Show.EVERYTHING, "", typed))
    assert len(found) <= 100_000


def test_a_decision_among_100000_local_codes_is_followed(benchmark: Any, worklist: Worklist) -> None:
    package = Package(Header("bench", "1"), codes={"lab": CodeMap("lab")})
    target = Coding(LOINC, "1-8", "x")
    row = CodeMapRow(Coding("L", "L5"), target, status=RowStatus.MAPPED, author="ann")
    after = Package(Header("bench", "1"), codes={"lab": CodeMap("lab", rows=(row,))})

    def there_and_back() -> int:
        return len(worklist.follow(after)) + len(worklist.follow(package))

    assert benchmark(there_and_back) == 2
    assert str(worklist.coverage()).startswith("0 of 100,000 distinct codes")


def test_a_decision_in_a_map_of_100000_rows(benchmark: Any, worklist: Worklist) -> None:
    rows = tuple(CodeMapRow(Coding("L", f"L{n}")) for n in range(100_000))
    package = Package(Header("bench", "1"), codes={"lab": CodeMap("lab", source_system="L", rows=rows)})
    decision = choose(Coding(LOINC, "1-8", "x"), Relationship.EQUIVALENT, "", Actor("ann", frozenset({Role.AUTHOR})))
    worklist.follow(package)
    spent: list[float] = []

    def decided() -> int:
        start = time.process_time()
        made = decide(package, worklist.lines[70:71], decision)
        after, change = made.edits[0].apply(package)
        assert len(to_json(change.edit)) < 2_000
        count = len(worklist.follow(after))
        spent.append(time.process_time() - start)
        worklist.follow(package)
        return count

    assert benchmark.pedantic(decided, rounds=5, warmup_rounds=1) == 1
    benchmark.extra_info["CPU seconds"] = round(min(spent), 4)


@pytest.fixture(scope="module")
def worklist() -> Worklist:
    locals_ = (
        LocalCode(f"L{n}", count=n % 977, texts=((f"Test {n} of analyte {n % 3000}", 1),), specimens=(("Serum", 1),))
        for n in range(100_000)
    )
    package = Package(Header("bench", "1"), codes={"lab": CodeMap("lab")})
    return Worklist(locals_, package, "lab")


def test_check_1000_rows_against_their_code_system(benchmark: Any) -> None:
    concepts = codings(1_000)
    rows = [CodeMapRow(Coding("L", each.code), each, status=RowStatus.MAPPED) for each in concepts]
    local = local_codes(1_000)
    found = benchmark(
        lambda: [
            check_row(row, one, Concept(row.target), True) for row, one in zip(rows, local, strict=True) if row.target
        ]
    )
    assert len(found) == 1_000


def test_translate(benchmark: Any) -> None:
    target = Coding(LOINC, "1-8")
    rows = tuple(CodeMapRow(Coding("L", f"C{n}"), target, status=RowStatus.APPROVED) for n in range(10_000))
    code_map = CodeMap("lab", source_system="L", target_system=LOINC, rows=rows, citation="x")
    assert benchmark(code_map.translate, "C5000", "L", "SENDER")
