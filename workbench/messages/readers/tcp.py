"""From packets to streams: the TCP data of each connection and direction, in the order of its sequence numbers.

dpkt decodes the packets. Only the places of the data are kept, not the data.
"""

from __future__ import annotations

import io
import struct
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import dpkt

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location, Span
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer, StreamBuffer
from workbench.messages.reading import not_read

_LINKS: dict[int, Callable[[bytes], Any]] = {
    0: dpkt.loopback.Loopback,
    1: dpkt.ethernet.Ethernet,
    12: lambda data: _internet(data),
    101: lambda data: _internet(data),
    108: dpkt.loopback.Loopback,
    113: dpkt.sll.SLL,
    228: dpkt.ip.IP,
    229: dpkt.ip6.IP6,
    276: dpkt.sll2.SLL2,
}
"""LINKTYPE_ numbers of the libpcap register: null, Ethernet, raw IP, Linux cooked v1 and v2."""
_DAMAGED = (dpkt.Error, struct.error, ValueError, IndexError, KeyError, TypeError, AttributeError)
"""What dpkt raises on packets that are not what they say."""
_HALF, _WHOLE = 1 << 31, 1 << 32


@dataclass(slots=True)
class Flow:
    """The data of one direction of one connection, in the order it was seen.

    Sequence numbers are unwrapped: they only grow, past 2^32. `first` is that after SYN, None when it was not seen.
    """

    label: str
    first: int | None = None
    latest: int = 0
    sequences: array[int] = field(default_factory=lambda: array("q"))
    starts: array[int] = field(default_factory=lambda: array("Q"))
    ends: array[int] = field(default_factory=lambda: array("Q"))
    times: array[float] = field(default_factory=lambda: array("d"))

    def unwrapped(self, sequence: int) -> int:
        """The number nearest to the last one that is the same modulo 2^32."""
        return self.latest + (sequence - self.latest + _HALF) % _WHOLE - _HALF

    def add(self, sequence: int, start: int, end: int, time: float) -> None:
        if not self.sequences and self.first is None:
            self.latest = sequence
        number = self.unwrapped(sequence)
        self.latest = max(self.latest, number)
        self.sequences.append(number)
        self.starts.append(start)
        self.ends.append(end)
        self.times.append(time)


def collect(name: str, buffer: Buffer, flows: list[Flow], ctx: JobContext) -> Iterator[Issue]:
    """Fill `flows` with the places of all TCP data; damage is told at the end."""
    source: Any = io.BytesIO(buffer) if isinstance(buffer, bytes) else buffer  # a map of a file is a file, too
    open_flows: dict[tuple[bytes, int, bytes, int], Flow] = {}
    damaged = fragments = at = 0
    try:
        packets = dpkt.pcap.UniversalReader(source)
        link = _LINKS.get(packets.datalink())
        if link is None:
            number = str(packets.datalink())
            yield not_read(name, "CAP-0018", f"is a packet trace of link type {number}, which is not read")
            return
        for time, data in packets:
            start, at = at, source.tell()
            ctx.advance(at, len(buffer), name)
            try:
                segment = _segment(link(data))
            except _DAMAGED:
                damaged += 1
                continue
            if segment is None:
                continue
            if segment.is_fragment:
                fragments += 1
                continue
            _place(segment, data, buffer, (start, at), float(time), flows, open_flows)
    except _DAMAGED:
        yield _damage(name, at, len(buffer), "the trace is damaged or cut off here; what came before was read")
    if damaged or fragments:
        yield _damage(name, 0, len(buffer), f"{damaged} damaged packets and {fragments} IP fragments were passed over")


@dataclass(frozen=True, slots=True)
class _Segment:
    """What is needed of one TCP segment."""

    ends: tuple[bytes, int, bytes, int]
    sequence: int
    opens: bool
    data: bytes
    is_fragment: bool = False


def _internet(data: bytes) -> Any:
    return dpkt.ip6.IP6(data) if data[:1] and data[0] >> 4 == 6 else dpkt.ip.IP(data)


def _segment(frame: Any) -> _Segment | None:
    """The TCP segment in a decoded frame, None when there is none."""
    packet = frame if isinstance(frame, dpkt.ip.IP | dpkt.ip6.IP6) else frame.data
    if not isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6):
        return None
    if isinstance(packet, dpkt.ip.IP) and (packet.mf or packet.offset) and packet.p == dpkt.ip.IP_PROTO_TCP:
        return _Segment((b"", 0, b"", 0), 0, False, b"", is_fragment=True)
    tcp = packet.data
    if not isinstance(tcp, dpkt.tcp.TCP):
        return None
    ends = (bytes(packet.src), tcp.sport, bytes(packet.dst), tcp.dport)
    return _Segment(ends, tcp.seq, bool(tcp.flags & dpkt.tcp.TH_SYN), bytes(tcp.data))


def _place(
    segment: _Segment,
    packet: bytes,
    buffer: Buffer,
    record: tuple[int, int],
    time: float,
    flows: list[Flow],
    open_flows: dict[tuple[bytes, int, bytes, int], Flow],
) -> None:
    """Note where the data of a segment stands. A SYN with another number is a new connection on the same ports."""
    flow = open_flows.get(segment.ends)
    begins = (segment.sequence + 1) % _WHOLE
    if flow is None or (segment.opens and flow.first is not None and flow.first % _WHOLE != begins):
        flow = open_flows[segment.ends] = Flow(_label(segment.ends))
        flows.append(flow)
    if segment.opens and flow.first is None:
        flow.first = flow.latest = begins
    if segment.data:
        packet_start = buffer.find(packet, *record)
        start = packet_start + packet.rfind(segment.data)
        flow.add(begins if segment.opens else segment.sequence, start, start + len(segment.data), time)


def _label(ends: tuple[bytes, int, bytes, int]) -> str:
    source, source_port, target, target_port = ends
    return f"{ip_address(source)}:{source_port} → {ip_address(target)}:{target_port}"


def join(flow: Flow, stream: StreamBuffer) -> int:
    """Append a direction in the order of its sequence numbers, without what was sent twice; returns the gaps."""
    if not flow.sequences:
        return 0
    order: Iterator[int] | range = range(len(flow.sequences))
    if any(flow.sequences[n] > flow.sequences[n + 1] for n in range(len(flow.sequences) - 1)):
        order = iter(sorted(order, key=flow.sequences.__getitem__))
    gaps = 0
    expected: int | None = None
    for number in order:
        sequence, start, end = flow.sequences[number], flow.starts[number], flow.ends[number]
        if expected is None:
            gaps += flow.first is not None and sequence > flow.first
            expected = sequence
            stream.begin_run(flow.label)
        elif sequence > expected:
            gaps += 1
            expected = sequence
            stream.begin_run(flow.label)
        fresh = start + expected - sequence
        if fresh < end:
            stream.append(fresh, end, flow.times[number])
            expected = sequence + end - start
    return gaps


def _damage(name: str, start: int, end: int, sentence: str) -> Issue:
    return Issue(
        Severity.WARNING,
        IssueType.INCOMPLETE,
        "CAP-0013",
        Location(file=name, span=Span(start, end)),
        f"{{file}}: {sentence}",
        {"file": name},
    )
