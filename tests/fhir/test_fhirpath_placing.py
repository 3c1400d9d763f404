"""Where in the resource the items of a FHIRPath result stand."""

from __future__ import annotations

import json

import pytest

from workbench.fhir.fhirpath import Placing, evaluate, evaluate_placed
from workbench.fhir.json_tree import parse

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "contained": [{"resourceType": "Organization", "id": "o", "active": True, "name": "A"}],
    "active": True,
    "name": [
        {"given": ["A", "B"], "family": "A"},
        {"_family": {"id": "z"}},
        {"given": ["C", None], "_given": [None, {"id": "g"}]},
    ],
    "birthDate": "1980-01-01",
    "_birthDate": {"extension": [{"url": "http://example.org/time", "valueString": "noon"}]},
    "multipleBirthInteger": 1,
    "managingOrganization": {"reference": "#o"},
}


def placed(expression: str) -> list[tuple[object, str]]:
    return [tuple(item) for item in evaluate_placed(Placing(PATIENT), expression)]


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("Patient", ["Patient"]),
        ("active", ["Patient.active"]),
        (
            "name.given",
            ["Patient.name[0].given[0]", "Patient.name[0].given[1]", "Patient.name[2].given[0]", "Patient._given"],
        ),
        ("name.family.first()", ["Patient.name[0].family"]),
        ("name.where(given = 'C')", []),
        ("name[2].given[0]", ["Patient.name[2].given[0]"]),
        ("birthDate", ["Patient.birthDate"]),
        ("birthDate.extension.value", ["Patient._birthDate.extension[0].valueString"]),
        ("multipleBirth", ["Patient.multipleBirthInteger"]),
        ("managingOrganization.resolve().active", ["Patient.contained[0].active"]),
        ("contained.ofType(Organization).name", ["Patient.contained[0].name"]),
        ("descendants().where($this is boolean)", ["Patient.active", "Patient.contained[0].active"]),
        ("name.count()", [""]),
        ("birthDate + 1 day", [""]),
        ("'A'", [""]),
    ],
)
def test_an_item_has_the_path_it_stands_at(expression: str, paths: list[str]) -> None:
    expected = [path.replace("Patient._given", "Patient.name[2]._given[1]") for path in paths]
    assert [path for _, path in placed(expression)] == expected


@pytest.mark.parametrize(
    "expression",
    [
        "name",
        "Patient",
        "name.family",
        "descendants()",
        "name.given | name.family",
        "birthDate.extension",
        "children().count()",
        "name.select(family.hasValue())",
    ],
)
def test_the_values_are_those_of_a_plain_evaluation(expression: str) -> None:
    assert [value for value, _ in placed(expression)] == evaluate(PATIENT, expression)


def test_every_path_leads_to_bytes_of_the_document() -> None:
    document = parse(json.dumps(PATIENT).encode())
    found = evaluate_placed(Placing(document.value), "descendants()")
    assert len(found) > 20
    for item in found:
        element = document.at(item.path)
        assert element is not None, item.path
        text = document.raw[element.span.start : element.span.end]
        if isinstance(item.value, str):
            assert json.loads(text) == item.value
