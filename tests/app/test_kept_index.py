from __future__ import annotations

from pathlib import Path

import pytest

from tests.messages.samples import ADT
from workbench.app.operations import kept_index as kept_module
from workbench.app.operations.kept_index import index_path, kept_index
from workbench.app.session import create_session, open_session
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture

PASSPHRASE = "a long enough passphrase"


def test_an_index_is_kept_sealed_and_used_by_the_next_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "_SMALLEST", 1)
    (tmp_path / "a.hl7").write_bytes(ADT * 50)
    capture = open_capture([tmp_path / "a.hl7"])
    session = create_session(tmp_path / "w.workspace", PASSPHRASE)
    built = kept_index(session, capture, JobContext(), 1)
    path = index_path(session, capture)
    session.close()
    assert b"SMITH" not in path.read_bytes()
    assert "a.hl7" not in path.name

    monkeypatch.setattr(kept_module, "build_index", None)
    again = open_session(tmp_path / "w.workspace", PASSPHRASE)
    assert kept_index(again, capture, JobContext(), 1).frame.equals(built.frame)
    again.close()


def test_an_index_that_was_tampered_with_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "_SMALLEST", 1)
    monkeypatch.setattr(kept_module, "KEPT", 1)
    (tmp_path / "a.hl7").write_bytes(ADT * 50)
    (tmp_path / "b.hl7").write_bytes(ADT * 60)
    session = create_session(tmp_path / "w.workspace", PASSPHRASE)
    first, second = (open_capture([tmp_path / name]) for name in ("a.hl7", "b.hl7"))
    kept_index(session, first, JobContext(), 1)
    path = index_path(session, first)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert len(kept_index(session, first, JobContext(), 1)) == 50
    assert len(kept_index(session, second, JobContext(), 1)) == 60
    assert list(path.parent.iterdir()) == [index_path(session, second)]
    session.close()
