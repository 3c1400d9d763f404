"""Safety checks: each danger is found, and silence where nothing is wrong."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from pathlib import Path

import pytest

from workbench.kernel.issues import Severity
from workbench.terminology.code_map import CodeMap, CodeMapRow, Relationship, RowStatus
from workbench.terminology.codes import Coding, Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.loinc_axes import Axes, axes_of
from workbench.terminology.ranking import CVX, ICD_10_CM, RXNORM
from workbench.terminology.safety import check_map, check_row
from workbench.terminology.safety_rules import SAFETY_RULES

LOINC = "http://loinc.org"


def local(
    text: str, specimen: str = "", unit: str = "", values: tuple[str, ...] = (), field: str = "OBX-3"
) -> LocalCode:
    return LocalCode(
        "X",
        field=field,
        texts=((text, 1),),
        specimens=((specimen, 1),) if specimen else (),
        units=((unit, 1),) if unit else (),
        values=tuple((value, 1) for value in values),
    )


def rules(code: LocalCode, target: Concept | Coding, relationship: Relationship = Relationship.EQUIVALENT) -> set[str]:
    concept = target if isinstance(target, Concept) else Concept(target)
    comment = "said so" if relationship is Relationship.SOURCE_IS_BROADER else ""
    row = CodeMapRow(Coding("L", "X", code.text), concept.coding, relationship, RowStatus.MAPPED, comment=comment)
    issues = check_row(row, code, concept)
    assert all(issue.text and "{" not in issue.text for issue in issues)
    return {issue.rule.removeprefix("TERM-0") for issue in issues}


def loinc(name: str, **properties: str) -> Concept:
    return Concept(Coding(LOINC, "1-8", name), properties=properties)


GLUCOSE = "Glucose [Mass/volume] in Serum or Plasma"


@pytest.mark.parametrize(
    ("code", "name", "rule"),
    [
        (local("Glucose", "Urine"), GLUCOSE, "301"),
        (local("Glucose", "Serum", "mmol/L"), GLUCOSE, "302"),
        (local("WBC", "Urine", "/hpf"), "Leukocytes [#/volume] in Urine", "302"),
        (local("Glucose", values=("Negative", "Trace", "Positive")), GLUCOSE, "303"),
        (local("Glucose", values=("98", "<10", "140.5")), "Glucose [Presence] in Serum or Plasma", "303"),
        (local("Glucose qualitative"), GLUCOSE, "304"),
        (local("Influenza A by PCR"), "Influenza virus A Ag [Presence] in Nose by Immunoassay", "305"),
        (local("Protein", "Urine", "mg/dL"), "Protein [Mass/volume] in 24 hour Urine", "306"),
        (local("Vancomycin trough"), "Vancomycin [Mass/volume] in Serum or Plasma --peak", "307"),
        (local("Glucose"), "Fasting glucose [Mass/volume] in Serum or Plasma", "307"),
        (local("Rubella IgG"), "Rubella virus IgM Ab [Presence] in Serum", "308"),
        (local("HBs antigen"), "Hepatitis B virus surface Ab [Presence] in Serum", "308"),
        (local("Bilirubin direct"), "Bilirubin.indirect [Mass/volume] in Serum or Plasma", "308"),
        (local("Urea/Creatinine ratio"), "Urea [Mass/volume] in Serum or Plasma", "309"),
        (local("Albumin/Globulin"), "Globulin/Albumin [Mass Ratio] in Serum", "309"),
        (local("Sodium", unit="mmol/L"), "Electrolytes 1998 panel - Serum or Plasma", "310"),
        (local("Gentamicin level", "Serum", "ug/mL"), "Gentamicin [Susceptibility]", "325"),
        (local("LDH", "Other body fluid"), "Lactate dehydrogenase [Enzymatic activity/volume] in Pleural fluid", "326"),
        (local("LDH", "Pleural fluid"), "Lactate dehydrogenase [Enzymatic activity/volume] in Body fluid", "327"),
    ],
)
def test_axes_in_conflict_are_found(code: LocalCode, name: str, rule: str) -> None:
    assert rule in rules(code, loinc(name))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (local("Glucose", "Serum", "mg/dL", ("98", "105")), GLUCOSE),
        (local("Glucose", "Blood", "mg/dL"), GLUCOSE),
        (local("Glucose"), GLUCOSE),
        (local("Protein", "Urine", "g/24h"), "Protein [Mass/time] in 24 hour Urine"),
        (local("Fasting glucose", "Plasma", "mg/dL"), "Fasting glucose [Mass/volume] in Serum or Plasma"),
        (local("HBsAg", values=("Reactive", "Nonreactive")), "Hepatitis B virus surface Ag [Presence] in Serum"),
        (local("A/G ratio"), "Albumin/Globulin [Mass Ratio] in Serum or Plasma"),
        (local("WBC", "Blood", "K/uL"), "Leukocytes [#/volume] in Blood by Automated count"),
    ],
)
def test_right_rows_are_left_in_peace(code: LocalCode, name: str) -> None:
    assert rules(code, loinc(name)) == set()


def test_a_unit_of_the_same_kind_is_to_be_converted_and_the_same_unit_is_not() -> None:
    target = loinc("Hemoglobin [Mass/volume] in Blood", EXAMPLE_UCUM_UNITS="g/dL")
    assert rules(local("Hemoglobin", "Blood", "g/L"), target) == {"321"}
    assert rules(local("Hemoglobin", "Blood", "gm/dl"), target) == set()


def test_values_that_are_no_answers_are_counted_and_not_shown() -> None:
    target = loinc("Color of Urine", ANSWERS="Yellow; Amber; Red")
    (issue,) = check_row(
        CodeMapRow(Coding("L", "X", "Urine color"), target.coding, status=RowStatus.MAPPED),
        local("Urine color", values=("Blue", "Green", "Red")),
        target,
    )
    assert issue.rule == "TERM-0328"
    assert "2 of 3" in issue.text and "Blue" not in issue.text
    assert rules(local("Urine color", values=("yellow", "RED")), target) == set()


def test_a_less_exact_specimen_is_fine_once_it_is_said() -> None:
    target = loinc("Protein [Mass/volume] in Body fluid")
    assert rules(local("Protein", "Pleural"), target, Relationship.SOURCE_IS_NARROWER) == set()


def test_retired_unknown_and_unbillable_targets_are_found() -> None:
    old = Concept(Coding(LOINC, "9-9", "Deprecated thing"), retired=True, replaced_by=("1-8", "2-6"))
    row = CodeMapRow(Coding("L", "X", "thing"), old.coding, status=RowStatus.MAPPED)
    (issue,) = check_row(row, local("thing"), old)
    assert (issue.rule, issue.severity) == ("TERM-0311", Severity.WARNING)
    assert "1-8 or 2-6" in issue.text
    (missing,) = check_row(row, local("thing"), None, complete=True)
    assert missing.rule == "TERM-0312"
    heading = Concept(Coding(ICD_10_CM, "E11", "Type 2 diabetes mellitus"), properties={"billable": "0"})
    assert rules(local("Type 2 diabetes"), heading) == {"313"}


def test_strength_form_and_product_are_compared() -> None:
    tablet = Coding(RXNORM, "1", "metoprolol tartrate 25 MG Oral Tablet")
    assert rules(local("Metoprolol 25mg tab"), tablet) == set()
    assert rules(local("Metoprolol 50 mg tab"), tablet) == {"315"}
    assert rules(local("Metoprolol 25 mg injection"), tablet) == {"316"}
    assert rules(local("Metoprolol XL 25 mg tab"), tablet) == {"316"}
    assert rules(local("Metoprolol 25mg tab"), Coding(RXNORM, "2", "metoprolol")) == {"317"}
    narrower = rules(local("Metoprolol 25mg tab"), Coding(RXNORM, "2", "metoprolol"), Relationship.SOURCE_IS_NARROWER)
    assert narrower == set()


@pytest.mark.parametrize(
    ("text", "display", "found"),
    [
        ("Ibuprofen", "NSAIDs", True),
        ("Penicillins", "Penicillins", False),
        ("No known allergies", "Allergy to substance", True),
        ("Peanut", "Allergy to peanut (disorder)", True),
        ("Peanut", "Peanut", False),
    ],
)
def test_allergies_keep_class_substance_and_disorder_apart(text: str, display: str, found: bool) -> None:
    said = rules(local(text, field="AL1-3"), Coding("http://snomed.info/sct", "1", display))
    assert ("314" in said) is found


def test_left_is_not_right_and_a_named_vaccine_is_not_unspecified() -> None:
    assert rules(local("Fracture of left wrist"), Coding(ICD_10_CM, "1", "Fracture of right wrist")) == {"323"}
    unspecified = Concept(Coding(CVX, "17", "Hib, unspecified formulation"))
    assert "324" in rules(local("ActHIB Haemophilus b conjugate"), unspecified)
    assert rules(local("Hib unspecified"), unspecified) == set()


def test_rows_are_compared_with_one_another() -> None:
    target = Coding(LOINC, "2345-7", GLUCOSE)
    rows = (
        CodeMapRow(Coding("L", "A", "Glucose"), target, status=RowStatus.MAPPED),
        CodeMapRow(Coding("L", "B", "Glucose fasting"), target, status=RowStatus.MAPPED),
        CodeMapRow(Coding("L", "C", "Sodium"), Coding(LOINC, "1", "Sodium"), status=RowStatus.MAPPED),
        CodeMapRow(Coding("L", "C", "Sodium"), Coding(LOINC, "2", "Sodium in Urine"), status=RowStatus.MAPPED),
        CodeMapRow(Coding("L", "D", "x"), None, status=RowStatus.UNMAPPED),
    )
    findings = check_map(CodeMap("m", source_system="L", target_system=LOINC, rows=rows))
    assert [(finding.row, finding.issue.rule) for finding in findings] == [
        (0, "TERM-0319"),
        (1, "TERM-0319"),
        (2, "TERM-0320"),
        (3, "TERM-0320"),
    ]


def test_the_direction_of_a_relationship_is_checked() -> None:
    broad, narrow = local("Diabetes"), Coding(ICD_10_CM, "E11", "Diabetes mellitus type 2")
    assert "322" in rules(broad, narrow, Relationship.SOURCE_IS_NARROWER)
    assert "322" not in rules(broad, narrow, Relationship.SOURCE_IS_BROADER)


def test_every_rule_explains_itself() -> None:
    assert all(rule.id == key and rule.title and rule.explanation for key, rule in SAFETY_RULES.items())
    assert len(SAFETY_RULES) >= 20


@pytest.mark.corpus
def test_planted_axis_errors_are_found_and_right_rows_left_in_peace(shared_material: Path) -> None:
    """A sibling that differs in one axis takes the place of the right term; values are planted for the scale."""
    folder = shared_material / "terminology"
    terms: dict[str, Concept] = {}
    with (folder / "vocabulary" / "Loinc.csv").open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            facts = {name: value for name, value in row.items() if value}
            terms[row["LOINC_NUM"]] = Concept(Coding(LOINC, row["LOINC_NUM"], row["LONG_COMMON_NAME"]), (), facts)
    axes = {code: axes_of(term) for code, term in terms.items()}
    siblings: dict[str, list[str]] = defaultdict(list)
    for code, found in axes.items():
        siblings[found.component.casefold()].append(code)
    planted = caught = right = alarms = 0
    draw = random.Random(3)
    for row in _gold(folder):
        code = row["target_code"]
        if code not in terms:
            continue
        known = local(row["local_text"], row["specimen"], row["units"])
        right += 1
        alarms += _alarmed(known, terms[code])
        own = axes[code]
        others = draw.sample(siblings[own.component.casefold()], len(siblings[own.component.casefold()]))
        wrong = [
            next((other for other in others if row["specimen"] and _other_specimen(axes[other], own)), None),
            next((other for other in others if row["units"] and _other_kind(axes[other], own)), None),
        ]
        for other in filter(None, wrong):
            planted += 1
            caught += _alarmed(known, terms[other])
        if own.qualitative is not None and own.kind != "Titr":
            planted += 1
            values = ("12.5", "7", "<0.5", "9") if own.qualitative else ("Positive", "Negative", "Trace")
            caught += _alarmed(local(row["local_text"], values=values), terms[code])
    assert right > 2_000 and planted > 1_500
    assert caught / planted >= 0.95
    assert alarms / right <= 0.05


def _gold(folder: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for name in ("loinc_mimic4_labs", "loinc_india_alias", "loinc_ship4"):
        with (folder / "gold" / f"{name}.csv").open(encoding="utf-8", newline="") as text:
            rows += csv.DictReader(text)
    return rows


def _alarmed(known: LocalCode, term: Concept) -> bool:
    row = CodeMapRow(Coding("L", "X", known.text), term.coding, status=RowStatus.MAPPED)
    return any(issue.severity.rank <= Severity.WARNING.rank for issue in check_row(row, known, term))


_VAGUE = frozenset({"", "unspecified", "body-fluid", "urine-sediment"})
_BLOODS = frozenset(
    [
        "serum",
        "blood",
        "coagulation-plasma",
        "serum-or-blood",
        "red-cells",
        "white-cells",
        "venous-blood",
        "arterial-blood",
        "capillary-blood",
        "cord-blood",
        "dbs",
        "marrow",
    ]
)


def _other_specimen(found: Axes, own: Axes) -> bool:
    pair = {found.specimen, own.specimen}
    return len(pair) == 2 and not pair & _VAGUE and not pair <= _BLOODS


def _other_kind(found: Axes, own: Axes) -> bool:
    swaps = ({"MCnc", "SCnc"}, {"NCnc", "NFr"}, {"NCnc", "Naric"}, {"MCnc", "PrThr"}, {"CCnc", "MCnc"})
    return {found.kind, own.kind} in swaps
