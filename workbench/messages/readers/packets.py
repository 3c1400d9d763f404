"""Packet traces: pcap and pcapng. Each TCP connection and direction is read like any stream of ER7."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

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
_TLS_RECORDS = (b"\x16\x03", b"\x17\x03")


class PacketReader(AsItStands):
    """Every HL7 v2 message in every TCP connection of a trace, each direction by itself."""

    name = Framing.PACKETS

    def sniff(self, head: bytes) -> bool:
        return head.startswith(_MAGICS)

    def received(self, buffer: Buffer, start: int) -> str:
        if not isinstance(buffer, StreamBuffer):
            return ""
        try:
            return datetime.fromtimestamp(buffer.time(start), UTC).isoformat()
        except (ValueError, OverflowError, OSError):  # a damaged record may state any time
            return ""

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        from workbench.messages.readers.tcp import Flow, collect, join  # dpkt loads slowly, and few open traces

        flows: list[Flow] = []
        yield from collect(name, buffer, flows, ctx)
        stream = StreamBuffer(buffer)
        gaps = sum(join(flow, stream) for flow in flows)
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
