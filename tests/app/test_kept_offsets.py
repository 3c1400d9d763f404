"""Where messages stand is kept and used again, and only while it is true."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.app.test_index import message
from tests.messages.samples import framed_samples
from workbench.app.operations import kept_offsets
from workbench.app.operations.index import fingerprint
from workbench.app.operations.kept_offsets import find_messages
from workbench.app.session import Session
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, Overrule, open_capture
from workbench.messages.offsets import unpacked
from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(kept_offsets, "_SMALLEST", 1)
    cost = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
    return Session(Workspace.create(tmp_path / "test.workspace", "a long enough passphrase", cost=cost))


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.hl7"
    path.write_bytes(b"".join(map(message, range(300))))
    return path


def searched(
    monkeypatch: pytest.MonkeyPatch, session: Session, paths: list[Path], **how: object
) -> tuple[Capture, int]:
    """A capture, and how often its files were searched for it."""
    times = []
    index = Capture.index

    def counted(capture: Capture, ctx: JobContext) -> None:
        times.append(1)
        index(capture, ctx)

    monkeypatch.setattr(Capture, "index", counted)
    capture = Capture(paths, **how)  # type: ignore[arg-type]
    find_messages(session, capture, JobContext())
    monkeypatch.setattr(Capture, "index", index)
    return capture, len(times)


def test_unchanged_files_are_not_searched_again(session: Session, feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, searches = searched(monkeypatch, session, [feed])
    assert searches == 1
    again, searches = searched(monkeypatch, session, [feed])
    assert searches == 0
    assert [*again] == [*first]
    assert [again.origin(n) for n in range(300)] == [first.origin(n) for n in range(300)]
    assert (again.framings, again.parts, again.issues) == (first.framings, first.parts, ())
    assert fingerprint(again) == fingerprint(first), "else the kept index would not be used"
    assert not any(b"FAM" in path.read_bytes() for path in (session.workspace.folder / "index").iterdir())


def test_a_file_that_changed_is_searched(session: Session, feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(monkeypatch, session, [feed])
    feed.write_bytes(feed.read_bytes() + message(300))
    changed, searches = searched(monkeypatch, session, [feed])
    assert (len(changed), searches) == (301, 1)
    os.utime(feed, ns=(1, 1))
    assert searched(monkeypatch, session, [feed])[1] == 1


def test_a_new_file_in_a_folder_is_found(session: Session, feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = feed.parent / "folder"
    folder.mkdir()
    (folder / "a.hl7").write_bytes(message(1))
    searched(monkeypatch, session, [folder])
    (folder / "b.hl7").write_bytes(message(2))
    found, searches = searched(monkeypatch, session, [folder])
    assert (len(found), searches) == (2, 1)


def test_what_the_user_overrules_is_read_anew(session: Session, feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(monkeypatch, session, [feed])
    overrule = {"": Overrule("", "cp1252")}
    capture, searches = searched(monkeypatch, session, [feed], overrule=overrule)
    assert (capture.encoding_of(0), searches) == ("cp1252", 1)
    assert searched(monkeypatch, session, [feed])[0].encoding_of(0) == ""


def test_every_framing_is_kept_as_it_was_or_not_at_all(tmp_path: Path) -> None:
    kept = 0
    for name, data in framed_samples().items():
        path = tmp_path / name
        path.write_bytes(data)
        first = open_capture([path])
        offsets, again = first.offsets(), Capture([path])
        if offsets is not None:
            kept += 1
            assert again.restore(offsets)
            assert [*again] == [*first], name
    assert kept > 3


@given(st.binary(max_size=200))
def test_damaged_offsets_are_none(data: bytes) -> None:
    assert unpacked(data) is None


def test_offsets_cut_short_are_none(feed: Path) -> None:
    offsets = open_capture([feed]).offsets()
    assert offsets is not None
    assert all(unpacked(offsets[:-cut]) is None for cut in (1, 8, 100))
    assert unpacked(offsets.replace(b'"version": 1', b'"version": 0')) is None
