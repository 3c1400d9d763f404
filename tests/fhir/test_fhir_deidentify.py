from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir import json_tree
from workbench.fhir.deidentify import deidentify, subject_of
from workbench.security.deidentified import Deidentified, Fate, Policy, Rules
from workbench.security.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms(bytes(range(32)))
UUID = "urn:uuid:8d7d4a0c-9b7e-4c6e-8f3c-0123456789ab"


def _patient() -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "zebra-1",
        "meta": {"lastUpdated": "2024-01-02T03:04:05.123+01:00", "source": "http://feed.example"},
        "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>Zebrastripe</div>"},
        "extension": [{"url": "http://x.example/nickname", "valueString": "Quinnie Zebrastripe"}],
        "identifier": [
            {"type": {"coding": [{"system": "http://t", "code": "MR"}]}, "system": "http://mrn", "value": "MRN99123"}
        ],
        "name": [
            {
                "use": "official",
                "text": "Q. Zebrastripe",
                "family": "Zebrastripe",
                "given": ["Quintilla"],
                "prefix": ["Dr"],
            }
        ],
        "telecom": [{"system": "phone", "value": "217-867-5309", "use": "home"}],
        "gender": "female",
        "birthDate": "1980-01-13",
        "_birthDate": {"extension": [{"url": "u", "valueDateTime": "1980-01-13T01:00:00Z"}]},
        "deceasedBoolean": False,
        "address": [{"line": ["77 Quokka Lane"], "city": "Marsupialia", "state": "IL", "postalCode": "62701"}],
        "multipleBirthInteger": 2,
        "photo": [{"contentType": "image/png", "data": "WmVicmE=", "url": "http://zebra.example", "title": "Zebra"}],
        "managingOrganization": {"reference": "Organization/zoo-9", "display": "Zebrastripe Clinic"},
        "unheardOf": "Zebrastripe",
    }


def _bundle() -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": "2024-01-02T03:04:05Z",
        "entry": [
            {
                "fullUrl": UUID,
                "resource": _patient(),
                "request": {
                    "method": "PUT",
                    "url": "Patient?identifier=http://mrn|MRN99123",
                    "ifNoneExist": "identifier=MRN99123",
                },
            },
            {
                "fullUrl": "urn:uuid:8d7d4a0c-9b7e-4c6e-8f3c-0123456789ac",
                "resource": {
                    "resourceType": "Observation",
                    "status": "final",
                    "code": {
                        "coding": [{"system": "http://loinc.org", "code": "2345-7", "display": "Glucose"}],
                        "text": "Glucose",
                    },
                    "subject": {"reference": UUID},
                    "effectiveDateTime": "2024-01-02",
                    "valueQuantity": {"value": "@@5.40", "unit": "mmol/L"},
                    "note": [
                        {
                            "text": "Quintilla Zebrastripe (MRN99123) seen 2024-01-02 by Dr. Unknownperson",
                            "time": "2024-01",
                        }
                    ],
                },
                "request": {"method": "POST", "url": "Observation"},
            },
        ],
    }


def _done(value: dict[str, Any], rules: Rules | None = None) -> tuple[dict[str, Any], Deidentified]:
    raw = json.dumps(value).replace('"@@5.40"', "5.40").encode()
    found = deidentify(json_tree.parse(raw), PSEUDONYMS, rules)
    return json.loads(found.raw), found


def test_nothing_that_identifies_is_left() -> None:
    _, found = _done(_bundle())
    text = found.raw.decode().casefold()
    wanted = (
        "zebra quintilla quinnie mrn99123 867-5309 1980-01-13 quokka marsupialia 62701 unknownperson 2024-01-02 zoo-9"
    )
    assert [canary for canary in wanted.split() if canary in text] == []
    assert "WmVicmE=" not in found.raw.decode()


def test_codes_numbers_references_and_structure_stay() -> None:
    after, found = _done(_bundle())
    patient, observation = (entry["resource"] for entry in after["entry"])
    assert observation["code"] == _bundle()["entry"][1]["resource"]["code"]
    assert b'"value":5.40' in found.raw
    assert observation["subject"]["reference"] == after["entry"][0]["fullUrl"] != UUID
    assert (patient["gender"], patient["deceasedBoolean"], patient["multipleBirthInteger"]) == ("female", False, 2)
    assert (patient["identifier"][0]["system"], patient["address"][0]["state"]) == ("http://mrn", "IL")
    assert patient["name"][0]["prefix"] == ["Dr"]
    assert [entry["request"]["method"] for entry in after["entry"]] == ["PUT", "POST"]
    assert after["entry"][0]["request"]["url"] == "Patient?removed"
    assert json_tree.parse(found.raw).issues == ()


def test_dates_move_together_and_keep_precision_time_and_zone() -> None:
    after, _ = _done(_bundle())
    patient, observation = (entry["resource"] for entry in after["entry"])
    moved = PSEUDONYMS.date_digits("20240102", "MRN99123")
    day = f"{moved[:4]}-{moved[4:6]}-{moved[6:]}"
    assert observation["effectiveDateTime"] == day
    assert patient["meta"]["lastUpdated"] == f"{day}T03:04:05.123+01:00"
    assert after["timestamp"] == f"{day}T03:04:05Z"
    assert (
        observation["note"][0]["time"]
        == PSEUDONYMS.date_digits("202401", "MRN99123")[:4] + "-" + PSEUDONYMS.date_digits("202401", "MRN99123")[4:]
    )
    assert day in observation["note"][0]["text"]


def test_text_is_told_what_the_resources_know() -> None:
    after, _ = _done(_bundle())
    patient, observation = (entry["resource"] for entry in after["entry"])
    name = patient["name"][0]
    number = patient["identifier"][0]["value"]
    assert observation["note"][0]["text"].startswith(f"{name['given'][0]} {name['family']} ({number}) seen")


def test_what_is_not_described_is_listed() -> None:
    after, found = _done(_patient())
    doubts = {change.field for change in found.changes if change.doubt}
    assert {"Patient.unheardOf", "Patient.birthDate", "Attachment.data", "Patient.extension"} <= doubts
    assert "unheardOf" not in after and "_birthDate" not in after
    assert base64.b64decode(after["photo"][0]["data"]) == b"document removed by de-identification"
    assert "extension" not in after
    kept, _ = _done(_patient(), Rules(unknown=Policy.KEEP))
    assert kept["extension"][0]["url"] == "http://x.example/nickname"
    assert kept["unheardOf"] == kept["name"][0]["family"]


def test_extensions_of_the_specification_are_read_by_their_type() -> None:
    base = "http://hl7.org/fhir/StructureDefinition/"
    extensions = [
        {"url": f"{base}patient-birthPlace", "valueAddress": {"city": "Marsupialia", "country": "AU"}},
        {"url": f"{base}patient-mothersMaidenName", "valueString": "Zebrastripe"},
    ]
    after, found = _done({"resourceType": "Patient", "extension": extensions})
    assert after["extension"][0]["valueAddress"]["country"] == "AU"
    assert "Marsupialia" not in str(after) and "Zebrastripe" not in str(after)
    assert "Extension.valueString" in {change.field for change in found.changes if change.doubt}


def test_free_text_can_be_removed() -> None:
    after, _ = _done(_bundle(), Rules(text=Policy.REMOVE))
    assert "text" not in after["entry"][1]["resource"]["note"][0]


def test_the_resources_of_one_export_stay_together() -> None:
    observation = {
        "resourceType": "Observation",
        "subject": {"reference": "Patient/zebra-1"},
        "effectiveDateTime": "2024-01-02",
    }
    patient, _ = _done(_patient())
    after, _ = _done(observation)
    assert after["subject"]["reference"] == f"Patient/{patient['id']}"
    assert after["effectiveDateTime"] == patient["meta"]["lastUpdated"][:10]


def test_whose_document_it_is() -> None:
    assert subject_of(_patient()) == "zebra-1"
    assert subject_of(_bundle()) == "MRN99123"
    assert subject_of({"resourceType": "Coverage", "beneficiary": {"reference": "Patient/7"}}) == "7"
    assert subject_of({"resourceType": "ValueSet"}) == ""


@pytest.mark.parametrize("text", ["2024-13-01", "yesterday", "0001-01-01"])
def test_what_is_no_date_is_removed_and_listed(text: str) -> None:
    after, found = _done({"resourceType": "Patient", "birthDate": text})
    assert "birthDate" not in after
    assert [(c.field, c.fate) for c in found.changes if c.doubt] == [("Patient.birthDate", Fate.REMOVED)]


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "id", "identifier", "_x", "text", "extension", "subject", "entry"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["id", "name", "text", "meta", "birthDate", "contained", "photo"]), _json, max_size=5
    )
)
def test_nothing_a_document_holds_stops_it(value: dict[str, Any]) -> None:
    after, _ = _done({"resourceType": "Patient", **value})
    assert after["resourceType"] == "Patient"
