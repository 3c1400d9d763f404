"""Suppressions and baselines from the command line, and what `validate` and its reports make of them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from workbench.app.session import Session
from workbench.cli.command_line import run
from workbench.security.keys import Argon2Cost
from workbench.security.passphrase import ENVIRONMENT_VARIABLE
from workbench.store.workspace import Workspace

PASSPHRASE = "correct horse battery"
GOOD = b"MSH|^~\\&|A|B|C|D|20240102||ADT^A01^ADT_A01|M1|P|2.5.1\rEVN||20240102\rPID|1||7^^^H^MR||DOE^JOHN\rPV1|1|I\r"
BAD = GOOD.replace(b"DOE^JOHN", b"DOE^JOHN||1980133")
WORSE = BAD.replace(b"|I\r", b"|I||||||||||||||||||||||||||||||||||||||||||2024x\r")
LATER = (date.today() + timedelta(days=9)).isoformat()


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, PASSPHRASE)
    folder = tmp_path / "hospital.workspace"
    Session(Workspace.create(folder, PASSPHRASE, cost=Argon2Cost(time_cost=1, memory_kib=8, lanes=1))).close()
    return folder


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.hl7"
    path.write_bytes(GOOD + BAD)
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = run([*map(str, arguments)], None)
    out = capsys.readouterr()
    return code, out.out, out.err


def suppress(capsys: pytest.CaptureFixture[str], workspace: Path, *more: str) -> None:
    arguments = ("decisions", "suppress", workspace, "V2-0306", "--path", "PID-7", "--reason", "known at the sender")
    code, out, err = told(capsys, *arguments, *more)
    assert (code, err) == (0, "")
    assert "V2-0306 at PID-7" in out


def errors(out: str) -> Counter[tuple[object, object]]:
    rows = map(json.loads, out.splitlines())
    return Counter((row["rule"], row["path"]) for row in rows if row["severity"] == "error")


def test_a_suppressed_finding_is_left_out_counted_and_does_not_fail(
    capsys: pytest.CaptureFixture[str], workspace: Path, feed: Path
) -> None:
    plain = ("validate", feed, "--workers", 1, "--format", "ndjson")
    code, out, _ = told(capsys, *plain)
    assert (code, errors(out)) == (1, {("V2-0306", "PID-7.1"): 1})
    suppress(capsys, workspace, "--until", LATER)
    code, out, err = told(capsys, *plain, "--workspace", workspace)
    assert (code, errors(out)) == (0, {})
    assert "1 findings are suppressed, 0 known" in err


def test_a_suppression_that_is_lifted_is_told_again_and_stays_in_the_audit_trail(
    capsys: pytest.CaptureFixture[str], workspace: Path, feed: Path
) -> None:
    suppress(capsys, workspace)
    _, out, _ = told(capsys, "decisions", "list", workspace, "--format", "json")
    (one,) = json.loads(out)
    assert (one["state"], one["reason"]) == ("holds", "known at the sender")
    assert told(capsys, "decisions", "lift", workspace, one["id"][:8])[0] == 0
    code, out, _ = told(capsys, "validate", feed, "--workers", 1, "--format", "ndjson", "--workspace", workspace)
    assert (code, len(errors(out))) == (1, 1)
    with Workspace.open(workspace, PASSPHRASE, writable=False) as opened:
        actions = [entry.action for entry in Session(opened).audit_entries()]
    assert [action for action in actions if action.startswith("finding.")] == [
        "finding.suppress",
        "finding.unsuppress",
    ]


def test_a_last_day_that_is_past_is_refused(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    arguments = ("decisions", "suppress", workspace, "V2-0306", "--reason", "x", "--until", "2020-01-01")
    code, _, err = told(capsys, *arguments)
    assert code == 2
    assert "VAL-0011" in err
    code, _, err = told(capsys, "decisions", "lift", workspace, "nothing")
    assert code == 2
    assert "VAL-0013" in err


def test_with_a_baseline_only_new_problems_are_told(
    capsys: pytest.CaptureFixture[str], workspace: Path, feed: Path
) -> None:
    assert told(capsys, "decisions", "baseline", workspace, feed, "--workers", 1)[0] == 0
    feed.write_bytes(GOOD + WORSE)
    plain = ("validate", feed, "--workers", 1, "--format", "ndjson", "--workspace", workspace)
    code, out, err = told(capsys, *plain)
    assert code == 1
    assert {path for _, path in errors(out)} == {"PV1-44.1"}
    assert "known" in err
    assert told(capsys, "decisions", "forget", workspace)[0] == 0
    assert {path for _, path in errors(told(capsys, *plain)[1])} == {"PID-7.1", "PV1-44.1"}


def test_sarif_carries_the_suppression_and_the_baseline(
    capsys: pytest.CaptureFixture[str], workspace: Path, feed: Path
) -> None:
    plain = ("validate", feed, "--workers", 1, "--format", "sarif")
    assert all("suppressions" not in each for each in results(told(capsys, *plain)[1]))
    assert told(capsys, "decisions", "baseline", workspace, feed, "--workers", 1)[0] == 0
    suppress(capsys, workspace, "--until", LATER)
    feed.write_bytes(GOOD + WORSE)
    found = results(told(capsys, *plain, "--workspace", workspace)[1])
    birth = next(each for each in found if each["ruleId"] == "V2-0306" and "PID-7" in str(each["locations"]))
    assert birth["baselineState"] == "unchanged"
    (one,) = birth["suppressions"]
    assert (one["kind"], one["status"], one["justification"]) == ("external", "accepted", "known at the sender")
    assert one["properties"]["until"] == LATER
    left = next(each for each in found if "PV1-44" in str(each["locations"]))
    assert left["baselineState"] == "new"
    assert "suppressions" not in left


def test_junit_and_csv_leave_hidden_findings_out(
    capsys: pytest.CaptureFixture[str], workspace: Path, feed: Path
) -> None:
    suppress(capsys, workspace)
    for form in ("junit", "csv"):
        plain = ("validate", feed, "--workers", 1, "--format", form)
        assert "V2-0306" in told(capsys, *plain)[1]
        assert "V2-0306" not in told(capsys, *plain, "--workspace", workspace)[1]


def results(out: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(out)["runs"][0]["results"]
    return found
