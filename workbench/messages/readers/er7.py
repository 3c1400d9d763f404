"""Plain ER7, MLLP streams and batches: the same scan, shown by three names."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer, release
from workbench.messages.formats import Framing
from workbench.messages.framing import MLLP_START, er7_starts, framing_issues
from workbench.messages.reading import BATCH, FIRST_BATCH, AsItStands, Found

_RELEASE_BYTES = 64 << 20
_BATCH_HEADS = (b"FHS", b"BHS")


@dataclass(frozen=True, slots=True)
class Er7Reader(AsItStands):
    """Messages one after the other, found by their headers."""

    name: Framing

    def sniff(self, head: bytes) -> bool:
        if self.name is Framing.MLLP:
            return any(MLLP_START + name in head for name in (b"MSH", *_BATCH_HEADS))
        text = head.lstrip(b"\r\n\x0b\x0c ")
        if self.name is Framing.BATCH:
            return text.startswith(_BATCH_HEADS)
        return text.startswith(b"MSH")

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        size, released, room = len(buffer), 0, FIRST_BATCH
        every, starts = array("Q"), array("Q")
        for start in er7_starts(buffer, ctx):
            if len(starts) >= room:
                ctx.advance(start, size, name)
                every.extend(starts)
                yield Found(starts, array("Q"))
                starts, room = array("Q"), BATCH
                if start - released > _RELEASE_BYTES:
                    release(buffer, released, start)
                    released = start
            starts.append(start)
        every.extend(starts)
        if starts:
            yield Found(starts, array("Q"))
        if every:
            yield from framing_issues(name, buffer, every, ctx)
            release(buffer, 0, size)
            ctx.advance(size, size, name)
