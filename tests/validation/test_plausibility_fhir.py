"""Clinical plausibility of FHIR resources and Bundles."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir.json_tree import parse
from workbench.validation.plausibility.fhir import plausibility_of_resource

SENT = "2024-01-02T12:00:00Z"
UCUM = "http://unitsofmeasure.org"


def patient(**more: Any) -> dict[str, Any]:
    made = {"resourceType": "Patient", "id": "p", "meta": {"lastUpdated": SENT}, "gender": "female"}
    return {**made, "birthDate": "1980-01-03", **more}


def potassium(value: float, flag: str = "N", low: float = 3.5, high: float = 5.1, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "meta": {"lastUpdated": SENT},
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "effectiveDateTime": "2024-01-02T11:00:00Z",
        "valueQuantity": {"value": value, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"},
        "referenceRange": [{"low": {"value": low}, "high": {"value": high}}],
        "interpretation": [{"coding": [{"code": flag}]}],
        **more,
    }


def order(drug: str, dose: float, unit: str = "mg") -> dict[str, Any]:
    rate = {"doseQuantity": {"value": dose, "unit": unit}}
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "subject": {"reference": "urn:uuid:1"},
        "medicationCodeableConcept": {"text": drug},
        "dosageInstruction": [{"doseAndRate": [rate]}],
    }


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": resource} for n, resource in enumerate(resources, start=1)]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": SENT, "entry": entries}


def condition(code: str) -> dict[str, Any]:
    coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}
    return {"resourceType": "Condition", "subject": {"reference": "urn:uuid:1"}, "code": {"coding": [coding]}}


HIV = {"resourceType": "ServiceRequest", "status": "active", "code": {"text": "HIV 1 and 2 antibodies"}}
IN_ENTRY = "Bundle.entry[1].resource"

DOUBTFUL: dict[str, tuple[dict[str, Any], str, str]] = {
    "died before birth": (patient(deceasedDateTime="1979-12-31"), "CLN-0101", "Patient.deceasedDateTime"),
    "born after the message": (patient(birthDate="2025-01-03"), "CLN-0102", "Patient.birthDate"),
    "134 years old": (patient(birthDate="1890-01-01"), "CLN-0103", "Patient.birthDate"),
    "observed tomorrow": (
        potassium(4.1, effectiveDateTime="2024-01-05T11:00:00Z"),
        "CLN-0104",
        "Observation.effectiveDateTime",
    ),
    "impossible value": (potassium(41, "HH"), "CLN-0201", "Observation.valueQuantity.value"),
    "flag against range": (potassium(6.1), "CLN-0202", "Observation.interpretation[0]"),
    "range from high to low": (potassium(4.1, low=5.1, high=3.5), "CLN-0203", "Observation.referenceRange[0]"),
    "dose of a thousand days": (
        order("Digoxin tablet", 125),
        "CLN-0301",
        "MedicationRequest.dosageInstruction[0].doseAndRate[0].doseQuantity",
    ),
    "allergy in words": (
        {"resourceType": "AllergyIntolerance", "code": {"text": "Penicillin"}},
        "CLN-0401",
        "AllergyIntolerance.code",
    ),
    "order for the dead": (
        bundle(patient(deceasedBoolean=True), order("Digoxin", 0.125)),
        "CLN-0402",
        f"{IN_ENTRY}.status",
    ),
    "pregnant man": (bundle(patient(gender="male"), condition("O80")), "CLN-0403", f"{IN_ENTRY}.code"),
    "sensitive without label": (HIV, "CLN-0405", "ServiceRequest.code"),
}


def found(resource: dict[str, Any]) -> list[tuple[str, str]]:
    issues = plausibility_of_resource(parse(json.dumps(resource).encode()))
    return [(issue.rule, issue.location.path) for issue in issues]


@pytest.mark.parametrize(("resource", "rule", "path"), DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_what_is_doubtful_is_told_at_its_place(resource: dict[str, Any], rule: str, path: str) -> None:
    assert found(resource) == [(rule, path)]


SOUND = [
    patient(deceasedDateTime="2023-12-31"),
    patient(birthDate="1980"),
    potassium(4.1),
    potassium(6.1, "H"),
    potassium(6.1, valueQuantity={"value": 6.5, "comparator": ">", "unit": "mmol/L"}),
    potassium(6.1, interpretation=[]),
    order("Digoxin tablet", 0.125),
    order("A drug of no table", 5000),
    {"resourceType": "AllergyIntolerance", "code": {"coding": [{"code": "70618"}], "text": "Penicillin"}},
    bundle(patient(), order("Digoxin", 0.125)),
    bundle(patient(deceasedBoolean=True), {**order("Digoxin", 0.125), "status": "stopped"}),
    bundle(patient(), condition("O80")),
    bundle(patient(gender="male"), condition("E11.9")),
    {**HIV, "meta": {"security": [{"code": "R"}]}},
]


@pytest.mark.parametrize("resource", SOUND)
def test_what_is_sound_is_left_alone(resource: dict[str, Any]) -> None:
    assert found(resource) == []


def test_a_finding_in_a_bundle_stands_on_its_bytes_and_hides_the_value() -> None:
    document = parse(json.dumps(bundle(patient(), potassium(41, "HH"))).encode())
    (issue,) = plausibility_of_resource(document)
    assert issue.location.path == f"{IN_ENTRY}.valueQuantity.value"
    span = issue.location.span
    assert span is not None
    assert document.raw[span.start : span.end] == b"41"
    assert "41 mmol/L" in issue.text
    assert "41" not in issue.masked_text


def test_a_rule_can_be_switched_off() -> None:
    document = parse(json.dumps(potassium(6.1)).encode())
    assert plausibility_of_resource(document, frozenset({"CLN-0202"})) == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["code", "coding", "value", "low", "dose"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(["Patient", "Observation", "MedicationRequest", "Condition", "AllergyIntolerance", "Bundle"]),
    st.dictionaries(
        st.sampled_from(
            [
                "birthDate",
                "code",
                "valueQuantity",
                "referenceRange",
                "interpretation",
                "dosage",
                "entry",
                "meta",
                "component",
            ]
        ),
        _JSON,
    ),
)
def test_no_content_makes_a_traceback(kind: str, content: dict[str, Any]) -> None:
    document = parse(json.dumps({**content, "resourceType": kind}).encode())
    assert isinstance(plausibility_of_resource(document), tuple)
