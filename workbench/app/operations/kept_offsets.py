"""Where the messages of a capture stand, kept beside the workspace: unchanged files are not searched again.

The key of what is kept is a random one that lies in the encrypted workspace, so it can be read as long as the
workspace can.
"""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.app.session import Session
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.security.keys import KEY_BYTES
from workbench.security.sealing import KeySeal

FOLDER = "index"
OFFSETS = ".offsets"
_PURPOSE = "message offsets"
_KEY_SETTING = "index.key"
_SMALLEST = 20_000
"""A capture of fewer messages is searched faster than what was kept of it is read."""
_VERSION = 1
_LOOK_BYTES = 1 << 16


def find_messages(session: Session, capture: Capture, ctx: JobContext) -> None:
    """Fill a capture: from what was kept when the files are the same, else by searching them, which is kept.

    raises  as `Capture.index`; Unavailable KRN-0002
    """
    kept = not capture.is_overruled and session.workspace.writable
    path = index_path(session, capture).with_suffix(OFFSETS)
    if kept and path.exists() and capture.restore(_unsealed(session, path, state_of_files(capture.paths))):
        return
    capture.index(ctx)
    offsets = capture.offsets() if kept and len(capture) >= _SMALLEST else None
    if offsets is not None:
        state = state_of_files(capture.paths).encode()
        write_atomically(path, KeySeal(workspace_index_key(session), _PURPOSE).seal(state + offsets))


def _unsealed(session: Session, path: Path, state: str) -> bytes:
    """What was kept of files in this state, b"" when there is nothing that can be used."""
    try:
        data = KeySeal(workspace_index_key(session), _PURPOSE).unseal(path.read_bytes())
    except (OSError, Refused):
        return b""
    return data.removeprefix(state.encode()) if data.startswith(state.encode()) else b""


def index_path(session: Session, capture: Capture) -> Path:
    """Where the index of these files is kept; the name tells nothing about them."""
    names = "\0".join(str(path.absolute()) for path in capture.paths)
    digest = hashlib.blake2b(names.encode("utf-8", "surrogateescape"), key=workspace_index_key(session), digest_size=16)
    return session.workspace.folder / FOLDER / f"{digest.hexdigest()}.sealed"


def workspace_index_key(session: Session) -> bytes:
    """What indexes and offsets of this workspace are sealed with."""
    kept = session.setting(_KEY_SETTING)
    if isinstance(kept, str):
        return base64.b64decode(kept)
    key = os.urandom(KEY_BYTES)
    if session.workspace.writable:
        session.set_setting(_KEY_SETTING, base64.b64encode(key).decode("ascii"))
    return key


def state_of_files(paths: Sequence[Path]) -> str:
    """What says whether files are still the same: names, sizes, times and both ends of each."""
    digest = hashlib.blake2b(struct.pack("<I", _VERSION), digest_size=16)
    for path, (size, modified_ns, ends) in _file_states(paths):
        digest.update(repr((path, size, modified_ns, ends)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _file_states(paths: Sequence[Path]) -> Iterator[tuple[str, tuple[int, int, bytes]]]:
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                status = file.stat()
                with file.open("rb") as stream:
                    head = stream.read(_LOOK_BYTES)
                    stream.seek(max(0, status.st_size - _LOOK_BYTES))
                    ends = hashlib.blake2b(head + stream.read(), digest_size=16).digest()
                yield str(file.absolute()), (status.st_size, status.st_mtime_ns, ends)
