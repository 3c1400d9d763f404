from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir.bundle import (
    BundleIndex,
    Entry,
    FoundReference,
    Method,
    dangling,
    literal_reference,
    named_uuid,
    references,
    resolve,
    transaction,
    urn_uuid,
)

PATIENT = {"resourceType": "Patient", "id": "p1"}


def _bundle(*resources: tuple[str, dict[str, object]]) -> dict[str, object]:
    entries = [{"fullUrl": url, "resource": resource} for url, resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _observation(reference: str) -> dict[str, object]:
    return {"resourceType": "Observation", "subject": {"reference": reference}}


def test_a_transaction_posts_and_puts() -> None:
    bundle = transaction(
        [
            Entry("urn:uuid:1", {"resourceType": "Observation"}, if_none_exist="identifier=x|1"),
            Entry("http://h/Patient/p1", PATIENT, Method.PUT, if_match='W/"3"'),
        ],
        identity="b",
        timestamp="2024-01-02T03:04:05Z",
    )
    assert [entry["request"] for entry in bundle["entry"]] == [
        {"method": "POST", "url": "Observation", "ifNoneExist": "identifier=x|1"},
        {"method": "PUT", "url": "Patient/p1", "ifMatch": 'W/"3"'},
    ]
    assert list(bundle) == ["resourceType", "id", "type", "timestamp", "entry"]


def test_a_transaction_without_entries_has_no_empty_list() -> None:
    assert transaction([]) == {"resourceType": "Bundle", "type": "transaction"}


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_names_have_different_ids(first: list[str], second: list[str]) -> None:
    assert (named_uuid(*first) == named_uuid(*second)) == (first == second)


def test_ids_are_the_same_in_every_run() -> None:
    assert urn_uuid("Patient", "1") == "urn:uuid:cafc1ca8-781f-590f-a421-4f1b6bf0ba21"
    assert named_uuid("x").version == 5
    assert named_uuid("x").variant == uuid.RFC_4122


def test_references_are_listed_with_path_and_entry() -> None:
    report = {"resourceType": "DiagnosticReport", "result": [{"reference": "#a"}, {"reference": "Observation/2"}]}
    bundle = _bundle(("urn:uuid:a", PATIENT), ("urn:uuid:b", report))
    assert list(references(bundle)) == [
        FoundReference("Bundle.entry[1].resource.result[0]", "#a", 1),
        FoundReference("Bundle.entry[1].resource.result[1]", "Observation/2", 1),
    ]
    assert [found.path for found in references(report)] == ["DiagnosticReport.result[0]", "DiagnosticReport.result[1]"]


def test_a_urn_resolves_by_full_url() -> None:
    bundle = _bundle(("urn:uuid:a", PATIENT), ("urn:uuid:b", _observation("urn:uuid:a")))
    assert resolve(bundle, "urn:uuid:a") is PATIENT


def test_a_relative_reference_resolves_against_the_base_of_its_own_entry() -> None:
    bundle = _bundle(("http://h/fhir/Patient/p1", PATIENT), ("http://h/fhir/Observation/1", _observation("Patient/p1")))
    assert resolve(bundle, "Patient/p1", entry=1) is PATIENT
    elsewhere = _bundle(("http://h/fhir/Patient/p1", PATIENT), ("urn:uuid:b", _observation("Patient/p1")))
    assert resolve(elsewhere, "Patient/p1", entry=1) is None


def test_a_versioned_reference_needs_that_version() -> None:
    first = {**PATIENT, "meta": {"versionId": "1"}}
    second = {**PATIENT, "meta": {"versionId": "2"}}
    bundle = _bundle(("http://h/Patient/p1", first), ("http://h/Patient/p1", second))
    assert resolve(bundle, "http://h/Patient/p1/_history/2") is second
    assert resolve(bundle, "http://h/Patient/p1/_history/3") is None


def test_a_repeated_full_url_is_found_unless_its_version_differs() -> None:
    versions = [{**PATIENT, "meta": {"versionId": version}} for version in ("1", "2", "1")]
    index = BundleIndex(_bundle(*(("http://h/Patient/p1", patient) for patient in versions)))
    assert list(index.repeated()) == [2]


def test_only_references_that_nothing_else_could_satisfy_dangle() -> None:
    inside = {
        "resourceType": "Observation",
        "contained": [{"resourceType": "Patient", "id": "c"}],
        "subject": {"reference": "#c"},
    }
    bundle = _bundle(
        ("urn:uuid:a", inside),
        ("urn:uuid:b", _observation("urn:uuid:gone")),
        ("urn:uuid:c", _observation("#gone")),
        ("urn:uuid:d", _observation("Patient/7")),
        ("urn:uuid:e", _observation("https://server/Patient/7")),
    )
    assert [(found.entry, found.reference) for found in dangling(bundle)] == [(1, "urn:uuid:gone"), (2, "#gone")]


def test_a_damaged_bundle_has_no_resources_and_no_traceback() -> None:
    damaged: dict[str, object] = {"resourceType": "Bundle", "entry": [5, None, {"fullUrl": 3, "resource": "x"}]}
    assert resolve(damaged, "urn:uuid:a") is None
    assert dangling(damaged) == ()


def test_a_restful_reference_is_taken_apart() -> None:
    literal = literal_reference("https://h/fhir/Patient/7/_history/3#x")
    assert literal is not None
    assert (literal.base, literal.type, literal.id, literal.version, literal.fragment) == (
        "https://h/fhir/",
        "Patient",
        "7",
        "3",
        "#x",
    )
    assert literal_reference("urn:uuid:1") is None
    assert literal_reference("Patient?identifier=1") is None
