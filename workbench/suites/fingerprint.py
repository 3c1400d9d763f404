"""What exactly was run: SHA-256 over the files of a folder."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from hashlib import sha256
from pathlib import Path

from workbench.kernel.errors import Unavailable

SUITES_FOLDER = "suites"
"""Where a mapping package keeps its suites; they judge the mapping and are no part of it."""


def package_files(folder: Path, without: Collection[str] = (SUITES_FOLDER,)) -> Iterator[tuple[str, Path]]:
    """(path with slashes, file) of all files below a folder, in the order of their paths; hidden ones are left out."""
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and parts[0] not in without and not any(part.startswith((".", "__")) for part in parts):
            found.append(("/".join(parts), path))
    yield from sorted(found)


def package_fingerprint(folder: Path) -> str:
    """SHA-256 over names and contents of a mapping package's files without its suites, as 64 hexadecimal digits.

    raises  Unavailable SUI-0013: a file cannot be read
    """
    digest = sha256()
    for name, path in package_files(folder):
        digest.update(f"{name}\0{file_fingerprint(path)}\n".encode())
    return digest.hexdigest()


def file_fingerprint(path: Path) -> str:
    """SHA-256 of one file.

    raises  Unavailable SUI-0013
    """
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Unavailable("SUI-0013", f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
