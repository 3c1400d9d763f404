"""FHIR: read and validate, beside fhir.resources in the same run: `pytest tests/benchmarks --benchmark-only`."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workbench.fhir import json_tree
from workbench.fhir.bundle import Entry, transaction, urn_uuid
from workbench.fhir.definitions import definitions
from workbench.fhir.fhirpath import compile_expression
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.model import model_of
from workbench.fhir.typed import typed
from workbench.validation.fhir_validator import FhirOptions, validate_value

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"versionId": "1", "lastUpdated": "2024-01-02T03:04:05Z"},
    "identifier": [
        {
            "use": "usual",
            "system": "urn:oid:2.16.840.1.113883.19.5",
            "value": "12345",
            "assigner": {"display": "General"},
        },
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-11-2222"},
    ],
    "active": True,
    "name": [{"use": "official", "family": "O'Neil", "given": ["Meabh", "A"], "prefix": ["Dr."]}],
    "telecom": [
        {"system": "phone", "value": "+1 217 555 0133", "use": "home"},
        {"system": "email", "value": "m@x.org"},
    ],
    "gender": "female",
    "birthDate": "1980-01-03",
    "address": [
        {"use": "home", "line": ["12 High Street"], "city": "Springfield", "state": "IL", "postalCode": "62701"}
    ],
    "maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}]},
    "contact": [{"name": {"family": "O'Neil", "given": ["Jack"]}, "telecom": [{"system": "phone", "value": "1"}]}],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "category": [
        {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"},
            ]
        }
    ],
    "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7", "display": "Glucose"}], "text": "Glucose"},
    "effectiveDateTime": "2024-01-02T03:00:00Z",
    "issued": "2024-01-02T03:04:05Z",
    "valueQuantity": {
        "value": Decimal("5.40"),
        "unit": "mmol/L",
        "system": "http://unitsofmeasure.org",
        "code": "mmol/L",
    },
    "referenceRange": [{"low": {"value": Decimal("3.9")}, "high": {"value": Decimal("5.8")}}],
}


def _bundle() -> dict[str, Any]:
    patient = urn_uuid("patient")
    about = {"subject": {"reference": patient}}
    entries = [Entry(urn_uuid(str(n)), {**deepcopy(OBSERVATION), **about}) for n in range(99)]
    return transaction([Entry(patient, PATIENT), *entries])


RESOURCES = {"Patient": PATIENT, "Observation": OBSERVATION, "Bundle of 100": _bundle()}


@pytest.mark.benchmark(group="FHIR: judge a decoded resource")
@pytest.mark.parametrize("name", RESOURCES)
def test_validate(benchmark, name: str) -> None:
    assert benchmark(validate_value, RESOURCES[name]) == ()


@pytest.mark.benchmark(group="FHIR: judge a decoded resource")
@pytest.mark.parametrize("name", RESOURCES)
def test_validate_with_fhir_resources(benchmark, name: str) -> None:
    assert benchmark(typed, RESOURCES[name]).get_resource_type() == RESOURCES[name]["resourceType"]


def _guide(folder: Path) -> FhirOptions:
    """A package with a profile of the size of a national one: cardinality, slices, an extension, constraints."""
    url = "http://t/NationalPatient"
    slices = [
        element
        for number in range(6)
        for element in (
            {"path": "Patient.identifier", "sliceName": f"s{number}", "max": "1"},
            {"path": "Patient.identifier.system", "min": 1, "fixedUri": f"urn:oid:1.2.{number}"},
        )
    ]
    elements = [
        {
            "path": "Patient.extension",
            "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"},
        },
        {
            "path": "Patient.extension",
            "sliceName": "donor",
            "type": [
                {"code": "Extension", "profile": ["http://hl7.org/fhir/StructureDefinition/patient-cadavericDonor"]}
            ],
        },
        {
            "path": "Patient.identifier",
            "min": 1,
            "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"},
        },
        *slices,
        {
            "path": "Patient.name",
            "min": 1,
            "constraint": [
                {"key": "n-1", "severity": "error", "human": "-", "expression": "family.exists() or given.exists()"}
            ],
        },
        {"path": "Patient.telecom.system", "min": 1},
        {"path": "Patient.telecom.value", "min": 1},
        {"path": "Patient.gender", "min": 1},
        {"path": "Patient.address.city", "min": 1},
    ]
    profile = {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": "NationalPatient",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": elements},
    }
    (folder / "package.json").write_text('{"name": "t", "version": "1", "fhirVersions": ["4.0.1"]}')
    (folder / "profile.json").write_text(json.dumps(profile))
    return FhirOptions(packages=(folder,), profiles=(url,))


@pytest.mark.benchmark(group="FHIR: judge a decoded resource")
def test_validate_by_a_national_profile(benchmark, tmp_path: Path) -> None:
    donor = {"url": "http://hl7.org/fhir/StructureDefinition/patient-cadavericDonor", "valueBoolean": True}
    assert benchmark(validate_value, {**PATIENT, "extension": [donor]}, _guide(tmp_path)) == ()


@pytest.mark.benchmark(group="FHIRPath: one evaluation")
@pytest.mark.parametrize(
    "expression",
    [
        "name.exists() or telecom.exists() or address.exists()",
        "telecom.where(system = 'phone').value.exists()",
        "gender = 'male' or gender = 'female'",
    ],
)
def test_fhirpath(benchmark, expression: str) -> None:
    model = model_of(definitions())
    focus = model.resource(PATIENT)
    env, compiled = Environment(model, focus), compile_expression(expression)
    assert benchmark(compiled.holds, env, focus)


@pytest.mark.benchmark(group="FHIR: read the text of a Bundle of 100")
def test_parse(benchmark) -> None:
    assert benchmark(json_tree.parse, json_tree.dumps(RESOURCES["Bundle of 100"])).resource_type == "Bundle"


@pytest.mark.benchmark(group="FHIR: read the text of a Bundle of 100")
def test_parse_with_positions(benchmark) -> None:
    raw = json_tree.dumps(RESOURCES["Bundle of 100"])
    assert benchmark(lambda: json_tree.parse(raw).root).span == (0, len(raw))


@pytest.mark.benchmark(group="FHIR: write a Bundle of 100")
def test_dumps(benchmark) -> None:
    assert benchmark(json_tree.dumps, RESOURCES["Bundle of 100"]).startswith(b'{"resourceType":"Bundle"')
