from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli.command_line import run

PROFILE = {
    "resourceType": "StructureDefinition",
    "url": "http://t/P",
    "name": "P",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {"element": [{"path": "Patient.birthDate", "min": 1}]},
}


@pytest.fixture
def packages(tmp_path: Path) -> str:
    folder = tmp_path / "packages" / "t"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "t", "version": "1", "fhirVersions": ["4.0.1"]}')
    (folder / "p.json").write_text(json.dumps(PROFILE))
    return str(tmp_path / "packages")


def _capture(folder: Path, count: int) -> str:
    path = folder / "patients.ndjson"
    path.write_text('{"resourceType": "Patient", "active": true}\n' * count)
    return str(path)


def _rows(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    rows = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    return [(row["rule"], row["path"]) for row in rows]


def test_a_profile_of_a_package_is_checked(tmp_path: Path, packages: str, capsys: pytest.CaptureFixture[str]) -> None:
    patients = _capture(tmp_path, 1)
    given = ["validate", patients, "--format", "ndjson", "--fhir-packages", packages]
    assert run(given, None) == 0
    assert _rows(capsys) == []
    assert run([*given, "--profile", "http://t/P"], None) == 1
    assert _rows(capsys) == [("FHIR-1103", "Patient")]


def test_worker_processes_check_the_same(tmp_path: Path, packages: str, capsys: pytest.CaptureFixture[str]) -> None:
    patients = _capture(tmp_path, 450)
    options = ["--fhir-packages", packages, "--profile", "http://t/P", "--workers", "2", "--format", "ndjson"]
    assert run(["validate", patients, *options], None) == 1
    assert len(_rows(capsys)) == 450


def test_what_a_package_depends_on_and_lacks_is_said(
    tmp_path: Path, packages: str, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = Path(packages) / "t" / "package.json"
    manifest.write_text('{"name": "t", "version": "1", "dependencies": {"somewhere.else.fhir": "9.9.9"}}')
    assert run(["validate", _capture(tmp_path, 1), "--fhir-packages", packages], None) == 0
    said = capsys.readouterr().err
    assert "FHIR-1118" in said
    assert "somewhere.else.fhir#9.9.9" in said


def test_recommendations_are_judged_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patients = _capture(tmp_path, 1)
    assert run(["validate", patients, "--format", "ndjson", "--best-practice"], None) == 0
    assert _rows(capsys) == [("FHIR-1002", "Patient")]


@pytest.mark.parametrize(
    ("profile", "folder", "code"), [("http://t/gone", "packages", "FHIR-0024"), ("http://t/P", "nowhere", "FHIR-0022")]
)
def test_what_cannot_be_loaded_is_refused(
    tmp_path: Path, packages: str, capsys: pytest.CaptureFixture[str], profile: str, folder: str, code: str
) -> None:
    patients, place = _capture(tmp_path, 1), str(Path(packages).parent / folder)
    assert run(["validate", patients, "--profile", profile, "--fhir-packages", place], None) == 2
    assert code in capsys.readouterr().err
