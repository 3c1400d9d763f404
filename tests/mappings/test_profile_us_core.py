"""The US Core overlay: profiles are claimed, race and ethnicity have their extensions, what is missing has a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.kernel.issues import blocks
from workbench.kernel.shipped import shipped
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.load import load_package
from workbench.synthetic.scenarios import generate
from workbench.v2.er7 import parse
from workbench.validation.fhir_validator import FhirOptions, validate_value

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
HEADER = "MSH|^~\\&|LAB|HOSP|EHR|HOSP|20240102030405-0500||ADT^A08|1|P|2.5.1\r"


@pytest.fixture(scope="module")
def overlay() -> CompiledMapping:
    return compile_package(load_package(shipped("mappings", "profile-us-core")))


def patient(overlay: CompiledMapping, pid: str) -> dict[str, Any]:
    bundle = overlay.run(parse(f"{HEADER}{pid}\r".encode()))
    (found,) = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"]
    return found


def extension(resource: dict[str, Any], url: str) -> dict[str, Any]:
    (found,) = [each for each in resource["extension"] if each["url"] == US_CORE + url]
    return found


def test_several_races_stand_in_one_extension_with_one_text(overlay: CompiledMapping) -> None:
    race = extension(patient(overlay, "PID|||1^^^A|||||||2106-3^White~2036-2^Filipino"), "us-core-race")
    assert [
        (part["url"], part.get("valueCoding", {}).get("code"), part.get("valueString")) for part in race["extension"]
    ] == [
        ("ombCategory", "2106-3", None),
        ("detailed", "2036-2", None),
        ("text", None, "White, Filipino"),
    ]


def test_the_letter_of_the_v2_table_becomes_an_ethnicity(overlay: CompiledMapping) -> None:
    ethnicity = extension(patient(overlay, "PID|||1^^^A|||||||||||||||||||H"), "us-core-ethnicity")
    assert ethnicity["extension"][0]["valueCoding"]["code"] == "2135-2"


def test_a_patient_of_whom_nothing_is_known_says_so(overlay: CompiledMapping) -> None:
    found = patient(overlay, "PID|||1")
    assert found["gender"] == "unknown"
    assert found["name"][0]["extension"][0]["valueCode"] == "unknown"
    assert found["identifier"][0]["_system"]["extension"][0]["valueCode"] == "unknown"


def test_nothing_is_claimed_that_the_base_package_would_not_make(overlay: CompiledMapping) -> None:
    base = compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))
    for message in generate("lab-result", 2, 7):
        types = [
            [e["resource"]["resourceType"] for e in mapping.run(parse(message.raw))["entry"]]
            for mapping in (base, overlay)
        ]
        assert types[0] == types[1]


@pytest.mark.corpus
@pytest.mark.parametrize(
    "scenario", ["registration", "admission", "lab-result", "lab-order", "immunization", "document", "unmapped-allergy"]
)
def test_results_meet_us_core(overlay: CompiledMapping, corpus_root: Path, scenario: str) -> None:
    package = corpus_root.parent / "fhir" / "packages" / "hl7.fhir.us.core-6.1.0.tgz"
    if not package.is_file():
        pytest.skip("the US Core package is not here")
    options = FhirOptions(packages=(package,))
    for message in generate(scenario, 2, 3):
        issues = validate_value(overlay.run(parse(message.raw)), options)
        assert [issue.text for issue in issues if blocks(issue)] == []
