"""What a further pane of the mapping page must have: the page makes a tab of it and knows nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from PySide6.QtWidgets import QWidget


class PanePlace(StrEnum):
    """ABOVE: beside the three panes, in their place. BELOW: beside the result."""

    ABOVE = "above"
    BELOW = "below"


class Pane(Protocol):
    """One tab.

    title   of the tab
    widget  with an accessible name
    """

    @property
    def title(self) -> str: ...
    @property
    def place(self) -> PanePlace: ...
    @property
    def widget(self) -> QWidget: ...

    def panes(self) -> list[QWidget]:
        """What F6 goes through while the tab is shown."""
        ...

    def commands(self) -> Mapping[str, Callable[[], object]]:
        """What the pane does, by command id."""
        ...
