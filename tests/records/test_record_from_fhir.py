"""What a clinician reads in a FHIR Bundle."""

from base64 import b64encode
from decimal import Decimal

import pytest

from workbench.records.clinical import FactName, Item, SectionName
from workbench.records.from_fhir import record_of_bundle


def bundle(*resources: dict) -> dict:
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": resource} for n, resource in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def items(section: SectionName, *resources: dict) -> tuple[Item, ...]:
    return record_of_bundle(bundle(*resources)).items(section)


def value_of(observation: dict) -> str:
    (item,) = items(SectionName.RESULTS, {"resourceType": "Observation", "code": {"text": "Test"}, **observation})
    fact = item.fact(FactName.VALUE)
    return fact.shown if fact else "nothing"


def test_demographics_are_read_in_words() -> None:
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:oid:1", "value": "123"}],
        "name": [{"prefix": ["Dr"], "given": ["Änne", "Marie"], "family": "Müller", "suffix": ["MD"]}],
        "gender": "female",
        "birthDate": "1980-01",
        "deceasedDateTime": "2024-01-02T15:30:00+01:00",
        "address": [{"line": ["12 High St"], "city": "Leeds"}],
        "telecom": [{"system": "phone", "value": "0113"}],
    }
    assert [(item.label, item.text) for item in items(SectionName.DEMOGRAPHICS, patient)] == [
        ("Identifier", "123"),
        ("Name", "Dr Änne Marie Müller MD"),
        ("Address", "12 High St, Leeds"),
        ("Contact", "0113"),
        ("Date of birth", "1980-01"),
        ("Sex", "female"),
        ("Deceased", "yes · 2024-01-02 15:30:00 +01:00"),
    ]


def test_an_absent_value_says_why() -> None:
    reason = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    patient = {"resourceType": "Patient", "_birthDate": {"extension": [{"url": reason, "valueCode": "masked"}]}}
    (birth,) = items(SectionName.DEMOGRAPHICS, patient)
    assert birth.text == "not stated (masked)"


@pytest.mark.parametrize(
    "marked",
    [
        {"code": {"text": "Penicillin"}},
        {"code": {"coding": [{"code": "PCN", "extension": [{"url": "http://x.org/Unvalidated"}]}]}},
        {"code": {"coding": [{"code": "PCN"}]}, "meta": {"tag": [{"code": "unvalidated"}]}},
    ],
)
def test_a_code_kept_as_text_or_marked_is_unvalidated(marked: dict) -> None:
    (allergy,) = items(SectionName.ALLERGIES, {"resourceType": "AllergyIntolerance", **marked})
    assert allergy.unvalidated


UNC = {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-nullFlavor", "valueCode": "UNC"}
ORIGINAL = "http://hl7.org/fhir/StructureDefinition/originalText"
ALTERNATE = "http://hl7.org/fhir/StructureDefinition/alternate-codes"


def test_a_code_without_a_map_is_shown_as_the_sender_said_it_and_unvalidated() -> None:
    kept = {
        "extension": [UNC, {"url": ALTERNATE, "valueCodeableConcept": {"coding": [{"code": "X", "display": "Inter"}]}}]
    }
    (sex,) = items(SectionName.DEMOGRAPHICS, {"resourceType": "Patient", "gender": "unknown", "_gender": kept})
    assert (sex.text, sex.any_unvalidated) == ("Inter", True)
    allergy = {"resourceType": "AllergyIntolerance", "code": {"text": "Nuts"}, "category": [None], "_category": [kept]}
    (nuts,) = items(SectionName.ALLERGIES, allergy)
    assert nuts.text == "Inter"
    marked = {"resourceType": "AllergyIntolerance", "code": {"coding": [{"code": "N"}], "extension": [UNC]}}
    assert items(SectionName.ALLERGIES, marked)[0].unvalidated


def test_a_value_of_the_wrong_form_is_shown_as_text_and_unvalidated() -> None:
    kept = {"extension": [UNC, {"url": ORIGINAL, "valueString": "about 1980"}]}
    (birth,) = items(SectionName.DEMOGRAPHICS, {"resourceType": "Patient", "_birthDate": kept})
    assert (birth.text, birth.any_unvalidated) == ("about 1980", True)
    assert value_of({"valueQuantity": {"_value": kept, "unit": "mg"}}) == "about 1980 mg"


def test_a_status_that_nobody_stated_is_not_shown() -> None:
    observation = {"resourceType": "Observation", "code": {"text": "Test"}, "status": "unknown"}
    (result,) = items(SectionName.RESULTS, observation)
    assert result.facts == ()
    (sex,) = items(SectionName.DEMOGRAPHICS, {"resourceType": "Patient", "gender": "unknown"})
    assert sex.text == "unknown"


def test_a_coded_allergy_is_validated_and_shows_only_an_unexpected_status() -> None:
    allergy = {
        "resourceType": "AllergyIntolerance",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "Penicillin"}]},
        "criticality": "high",
        "category": ["medication"],
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "reaction": [{"manifestation": [{"text": "hives"}]}],
    }
    (active,) = items(SectionName.ALLERGIES, allergy)
    assert (active.unvalidated, active.text) == (False, "drug · severe · hives")
    (resolved,) = items(SectionName.ALLERGIES, {**allergy, "clinicalStatus": {"coding": [{"code": "resolved"}]}})
    assert resolved.text == "drug · severe · hives · resolved"


def test_a_medication_is_read_through_its_reference_with_every_digit() -> None:
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "Digoxin"}, "form": {"text": "Tablet"}}
    request = {
        "resourceType": "MedicationRequest",
        "status": "stopped",
        "medicationReference": {"reference": "urn:uuid:0"},
        "dosageInstruction": [
            {
                "doseAndRate": [{"doseQuantity": {"value": Decimal("0.1250"), "unit": "mg"}}],
                "route": {"text": "Oral"},
                "timing": {"repeat": {"frequency": 2, "period": Decimal(1), "periodUnit": "d"}},
            }
        ],
        "dispenseRequest": {"quantity": {"value": Decimal(30), "unit": "TAB"}},
    }
    (order,) = items(SectionName.MEDICATIONS, drug, request)
    assert order.label == "Digoxin"
    assert order.text == "0.1250 mg · Oral · twice daily · Tablet · 30 TAB · discontinued"
    by_id = {**request, "medicationReference": {"reference": "Medication/m"}}
    assert items(SectionName.MEDICATIONS, drug, by_id)[0].label == "Digoxin"


@pytest.mark.parametrize(
    ("observation", "words"),
    [
        ({"valueQuantity": {"value": Decimal("5.40"), "unit": "mmol/L"}}, "5.40 mmol/L"),
        ({"valueQuantity": {"value": Decimal("0.00000001"), "comparator": "<"}}, "< 0.00000001"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1 : 128"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 2}}}, "1 - 2"),
        ({"valueCodeableConcept": {"coding": [{"code": "POS", "display": "Positive"}]}}, "Positive"),
        ({"valueString": "seen"}, "seen"),
        ({"valueBoolean": True}, "yes"),
        ({"valueDateTime": "2024-01"}, "2024-01"),
        ({"dataAbsentReason": {"text": "not asked"}}, "not asked"),
        ({"component": [{"valueInteger": 60}, {"valueInteger": 120}]}, "60; 120"),
        ({}, "nothing"),
    ],
)
def test_a_value_is_read_by_its_type(observation: dict, words: str) -> None:
    assert value_of(observation) == words


def test_flags_and_ranges_of_components_are_read_once() -> None:
    part = {"valueInteger": 60, "referenceRange": [{"low": {"value": 50}, "high": {"value": 90}}]}
    flag = {"interpretation": [{"coding": [{"code": "H"}]}]}
    observation = {"resourceType": "Observation", "code": {"text": "Rate"}, "component": [part, {**part, **flag}]}
    (result,) = items(SectionName.RESULTS, observation)
    assert result.text == "60; 60 · high · 50 - 90"


def test_a_result_without_a_time_has_that_of_its_report() -> None:
    observation = {"resourceType": "Observation", "code": {"text": "Test"}, "status": "final"}
    report = {
        "resourceType": "DiagnosticReport",
        "code": {"text": "Panel"},
        "effectiveDateTime": "2024-01-02",
        "result": [{"reference": "urn:uuid:0"}],
    }
    (result,) = items(SectionName.RESULTS, observation, report)
    assert result.text == "final · 2024-01-02"


def test_an_order_gives_way_to_the_report_made_on_it() -> None:
    order = {"resourceType": "ServiceRequest", "code": {"text": "Panel"}}
    report = {"resourceType": "DiagnosticReport", "code": {"text": "Panel"}, "basedOn": [{"reference": "urn:uuid:0"}]}
    assert len(items(SectionName.ORDERS, order)) == 1
    assert len(items(SectionName.ORDERS, order, report)) == 1


def test_the_text_of_a_document_is_shown() -> None:
    data = b64encode(b"All well").decode()
    document = {
        "resourceType": "DocumentReference",
        "type": {"text": "Consultation"},
        "content": [
            {"attachment": {"contentType": "text/plain", "data": data}},
            {"attachment": {"contentType": "text/plain", "data": "%%%"}},
            {"attachment": {"contentType": "application/pdf", "data": data}},
        ],
    }
    (found,) = items(SectionName.DOCUMENTS, document)
    assert found.text == "All well · unreadable text · attached application/pdf"


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient", "name": "Smith", "identifier": {"value": 1}, "birthDate": 1980, "gender": ["x"]},
        {"resourceType": "AllergyIntolerance", "code": "x", "reaction": "y", "category": "food"},
        {"resourceType": "Observation", "code": [], "valueQuantity": 5, "referenceRange": [1], "interpretation": {}},
        {"resourceType": "MedicationRequest", "dosageInstruction": [{"doseAndRate": 1, "timing": []}]},
        {"resourceType": "Encounter", "location": [{"location": {"reference": 1}}], "class": 7, "period": "x"},
        {"resourceType": "DocumentReference", "content": [{"attachment": []}]},
    ],
)
def test_what_is_malformed_is_passed_over(resource: dict) -> None:
    record_of_bundle(resource)
    record_of_bundle({"resourceType": "Bundle", "entry": [1, {}, {"resource": resource}]})
    assert not record_of_bundle({"resourceType": "Bundle", "entry": "x"}).sections
