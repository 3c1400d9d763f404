"""How often the right LOINC term comes first for the terms of a hospital that other people mapped."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from workbench.kernel.progress import JobContext
from workbench.terminology.codes import Coding, Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.loinc_axes import LOINC, axes_of
from workbench.terminology.releases.loinc import read_loinc
from workbench.terminology.specimens import conflicts
from workbench.terminology.suggest import CandidateIndex, suggest


@pytest.mark.corpus
def test_right_terms_come_first_and_specimens_are_seldom_wrong(shared_material: Path) -> None:
    folder = shared_material / "terminology"
    concepts = [
        Concept(Coding(LOINC, record.code, record.text), record.synonyms, record.properties, bool(record.retired))
        for record in read_loinc(folder / "vocabulary" / "Loinc.csv", JobContext())
    ]
    by_code = {concept.coding.code: concept for concept in concepts}
    right: dict[LocalCode, set[str]] = defaultdict(set)
    with (folder / "gold" / "loinc_mimic4_labs.csv").open(encoding="utf-8", newline="") as text:
        for row in list(csv.DictReader(text))[::3]:
            if row["target_code"] in by_code:
                right[_local(row)].add(row["target_code"])
    index = CandidateIndex(concepts)
    first = among_ten = wrong_specimen = 0
    for local, targets in right.items():
        found = [candidate.coding.code for candidate in suggest(local, index)]
        first += found[:1] != [] and found[0] in targets
        among_ten += bool(targets & set(found))
        if found and found[0] not in targets:
            own, other = axes_of(by_code[found[0]]).specimen, axes_of(by_code[min(targets)]).specimen
            wrong_specimen += conflicts(other, own)
    assert len(right) > 250
    assert first / len(right) >= 0.6
    assert among_ten / len(right) >= 0.82
    assert wrong_specimen / len(right) <= 0.12


def _local(row: dict[str, str]) -> LocalCode:
    return LocalCode(
        row["local_code"],
        texts=((row["local_text"], 1),),
        units=((row["units"], 1),) if row["units"] else (),
        specimens=((row["specimen"], 1),) if row["specimen"] else (),
        context=row["context"],
    )
