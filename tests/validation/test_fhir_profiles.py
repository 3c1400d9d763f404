from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from workbench.fhir.json_tree import dumps, parse
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Severity, blocks
from workbench.validation.fhir_validator import FhirOptions, prepare, validate_resource, validate_value

BASE = "http://hl7.org/fhir/StructureDefinition/"
Found = list[tuple[str, str]]
Check = Callable[..., Found]

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:mrn", "value": "1"}, {"system": "urn:ssn", "value": "2"}],
    "name": [{"use": "official", "family": "Berg", "given": ["Asa"]}],
    "telecom": [{"system": "phone", "value": "1", "use": "home"}],
    "birthDate": "1980-02-03",
    "maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}]},
}


def profile(*elements: dict[str, Any], name: str = "P", kind: str = "Patient", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": f"http://t/{name}",
        "name": name,
        "kind": "resource",
        "abstract": False,
        "type": kind,
        "baseDefinition": f"{BASE}{kind}",
        "derivation": "constraint",
        "differential": {"element": list(elements)},
        **more,
    }


def extension(name: str, *elements: dict[str, Any], context: str = "Patient", **more: Any) -> dict[str, Any]:
    contexts = [{"type": "element", "expression": context}]
    return profile(*elements, name=name, kind="Extension", **{"context": contexts, **more})


def package(folder: Path, *resources: dict[str, Any]) -> Path:
    about = {"name": "t", "version": "1", "fhirVersions": ["4.0.1"]}
    with tarfile.open(folder / "t.tgz", "w:gz") as archive:
        for number, content in enumerate((about, *resources)):
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{f'r{number}' if number else 'package'}.json")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return folder


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """check(resource, *package resources): rule and path of each error against http://t/P, or what is asked for."""

    def run(resource: dict[str, Any], *resources: dict[str, Any], against: tuple[str, ...] = ("http://t/P",)) -> Found:
        options = FhirOptions(packages=(package(tmp_path, *resources),), profiles=against)
        prepare(options)
        return [(i.rule, i.location.path) for i in validate_value(deepcopy(resource), options) if blocks(i)]

    return run


def _with(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(PATIENT), **changes}


@pytest.mark.parametrize(
    ("element", "rule", "path"),
    [
        ({"path": "Patient.gender", "min": 1}, "FHIR-1103", "Patient"),
        ({"path": "Patient.identifier", "max": "1"}, "FHIR-1104", "Patient.identifier[1]"),
        ({"path": "Patient.telecom", "max": "0"}, "FHIR-1104", "Patient.telecom[0]"),
        ({"path": "Patient.birthDate", "fixedDate": "1980-02-04"}, "FHIR-1105", "Patient.birthDate"),
        ({"path": "Patient.name.use", "fixedCode": "usual"}, "FHIR-1105", "Patient.name[0].use"),
        ({"path": "Patient.name", "patternHumanName": {"given": ["Bo"]}}, "FHIR-1106", "Patient.name[0]"),
        ({"path": "Patient.name.family", "maxLength": 3}, "FHIR-1114", "Patient.name[0].family"),
        ({"path": "Patient.birthDate", "minValueDate": "1990-01-01"}, "FHIR-1113", "Patient.birthDate"),
        ({"path": "Patient.birthDate", "maxValueDate": "1970-01-01"}, "FHIR-1113", "Patient.birthDate"),
        (
            {
                "path": "Patient",
                "constraint": [{"key": "t-1", "severity": "error", "human": "h", "expression": "photo.exists()"}],
            },
            "FHIR-1001",
            "Patient",
        ),
        (
            {
                "path": "Patient.maritalStatus",
                "binding": {"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/administrative-gender"},
            },
            "FHIR-1108",
            "Patient.maritalStatus",
        ),
    ],
)
def test_what_a_profile_demands_is_checked(check: Check, element: dict[str, Any], rule: str, path: str) -> None:
    assert check(PATIENT, profile(element)) == [(rule, path)]


@pytest.mark.parametrize(
    "element",
    [
        {"path": "Patient.name", "min": 1, "max": "1"},
        {"path": "Patient.birthDate", "fixedDate": "1980-02-03"},
        {"path": "Patient.name", "patternHumanName": {"family": "Berg"}},
        {"path": "Patient.birthDate", "minValueDate": "1980", "maxValueDate": "1990"},
        {"path": "Patient.photo.url", "min": 1},
    ],
)
def test_what_meets_a_profile_is_clean(check: Check, element: dict[str, Any]) -> None:
    assert check(PATIENT, profile(element)) == []


def test_a_profile_of_meta_profile_counts_and_one_not_loaded_is_a_warning(tmp_path: Path) -> None:
    options = FhirOptions(packages=(package(tmp_path, profile({"path": "Patient.photo", "min": 1})),))
    named = _with(meta={"profile": ["http://t/P", "http://t/gone"]})
    found = {(issue.rule, issue.severity) for issue in validate_value(named, options)}
    assert found == {("FHIR-1103", Severity.ERROR), ("FHIR-1101", Severity.WARNING)}


def test_a_profile_for_another_type_does_not_fit(check: Check) -> None:
    assert check(PATIENT, profile(kind="Observation")) == [("FHIR-1102", "Patient")]


def test_a_profile_that_is_asked_for_must_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not in the packages"):
        prepare(FhirOptions(packages=(package(tmp_path),), profiles=("http://t/gone",)))


def test_a_guide_may_demand_a_profile_of_every_resource(check: Check) -> None:
    guide = {
        "resourceType": "ImplementationGuide",
        "url": "http://t/g",
        "global": [{"type": "Patient", "profile": "http://t/P"}],
    }
    assert check(PATIENT, profile({"path": "Patient.photo", "min": 1}), guide, against=()) == [("FHIR-1103", "Patient")]


def test_bytes_of_a_finding_are_those_of_the_element(tmp_path: Path) -> None:
    document = parse(dumps(PATIENT))
    folder = package(tmp_path, profile({"path": "Patient.name.use", "fixedCode": "usual"}))
    (issue,) = validate_resource(document, FhirOptions(packages=(folder,), profiles=("http://t/P",)))
    assert issue.location.span is not None
    assert document.raw[slice(*issue.location.span)] == b'"official"'


# Slicing


def _sliced(path: str, kind: str, at: str, *rest: dict[str, Any], **slicing: Any) -> dict[str, Any]:
    slices = {"discriminator": [{"type": kind, "path": at}], "rules": "open", **slicing}
    return profile({"path": path, "slicing": slices}, *rest)


def _slice(path: str, name: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "sliceName": name, **more}


IDENTIFIERS = (
    _slice("Patient.identifier", "mrn", min=1),
    {"path": "Patient.identifier.system", "min": 1, "fixedUri": "urn:mrn"},
    _slice("Patient.identifier", "other", max="1"),
    {"path": "Patient.identifier.system", "min": 1, "fixedUri": "urn:other"},
)


@pytest.mark.parametrize(
    ("systems", "slicing", "found"),
    [
        (["urn:mrn", "urn:x"], {}, []),
        (["urn:x"], {}, [("FHIR-1201", "Patient")]),
        (["urn:mrn", "urn:other", "urn:other"], {}, [("FHIR-1202", "Patient.identifier[0]")]),
        (["urn:mrn", "urn:x"], {"rules": "closed"}, [("FHIR-1203", "Patient.identifier[1]")]),
        (["urn:other", "urn:mrn"], {"ordered": True}, [("FHIR-1204", "Patient.identifier[1]")]),
        (["urn:x", "urn:mrn"], {"rules": "openAtEnd"}, [("FHIR-1204", "Patient.identifier[1]")]),
    ],
)
def test_slices_by_value(check: Check, systems: list[str], slicing: dict[str, Any], found: Found) -> None:
    patient = _with(identifier=[{"system": system, "value": "1"} for system in systems])
    assert check(patient, _sliced("Patient.identifier", "value", "system", *IDENTIFIERS, **slicing)) == found


def test_what_a_slice_demands_holds_for_its_members_only(check: Check) -> None:
    rules = (*IDENTIFIERS[:2], {"path": "Patient.identifier.period", "min": 1})
    made = _sliced("Patient.identifier", "value", "system", *rules)
    assert check(PATIENT, made) == [("FHIR-1103", "Patient.identifier[0]")]


def test_slices_by_pattern(check: Check) -> None:
    coding = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "N"}]}
    made = _sliced(
        "Patient.contact",
        "pattern",
        "relationship",
        _slice("Patient.contact", "kin", min=1),
        {"path": "Patient.contact.relationship", "min": 1, "patternCodeableConcept": coding},
    )
    kin = {"name": {"text": "a"}, "relationship": [{**coding, "text": "next of kin"}]}
    assert check(_with(contact=[kin]), made) == []
    assert check(_with(contact=[{"name": {"text": "a"}}]), made) == [("FHIR-1201", "Patient")]


def test_slices_by_existence(check: Check) -> None:
    made = _sliced(
        "Patient.name",
        "exists",
        "period",
        _slice("Patient.name", "past", max="0"),
        {"path": "Patient.name.period", "min": 1},
        _slice("Patient.name", "now", min=1),
        {"path": "Patient.name.period", "max": "0"},
    )
    assert check(PATIENT, made) == []
    old = {"family": "Alt", "period": {"end": "2000"}}
    assert check(_with(name=[*PATIENT["name"], old]), made) == [("FHIR-1202", "Patient.name[0]")]


def test_slices_by_type(check: Check) -> None:
    made = _sliced(
        "Bundle.entry",
        "type",
        "resource",
        _slice("Bundle.entry", "patient", min=1, max="1"),
        {"path": "Bundle.entry.resource", "min": 1, "type": [{"code": "Patient"}]},
    ) | {"type": "Bundle", "baseDefinition": f"{BASE}Bundle"}
    entry = {"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "resource": PATIENT}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [entry]}
    assert check(bundle, made) == []
    assert check({**bundle, "entry": []}, made)[-1] == ("FHIR-1201", "Bundle")


def test_slices_by_profile_of_the_target(check: Check) -> None:
    made = _sliced(
        "Observation.performer",
        "profile",
        "resolve()",
        _slice(
            "Observation.performer",
            "named",
            min=1,
            type=[{"code": "Reference", "targetProfile": ["http://t/Named"]}],
        ),
    ) | {"type": "Observation", "baseDefinition": f"{BASE}Observation"}
    named = profile({"path": "Practitioner.name", "min": 1}, name="Named", kind="Practitioner")
    observation: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "performer": [{"reference": "#d"}],
        "contained": [{"resourceType": "Practitioner", "id": "d", "name": [{"family": "Vy"}]}],
    }
    assert check(observation, made, named) == []
    del observation["contained"][0]["name"]
    assert check(observation, made, named) == [("FHIR-1201", "Observation")]


# References


@pytest.mark.parametrize(("reference", "found"), [("Patient/1", True), ("Group/1", False), ("urn:oid:1.2", True)])
def test_targets_of_references_are_those_of_the_profile(check: Check, reference: str, found: bool) -> None:
    subject = {"path": "Observation.subject", "type": [{"code": "Reference", "targetProfile": [f"{BASE}Patient"]}]}
    made = profile(subject, kind="Observation")
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": reference},
    }
    assert (check(observation, made) == []) is found


def test_a_target_must_be_where_the_profile_demands_it(check: Check) -> None:
    subject = {"path": "Observation.subject", "type": [{"code": "Reference", "aggregation": ["contained"]}]}
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/1"},
    }
    assert check(observation, profile(subject, kind="Observation")) == [("FHIR-1115", "Observation.subject")]


def test_a_value_meets_one_of_the_profiles_its_element_names(check: Check) -> None:
    address = {"path": "Patient.address", "type": [{"code": "Address", "profile": ["http://t/City", "http://t/Box"]}]}
    city = profile({"path": "Address.city", "min": 1}, name="City", kind="Address")
    box = profile({"path": "Address.line", "min": 1}, name="Box", kind="Address")
    made = profile(address)
    assert check(_with(address=[{"city": "x"}, {"line": ["x"]}]), made, city, box) == []
    assert check(_with(address=[{"country": "x"}]), made, city, box) == [("FHIR-1112", "Patient.address[0]")]


def test_a_slice_may_be_made_of_an_element_of_another_profile(check: Check) -> None:
    library = profile(
        {
            "path": "Patient.contact",
            "slicing": {"discriminator": [{"type": "value", "path": "gender"}], "rules": "open"},
        },
        {"path": "Patient.contact", "sliceName": "woman"},
        {"path": "Patient.contact.gender", "min": 1, "fixedCode": "female"},
        name="Library",
    )
    part = {"url": f"{BASE}elementdefinition-profile-element", "valueString": "Patient.contact:woman"}
    backbone = {"code": "BackboneElement", "profile": ["http://t/Library"], "_profile": [{"extension": [part]}]}
    made = _sliced("Patient.contact", "value", "gender", _slice("Patient.contact", "w", min=1, type=[backbone]))
    woman, man = ({"name": {"text": "x"}, "gender": gender} for gender in ("female", "male"))
    assert check(_with(contact=[man, woman]), made, library) == []
    assert check(_with(contact=[man]), made, library) == [("FHIR-1201", "Patient")]


def test_a_value_may_be_demanded_where_extensions_stand(check: Check) -> None:
    why = {"extension": [{"url": f"{BASE}data-absent-reason", "valueCode": "unknown"}]}
    patient = {name: value for name, value in _with(_birthDate=why).items() if name != "birthDate"}
    wanted = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition."
    needs = {"path": "Patient.birthDate", "extension": [{"url": f"{wanted}mustHaveValue", "valueBoolean": True}]}
    assert check(patient, profile(needs)) == [("FHIR-1117", "Patient.birthDate")]
    reason = {"url": f"{wanted}valueAlternatives", "valueCanonical": f"{BASE}data-absent-reason"}
    assert check(patient, profile({"path": "Patient.birthDate", "extension": [reason]})) == []


# Extensions

AGE = extension(
    "age",
    {"path": "Extension.url", "fixedUri": "http://t/age"},
    {"path": "Extension.value[x]", "min": 1, "type": [{"code": "integer"}]},
)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"url": "http://t/age", "valueInteger": 3}, []),
        ({"url": "http://t/age", "valueString": "3"}, [("FHIR-1107", "Patient.extension[0].valueString")]),
        ({"url": "http://t/unknown", "valueInteger": 3}, [("FHIR-1308", "Patient.extension[0].url")]),
        ({"url": "http://example.org/unknown", "valueInteger": 3}, []),
    ],
)
def test_extensions_are_held_to_their_definition(check: Check, given: dict[str, Any], found: Found) -> None:
    assert check(_with(extension=[given]), AGE, against=()) == found


def test_an_extension_stands_where_its_context_allows(check: Check) -> None:
    age = {"url": "http://t/age", "valueInteger": 3}
    misplaced = _with(name=[{"family": "Berg", "extension": [age]}])
    assert check(misplaced, AGE, against=()) == [("FHIR-1301", "Patient.name[0].extension[0]")]
    assert (
        check(_with(_birthDate={"extension": [age]}), extension("age", context="Patient.birthDate"), against=()) == []
    )
    anywhere = extension("age", context="Element")
    assert check(misplaced, anywhere, against=()) == []


def test_a_context_may_be_an_expression_or_a_condition(check: Check) -> None:
    age = {"url": "http://t/age", "valueInteger": 3}
    home = extension("age", context="x") | {
        "context": [{"type": "fhirpath", "expression": "Patient.telecom.where(use = 'home')"}]
    }
    telecom = [{"system": "phone", "value": "1", "use": "home", "extension": [age]}]
    assert check(_with(telecom=telecom), home, against=()) == []
    assert check(_with(extension=[age]), home, against=()) == [("FHIR-1301", "Patient.extension[0]")]
    dead = extension("age", contextInvariant=["deceased.exists()"])
    assert check(_with(extension=[age]), dead, against=()) == [("FHIR-1307", "Patient.extension[0]")]
    contact = {"name": {"text": "x"}, "gender": "male", "extension": [age]}
    male = extension("age", context="Patient.contact", contextInvariant=["gender = 'male'"])
    assert check(_with(contact=[contact]), male, against=()) == []


def test_modifier_extensions_must_be_known_and_stand_in_their_own_list(check: Check) -> None:
    unknown = {"url": "http://t/unknown", "valueBoolean": True}
    assert check(_with(modifierExtension=[unknown]), against=()) == [("FHIR-1302", "Patient.modifierExtension[0].url")]
    age = {"url": "http://t/age", "valueInteger": 3}
    assert check(_with(modifierExtension=[age]), AGE, against=()) == [("FHIR-1304", "Patient.modifierExtension[0]")]


def test_parts_of_a_complex_extension_are_those_it_names(check: Check) -> None:
    made = extension(
        "pair",
        {
            "path": "Extension.extension",
            "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"},
        },
        {"path": "Extension.extension", "sliceName": "left", "min": 1},
        {"path": "Extension.extension.url", "fixedUri": "left"},
        {"path": "Extension.url", "fixedUri": "http://t/pair"},
    )
    left, right = {"url": "left", "valueString": "a"}, {"url": "right", "valueString": "a"}
    assert check(_with(extension=[{"url": "http://t/pair", "extension": [left]}]), made, against=()) == []
    found = check(_with(extension=[{"url": "http://t/pair", "extension": [left, right]}]), made, against=())
    assert found == [("FHIR-1306", "Patient.extension[0].extension[1]")]


JUNK: list[Any] = [
    None,
    "",
    0,
    True,
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    "#",
    {"reference": 5},
    [{"system": 1, "code": []}],
]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a decoded value."""
    own = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    return [(value, key) for key, _ in own] + [place for _, inner in own for place in _places(inner)]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_damage_anywhere_is_an_issue_and_never_a_failure(tmp_path: Path, junk: Any) -> None:
    marital = {
        "path": "Patient.maritalStatus",
        "binding": {"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/administrative-gender"},
    }
    made = _sliced("Patient.identifier", "value", "system", *IDENTIFIERS, marital, {"path": "Patient.name", "max": "1"})
    options = FhirOptions(packages=(package(tmp_path, made, AGE),), profiles=("http://t/P",))
    patient = _with(extension=[{"url": "http://t/age", "valueInteger": 3}])
    for number in range(len(_places(patient))):
        damaged = deepcopy(patient)
        container, key = _places(damaged)[number]
        container[key] = deepcopy(junk)
        assert all(issue.rule for issue in validate_value(damaged, options))


# Invariants


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": [{"family": "B", "period": {"start": "2003", "end": "2001"}}]}, "Patient.name[0].period"),
        ({"telecom": [{"value": "1"}]}, "Patient.telecom[0]"),
        ({"contact": [{"gender": "male"}]}, "Patient.contact[0]"),
    ],
)
def test_invariants_of_types_are_judged(changes: dict[str, Any], path: str) -> None:
    assert [(i.rule, i.location.path) for i in validate_value(_with(**changes))] == [("FHIR-1001", path)]


def test_partial_dates_of_a_period_may_overlap() -> None:
    assert validate_value(_with(name=[{"family": "B", "period": {"start": "2001-05", "end": "2001"}}])) == ()


def test_recommendations_are_judged_on_request_only() -> None:
    found = validate_value(PATIENT, FhirOptions(best_practice=True))
    assert validate_value(PATIENT) == ()
    assert [(issue.args["key"], issue.severity) for issue in found] == [("dom-6", Severity.WARNING)]


def test_a_constraint_that_cannot_be_read_is_said_and_is_no_error(tmp_path: Path) -> None:
    broken = {
        "path": "Patient",
        "constraint": [{"key": "t-1", "severity": "error", "human": "h", "expression": "name.("}],
    }
    options = FhirOptions(packages=(package(tmp_path, profile(broken)),), profiles=("http://t/P",))
    assert [(i.rule, i.severity) for i in validate_value(PATIENT, options)] == [("FHIR-1003", Severity.INFORMATION)]


@pytest.mark.parametrize(
    "broken",
    [
        profile({"path": 5}),
        profile({"path": "Patient.name", "min": "many"}),
        profile({"path": "Patient.name", "max": "required"}),
        profile({"path": "Patient.name", "type": [{"code": []}]}),
        profile({"path": "Patient.name", "constraint": [{}]}),
        profile(["Patient.name"]),  # type: ignore[arg-type]
        {**profile(), "differential": []},
        {**profile(), "differential": {"element": [None]}},
        {**profile(), "baseDefinition": ["x"]},
    ],
)
def test_a_definition_that_has_not_the_form_of_one_is_refused_by_name(tmp_path: Path, broken: dict[str, Any]) -> None:
    options = FhirOptions(packages=(package(tmp_path, broken),), profiles=("http://t/P",))
    with pytest.raises(Refused) as refused:
        prepare(options)
    assert refused.value.code == "FHIR-0025" and "http://t/P" in refused.value.text
