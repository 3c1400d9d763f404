from __future__ import annotations

from pathlib import Path

import pytest

from workbench.kernel import atomic_file
from workbench.kernel.atomic_file import write_atomically, write_text_atomically
from workbench.kernel.errors import Unavailable


def test_a_save_replaces_the_whole_content(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    write_text_atomically(target, "first, longer content")
    write_text_atomically(target, "second")
    assert target.read_bytes() == b"second"
    assert list(target.parent.iterdir()) == [target]


def test_a_save_that_fails_leaves_the_old_content_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file.txt"
    write_atomically(target, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_file.os, "fsync", full)
    with pytest.raises(Unavailable) as refusal:
        write_atomically(target, b"new")
    assert refusal.value.code == "KRN-0002"
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_made_is_said_and_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="untouched"):
        write_atomically(tmp_path / "file" / "below", b"new")


def test_a_new_file_follows_the_users_mask_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    write_atomically(tmp_path / "new", b"x")
    assert (tmp_path / "new").stat().st_mode == plain.stat().st_mode
    plain.chmod(0o640)
    write_atomically(plain, b"y")
    assert plain.stat().st_mode & 0o777 == 0o640
