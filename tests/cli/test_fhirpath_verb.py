from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli.command_line import run

PATIENTS = [{"resourceType": "Patient", "id": f"p{n}", "name": [{"given": ["Asa", f"N{n}"]}]} for n in range(2)]


@pytest.fixture
def patients(tmp_path: Path) -> str:
    path = tmp_path / "patients.ndjson"
    path.write_text("".join(json.dumps(patient) + "\n" for patient in PATIENTS))
    return str(path)


def test_each_resource_gives_its_result(patients: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fhirpath", "name.given", patients, "--format", "ndjson"], None) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["file"], row["index"], row["result"]) for row in rows] == [
        ("patients.ndjson", 0, ["Asa", "N0"]),
        ("patients.ndjson", 1, ["Asa", "N1"]),
    ]


def test_a_table_has_a_line_for_each_item(patients: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fhirpath", "name.given.first() | @2024-01-31 + 1 month", patients], None) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [line[-1] for line in lines] == ["Asa", "2024-02-29"] * 2


def test_a_bad_expression_is_refused_with_its_place(patients: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fhirpath", "name..given", patients], None) == 2
    assert "FHIR-0151" in capsys.readouterr().err


def test_an_expression_about_another_type_gives_nothing(patients: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fhirpath", "Observation.status", patients, "--format", "ndjson"], None) == 0
    assert [json.loads(line)["result"] for line in capsys.readouterr().out.splitlines()] == [[], []]


def test_what_does_not_fit_a_resource_is_an_issue(patients: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fhirpath", "name.given.single()", patients], None) == 1
    said = capsys.readouterr().err
    assert "FHIR-0152" in said
    assert "Asa" not in said
