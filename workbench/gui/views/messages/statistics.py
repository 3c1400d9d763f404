"""What the capture holds, counted: types over time, population of fields, codes, shapes, what is new in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QFormLayout, QLineEdit, QSplitter, QTabWidget, QWidget

from workbench.app.tables import Table, write_tables
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.models.plain_table import columns_of
from workbench.gui.models.rows import RowsModel
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture
from workbench.messages.parts import Unseal

if TYPE_CHECKING:
    from workbench.app.operations.statistics import Chosen
    from workbench.gui.widgets.bars_plot import Bar, BarsPlot
    from workbench.gui.widgets.types_plot import TypesPlot
    from workbench.messages.tally import Tally

PARTIAL_S = 1.0
"""Tables of what is counted so far are shown this often."""


class Counts(NamedTuple):
    """Tables of so many messages, and the smallest set of messages that shows every shape."""

    tables: tuple[Table, ...]
    smallest: list[int]
    done: int


def count(
    capture: Capture,
    ctx: JobContext,
    chosen: Chosen | None = None,
    earlier: Path | None = None,
    unseal: Unseal | None = None,
    partial: Callable[[Counts], object] = lambda _counts: None,
) -> Counts:
    """Count a capture.

    earlier  a capture whose values are known: a table says which are new
    partial  gets the tables of what is counted so far, every second
    raises   Cancelled; what opening the earlier capture raises
    """
    from workbench.app.operations import statistics  # pandas takes a while to load

    before = None
    if earlier is not None:
        before = statistics.count_all(open_capture([earlier], ctx, unseal=unseal), ctx, chosen)
    following = time.monotonic() + PARTIAL_S
    for counted in statistics.count_messages(capture, ctx, chosen):
        if time.monotonic() >= following and counted.done < counted.total:
            partial(Counts(_tables(counted.tally, before), [], counted.done))
            following = time.monotonic() + PARTIAL_S
    return Counts(_tables(counted.tally, before), statistics.smallest_set(counted.tally), counted.done)


def _tables(tally: Tally, before: Tally | None) -> tuple[Table, ...]:
    from workbench.app.operations import statistics

    tables = (
        statistics.types_over_time(tally),
        statistics.field_population(tally),
        statistics.code_frequencies(tally),
        statistics.shape_table(tally),
    )
    return tables if before is None else (*tables, statistics.new_values(before, tally))


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
        self._partial: list[Counts] = []
        self._earlier: Path | None = None
        self.tables: tuple[Table, ...] = ()
        self.smallest: list[int] = []
        self.plot: TypesPlot | None = None
        self.bars: dict[str, BarsPlot] = {}
        self.models: list[RowsModel] = []
        self.tabs = QTabWidget()
        self.words = label("", "muted", wrap=True)
        self.again = button("Count", self.count, primary=True)
        self.stop = button("Stop", self.cancel, tip="Stop counting; what was counted so far stays")
        self.stop.setEnabled(False)
        self.covering = button("Show the smallest set", self.show_smallest)
        self.covering.setEnabled(False)
        self.covering.setToolTip("List the few messages that together show every shape of the capture")
        self.values = QCheckBox("with values that may identify somebody")
        self.save = button("Save as…", self.ask_and_save, tip=".csv for the table in front, .xlsx for all of them")
        self.save.setEnabled(False)
        self._place()
        bench.mask_changed.connect(self._fill)
        bench.capture_changed.connect(self.forget)

    def _place(self) -> None:
        self.paths = QLineEdit()
        self.paths.setAccessibleName("Count the values at these places too")
        self.paths.setPlaceholderText("PV1-3.1, OBX-8, Patient.gender; codes are counted anyway")
        self.paths.returnPressed.connect(self.count)
        self.earlier = label("no other capture", "muted")
        choose = button("Choose file…", self.ask_earlier, tip="Values that this other capture has not are listed apart")
        self.clear = button("Clear", lambda: self.compare_with(None))
        self.clear.setEnabled(False)
        form = QFormLayout()
        form.addRow("Count also", self.paths)
        form.addRow("New since", across(self.earlier, 1, choose, self.clear))
        close = button("Close", self.close)
        foot = across(self.save, self.values, 1, self.covering, close, self.stop, self.again)
        layout = down(form, self.words, self.tabs, foot, margins=16, spacing=12)
        layout.setStretchFactor(self.tabs, 1)
        self.setLayout(layout)
        em = self._bench.theme.em
        self.resize(round(em * 66), round(em * 44))

    def forget(self) -> None:
        """Another capture is open; its counts are not known."""
        self.cancel()
        self.tables, self.smallest = (), []
        self.words.setText("")
        self._fill()

    def ask_earlier(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "New values since this capture")
        if name:
            self.compare_with(Path(name))

    def compare_with(self, path: Path | None) -> None:
        """Say which earlier capture has the values that are not new."""
        self._earlier = path
        self.earlier.setText("no other capture" if path is None else path.name)
        self.clear.setEnabled(path is not None)

    def count(self) -> None:
        """Count beside the window; tables of what is counted so far come every second."""
        capture, earlier, unseal = self._bench.capture, self._earlier, self._bench.unseal
        if capture is None:
            self.words.setText("Open a capture first.")
            return
        try:
            chosen = _chosen(self.paths.text())
        except Refused as refusal:
            self.words.setText(" ".join(sentence_of(refusal)))
            return
        partial: list[Counts] = []
        self._partial = partial

        def work(ctx: JobContext) -> Counts:
            return count(capture, ctx, chosen, earlier, unseal, partial.append)

        handle = self._bench.jobs.newest("statistics", "Counting", work, quiet=False, waits=True)
        handle.succeeded.connect(self._take)
        handle.failed.connect(lambda problem: self.words.setText(" ".join(sentence_of(problem))))
        handle.progressed.connect(
            lambda progress: self._take_partial(partial, f"{progress.done:,} of {progress.total:,} pieces counted")
        )
        handle.ended.connect(lambda _handle: self._working(False))
        self._working(True)

    def cancel(self) -> None:
        """Stop counting; what was counted so far stays."""
        self._bench.jobs.drop("statistics")
        self._partial = []

    def _working(self, on: bool) -> None:
        self.again.setEnabled(not on)
        self.stop.setEnabled(on)

    def _take_partial(self, partial: list[Counts], words: str) -> None:
        if partial is not self._partial:
            return
        if partial:
            counts = partial[-1]
            partial.clear()
            self.tables, self.smallest = counts.tables, []
            self._fill()
            words = f"{counts.done:,} messages counted so far"
        if not self.tables or "so far" in words:
            self.words.setText(words)

    def _take(self, counts: Counts) -> None:
        self._partial = []
        self.tables, self.smallest = counts.tables, counts.smallest
        self.words.setText(f"{counts.done:,} messages; {len(self.smallest):,} of them show every shape")
        self._fill()

    def _fill(self) -> None:
        front = max(self.tabs.currentIndex(), 0)
        self.tabs.clear()
        self.models, self.bars, self.plot = [], {}, None
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
        if columns[-1].right:  # a number far from its row is hard to read
            view.horizontalHeader().setStretchLastSection(False)
            view.setColumnWidth(len(columns) - 1, round(columns[-1].width * theme.em))
        view.activated.connect(lambda index: self._open(counted, model.row(index)))
        if counted.title == "types" and len(counted.columns) > 2:
            from workbench.gui.widgets.types_plot import TypesPlot  # loads pyqtgraph

            self.plot = TypesPlot(theme, counted)
            page.addWidget(self.plot)
        page.addWidget(view)
        if counted.title in ("fields", "codes") and counted.rows:
            self._add_bars(page, counted, model)
            view.selectionModel().currentRowChanged.connect(
                lambda now, _before: self._show_bars(counted, model.row(now))
            )
        self.models.append(model)
        self.tabs.addTab(page, f"{counted.title.capitalize()} {len(counted.rows):,}")

    def _add_bars(self, page: QSplitter, counted: Table, model: RowsModel) -> None:
        from workbench.gui.widgets.bars_plot import BarsPlot  # loads pyqtgraph

        name = "How many segments have each field" if counted.title == "fields" else "How often each value came"
        plot = self.bars[counted.title] = BarsPlot(self._bench.theme, name)
        page.setOrientation(Qt.Orientation.Horizontal)
        page.addWidget(plot)
        page.setSizes([620, 380])
        self._show_bars(counted, model.row(model.index(0, 0)))

    def _show_bars(self, counted: Table, row: tuple[object, ...] | None) -> None:
        """Beside the fields those of the chosen segment, beside the codes those of the chosen field."""
        plot = self.bars.get(counted.title)
        if plot is None or row is None:
            return
        title, bars = population(counted, str(row[0])) if counted.title == "fields" else values(counted, str(row[0]))
        if title != plot.title:
            plot.show_bars(title, bars)

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


def population(counted: Table, field: str) -> tuple[str, list[Bar]]:
    """How many of a part's segments have each of its fields, the fullest first."""
    part = _part(field)
    share = counted.names.index("share")
    found = [(str(row[0]), _number(row[share]) * 100) for row in counted.rows if _part(str(row[0])) == part]
    return f"{part}: % of segments with the field", sorted(found, key=lambda bar: -bar[1])


def values(counted: Table, field: str) -> tuple[str, list[Bar]]:
    """How often each value of a field came, the most frequent first."""
    value, amount = counted.names.index("value"), counted.names.index("count")
    return f"{field}: how often each value came", [
        (str(row[value]), _number(row[amount])) for row in counted.rows if row[0] == field
    ]


def _part(field: str) -> str:
    return field.partition("-")[0].partition(".")[0]


def _number(cell: object) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def _chosen(text: str) -> Chosen | None:
    """The places named; raises Refused FHIR-0010."""
    paths: Sequence[str] = text.replace(",", " ").split()
    if not paths:
        return None
    from workbench.app.operations.statistics import Chosen

    return Chosen.parse(paths)
