from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from workbench.cli.command_line import run
from workbench.kernel.issues import blocks

GOOD = b"MSH|^~\\&|A|B|C|D|20240102||ADT^A01^ADT_A01|M1|P|2.5.1\rEVN||20240102\rPID|1||7^^^H^MR||DOE^JOHN\rPV1|1|I\r"
BAD = GOOD.replace(b"DOE^JOHN", b"DOE^JOHN||1980133")


def _findings(capsys: pytest.CaptureFixture[str], *paths: Path) -> tuple[int, list[dict[str, object]]]:
    code = run(["validate", *map(str, paths), "--format", "ndjson"], None)
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_finding_has_the_contracts_fields_and_its_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "feed.hl7").write_bytes(GOOD + BAD)
    code, findings = _findings(capsys, tmp_path / "feed.hl7")
    errors = [finding for finding in findings if finding["severity"] == "error"]
    assert (code, [(e["file"], e["index"], e["path"]) for e in errors]) == (1, [("feed.hl7", 1, "PID-7.1")])
    assert {"file", "index", "severity", "code", "rule", "location", "path", "text"} <= errors[0].keys()
    place = errors[0]["location"]
    assert BAD[place["start"] : place["end"]] == b"1980133"


def test_a_clean_message_is_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.hl7").write_bytes(GOOD)
    code, findings = _findings(capsys, tmp_path / "good.hl7")
    assert code == 0
    assert [finding for finding in findings if finding["severity"] in ("error", "fatal")] == []


def test_fhir_is_judged_by_the_same_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.json").write_text('{"resourceType": "Patient", "gender": "m", "birthDate": "1980-13-01"}')
    code, findings = _findings(capsys, tmp_path / "p.json")
    paths = {finding["path"] for finding in findings if finding["severity"] == "error"}
    assert (code, paths) == (1, {"Patient.gender", "Patient.birthDate"})


def test_broken_json_is_a_finding_and_the_rest_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text('{"resourceType": "Patient", ')
    (tmp_path / "b.hl7").write_bytes(BAD)
    code, findings = _findings(capsys, tmp_path)
    assert code == 1
    assert {(f["file"], f["severity"]) for f in findings} >= {("a.json", "fatal"), ("b.hl7", "error")}


def test_junit_has_a_case_for_each_message_and_a_failure_for_each_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feed.hl7").write_bytes(GOOD + BAD)
    assert run(["validate", str(tmp_path / "feed.hl7"), "--format", "junit"], None) == 1
    report = ElementTree.fromstring(capsys.readouterr().out)
    cases = report.findall(".//testcase")
    assert [len(case.findall("failure")) for case in cases] == [0, 1]


def _report(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> str:
    (tmp_path / "feed.hl7").write_bytes(GOOD + BAD)
    assert run(["validate", str(tmp_path / "feed.hl7"), "--format", form], None) == 1
    return capsys.readouterr().out


def test_csv_has_a_row_for_each_finding_and_no_formulas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(_report(tmp_path, capsys, "csv"))))
    assert [row["path"] for row in rows if row["severity"] == "error"] == ["PID-7.1"]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@"))]


def test_sarif_names_the_rule_and_the_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = json.loads(_report(tmp_path, capsys, "sarif"))["runs"][0]
    (error,) = [result for result in log["results"] if result["level"] == "error"]
    region = error["locations"][0]["physicalLocation"]["region"]
    assert BAD[region["byteOffset"] : region["byteOffset"] + region["byteLength"]] == b"1980133"
    assert error["ruleId"] in {rule["id"] for rule in log["tool"]["driver"]["rules"]}


def test_an_operation_outcome_is_valid_fhir(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from workbench.fhir import json_tree
    from workbench.validation.fhir_validator import validate_resource

    text = _report(tmp_path, capsys, "operation-outcome")
    errors = [issue for issue in validate_resource(json_tree.parse(text.encode())) if blocks(issue)]
    assert [issue.text for issue in errors] == []
    (outcome,) = [entry["resource"] for entry in json.loads(text)["entry"] if "error" in json.dumps(entry)]
    assert "PID-7.1" in {path for issue in outcome["issue"] for path in issue.get("expression", [])}


def test_plausibility_is_judged_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.hl7").write_bytes(GOOD.replace(b"DOE^JOHN", b"DOE^JOHN||18900101"))
    codes = []
    for more in ([], ["--plausibility"]):
        run(["validate", str(tmp_path / "old.hl7"), "--format", "ndjson", *more], None)
        codes.append({json.loads(line)["rule"] for line in capsys.readouterr().out.splitlines()})
    assert codes[1] - codes[0] == {"CLN-0103"}
