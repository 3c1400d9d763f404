from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from workbench.fhir.definitions import definitions
from workbench.kernel.errors import Refused

R4 = definitions()


def test_r4_has_its_146_resource_types() -> None:
    names = R4.resource_types()
    assert len(names) == 146
    assert {"Patient", "Bundle", "Observation"} < set(names)
    assert not {"Resource", "DomainResource", "HumanName"} & set(names)


def test_an_element_knows_cardinality_types_and_binding() -> None:
    gender = R4.element("Patient.gender")
    assert gender is not None
    assert (gender.min, gender.max, [reference.code for reference in gender.types]) == (0, 1, ["code"])
    assert gender.binding is not None
    assert (gender.binding.strength, gender.binding.value_set) == (
        "required",
        "http://hl7.org/fhir/ValueSet/administrative-gender",
    )


def test_a_reference_knows_its_targets() -> None:
    subject = R4.element("Observation.subject")
    assert subject is not None
    assert subject.types[0].targets == ("Patient", "Group", "Device", "Location")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("Patient.contact.name.family", "HumanName.family"),
        ("Patient.identifier[0].system", "Identifier.system"),
        ("Observation.valueQuantity.unit", "Quantity.unit"),
        ("Observation.value[x]", "Observation.value[x]"),
        ("Bundle.entry.link.url", "Bundle.link.url"),
        ("Questionnaire.item.item.item.linkId", "Questionnaire.item.linkId"),
    ],
)
def test_a_path_is_followed_through_types_and_content_references(path: str, found: str) -> None:
    element = R4.element(path)
    assert element is not None
    assert element.path == found


@pytest.mark.parametrize("path", ["Patient.foo", "Nope.id", "Bundle.entry.resource.name", "Patient.gender.code.x"])
def test_a_path_to_no_element_finds_none(path: str) -> None:
    assert R4.element(path) is None


def test_the_id_of_a_resource_is_an_id_and_that_of_an_element_a_string() -> None:
    resource_id, element_id = R4.element("Patient.id"), R4.element("HumanName.id")
    assert resource_id is not None
    assert element_id is not None
    assert (resource_id.types[0].code, element_id.types[0].code) == ("id", "string")


def test_a_choice_has_one_name_for_each_type() -> None:
    deceased = R4.element("Patient.deceased[x]")
    assert deceased is not None
    assert deceased.json_names() == ("deceasedBoolean", "deceasedDateTime")


def test_an_element_describes_itself_in_one_line() -> None:
    name = R4.element("Patient.name")
    assert name is not None
    assert name.description() == "Patient.name HumanName 0..*: A name associated with the patient"


def test_a_value_set_is_expanded_with_displays() -> None:
    url = "http://hl7.org/fhir/ValueSet/administrative-gender"
    system = "http://hl7.org/fhir/administrative-gender"
    assert R4.value_set_codes(f"{url}|4.0.1") == {(system, code) for code in ("male", "female", "other", "unknown")}
    assert (system, "male", "Male") in R4.concepts(url)


@pytest.mark.parametrize("url", ["http://hl7.org/fhir/ValueSet/mimetypes", "http://example.org/none"])
def test_what_cannot_be_enumerated_has_no_codes(url: str) -> None:
    assert R4.value_set_codes(url) is None


def test_a_hierarchical_filter_takes_the_code_and_all_below_it() -> None:
    codes = R4.value_set_codes("http://terminology.hl7.org/ValueSet/v3-ActEncounterCode")
    assert codes is not None
    assert {"AMB", "EMER", "IMP", "ACUTE", "VR"} <= {code for _, code in codes}


def test_a_v2_table_is_a_code_system_with_displays() -> None:
    assert R4.displays("http://terminology.hl7.org/CodeSystem/v2-0203")["MR"] == "Medical record number"


def test_invariants_are_kept_with_their_type() -> None:
    patient = R4.type_definition("Patient")
    assert patient is not None
    assert patient.constraints["pat-1"].expression.startswith("name.exists()")
    contact = patient.element("Patient.contact")
    assert contact is not None
    assert "pat-1" in contact.constraints


def test_core_profiles_and_extensions_are_found_by_their_url() -> None:
    race = R4.profile("http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName")
    assert race is not None
    assert (race.type, race.profile, race.contexts) == ("Extension", True, (("element", "Patient"),))


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        definitions("9.9")
    assert refused.value.code == "FHIR-0012"


def test_many_threads_may_ask_at_once() -> None:
    names = R4.resource_types()[:40]
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda name: len(R4.elements(name)), names * 4))
    assert counts == [len(R4.elements(name)) for name in names] * 4
