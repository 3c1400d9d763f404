from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from workbench.kernel.issues import Issue, blocks
from workbench.validation.fhir_validator import validate_value

OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
CODE_SYSTEM: dict[str, Any] = {
    "resourceType": "CodeSystem",
    "status": "draft",
    "content": "complete",
    "url": "http://t/cs",
}


def _found(resource: dict[str, Any]) -> list[tuple[str, str]]:
    return [(issue.rule, issue.location.path) for issue in validate_value(deepcopy(resource)) if blocks(issue)]


@pytest.mark.parametrize(("size", "found"), [(6, []), (7, [("FHIR-1401", "Media.content.size")])])
def test_the_size_of_an_attachment_is_that_of_its_data(size: int, found: list[tuple[str, str]]) -> None:
    media = {"resourceType": "Media", "status": "completed", "content": {"data": "QUJD\nREVG", "size": size}}
    media["content"]["contentType"] = "image/png"  # type: ignore[index]
    assert _found(media) == found


def test_an_identifier_that_says_it_is_a_uri_has_a_scheme() -> None:
    identifier = {"system": "urn:ietf:rfc:3986", "value": "2.16.840"}
    path = "Observation.identifier[0].value"
    assert _found({**OBSERVATION, "identifier": [identifier]}) == [("FHIR-1402", path)]
    assert _found({**OBSERVATION, "identifier": [{**identifier, "value": "urn:oid:2.16.840"}]}) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"url": "cs"}, [("FHIR-1404", "CodeSystem.url")]),
        ({"content": "not-present", "concept": [{"code": "a"}]}, [("FHIR-1405", "CodeSystem.concept[0]")]),
        ({"supplements": "http://loinc.org"}, [("FHIR-1406", "CodeSystem.content")]),
        (
            {"property": [{"code": "a", "type": "string"}, {"code": "a", "type": "string"}]},
            [("FHIR-1408", "CodeSystem.property[1].code")],
        ),
    ],
)
def test_code_systems_say_what_they_are(changes: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert _found({**CODE_SYSTEM, **changes}) == found


def test_a_value_set_names_its_systems_absolutely() -> None:
    value_set = {"resourceType": "ValueSet", "status": "draft", "compose": {"include": [{"system": "#c"}]}}
    assert _found(value_set) == [("FHIR-1403", "ValueSet.compose.include[0].system")]


def _links(div: str) -> list[Issue]:
    text = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{div}</div>'}
    issues = validate_value({**OBSERVATION, "id": "o", "text": text})
    return [issue for issue in issues if issue.rule == "FHIR-1410"]


def test_links_within_the_narrative_find_their_target() -> None:
    assert _links('<a name="t">a</a><a href="#t">b</a><a href="#o">c</a>') == []
    assert [issue.args["found"] for issue in _links('<a href="#u">b</a><a href="#v">c</a>')] == ["#u"]


def _coding(system: str, code: str, display: str) -> list[tuple[str, str]]:
    resource = {**OBSERVATION, "code": {"coding": [{"system": system, "code": code, "display": display}]}}
    return [(issue.rule, issue.severity.value) for issue in validate_value(resource)]


@pytest.mark.parametrize(
    ("system", "code", "display", "found"),
    [
        ("http://hl7.org/fhir/administrative-gender", "male", "Male", []),
        ("http://hl7.org/fhir/administrative-gender", "male", " MALE", []),
        ("http://hl7.org/fhir/administrative-gender", "male", "Man", [("FHIR-1413", "error")]),
        ("http://terminology.hl7.org/CodeSystem/v2-0131", "N", "Mother", [("FHIR-1414", "information")]),
        ("http://terminology.hl7.org/CodeSystem/v2-0131", "N", "employer", [("FHIR-1419", "warning")]),
        ("http://loinc.org", "1-8", "anything", []),
    ],
)
def test_displays_are_those_of_the_code_system(
    system: str, code: str, display: str, found: list[tuple[str, str]]
) -> None:
    assert _coding(system, code, display) == found


def test_ids_of_elements_are_unique_in_their_resource() -> None:
    twice = {**OBSERVATION, "category": [{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]}
    assert _found(twice) == [("FHIR-1412", "Observation.category[1].id")]
    inside = {"resourceType": "Patient", "id": "a", "name": [{"id": "b", "family": "B"}]}
    apart = {
        **OBSERVATION,
        "category": [{"id": "b", "text": "x"}],
        "contained": [inside],
        "subject": {"reference": "#a"},
    }
    assert _found(apart) == []


# Bundles


def _entry(number: int, resource: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "fullUrl": f"http://t/{resource['resourceType']}/{number}",
        "resource": {**resource, "id": str(number)},
        **more,
    }


def _bundle(kind: str, *entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **more}


COMPOSITION: dict[str, Any] = {
    "resourceType": "Composition",
    "status": "final",
    "type": {"text": "t"},
    "date": "2024",
    "author": [{"display": "a"}],
    "title": "t",
}
DOCUMENT: dict[str, Any] = {"identifier": {"system": "urn:a", "value": "1"}, "timestamp": "2024-01-01T00:00:00Z"}


def test_a_document_is_joined_to_its_composition() -> None:
    section = {"section": [{"title": "s", "entry": [{"reference": "Observation/2"}]}]}
    lonely = _bundle("document", _entry(1, COMPOSITION), _entry(2, OBSERVATION), **DOCUMENT)
    assert _found(lonely) == [("FHIR-0613", "Bundle.entry[1]")]
    joined = _bundle("document", _entry(1, {**COMPOSITION, **section}), _entry(2, OBSERVATION), **DOCUMENT)
    assert _found(joined) == []


def test_a_full_url_ends_with_type_and_id() -> None:
    entry = _entry(1, COMPOSITION)
    entry["resource"]["id"] = "7"
    assert _found(_bundle("document", entry, **DOCUMENT)) == [("FHIR-0611", "Bundle.entry[0].fullUrl")]


def test_a_relative_reference_needs_a_full_url_it_leads_to() -> None:
    patient = {
        "fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        "resource": {"resourceType": "Patient", "id": "p"},
    }
    about = {**COMPOSITION, "subject": {"reference": "Patient/p"}}
    composition = {"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239521", "resource": about}
    assert ("FHIR-0612", "Bundle.entry[0]") in _found(_bundle("document", composition, patient, **DOCUMENT))


@pytest.mark.parametrize(
    ("bundle", "found"),
    [
        (_bundle("searchset", _entry(1, OBSERVATION, search={"mode": "match"})), []),
        (
            _bundle("searchset", {"fullUrl": "http://t/a", "resource": OBSERVATION}),
            [("FHIR-0609", "Bundle.entry[0].resource")],
        ),
        (
            _bundle("searchset", _entry(1, OBSERVATION, search={"mode": "outcome"})),
            [("FHIR-0610", "Bundle.entry[0].resource")],
        ),
        (
            _bundle("searchset", link=[{"relation": "self", "url": "a"}, {"relation": "self", "url": "b"}]),
            [("FHIR-0107", "Bundle.entry"), ("FHIR-0608", "Bundle.link[1]")],
        ),
    ],
)
def test_search_results_follow_their_rules(bundle: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert _found(bundle) == found


MAP: dict[str, Any] = {
    "resourceType": "ConceptMap",
    "status": "draft",
    "sourceCanonical": "http://hl7.org/fhir/ValueSet/administrative-gender",
    "targetUri": "http://nowhere.example/set",
}


@pytest.mark.parametrize(
    ("system", "code", "found"),
    [
        ("http://hl7.org/fhir/administrative-gender", "male", []),
        (
            "http://hl7.org/fhir/administrative-gender",
            "man",
            [("FHIR-1415", "ConceptMap.group[0].element[0].code")],
        ),
        ("http://hospital.example/sex", "man", []),
    ],
)
def test_a_concept_map_goes_from_the_codes_of_its_source(system: str, code: str, found: list[tuple[str, str]]) -> None:
    element = {"code": code, "target": [{"code": "whatever", "equivalence": "equal"}]}
    group = {"source": system, "target": "http://nowhere.example", "element": [element]}
    assert _found({**MAP, "group": [group]}) == found


@pytest.mark.parametrize(("count", "found"), [(1, False), (500, True)])
def test_a_population_that_names_one_subject_counts_one(count: int, found: bool) -> None:
    population = {"count": count, "subjectResults": {"reference": "Patient/1"}}
    report = {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "subject-list",
        "measure": "http://t/m",
        "period": {"start": "2024"},
        "group": [{"population": [population]}],
    }
    path = "MeasureReport.group[0].population[0].count"
    assert (("FHIR-1411", path) in _found(report)) is found
    population["subjectResults"] = {"reference": "List/1"}
    assert ("FHIR-1411", path) not in _found(report)
