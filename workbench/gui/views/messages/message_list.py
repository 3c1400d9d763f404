"""The message list with its filter."""

from __future__ import annotations

from array import array

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QToolButton, QWidget

from workbench.app.operations.listing import MessageRow, row_at
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.models.capture_table import CaptureTableModel
from workbench.gui.views.messages.filtering import numbers_matching
from workbench.gui.widgets.basics import across, down, label, pane, table
from workbench.kernel.issues import Severity
from workbench.kernel.progress import JobContext

TYPING_PAUSE_MS = 250
_WIDTHS = (1.9, 11, 5.4, 8, 10, 7)


class MessageList(QWidget):
    """Every message, or those a filter leaves; its selection is the bench's."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.model = CaptureTableModel(bench.theme, self)
        self.view = table(bench.theme, self.model, "Messages", sorts=False)
        for column, width in enumerate(_WIDTHS):
            self.view.setColumnWidth(column, round(width * bench.theme.em))
        self.filter = QLineEdit()
        self.filter.setPlaceholderText('Filter: words, or PID-3.1 = "123" and exists(OBX-5)')
        self.filter.setAccessibleName("Filter messages")
        self.filter.setClearButtonEnabled(True)
        self.count = label("", "muted")
        self.only_problems = QToolButton()
        self.only_problems.setText(" With problems")
        self.only_problems.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.only_problems.setCheckable(True)
        self.only_problems.setToolTip("Only messages with an error, after validation")
        bench.theme.give_icon(self.only_problems, "funnel")
        body = QWidget()
        bar = across(self.filter, self.only_problems)
        bar.setContentsMargins(8, 6, 8, 6)
        body.setLayout(down(bar, self.view, spacing=0))
        self.frame = pane("Messages", body, self.count)
        self.setLayout(down(self.frame, spacing=0))
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._connect()

    def _connect(self) -> None:
        bench = self._bench
        self._pause.timeout.connect(self.apply_filter)
        self.filter.textChanged.connect(lambda _text: self._pause.start())
        self.filter.returnPressed.connect(self.apply_filter)
        self.only_problems.toggled.connect(self.apply_filter)
        self.model.asked.connect(self._fetch)
        self.view.selectionModel().currentRowChanged.connect(self._chosen)
        bench.capture_changed.connect(self._capture_changed)
        bench.capture_grew.connect(self._grew)
        bench.message_changed.connect(self._follow)
        bench.findings_changed.connect(self._findings_changed)
        bench.mask_changed.connect(self.model.set_masked)

    def apply_filter(self) -> None:
        """Run the filter beside the window and show what it leaves."""
        self._pause.stop()
        capture, text = self._bench.capture, self.filter.text().strip()
        self._wrong("")
        if capture is None:
            return
        bad = self._bad_numbers() if self.only_problems.isChecked() else None
        if not text:
            self._bench.jobs.drop("filter")
            self._show(None if bad is None else array("I", sorted(bad)))
            return

        def run(ctx: JobContext) -> array[int]:
            found = numbers_matching(capture, text, ctx)
            return found if bad is None else array("I", (number for number in found if number in bad))

        handle = self._bench.jobs.newest("filter", "Filtering messages", run, quiet=False)
        handle.succeeded.connect(self._show)
        handle.failed.connect(lambda problem: self._wrong(" ".join(sentence_of(problem))))

    def _bad_numbers(self) -> set[int]:
        status = self._bench.status()
        return {n for n, worst in status.items() if worst is not None and worst.rank <= Severity.ERROR.rank}

    def _wrong(self, why: str) -> None:
        self.filter.setProperty("wrong", bool(why))
        self.filter.setToolTip(why)
        self.filter.style().polish(self.filter)
        if why:
            self._bench.say(why)

    def _show(self, filtered: array[int] | None) -> None:
        capture = self._bench.capture
        self.model.reset(len(capture) if capture is not None else 0, filtered)
        self._tell()
        self._follow()

    def _tell(self) -> None:
        capture = self._bench.capture
        total = len(capture) if capture is not None else 0
        shown = self.model.rowCount()
        self.count.setText(f"{total:,}" if shown == total else f"{shown:,} of {total:,}")

    def _capture_changed(self) -> None:
        self.filter.clear()
        self.only_problems.setChecked(False)
        self._pause.stop()
        self._show(None)

    def _grew(self, count: int) -> None:
        self.model.grow(count)
        self._tell()

    def _findings_changed(self) -> None:
        self.model.set_status(self._bench.status())
        if self.only_problems.isChecked():
            self.apply_filter()

    def _fetch(self, generation: int, wanted: tuple[int, list[int]]) -> None:
        capture = self._bench.capture
        if capture is None:
            return
        block, numbers = wanted

        def read(ctx: JobContext) -> list[MessageRow]:
            return [row_at(capture, number) for number in numbers]

        handle = self._bench.jobs.start("Reading rows", read, quiet=True)
        handle.succeeded.connect(lambda rows: self.model.accept(generation, block, rows))

    def _chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self._bench.select_message(self.model.number(current.row()))

    def _follow(self) -> None:
        number = self._bench.number
        row = self.model.row_of(number) if number is not None else -1
        if row < 0 or row == self.view.currentIndex().row():
            return
        index = self.model.index(row, 0)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.view.selectionModel().setCurrentIndex(index, flags)
        self.view.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
