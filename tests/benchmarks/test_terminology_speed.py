"""Suggestions and translation at the size of a real code system (10,000 targets, 1,000 local codes)."""

import random
from typing import Any

from workbench.terminology.code_map import CodeMap, CodeMapRow, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.harvest import LocalCode
from workbench.terminology.suggest import CandidateIndex, suggest

PARTS = (
    [
        "Glucose",
        "Sodium",
        "Potassium",
        "Hemoglobin",
        "Creatinine",
        "Albumin",
        "Calcium",
        "Urate",
        "Ferritin",
        "Lactate",
    ],
    ["fasting", "random", "post meal", "peak", "trough", "baseline", "free", "total", "direct", "ionized"],
    ["Mass/volume", "Moles/volume", "Presence", "Titer", "Ratio", "Enzymatic activity", "Time", "Fraction"],
    ["Serum", "Plasma", "Urine", "Blood", "Cerebral spinal fluid", "Saliva", "Sweat", "Pleural fluid"],
)


def codings(count: int) -> list[Coding]:
    draw = random.Random(7)
    texts = (" ".join(draw.choice(part) for part in PARTS) for _ in range(count))
    return [Coding("http://loinc.org", f"{number}-{number % 10}", text) for number, text in enumerate(texts)]


def test_suggest_1000_local_codes(benchmark: Any) -> None:
    index = CandidateIndex(codings(10_000))
    local_codes = [LocalCode(f"L{n}", texts=((coding.display, 1),)) for n, coding in enumerate(codings(1_000))]
    found = benchmark.pedantic(lambda: [suggest(local, index) for local in local_codes], rounds=2)
    assert all(found)


def test_build_an_index_of_10000(benchmark: Any) -> None:
    assert len(benchmark.pedantic(CandidateIndex, args=(codings(10_000),), rounds=2)) == 10_000


def test_translate(benchmark: Any) -> None:
    target = Coding("http://loinc.org", "1-8")
    rows = tuple(CodeMapRow(Coding("L", f"C{n}"), target, status=RowStatus.APPROVED) for n in range(10_000))
    code_map = CodeMap("lab", source_system="L", target_system="http://loinc.org", rows=rows, citation="x")
    assert benchmark(code_map.translate, "C5000", "L", "SENDER")
