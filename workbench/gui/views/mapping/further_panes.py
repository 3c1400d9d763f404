"""The panes beside rules and result, in the order of their tabs."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.views.mapping.changes_pane import ChangesPane
from workbench.gui.views.mapping.engines_pane import EnginesPane
from workbench.gui.views.mapping.merge_dialog import MergeDialog, ReplaceDialog
from workbench.gui.views.mapping.message_map_pane import MessageMapPane
from workbench.gui.views.mapping.package_watch import PackageWatch
from workbench.gui.views.mapping.panes import Pane
from workbench.gui.views.mapping.selection import Selection
from workbench.gui.views.mapping.suggestions_pane import SuggestionsPane
from workbench.gui.views.mapping.text_pane import TextPane


def further_panes(bench: Bench, desk: MappingDesk, selection: Selection) -> Iterator[Pane]:
    """Made once, when the page is."""
    text = TextPane(bench, desk, selection)
    PackageWatch(
        bench, desk, lambda found, decided: MergeDialog(bench.theme, found, decided, text.window()).open(), parent=text
    )
    desk.overwrite_asked.connect(
        lambda defect: ReplaceDialog(bench.theme, defect, lambda: desk.save_now(over=True), text.window()).open()
    )
    yield MessageMapPane(bench, desk, selection)
    yield ChangesPane(bench, desk, selection)
    yield text
    yield SuggestionsPane(bench, desk, selection)
    yield EnginesPane(bench, desk, selection)
