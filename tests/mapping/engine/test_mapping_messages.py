"""What message maps make: groups, scope, links, identity, the transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.mapping.conftest import message
from workbench.fhir.bundle import dangling, named_uuid
from workbench.fhir.json_tree import dumps
from workbench.kernel.errors import Refused
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.engine.identity import named_id
from workbench.mapping.engine.scope import Layout, lay_out
from workbench.mapping.model import Group, Package
from workbench.v2.er7 import Message

ORU = (
    Group("PATIENT_RESULT", ("PID",)),
    Group("ORDER_OBSERVATION", ("ORC", "OBR"), "PATIENT_RESULT"),
    Group("OBSERVATION", ("OBX",), "ORDER_OBSERVATION"),
    Group("SPECIMEN", ("SPM",), "ORDER_OBSERVATION"),
    Group("SPECIMEN_OBSERVATION", ("OBX",), "SPECIMEN"),
)


def shape(names: str, groups: tuple[Group, ...]) -> list[str]:
    """Each segment with the groups around it: `OBX@PATIENT_RESULT/ORDER_OBSERVATION`."""
    laid_out = lay_out(message("X", *(f"{name}|1" for name in names.split())), Layout.of(groups))
    found = []
    for segment in laid_out.segments[1:]:
        around, scope = [], segment.outer
        while scope is not None and scope.name:
            around.append(f"{scope.name}{laid_out.groups[scope.name].index(scope) + 1}")
            scope = scope.outer
        found.append("/".join([*reversed(around), segment.name]))
    return found


def test_a_group_begins_at_its_first_segment_and_an_order_with_or_without_orc() -> None:
    assert shape("PID OBR OBX OBX NTE ORC OBR OBX OBR OBX", ORU) == [
        "PATIENT_RESULT1/PID",
        "PATIENT_RESULT1/ORDER_OBSERVATION1/OBR",
        "PATIENT_RESULT1/ORDER_OBSERVATION1/OBSERVATION1/OBX",
        "PATIENT_RESULT1/ORDER_OBSERVATION1/OBSERVATION2/OBX",
        "PATIENT_RESULT1/ORDER_OBSERVATION1/OBSERVATION2/NTE",
        "PATIENT_RESULT1/ORDER_OBSERVATION2/ORC",
        "PATIENT_RESULT1/ORDER_OBSERVATION2/OBR",
        "PATIENT_RESULT1/ORDER_OBSERVATION2/OBSERVATION3/OBX",
        "PATIENT_RESULT1/ORDER_OBSERVATION3/OBR",
        "PATIENT_RESULT1/ORDER_OBSERVATION3/OBSERVATION4/OBX",
    ]


def test_the_innermost_group_that_can_takes_a_segment() -> None:
    assert shape("PID OBR OBX SPM OBX PID OBR", ORU)[2:] == [
        "PATIENT_RESULT1/ORDER_OBSERVATION1/OBSERVATION1/OBX",
        "PATIENT_RESULT1/ORDER_OBSERVATION1/SPECIMEN1/SPM",
        "PATIENT_RESULT1/ORDER_OBSERVATION1/SPECIMEN1/SPECIMEN_OBSERVATION1/OBX",
        "PATIENT_RESULT2/PID",
        "PATIENT_RESULT2/ORDER_OBSERVATION2/OBR",
    ]


def test_a_group_that_names_what_it_holds_is_closed_by_anything_else() -> None:
    groups = (Group("INSURANCE", ("IN1",), "", ("IN2", "Z*")),)
    assert shape("IN1 IN2 ZIN ACC IN2", groups) == [
        "INSURANCE1/IN1",
        "INSURANCE1/IN2",
        "INSURANCE1/ZIN",
        "ACC",
        "IN2",
    ]


def admission() -> Message:
    return message(
        "ADT^A01^ADT_A01",
        "PID|1||123^^^HOSP^MR~999^^^&1.2.3&ISO^SS||Doe^John||19800229|F",
        "NTE|1||a^b & c",
        "PD1||||77^House^Greg^^^^^^&1.2.9&ISO",
        "PV1|1|I|||||77^House^Greg^^^^^^&1.2.9&ISO||||||||||||V1^^^HOSP",
        "AL1|1|DA|ZZZ^Zeppelin dust^L",
        "MRG|88^^^HOSP",
        "ZPD|1|x^y",
    )


def report() -> Message:
    return message(
        "ORU^R01",
        "PID|1||1^^^HOSP",
        "OBR|1||F1|GLU",
        "OBX|1|NM|2345-7^Glucose^LN||5.40|mmol/l|||||F",
        "NTE|1||fine",
        "OBX|2|ST|X||a~b||||||F",
        "PID|2||2^^^HOSP",
        "OBR|1||F2|NA",
        "OBX|1|NM|Y||7||||||Z",
    )


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def url_of(bundle: dict[str, Any], resource: dict[str, Any]) -> str:
    return next(str(entry["fullUrl"]) for entry in bundle["entry"] if entry["resource"] is resource)


def test_links_find_what_was_made_for_the_same_patient_and_order(mapping: CompiledMapping) -> None:
    bundle: dict[str, Any] = mapping.run(report())
    patients, reports, results = (resources(bundle, kind) for kind in ("Patient", "DiagnosticReport", "Observation"))
    assert [len(patients), len(reports), len(results)] == [2, 2, 3]
    for patient, found, own in ((patients[0], reports[0], results[:2]), (patients[1], reports[1], results[2:])):
        assert found["subject"] == {"reference": url_of(bundle, patient)}
        assert found["result"] == [{"reference": url_of(bundle, result)} for result in own]
        assert all(result["subject"] == found["subject"] for result in own)


def test_a_note_fills_the_result_it_follows_and_decimals_keep_their_digits(mapping: CompiledMapping) -> None:
    bundle: dict[str, Any] = mapping.run(report())
    first, second, third = resources(bundle, "Observation")
    assert first["note"] == [{"text": "fine"}]
    assert b'"value":5.40' in dumps(first)
    assert second["valueString"] == "a\nb"
    assert third["status"] == "unknown"
    assert third["_status"]["extension"][1]["valueCodeableConcept"]["text"] == "Z"


def test_the_same_doctor_in_two_segments_is_one_resource(mapping: CompiledMapping) -> None:
    bundle: dict[str, Any] = mapping.run(admission())
    (doctor,) = resources(bundle, "Practitioner")
    (patient, merged), (encounter,) = resources(bundle, "Patient"), resources(bundle, "Encounter")
    assert patient["generalPractitioner"] == [{"reference": url_of(bundle, doctor)}]
    assert encounter["participant"][0]["individual"] == {"reference": url_of(bundle, doctor)}
    assert merged["link"] == [{"other": {"reference": url_of(bundle, patient)}, "type": "replaced-by"}]


def test_every_reference_resolves_and_the_same_message_gives_the_same_bytes(mapping: CompiledMapping) -> None:
    for given in (admission(), report()):
        bundle = mapping.run(given)
        assert dangling(bundle) == ()
        assert dumps(mapping.run(given)) == dumps(bundle)


def test_entries_are_put_by_identifier_or_by_their_id(mapping: CompiledMapping) -> None:
    bundle: dict[str, Any] = mapping.run(admission())
    requests = {entry["resource"]["resourceType"]: entry for entry in bundle["entry"][:2]}
    assert requests["Patient"]["request"] == {
        "method": "PUT",
        "url": "Patient?identifier=https://hospital.example.org/mrn|123",
    }
    header = requests["MessageHeader"]
    assert header["request"]["url"] == f"MessageHeader/{header['resource']['id']}"
    assert header["fullUrl"] == f"urn:uuid:{header['resource']['id']}"


def test_a_value_no_rule_takes_is_kept_where_a_rule_says_so(mapping: CompiledMapping) -> None:
    patient = resources(mapping.run(admission()), "Patient")[0]
    kept = [part["extension"] for part in patient["extension"] if part["url"].endswith("/kept")]
    assert [(place["valueString"], value["valueString"]) for place, value in kept] == [
        ("ZPD-1.1", "1"),
        ("ZPD-2.1", "x"),
        ("ZPD-2.2", "y"),
    ]


def test_a_message_without_a_map_is_refused(mapping: CompiledMapping) -> None:
    with pytest.raises(Refused) as refused:
        mapping.run(message("SIU^S12", "SCH|1"))
    assert refused.value.code == "MAP-0201"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("ADT^A01", "EVENT"), ("ADT^A99^ADT_A01", "STRUCTURE"), ("ADT^A99", "CODE"), ("ORU^R01", "REST")],
)
def test_the_most_specific_map_is_chosen(package_of: Callable[..., Package], kind: str, name: str) -> None:
    maps = {
        "EVENT": "for: [ADT^A01]",
        "STRUCTURE": "structures: [ADT_A01]",
        "CODE": "for: [ADT^*]",
        "REST": 'for: ["*"]',
    }
    files = {f"messages/{key}.yaml": f"map: {key}\n{value}\nrows: []\n" for key, value in maps.items()}
    assert compile_package(package_of(files)).map_for(message(kind)) == name


def test_a_row_may_run_for_each_repetition_and_only_after_a_segment(package_of: Callable[..., Package]) -> None:
    package = package_of(
        {
            "messages/ALL.yaml": 'map: ALL\nfor: ["*"]\nrows:\n'
            "  - {id: result, from: OBX, each: OBX-5, make: Observation, using: OBX-Observation}\n"
            "  - {id: note, from: NTE, follows: OBX, fill: result, using: NTE-Observation}\n",
            "segments/OBX-Observation.yaml": "map: OBX-Observation\nfrom: OBX\nto: Observation\nrules:\n"
            "  - {id: v, from: OBX-5, to: valueString}\n",
            "segments/NTE-Observation.yaml": "map: NTE-Observation\nfrom: NTE\nto: Observation\nrules:\n"
            '  - {id: n, from: NTE-3, to: "note[].text"}\n',
        }
    )
    mapping = compile_package(package)
    given = message("ORU^R01", "PID|1", "NTE|||of the patient", "OBX|||||a~b", "NTE|||one", "NTE|||two")
    found = resources(mapping.run(given), "Observation")
    assert [result["valueString"] for result in found] == ["a", "b"]
    assert found[1]["note"] == [{"text": "one"}, {"text": "two"}]
    repetitions = [entry.source[0].path for entry in mapping.trace(given).trace if entry.rule_id == "v"]
    assert repetitions == ["OBX-5[1]", "OBX-5[2]"]


def test_included_rows_come_first_and_are_replaced_in_their_place(package_of: Callable[..., Package]) -> None:
    files = {
        "messages/base.yaml": "map: base\nrows:\n"
        "  - {id: a, from: MSH, raise: {severity: warning, text: a}}\n"
        "  - {id: b, from: MSH, raise: {severity: warning, text: b}}\n",
        "messages/ALL.yaml": 'map: ALL\nfor: ["*"]\ninclude: base\nrows:\n'
        "  - {id: c, from: MSH, raise: {severity: warning, text: c}}\n"
        "  - {id: a, from: MSH, raise: {severity: warning, text: other}}\n",
    }
    _, issues = compile_package(package_of(files)).run_with_issues(message("ADT^A01"))
    assert [issue.text.split(" ")[0] for issue in issues] == ["other", "b", "c"]


def test_ids_are_those_of_the_fhir_package() -> None:
    assert named_id("a", "bc", "é") == str(named_uuid("a", "bc", "é"))
