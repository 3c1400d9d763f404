from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.messages import buffers
from workbench.messages.buffers import StreamBuffer, find_between

_PIECES = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 12)), max_size=12)
SOURCE = bytes(range(65, 75)) * 11


def _both(pieces: list[tuple[int, int]]) -> tuple[StreamBuffer, bytes]:
    stream, data = StreamBuffer(SOURCE), b""
    stream.begin_run("a")
    for start, length in pieces:
        stream.append(start, start + length, float(start))
        data += SOURCE[start : start + length]
    return stream, data


@given(
    _PIECES, st.integers(0, 80), st.integers(0, 80), st.binary(min_size=1, max_size=2) | st.sampled_from([b"AB", b"C"])
)
def test_a_stream_reads_like_the_bytes_it_stands_for(
    pieces: list[tuple[int, int]], start: int, end: int, wanted: bytes
) -> None:
    stream, data = _both(pieces)
    assert len(stream) == len(data)
    assert stream[start:end] == data[start:end]
    assert stream.find(wanted, start, end) == data.find(wanted, start, end)
    assert stream.rfind(wanted, start, end) == data.rfind(wanted, start, end)
    assert stream[start:end] == data[start:end]


@given(_PIECES)
def test_every_byte_knows_where_it_stands_in_the_source(pieces: list[tuple[int, int]]) -> None:
    stream, data = _both(pieces)
    assert all(SOURCE[stream.source_offset(at)] == data[at] for at in range(len(data)))


def test_what_lies_over_the_edge_of_a_window_is_found(monkeypatch) -> None:
    monkeypatch.setattr(buffers, "WINDOW", 100)
    stream = StreamBuffer(b"x" * 99 + b"MSH" + b"x" * 200 + b"MSH")
    stream.begin_run("a")
    stream.append(0, 305)
    assert [stream.find(b"MSH"), stream.find(b"MSH", 100), stream.find(b"none")] == [99, 302, -1]


@pytest.mark.parametrize("size", [3, 7, 64])
def test_bytes_are_found_also_where_two_windows_meet(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"x" * 40 + b"abc" + b"x" * 40 + b"abc"
    monkeypatch.setattr(buffers, "STEP", size)
    for start in range(90):
        for end in (start, 42, 43, 60, 86):
            assert find_between(data, b"abc", start, end) == data.find(b"abc", start, end)
