"""A small mapping package with a suite of its own, approved from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.suites.run import accept_suite
from workbench.suites.suite import load_suite

FILES = {
    "package.yaml": """\
id: small-map
title: Small map
version: 1.2.0
owner: Integration team
status: approved
time-zone: Europe/Berlin
ignore:
  - {id: rest, from: "*", reason: This package is about four fields only., by: Tester}
""",
    "messages/ADT.yaml": """\
map: ADT
for: ["ADT^*"]
rows:
  - {id: patient, from: PID, make: Patient, using: PID-Patient, identity: [MSH-4, PID-3.1]}
""",
    "segments/PID-Patient.yaml": """\
map: PID-Patient
from: PID
to: Patient
rules:
  - {id: pid-3, from: PID-3, to: identifier, using: CX-Identifier}
  - {id: pid-5, from: PID-5.1, to: name.family}
  - {id: pid-7, from: PID-7, to: birthDate}
  - {id: pid-8, from: PID-8, to: gender, codes: administrative-sex}
""",
    "types/CX-Identifier.yaml": """\
map: CX-Identifier
from: CX
to: Identifier
rules:
  - {id: cx-1, from: CX.1, to: value}
""",
    "codes/administrative-sex.csv": """\
# id: administrative-sex
# source_system: http://terminology.hl7.org/CodeSystem/v2-0001
# target_system: http://hl7.org/fhir/administrative-gender
source_code,source_display,target_code,relationship,status,approver,author
F,Female,female,equivalent,approved,Ann,Ben
M,Male,male,equivalent,approved,Ann,Ben
""",
    "suites/main/suite.yaml": """\
suite: small-map/main
mapping: ../..
inputs:
  - {scenario: deceased, seed: 3}
  - {scenario: hard-names, patients: 3, seed: 3}
expect:
  - {at: Patient.identifier.value, exists: true}
""",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder of a package that is ready to be released."""
    folder = tmp_path / "small-map"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    accept_suite(load_suite(folder / "suites" / "main"))
    return folder
