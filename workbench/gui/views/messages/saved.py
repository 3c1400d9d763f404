"""The menu of saved searches beside the filter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QInputDialog, QMenu, QToolButton

from workbench.app.operations.saved_searches import SavedSearch, keep_search, kept_searches
from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.views.messages.filtering import as_question
from workbench.gui.widgets.basics import tool_button
from workbench.kernel.errors import WorkbenchError


class SavedSearches:
    """A button whose menu asks a kept question again, or keeps the present one."""

    def __init__(self, bench: Bench, session: Session, text: Callable[[], str], use: Callable[[str], None]) -> None:
        self._bench, self._session, self._text, self._use = bench, session, text, use
        self.button: QToolButton = tool_button(bench.theme, "history", "Saved searches")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu("Saved searches", self.button)
        self.menu.aboutToShow.connect(self.fill)
        self.button.setMenu(self.menu)

    def fill(self) -> None:
        """Read the searches of the workspace; done each time the menu opens."""
        self.menu.clear()
        keep = self.menu.addAction("Save this search…")
        keep.setEnabled(bool(self._text()))
        keep.triggered.connect(lambda _checked=False: self.ask_name())
        saved = kept_searches(self._session)
        if saved:
            self.menu.addSeparator()
        for search in saved:
            action = self.menu.addAction(search.name)
            action.setToolTip(search.text)
            action.triggered.connect(partial(self._chosen, search.text))

    def ask_name(self) -> None:
        if not self._text():
            self._bench.say("Type a filter first; then it can be saved.")
            return
        name, ok = QInputDialog.getText(self.button, "Save search", "What is this search called?")
        if ok and name.strip():
            self.keep(name.strip())

    def keep(self, name: str) -> None:
        """Keep the present filter in the workspace under a name."""
        try:
            keep_search(self._session, SavedSearch(name, as_question(self._text())))
        except WorkbenchError as problem:
            self._bench.report(problem)
        else:
            self._bench.say(f"Search “{name}” is saved in the workspace")

    def _chosen(self, text: str, _checked: bool = False) -> None:
        self._use(text)
