"""The message list: filter, order, status; its selection is the bench's."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QToolButton, QWidget

from workbench.app.operations.kept_offsets import find_messages
from workbench.app.operations.listing import MessageRow, row_at
from workbench.app.session import Session
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.jobs import JobHandle, JobState
from workbench.gui.models.capture_table import ANSWER, STATUS, CaptureTableModel
from workbench.gui.theme.theme import Theme
from workbench.gui.views.messages.detection import DetectionDialog, in_short
from workbench.gui.views.messages.filtering import matches
from workbench.gui.views.messages.indexing import keep_beside, pair_answers
from workbench.gui.views.messages.ordering import Order, arranged, order_of
from workbench.gui.views.messages.saved import SavedSearches
from workbench.gui.widgets.basics import across, down, label, pane, table, tool_button
from workbench.kernel.issues import Severity
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture

if TYPE_CHECKING:
    from workbench.app.operations.index import MessageIndex

TYPING_PAUSE_MS = 250
_WIDTHS = (1.9, 11.6, 6, 6.2, 8, 6, 4)


class MessageList(QWidget):
    """Every message, or those a filter leaves, in the order of the capture or of a column."""

    def __init__(self, bench: Bench, session: Session) -> None:
        super().__init__()
        self._bench = bench
        self._session = session
        bench.find_messages = partial(find_messages, session)
        self._index: MessageIndex | None = None
        self._order: Order | None = None
        self._chosen_only: array[int] | None = None
        self._parts: list[array[int]] = []
        self._taken = 0
        self._detection: DetectionDialog | None = None
        self.model = CaptureTableModel(bench.theme, self)
        self.view = table(bench.theme, self.model, "Messages", sorts=False)
        for column, width in enumerate(_WIDTHS):
            self.view.setColumnWidth(column, round(width * bench.theme.em))
        self.view.setColumnHidden(ANSWER, True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        heads = self.view.horizontalHeader()
        heads.setSectionsClickable(True)
        heads.setToolTip("Click a heading to sort; a third click takes the order of the capture")
        self._place_bar()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._connect()

    def _place_bar(self) -> None:
        theme = self._bench.theme
        self.filter = QLineEdit()
        self.filter.setPlaceholderText('Filter: words, or PID-3.1 = "123" and exists(OBX-5)')
        self.filter.setAccessibleName("Filter messages")
        self.filter.setClearButtonEnabled(True)
        self.saved = SavedSearches(self._bench, self._session, lambda: self.filter.text().strip(), self._use)
        self.stop = tool_button(theme, "square", "Stop searching; what was found so far stays", self.stop_search)
        self.stop.setVisible(False)
        self.count = label("", "muted")
        self.only_problems = _problems_button(theme)
        body = QWidget()
        bar = across(self.filter, self.stop, self.saved.button, self.only_problems)
        bar.setContentsMargins(8, 6, 8, 6)
        body.setLayout(down(bar, self.view, spacing=0))
        self.detection = _detection_button(self.show_detection)
        self.frame = pane("Messages", body, self.detection, self.count)
        self.setLayout(down(self.frame, spacing=0))

    def _connect(self) -> None:
        bench = self._bench
        self._pause.timeout.connect(self.apply_filter)
        self.filter.textChanged.connect(self._typed)
        self.filter.returnPressed.connect(self.apply_filter)
        self.only_problems.toggled.connect(self.apply_filter)
        self.model.asked.connect(self._fetch)
        self.view.selectionModel().currentRowChanged.connect(self._chosen)
        self.view.horizontalHeader().sectionClicked.connect(self.sort_by)
        bench.capture_changed.connect(self._capture_changed)
        bench.capture_grew.connect(self._grew)
        bench.capture_complete.connect(self._tell_detection)
        bench.message_changed.connect(self._follow)
        bench.findings_changed.connect(self._findings_changed)
        bench.answers_changed.connect(self._show_answers)
        bench.mask_changed.connect(self.model.set_masked)

    def show_detection(self) -> None:
        """How each part was read, to look at and to overrule."""
        if self._detection is None:
            self._detection = DetectionDialog(self._bench, self)
        self._detection.show_parts()
        self._detection.show()
        self._detection.raise_()

    # The index

    @property
    def is_indexed(self) -> bool:
        return self._index is not None

    def _tell_detection(self) -> None:
        capture = self._bench.capture
        self.detection.setText(in_short(capture) if capture is not None else "Detection")

    def _build_index(self, capture: Capture) -> None:
        """Index the messages while they are found."""
        session = self._session

        def build(ctx: JobContext) -> tuple[MessageIndex, bool]:
            from workbench.app.operations.kept_index import find_index  # the first screen need not wait for pyarrow

            return find_index(session, capture, ctx)

        handle = self._bench.jobs.newest("index", "Indexing the messages", build, quiet=False, waits=True)
        handle.succeeded.connect(lambda found: self._take_index(capture, *found))
        handle.failed.connect(self._bench.report)

    def _take_index(self, capture: Capture, index: MessageIndex, is_new: bool) -> None:
        if capture is not self._bench.capture:
            return
        self._index = index
        self.model.use_index(index)
        pair_answers(self._bench, capture, index)
        if is_new:
            keep_beside(self._bench, self._session, capture, index)

    def _show_answers(self) -> None:
        self.model.set_answers(self._bench.answers)
        self.view.setColumnHidden(ANSWER, not self._bench.answers)

    # Filter and order

    def apply_filter(self) -> None:
        """Run the filter beside the window and show what it leaves, as it is found."""
        self._pause.stop()
        capture, text = self._bench.capture, self.filter.text().strip()
        self._wrong("")
        self._bench.jobs.drop("filter")
        self.stop.setVisible(False)
        if capture is None:
            return
        among = self._wanted()
        if not text and self._order is None:
            self._show(None if among is None else array("I", sorted(among)))
        else:
            self._arrange(capture, text, among)

    def _wanted(self) -> set[int] | None:
        """The messages that buttons have chosen, None for all."""
        chosen = None if self._chosen_only is None else set(self._chosen_only)
        if not self.only_problems.isChecked():
            return chosen
        status = self._bench.status()
        bad = {n for n, worst in status.items() if worst is not None and worst.rank <= Severity.ERROR.rank}
        return bad if chosen is None else bad & chosen

    def _arrange(self, capture: Capture, text: str, among: set[int] | None) -> None:
        index, order, status = self._index, self._order, self._bench.status()
        answers = dict(self._bench.answers)
        parts: list[array[int]] = []
        self._parts, self._taken = parts, 0

        def run(ctx: JobContext) -> array[int] | None:
            found: Iterable[int] | None = among
            if text:
                parts.extend(matches(capture, text, ctx, index, among))
                found = [number for part in parts for number in part]
            elif among is not None:
                found = sorted(among)
            sorted_numbers = (
                order_of(index, order, status, answers) if index is not None and order is not None else None
            )
            return arranged(sorted_numbers, found, len(capture))

        handle = self._bench.jobs.newest("filter", "Filtering messages", run, quiet=not text)
        if text:
            handle.progressed.connect(lambda _progress: self._take_parts(parts))
        handle.succeeded.connect(self._show)
        handle.failed.connect(lambda problem: self._wrong(" ".join(sentence_of(problem))))
        handle.ended.connect(self._ended)
        self.stop.setVisible(bool(text))

    def _take_parts(self, parts: list[array[int]]) -> None:
        """Show what a search has found so far; its order comes when it is complete."""
        if parts is not self._parts or not self.stop.isVisibleTo(self):
            return
        fresh = parts[self._taken :]
        if self._taken == 0 and fresh:
            self.model.reset(0, array("I"))
        self._taken += len(fresh)
        numbers = array("I", (number for part in fresh for number in part))
        self.model.extend(numbers)
        self._tell()

    def stop_search(self) -> None:
        """Stop the search that runs and keep what it has found."""
        self._take_parts(self._parts)
        self._bench.jobs.drop("filter")
        self.stop.setVisible(False)
        self._bench.say(f"The search was stopped; {self.model.rowCount():,} messages were found so far")

    def _ended(self, handle: JobHandle) -> None:
        if handle.state is not JobState.CANCELLED:
            self.stop.setVisible(False)

    def show_only(self, numbers: Iterable[int], words: str) -> None:
        """Show these messages only, until the filter is changed; `words` say what they are."""
        self.filter.clear()
        self._chosen_only = array("I", sorted(numbers))
        self.apply_filter()
        self._bench.say(f"{len(self._chosen_only):,} messages: {words}")

    def sort_by(self, column: int) -> None:
        """Sort by a column, the other way round the second time, not at all the third."""
        heads = self.view.horizontalHeader()
        if self._index is None:
            heads.setSortIndicatorShown(False)
            self._bench.say("The list can be sorted as soon as it is indexed.")
            return
        before = self._order
        if before is None or before.column != column:
            self._order = Order(column)
        else:
            self._order = None if before.descending else Order(column, True)
        heads.setSortIndicatorShown(self._order is not None)
        if self._order is not None:
            way = Qt.SortOrder.DescendingOrder if self._order.descending else Qt.SortOrder.AscendingOrder
            heads.setSortIndicator(column, way)
        self.apply_filter()

    def _typed(self, _text: str) -> None:
        self._chosen_only = None
        self._pause.start()

    def _use(self, text: str) -> None:
        self.filter.setText(text)
        self.apply_filter()

    def _wrong(self, why: str) -> None:
        if not why and self.filter.toolTip():
            self._bench.say("")
        self.filter.setProperty("wrong", bool(why))
        self.filter.setToolTip(why)
        self.filter.style().polish(self.filter)
        if why:
            self._bench.say(why)

    def _show(self, filtered: array[int] | None) -> None:
        capture = self._bench.capture
        self.stop.setVisible(False)
        self.model.reset(len(capture) if capture is not None else 0, filtered)
        self._tell()
        self._follow()

    def _tell(self) -> None:
        capture = self._bench.capture
        total = len(capture) if capture is not None else 0
        shown = self.model.rowCount()
        self.count.setText(f"{total:,}" if shown == total else f"{shown:,} of {total:,}")

    # What changes elsewhere

    def _capture_changed(self) -> None:
        self._bench.jobs.drop("index")
        self._bench.jobs.drop("answers")
        self._bench.jobs.drop("filter")
        self._index, self._order, self._chosen_only = None, None, None
        self.model.use_index(None)
        self.view.horizontalHeader().setSortIndicatorShown(False)
        self._show_answers()
        self.filter.clear()
        self.only_problems.setChecked(False)
        self._pause.stop()
        self._show(None)
        if (capture := self._bench.capture) is not None:
            self._build_index(capture)

    def _grew(self, count: int) -> None:
        self.model.grow(count)
        self._tell()

    def _findings_changed(self) -> None:
        self.model.set_status(self._bench.status())
        if self.only_problems.isChecked() or (self._order is not None and self._order.column == STATUS):
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


def _problems_button(theme: Theme) -> QToolButton:
    made = QToolButton()
    made.setText(" With problems")
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    made.setCheckable(True)
    made.setToolTip("Only messages with an error, after validation")
    theme.give_icon(made, "funnel")
    return made


def _detection_button(clicked: Callable[[], object]) -> QToolButton:
    made = QToolButton()
    made.setToolTip("How the capture was read; click to overrule it")
    made.setAccessibleName("How the capture was read")
    made.clicked.connect(lambda _checked=False: clicked())
    return made
