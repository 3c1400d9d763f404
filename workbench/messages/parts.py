"""Opening what the user gave: files, folders and archives become parts, each one run of bytes.

A file is mapped, not read, so its size does not matter. A member of an archive is unpacked into memory,
never into a temporary file, and archives are bounded in depth, members and growth.
"""

from __future__ import annotations

import codecs
import gzip
import io
import mmap
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext

Buffer = bytes | mmap.mmap

MAX_DEPTH = 3
MAX_MEMBERS = 100_000
MAX_UNPACKED_BYTES = 2 << 30
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One run of bytes that may hold messages.

    name      as the user knows it: the path given, with `archive.zip/member` for members
    buffer    the bytes, a read-only map for files
    named     the user named this part himself, so silence about it would be a surprise
    encoding  what the bytes were before they were transcoded to UTF-8, "" when they were not
    """

    name: str
    buffer: Buffer
    named: bool
    encoding: str = ""


def parts_of(paths: list[Path], ctx: JobContext) -> Iterator[Part | Issue]:
    """Everything that lies under the paths, in a stable order; damage is an Issue between the parts.

    raises  Refused CAP-0010: no such file or folder
            Unavailable CAP-0011: it cannot be read
    """
    for path in paths:
        if not path.exists():
            raise Refused("CAP-0010", f"There is no file or folder {path}.", "Check the spelling of the path.")
        if path.is_dir():
            for member in sorted(path.rglob("*")):
                ctx.check()
                relative = member.relative_to(path)
                if member.is_file() and not _is_hidden(relative.parts):
                    yield from _file(member, named=False)
        else:
            yield from _file(path, named=True)


def _file(path: Path, named: bool) -> Iterator[Part | Issue]:
    try:
        with path.open("rb") as stream:
            if path.stat().st_size == 0:
                buffer: Buffer = b""
            else:
                buffer = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise Unavailable(
            "CAP-0011", f"{path} cannot be read ({error.strerror}).", "Check the permissions of the file."
        ) from error
    yield from _unpacked(str(path), buffer, named, depth=0)


def _unpacked(name: str, buffer: Buffer, named: bool, depth: int) -> Iterator[Part | Issue]:
    head = bytes(buffer[:4])
    if head.startswith(_GZIP) or head == _ZIP:
        if depth == MAX_DEPTH:
            yield _damage(
                "CAP-0012", name, f"archives inside archives are opened {MAX_DEPTH} deep; this one was left closed"
            )
        elif head == _ZIP:
            yield from _zip_members(name, buffer, depth)
        else:
            yield from _gzip_member(name, buffer, named, depth)
        return
    yield _transcoded(name, buffer, named)


def _gzip_member(name: str, buffer: Buffer, named: bool, depth: int) -> Iterator[Part | Issue]:
    inner = name.removesuffix(".gz")
    with gzip.GzipFile(fileobj=io.BytesIO(buffer)) as stream:
        data, problem = _read_bounded(stream)
    if problem:
        yield _damage("CAP-0013", name, problem)
    if data:
        yield from _unpacked(inner, data, named, depth + 1)


def _zip_members(name: str, buffer: Buffer, depth: int) -> Iterator[Part | Issue]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(buffer))
    except zipfile.BadZipFile:
        yield _damage("CAP-0013", name, "the archive is damaged and could not be opened")
        return
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MAX_MEMBERS:
            yield _damage("CAP-0012", name, f"only the first {MAX_MEMBERS} of {len(members)} members were read")
        for member in members[:MAX_MEMBERS]:
            if _is_hidden(Path(member.filename).parts):
                continue
            inner = f"{name}/{member.filename}"
            if member.flag_bits & 1:
                yield _damage("CAP-0014", inner, "the member is locked with a password and was not read")
                continue
            try:
                with archive.open(member) as stream:
                    data, problem = _read_bounded(cast(zipfile.ZipExtFile, stream))
            except (zipfile.BadZipFile, NotImplementedError):
                yield _damage("CAP-0013", inner, "the member is damaged or packed in an unknown way and was not read")
                continue
            if problem:
                yield _damage("CAP-0013", inner, problem)
            if data:
                yield from _unpacked(inner, data, False, depth + 1)


def _read_bounded(stream: gzip.GzipFile | zipfile.ZipExtFile) -> tuple[bytes, str]:
    """What could be unpacked, and what went wrong ("" when nothing did)."""
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := stream.read1(_STEP):  # what could be unpacked before any damage counts
            size += len(piece)
            if size > MAX_UNPACKED_BYTES:
                return b"".join(pieces), "it unpacks to more than 2 GiB; only the first 2 GiB were read"
            pieces.append(piece)
    except (EOFError, zlib.error, OSError, zipfile.BadZipFile):
        return b"".join(pieces), "it is damaged or cut off; what came before the damage was read"
    return b"".join(pieces), ""


def _transcoded(name: str, buffer: Buffer, named: bool) -> Part:
    """UTF-16 becomes UTF-8, because its delimiter bytes occur inside characters; all else stays as it is."""
    head = bytes(buffer[:4])
    if head.startswith(codecs.BOM_UTF16_LE) or head == b"M\0S\0":
        encoding = "utf-16-le"
    elif head.startswith(codecs.BOM_UTF16_BE) or head == b"\0M\0S":
        encoding = "utf-16-be"
    else:
        return Part(name, buffer, named)
    text = bytes(buffer).decode(encoding, "replace").removeprefix("\ufeff")
    return Part(name, text.encode("utf-8"), named, encoding)


def _is_hidden(parts: tuple[str, ...]) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _damage(rule: str, name: str, sentence: str) -> Issue:
    return Issue(
        Severity.ERROR, IssueType.INCOMPLETE, rule, Location(file=name), f"{{file}}: {sentence}", {"file": name}
    )
