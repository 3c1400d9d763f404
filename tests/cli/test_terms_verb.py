"""The terms verb: what it prints, and its exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from workbench.app.operations import terms
from workbench.cli.command_line import run
from workbench.terminology.library import CodeLibrary

LOINC = (
    "LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,METHOD_TYP,STATUS,LONG_COMMON_NAME,EXAMPLE_UCUM_UNITS\n"
    "2951-2,Sodium,SCnc,Pt,Ser/Plas,Qn,,ACTIVE,Sodium [Moles/volume] in Serum or Plasma,mmol/L\n"
    "2955-3,Sodium,SCnc,Pt,Urine,Qn,,ACTIVE,Sodium [Moles/volume] in Urine,mmol/L\n"
)
LOCAL = "local_code,source_code,local_text,context,specimen,units,target_system\nNA~1,NA,Sodium,,Urine,mmol/L,http://loinc.org\n"
MAP = (
    "# id: lab\n# source_system: urn:l\n# target_system: http://loinc.org\n"
    "source_code,source_display,target_code,target_display,relationship,status,author,approver\n"
    "NA,Sodium,2951-2,Sodium [Moles/volume] in Serum or Plasma,equivalent,approved,ann,bob\n"
)


@pytest.fixture(autouse=True)
def own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "CodeLibrary", lambda: CodeLibrary(tmp_path / "library"))
    for name, text in (("Loinc.csv", LOINC), ("local.csv", LOCAL), ("lab.csv", MAP)):
        (tmp_path / name).write_text(text, encoding="utf-8")


def test_suggest_prints_the_scorers_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "suggest",
        str(tmp_path / "local.csv"),
        "--system",
        "loinc",
        "--vocabulary",
        str(tmp_path / "Loinc.csv"),
    ]
    assert run(["terms", *arguments, "--top", "10", "--format", "csv"], None) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["local_code"], row["rank"], row["target_code"]) for row in rows] == [
        ("NA~1", "1", "2955-3"),
        ("NA~1", "2", "2951-2"),
    ]
    assert float(rows[0]["score"]) > float(rows[1]["score"])


def test_check_finds_the_wrong_specimen_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", str(tmp_path / "lab.csv"), "--seen", str(tmp_path / "local.csv"), "--system", "loinc"]
    code = run(["terms", *arguments, "--vocabulary", str(tmp_path / "Loinc.csv"), "--format", "ndjson"], None)
    findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (code, [finding["rule"] for finding in findings]) == (1, ["TERM-0301"])
    assert "Urine" in findings[0]["text"]


def test_check_without_the_code_system_judges_by_the_display(tmp_path: Path) -> None:
    arguments = ["check", str(tmp_path / "lab.csv"), "--seen", str(tmp_path / "local.csv"), "--format", "ndjson"]
    assert run(["terms", *arguments], None) == 1


def test_translate_says_what_a_map_makes_of_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["terms", "translate", str(tmp_path / "lab.csv"), "NA", "--format", "json"], None) == 0
    assert json.loads(capsys.readouterr().out)[0]["target_code"] == "2951-2"
    assert run(["terms", "translate", str(tmp_path / "lab.csv"), "NONE"], None) == 1


def test_import_tells_what_came_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["terms", "import", str(tmp_path / "Loinc.csv"), "--system", "loinc", "--as-version", "2.80"], None) == 0
    assert capsys.readouterr().out == "LOINC 2.80: 2 codes (0 retired), 2 wordings\n"


@pytest.mark.parametrize("ending", ["json", "r5.json", "xlsx", "sssom.tsv", "usagi.csv", "csv"])
def test_export_writes_every_form(tmp_path: Path, ending: str) -> None:
    assert run(["terms", "export", str(tmp_path / "lab.csv"), str(tmp_path / f"out.{ending}")], None) == 0
    assert (tmp_path / f"out.{ending}").stat().st_size > 100


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    assert run(["terms", "export", str(tmp_path / "lab.csv"), str(tmp_path / "out.doc")], None) == 2


ORU = (
    "MSH|^~\\&|LAB|H|WB|T|20260302120000||ORU^R01^ORU_R01|L1|T|2.5.1\rPID|1||1^^^H^MR||Roe^Jo\r"
    "OBR|1|||ELY^Electrolytes^L|||20260302||||||||Urine\rOBX|1|NM|NA^Sodium^L||71|mmol/L|40-220|N|||F\r"
    "OBX|2|NM|K^Potassium^L||40|mmol/L|||||F\r"
)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.hl7"
    path.write_text(ORU, "utf-8")
    return path


def test_collect_lists_codes_with_what_stands_beside_them_but_no_patients_values(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "codes.csv"
    assert run(["terms", "collect", str(feed), "--field", "OBX-3", "--out", str(out)], None) == 0
    with out.open(encoding="utf-8", newline="") as text:
        rows = {row["local_code"]: row for row in csv.DictReader(text)}
    assert set(rows) == {"NA", "K"}
    assert {name: rows["NA"][name] for name in ("specimen", "units", "ranges", "context", "values")} == {
        "specimen": "Urine",
        "units": "mmol/L",
        "ranges": "40-220",
        "context": "Electrolytes",
        "values": "",
    }
    capsys.readouterr()
    assert run(["terms", "collect", str(feed), "--field", "OBX-3", "--values", "--format", "ndjson"], None) == 0
    assert "71" in capsys.readouterr().out


def test_check_against_a_capture_finds_the_specimen_and_tells_the_coverage(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["check", str(tmp_path / "lab.csv"), "--capture", str(feed), "--field", "OBX-3", "--format", "ndjson"]
    assert run(["terms", *arguments], None) == 1
    printed = capsys.readouterr()
    assert [json.loads(line)["rule"] for line in printed.out.splitlines()] == ["TERM-0301"]
    assert "1 of 2 distinct codes, 50.0 % of occurrences covered" in printed.err


def test_systems_search_and_lookup_say_what_was_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["terms", "import", str(tmp_path / "Loinc.csv"), "--system", "loinc", "--as-version", "2.80"], None) == 0
    assert run(["terms", "systems", "--format", "json"], None) == 0
    assert '"version":"2.80"' in capsys.readouterr().out
    assert run(["terms", "search", "sod", "ur", "--system", "loinc", "--format", "ndjson"], None) == 0
    assert json.loads(capsys.readouterr().out)["code"] == "2955-3"
    assert run(["terms", "lookup", "2951-2", "--system", "loinc", "--format", "json"], None) == 0
    assert '"PROPERTY":"SCnc"' in capsys.readouterr().out
    assert run(["terms", "lookup", "0-0", "--system", "loinc"], None) == 1


def test_drift_names_the_rows_whose_target_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newer = tmp_path / "Newer.csv"
    newer.write_text(
        LOINC.replace(",ACTIVE,Sodium [Moles/volume] in Serum", ",DEPRECATED,Sodium [Moles/volume] in Serum")
    )
    for path, version in ((tmp_path / "Loinc.csv", "1"), (newer, "2")):
        assert run(["terms", "import", str(path), "--system", "loinc", "--as-version", version], None) == 0
    capsys.readouterr()
    arguments = ["terms", "drift", str(tmp_path / "lab.csv"), "--system", "loinc", "--format", "ndjson"]
    assert run([*arguments, "--old", "1", "--new", "2"], None) == 1
    assert json.loads(capsys.readouterr().out)["kind"] == "retired"
    assert run([*arguments, "--old", "1", "--new", "1"], None) == 0


def test_rows_with_a_mark_stay_behind_unless_it_is_a_draft(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flagged = tmp_path / "flagged.csv"
    flagged.write_text(MAP.replace("approver\n", "approver,marks\n").replace("ann,bob\n", "ann,bob,flagged\n"), "utf-8")
    assert run(["terms", "export", str(flagged), str(tmp_path / "out.csv")], None) == 0
    assert "1 rows that are flagged" in capsys.readouterr().err
    assert "2951-2" not in (tmp_path / "out.csv").read_text("utf-8")
    assert run(["terms", "export", str(flagged), str(tmp_path / "draft.csv"), "--draft"], None) == 0
    assert "flagged" in (tmp_path / "draft.csv").read_text("utf-8")
