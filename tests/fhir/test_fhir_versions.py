"""R4B and R5 by their own core packages. `WORKBENCH_FHIR_CORES` names a folder that holds hl7.fhir.r4b.core and
hl7.fhir.r5.core as `.tgz`; without it only what needs no package is tested."""

from __future__ import annotations

import json
import os
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.fhir.test_fhir_packages import profile, write_archive
from workbench.fhir.json_tree import parse
from workbench.fhir.package_definitions import with_packages
from workbench.fhir.packages import load_packages, open_package
from workbench.fhir.structure_json import element_definition
from workbench.kernel.issues import blocks
from workbench.validation.fhir_primitives import accepts
from workbench.validation.fhir_validator import FhirOptions, validate_resource

_CORES = os.environ.get("WORKBENCH_FHIR_CORES", "")
_SAMPLE = 12


@cache
def core(version: str) -> Path:
    found = sorted(Path(_CORES).glob(f"hl7.fhir.{version}.core*.tgz")) if _CORES else []
    if not found:
        pytest.skip(f"WORKBENCH_FHIR_CORES names no folder with hl7.fhir.{version}.core")
    return found[0]


def errors(version: str, resource: dict[str, Any]) -> set[tuple[str, str]]:
    options = FhirOptions(packages=(core(version),))
    found = validate_resource(parse(json.dumps(resource).encode()), options)
    return {(issue.rule, issue.location.path) for issue in found if blocks(issue)}


PATIENT = {"resourceType": "Patient", "gender": "female", "birthDate": "1980-01-01"}


@pytest.mark.parametrize("version", ["r4b", "r5"])
def test_a_patient_is_judged_by_the_version_that_is_loaded(version: str) -> None:
    assert errors(version, PATIENT) == set()
    broken = {**PATIENT, "gender": "woman", "birthDate": "1980-13-01", "nam": []}
    assert {path for _, path in errors(version, broken)} >= {"Patient.gender", "Patient.birthDate", "Patient.nam"}


def test_what_changed_between_versions_is_told_by_each() -> None:
    order = {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": {"display": "x"}}
    old = {**order, "medicationCodeableConcept": {"text": "x"}}
    new = {**order, "medication": {"concept": {"text": "x"}}}
    assert errors("r4b", old) == set()
    assert errors("r5", new) == set()
    assert errors("r5", old)
    assert errors("r4b", new)


@pytest.mark.parametrize("kind", ["CodeSystem", "ValueSet", "SearchParameter", "StructureDefinition", "ConceptMap"])
def test_the_definitions_of_r5_are_valid_r5(kind: str) -> None:
    with tarfile.open(core("r5")) as archive:
        members = [m for m in archive.getmembers() if m.name.startswith(f"package/{kind}-")][::40][:_SAMPLE]
        for member in members:
            stream = archive.extractfile(member)
            assert stream is not None
            assert errors("r5", json.load(stream)) == set(), member.name


def test_the_publisher_before_a_package_name_is_no_part_of_it(tmp_path: Path) -> None:
    manifest = tmp_path / "package" / "package.json"
    manifest.parent.mkdir()
    manifest.write_text(json.dumps({"name": "@someone/hl7.fhir.r5.core", "version": "5.0.0"}), "utf-8")
    package = open_package(tmp_path)
    assert package.name == "hl7.fhir.r5.core"
    assert package.is_core


def test_guides_demand_profiles_and_examples_of_guides_in_a_core_package_do_not(tmp_path: Path) -> None:
    guide = {
        "resourceType": "ImplementationGuide",
        "url": "http://t/guide",
        "global": [{"type": "Patient", "profile": "http://t/p"}],
    }
    for name, demanded in (("guide", {"Patient": ("http://t/p",)}), ("hl7.fhir.r5.core", {})):
        folder = tmp_path / name
        folder.mkdir()
        write_archive(folder, name, guide, profile("p"))
        assert with_packages(load_packages([folder], cache=tmp_path / "none")).global_profiles == demanded


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("0", True),
        ("-12", True),
        ("9223372036854775807", True),
        ("9223372036854775808", False),
        (12, False),
        ("1.0", False),
        ("012", False),
    ],
)
def test_integer64_is_a_whole_number_as_text(value: object, fits: bool) -> None:
    assert accepts("integer64")(value) is fits


def test_the_id_of_an_element_is_text_whatever_its_version_says() -> None:
    told = {"url": "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type", "valueUrl": "id"}
    element = {
        "id": "Observation.id",
        "path": "Observation.component.id",
        "base": {"path": "Element.id", "min": 0, "max": "1"},
        "min": 0,
        "max": "1",
        "type": [{"extension": [told], "code": "http://hl7.org/fhirpath/System.String"}],
    }
    assert element_definition(element, {}).types[0].code == "string"
    element["base"] = {"path": "Resource.id", "min": 0, "max": "1"}
    assert element_definition(element, {}).types[0].code == "id"
