from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.messages.samples import ADT
from workbench.app.operations import kept_index as kept_module
from workbench.app.operations.index import build_index
from workbench.app.operations.kept_index import find_index, index_path, kept_index
from workbench.app.session import create_session, open_session
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext, Progress
from workbench.messages.capture import Capture, open_capture

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


def test_messages_are_indexed_while_they_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "_SMALLEST", 1)
    (tmp_path / "a.hl7").write_bytes(ADT * 3000)
    session = create_session(tmp_path / "w.workspace", PASSPHRASE)
    capture, half_found, indexing = Capture([tmp_path / "a.hl7"]), threading.Event(), threading.Event()

    def fill(ctx: JobContext) -> None:
        def hold(_progress: object) -> None:
            half_found.set()
            indexing.wait(10)

        capture.index(JobContext(hold))

    filling = threading.Thread(target=fill, args=(JobContext(),))
    filling.start()
    assert half_found.wait(10) and not capture.is_complete
    seen = list[int]()

    def see(progress: Progress) -> None:
        seen.append(progress.done)
        indexing.set()

    threading.Timer(0.2, indexing.set).start()
    index, is_new = find_index(session, capture, JobContext(see), 1)
    filling.join()
    assert (len(index), len(capture), is_new) == (3000, 3000, True)
    assert index.frame.equals(build_index(capture, JobContext(), 1).frame)
    session.close()


def test_a_search_for_messages_that_fails_ends_their_indexing(tmp_path: Path) -> None:
    session = create_session(tmp_path / "w.workspace", PASSPHRASE)
    capture = Capture([tmp_path / "nothing"])
    with pytest.raises(Refused):
        capture.index(JobContext())
    index, is_new = find_index(session, capture, JobContext(), 1)
    assert (len(index), is_new) == (0, False)
    session.close()
