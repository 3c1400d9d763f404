"""Runs of bytes of any size: mapped files that are opened when they are looked at, and reassembled streams."""

from __future__ import annotations

import mmap
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol, overload

from workbench.kernel.errors import Unavailable
from workbench.kernel.progress import JobContext

WINDOW = 8 << 20
"""Bytes of a stream that are put together at once."""
STEP = 1 << 20
"""Bytes searched in one call: the interpreter is held for a millisecond, and other threads get their turn."""
_OPEN_FILES = 64
UNREADABLE = "CAP-0011"
"""The code of what the system does not let us read."""


class Buffer(Protocol):
    """What `bytes`, `mmap` and `StreamBuffer` have in common."""

    def __len__(self) -> int: ...

    def __getitem__(self, where: slice, /) -> bytes: ...

    def find(self, wanted: bytes, start: int = ..., end: int = ..., /) -> int: ...

    def rfind(self, wanted: bytes, start: int = ..., end: int = ..., /) -> int: ...


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """A file that is mapped while it is looked at; a folder may hold more files than a process may open."""

    path: str
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> FileOnDisk:
        """raises Unavailable CAP-0011: it cannot be read"""
        try:
            status = path.stat()
        except OSError as error:
            raise _unreadable(path, error) from error
        return cls(str(path.absolute()), status.st_size, status.st_mtime_ns)

    def open(self) -> Buffer:
        """The bytes of the file, mapped read-only.

        raises  Unavailable CAP-0011: it cannot be read; CAP-0015: it was changed since it was opened first
        """
        return _mapped(self) if self.size else b""


@lru_cache(maxsize=_OPEN_FILES)
def _mapped(file: FileOnDisk) -> mmap.mmap:
    try:
        with Path(file.path).open("rb") as stream:
            status = os.fstat(stream.fileno())
            if (status.st_size, status.st_mtime_ns) != (file.size, file.modified_ns):
                raise Unavailable("CAP-0015", f"{file.path} was changed by another program.", "Open the capture again.")
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise _unreadable(Path(file.path), error) from error


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(UNREADABLE, f"{path} cannot be read ({error.strerror}).", "Check the permissions of the file.")


def occurrences(
    buffer: Buffer, wanted: bytes, ctx: JobContext, start: int = 0, end: int | None = None
) -> Iterator[int]:
    """Every offset of some bytes between `start` and `end`; stops when the job is cancelled."""
    find, stop = buffer.find, len(buffer) if end is None else end
    at, more = start, len(wanted) - 1
    while at < stop:
        limit = min(stop, at + STEP)
        found = find(wanted, at, min(stop, limit + more))
        if found < 0:
            ctx.check()
            at = limit
        else:
            yield found
            at = found + len(wanted)


def find_between(buffer: Buffer, wanted: bytes, start: int, end: int) -> int:
    """As `bytes.find`, a step at a time where it is far; steps are copied, because a mapped file is searched slowly."""
    if end - start <= STEP:
        return buffer.find(wanted, start, end)
    for at in range(start, end, STEP):
        found = buffer[at : min(end, at + STEP + len(wanted) - 1)].find(wanted)
        if found >= 0:
            return at + found
    return -1


def release(buffer: Buffer, start: int, end: int) -> None:
    """Give the memory of a scanned range of a mapped file back; it is read again from disk when needed."""
    if isinstance(buffer, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        first = start // mmap.PAGESIZE * mmap.PAGESIZE
        last = min(end, len(buffer)) // mmap.PAGESIZE * mmap.PAGESIZE
        for at in range(first, last, STEP):
            buffer.madvise(mmap.MADV_DONTNEED, at, min(STEP, last - at))


class StreamBuffer:
    """Bytes put together from ranges of another buffer, in order, without copying them.

    A packet trace is read through it: each TCP connection and direction is a *run* of pieces.
    """

    __slots__ = ("_labels", "_length", "_pieces", "_runs", "_source", "_times", "_window")

    def __init__(self, source: Buffer) -> None:
        self._source = source
        self._pieces = (array("Q"), array("Q"))
        self._times = array("d")
        self._runs = array("Q")
        self._labels: list[str] = []
        self._length = 0
        self._window = (0, b"")  # one value, so that another thread sees all of it or nothing

    def begin_run(self, label: str) -> None:
        """What is appended from now on is another connection, another direction, or comes after a gap."""
        self._runs.append(self._length)
        self._labels.append(label)

    def append(self, start: int, end: int, time: float = 0.0) -> None:
        """Add a range of the source at the end; `time` is when it was seen, in seconds since 1970."""
        if end > start:
            self._times.append(time)
            self._pieces[0].append(self._length)
            self._pieces[1].append(start)
            self._length += end - start

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Where each run begins and ends."""
        starts = self._runs.tolist()
        return list(pairwise([*starts, self._length]))

    def label(self, offset: int) -> str:
        """The label of the run an offset lies in."""
        return self._labels[bisect_right(self._runs, offset) - 1]

    def source_offset(self, offset: int) -> int:
        """Where the byte at `offset` stands in the source."""
        places, sources = self._pieces
        piece = bisect_right(places, offset) - 1
        return sources[piece] + offset - places[piece]

    def time(self, offset: int) -> float:
        """When the piece with this byte was seen, in seconds since 1970."""
        return self._times[bisect_right(self._pieces[0], offset) - 1]

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, where: slice, /) -> bytes: ...

    @overload
    def __getitem__(self, where: int, /) -> int: ...

    def __getitem__(self, where: slice | int, /) -> bytes | int:
        if isinstance(where, int):
            return self[where : where + 1][0]
        start, end, _ = where.indices(self._length)
        first, window = self._window
        if start >= first and end <= first + len(window):
            return window[start - first : max(start, end) - first]
        return self._joined(start, end)

    def find(self, wanted: bytes, start: int = 0, end: int | None = None, /) -> int:
        """As `bytes.find`, a window at a time."""
        stop = self._length if end is None else min(end, self._length)
        more = len(wanted) - 1
        while start < stop:
            first, window = self._looking_at(start)
            limit = min(stop, first + len(window))
            found = window.find(wanted, start - first, limit - first)
            if found >= 0:
                return first + found
            if limit >= stop:
                return -1
            start = max(start + 1, limit - more)
        return -1

    def rfind(self, wanted: bytes, start: int = 0, end: int | None = None, /) -> int:
        """As `bytes.rfind`."""
        stop = self._length if end is None else min(end, self._length)
        found = self._joined(start, stop).rfind(wanted) if stop > start else -1
        return start + found if found >= 0 else -1

    def _looking_at(self, start: int) -> tuple[int, bytes]:
        """A window with the bytes from `start` on, and where it begins."""
        first, window = self._window
        held = first + len(window)
        if not first <= start < held or (start > held - 64 and held < self._length):
            first, window = self._window = (start, self._joined(start, min(self._length, start + WINDOW)))
        return first, window

    def _joined(self, start: int, end: int) -> bytes:
        places, sources = self._pieces
        pieces, piece = [], bisect_right(places, start) - 1
        while start < end:
            following = places[piece + 1] if piece + 1 < len(places) else self._length
            stop = min(end, following)
            at = sources[piece] + start - places[piece]
            pieces.append(self._source[at : at + stop - start])
            start, piece = stop, piece + 1
        return b"".join(pieces)
