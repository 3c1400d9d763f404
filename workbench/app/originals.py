"""The files a capture is read from: what we write never takes their place."""

from __future__ import annotations

from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.messages.capture import Capture

FileIds = frozenset[tuple[int, int]]
"""Device and number of each file, by which it is known under whatever name."""


def originals_of(capture: Capture) -> FileIds:
    """The files the user named and those that hold messages."""
    paths = {Path(part.file.path) for part in capture.parts if part.file is not None}
    ids = (_file_id(path) for path in paths.union(capture.paths))
    return frozenset(each for each in ids if each is not None)


def spare(originals: FileIds, target: Path) -> None:
    """raises  Refused APP-0009: the file to be written is one of the originals"""
    if _file_id(target) in originals and target.is_file():
        raise Refused("APP-0009", f"{target} is one of the originals; they are only read.", "Write to another file.")


def _file_id(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:  # it is not there, or not to be seen: then it is no original
        return None
    return status.st_dev, status.st_ino
