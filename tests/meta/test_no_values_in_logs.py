"""Values of patients never reach a log, a ledger, a trace, an audit entry or standard error."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from workbench.app.session import create_session, standard_package_folder
from workbench.cli.command_line import run

CANARIES = ("Zebrastripe", "Quokkaville", "19991399", "CANARY77", "hazelnutshell")
MESSAGE = (
    "MSH|^~\\&|LAB|GHH|EHR|GHH|20240102030405+0000||ADT^A01^ADT_A01|M1|T|2.5.1\r"
    "EVN||20240102030405\r"
    "PID|1||CANARY77^^^H^MR||Zebrastripe^Ann||19991399|X|||1 Lane^^Quokkaville\r"
    "PV1|1|I\r"
    "AL1|1|DA|hazelnutshell^hazelnutshell^L\r"
    "ZZZ|1|Zebrastripe\r"
    "Zebrastripe is no segment\r"
)


def _holds_canary(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.hl7"
    path.write_bytes(MESSAGE.encode())
    return path


def test_logs_ledgers_traces_and_standard_error_hold_no_values(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="workbench")
    mapping = str(standard_package_folder())
    out, ledger = tmp_path / "out", tmp_path / "ledger.json"
    assert run(["--verbose", "validate", str(feed), "--workers", "1"], None) == 1
    run(
        ["--verbose", "map", str(feed), "--mapping", mapping, "--out", str(out), "--trace", "--ledger", str(ledger)],
        None,
    )
    said = capsys.readouterr()
    bundle = (out / "feed.json").read_text(encoding="utf-8")
    assert _holds_canary(bundle) == list(CANARIES), "the result itself has to hold them, the bad date too"
    assert _holds_canary(said.err) == []
    assert _holds_canary(caplog.text) == []
    assert _holds_canary(ledger.read_text(encoding="utf-8")) == []
    assert _holds_canary((out / "trace.ndjson").read_text(encoding="utf-8")) == []


def test_a_defect_is_reported_without_what_it_was_about(
    feed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.app.operations import validation

    def broken(document: object) -> tuple[object, ...]:
        raise KeyError("Zebrastripe")

    monkeypatch.setattr(validation, "validate_document", broken)
    assert run(["validate", str(feed), "--workers", "1"], None) == 70
    said = capsys.readouterr()
    assert "APP-0006" in said.out
    assert _holds_canary(said.out + said.err) == []


def test_the_audit_trail_of_a_review_holds_no_values(tmp_path: Path) -> None:
    session = create_session(tmp_path / "w.workspace", "long passphrase")
    session.keep("review.commented", "review", "c1", {"comment": "Zebrastripe has no allergy"})
    entries = "\n".join(map(str, session.audit_entries()))
    session.close()
    assert _holds_canary(entries) == []
