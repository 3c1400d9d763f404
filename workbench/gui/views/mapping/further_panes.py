"""The panes beside rules and result, in the order of their tabs."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.views.mapping.panes import Pane
from workbench.gui.views.mapping.selection import Selection


def further_panes(bench: Bench, desk: MappingDesk, selection: Selection) -> Iterator[Pane]:
    """Made once, when the page is."""
    yield from ()
