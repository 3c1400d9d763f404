"""What a listener received lies sealed in the workspace and opens from there only."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.app.operations import received
from workbench.app.operations.exchange import receiving, send_messages
from workbench.app.operations.received import SealedStore, delete_received, received_files, unsealing
from workbench.app.session import Session
from workbench.cli.command_line import run
from workbench.exchange.listener import ListenerSettings
from workbench.exchange.sender import Destination
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture
from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace

CHEAP = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
PASSPHRASE = "a long passphrase"


def _adt(control_id: str) -> bytes:
    return f"MSH|^~\\&|A|B|C|D|2024||ADT^A01|{control_id}|T|2.5.1\rPID|1||7||Roe^Jane\r".encode()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(Workspace.create(tmp_path / "site.workspace", PASSPHRASE, cost=CHEAP))
    yield made
    made.close()


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.hl7"
    path.write_bytes(b"".join(_adt(f"M{n}") for n in range(3)))
    return path


def _receive(session: Session, feed: Path) -> Path:
    with receiving(ListenerSettings(), SealedStore(session)) as reception:
        list(send_messages(open_capture([feed]), Destination("127.0.0.1", reception.port), JobContext()))
        return reception.path


def test_received_messages_are_sealed_on_disk_and_open_in_their_workspace(session: Session, feed: Path) -> None:
    path = _receive(session, feed)
    assert not any(b"Roe" in file.read_bytes() for file in session.workspace.folder.rglob("*") if file.is_file())
    capture = open_capture([path], unseal=unsealing(session))
    assert (list(capture), capture.issues) == ([_adt("M0"), _adt("M1"), _adt("M2")], ())
    assert [file.path for file in received_files(session)] == [path]


def test_without_the_workspace_a_sealed_capture_is_said_to_be_one(session: Session, feed: Path) -> None:
    capture = open_capture([_receive(session, feed)])
    assert (len(capture), [issue.rule for issue in capture.issues]) == (0, ["CAP-0023"])


def test_another_workspace_does_not_open_it(session: Session, feed: Path, tmp_path: Path) -> None:
    path = _receive(session, feed)
    other = Session(Workspace.create(tmp_path / "other.workspace", PASSPHRASE, cost=CHEAP))
    capture = open_capture([path], unseal=unsealing(other))
    other.close()
    assert (len(capture), {issue.rule for issue in capture.issues}) == (0, {"CAP-0024"})


def test_a_sealed_capture_that_was_cut_off_gives_what_is_whole(session: Session, feed: Path) -> None:
    path = _receive(session, feed)
    path.write_bytes(path.read_bytes()[:-5])
    capture = open_capture([path], unseal=unsealing(session))
    assert (len(capture), [issue.rule for issue in capture.issues]) == (2, ["CAP-0024"])


def test_a_long_reception_goes_on_in_another_file(
    session: Session, feed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(received, "LARGEST_FILE", 200)
    _receive(session, feed)
    files = sorted(file.path for file in received_files(session))
    assert len(files) == 2
    assert len(open_capture(files, unseal=unsealing(session))) == 3


def test_a_received_capture_is_deleted_and_that_is_written_down(session: Session, feed: Path) -> None:
    _receive(session, feed)
    delete_received(session, received_files(session)[0])
    assert received_files(session) == ()
    assert [entry.action for entry in session.audit_entries()][-1] == "received.delete"


def test_verbs_open_what_a_workspace_received(
    session: Session, feed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _receive(session, feed)
    session.close()
    monkeypatch.setenv("WORKBENCH_PASSPHRASE", PASSPHRASE)
    assert run(["messages", "list", str(path), "--format", "ndjson"], None) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["control_id"] for row in rows] == ["M0", "M1", "M2"]


def test_a_wrong_passphrase_is_refused_by_verbs(
    session: Session, feed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _receive(session, feed)
    session.close()
    monkeypatch.setenv("WORKBENCH_PASSPHRASE", "another passphrase")
    from workbench.cli import options

    options._opener.cache_clear()
    assert run(["messages", "list", str(path)], None) == 2
    assert "SEC-0001" in capsys.readouterr().err


def test_plain_files_of_earlier_versions_are_sealed_once_and_for_good(session: Session) -> None:
    folder = session.workspace.folder / received.FOLDER
    folder.mkdir()
    content = b"".join(b"\x0b" + _adt(f"M{n}") + b"\x1c\r" for n in range(3))
    (folder / "20250102.mllp").write_bytes(content)
    assert received.seal_plain_files(session) == 1
    (file,) = received_files(session)
    assert [path.name for path in folder.iterdir()] == [file.path.name]
    assert b"Roe" not in file.path.read_bytes()
    assert list(open_capture([file.path], unseal=unsealing(session))) == [_adt(f"M{n}") for n in range(3)]
    (entry,) = [entry for entry in session.audit_entries() if entry.action == "received.seal"]
    assert entry.object_hash == hashlib.sha256(content).hexdigest()
    assert received.seal_plain_files(session) == 0


def test_sealing_that_was_interrupted_is_done_again_without_a_second_copy(session: Session) -> None:
    folder = session.workspace.folder / received.FOLDER
    folder.mkdir()
    plain = folder / "old.mllp"
    plain.write_bytes(b"\x0b" + _adt("M1") + b"\x1c\r")
    when = plain.stat().st_mtime_ns
    (folder / "old.mllp.unfinished").write_bytes(b"half")
    received.seal_plain_files(session)
    plain.write_bytes(b"\x0b" + _adt("M1") + b"\x1c\r")  # as if the plain file had not been removed yet
    os.utime(plain, ns=(when, when))
    assert received.seal_plain_files(session) == 1
    assert len(received_files(session)) == 1 and not plain.exists()
    plain.write_bytes(b"\x0b" + _adt("M2") + b"\x1c\r")
    os.utime(plain, ns=(when, when))
    received.seal_plain_files(session)
    assert len(received_files(session)) == 2
