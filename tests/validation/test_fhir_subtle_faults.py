"""Faults that leave a resource well formed: references, Bundles and codes that cannot mean what they say."""

from __future__ import annotations

import pytest

from workbench.kernel.issues import Severity
from workbench.validation.fhir_validator import validate_value

Resource = dict[str, object]

PATIENT: Resource = {"resourceType": "Patient", "id": "p"}
URN = "urn:uuid:9f5d2a53-2f1a-4a8e-b4b9-9c3a5cbb2a11"


def observation(**more: object) -> Resource:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


def collection(full_url: str, resource: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": full_url, "resource": resource}]}


def told(resource: Resource) -> list[tuple[str, str, str]]:
    return [(issue.rule, issue.severity.value, issue.location.path) for issue in validate_value(resource)]


REFERENCES: list[tuple[Resource, list[tuple[str, str]]]] = [
    ({"reference": "Patient 1"}, [("FHIR-0506", "error")]),
    ({"reference": "http://a.org/fhir/Patient/1 "}, [("FHIR-0506", "error")]),
    ({"reference": "urn:uuid:9f5d2a53-2f1a-4a8e-b4b9-9c3a5cbb2a1"}, [("FHIR-0506", "error")]),
    ({"reference": "urn:oid:3.1"}, [("FHIR-0506", "error")]),
    ({"reference": "urn:oid:1.02"}, [("FHIR-0506", "error")]),
    ({"reference": "Patient/1", "type": "Group"}, [("FHIR-0504", "error")]),
    ({"reference": "Patient/1", "type": "patient"}, [("FHIR-0507", "warning")]),
    ({"reference": "Patient/1", "type": "Patient"}, []),
    ({"reference": "Patient/1", "type": "http://a.org/StructureDefinition/Patient"}, []),
    ({"reference": "http://a.org/x?y=z", "type": "Patient"}, []),
    ({"identifier": {"value": "7"}, "type": "Patient"}, []),
    ({"reference": URN}, []),
    ({"reference": f"{URN}#part"}, []),
    ({"reference": "urn:oid:1.2.840.0"}, []),
]


@pytest.mark.parametrize(("subject", "found"), REFERENCES)
def test_a_reference_is_a_url_of_the_type_it_says(subject: Resource, found: list[tuple[str, str]]) -> None:
    assert [(rule, severity) for rule, severity, _ in told(observation(subject=subject))] == found


def test_a_part_of_a_document_that_is_at_hand_is_judged_by_what_it_is() -> None:
    resource = observation(contained=[PATIENT], subject={"reference": "#p", "type": "Group"})
    assert told(resource) == [("FHIR-0504", "error", "Observation.subject.type")]


def test_contained_resources_have_ids_of_their_own() -> None:
    resource = observation(contained=[PATIENT, {"resourceType": "Group", "id": "p"}], subject={"reference": "#p"})
    assert ("FHIR-0905", "error", "Observation.contained[1].id") in told(resource)


@pytest.mark.parametrize(
    ("full_url", "found"),
    [
        ("Patient/p", [("FHIR-0614", "error")]),
        ("p", [("FHIR-0614", "error")]),
        ("http://a.org/fhir/Patient/q", [("FHIR-0615", "warning")]),
        ("http://a.org/fhir/Patient/p", []),
        ("http://a.org/anything", []),
        (URN, []),
    ],
)
def test_a_full_url_is_absolute_and_of_its_resource(full_url: str, found: list[tuple[str, str]]) -> None:
    assert [(rule, severity) for rule, severity, _ in told(collection(full_url, PATIENT))] == found


@pytest.mark.parametrize(
    "element",
    [
        {"referenceRange": [{"low": {"comparator": "<", "value": 5}}]},
        {"valueRange": {"low": {"comparator": ">", "value": 5}}},
        {"component": [{"code": {"text": "x"}, "valueRatio": None, "referenceRange": [{"high": {"comparator": "<"}}]}]},
    ],
)
def test_a_simple_quantity_has_no_comparator(element: Resource) -> None:
    assert "FHIR-1417" in [rule for rule, _, _ in told(observation(**element))]


def test_any_other_quantity_may_have_one() -> None:
    assert told(observation(valueQuantity={"comparator": "<", "value": 5})) == []


@pytest.mark.parametrize("unit", ["mgg/dL", "mcg", "10^9 /L", "k[iu]/L"])
def test_a_code_of_ucum_is_a_unit(unit: str) -> None:
    quantity = {"value": 5, "system": "http://unitsofmeasure.org", "code": unit}
    assert told(observation(valueQuantity=quantity)) == [
        ("FHIR-1416", Severity.WARNING.value, "Observation.valueQuantity.code")
    ]
    other = quantity | {"system": "http://a.org/units"}
    assert told(observation(valueQuantity=other)) == []


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (observation(method={"coding": [{"system": "LOCAL", "code": "m"}]}), "Observation.method.coding[0].system"),
        (observation(valueQuantity={"system": "local", "code": "m"}), "Observation.valueQuantity.system"),
        ({**PATIENT, "identifier": [{"system": "HOSP", "value": "7"}]}, "Patient.identifier[0].system"),
    ],
)
def test_the_system_of_a_code_or_identifier_is_absolute(resource: Resource, path: str) -> None:
    assert told(resource) == [("FHIR-1418", "error", path)]


def test_the_system_of_a_telephone_is_no_uri() -> None:
    assert told({**PATIENT, "telecom": [{"system": "phone", "value": "7"}]}) == []
