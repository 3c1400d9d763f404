"""The index of a capture, kept beside the workspace and used again while the files are the same.

Its key is a random one that lies in the encrypted workspace, so the index can be read as long as the workspace can.
"""

from __future__ import annotations

import time
from pathlib import Path

from workbench.app.operations.index import (
    MessageIndex,
    build_index,
    fingerprint,
    index_batches,
    load_index,
    save_index,
)
from workbench.app.operations.kept_offsets import OFFSETS, index_path, workspace_index_key
from workbench.app.session import Session
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.security.sealing import KeySeal

KEPT = 16
_LOOK_S = 0.005
_PURPOSE = "message index"
_SMALLEST = 20_000
"""A capture of fewer messages is indexed faster than its index is read."""


def kept_index(session: Session, capture: Capture, ctx: JobContext, workers: int | None = None) -> MessageIndex:
    """The saved index of an open capture, or a new one, which is saved; raises as `find_index` and `keep_index`."""
    index, is_new = find_index(session, capture, ctx, workers)
    if is_new:
        keep_index(session, capture, index)
    return index


def find_index(
    session: Session, capture: Capture, ctx: JobContext, workers: int | None = None
) -> tuple[MessageIndex, bool]:
    """The saved index of a capture, or a new one, and whether it is new and worth saving.

    The capture may still be filled by another thread: what was found is indexed meanwhile, unless there may be a saved
    index, which is known as soon as all messages are.

    raises  Cancelled; Unavailable APP-0002
    """
    while len(capture) < _SMALLEST and not capture.is_complete:
        ctx.check()
        time.sleep(_LOOK_S)
    if len(capture) < _SMALLEST:
        return build_index(capture, ctx, workers), False
    path = index_path(session, capture)
    if path.exists():
        while not capture.is_complete:
            ctx.check()
            time.sleep(_LOOK_S)
        index = load_index(path, fingerprint(capture), _seal(session))
        if index is not None:
            return index, False
    batches = list(index_batches(capture, ctx, workers, lambda: not capture.is_complete))
    return MessageIndex.of(batches), session.workspace.writable


def keep_index(session: Session, capture: Capture, index: MessageIndex) -> None:
    """Save the index of a whole capture; raises Unavailable KRN-0002."""
    path = index_path(session, capture)
    save_index(index, path, fingerprint(capture), _seal(session))
    _forget_oldest(path.parent)


def _seal(session: Session) -> KeySeal:
    return KeySeal(workspace_index_key(session), _PURPOSE)


def _forget_oldest(folder: Path) -> None:
    found = sorted(folder.glob("*.sealed"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in found[KEPT:]:
        path.unlink(missing_ok=True)
        path.with_suffix(OFFSETS).unlink(missing_ok=True)
