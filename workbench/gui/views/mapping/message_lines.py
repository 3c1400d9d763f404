"""A pane of lines about messages below a bar, or what to do while there are none."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QLayout, QStackedWidget, QWidget

from workbench.gui.bench import Bench
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import EmptyState, down, table


class MessageLines(QWidget):
    """Emits the number of the message a person chose; each row of the model has one as `number`."""

    chosen = Signal(int)

    def __init__(self, bench: Bench, name: str, columns: Sequence[Column]) -> None:
        super().__init__()
        self._bench = bench
        self.model = RowsModel(bench.theme, columns, self)
        self.view = table(bench.theme, self.model, name, columns)
        self._stack = QStackedWidget()
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)

    def lay_out(self, bar: QLayout, empty: EmptyState) -> None:
        """Put the bar over the lines; `empty` is shown instead until `show_lines`."""
        body = QWidget()
        body.setLayout(down(bar, self.view, spacing=0))
        self._stack.addWidget(empty)
        self._stack.addWidget(body)
        self.setLayout(down(self._stack))

    def show_lines(self, shown: bool) -> None:
        self._stack.setCurrentIndex(1 if shown else 0)

    def _go(self, index: QModelIndex) -> None:
        row = self.model.row(index)
        if row is not None:
            self.chosen.emit(row.number)
