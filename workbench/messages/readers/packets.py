"""Packet traces: pcap and pcapng.

Packets are decoded by dpkt. Only the places of the TCP data are kept; each connection and direction is put
together in the order of its sequence numbers and read like any stream of ER7.
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
from workbench.messages.formats import Framing
from workbench.messages.framing import MLLP, MLLP_END, MLLP_START, er7_end, er7_starts, passed_over
from workbench.messages.reading import AsItStands, Batcher, Found, not_read

_MAGICS = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
)
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
_TLS_RECORDS = (b"\x16\x03", b"\x17\x03")
_HALF, _WHOLE = 1 << 31, 1 << 32


@dataclass(slots=True)
class _Flow:
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


class PacketReader(AsItStands):
    """Every HL7 v2 message in every TCP connection of a trace, each direction by itself."""

    name = Framing.PACKETS

    def sniff(self, head: bytes) -> bool:
        return head.startswith(_MAGICS)

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        flows: list[_Flow] = []
        yield from _collect(name, buffer, flows, ctx)
        stream = StreamBuffer(buffer)
        gaps = sum(_join(flow, stream) for flow in flows)
        if gaps:
            yield Issue(
                Severity.WARNING,
                IssueType.INCOMPLETE,
                "CAP-0016",
                Location(file=name),
                "{file} lacks packets in {gaps} places; messages that lie over a gap are cut off there",
                {"file": name, "gaps": str(gaps)},
            )
        batcher = Batcher(name, len(stream), ctx, stream)
        for run in stream.runs:
            yield from _read_run(name, stream, run, batcher, ctx)
        yield from batcher.rest()


def _read_run(
    name: str, stream: StreamBuffer, run: tuple[int, int], batcher: Batcher, ctx: JobContext
) -> Iterator[Found | Issue]:
    """The messages of one direction between two gaps."""
    first, last = run
    head = stream[first : min(last, first + 4)]
    if head.startswith(_TLS_RECORDS):
        yield not_read(name, "CAP-0017", f"holds an encrypted connection ({stream.label(first)}), which cannot be read")
        return
    starts = list(er7_starts(stream, ctx, first, last))
    if not starts:
        return
    before = stream[first : starts[0]].strip(b"\r\n\x0b\x0c\x1c ")
    if before and not before.startswith((b"FHS", b"BHS")):
        yield passed_over(name, _in_file(stream, first, starts[0]), len(before), f"in {stream.label(first)}")
    framed = stream[max(first, starts[0] - 1) : starts[0]] == MLLP_START
    for start, limit in zip(starts, [*starts[1:], last], strict=True):
        yield from batcher.add(start, er7_end(stream, start, limit))
        if framed and stream.find(MLLP_END, start, limit) < 0:
            yield Issue(
                Severity.WARNING,
                IssueType.INCOMPLETE,
                "CAP-0004",
                Location(file=name, span=_in_file(stream, start, limit)),
                "the MLLP frame that begins in the packet at byte {start} has no end; the message may be cut off",
                {"start": str(stream.source_offset(start))},
                MLLP,
            )


def _in_file(stream: StreamBuffer, start: int, end: int) -> Span:
    return Span(stream.source_offset(start), stream.source_offset(max(start, end - 1)) + 1)


def _collect(name: str, buffer: Buffer, flows: list[_Flow], ctx: JobContext) -> Iterator[Issue]:
    """Fill `flows` with the places of all TCP data; damage is told at the end."""
    source: Any = io.BytesIO(buffer) if isinstance(buffer, bytes) else buffer  # a map of a file is a file, too
    open_flows: dict[tuple[bytes, int, bytes, int], _Flow] = {}
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
    flows: list[_Flow],
    open_flows: dict[tuple[bytes, int, bytes, int], _Flow],
) -> None:
    """Note where the data of a segment stands. A SYN with another number is a new connection on the same ports."""
    flow = open_flows.get(segment.ends)
    begins = (segment.sequence + 1) % _WHOLE
    if flow is None or (segment.opens and flow.first is not None and flow.first % _WHOLE != begins):
        flow = open_flows[segment.ends] = _Flow(_label(segment.ends))
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


def _join(flow: _Flow, stream: StreamBuffer) -> int:
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
