from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.messages.samples import ACK, ADT, ORU, SOURCE, TARGET, pcap, pcapng, tcp
from workbench.messages.capture import Capture, open_capture

BACK = (TARGET, SOURCE)
FRAMED = b"".join(b"\x0b" + message + b"\x1c\r" for message in (ADT, ORU, ADT))


def _capture(tmp_path: Path, data: bytes) -> Capture:
    (tmp_path / "t.pcap").write_bytes(data)
    return open_capture([tmp_path / "t.pcap"])


def _segments(data: bytes, start: int, size: int = 17) -> list[bytes]:
    return [tcp(data[at : at + size], start + at) for at in range(0, len(data), size)]


@pytest.mark.parametrize("start", [0, 1000, 2**32 - 40])
@pytest.mark.parametrize("write", [pcap, pcapng])
def test_streams_are_put_together_across_the_wrap_of_sequence_numbers(tmp_path: Path, write, start: int) -> None:
    capture = _capture(tmp_path, write(_segments(FRAMED, start)))
    assert list(capture) == [ADT, ORU, ADT]
    assert capture.issues == ()


def test_retransmitted_and_early_packets_change_nothing(tmp_path: Path) -> None:
    frames = _segments(FRAMED, 2**32 - 60)
    frames = [frame for frame in frames for _ in range(2)]
    random.Random(7).shuffle(frames)
    opening = tcp(b"", 2**32 - 61, flags=2)
    assert list(_capture(tmp_path, pcap([opening, *frames]))) == [ADT, ORU, ADT]


def test_a_retransmission_may_overlap_and_hold_more(tmp_path: Path) -> None:
    frames = [tcp(FRAMED[:30], 5), tcp(FRAMED[10:60], 15), tcp(FRAMED[20:], 25)]
    assert list(_capture(tmp_path, pcap(frames))) == [ADT, ORU, ADT]


def test_the_directions_of_a_connection_are_read_by_themselves(tmp_path: Path) -> None:
    frames = [tcp(b"\x0b" + ADT[:20], 1), tcp(b"\x0b" + ACK + b"\x1c\r", 9, BACK), tcp(ADT[20:] + b"\x1c\r", 22)]
    capture = _capture(tmp_path, pcap(frames))
    assert list(capture) == [ADT, ACK]
    assert [capture.origin(n).stream for n in range(2)] == [
        "10.0.0.1:40000 → 10.0.0.2:2575",
        "10.0.0.2:2575 → 10.0.0.1:40000",
    ]
    assert [capture.received(n) for n in range(2)] == ["2023-11-14T22:13:20+00:00", "2023-11-14T22:13:21+00:00"]


def test_a_gap_is_told_and_not_joined_over(tmp_path: Path) -> None:
    frames = _segments(FRAMED, 1)
    del frames[1]
    capture = _capture(tmp_path, pcap(frames))
    assert [raw[:12] for raw in capture] == [ADT[:12], ORU[:12], ADT[:12]]
    assert capture.raw(0) == FRAMED[1:17]
    assert {issue.rule for issue in capture.issues} == {"CAP-0016", "CAP-0004", "CAP-0003"}


def test_a_new_connection_on_the_same_ports_is_another_stream(tmp_path: Path) -> None:
    frames = [
        tcp(b"", 99, flags=2),
        tcp(b"\x0b" + ADT + b"\x1c\r", 100),
        tcp(b"", 7, flags=2),
        tcp(b"\x0b" + ORU + b"\x1c\r", 8),
    ]
    capture = _capture(tmp_path, pcap(frames))
    assert (list(capture), capture.issues) == ([ADT, ORU], ())


def test_vlan_tags_are_passed_over(tmp_path: Path) -> None:
    assert list(_capture(tmp_path, pcap([tcp(b"\x0b" + ADT + b"\x1c\r", 1, vlan=True)]))) == [ADT]


@pytest.mark.parametrize(
    ("link", "head", "order"),
    [(101, b"", "<"), (101, b"", ">"), (113, b"\0\0\0\1\0\6" + b"\0" * 8 + b"\x08\0", "<"), (0, b"\2\0\0\0", "<")],
)
def test_other_links_and_byte_orders_are_read(tmp_path: Path, link: int, head: bytes, order: str) -> None:
    frame = head + tcp(b"\x0b" + ADT + b"\x1c\r", 1)[14:]
    assert list(_capture(tmp_path, pcap([frame], link, order))) == [ADT]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    strange = _capture(tmp_path, pcap([b"x"], link=250))
    hidden = _capture(tmp_path, pcap([tcp(b"\x16\x03\x01\x02\x00" + b"x" * 40, 1)]))
    assert [issue.rule for issue in strange.issues] == ["CAP-0018"]
    assert [issue.rule for issue in hidden.issues] == ["CAP-0017"]


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.booleans())
def test_damaged_traces_are_read_as_far_as_they_go(tmp_path: Path, at: int, noise: bytes, newer: bool) -> None:
    data = (pcapng if newer else pcap)(_segments(FRAMED, 1))
    at = 4 + at % (len(data) - 4)
    capture = _capture(tmp_path, data[:at] + noise + data[at + len(noise) :])
    for raw in capture:
        assert raw.startswith(b"MSH")


def test_a_trace_cut_anywhere_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    data = pcap(_segments(FRAMED, 1, 60))
    counts = [len(_capture(tmp_path, data[:at])) for at in range(24, len(data), 7)]
    assert counts == sorted(counts)
    assert counts[-1] == 3
