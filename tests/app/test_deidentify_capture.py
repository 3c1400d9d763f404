from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from workbench.app.operations.deidentify import (
    Policy,
    Rules,
    deidentify_capture,
    own_rules,
    preview,
    workspace_pseudonyms,
)
from workbench.app.session import create_session, open_session
from workbench.cli.command_line import run
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Framing, open_capture
from workbench.security.pseudonyms import Pseudonyms
from workbench.v2 import er7

PSEUDONYMS = Pseudonyms(bytes(range(32)))
CANARIES = ("Zebrastripe", "Quintilla", "MRN99123", "19800113")


def _adt(number: int = 1, name: str = "Zebrastripe") -> bytes:
    return (
        f"MSH|^~\\&|A|B|C|D|20240102||ADT^A01|M{number:04}|T|2.5.1\rPID|1||MRN99123^^^H^MR||{name}^Quintilla||19800113\r"
        f"NTE|1||{name} is well\rZPI|{name}\r"
    ).encode()


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _holds_canary(data: bytes) -> list[str]:
    return [canary for canary in CANARIES if canary.casefold() in data.decode("utf-8", "replace").casefold()]


@pytest.mark.parametrize(
    ("before", "after", "framing"),
    [
        (b"", b"", Framing.ER7),
        (b"\x0b", b"\x1c\r", Framing.MLLP),
        (b"FHS|^~\\&|A|B|C|D|20240102|Zebrastripe\rBHS|^~\\&|A|B\r", b"BTS|1|Zebrastripe\rFTS|1\r", Framing.BATCH),
    ],
)
def test_framing_is_kept(before: bytes, after: bytes, framing: Framing, tmp_path: Path) -> None:
    source = _write(tmp_path / "in.hl7", before + _adt(1) + after + before + _adt(2) + after)
    report = deidentify_capture(open_capture([source]), tmp_path / "out.hl7", PSEUDONYMS, JobContext())
    written = (tmp_path / "out.hl7").read_bytes()
    capture = open_capture([tmp_path / "out.hl7"])
    assert (len(capture), capture.framings[0][1], report.messages) == (2, framing, 2)
    assert _holds_canary(written) == []
    frames = written
    for message in capture:
        frames = frames.replace(message, b"*", 1)
    kept = before.replace(b"|20240102|Zebrastripe", b"").replace(b"|Zebrastripe", b"")
    assert frames == (kept + b"*" + after.replace(b"|Zebrastripe", b"")) * 2


def test_the_original_is_only_read_and_never_written_over(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.hl7", _adt())
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    deidentify_capture(open_capture([source]), tmp_path / "out.hl7", PSEUDONYMS, JobContext())
    (tmp_path / "link.hl7").symlink_to(source)
    for out in (source, tmp_path / "link.hl7"):
        with pytest.raises(Refused) as refusal:
            deidentify_capture(open_capture([source]), out, PSEUDONYMS, JobContext())
        assert refusal.value.code == "APP-0009"
    assert hashlib.sha256(source.read_bytes()).hexdigest() == before


def test_text_between_messages_is_left_out_and_counted(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.hl7", _adt() + b"received Zebrastripe at noon\r\n" + _adt())
    report = deidentify_capture(open_capture([source]), tmp_path / "out.hl7", PSEUDONYMS, JobContext())
    assert _holds_canary((tmp_path / "out.hl7").read_bytes()) == []
    assert report.counts["no segment", "unknown", "removed", "no dictionary describes this segment"] or report.left_out


def test_logs_become_plain_messages(tmp_path: Path) -> None:
    line = _adt().replace(b"\r", b"\\r").decode()
    source = _write(
        tmp_path / "feed.log",
        "".join(f"2024-01-02 03:04:0{n} INFO got Zebrastripe {line}\n" for n in range(3)).encode(),
    )
    capture = open_capture([source])
    assert len(capture) == 3
    deidentify_capture(capture, tmp_path / "out.hl7", PSEUDONYMS, JobContext())
    written = open_capture([tmp_path / "out.hl7"])
    assert (len(written), written.framings[0][1]) == (3, Framing.ER7)
    assert _holds_canary((tmp_path / "out.hl7").read_bytes()) == []


def test_fhir_becomes_ndjson_and_does_not_mix_with_v2(tmp_path: Path) -> None:
    patient = {"resourceType": "Patient", "id": "MRN99123", "name": [{"family": "Zebrastripe"}]}
    source = _write(tmp_path / "in.ndjson", (json.dumps(patient) + "\n").encode() * 2)
    deidentify_capture(open_capture([source]), tmp_path / "out.ndjson", PSEUDONYMS, JobContext())
    assert len(open_capture([tmp_path / "out.ndjson"])) == 2
    assert _holds_canary((tmp_path / "out.ndjson").read_bytes()) == []
    other = _write(tmp_path / "in.hl7", _adt())
    with pytest.raises(Refused) as refusal:
        deidentify_capture(open_capture([source, other]), tmp_path / "both", PSEUDONYMS, JobContext())
    assert refusal.value.code == "APP-0009"


def test_several_files_become_one_capture_in_order(tmp_path: Path) -> None:
    one, other = _write(tmp_path / "a.hl7", _adt(1) + _adt(2)), _write(tmp_path / "b.hl7", _adt(3))
    deidentify_capture(open_capture([one, other]), tmp_path / "out.hl7", PSEUDONYMS, JobContext())
    numbers = [er7.parse(raw).control_id for raw in open_capture([tmp_path / "out.hl7"])]
    assert numbers == [PSEUDONYMS.identifier(f"M{n:04}") for n in (1, 2, 3)]


def test_processes_write_the_same_file(tmp_path: Path) -> None:
    capture = open_capture([_write(tmp_path / "in.hl7", b"".join(_adt(n) for n in range(1100)))])
    reports = [deidentify_capture(capture, tmp_path / f"{n}", PSEUDONYMS, JobContext(), workers=n) for n in (1, 2)]
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert reports[0] == reports[1] and reports[0].messages == 1100


def test_a_cancelled_job_leaves_no_file(tmp_path: Path) -> None:
    ctx = JobContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        deidentify_capture(open_capture([_write(tmp_path / "i", _adt())]), tmp_path / "out", PSEUDONYMS, ctx)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["i"]


def test_the_preview_shows_every_value_before_and_after(tmp_path: Path) -> None:
    capture = open_capture([_write(tmp_path / "in.hl7", _adt())])
    shown = preview(capture, 0, PSEUDONYMS)
    lines = {line.path: line for line in shown.lines}
    assert (lines["PID-5.1"].before, lines["PID-5.1"].category, lines["PID-5.1"].fate) == (
        "Zebrastripe",
        "name",
        "replaced",
    )
    assert lines["PID-5.1"].after.encode() in shown.after and lines["ZPI"].doubt
    assert (shown.before, _holds_canary(shown.after)) == (_adt(), [])


def test_the_report_lists_what_was_not_recognised_without_values(tmp_path: Path) -> None:
    capture = open_capture([_write(tmp_path / "in.hl7", _adt())])
    report = deidentify_capture(capture, tmp_path / "out", PSEUDONYMS, JobContext(), Rules(unknown=Policy.KEEP))
    doubts = {row["field"]: row["fate"] for row in report.doubts().records()}
    assert doubts == {"NTE-3": "searched", "ZPI": "searched"}
    assert _holds_canary(str(report).encode()) == []


def test_the_workspace_keeps_the_key(tmp_path: Path) -> None:
    session = create_session(tmp_path / "w.workspace", "long passphrase")
    key = workspace_pseudonyms(session).key
    assert [entry.action for entry in session.audit_entries()][-1] == "deidentification.key"
    session.close()
    again = open_session(tmp_path / "w.workspace", "long passphrase")
    assert workspace_pseudonyms(again).key == key
    again.close()
    assert not any(
        key.hex().encode() in path.read_bytes() for path in (tmp_path / "w.workspace").rglob("*") if path.is_file()
    )


def test_the_command_previews_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out, report = _write(tmp_path / "in.hl7", _adt()), tmp_path / "out.hl7", tmp_path / "report.csv"
    monkeypatch.setenv("MY_PASSPHRASE", "correct horse battery")
    key = ["--key-passphrase-env", "MY_PASSPHRASE"]
    assert run(["deidentify", str(source), "--preview", *key], None) == 0
    shown = capsys.readouterr().out
    assert "PID-5.1" in shown and "Zebrastripe" in shown and not out.exists()
    assert run(["deidentify", str(source), "--out", str(out), "--report", str(report), *key], None) == 0
    said = capsys.readouterr()
    assert "not safely recognised" in said.out and _holds_canary((said.out + said.err).encode()) == []
    assert _holds_canary(out.read_bytes() + report.read_bytes()) == []
    assert run(["deidentify", str(source), *key], None) == 2
    assert run(["deidentify", str(source), "--preview", "7", *key], None) == 2
    monkeypatch.delenv("MY_PASSPHRASE")
    assert run(["deidentify", str(source), "--out", str(out), *key], None) == 2
    assert "CLI-0013" in capsys.readouterr().err


@pytest.mark.corpus
def test_every_file_of_the_corpus_goes_through(corpus_root: Path, tmp_path: Path) -> None:
    capture = open_capture([corpus_root / "v2"])
    numbers = [n for n in range(len(capture)) if capture.format_of(n) == "er7"]
    assert len(numbers) > 500
    for number in numbers[:: max(1, len(numbers) // 1500)]:
        try:
            shown = preview(capture, number, PSEUDONYMS)
        except Refused:
            continue
        before, after = (er7.parse(raw).segments for raw in (shown.before, shown.after))
        assert [segment.name for segment in after if segment.name] == [
            segment.name for segment in before if segment.name
        ]


def _after(tmp_path: Path, data: bytes, rules: str) -> tuple[bytes, dict[str, str]]:
    capture = open_capture([_write(tmp_path / "one", data)])
    found = preview(capture, 0, PSEUDONYMS, Rules(own=own_rules(rules)))
    return found.after, {line.path: line.fate.value for line in found.lines}


def test_a_rule_removes_or_keeps_a_data_type_or_a_field(tmp_path: Path) -> None:
    data = (
        b"MSH|^~\\&|A|B|C|D|2024||ADT^A01|M1|T|2.5.1\r"
        b"PID|1||7^^^H^MR||Roe^Jane||19800113|F|||1 Main St^^Town^IL^62701^USA\rNTE|1||Roe is well\r"
    )
    after, fates = _after(tmp_path, data, "XAD=remove, PID-7=keep PID-5=keep XPN=remove")
    message = er7.parse(after)
    assert (message.value("PID-11"), message.value("PID-7")) == ("", "19800113")
    assert message.segments[1].raw(5) == "Roe^Jane"
    assert (fates["PID-11"], fates["PID-7"], fates["PID-5.1"]) == ("removed", "kept", "kept")
    assert b"Roe is well" not in after


def test_a_rule_removes_or_keeps_a_type_or_an_element_of_fhir(tmp_path: Path) -> None:
    patient = {
        "resourceType": "Patient",
        "name": [{"family": "Roe"}],
        "birthDate": "1980-01-13",
        "address": [{"city": "Town", "state": "IL"}],
    }
    after, fates = _after(tmp_path, json.dumps(patient).encode(), "Address=remove Patient.birthDate=keep")
    found = json.loads(after)
    assert ("address" in found, found["birthDate"], found["name"][0]["family"] == "Roe") == (False, "1980-01-13", False)
    assert (fates["Patient.address[0]"], fates["Patient.birthDate"]) == ("removed", "kept")


@pytest.mark.parametrize("wrong", ["XPM=remove", "PID-999=keep", "XAD", "XAD=drop", "Patient.nam=remove", "=keep"])
def test_a_rule_that_names_nothing_known_is_refused(wrong: str) -> None:
    with pytest.raises(Refused) as refusal:
        own_rules(wrong)
    assert refusal.value.code == "APP-0010"
