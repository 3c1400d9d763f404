from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.messages.parts import SEALED
from workbench.security.sealed_log import MAGIC, SealedLog, read_records
from workbench.security.sealing import KeySeal

SEAL = KeySeal(b"k" * 32, "test")


def _log(path: Path, *contents: bytes) -> bytes:
    log = SealedLog(path, SEAL)
    for content in contents:
        log.append(content)
    log.close()
    return path.read_bytes()


def test_what_was_appended_is_read_back_and_stands_nowhere_in_the_file(tmp_path: Path) -> None:
    data = _log(tmp_path / "log", b"Garcia-Lorca", b"", b"Roe")
    assert read_records(data, SEAL) == ([b"Garcia-Lorca", b"", b"Roe"], [])
    assert data.startswith(MAGIC) and SEALED == MAGIC  # by which captures know it
    assert b"Garcia" not in data
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


def test_a_log_cut_off_anywhere_gives_every_whole_record(tmp_path: Path) -> None:
    data = _log(tmp_path / "log", b"one", b"two")
    for size in range(24, len(data)):
        contents, damaged = read_records(data[:size], SEAL)
        assert contents == [b"one", b"two"][: len(contents)]
        assert sum(end - start for start, end in damaged) + 24 + len(contents) * (len(data) - 24) // 2 == size


@given(st.data())
def test_a_changed_byte_costs_records_and_invents_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = _log(tmp_path_factory.mktemp("log") / "log", b"one", b"two", b"three")
    at = data.draw(st.integers(24, len(whole) - 1))
    contents, damaged = read_records(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :], SEAL)
    assert damaged
    assert set(contents) < {b"one", b"two", b"three"}


def test_records_that_were_swapped_or_come_from_another_log_do_not_open(tmp_path: Path) -> None:
    data = _log(tmp_path / "log", b"one", b"two")
    half = (len(data) - 24) // 2
    swapped = data[:24] + data[24 + half :] + data[24 : 24 + half]
    assert read_records(swapped, SEAL) == ([], [(24, len(data))])
    other = _log(tmp_path / "other", b"one", b"two")
    assert read_records(data[:24] + other[24:], SEAL).contents == []


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    data = _log(tmp_path / "log", b"one")
    assert read_records(data, KeySeal(b"x" * 32, "test")).contents == []


def test_a_record_that_does_not_fit_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = SealedLog(tmp_path / "log", SEAL)
    log.append(b"one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            log.append(b"two")
    log.append(b"three")
    log.close()
    assert read_records((tmp_path / "log").read_bytes(), SEAL) == ([b"one", b"three"], [])
