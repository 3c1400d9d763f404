from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli.command_line import run

ADT = b"MSH|^~\\&|A|B|C|D|20240102||ADT^A01^ADT_A01|M1|P|2.5.1\rEVN||20240102\rPID|1||7^^^H^MR||DOE^JOHN\rPV1|1|I\r"
ORU = b"MSH|^~\\&|L|B|C|D|20240103||ORU^R01|M2|P|2.5.1\rPID|1||8\rOBX|1|ST|X||1\r"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.hl7"
    path.write_bytes(ADT + ORU)
    return path


def _run(*arguments: object) -> int:
    return run([str(argument) for argument in arguments], open_window=None)


def test_a_list_has_one_element_for_each_message(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("messages", "list", feed, "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["type"], row["control_id"], row["patient"], row["index"]) for row in rows] == [
        ("ADT^A01", "M1", "DOE, JOHN", 0),
        ("ORU^R01", "M2", "", 1),
    ]


def test_a_question_narrows_the_list(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("messages", "list", feed, "--where", "exists(OBX-5)", "--format", "ndjson") == 0
    assert [json.loads(line)["control_id"] for line in capsys.readouterr().out.splitlines()] == ["M2"]


def test_a_question_that_is_not_understood_is_refused(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("messages", "list", feed, "--where", "PID-3 =") == 2
    assert "QRY-0001" in capsys.readouterr().err


def test_a_message_is_shown_as_its_bytes(feed: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert _run("messages", "show", feed, "--control-id", "M2", "--format", "raw") == 0
    assert capfdbinary.readouterr().out == ORU


def test_a_message_is_shown_as_a_tree_with_names(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("messages", "show", feed, "--index", "0") == 0
    shown = capsys.readouterr().out
    assert "PID-5.1" in shown and "Family Name" in shown and "'DOE'" in shown


@pytest.mark.parametrize("which", [("--index", "2"), ("--index", "-1"), ("--control-id", "M9")])
def test_a_message_that_is_not_there_is_refused(
    feed: Path, which: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("messages", "show", feed, *which) == 2
    assert "CLI-0001" in capsys.readouterr().err


def test_a_file_without_messages_is_an_issue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    assert _run("messages", "list", tmp_path / "notes.txt") == 1
    assert "CAP-0001" in capsys.readouterr().err


def test_a_path_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("messages", "list", tmp_path / "missing") == 2
    assert "Traceback" not in capsys.readouterr().err
