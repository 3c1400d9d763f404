"""What a tree of ends says of one end besides its name. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.gui.marks import Mark


@dataclass(frozen=True, slots=True)
class EndLook:
    """One end as it looks now.

    texts  the further columns, in order
    mark   its state, None for nothing to say
    tip    more words for the tool tip
    quiet  drawn muted
    """

    texts: tuple[str, ...] = ()
    mark: Mark | None = None
    tip: str = ""
    quiet: bool = False
