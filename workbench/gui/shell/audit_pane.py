"""The audit pane: who did what to which object, and whether the chain is whole."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import Badge, across, button, down, table

_COLUMNS = (
    Column("No.", lambda entry: f"{entry.sequence:,}", 4, key=lambda entry: entry.sequence, right=True, muted=True),
    Column("Time", lambda entry: entry.time.replace("T", " ")[:19], 11),
    Column("Who", lambda entry: entry.actor, 8),
    Column("Did", lambda entry: entry.action, 12),
    Column("Object", lambda entry: f"{entry.object_kind} {entry.object_id}", 20, mono=True),
    Column("Hash", lambda entry: entry.own_hash[:16], 12, mono=True, muted=True, tip=lambda entry: entry.own_hash),
)


class AuditPane(QWidget):
    def __init__(self, bench: Bench, session: Session) -> None:
        super().__init__()
        self._session = session
        self._bench = bench
        self.model = RowsModel(bench.theme, _COLUMNS, self)
        self.view = table(bench.theme, self.model, "Audit trail", _COLUMNS)
        self.chain = Badge(bench.theme)
        bar = across(self.chain, 1, button("Verify", self.verify, tip="Check every link of the chain"))
        bar.setContentsMargins(8, 4, 8, 4)
        self.setLayout(down(bar, self.view, spacing=0))
        self.chain.show_mark(Mark("circle-dashed", "state.idle", "not verified in this session"))

    def refresh(self) -> None:
        """Newest first."""
        self.model.show(list(reversed(list(self._session.audit_entries()))))

    def verify(self) -> None:
        report = self._session.verify_audit()
        if report.intact:
            mark = Mark("shield-check", "state.good", f"{report.count:,} entries, every link holds")
        else:
            mark = Mark("circle-x", "state.bad", report.broken.text if report.broken else "broken")
        self.chain.show_mark(mark)
        self._bench.say(mark.word)
        self.refresh()
