"""Who did what to the row of the selected code, the latest first."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import down, label, table
from workbench.terminology.review import Review

_COLUMNS = (
    Column("When", lambda e: e.at.replace("T", " ")[:19], 10.5),
    Column("Who", lambda e: e.who, 7),
    Column("What", lambda e: e.what, 12),
    Column("After", lambda e: e.after, 18, tip=lambda e: f"Before: {e.before}\nAfter: {e.after}"),
    Column("Comment", lambda e: e.comment, 10),
    Column("Rests on", lambda e: "; ".join(e.evidence), 16, muted=True),
    Column("Tool", lambda e: e.tool, 12, muted=True),
)


class HistoryPane(QWidget):
    """Nothing is ever taken out of it; what was undone stands there as well."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.model = RowsModel(theme, _COLUMNS, self)
        self.view = table(theme, self.model, "History", _COLUMNS)
        self.note = label("Nobody has decided on this code yet.", "muted", wrap=True)
        self.note.setContentsMargins(8, 6, 8, 4)
        layout = down(self.note, self.view, spacing=4)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_review(self, review: Review | None) -> None:
        events = tuple(reversed(review.history)) if review is not None else ()
        self.model.show(events)
        self.note.setVisible(not events)
        self.view.setVisible(bool(events))
