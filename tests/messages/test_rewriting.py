from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.messages.samples import ADT, ORU, framed_samples
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture
from workbench.messages.rewriting import rewritten, save_part

SAMPLES = framed_samples()


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_an_unedited_capture_is_written_back_byte_for_byte(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(SAMPLES[name])
    capture = open_capture([tmp_path / name])
    assert len(capture) > 0
    assert b"".join(rewritten(capture, capture.parts[0])) == SAMPLES[name]


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"trace.pcap"}))
def test_putting_a_message_back_unchanged_changes_no_message(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(SAMPLES[name])
    capture = open_capture([tmp_path / name])
    same = {number: capture.raw(number) for number in range(len(capture))}
    save_part(capture, capture.parts[0], tmp_path / "out", same)
    assert list(open_capture([tmp_path / "out"])) == list(capture)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"trace.pcap"}))
def test_an_edited_message_is_read_back_and_its_neighbours_are_untouched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(SAMPLES[name])
    capture = open_capture([tmp_path / name])
    before = list(capture)
    edited = before[-1].replace(b"SMITH", b'SM<"I&T>H\\T\\')
    assert edited != before[-1]
    save_part(capture, capture.parts[0], tmp_path / "out", {len(capture) - 1: edited})
    assert list(open_capture([tmp_path / "out"])) == [*before[:-1], edited]


def test_the_files_of_a_capture_are_never_written_to(tmp_path: Path) -> None:
    path = tmp_path / "a.hl7"
    path.write_bytes(ADT)
    capture = open_capture([path])
    with pytest.raises(Refused, match="never changed"):
        save_part(capture, capture.parts[0], path)
    assert path.read_bytes() == ADT


def test_a_message_from_packets_is_not_put_back(tmp_path: Path) -> None:
    (tmp_path / "trace.pcap").write_bytes(SAMPLES["trace.pcap"])
    capture = open_capture([tmp_path / "trace.pcap"])
    with pytest.raises(Refused, match="network packets"):
        list(rewritten(capture, capture.parts[0], {0: ADT}))


def test_a_cancelled_save_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_bytes(ADT)
    (tmp_path / "out").write_bytes(b"old")
    capture = open_capture([tmp_path / "a.hl7"])
    ctx = JobContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        save_part(capture, capture.parts[0], tmp_path / "out", {}, ctx)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.hl7", "out"]
    assert (tmp_path / "out").read_bytes() == b"old"


@given(
    st.lists(st.sampled_from([ADT, ORU, b"\x0b", b"\x1c\r", b"BTS|1\r", b"FHS|^~\\&\r", b"noise\n", b"\n"]), max_size=9)
)
@settings(deadline=None, max_examples=60)
def test_every_byte_of_any_stream_survives(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("capture") / "c.hl7"
    path.write_bytes(b"".join(pieces))
    capture = open_capture([path])
    for part in capture.parts:
        same = {number: capture.raw(number) for number in range(len(capture))}
        assert b"".join(rewritten(capture, part, same)) == path.read_bytes()


@pytest.mark.corpus
def test_every_file_of_the_corpus_is_written_back_byte_for_byte(corpus_root: Path) -> None:
    capture = open_capture([corpus_root / "v2"])
    assert len(capture.parts) > 1000
    for part in capture.parts:
        same = {number: capture.raw(number) for number in capture.numbers_of(part)}
        assert b"".join(rewritten(capture, part, same)) == part.buffer[:], part.name
