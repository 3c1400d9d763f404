"""The problems pane: every finding, a click goes to its bytes."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QWidget

from workbench.gui.bench import Bench
from workbench.gui.findings import Finding
from workbench.gui.models.issue_table import issue_columns
from workbench.gui.models.rows import RowsModel
from workbench.gui.widgets.basics import down, table


class ProblemsPane(QWidget):
    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        columns = issue_columns(bench.sentence)
        self.model = RowsModel(bench.theme, columns, self)
        self.view = table(bench.theme, self.model, "Problems", columns)
        self.setLayout(down(self.view))
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)
        bench.findings_changed.connect(self.refresh)
        bench.message_changed.connect(self._message_changed)
        bench.mask_changed.connect(self.refresh)

    def refresh(self) -> None:
        self.model.show(self._bench.findings())

    def step(self, by: int) -> None:
        """Go to the next or previous problem, round the end."""
        count = self.model.rowCount()
        if not count:
            self._bench.say("No problems")
            return
        row = self.view.currentIndex().row()
        row = (row + by) % count if row >= 0 else (0 if by > 0 else count - 1)
        self.view.selectRow(row)
        self._go(self.model.index(row, 0))

    def _message_changed(self) -> None:
        """Before a validation run the pane shows the findings of the selected message."""
        if not self._bench.validated:
            self.refresh()

    def _go(self, index: QModelIndex) -> None:
        finding = self.model.row(index)
        if isinstance(finding, Finding):
            self._bench.show_finding(finding)
