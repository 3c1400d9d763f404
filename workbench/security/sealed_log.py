"""A file of sealed records that only grows: what it holds can be read back after a crash, and with the key only.

file    MAGIC, 16 random bytes (the file's id), records
record  4 bytes length (big-endian), sealed bytes: the file's id, 8 bytes number of the record, content

Id and number stand inside the seal, so a record that was copied, moved or left out is noticed. Records that were cut
off at the end of the file are not: appending was interrupted, or somebody shortened it.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import NamedTuple

from workbench.kernel.errors import Refused
from workbench.security.sealing import LARGEST, KeySeal

MAGIC = b"CMWLOG1\n"
_ID_BYTES = 16
_LENGTH = struct.Struct(">I")
_NUMBER = struct.Struct(">Q")
_HEAD_BYTES = len(MAGIC) + _ID_BYTES


class Records(NamedTuple):
    """What a sealed log holds.

    contents  of the records that could be opened, in order
    damaged   half-open byte ranges of the file that could not, as few as possible
    """

    contents: list[bytes]
    damaged: list[tuple[int, int]]


class SealedLog:
    """A new log, written record by record; each is on the disk when `append` returns.

    raises  OSError: the file exists or cannot be made
    """

    def __init__(self, path: Path, seal: KeySeal) -> None:
        self.path = path
        self._seal = seal
        self._id = os.urandom(_ID_BYTES)
        self._count = 0
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._stream = os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
        self._end = 0
        self._write(MAGIC + self._id)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return self._end

    def append(self, content: bytes) -> None:
        """Seal one record and wait until it is on the disk.

        raises  OSError: it is not; the file then ends where it ended before
                Refused SEC-0012: the record is too large to be sealed
        """
        if len(content) > LARGEST - _HEAD_BYTES:
            raise Refused("SEC-0012", "A record is too large to be sealed.", "Records may have 2 GiB at most.")
        sealed = self._seal.seal(self._id + _NUMBER.pack(self._count) + content)
        self._write(_LENGTH.pack(len(sealed)) + sealed)
        self._count += 1

    def close(self) -> None:
        self._stream.close()

    def _write(self, data: bytes) -> None:
        try:
            self._stream.seek(self._end)
            written = 0
            while written < len(data):
                written += self._stream.write(data[written:]) or 0
            os.fsync(self._stream.fileno())
        except OSError:
            self._stream.truncate(self._end)
            raise
        self._end += len(data)


def read_records(data: bytes, seal: KeySeal) -> Records:
    """Open the records of a log; one that does not open is passed over, and so is an unfinished last one."""
    contents: list[bytes] = []
    damaged: list[tuple[int, int]] = []
    own_id, at, number = data[len(MAGIC) : _HEAD_BYTES], _HEAD_BYTES, 0
    while at < len(data):
        end = at + _LENGTH.size + int.from_bytes(data[at : at + _LENGTH.size], "big")
        content = _opened(data[at + _LENGTH.size : end], seal, own_id + _NUMBER.pack(number)) if end > at + 4 else None
        if content is None or end > len(data):
            begin = damaged.pop()[0] if damaged and damaged[-1][1] == at else at
            damaged.append((begin, min(end, len(data))))
        else:
            contents.append(content)
        at, number = end, number + 1
    return Records(contents, damaged)


def _opened(sealed: bytes, seal: KeySeal, head: bytes) -> bytes | None:
    try:
        plain = seal.unseal(sealed)
    except Refused:
        return None
    return plain[len(head) :] if plain.startswith(head) else None
