"""Archives: zip, tar, gzip, bzip2 and xz, also inside one another.

What a stranger packed may be made to hurt, so depth, number of members, size and growth are bounded.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO, NamedTuple, cast

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer
from workbench.messages.naming import is_hidden, label_of

MAX_DEPTH = 3
MAX_MEMBERS = 100_000
MAX_UNPACKED_BYTES = 2 << 30
MAX_RATIO = 1000
"""Times its packed size that a member may grow, once it is larger than `_HARMLESS_BYTES`."""
_HARMLESS_BYTES = 64 << 20
_STEP = 1 << 20
_ZIP = b"PK\x03\x04"
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_DAMAGED = (EOFError, zlib.error, lzma.LZMAError, OSError, zipfile.BadZipFile, tarfile.TarError)


class Member(NamedTuple):
    """Bytes with the name the user knows them by; `named` when he named them himself."""

    name: str
    buffer: Buffer
    named: bool


_Opener = Callable[[IO[bytes]], IO[bytes]]
_PACKERS: tuple[tuple[bytes, tuple[str, ...], _Opener], ...] = (
    (b"\x1f\x8b", (".gz", ".tgz"), lambda stream: cast(IO[bytes], gzip.GzipFile(fileobj=stream))),
    (b"BZh", (".bz2", ".tbz2"), lambda stream: cast(IO[bytes], bz2.BZ2File(stream))),
    (b"\xfd7zXZ\x00", (".xz", ".txz"), lambda stream: cast(IO[bytes], lzma.LZMAFile(stream))),  # noqa: SIM115  # closed by `_unpacked`
)
"""First bytes, the endings of names that are taken off, and how to unpack."""


def is_archive(buffer: Buffer) -> bool:
    """True when the first bytes are those of an archive or of packed data."""
    head = buffer[:8]
    return head.startswith(_ZIP) or _packer(head) is not None or _is_tar(buffer)


def members(archive: Member, ctx: JobContext, depth: int = 0) -> Iterator[Member | Issue]:
    """What is inside, archives within it opened as well; what is no archive comes back as it is."""
    if not is_archive(archive.buffer):
        yield archive
        return
    if depth == MAX_DEPTH:
        yield damage(
            "CAP-0012", archive.name, f"archives inside archives are opened {MAX_DEPTH} deep; this one was left closed"
        )
        return
    head = archive.buffer[:8]
    if head.startswith(_ZIP):
        inner = _zip_members(archive, ctx)
    elif _packer(head) is not None:
        inner = _unpacked(archive, ctx)
    else:
        inner = _tar_members(archive, ctx)
    for count, found in enumerate(inner):
        ctx.check()
        if count >= MAX_MEMBERS:
            yield damage("CAP-0012", archive.name, f"only the first {MAX_MEMBERS} members were read")
            return
        if isinstance(found, Issue):
            yield found
        else:
            # a tar in a gzip counts as one level, as people see it
            deeper = depth if _packer(head) is not None and _is_tar(found.buffer) else depth + 1
            yield from members(found, ctx, deeper)


def _packer(head: bytes) -> tuple[bytes, tuple[str, ...], _Opener] | None:
    return next((packer for packer in _PACKERS if head.startswith(packer[0])), None)


def _is_tar(buffer: Buffer) -> bool:
    return buffer[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == _TAR_MAGIC


def _unpacked(packed: Member, ctx: JobContext) -> Iterator[Member | Issue]:
    packer = _packer(packed.buffer[:8])
    if packer is None:
        return
    _, endings, opener = packer
    name = next((packed.name.removesuffix(end) for end in endings if packed.name.endswith(end)), packed.name)
    with opener(_stream(packed.buffer)) as stream:
        data, problem = _read_bounded(stream, len(packed.buffer), ctx)
    if problem:
        yield damage("CAP-0013", packed.name, problem)
    if data:
        yield Member(name, data, packed.named)


def _zip_members(archive: Member, ctx: JobContext) -> Iterator[Member | Issue]:
    try:
        opened = zipfile.ZipFile(_stream(archive.buffer))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        yield damage("CAP-0013", archive.name, "the archive is damaged and could not be opened")
        return
    with opened:
        for member in opened.infolist():
            name = f"{archive.name}/{label_of(member.filename)}"
            if member.is_dir() or _is_noise(member.filename):
                continue
            if member.flag_bits & 1:
                yield damage("CAP-0014", name, "the member is locked with a password and was not read")
                continue
            try:
                with opened.open(member) as stream:
                    data, problem = _read_bounded(stream, member.compress_size, ctx)
            except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
                yield damage("CAP-0013", name, "the member is damaged or packed in an unknown way and was not read")
                continue
            if problem:
                yield damage("CAP-0013", name, problem)
            if data:
                yield Member(name, data, False)


def _tar_members(archive: Member, ctx: JobContext) -> Iterator[Member | Issue]:
    try:
        with tarfile.open(fileobj=_stream(archive.buffer), mode="r:") as opened:
            for member in opened:
                if not member.isfile() or _is_noise(member.name):
                    continue
                name = f"{archive.name}/{label_of(member.name)}"
                stream = opened.extractfile(member)
                data, problem = _read_bounded(stream, member.size, ctx) if stream is not None else (b"", "")
                if problem or len(data) < member.size:
                    yield damage("CAP-0013", name, problem or "it is cut off; what is there was read")
                if data:
                    yield Member(name, data, False)
    except (*_DAMAGED, ValueError):
        yield damage("CAP-0013", archive.name, "the archive is damaged; what came before the damage was read")


def _stream(buffer: Buffer) -> IO[bytes]:
    return io.BytesIO(buffer) if isinstance(buffer, bytes) else cast(IO[bytes], _BufferStream(buffer))


class _BufferStream(io.RawIOBase):
    """A mapped file as a stream, so that a large archive is not copied to be read."""

    def __init__(self, buffer: Buffer) -> None:
        super().__init__()
        self._buffer = buffer
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._buffer)}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = len(self._buffer) if size is None or size < 0 else self._at + size
        data = self._buffer[self._at : end]
        self._at += len(data)
        return data

    def readinto(self, target: bytearray | memoryview) -> int:  # type: ignore[override]  # the part of it we need
        data = self.read(len(target))
        target[: len(data)] = data
        return len(data)


def _read_bounded(stream: IO[bytes], packed_size: int, ctx: JobContext) -> tuple[bytes, str]:
    """What could be unpacked, and what went wrong ("" when nothing did)."""
    pieces: list[bytes] = []
    size = 0
    bound = min(MAX_UNPACKED_BYTES, max(_HARMLESS_BYTES, packed_size * MAX_RATIO))
    read = getattr(stream, "read1", stream.read)  # `read` would lose what came before any damage
    try:
        while piece := read(_STEP):
            ctx.check()
            size += len(piece)
            if size > bound:
                return b"".join(pieces), f"it unpacks to more than {bound >> 20} MiB; what lies beyond was not read"
            pieces.append(piece)
    except _DAMAGED:
        return b"".join(pieces), "it is damaged or cut off; what came before the damage was read"
    return b"".join(pieces), ""


def _is_noise(name: str) -> bool:
    """What archivers leave behind; `..` in a name is the packer's folder, nothing that is hidden."""
    return is_hidden(tuple(part for part in PurePosixPath(name).parts if part != ".."))


def damage(rule: str, name: str, sentence: str) -> Issue:
    """A finding about a whole file or member."""
    return Issue(
        Severity.ERROR, IssueType.INCOMPLETE, rule, Location(file=name), f"{{file}}: {sentence}", {"file": name}
    )
