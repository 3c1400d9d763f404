from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest

from workbench.app.operations.exchange import MllpFile, receiving, send_messages
from workbench.cli import options
from workbench.cli.command_line import run
from workbench.cli.connection import host_and_port
from workbench.exchange.listener import ListenerSettings
from workbench.exchange.sender import Destination
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture
from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace


def _adt(control_id: str, processing: str = "T") -> bytes:
    return f"MSH|^~\\&|A|B|C|D|2024||ADT^A01|{control_id}|{processing}|2.5.1\rPID|1||7\r".encode()


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.hl7"
    path.write_bytes(b"".join(_adt(f"M{n}") for n in range(3)))
    return path


def test_what_was_received_is_a_capture_that_is_continued(tmp_path: Path, feed: Path) -> None:
    out = tmp_path / "kept.mllp"
    for _ in range(2):
        with receiving(ListenerSettings(), MllpFile(out)) as reception:
            sent = list(
                send_messages(open_capture([feed]), Destination("127.0.0.1", reception.port), JobContext(), [2, 0])
            )
        assert ([s.number for s in sent], reception.received) == ([2, 0], 2)
    assert list(open_capture([out])) == [_adt("M2"), _adt("M0")] * 2
    assert out.stat().st_mode & 0o077 == 0


def test_a_message_is_on_the_disk_before_it_is_answered(tmp_path: Path, feed: Path) -> None:
    seen: list[bytes] = []
    with receiving(
        ListenerSettings(), MllpFile(tmp_path / "k.mllp"), lambda _: seen.append((tmp_path / "k.mllp").read_bytes())
    ) as reception:
        list(send_messages(open_capture([feed]), Destination("127.0.0.1", reception.port), JobContext(), [0]))
    assert seen == [b"\x0b" + _adt("M0") + b"\x1c\r"]


def test_a_frame_that_does_not_fit_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = MllpFile(tmp_path / "k.mllp")
    file.append(b"one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("workbench.app.operations.exchange.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.append(b"two")
    monkeypatch.undo()
    assert (tmp_path / "k.mllp").read_bytes() == b"\x0bone\x1c\r"
    file.append(b"three")
    file.close()
    assert (tmp_path / "k.mllp").read_bytes() == b"\x0bone\x1c\r\x0bthree\x1c\r"


def test_a_place_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as failure:
        MllpFile(tmp_path / "file" / "k.mllp")
    assert failure.value.code == "EXC-0012"


def test_fhir_is_not_sent_over_mllp(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"resourceType":"Patient"}')
    with pytest.raises(Refused) as refusal:
        list(send_messages(open_capture([tmp_path / "p.json"]), Destination("127.0.0.1", 1), JobContext()))
    assert refusal.value.code == "EXC-0013"


def _listening(tmp_path: Path, *more: str) -> threading.Thread:
    place = () if "--workspace" in more else ("--out", str(tmp_path / "received"))
    arguments = ["listen", "--port", "0", *place, *more]
    thread = threading.Thread(target=run, args=(arguments, None))
    thread.start()
    return thread


def _port(capsys: pytest.CaptureFixture[str]) -> str:
    for _ in range(200):
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", capsys.readouterr().out)
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError("the listener did not say where it listens")


def test_the_two_verbs_talk_to_each_other(tmp_path: Path, feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    thread = _listening(tmp_path, "--count", "2")
    port = _port(capsys)
    question = "MSH-10 in (M0, M2)"
    assert run(["send", str(feed), "--to", f"127.0.0.1:{port}", "--where", question, "--format", "ndjson"], None) == 0
    thread.join()
    told = capsys.readouterr().out.splitlines()
    rows = [json.loads(line) for line in told if line.startswith("{")]
    assert [(row["number"], row["control_id"], row["outcome"]) for row in rows] == [
        (0, "M0", "accepted"),
        (2, "M2", "accepted"),
    ]
    assert "2 messages received" in told
    assert list(open_capture([tmp_path / "received"])) == [_adt("M0"), _adt("M2")]


def test_a_workspace_takes_messages_and_rules_answer_them(
    tmp_path: Path, feed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_PASSPHRASE", "a long passphrase")
    options._opener.cache_clear()
    folder = tmp_path / "site.workspace"
    Workspace.create(folder, "a long passphrase", cost=Argon2Cost(time_cost=1, memory_kib=8, lanes=1)).close()
    rules = ("--when", 'MSH-10 = "M1"', "reject", "--when", "PID-3 = 7", "error,0.01", "--answer", "silence")
    thread = _listening(tmp_path, "--count", "3", "--workspace", str(folder), *rules)
    assert run(["send", str(feed), "--to", f"127.0.0.1:{_port(capsys)}", "--format", "ndjson"], None) == 1
    thread.join()
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [row["code"] for row in rows] == ["AE", "AR", "AE"]
    assert not any(b"ADT^A01" in file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert run(["messages", "list", str(folder / "received"), "--format", "ndjson"], None) == 0
    assert [json.loads(line)["control_id"] for line in capsys.readouterr().out.splitlines()] == ["M0", "M1", "M2"]


def test_a_negative_answer_is_an_issue(tmp_path: Path, feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    thread = _listening(tmp_path, "--count", "3", "--answer", "error")
    assert run(["send", str(feed), "--to", f"127.0.0.1:{_port(capsys)}"], None) == 1
    thread.join()
    assert "AE" in capsys.readouterr().out


def test_production_is_refused_until_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.hl7").write_bytes(_adt("M1", "P"))
    thread = _listening(tmp_path, "--count", "1")
    send = ["send", str(tmp_path / "p.hl7"), "--to", f"127.0.0.1:{_port(capsys)}"]
    assert run(send, None) == 2
    assert "EXC-0002" in capsys.readouterr().err
    assert run([*send, "--allow-production"], None) == 0
    thread.join()


@pytest.mark.parametrize(
    "given",
    [
        ["send", "{feed}", "--to", "nowhere"],
        ["send", "{feed}", "--to", "x:70000"],
        ["send", "{feed}", "--to", "x:1", "--tls-key", "k.pem"],
        ["listen", "--port", "0", "--out", "o", "--tls-clients", "c.pem"],
        ["listen", "--port", "0", "--out", "o", "--tls-cert", "missing.pem"],
        ["listen", "--port", "0", "--out", "o", "--when", "MSH-9 =", "accept"],
        ["listen", "--port", "0", "--out", "o", "--when", "exists(PID)", "perhaps"],
        ["listen", "--port", "0", "--out", "o", "--when", "exists(PID)", "accept,soon"],
        ["listen", "--port", "0"],
    ],
)
def test_options_that_make_no_sense_are_refused(given: list[str], feed: Path) -> None:
    assert run([option.format(feed=feed) for option in given], None) == 2


def test_addresses_of_version_six_have_brackets() -> None:
    assert host_and_port("[::1]:2575") == ("::1", 2575)
