"""Saves that either happen whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from workbench.kernel.errors import Unavailable


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the content of `path`; after a crash the file holds the old bytes or the new, never a mixture.

    raises  Unavailable KRN-0002: the folder cannot be written; what was there before is untouched
    """
    with atomic_stream(path) as stream:
        stream.write(data)


@contextmanager
def atomic_stream(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become the content of `path` when the block ends, and vanish when it raises.

    The bytes go to a file beside the target, reach the disk, and take its name in one step.

    raises  Unavailable KRN-0002: the folder cannot be written; what was there before is untouched
    """
    staged: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f".{path.name}.{uuid4().hex}.part")
        with staged.open("xb") as stream:
            if path.exists():
                staged.chmod(stat.S_IMODE(path.stat().st_mode))
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        staged.replace(path)
        staged = None
        _sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(
            "KRN-0002",
            f"{path} could not be written ({error.strerror or type(error).__name__}).",
            "Check free space and permissions; the earlier content is untouched.",
        ) from error
    finally:
        if staged is not None:
            staged.unlink(missing_ok=True)


def write_text_atomically(path: Path, text: str) -> None:
    """`write_atomically` for UTF-8 text, line ends as given."""
    write_atomically(path, text.encode("utf-8"))


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable where the system allows it (Windows does it by itself)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
