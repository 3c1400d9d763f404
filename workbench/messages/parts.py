"""Opening what the user gave: files, folders and archives become parts, each one run of bytes.

A file is mapped, not read, so its size does not matter. A member of an archive is unpacked into memory,
never into a temporary file, and archives are bounded in depth, members and growth (`archives`). What a listener sealed
is opened in memory, too.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location, Span
from workbench.kernel.progress import JobContext
from workbench.messages.archives import Member, damage, is_archive, members
from workbench.messages.buffers import UNREADABLE, Buffer, FileOnDisk
from workbench.messages.naming import is_hidden, label_of

SEALED = b"CMWLOG1\n"
"""How a file begins that a listener has sealed (`security.sealed_log`)."""


class Unsealed(Protocol):
    """The contents that could be opened, in order, and the half-open byte ranges that could not."""

    @property
    def contents(self) -> list[bytes]: ...
    @property
    def damaged(self) -> list[tuple[int, int]]: ...


Unseal = Callable[[Path, bytes], Unsealed]
"""Opens the bytes of a sealed file; raises Refused or Unavailable when its workspace does not open."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"M\0S\0", "utf-16-le"),
    (b"\0M\0S", "utf-16-be"),
    (b"M\0\0\0S\0\0\0", "utf-32-le"),
    (b"\0\0\0M\0\0\0S", "utf-32-be"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
"""Byte order marks, and how `MSH` and `<?xml` begin without one; UTF-32 first, its mark begins with that of UTF-16."""


@dataclass(frozen=True, slots=True)
class Part:
    """One run of bytes that may hold messages.

    name      as the user knows it: the path given, with `archive.zip/member` for members
    content   the bytes, or the file that holds them
    named     the user named this part himself, so silence about it would be a surprise
    encoding  wide characters (UTF-16, UTF-32): readers see it transcoded to UTF-8; "" for all else
    """

    name: str
    content: bytes | FileOnDisk
    named: bool
    encoding: str = ""

    @property
    def buffer(self) -> Buffer:
        """The bytes as they stand in the file or in the archive.

        raises  Unavailable CAP-0011, CAP-0015: see `FileOnDisk.open`
        """
        return self.content if isinstance(self.content, bytes) else self.content.open()

    @property
    def file(self) -> FileOnDisk | None:
        """The file itself, None for what was unpacked."""
        return None if isinstance(self.content, bytes) else self.content


def parts_of(path: Path, ctx: JobContext, unseal: Unseal | None = None) -> Iterator[Part | Issue]:
    """Everything that lies under a path, in a stable order; damage is an Issue between the parts.

    What cannot be read in a folder is such an Issue, too: the other files still are there.

    unseal  opens what a listener has sealed; None passes over it, with an Issue
    raises   Refused CAP-0010: no such file or folder, CAP-0027: neither of the two
             Unavailable CAP-0011: the path itself cannot be read; whatever `unseal` raises
    """
    if not path.exists():
        raise Refused("CAP-0010", f"There is no file or folder {path}.", "Check the spelling of the path.")
    if path.is_dir():
        for member in _members_of(path):
            ctx.check()
            if isinstance(member, Issue):
                yield member
            elif member.is_file():
                try:
                    yield from _file(member, False, ctx, unseal)
                except Unavailable as unreadable:
                    if unreadable.code != UNREADABLE:
                        raise
                    yield damage(UNREADABLE, label_of(member), "it cannot be read; check its permissions")
    elif path.is_file():
        yield from _file(path, True, ctx, unseal)
    else:
        raise Refused("CAP-0027", f"{path} is a pipe or a device.", "Save its content to a file and open that.")


def _members_of(folder: Path) -> Iterator[Path | Issue]:
    """Every file below a folder by its path, links to folders not followed; folders that cannot be read."""
    locked: list[Path] = []
    files = [
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=lambda error: locked.append(Path(error.filename)))
        for name in names
    ]
    for path in sorted(files + locked):
        if is_hidden(path.relative_to(folder).parts):
            continue
        yield (
            damage(UNREADABLE, label_of(path), "the folder cannot be read; check its permissions")
            if path in locked
            else path
        )


def _file(path: Path, named: bool, ctx: JobContext, unseal: Unseal | None) -> Iterator[Part | Issue]:
    file = FileOnDisk.of(path)
    buffer = file.open()
    if buffer[:8] == SEALED:
        yield from _sealed(path, buffer, named, unseal)
        return
    if not is_archive(buffer):
        yield Part(label_of(path), file, named, wide_encoding(buffer[:8]))
        return
    for found in members(Member(label_of(path), buffer, named), ctx):
        if isinstance(found, Issue):
            yield found
        else:
            data = bytes(found.buffer[:])
            yield Part(found.name, data, found.named, wide_encoding(data[:8]))


def _sealed(path: Path, buffer: Buffer, named: bool, unseal: Unseal | None) -> Iterator[Part | Issue]:
    """The records of a sealed log one after the other, in memory only."""
    if unseal is None:
        yield _unopened(path, "CAP-0023", "{file} is sealed by a workspace; open it from there", None)
        return
    records = unseal(path, buffer[:])
    for start, end in records.damaged:
        text = "{file} holds a record that cannot be opened: it was cut off, changed, or sealed by another workspace"
        yield _unopened(path, "CAP-0024", text, Span(start, end))
    if records.contents or not records.damaged:
        yield Part(label_of(path), b"".join(records.contents), named)


def _unopened(path: Path, rule: str, text: str, span: Span | None) -> Issue:
    name = label_of(path)
    return Issue(Severity.ERROR, IssueType.NOT_SUPPORTED, rule, Location(file=name, span=span), text, {"file": name})


def wide_encoding(head: bytes) -> str:
    """The codec of bytes with two or four bytes a character, in which a delimiter byte says nothing; else ""."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")


def is_wide(encoding: str) -> bool:
    """True for codecs with two or four bytes a character.

    raises  Refused CAP-0020: there is no such codec
    """
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise Refused("CAP-0020", f"There is no encoding called {encoding}.", "Try utf-8, latin-1 or cp1252.") from None
    return name.startswith(("utf-16", "utf-32"))


def transcoded(data: bytes, encoding: str) -> bytes:
    """Wide characters as UTF-8, without a byte order mark; reversible but for an odd tail."""
    return data.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8", "surrogatepass")
