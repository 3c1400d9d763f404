"""The shipped package from FHIR to v2, on resources written for the purpose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.fhir.json_tree import dumps
from workbench.fhir.json_tree import parse as parse_fhir
from workbench.kernel.errors import Refused
from workbench.kernel.shipped import shipped
from workbench.mapping.directed import compile_any
from workbench.mapping.directions.mapping import DirectedMapping
from workbench.mapping.directions.result import TracedDocument
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.load import load_package
from workbench.v2.er7 import Message, parse

Json = dict[str, Any]

PATIENT: Json = {
    "resourceType": "Patient", "id": "p",
    "identifier": [{"system": "urn:oid:1.2.3", "value": "4711", "type": {"coding": [{"code": "MR"}]}}],
    "name": [{"family": "O'Hara|Ann", "given": ["Ann", "Marie"]}],
    "gender": "female", "birthDate": "1970-01-02", "deceasedBoolean": False,
    "address": [{"line": ["St. 1", "Back door"], "city": "Town", "use": "home"}],
    "telecom": [{"system": "phone", "value": "030 123", "use": "work"}, {"system": "email", "value": "a@b.org"}],
    "extension": [{"url": "http://example.org/other", "valueString": "kept"}],
}  # fmt: skip
DOCTOR: Json = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Doc", "given": ["Dana"]}]}


def code(system: str, value: str, display: str = "") -> Json:
    return {"coding": [{"system": system, "code": value, **({"display": display} if display else {})}]}


LOINC, SCT = "http://loinc.org", "http://snomed.info/sct"


@pytest.fixture(scope="module")
def mapping() -> DirectedMapping:
    compiled = compile_any(load_package(shipped("mappings/fhir-to-v2")))
    assert isinstance(compiled, DirectedMapping)
    return compiled


def traced(mapping: DirectedMapping, *resources: Json) -> TracedDocument:
    value = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
    result = mapping.trace(parse_fhir(json.dumps(value).encode()))
    result.ledger.check()
    assert not result.ledger.of(Fate.LOST)
    return result


def messages(result: TracedDocument) -> Iterator[Message]:
    return (parse(text.encode()) for text in result.texts)


def names(message: Message) -> str:
    return " ".join(segment.name for segment in message.segments if segment.name != "ZFH")


def refer(resource: Json) -> Json:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def test_a_patient_alone_is_an_update_of_the_person(mapping: DirectedMapping) -> None:
    (found,) = messages(traced(mapping, PATIENT))
    assert found.segments[0].raw(9) == "ADT^A31^ADT_A05"
    assert found.value("PID-3") == "4711" and found.value("PID-3.4.2") == "1.2.3" and found.value("PID-3.5") == "MR"
    assert found.value("PID-5.1") == "O'Hara|Ann" and found.segments[2].raw(5).startswith("O'Hara\\F\\Ann^Ann^Marie")
    assert (found.value("PID-7"), found.value("PID-8"), found.value("PID-30")) == ("19700102", "F", "N")
    assert (found.value("PID-11"), found.value("PID-11.2"), found.value("PID-11.7")) == ("St. 1", "Back door", "H")
    assert (found.value("PID-14.12"), found.value("PID-13.4")) == ("030 123", "a@b.org")


def test_what_has_no_place_in_the_message_stands_in_a_z_segment(mapping: DirectedMapping) -> None:
    (found,) = messages(traced(mapping, PATIENT))
    assert found.value("ZFH-2") == "Patient/p" and "extension[0].valueString^kept" in found.text


def test_an_inpatient_who_is_here_is_an_admission(mapping: DirectedMapping) -> None:
    place = {"resourceType": "Location", "id": "w", "name": "Ward 1"}
    encounter: Json = {
        "resourceType": "Encounter", "id": "e", "status": "in-progress", "class": {"code": "IMP"},
        "subject": refer(PATIENT), "period": {"start": "2024-01-02T03:04:05Z"},
        "location": [{"location": refer(place)}],
        "participant": [{"type": [code("x", "ATND")], "individual": refer(DOCTOR)}],
    }  # fmt: skip
    (found,) = messages(traced(mapping, PATIENT, encounter, place, DOCTOR))
    assert (found.value("MSH-9.2"), found.value("EVN-1")) == ("A01", "A01")
    assert (found.value("PV1-2"), found.value("PV1-3"), found.value("PV1-7.2")) == ("I", "Ward 1", "Doc")
    assert found.value("PV1-44") == "20240102030405+0000"


def observation(identity: str, **more: Any) -> Json:
    own = {"id": identity, "status": "final", "subject": refer(PATIENT), "code": code(LOINC, "2823-3", "Potassium")}
    return {"resourceType": "Observation", **own, **more}


def report(*results: Json) -> Json:
    return {
        "resourceType": "DiagnosticReport", "id": "r", "status": "corrected", "subject": refer(PATIENT),
        "code": code(LOINC, "24323-8", "Panel"), "identifier": [{"value": "F1"}], "issued": "2024-01-02T00:00:00Z",
        "result": [refer(one) for one in results],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "data_type", "field", "unit"),
    [
        ({"valueQuantity": {"value": 4.10, "unit": "mmol/L", "code": "mmol/L"}}, "NM", "4.1", "mmol/L"),
        ({"valueQuantity": {"value": 5, "comparator": "<", "unit": "g"}}, "SN", "<^5", "g"),
        ({"valueCodeableConcept": code(SCT, "260373001", "Detected")}, "CWE", "260373001^Detected^SCT", ""),
        ({"valueString": "a|b"}, "ST", "a\\F\\b", ""),
        ({"valueBoolean": True}, "ID", "Y", ""),
        ({"valueDateTime": "2024-02-03"}, "DT", "20240203", ""),
        ({"valueDateTime": "2024-02-03T04:05:06Z"}, "TS", "20240203040506+0000", ""),
        ({"valueTime": "04:05:06"}, "TM", "040506", ""),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 2}}}, "SN", "^1^-^2", ""),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "SN", "^1^:^128", ""),
        ({"dataAbsentReason": {"text": "not done"}}, "ST", "not done", ""),
    ],
)
def test_a_result_says_its_type_and_keeps_its_value(
    mapping: DirectedMapping, value: Json, data_type: str, field: str, unit: str
) -> None:
    result = observation("o", **value)
    (found,) = messages(traced(mapping, PATIENT, report(result), result))
    obx = found.named("OBX")[0]
    assert (obx.raw(2), obx.raw(5), obx.value(6)) == (data_type, field, unit)


def test_a_report_is_one_message_with_its_results_in_order(mapping: DirectedMapping) -> None:
    first, second = observation("a", valueString="1", note=[{"text": "n"}]), observation("b", valueString="2")
    (found,) = messages(traced(mapping, PATIENT, report(first, second), first, second))
    assert names(found) == "MSH PID ORC OBR OBX NTE OBX"
    assert [obx.raw(1) for obx in found.named("OBX")] == ["1", "2"]
    assert (found.value("OBR-3"), found.value("OBR-25"), found.value("OBX-11")) == ("F1", "C", "F")


def test_the_results_of_two_patients_never_meet(mapping: DirectedMapping) -> None:
    other = {**PATIENT, "id": "q", "name": [{"family": "Other"}]}
    mine = observation("a", valueString="mine")
    theirs = observation("b", valueString="theirs", subject=refer(other))
    second = {**report(theirs), "id": "r2", "subject": refer(other)}
    one, two = messages(traced(mapping, PATIENT, other, report(mine), second, mine, theirs))
    assert (one.value("PID-5"), one.value("OBX-5")) == ("O'Hara|Ann", "mine")
    assert (two.value("PID-5"), two.value("OBX-5")) == ("Other", "theirs")
    assert "theirs" not in one.text and "mine" not in two.text


def test_an_order_without_results_is_a_laboratory_order(mapping: DirectedMapping) -> None:
    request: Json = {
        "resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "priority": "stat",
        "subject": refer(PATIENT), "code": code(LOINC, "2823-3"), "requester": refer(DOCTOR),
        "identifier": [{"value": "P1", "type": {"coding": [{"code": "PLAC"}]}}],
    }  # fmt: skip
    (found,) = messages(traced(mapping, PATIENT, request, DOCTOR))
    assert found.segments[0].raw(9) == "OML^O21^OML_O21"
    assert (found.value("ORC-1"), found.value("ORC-2"), found.value("OBR-2")) == ("NW", "P1", "P1")
    assert (found.value("ORC-12.2"), found.value("OBR-5")) == ("Doc", "S")


def test_a_vaccination_keeps_vaccine_dose_lot_and_site(mapping: DirectedMapping) -> None:
    shot: Json = {
        "resourceType": "Immunization", "id": "i", "status": "completed", "patient": refer(PATIENT),
        "vaccineCode": code("http://hl7.org/fhir/sid/cvx", "140", "Influenza"), "occurrenceDateTime": "2024-01-02",
        "lotNumber": "L1", "expirationDate": "2025-01-01", "primarySource": True,
        "doseQuantity": {"value": 0.5, "unit": "mL"},
        "route": code("http://terminology.hl7.org/CodeSystem/v2-0162", "IM"),
    }  # fmt: skip
    (found,) = messages(traced(mapping, PATIENT, shot))
    assert names(found) == "MSH PID ORC RXA RXR"
    assert found.segments[3].raw(5) == "140^Influenza^CVX"
    assert (found.value("RXA-6"), found.value("RXA-15"), found.value("RXA-20")) == ("0.5", "L1", "CP")
    assert (found.value("RXA-9"), found.value("RXR-1")) == ("00", "IM")


def test_a_prescription_keeps_dose_words_and_code(mapping: DirectedMapping) -> None:
    drug: Json = {
        "resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order",
        "subject": refer(PATIENT), "medicationCodeableConcept": {"text": "own mixture"}, "authoredOn": "2024-01-02",
        "dosageInstruction": [{
            "text": "twice a day", "asNeededBoolean": True, "route": code(SCT, "26643006", "Oral"),
            "doseAndRate": [{"doseQuantity": {"value": 1.50, "unit": "mg"}}],
        }],
    }  # fmt: skip
    (found,) = messages(traced(mapping, PATIENT, drug))
    assert names(found) == "MSH PID ORC RXE TQ1 RXR"
    assert (found.value("RXE-2.2"), found.value("RXE-7.2")) == ("own mixture", "twice a day")
    assert found.value("RXE-3") == "1.5"
    assert (found.value("TQ1-10"), found.value("RXR-1.2")) == ("PRN", "Oral")


def test_an_appointment_says_what_became_of_it(mapping: DirectedMapping) -> None:
    visit: Json = {
        "resourceType": "Appointment", "id": "v", "status": "noshow", "start": "2024-01-02T10:00:00Z",
        "participant": [{"actor": refer(who), "status": "accepted"} for who in (PATIENT, DOCTOR)],
    }  # fmt: skip
    (found,) = messages(traced(mapping, PATIENT, visit, DOCTOR))
    assert (found.value("MSH-9.2"), found.value("SCH-25"), found.value("AIP-3.2")) == ("S26", "Noshow", "Doc")
    assert found.value("SCH-11.4") == "20240102100000+0000"


def test_a_document_carries_its_content(mapping: DirectedMapping) -> None:
    attachment = {"contentType": "application/pdf", "data": "JVBERg=="}
    paper: Json = {
        "resourceType": "DocumentReference", "id": "x", "status": "current", "docStatus": "final",
        "type": code(LOINC, "34133-9", "Summary"), "subject": refer(PATIENT), "date": "2024-01-02T03:04:05Z",
        "content": [{"attachment": attachment}],
    }  # fmt: skip
    (found,) = messages(traced(mapping, PATIENT, paper))
    assert found.segments[0].raw(9) == "MDM^T02^MDM_T02"
    assert (found.value("TXA-17"), found.value("OBX-2")) == ("AU", "ED")
    assert found.named("OBX")[0].raw(5) == "^AP^PDF^Base64^JVBERg=="


def test_a_patient_who_is_elsewhere_is_named_by_what_the_reference_says(mapping: DirectedMapping) -> None:
    (found,) = messages(traced(mapping, {**observation("o", valueString="1"), "subject": {"reference": "Patient/77"}}))
    assert found.value("PID-3") == "77"


def test_what_the_forward_package_has_kept_comes_back_to_its_place(mapping: DirectedMapping) -> None:
    inner = [{"url": "place", "valueString": "PID-32.1"}, {"url": "value", "valueString": "AL"}]
    kept = {"url": "urn:clinical-mapping-workbench:extension:kept", "extension": inner}
    (found,) = messages(traced(mapping, {**PATIENT, "extension": [kept]}))
    assert found.value("PID-32") == "AL"


def test_resources_of_other_kinds_alone_are_refused(mapping: DirectedMapping) -> None:
    with pytest.raises(Refused) as refused:
        mapping.run(parse_fhir(b'{"resourceType": "Organization"}'))
    assert refused.value.code == "MAP-0201"


@pytest.mark.corpus
def test_nothing_of_the_corpus_is_lost_and_every_message_reads_back(
    mapping: DirectedMapping, corpus_root: Path
) -> None:
    mapped = 0
    files = [*corpus_root.glob("fhir/*/*.json"), *corpus_root.glob("pairs_reverse/*/*.input.json")]
    for number, file in enumerate(sorted(files)):
        try:
            document = parse_fhir(file.read_bytes())
            result = mapping.trace(document)
        except Refused:
            continue
        mapped += 1
        result.ledger.check()
        assert not result.ledger.of(Fate.LOST), file.name
        for text in result.texts:
            found = parse(text.encode())
            assert not found.issues and found.value("MSH-9.2") and found.value("MSH-12") == "2.5.1", file.name
        if number % 4 == 0:
            assert dumps(mapping.run(document)) == dumps(result.bundle), file.name
    assert mapped > 200


def test_a_site_changes_one_rule_in_an_overlay(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    base = shipped("mappings/fhir-to-v2")
    (tmp_path / "package.yaml").write_text(f"id: site\nversion: 1.0.0\nextends: {base}\n")
    rule = "rules:\n  - {id: sender, to: MSH-3.1, literal: SITE}\n"
    (tmp_path / "segments" / "Resource-MSH.yaml").write_text(f"map: Resource-MSH\nfrom: Resource\nto: MSH\n{rule}")
    site = compile_any(load_package(tmp_path))
    assert isinstance(site, DirectedMapping)
    (found,) = messages(traced(site, PATIENT))
    assert (found.value("MSH-3"), found.value("MSH-12")) == ("SITE", "2.5.1")


def test_where_a_patient_is_was_and_will_be_are_three_fields(mapping: DirectedMapping) -> None:
    def place(identity: str, kind: str, name: str, within: str = "") -> Json:
        physical = code("http://terminology.hl7.org/CodeSystem/location-physical-type", kind)
        more = {"partOf": {"reference": f"Location/{within}"}} if within else {}
        return {"resourceType": "Location", "id": identity, "name": name, "physicalType": physical, **more}

    places = [place("w", "wa", "Ward 1"), place("r", "ro", "Room 2", "w"), place("b", "bd", "Bed 3", "r")]
    others = [place("old", "wa", "Old"), place("next", "wa", "Next")]
    stays = [("next", "reserved"), ("b", "active"), ("old", "completed")]
    encounter: Json = {
        "resourceType": "Encounter", "id": "e", "status": "in-progress", "class": {"code": "IMP"},
        "subject": refer(PATIENT),
        "location": [{"location": {"reference": f"Location/{where}"}, "status": status} for where, status in stays],
    }  # fmt: skip
    (found,) = messages(traced(mapping, PATIENT, encounter, *places, *others))
    (pv1,) = found.named("PV1")
    assert (pv1.raw(3), pv1.raw(6), pv1.raw(42)) == ("Ward 1^Room 2^Bed 3", "Old", "Next")


# --- what must not be said, or not be said wrongly --------------------------------------------------------------------

HERE: Json = {"reference": "Patient/p"}


def lines(result: TracedDocument, name: str) -> list[str]:
    return [line for text in result.texts for line in text.split("\r") if line.startswith(name)]


def reported(result: TracedDocument) -> set[str]:
    return {str(issue.args["rule"]) for issue in result.issues if "rule" in issue.args}


def of_table(system: str, value: str) -> Json:
    return code(f"http://terminology.hl7.org/CodeSystem/{system}", value)


@pytest.mark.parametrize(
    "states",
    [
        {"verificationStatus": of_table("allergyintolerance-verification", "entered-in-error")},
        {"verificationStatus": of_table("allergyintolerance-verification", "refuted")},
        {"clinicalStatus": of_table("allergyintolerance-clinical", "resolved")},
    ],
)
def test_an_allergy_that_is_none_is_kept_and_reported_and_never_sent_as_one(
    mapping: DirectedMapping, states: Json
) -> None:
    allergy: Json = {"resourceType": "AllergyIntolerance", "patient": HERE, "code": {"text": "Penicillin"}, **states}
    result = traced(mapping, PATIENT, allergy)
    assert not lines(result, "AL1")
    assert "Penicillin" in "".join(lines(result, "ZFH"))
    assert "ADT-person/allergies-past" in reported(result)


def test_the_worst_reaction_is_the_severity_and_every_reaction_is_named(mapping: DirectedMapping) -> None:
    reactions = [
        {"severity": "mild", "manifestation": [{"text": "Itching"}]},
        {"severity": "severe", "manifestation": [{"text": "Shock"}, {"coding": [{"display": "Hives"}]}]},
    ]
    allergy: Json = {"resourceType": "AllergyIntolerance", "patient": HERE, "code": {"text": "Nuts"}}
    (line,) = lines(traced(mapping, PATIENT, {**allergy, "reaction": reactions}), "AL1")
    assert line == "AL1|1||^Nuts^^^^^^^Nuts|SV|Itching~Shock~Hives"


def test_a_diagnosis_has_its_own_role_and_a_refuted_one_is_not_sent(mapping: DirectedMapping) -> None:
    conditions: list[Json] = [
        {"resourceType": "Condition", "id": name, "subject": HERE, "code": {"text": name}} for name in ("one", "two")
    ]
    refuted = of_table("condition-ver-status", "refuted")
    wrong: Json = {"resourceType": "Condition", "id": "no", "subject": HERE, "code": {"text": "no"}}
    visit: Json = {
        "resourceType": "Encounter", "id": "e", "status": "in-progress", "class": {"code": "IMP"}, "subject": HERE,
        "diagnosis": [
            {"condition": {"reference": "Condition/one"}, "use": of_table("diagnosis-role", "AD"), "rank": 1},
            {"condition": {"reference": "Condition/two"}, "use": of_table("diagnosis-role", "DD"), "rank": 2},
            {"condition": {"reference": "Condition/no"}, "use": of_table("diagnosis-role", "DD")},
        ],
    }  # fmt: skip
    result = traced(mapping, PATIENT, visit, *conditions, {**wrong, "verificationStatus": refuted})
    fields = [line.split("|") for line in lines(result, "DG1")]
    assert [(each[3].split("^")[1], each[6], each[15]) for each in fields] == [("one", "A", "1"), ("two", "F", "2")]
    assert "ADT-visit/diagnoses-wrong" in reported(result)


@pytest.mark.parametrize("kind", ["ServiceRequest", "MedicationRequest"])
def test_a_request_that_something_be_not_done_is_never_an_order(mapping: DirectedMapping, kind: str) -> None:
    request: Json = {"resourceType": kind, "status": "active", "intent": "order", "doNotPerform": True, "subject": HERE}
    with pytest.raises(Refused, match="no map"):
        traced(mapping, PATIENT, request)
    told: Json = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": HERE}
    result = traced(mapping, PATIENT, request, told)
    assert not lines(result, "ORC")
    assert "doNotPerform^true" in "".join(lines(result, "ZFH"))


def test_a_cancelled_document_is_a_cancellation_and_a_new_version_a_replacement(mapping: DirectedMapping) -> None:
    wrong: Json = {"resourceType": "DocumentReference", "id": "x", "status": "entered-in-error"}
    content = [{"attachment": {"contentType": "text/plain", "data": "SGVsbG8="}}]
    (withdrawn,) = traced(mapping, {**wrong, "content": content}).texts
    assert "MDM^T11^MDM_T01" in withdrawn
    assert "\rOBX" not in withdrawn
    newer = {**wrong, "status": "current", "relatesTo": [{"code": "replaces", "target": {"display": "the first"}}]}
    assert "MDM^T10^MDM_T02" in traced(mapping, {**newer, "content": content}).texts[0]


def test_two_records_of_one_patient_are_a_merge(mapping: DirectedMapping) -> None:
    other: Json = {"resourceType": "Patient", "id": "q", "active": False, "identifier": [{"value": "0815"}]}
    survivor = {**PATIENT, "link": [{"type": "replaces", "other": {"reference": "Patient/q"}}]}
    gone = {**other, "link": [{"type": "replaced-by", "other": HERE}]}
    result = traced(mapping, survivor, gone)
    assert [line[:3] for line in result.texts[0].split("\r")[:4]] == ["MSH", "EVN", "PID", "MRG"]
    assert "ADT^A40^ADT_A39" in result.texts[0]
    assert lines(result, "MRG") == ["MRG|0815"]
    assert len(result.texts) == 1


def test_an_old_number_without_an_end_is_no_number_of_the_patient(mapping: DirectedMapping) -> None:
    numbers = [
        {"value": "1", "use": "usual"}, {"value": "2", "use": "old"},
        {"value": "3", "use": "old", "period": {"end": "2019-05-01"}}, {"system": "urn:oid:1.2.3"},
    ]  # fmt: skip
    result = traced(mapping, {**PATIENT, "identifier": numbers})
    (pid,) = lines(result, "PID")
    assert pid.split("|")[3] == "1^^^^PI~3^^^^PI^^^20190501"
    assert "identifier[1].value^2" in "".join(lines(result, "ZFH"))


def test_values_of_a_panel_within_a_panel_are_sent_behind_it(mapping: DirectedMapping) -> None:
    def observation(name: str, **more: object) -> Json:
        return {"resourceType": "Observation", "id": name, "status": "final", "code": {"text": name},
                "subject": HERE, **more}  # fmt: skip

    pressure = [
        {"code": {"text": "systolic"}, "valueQuantity": {"value": 109, "unit": "mmHg"}},
        {"code": {"text": "diastolic"}, "valueQuantity": {"value": 70, "unit": "mmHg"}},
    ]
    result = traced(
        mapping, PATIENT,
        observation("vitals", hasMember=[{"reference": "Observation/bp"}, {"reference": "Observation/pulse"}]),
        observation("bp", component=pressure), observation("pulse", valueInteger=60),
    )  # fmt: skip
    fields = [line.split("|") for line in lines(result, "OBX")]
    assert [(each[1], each[3].split("^")[1], each[5], each[11]) for each in fields] == [
        ("1", "vitals", "", "F"), ("2", "bp", "", "F"), ("3", "systolic", "109", "F"),
        ("4", "diastolic", "70", "F"), ("5", "pulse", "60", "F"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        ([{"low": {"value": 1}, "high": {"value": 2}}, {"low": {"value": 7}, "high": {"value": 9}}], "1-2"),
        ([{"low": {"value": 1}, "high": {"value": 2}}, {"text": "children: 3"}], "1-2"),
        ([{"low": {"value": 1, "unit": "mg/L"}, "high": {"value": 2, "unit": "mg/L"}}], "1-2 mg/L"),
        ([{"text": "men: 1"}, {"text": "women: 2"}], "men: 1; women: 2"),
    ],
)
def test_a_reference_range_is_never_put_together_from_two(
    mapping: DirectedMapping, ranges: list[Json], said: str
) -> None:
    result = traced(
        mapping, PATIENT,
        {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": HERE,
         "valueQuantity": {"value": 5, "unit": "g/L"}, "referenceRange": ranges},
    )  # fmt: skip
    (obx,) = lines(result, "OBX")
    assert obx.split("|")[7] == said


def test_each_step_of_a_dosage_keeps_its_words_and_its_dose(mapping: DirectedMapping) -> None:
    def step(words: str, dose: int, often: int) -> Json:
        return {
            "text": words, "doseAndRate": [{"doseQuantity": {"value": dose, "unit": "tablet"}}],
            "timing": {"repeat": {"frequency": often, "period": 1.0, "periodUnit": "d"}},
        }  # fmt: skip

    order: Json = {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": HERE}
    drug: Json = {"medicationCodeableConcept": {"text": "Prednisone"}}
    result = traced(mapping, PATIENT, {**order, **drug, "dosageInstruction": [step("one", 1, 1), step("two", 2, 2)]})
    assert lines(result, "RXE")[0].split("|")[7] == "^one~^two"
    assert [line.split("|")[2:4] for line in lines(result, "TQ1")] == [
        ["1^tablet&tablet", "Q1D"], ["2^tablet&tablet", "BID"],
    ]  # fmt: skip


def test_the_second_receiver_of_a_message_is_kept_and_reported(mapping: DirectedMapping) -> None:
    header: Json = {
        "resourceType": "MessageHeader", "eventCoding": {"code": "R01", "display": "ORU^R01^ORU_R01"},
        "source": {"name": "LAB"}, "destination": [{"name": "ONE"}, {"name": "TWO"}],
    }  # fmt: skip
    report: Json = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "x"}, "subject": HERE}
    result = traced(mapping, header, PATIENT, report)
    assert lines(result, "MSH")[0].split("|")[4] == "ONE"
    assert "destination[1].name^TWO" in "".join(lines(result, "ZFH"))
    assert "MessageHeader-MSH/more-destinations" in reported(result)


def test_an_extension_that_may_change_the_meaning_is_reported(mapping: DirectedMapping) -> None:
    result = traced(mapping, {**PATIENT, "modifierExtension": [{"url": "http://example.org/no", "valueBoolean": True}]})
    assert "Patient-PID/modifiers" in reported(result)
