from __future__ import annotations

import sqlite3
from contextlib import closing
from copy import deepcopy
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir import json_tree
from workbench.fhir.bundle import Entry, Method, transaction, urn_uuid
from workbench.fhir.definitions import (
    Definitions,
    ElementDefinition,
    TypeDefinition,
    TypeReference,
    definitions,
    packed,
)
from workbench.kernel.issues import Issue, Severity
from workbench.validation.fhir_plan import Plans, Role
from workbench.validation.fhir_rules import RULES
from workbench.validation.fhir_validator import FhirOptions, validate_resource, validate_value
from workbench.validation.fhir_walk import walk
from workbench.validation.validator import rules

EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
XHTML = "http://www.w3.org/1999/xhtml"
PATIENT: dict[str, object] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"versionId": "1", "lastUpdated": "2024-01-02T03:04:05.678+01:00"},
    "text": {"status": "generated", "div": f'<div xmlns="{XHTML}"><p class="x">Asa <b>Berg</b></p></div>'},
    "extension": [
        {
            "url": f"{EXTENSION}patient-citizenship",
            "extension": [{"url": "code", "valueCodeableConcept": {"text": "?"}}],
        },
        {"url": f"{EXTENSION}patient-cadavericDonor", "valueBoolean": False},
    ],
    "identifier": [{"system": "urn:oid:2.16.840.1.113883.19", "value": "1", "use": "official"}],
    "active": True,
    "name": [
        {
            "family": "Berg",
            "given": ["Asa", None],
            "_given": [None, {"extension": [{"url": f"{EXTENSION}data-absent-reason", "valueCode": "masked"}]}],
            "period": {"start": "2001", "end": "2001-02"},
        }
    ],
    "gender": "female",
    "birthDate": "1980-02-29",
    "_birthDate": {"id": "b1"},
    "deceasedDateTime": "2024-01-02T03:04:05Z",
    "maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}]},
    "multipleBirthInteger": 2,
    "photo": [{"contentType": "image/png", "data": "QUJD\nREVG", "size": 6}],
    "contact": [{"name": {"text": "Bo"}, "telecom": [{"system": "phone", "value": "1"}]}],
    "generalPractitioner": [{"reference": "#gp"}, {"reference": "Organization/7", "type": "Organization"}],
    "contained": [{"resourceType": "Practitioner", "id": "gp", "name": [{"family": "Vy"}]}],
}
OBSERVATION: dict[str, object] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "dose"},
    "valueQuantity": {"value": Decimal("0.125"), "unit": "mg"},
}
CONDITION: dict[str, object] = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/1"},
    "clinicalStatus": {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
    },
}


def _errors(resource: dict[str, object]) -> list[tuple[str, str]]:
    return [(issue.rule, issue.location.path) for issue in validate_value(resource) if issue.severity == Severity.ERROR]


def _patient(**changes: object) -> dict[str, object]:
    return {**deepcopy(PATIENT), **changes}


def _without(resource: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in resource.items() if name not in names}


@pytest.mark.parametrize("resource", [PATIENT, OBSERVATION, CONDITION], ids=["patient", "observation", "condition"])
def test_a_good_resource_has_no_issue(resource: dict[str, object]) -> None:
    assert validate_value(resource) == ()


@pytest.mark.parametrize(
    ("changes", "rule", "path"),
    [
        ({"resourceType": "Pasient"}, "FHIR-0101", "Pasient"),
        ({"resourceType": None}, "FHIR-0102", "$this"),
        ({"resourceType": "HumanName"}, "FHIR-0101", "HumanName"),
        ({"colour": "red"}, "FHIR-0103", "Patient.colour"),
        ({"name": {"family": "Berg"}}, "FHIR-0104", "Patient.name"),
        ({"name": "Berg"}, "FHIR-0104", "Patient.name"),
        ({"gender": ["female"]}, "FHIR-0105", "Patient.gender"),
        ({"maritalStatus": [{"text": "x"}]}, "FHIR-0105", "Patient.maritalStatus"),
        ({"active": "true"}, "FHIR-0106", "Patient.active"),
        ({"birthDate": 1980}, "FHIR-0106", "Patient.birthDate"),
        ({"name": ["Berg"]}, "FHIR-0106", "Patient.name[0]"),
        ({"_birthDate": "x"}, "FHIR-0106", "Patient._birthDate"),
        ({"gender": {"a": 1}}, "FHIR-0106", "Patient.gender"),
        ({"meta": {}}, "FHIR-0107", "Patient.meta"),
        ({"name": []}, "FHIR-0107", "Patient.name"),
        ({"birthDate": ""}, "FHIR-0107", "Patient.birthDate"),
        ({"birthDate": None}, "FHIR-0107", "Patient.birthDate"),
        ({"name": None}, "FHIR-0107", "Patient.name"),
        ({"name": [{"given": [None]}]}, "FHIR-0107", "Patient.name[0].given[0]"),
        ({"name": [{"given": [None], "_given": [None]}]}, "FHIR-0107", "Patient.name[0].given[0]"),
        ({"name": [{"id": "n"}]}, "FHIR-0107", "Patient.name[0]"),
        ({"communication": [{"preferred": True}]}, "FHIR-0201", "Patient.communication[0]"),
        ({"deceasedBoolean": True}, "FHIR-0203", "Patient.deceasedBoolean"),
        ({"birthDate": "1980-02-30"}, "FHIR-0301", "Patient.birthDate"),
        ({"deceasedDateTime": "2024-01-02T03:04:05"}, "FHIR-0301", "Patient.deceasedDateTime"),
        ({"id": "bad id!"}, "FHIR-0301", "Patient.id"),
        ({"multipleBirthInteger": Decimal("2.0")}, "FHIR-0301", "Patient.multipleBirthInteger"),
        ({"implicitRules": "http://a b"}, "FHIR-0301", "Patient.implicitRules"),
        ({"gender": "F"}, "FHIR-0401", "Patient.gender"),
        ({"link": [{"type": "refer", "other": {"reference": "#no"}}]}, "FHIR-0501", "Patient.link[0].other.reference"),
        ({"managingOrganization": {"reference": "#gp"}}, "FHIR-0503", "Patient.managingOrganization"),
        (
            {"generalPractitioner": [{"reference": "#gp", "type": "Organization"}]},
            "FHIR-0504",
            "Patient.generalPractitioner[0].type",
        ),
        ({"extension": [{"url": "http://example.org/x"}]}, "FHIR-0701", "Patient.extension[0]"),
        ({"extension": [{"url": "x", "valueCode": "y"}]}, "FHIR-0702", "Patient.extension[0].url"),
        ({"extension": [{"valueCode": "y"}]}, "FHIR-0201", "Patient.extension[0]"),
        ({"generalPractitioner": [{"display": "x"}]}, "FHIR-0902", "Patient.contained[0]"),
    ],
)
def test_each_defect_is_found_where_it_is(changes: dict[str, object], rule: str, path: str) -> None:
    assert _errors(_patient(**changes)) == [(rule, path)]


def test_an_extension_has_not_both_value_and_extensions() -> None:
    both = {"url": "http://example.org/x", "valueCode": "y", "extension": [{"url": "z", "valueCode": "y"}]}
    assert _errors(_patient(extension=[both])) == [("FHIR-0701", "Patient.extension[0]")]


def test_a_required_element_may_be_only_its_companion() -> None:
    why = {"extension": [{"url": "http://example.org/why", "valueCode": "unknown"}]}
    group = {"resourceType": "Group", "type": "person", "actual": True}
    assert _errors(group) == []
    assert _errors({**_without(group, "actual"), "_actual": why}) == []
    assert _errors(_without(group, "actual")) == [("FHIR-0201", "Group")]


def test_a_code_that_is_absent_with_a_reason_still_violates_its_required_binding() -> None:
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    assert _errors({**_without(OBSERVATION, "status"), "_status": absent}) == [("FHIR-0402", "Observation._status")]


def test_a_required_choice_may_have_any_of_its_types() -> None:
    dose: dict[str, object] = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "subject": {"reference": "Patient/1"},
        "medicationCodeableConcept": {"text": "x"},
        "effectiveDateTime": "2024",
    }
    assert _errors(dose) == []
    assert _errors(_without(dose, "effectiveDateTime")) == [("FHIR-0201", "MedicationAdministration")]


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ({"text": "active"}, [("FHIR-0402", "Condition.clinicalStatus")]),
        ({"coding": [{"code": "active"}]}, [("FHIR-0401", "Condition.clinicalStatus.coding[0].code")]),
        (
            {"coding": [{"system": "http://local", "code": "A"}]},
            [("FHIR-0401", "Condition.clinicalStatus.coding[0].code")],
        ),
    ],
)
def test_a_concept_with_a_required_binding_needs_a_code_of_the_value_set(
    status: dict[str, object], found: list[tuple[str, str]]
) -> None:
    assert _errors({**CONDITION, "clinicalStatus": status}) == found


def test_a_concept_may_carry_local_codes_beside_the_required_one() -> None:
    codings = [{"system": "http://local", "code": "A"}, CONDITION["clinicalStatus"]["coding"][0]]  # type: ignore[index]
    assert _errors({**CONDITION, "clinicalStatus": {"coding": codings}}) == []


def test_a_code_must_exist_in_a_code_system_of_the_standard() -> None:
    def about(system: str) -> list[tuple[str, Severity]]:
        coded = {**OBSERVATION, "code": {"coding": [{"system": system, "code": "nope"}]}}
        return [(issue.rule, issue.severity) for issue in validate_value(coded)]

    assert about("http://hl7.org/fhir/administrative-gender") == [("FHIR-0404", Severity.ERROR)]
    assert about("http://terminology.hl7.org/CodeSystem/v2-0203") == [("FHIR-0405", Severity.WARNING)]
    assert about("http://loinc.org") == []


def test_a_value_set_that_cannot_be_enumerated_is_not_checked_and_says_so() -> None:
    variant = {"coding": [{"system": "http://loinc.org", "code": "LA9658-1"}]}
    sequence: dict[str, object] = {
        "resourceType": "MolecularSequence",
        "coordinateSystem": 0,
        "structureVariant": [{"variantType": variant}, {"variantType": variant}],
    }
    assert [(issue.rule, issue.severity) for issue in validate_value(sequence)] == [("FHIR-0403", Severity.INFORMATION)]


@pytest.mark.parametrize(
    ("kind", "good"), [("image/png", True), ("text/plain; charset=utf-8", True), ("png", False), ("a b/c", False)]
)
def test_mime_types_are_checked_by_form(kind: str, good: bool) -> None:
    assert (_errors(_patient(photo=[{"contentType": kind}])) == []) == good


@pytest.mark.parametrize(("language", "good"), [("en", True), ("de-CH-1996", True), ("English!", False), ("e", False)])
def test_languages_are_checked_by_form(language: str, good: bool) -> None:
    assert (_errors(_patient(language=language)) == []) == good


def test_the_target_of_a_reference_that_is_not_at_hand_gives_a_warning() -> None:
    issues = validate_value(_patient(managingOrganization={"reference": "Patient/7"}))
    assert [(issue.rule, issue.severity) for issue in issues] == [("FHIR-0505", Severity.WARNING)]


def test_what_is_contained_has_no_version_no_label_and_nothing_inside() -> None:
    inner = {
        "resourceType": "Practitioner",
        "id": "gp",
        "meta": {"versionId": "1", "security": [{"code": "R"}]},
        "contained": [{"resourceType": "Patient", "id": "x"}],
    }
    assert {rule for rule, _ in _errors(_patient(contained=[inner]))} == {"FHIR-0901", "FHIR-0903", "FHIR-0904"}


@pytest.mark.parametrize(
    ("changes", "rule", "path"),
    [
        (
            {"name": [{"given": ["A", "B", "C"], "_given": [{"id": "a"}]}]},
            "FHIR-0108",
            "Patient.name[0]._given",
        ),
        ({"name": [{"text": " \t"}]}, "FHIR-0302", "Patient.name[0].text"),
        (
            {"text": {"status": "generated", "div": f'<div xmlns="{XHTML}"> </div>'}},
            "FHIR-0804",
            "Patient.text.div",
        ),
    ],
)
def test_what_is_doubtful_is_a_warning(changes: dict[str, object], rule: str, path: str) -> None:
    issues = validate_value(_patient(**changes))
    assert [(issue.rule, issue.severity, issue.location.path) for issue in issues] == [(rule, Severity.WARNING, path)]


@pytest.mark.parametrize(
    ("div", "rule"),
    [
        (f'<div xmlns="{XHTML}"><b>a</div>', "FHIR-0801"),
        ("<div>a</div>", "FHIR-0802"),
        (f'<div xmlns="{XHTML}">a<script>x</script></div>', "FHIR-0803"),
    ],
)
def test_a_narrative_is_checked(div: str, rule: str) -> None:
    assert _errors(_patient(text={"status": "generated", "div": div})) == [(rule, "Patient.text.div")]


def test_maxima_are_kept_though_no_element_of_r4_has_one(tmp_path: Path) -> None:
    text = (TypeReference("string"),)
    names = ElementDefinition("Pet.name", 0, 2, text, max_length=3)
    pet = TypeDefinition("Pet", "http://x/Pet", "resource", False, "", False, "Pet", "", (names,))
    path = tmp_path / "pets.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE type (name, kind, abstract, data)")
        database.execute("INSERT INTO type VALUES ('Pet', 'resource', 0, ?)", (packed(pet),))
        database.execute("INSERT INTO type VALUES ('string', 'primitive-type', 0, x'')")
        database.commit()
    with closing(Definitions(path, "x")) as pets:
        plans = Plans(pets)
        assert walk({"resourceType": "Pet", "name": ["Bo", "Rex"]}, plans).all == []
        found = walk({"resourceType": "Pet", "name": ["Bo", "Rex", "Brutus"]}, plans).all
    assert [(finding.issue.rule, finding.issue.location.path) for finding in found] == [
        ("FHIR-0202", "Pet.name"),
        ("FHIR-0303", "Pet.name[2]"),
    ]


# Bundles


def _bundle(kind: str, *entries: dict[str, object]) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def _about(reference: str) -> dict[str, object]:
    return {**deepcopy(OBSERVATION), "subject": {"reference": reference}}


def test_a_transaction_as_this_product_builds_it_is_clean() -> None:
    patient, observation = urn_uuid("patient"), urn_uuid("observation")
    bundle = transaction([Entry(patient, PATIENT, Method.PUT), Entry(observation, _about(patient))])
    assert validate_value(bundle) == ()


def test_a_urn_that_no_entry_has_is_found_in_its_entry() -> None:
    missing = urn_uuid("nobody")
    bundle = transaction([Entry(urn_uuid("observation"), _about(missing))])
    assert _errors(bundle) == [("FHIR-0502", "Bundle.entry[0].resource.subject.reference")]


def test_the_type_of_a_target_in_the_bundle_is_known() -> None:
    url = urn_uuid("observation")
    bundle = _bundle("collection", {"fullUrl": url, "resource": _about(url)})
    assert _errors(bundle) == [("FHIR-0503", "Bundle.entry[0].resource.subject")]


@pytest.mark.parametrize(
    ("bundle", "found"),
    [
        (_bundle("transaction", {"resource": OBSERVATION}), [("FHIR-0602", "Bundle.entry[0]")]),
        (
            _bundle("collection", {"fullUrl": "urn:x:1", "request": {"method": "GET", "url": "a"}}),
            [("FHIR-0602", "Bundle.entry[0]")],
        ),
        (
            _bundle("searchset", {"fullUrl": "urn:x:1", "response": {"status": "200"}}),
            [("FHIR-0603", "Bundle.entry[0]")],
        ),
        (_bundle("collection", {"fullUrl": "urn:x:1"}), [("FHIR-0604", "Bundle.entry[0]")]),
        (_bundle("collection", {"resource": OBSERVATION}), [("FHIR-0607", "Bundle.entry[0]")]),
        (
            _bundle("collection", *[{"fullUrl": "urn:x:1", "resource": OBSERVATION}] * 2),
            [("FHIR-0601", "Bundle.entry[1].fullUrl")],
        ),
        (
            _bundle("collection", {"fullUrl": "http://h/Observation/1/_history/2", "resource": OBSERVATION}),
            [("FHIR-0605", "Bundle.entry[0].fullUrl")],
        ),
        (
            _bundle("document", {"fullUrl": "urn:x:1", "resource": OBSERVATION}),
            [("FHIR-1001", "Bundle"), ("FHIR-1001", "Bundle"), ("FHIR-0606", "Bundle.entry[0]")],
        ),
    ],
)
def test_bundles_follow_their_own_rules(bundle: dict[str, object], found: list[tuple[str, str]]) -> None:
    assert _errors(bundle) == found


# Places, decisions, robustness


def _only(issues: tuple[Issue, ...]) -> Issue:
    (issue,) = issues
    return issue


def test_an_issue_points_to_its_bytes() -> None:
    raw = b'{"resourceType": "Patient", "name": [{"family": "A"}, {"use": "wrong"}]}'
    issue = _only(validate_resource(json_tree.parse(raw)))
    assert issue.location.path == "Patient.name[1].use"
    assert issue.location.span is not None
    assert raw[slice(*issue.location.span)] == b'"wrong"'


def test_a_missing_element_points_to_its_parent() -> None:
    raw = b'{"resourceType": "Patient", "link": [{"type": "refer"}]}'
    issue = _only(validate_resource(json_tree.parse(raw)))
    assert issue.location.span is not None
    assert raw[slice(*issue.location.span)] == b'{"type": "refer"}'


def test_a_value_is_masked_in_the_masked_sentence() -> None:
    issue = _only(validate_value(_patient(birthDate="19800101")))
    assert "19800101" in issue.text
    assert "19800101" not in issue.masked_text


def test_a_site_changes_severities_and_switches_rules_off() -> None:
    wrong = _patient(gender="F", birthDate="x")
    options = FhirOptions(severities={"FHIR-0401": Severity.WARNING}, off=frozenset({"FHIR-0301"}))
    issue = _only(validate_value(wrong, options))
    assert (issue.rule, issue.severity) == ("FHIR-0401", Severity.WARNING)


def test_the_plan_of_every_type_can_be_made() -> None:
    plans, seen = Plans(definitions()), set()
    waiting = [plan for name in definitions().resource_types() if (plan := plans.of_resource(name))]
    while waiting:
        plan = waiting.pop()
        if plan.name not in seen:
            seen.add(plan.name)
            assert plan.fields
            waiting.extend(field.plan for field in plan.fields.values() if field.role in (Role.COMPLEX, Role.COMPANION))
    assert {"Patient.contact", "HumanName", "Bundle.link", "Extension", "Timing.repeat"} <= seen


def test_every_rule_explains_itself_once() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rules()[rule.id] is rule for rule in RULES)
    assert all(rule.title and rule.explanation and rule.source.section for rule in RULES)


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "#", "#x", "Patient/1", "urn:uuid:1", "Bundle"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["resourceType", "reference", "type", "coding", "system", "code", "url", "entry", "extension"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def _places(node: object) -> list[tuple[dict[object, object] | list[object], object]]:
    if isinstance(node, dict):
        return [(node, key) for key in node] + [place for value in node.values() for place in _places(value)]
    if isinstance(node, list):
        return [(node, index) for index in range(len(node))] + [place for value in node for place in _places(value)]
    return []


@given(st.data())
def test_any_damage_ends_in_issues_with_places(data: st.DataObject) -> None:
    resource = deepcopy(
        data.draw(
            st.sampled_from([PATIENT, CONDITION, _bundle("transaction", {"fullUrl": "urn:x:1", "resource": PATIENT})])
        )
    )
    for _ in range(data.draw(st.integers(1, 3))):
        owner, key = data.draw(st.sampled_from(_places(resource)))
        owner[key] = data.draw(_JUNK)  # type: ignore[index]
    document = json_tree.parse(json_tree.dumps(resource))
    for issue in validate_resource(document):
        assert issue.text
        assert issue.location.span is not None
        assert 0 <= issue.location.span.start < issue.location.span.end <= len(document.raw)
