"""Planted axis errors: most are found, and right mappings are left alone."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.terminology.planted import Axis, Planter
from workbench.kernel.issues import Severity
from workbench.kernel.progress import JobContext
from workbench.terminology.code_map import CodeMapRow, RowStatus
from workbench.terminology.codes import Coding, Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.loinc_axes import LOINC
from workbench.terminology.releases.loinc import read_loinc
from workbench.terminology.safety import check_row

Cases = Sequence[tuple[LocalCode, Concept]]
COMPONENTS = (
    "Sodium",
    "Potassium",
    "Chloride",
    "Urea",
    "Glucose",
    "Calcium",
    "Zinc",
    "Lactate",
    "Ferritin",
    "Cortisol",
)
SYSTEMS = {"Ser/Plas": "Serum or Plasma", "Urine": "Urine", "CSF": "Cerebral spinal fluid", "Stool": "Stool"}
KINDS = {"MCnc": ("Mass/volume", "mg/dL"), "SCnc": ("Moles/volume", "mmol/L"), "PrThr": ("Presence", "")}


def invented() -> list[Concept]:
    """A small vocabulary with the shape of LOINC: every component in every specimen and property, some challenged."""
    terms = []
    for component in COMPONENTS:
        for system, said in SYSTEMS.items():
            for kind, (bracket, unit) in KINDS.items():
                for moment in ("", "post dialysis", "baseline"):
                    number = str(len(terms) + 1)
                    facts = {
                        "COMPONENT": f"{component}{'^' + moment if moment else ''}", "PROPERTY": kind, "SYSTEM": system,
                        "TIME_ASPCT": "Pt", "SCALE_TYP": "Ord" if kind == "PrThr" else "Qn", "EXAMPLE_UCUM_UNITS": unit,
                    }  # fmt: skip
                    name = f"{component} [{bracket}] in {said}{' --' + moment if moment else ''}"
                    terms.append(Concept(Coding(LOINC, number, name), (), facts))
    return terms


def findings(local: LocalCode, target: Concept) -> set[Severity]:
    row = CodeMapRow(Coding("urn:l", local.code, local.text), target.coding, status=RowStatus.MAPPED)
    return {issue.severity for issue in check_row(row, local, target, True)} & {Severity.ERROR, Severity.WARNING}


def measured(cases: Cases, planter: Planter) -> tuple[Counter[Axis], Counter[Axis], int]:
    """(planted by axis, found by axis, right mappings that were blamed)."""
    planted: Counter[Axis] = Counter()
    found: Counter[Axis] = Counter()
    for local, right in cases:
        for error in planter.plant(local, right):
            planted[error.axis] += 1
            found[error.axis] += bool(findings(local, error.target))
    return planted, found, sum(bool(findings(local, right)) for local, right in cases)


def test_every_planted_error_of_an_invented_vocabulary_is_found_and_nothing_else() -> None:
    vocabulary = invented()
    cases = [
        (
            LocalCode(
                f"L{number}",
                texts=((concept.properties["COMPONENT"], 1),),
                units=((concept.properties["EXAMPLE_UCUM_UNITS"], 1),),
                specimens=((SYSTEMS[concept.properties["SYSTEM"]], 1),),
            ),
            concept,
        )
        for number, concept in enumerate(vocabulary)
        if "^" not in concept.properties["COMPONENT"] and concept.properties["PROPERTY"] != "PrThr"
    ]
    planted, found, blamed = measured(cases, Planter(vocabulary))
    assert set(planted) == {Axis.SPECIMEN, Axis.PROPERTY, Axis.SCALE, Axis.MOMENT, Axis.COMPONENT}
    assert found == planted
    assert blamed == 0


@pytest.mark.corpus
def test_of_planted_errors_95_percent_are_found_at_5_percent_false_alarms(shared_material: Path) -> None:
    """Measured 2026-11: 96.9 % of 4,480, no axis below 95 %; of right rows 1.1 % have an error, under 5 % anything."""
    folder = shared_material / "terminology"
    concepts = [
        Concept(Coding(LOINC, record.code, record.text), record.synonyms, record.properties, bool(record.retired))
        for record in read_loinc(folder / "vocabulary" / "Loinc.csv", JobContext())
    ]
    cases = [
        case
        for name in ("loinc_mimic4_labs", "loinc_india_alias", "loinc_ship4", "loinc_livd_sarscov2")
        for case in _mapped(folder / "gold" / f"{name}.csv", {each.coding.code: each for each in concepts})
    ]
    planted, found, blamed = measured(cases, Planter(concepts))
    assert sum(planted.values()) > 4_000
    assert {axis: round(found[axis] / planted[axis], 3) for axis in planted if found[axis] < 0.95 * planted[axis]} == {}
    assert blamed / len(cases) <= 0.05


def _mapped(path: Path, by_code: dict[str, Concept]) -> Iterator[tuple[LocalCode, Concept]]:
    with path.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            right = by_code.get(row["target_code"])
            if right is not None:
                yield (
                    LocalCode(
                        row["local_code"] or "x",
                        texts=((row["local_text"], 1),),
                        units=((row["units"], 1),) if row["units"] else (),
                        specimens=((row["specimen"], 1),) if row["specimen"] else (),
                        context=row["context"],
                    ),
                    right,
                )
