"""Codes of FHIR resources: which are local, and what stands beside them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.app.operations.code_harvest import collect
from workbench.app.operations.code_harvest_fhir import seen_in_resource
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture
from workbench.terminology.harvest import SeenCode

LOINC = "http://loinc.org"


def coded(*codes: tuple[str, str, str], text: str = "") -> dict[str, Any]:
    codings = [{"system": system, "code": code, "display": display} for system, code, display in codes]
    return {"coding": codings, "text": text} if text else {"coding": codings}


OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": coded(("urn:lab", "GLU", "Glucose"), (LOINC, "2345-7", "Glucose SerPl")),
    "specimen": {"reference": "urn:uuid:1"},
    "valueQuantity": {"comparator": "<", "value": Decimal("5.10"), "unit": "mmol/l"},
    "referenceRange": [{"low": {"value": Decimal("3.5")}, "high": {"value": 6}}],
}
PANEL: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Specimen", "type": {"text": "Serum"}}},
        {"fullUrl": "urn:uuid:2", "resource": OBSERVATION},
        {
            "fullUrl": "urn:uuid:3",
            "resource": {
                "resourceType": "DiagnosticReport",
                "status": "final",
                "code": coded(("urn:lab", "CHEM", "Chemistry")),
                "result": [{"reference": "urn:uuid:2"}],
            },
        },
    ],
}


def seen(resource: dict[str, Any], *wanted: str, every: bool = False) -> dict[tuple[str, str], SeenCode]:
    found = seen_in_resource(resource, 4, frozenset(wanted), every=every)
    return {(each.field, each.code): each for each in found}


def test_a_result_brings_its_unit_range_value_specimen_and_report() -> None:
    assert seen(PANEL)["Observation.code", "GLU"] == SeenCode(
        "GLU", "Glucose", "urn:lab", "Observation.code", 4, "mmol/l", "Serum", "<5.10", "3.5-6", "Chemistry"
    )


def test_codes_of_published_systems_are_left_out_unless_asked_for() -> None:
    assert ("Observation.code", "2345-7") not in seen(PANEL)
    assert ("Observation.code", "2345-7") in seen(PANEL, every=True)
    assert ("Observation.code", "2345-7") in seen(PANEL, "Observation.code")


def test_a_unit_is_a_local_code_until_it_says_that_it_is_ucum() -> None:
    assert seen(PANEL)["Observation.value.unit", "mmol/l"].text == "mmol/l"
    quantity = {"value": 1, "unit": "mmol/l", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
    ucum = {**OBSERVATION, "valueQuantity": quantity}
    assert not [field for field, _ in seen(ucum) if field.endswith(".unit")]
    assert ("Observation.value.unit", "mmol/L") in seen(ucum, every=True)


def test_components_backbone_elements_data_types_extensions_and_contained_resources_are_walked() -> None:
    resource = {
        "resourceType": "MedicationRequest",
        "medicationReference": {"reference": "#m"},
        "contained": [{"resourceType": "Medication", "id": "m", "code": coded(("urn:drugs", "D1", "Aspirin"))}],
        "extension": [{"url": "urn:x", "valueCoding": {"code": "E1"}}],
        "dosageInstruction": [
            {"route": coded(("urn:r", "PO", "")), "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tab"}}]}
        ],
    }
    assert set(seen(resource)) == {
        ("Medication.code", "D1"),
        ("MedicationRequest.extension.value", "E1"),
        ("MedicationRequest.dosageInstruction.route", "PO"),
        ("MedicationRequest.dosageInstruction.doseAndRate.dose.unit", "tab"),
    }
    pressure = {
        "resourceType": "Observation",
        "code": {"text": "Blood pressure"},
        "component": [{"code": coded(("urn:l", "SYS", "Systolic")), "valueQuantity": {"value": 120, "unit": "mmHg"}}],
    }
    found = seen(pressure)["Observation.component.code", "SYS"]
    assert (found.units, found.value, found.context) == ("mmHg", "120", "Blood pressure")


def test_the_clinical_resources_have_their_codes_collected() -> None:
    code = coded(("urn:l", "X", "x"))
    places = {
        "Immunization": "vaccineCode", "AllergyIntolerance": "code", "Condition": "code", "Procedure": "code",
        "ServiceRequest": "code", "Specimen": "type", "MedicationStatement": "medicationCodeableConcept",
    }  # fmt: skip
    for kind, name in places.items():
        label = f"{kind}.{name.removesuffix('CodeableConcept')}"
        assert (label, "X") in seen({"resourceType": kind, name: code})


def test_a_concept_without_a_code_counts_by_its_text_and_a_standard_one_does_not() -> None:
    assert ("Condition.code", "") in seen({"resourceType": "Condition", "code": {"text": "Bad knee"}})
    standard = coded((LOINC, "1-8", ""), text="Known")
    assert seen({"resourceType": "Condition", "code": standard}) == {}


def test_primitives_are_taken_when_asked_for_and_damage_is_passed_over() -> None:
    patient = {"resourceType": "Patient", "gender": "M", "contact": [None, "x", {"gender": "F"}], "maritalStatus": 3}
    assert set(seen(patient, "Patient.gender")) == {("Patient.gender", "M")}
    assert seen({"resourceType": "Observation", "code": [], "component": {"code": {"coding": "x"}}}) == {}
    assert seen({"resourceType": "Nonsense", "code": {"text": "x"}}) == {}


def test_a_capture_of_resources_is_collected_with_counts_and_example_messages(tmp_path: Path) -> None:
    path = tmp_path / "feed.ndjson"
    path.write_text("".join(json.dumps({**OBSERVATION, "id": str(n)}, default=float) + "\n" for n in range(3)), "utf-8")
    capture = open_capture([path])
    found = {local.field: local for local in collect(capture, None, JobContext(), workers=1)}
    glucose = found["Observation.code"]
    assert (glucose.code, glucose.count, glucose.messages, glucose.unit) == ("GLU", 3, (0, 1, 2), "mmol/l")
    assert found["Observation.value.unit"].count == 3
    with_standard = collect(capture, None, JobContext(), workers=1, every=True)
    assert "2345-7" in {local.code for local in with_standard}
