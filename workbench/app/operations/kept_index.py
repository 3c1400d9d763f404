"""The index of a capture, kept beside the workspace and used again while the files are the same.

Its key is a random one that lies in the encrypted workspace, so the index can be read as long as the workspace can.
"""

from __future__ import annotations

from pathlib import Path

from workbench.app.operations.index import (
    MessageIndex,
    build_index,
    fingerprint,
    load_index,
    save_index,
)
from workbench.app.operations.kept_offsets import OFFSETS, index_path, workspace_index_key
from workbench.app.session import Session
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.security.sealing import KeySeal

KEPT = 16
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
    seal = KeySeal(workspace_index_key(session), _PURPOSE)
    index = load_index(path, state, seal)
    if index is None:
        index = build_index(capture, ctx, workers)
        if session.workspace.writable:
            save_index(index, path, state, seal)
            _forget_oldest(path.parent)
    return index


def _forget_oldest(folder: Path) -> None:
    found = sorted(folder.glob("*.sealed"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in found[KEPT:]:
        path.unlink(missing_ok=True)
        path.with_suffix(OFFSETS).unlink(missing_ok=True)
