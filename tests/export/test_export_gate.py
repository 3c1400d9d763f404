"""Nothing leaves the house that was not tested and approved as it is, except as a draft that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.export.package import EXPORTERS, export_package, find_exporter
from workbench.kernel.errors import Refused
from workbench.suites.evidence import collect_evidence

FHIR = EXPORTERS["fhir-package"]


def refusal(package: Path, tmp_path: Path) -> str:
    with pytest.raises(Refused) as refused:
        export_package(package, FHIR, tmp_path / "out")
    assert refused.value.code == "EXP-0001"
    assert not (tmp_path / "out").exists()
    return refused.value.text


def change(package: Path, name: str, before: str, after: str) -> None:
    path = package / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_an_approved_package_with_passing_suites_is_released(package: Path, tmp_path: Path) -> None:
    exported = export_package(package, FHIR, tmp_path / "out")
    assert exported.path.name == "small-map-1.2.0.tgz"
    assert exported.path.is_file() and exported.objections == ()


def test_a_rule_that_is_not_approved_is_named(package: Path, tmp_path: Path) -> None:
    change(package, "segments/PID-Patient.yaml", "to: birthDate}", "to: birthDate, status: in-review}")
    assert "1 rules are not approved (PID-Patient/pid-7)" in refusal(package, tmp_path)


def test_a_code_row_that_is_not_approved_is_named(package: Path, tmp_path: Path) -> None:
    change(
        package,
        "codes/administrative-sex.csv",
        "M,Male,male,equivalent,approved,Ann,Ben",
        "M,Male,male,equivalent,mapped,,Ben",
    )
    assert "administrative-sex: M" in refusal(package, tmp_path)


def test_a_suite_that_does_not_pass_stops_the_release(package: Path, tmp_path: Path) -> None:
    change(package, "segments/PID-Patient.yaml", "PID-5.1, to: name.family", "PID-5.2, to: name.family")
    assert "The suite does not pass (small-map/main: 5 changed)" in refusal(package, tmp_path)


def test_a_package_without_a_suite_is_not_released(package: Path, tmp_path: Path) -> None:
    (package / "suites" / "main" / "suite.yaml").unlink()
    assert "No suite has been run." in refusal(package, tmp_path)


def test_a_suite_that_must_pass_and_is_not_there_stops_the_release(package: Path, tmp_path: Path) -> None:
    change(package, "package.yaml", "status: approved", "status: approved\nsuites: [main, night]")
    assert "The suite night, which must pass, has not been run." in refusal(package, tmp_path)


def test_evidence_of_another_state_of_the_mapping_does_not_count(package: Path, tmp_path: Path) -> None:
    evidence = collect_evidence(package)
    change(package, "package.yaml", "title: Small map", "title: Small map, changed")
    with pytest.raises(Refused, match="was run on another state of the mapping"):
        export_package(package, FHIR, tmp_path / "out", evidence=evidence)


def test_a_draft_goes_out_and_says_so_with_what_stands_against_it(package: Path, tmp_path: Path) -> None:
    change(package, "segments/PID-Patient.yaml", "to: birthDate}", "to: birthDate, status: draft}")
    exported = export_package(package, FHIR, tmp_path / "out", draft=True)
    assert exported.path.name == "small-map-1.2.0-DRAFT.tgz"
    assert [issue.rule for issue in exported.objections] == ["EXP-0105"]


def test_an_unknown_target_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused, match="fhir-package, python"):
        find_exporter("mirth")
