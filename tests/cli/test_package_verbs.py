"""Comparing, checking and upgrading packages, and taking proposals over, without a window."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.mapping.conftest import SAMPLE
from workbench.cli.command_line import run
from workbench.mapping.load import load_package
from workbench.mapping.overlay import effective

PID = "segments/PID-Patient.yaml"
MESSAGE = (
    b"MSH|^~\\&|A|B|C|D|20240102120000+0000||ADT^A01^ADT_A01|M%d|T|2.5.1\r"
    b"PID|1||7^^^H^MR||DOE^JOHN||19800103|M\rPV1|1|I\r"
)


def package(*arguments: object) -> int:
    return run(["package", *map(str, arguments)], None)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    shutil.copytree(SAMPLE, tmp_path / "before")
    return tmp_path / "before"


@pytest.fixture
def after(tmp_path: Path) -> Path:
    """The sample without a rule for the date of birth."""
    shutil.copytree(SAMPLE, tmp_path / "after")
    change(tmp_path / "after", "  - {id: pid-7, from: PID-7, to: birthDate}\n", "")
    return tmp_path / "after"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    (tmp_path / "feed.hl7").write_bytes(b"".join(MESSAGE % number for number in range(3)))
    return tmp_path / "feed.hl7"


def change(folder: Path, old: str, new: str) -> None:
    text = (folder / PID).read_text(encoding="utf-8")
    assert old in text
    (folder / PID).write_text(text.replace(old, new), encoding="utf-8")


def test_a_package_is_told_what_changed_by_rule(before: Path, after: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert package("diff", before, after) == 0
    assert capsys.readouterr().out == ("segments/PID-Patient\n  − rule pid-7: from PID-7; to birthDate\n1 removed.\n")
    assert package("diff", before, before) == 0
    assert capsys.readouterr().out == "no differences.\n"


def test_a_release_that_loses_values_is_told_and_ends_with_one(
    before: Path, after: Path, feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert package("diff", before, after, "--capture", feed, "--workers", 1) == 1
    out = capsys.readouterr().out
    assert "worse: PID-7 mapped → lost: 3 values, PID-Patient/pid-7" in out
    assert "3 of 3 messages change. 3 values would be lost that are not lost now." in out
    assert package("diff", after, before, "--capture", feed, "--workers", 1) == 0


@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_reports_hold_no_values_unless_they_are_asked_for(
    before: Path, after: Path, feed: Path, tmp_path: Path, form: str
) -> None:
    report = tmp_path / "report"
    package("diff", before, after, "--capture", feed, "--workers", 1, "--format", form, "--out", report)
    text = report.read_text(encoding="utf-8")
    assert "Patient.birthDate" in text
    assert "1980" not in text
    assert "DOE" not in text
    package("diff", before, after, "--capture", feed, "--workers", 1, "--format", form, "--out", report, "--values")
    assert "1980-01-03" in report.read_text(encoding="utf-8")


def test_the_report_for_programs_counts_what_changes(
    before: Path, after: Path, feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package("diff", before, after, "--capture", feed, "--workers", 1, "--format", "json")
    found = json.loads(capsys.readouterr().out)
    assert found["counts"] == {"added": 0, "removed": 1, "changed": 0, "moved": 0}
    assert (found["capture"]["messages"], found["capture"]["changed"], found["capture"]["newlyLost"]) == (3, 3, 3)
    assert found["capture"]["moves"][0]["numbers"] == [0, 1, 2]
    assert found["worse"] is True


def test_a_suite_tells_which_cases_come_out_otherwise(
    before: Path, after: Path, feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    shutil.copy(feed, suite)
    (suite / "suite.yaml").write_text(
        f"suite: ward\nmapping: {before}\ninputs:\n  - {{id: feed, messages: [feed.hl7]}}\n"
        "expect:\n  - {cases: '*', at: Patient.birthDate, exists: true}\n",
        encoding="utf-8",
    )
    assert package("diff", before, after, "--suite", suite) == 1
    assert (
        "Suite ward: 3 of 3 cases come out otherwise, 3 of them fail now or for more reasons."
        in capsys.readouterr().out
    )
    assert package("diff", after, before, "--suite", suite) == 0


def test_every_defect_of_a_package_is_told(before: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert package("check", before) == 0
    change(before, "to: birthDate}", "two: birthDate}")
    change(before, "{id: pid-8,", "{idd: pid-8,")
    assert package("check", before) == 1
    out = capsys.readouterr().out
    assert f"{PID}:8:" in out
    assert f"{PID}:9:" in out
    assert package("check", before / "types") == 2


def test_rules_the_engines_cannot_carry_are_told(before: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (before / "package.yaml").open("a", encoding="utf-8") as file:
        file.write("engines: [azure]\n")
    change(before, "to: birthDate}", "to: birthDate, when: \"PID-7 matches '[0-9]+'\"}")
    assert package("check", before) == 1
    assert "PID-Patient/pid-7: azure cannot carry a pattern (matches)" in capsys.readouterr().out


@pytest.fixture
def site(before: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "segments").mkdir(parents=True)
    (folder / "package.yaml").write_text("id: site\nversion: 1.0.0\nextends: ../before\n", encoding="utf-8")
    rule = "  - {id: pid-8, from: PID-8, to: gender, codes: yes-no}   # ours\n"
    (folder / PID).write_text(f"map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n{rule}", encoding="utf-8")
    return folder


def test_an_upgrade_merges_writes_and_keeps_comments(
    site: Path, after: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(after, "codes: administrative-sex}", "codes: administrative-sex, note: newer}")
    assert package("upgrade", site, "--to", after, "--dry-run") == 0
    assert "../before" in (site / "package.yaml").read_text(encoding="utf-8")
    assert package("upgrade", site, "--to", after) == 0
    assert "segments/PID-Patient/pid-8 is changed by the site" in capsys.readouterr().out
    assert (site / PID).read_text(encoding="utf-8").endswith("codes: yes-no, note: newer} # ours\n")
    upgraded = effective(load_package(site)).segments["PID-Patient"]
    assert upgraded.rule("pid-7") is None


def test_contradictions_of_an_upgrade_are_one_and_can_be_decided(site: Path, after: Path) -> None:
    change(after, "codes: administrative-sex}", "codes: name-use}")
    assert package("upgrade", site, "--to", after, "--dry-run") == 1
    assert package("upgrade", site, "--to", after, "--choose", "segments/PID-Patient/none=mine") == 2
    assert package("upgrade", site, "--to", after, "--choose", "segments/PID-Patient/pid-8=perhaps") == 2
    assert package("upgrade", site, "--to", after, "--choose", "segments/PID-Patient/pid-8=theirs") == 0
    rule = effective(load_package(site)).segments["PID-Patient"].rule("pid-8")
    assert rule is not None
    assert rule.codes == "name-use"


def test_what_a_site_changes_is_listed(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert package("origins", site) == 0
    assert ["segments/PID-Patient", "rule", "pid-8", "changed"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]


def test_proposals_are_listed_and_taken_over_one_by_one(
    before: Path, feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (before / PID).read_text(encoding="utf-8")
    change(before, "  - {id: pid-7, from: PID-7, to: birthDate}\n", "")
    assert package("suggest", before, "--capture", feed, "--workers", 1) == 0
    assert "segments/PID-Patient/pid-7 " in capsys.readouterr().out
    assert PID not in text
    assert package("suggest", before, "--accept", "segments/PID-Patient/none") == 2
    assert package("suggest", before, "--accept", "segments/PID-Patient/pid-7") == 0
    rule = load_package(before).segments["PID-Patient"].rule("pid-7")
    assert rule is not None
    assert (rule.target, rule.status) == ("birthDate", "draft")


def test_a_package_can_be_begun_from_nothing(tmp_path: Path) -> None:
    assert package("new", tmp_path / "ward", "--id", "ward", "--title", "The ward") == 0
    assert load_package(tmp_path / "ward").header.title == "The ward"
    assert package("new", tmp_path / "ward", "--id", "ward") == 2
    assert package("new", tmp_path / "other", "--id", "a b") == 2
