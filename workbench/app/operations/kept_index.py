"""The index of a capture, kept beside the workspace and used again while the files are the same.

Its key is a random one that lies in the encrypted workspace, so the index can be read as long as the workspace can.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from workbench.app.operations.index import MessageIndex, build_index, fingerprint, load_index, save_index
from workbench.app.session import Session
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.security.keys import KEY_BYTES
from workbench.security.sealing import KeySeal

FOLDER = "index"
KEPT = 16
_KEY_SETTING = "index.key"
_PURPOSE = "message index"
_SMALLEST = 20_000
"""A capture of fewer messages is indexed faster than its index is read."""


def kept_index(session: Session, capture: Capture, ctx: JobContext, workers: int | None = None) -> MessageIndex:
    """The saved index of an open capture, or a new one, which is saved.

    raises  Cancelled; Unavailable APP-0002, KRN-0002
    """
    if len(capture) < _SMALLEST:
        return build_index(capture, ctx, workers)
    path, state = index_path(session, capture), fingerprint(capture)
    seal = KeySeal(_key(session), _PURPOSE)
    index = load_index(path, state, seal)
    if index is None:
        index = build_index(capture, ctx, workers)
        if session.workspace.writable:
            save_index(index, path, state, seal)
            _forget_oldest(path.parent)
    return index


def index_path(session: Session, capture: Capture) -> Path:
    """Where the index of these files is kept; the name tells nothing about them."""
    names = "\0".join(str(path.absolute()) for path in capture.paths)
    digest = hashlib.blake2b(names.encode("utf-8", "surrogateescape"), key=_key(session), digest_size=16)
    return session.workspace.folder / FOLDER / f"{digest.hexdigest()}.sealed"


def _key(session: Session) -> bytes:
    kept = session.setting(_KEY_SETTING)
    if isinstance(kept, str):
        return base64.b64decode(kept)
    key = os.urandom(KEY_BYTES)
    if session.workspace.writable:
        session.set_setting(_KEY_SETTING, base64.b64encode(key).decode("ascii"))
    return key


def _forget_oldest(folder: Path) -> None:
    found = sorted(folder.glob("*.sealed"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in found[KEPT:]:
        path.unlink(missing_ok=True)
