from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.validation.profile_samples import GOOD, write_bundle
from workbench.cli.command_line import run


def test_validate_takes_a_profile_and_says_category_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = write_bundle(tmp_path / "guide")
    (tmp_path / "feed.hl7").write_bytes(GOOD + GOOD.replace(b"|F|", b"|X|"))
    code = run(["validate", str(tmp_path / "feed.hl7"), "--profile", str(guide), "--format", "ndjson"], None)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    errors = [(row["index"], row["category"], row["path"], row["line"]) for row in rows if row["severity"] == "error"]
    assert (code, errors) == (1, [(1, "Code Not Found", "PID-8", 2)])


def test_worker_processes_use_the_profile_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guide = write_bundle(tmp_path / "guide")
    (tmp_path / "feed.hl7").write_bytes(GOOD.replace(b"|F|", b"|X|") * 410)
    arguments = [
        "validate",
        str(tmp_path / "feed.hl7"),
        "--profile",
        str(guide),
        "--format",
        "ndjson",
        "--workers",
        "2",
    ]
    assert run(arguments, None) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(row["rule"] == "V2-0551" for row in rows) == 410


def test_a_profile_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "feed.hl7").write_bytes(GOOD)
    (tmp_path / "p.yaml").write_text("format: other\n")
    assert run(["validate", str(tmp_path / "feed.hl7"), "--profile", str(tmp_path / "p.yaml")], None) == 2
    assert "V2P-0004" in capsys.readouterr().err


def test_learn_writes_a_profile_that_validate_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed, out = tmp_path / "feed.hl7", tmp_path / "feed.yaml"
    feed.write_bytes(GOOD * 12)
    assert run(["profile", "learn", str(feed), "--out", str(out)], None) == 0
    assert out.read_text("utf-8").startswith("# Learnt from 12 messages of feed.hl7.")
    assert run(["validate", str(feed), "--profile", str(out)], None) == 0
    feed.write_bytes(GOOD.replace(b"PID|1||", b"PID|1|7|"))
    assert run(["validate", str(feed), "--profile", str(out)], None) == 1
    capsys.readouterr()


@pytest.mark.parametrize("form", ["table", "json", "html", "xlsx"])
def test_gap_compares_a_capture_with_a_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    guide = write_bundle(tmp_path / "guide")
    (tmp_path / "feed.hl7").write_bytes(GOOD * 12)
    out = tmp_path / f"gap.{form}"
    code = run(["profile", "gap", str(tmp_path / "feed.hl7"), str(guide), "--format", form, "--out", str(out)], None)
    said = capsys.readouterr().out
    assert code in (0, 1)
    assert out.exists() == (form in ("html", "xlsx"))
    assert "PID-5" in said or "differences" in said


def test_gap_files_need_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profile", "gap", str(tmp_path), str(tmp_path), "--format", "xlsx"], None) == 2
    assert "VAL-0003" in capsys.readouterr().err


def test_ack_answers_every_message_and_no_acknowledgement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guide = write_bundle(tmp_path / "guide")
    answered = b"MSH|^~\\&|A|B|C|D|20240102||ACK^R01^ACK|9|P|2.5.1\rMSA|AA|1\r"
    (tmp_path / "feed.hl7").write_bytes(GOOD + GOOD.replace(b"|F|", b"|X|") + answered)
    out = tmp_path / "acks.hl7"
    code = run(["ack", str(tmp_path / "feed.hl7"), "--profile", str(guide), "--out", str(out)], None)
    text = out.read_bytes()
    assert (code, text.count(b"MSA|AA|1"), text.count(b"MSA|AE|1")) == (1, 1, 1)
    assert b"ERR||PID^1^8^1|103^Table value not found^HL70357|E" in text
    assert text.split(b"ERR")[1].endswith("••• is not in SEX\r".encode())
    assert "1 AA, 1 AE, 0 AR" in capsys.readouterr().err
