"""MLLP frames: what comes in pieces goes out as whole messages (HL7 Minimal Lower Layer Protocol, release 1)."""

from __future__ import annotations

from dataclasses import dataclass

START, END = b"\x0b", b"\x1c\r"
_END_BYTE = b"\x1c"
LARGEST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Frame:
    """One message as it came, and the bytes before it that belonged to no frame."""

    content: bytes
    stray: int = 0


def framed(message: bytes) -> bytes:
    """A message between its frame bytes."""
    return START + message + END


class FrameReader:
    """Takes bytes as they arrive and gives whole frames; keeps what is unfinished.

    A frame ends at 0x1C with or without CR, or at the 0x0B of the next one when its sender left the end out.
    """

    def __init__(self, largest: int = LARGEST_BYTES) -> None:
        self._buffer = bytearray()
        self._largest = largest
        self._inside = False
        self._searched = 0
        self._stray = 0

    @property
    def unfinished(self) -> bytes:
        """What has arrived of a frame without an end."""
        return bytes(self._buffer) if self._inside else b""

    @property
    def too_large(self) -> bool:
        """True when a frame grew beyond what a listener takes; the connection should be closed."""
        return len(self._buffer) > self._largest

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with these bytes."""
        self._buffer += data
        found: list[Frame] = []
        while (self._inside or self._enter()) and (end := self._frame_end()) >= 0:
            found.append(Frame(bytes(self._buffer[:end]), self._stray))
            self._stray = 0
            self._leave(end)
        return found

    def _enter(self) -> bool:
        """Pass over what stands before the next frame; line ends between frames are usual and no stray bytes."""
        start = self._buffer.find(START)
        passed = self._buffer if start < 0 else self._buffer[:start]
        self._stray += len(bytes(passed).strip(b"\r\n \x1c"))
        del self._buffer[: len(passed) if start < 0 else start + 1]
        self._inside = start >= 0
        self._searched = 0
        return self._inside

    def _frame_end(self) -> int:
        ends = (self._buffer.find(mark, self._searched) for mark in (_END_BYTE, START))
        found = [end for end in ends if end >= 0]
        self._searched = len(self._buffer)
        return min(found, default=-1)

    def _leave(self, end: int) -> None:
        following = self._buffer[end : end + 1]
        del self._buffer[: end + (1 if following == _END_BYTE else 0)]
        self._inside = False
        self._searched = 0
