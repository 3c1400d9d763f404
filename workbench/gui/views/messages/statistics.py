"""What the capture holds, counted: types over time, population of fields, codes, shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QSplitter, QTabWidget, QWidget

from workbench.app.tables import Table, write_tables
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.models.plain_table import columns_of
from workbench.gui.models.rows import RowsModel
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture

if TYPE_CHECKING:
    from workbench.gui.widgets.types_plot import TypesPlot

Counts = tuple[tuple[Table, ...], list[int]]


def count(capture: Capture, ctx: JobContext) -> Counts:
    """The tables of a capture, and the smallest set of messages that shows every shape; raises Cancelled."""
    from workbench.app.operations import statistics  # pandas takes a while to load

    tally = statistics.count_all(capture, ctx)
    tables = (
        statistics.types_over_time(tally),
        statistics.field_population(tally),
        statistics.code_frequencies(tally),
        statistics.shape_table(tally),
    )
    return tables, statistics.smallest_set(tally)


class StatisticsDialog(QDialog):
    """Counts the open capture when it is asked to, and shows the tables.

    show_only  called with message numbers and a word for them: the list is to show these
    """

    def __init__(
        self, bench: Bench, show_only: Callable[[Iterable[int], str], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Statistics of the capture")
        self._bench = bench
        self._show_only = show_only
        self.tables: tuple[Table, ...] = ()
        self.smallest: list[int] = []
        self.plot: TypesPlot | None = None
        self.models: list[RowsModel] = []
        self.tabs = QTabWidget()
        self.words = label("", "muted", wrap=True)
        self.again = button("Count", self.count, primary=True)
        self.stop = button("Stop", self.cancel)
        self.stop.setEnabled(False)
        self.covering = button("Show the smallest set", self.show_smallest)
        self.covering.setEnabled(False)
        self.covering.setToolTip("List the few messages that together show every shape of the capture")
        self.values = QCheckBox("with values that may identify somebody")
        self.save = button("Save as…", self.ask_and_save, tip=".csv for the table in front, .xlsx for all of them")
        self.save.setEnabled(False)
        close = button("Close", self.close)
        self.setLayout(
            down(
                self.words,
                self.tabs,
                across(self.save, self.values, 1, self.covering, close, self.stop, self.again),
                margins=16,
                spacing=12,
            )
        )
        em = bench.theme.em
        self.resize(round(em * 66), round(em * 42))
        bench.mask_changed.connect(self._fill)
        bench.capture_changed.connect(self.forget)

    def forget(self) -> None:
        """Another capture is open; its counts are not known."""
        self.cancel()
        self.tables, self.smallest = (), []
        self._fill()

    def count(self) -> None:
        """Count beside the window."""
        capture = self._bench.capture
        if capture is None:
            return
        handle = self._bench.jobs.newest("statistics", "Counting", lambda ctx: count(capture, ctx), quiet=False)
        handle.succeeded.connect(self._take)
        handle.failed.connect(lambda problem: self.words.setText(" ".join(sentence_of(problem))))
        handle.progressed.connect(
            lambda progress: self.words.setText(f"{progress.done:,} of {progress.total:,} messages counted")
        )
        handle.ended.connect(lambda _handle: self._working(False))
        self._working(True)

    def cancel(self) -> None:
        self._bench.jobs.drop("statistics")

    def _working(self, on: bool) -> None:
        self.again.setEnabled(not on)
        self.stop.setEnabled(on)

    def _take(self, counts: Counts) -> None:
        self.tables, self.smallest = counts
        total = len(self._bench.capture) if self._bench.capture is not None else 0
        self.words.setText(f"{total:,} messages; {len(self.smallest):,} of them show every shape")
        self._fill()

    def _fill(self) -> None:
        front = max(self.tabs.currentIndex(), 0)
        self.tabs.clear()
        self.models = []
        self.plot = None
        for each in self.tables:
            self._add(each.masked() if self._bench.masked else each)
        self.tabs.setCurrentIndex(min(front, self.tabs.count() - 1))
        self.covering.setEnabled(bool(self.smallest))
        self.save.setEnabled(bool(self.tables))

    def _add(self, counted: Table) -> None:
        theme = self._bench.theme
        columns = columns_of(counted)
        page = QSplitter(Qt.Orientation.Vertical)
        model = RowsModel(theme, columns, page)
        model.show(counted.rows)
        view = table(theme, model, counted.title.capitalize(), columns)
        view.horizontalHeader().setStretchLastSection(not columns[-1].right)
        view.activated.connect(lambda index: self._open(counted, model.row(index)))
        if counted.title == "types" and len(counted.columns) > 2:
            from workbench.gui.widgets.types_plot import TypesPlot  # loads pyqtgraph

            self.plot = TypesPlot(theme, counted)
            page.addWidget(self.plot)
        page.addWidget(view)
        self.models.append(model)
        self.tabs.addTab(page, f"{counted.title.capitalize()} {len(counted.rows):,}")

    def _open(self, counted: Table, row: tuple[object, ...] | None) -> None:
        """Go to the message that a row was first seen in."""
        if row is not None and "first_message" in counted.names:
            number = row[counted.names.index("first_message")]
            if isinstance(number, int):
                self._bench.select_message(number)

    def show_smallest(self) -> None:
        self._show_only(self.smallest, "together they show every shape of the capture")

    def ask_and_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save tables", "statistics.xlsx", "*.xlsx *.csv")
        if name:
            self.save_to(Path(name))

    def save_to(self, path: Path) -> None:
        """Write all tables (`.xlsx`) or the one in front (`.csv`) beside the window."""
        chosen = self.tables if path.suffix.lower() == ".xlsx" else (self.tables[self.tabs.currentIndex()],)
        with_values = self.values.isChecked()

        def write(ctx: JobContext) -> None:
            write_tables(path, chosen, with_values)

        handle = self._bench.jobs.start("Saving tables", write, writes=True)
        handle.succeeded.connect(lambda _nothing: self._bench.say(f"Saved {path.name}"))
        handle.failed.connect(self._bench.report)
