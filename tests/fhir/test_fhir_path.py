from __future__ import annotations

import pytest

from workbench.fhir.path import FhirPath, Step
from workbench.kernel.errors import Refused

PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": "Berg", "given": ["Asa", "Li"]}, {"given": ["Bo"]}],
    "deceasedBoolean": False,
}


@pytest.mark.parametrize(
    "text", ["Patient", "Patient.identifier[0].system", "Observation.value[x]", "Patient._birthDate", "a.value[x][1].b"]
)
def test_a_path_writes_itself_as_it_was_read(text: str) -> None:
    assert str(FhirPath.parse(text)) == text


def test_a_step_has_name_and_index() -> None:
    assert FhirPath.parse("Patient.name[2].value[x]").steps == (Step("Patient"), Step("name", 2), Step("value[x]"))


def test_a_definition_path_has_no_indexes() -> None:
    assert FhirPath.parse("Patient.name[2].given[0]").definition_path == "Patient.name.given"


@pytest.mark.parametrize(
    "text", ["", ".", "Patient..name", "Patient.name[-1]", "Patient.name[a]", "name()", "a b", "Patient."]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        FhirPath.parse(text)
    assert refused.value.code == "FHIR-0010"


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("Patient.name.given", ["Asa", "Li", "Bo"]),
        ("name[1].given", ["Bo"]),
        ("Patient.name[0].given[1]", ["Li"]),
        ("Patient.deceased[x]", [False]),
        ("Patient.name[5].given", []),
        ("Patient.name.given.x", []),
    ],
)
def test_values_are_found_through_all_repetitions(path: str, values: list[object]) -> None:
    assert FhirPath.parse(path).values(PATIENT) == values
