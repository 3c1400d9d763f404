"""The files of a mapping package and of those it extends, as they go into an artefact."""

from __future__ import annotations

from pathlib import Path

from workbench.kernel.errors import Refused, Unavailable
from workbench.mapping.load import PACKAGE_FILE
from workbench.mapping.model import Package
from workbench.suites.fingerprint import package_files, package_folders


def source_files(package: Package) -> dict[str, bytes]:
    """path -> content. The package stands at the top, each package below it in `base/`, `base/base/` …

    `extends` is rewritten to where the base stands in the artefact, so that it can be loaded from there.

    raises  Refused EXP-0010: the package was never saved; Unavailable SUI-0013: a file cannot be read
    """
    if package.folder is None:
        raise Refused("EXP-0010", "The mapping was never saved.", "Save it to a folder, then export it.")
    found: dict[str, bytes] = {}
    folders = list(package_folders(package.folder))
    for depth, folder in enumerate(folders):
        prefix = "base/" * depth
        for name, path in package_files(folder):
            data = _read(path)
            if name == PACKAGE_FILE and depth < len(folders) - 1:
                data = _extending(data, "base")
            found[prefix + name] = data
    return found


def _extending(head: bytes, base: str) -> bytes:
    """package.yaml with `extends` pointing to `base`."""
    lines = head.decode("utf-8").splitlines(keepends=True)
    changed = [f"extends: {base}\n" if line.startswith("extends:") else line for line in lines]
    return "".join(changed).encode("utf-8")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unavailable("SUI-0013", f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
