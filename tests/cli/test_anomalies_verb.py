"""`workbench messages anomalies`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli.command_line import run
from workbench.kernel.errors import ExitCode

ADT = (
    "MSH|^~\\&|REG|GH|WB|T|20260302082200||ADT^A01^ADT_A01|C1|T|2.5.1\rEVN|A01|20260302\r"
    "PID|1||123^^^GH^MR||Doe^Jo||19800103|F\rPV1|1|I|3W^2^A^GH|||||||MED\r"
)


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    path = tmp_path / "earlier.hl7"
    path.write_text(ADT * 40, "utf-8", newline="")
    return path


def test_a_new_code_is_said_and_told_by_the_exit_code(
    tmp_path: Path, earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = tmp_path / "now.hl7"
    now.write_text(ADT * 39 + ADT.replace("||||MED", "||||SUR"), "utf-8", newline="")
    code = run(["messages", "anomalies", str(now), "--against", str(earlier), "--format", "json"], None)
    (found,) = json.loads(capsys.readouterr().out)
    assert code == ExitCode.ISSUES
    assert (found["kind"], found["place"], found["what"], found["first_message"]) == ("new code", "PV1-10", "SUR", 39)


def test_a_capture_like_its_own_first_half_is_clean(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["messages", "anomalies", str(earlier)], None) == ExitCode.CLEAN
    assert "new code" not in capsys.readouterr().out


def test_captures_without_v2_messages_are_refused(
    tmp_path: Path, earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "p.json"
    other.write_text('{"resourceType": "Patient"}', "utf-8")
    assert run(["messages", "anomalies", str(other), "--against", str(earlier)], None) == ExitCode.REFUSED
    assert "APP-0140" in capsys.readouterr().err
