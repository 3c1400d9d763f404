"""Moving the keyboard from pane to pane."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def step_focus(panes: Sequence[QWidget], focus: QWidget | None, by: int) -> None:
    """Give the keyboard to the next (by 1) or previous (by -1) visible pane, round the end."""
    visible = [pane for pane in panes if pane.isVisible() and pane.isEnabled()]
    if not visible:
        return
    at = next((n for n, pane in enumerate(visible) if focus is pane or (focus and pane.isAncestorOf(focus))), None)
    if at is None:
        at = -1 if by > 0 else 0
    visible[(at + by) % len(visible)].setFocus(Qt.FocusReason.TabFocusReason)
