from __future__ import annotations

from pathlib import Path

import pytest

from workbench.app import session as session_module
from workbench.app.session import create_session, open_session, sample_session
from workbench.cli.command_line import run
from workbench.kernel.errors import Refused
from workbench.messages.capture import open_capture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "clinic.workspace"


def test_what_is_kept_is_audited_with_its_hash_and_without_its_content(folder: Path) -> None:
    session = create_session(folder, "long passphrase")
    kept = session.keep("review.accepted", "review", "case-1", {"comment": "Zebedee looks right"})
    entries = list(session.audit_entries())
    session.close()
    assert [entry.action for entry in entries] == ["workspace.create", "review.accepted"]
    assert entries[-1].object_hash == kept.content_hash
    assert not any("Zebedee" in str(entry) for entry in entries)


def test_documents_and_edits_survive_closing(folder: Path) -> None:
    session = create_session(folder, "long passphrase")
    session.keep("mapping.save", "mapping", "m", {"rules": 3})
    session.journal("mapping", "m", {"add": "pid-3"})
    session.close()
    again = open_session(folder, "long passphrase")
    document = again.kept("mapping", "m")
    assert document is not None and document.body == {"rules": 3}
    assert [edit.edit for edit in again.journalled("mapping", "m")] == [{"add": "pid-3"}]
    assert [unsaved.id for unsaved in again.unsaved()] == ["m"]
    again.forget_edits("mapping", "m")
    assert again.unsaved() == ()
    again.close()


def test_a_wrong_passphrase_is_refused(folder: Path) -> None:
    create_session(folder, "long passphrase").close()
    with pytest.raises(Refused) as refusal:
        open_session(folder, "another passphrase")
    assert refusal.value.code == "SEC-0001"


def test_the_sample_workspace_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "user_data_folder", lambda: tmp_path)
    first = sample_session()
    first.close()
    second = sample_session()
    assert second.workspace.id == first.workspace.id
    second.close()


def test_the_command_verifies_the_trail(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    create_session(folder, "long passphrase").close()
    monkeypatch.setenv("WORKBENCH_PASSPHRASE", "long passphrase")
    assert run(["audit", "verify", str(folder)], None) == 0
    assert "whole: 1 entries" in capsys.readouterr().out
    monkeypatch.setenv("WORKBENCH_PASSPHRASE", "wrong passphrase")
    assert run(["audit", "verify", str(folder)], None) == 2
    assert "SEC-0001" in capsys.readouterr().err


def test_a_broken_trail_is_an_issue_that_names_the_link(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = create_session(folder, "long passphrase")
    for number in range(3):
        session.record("capture.open", "capture", f"c{number}")
    session.workspace._database.change("DROP TRIGGER audit_keeps_content")
    session.workspace._database.change("UPDATE audit SET actor = 'nobody' WHERE sequence = 3")
    session.close()
    monkeypatch.setenv("WORKBENCH_PASSPHRASE", "long passphrase")
    assert run(["audit", "verify", str(folder)], None) == 1
    assert "Entry 3 was changed" in capsys.readouterr().out


def test_opening_messages_is_recorded_without_the_name_of_the_file(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "Zebedee_Quill.hl7"
    path.write_bytes(b"MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|T|2.5\r")
    session = create_session(folder, "long passphrase")
    session.record_opened(open_capture([path]))
    (entry,) = [entry for entry in session.audit_entries() if entry.action == "capture.open"]
    session.close()
    assert "Zebedee" not in str(entry)
    assert len(entry.object_id) == 64
