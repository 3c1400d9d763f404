from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.messages.samples import framed_samples
from workbench.cli.command_line import run


def _run(*arguments: object) -> int:
    return run([str(argument) for argument in arguments], open_window=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in framed_samples().items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_what_was_detected_is_shown_for_each_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("messages", "formats", folder, "--format", "ndjson") == 0
    rows = {Path(row["file"]).name: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["mllp.bin"]["read_as"] == "HL7 v2 in MLLP frames"
    assert (rows["utf16.hl7"]["encoding"], rows["crlf.hl7"]["line_ending"]) == ("utf-16-le", "CRLF")
    assert all(row["messages"] == 2 for row in rows.values())


def test_detection_is_overruled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("messages", "list", folder / "log.txt", "--read-as", "er7", "--count") == 0
    assert capsys.readouterr().out.strip() == "0"
    assert _run("messages", "list", folder / "log.txt", "--read-as", "nonsense") == 2
    assert _run("messages", "list", folder / "cr.hl7", "--encoding", "nonsense") == 2


def test_messages_are_counted_by_a_question(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("messages", "list", folder, "--where", "exists(OBX)", "--count") == 0
    assert capsys.readouterr().out.strip() == str(len(framed_samples()))
