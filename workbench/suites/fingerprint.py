"""What exactly was run: SHA-256 over the files of a folder."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from hashlib import sha256
from pathlib import Path

from workbench.kernel.errors import Unavailable
from workbench.mapping.load import PACKAGE_FILE
from workbench.mapping.yaml_text import read_yaml

SUITES_FOLDER = "suites"
"""Where a mapping package keeps its suites; they judge the mapping and are no part of it."""


EXAMPLES_FOLDER = "examples"
"""Where it keeps examples of its rules, for the same."""


def package_files(
    folder: Path, without: Collection[str] = (SUITES_FOLDER, EXAMPLES_FOLDER)
) -> Iterator[tuple[str, Path]]:
    """(path with slashes, file) of all files below a folder, in the order of their paths; hidden ones are left out."""
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and parts[0] not in without and not any(part.startswith((".", "__")) for part in parts):
            found.append(("/".join(parts), path))
    yield from sorted(found)


def package_folders(folder: Path) -> Iterator[Path]:
    """The package's folder and those of the packages it extends, from the outermost overlay to the base.

    raises  Refused MAP-0101: a package.yaml is no YAML; Unavailable SUI-0013: it cannot be read
    """
    seen: list[Path] = []
    while folder not in seen:
        seen.append(folder)
        yield folder
        head = folder / PACKAGE_FILE
        content = read_yaml(_bytes(head).decode("utf-8", "replace"), head.name).value if head.is_file() else None
        extends = content.get("extends") if isinstance(content, dict) else None
        if isinstance(extends, str) and extends:
            folder = (folder / extends).resolve()


def package_fingerprint(folder: Path) -> str:
    """SHA-256 over names and contents of a mapping package's files without its suites, as 64 hexadecimal digits.

    The packages it extends count as well: a change in one of them changes what the mapping does.

    raises  as `package_folders`
    """
    digest = sha256()
    for number, each in enumerate(package_folders(folder)):
        for name, path in package_files(each):
            digest.update(f"{number} {name}\0{file_fingerprint(path)}\n".encode())
    return digest.hexdigest()


def file_fingerprint(path: Path) -> str:
    """SHA-256 of one file.

    raises  Unavailable SUI-0013
    """
    return sha256(_bytes(path)).hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unavailable("SUI-0013", f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
