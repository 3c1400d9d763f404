"""What is unusual in the capture, beside an earlier one or its own first half."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QMenu, QMessageBox, QPushButton, QWidget

from workbench.app.operations.anomalies import Anomaly, Kind, anomalies
from workbench.app.operations.anomaly_counts import History, history_of, split_history
from workbench.app.operations.anomaly_memory import Memory, forget, memory_of, remember
from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobHandle
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.shell.questions import ask_files
from workbench.gui.widgets.basics import button, down, label, pane, retitle, table
from workbench.kernel.errors import Refused
from workbench.kernel.issues import MASK
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture

_MARKS = {
    Kind.NEW_CODE: Mark("plus", "severity.warning", str(Kind.NEW_CODE)),
    Kind.LOST_CODE: Mark("circle-minus", "severity.information", str(Kind.LOST_CODE)),
    Kind.UNIT: Mark("triangle-alert", "severity.error", str(Kind.UNIT)),
    Kind.SHIFT: Mark("activity", "severity.warning", str(Kind.SHIFT)),
    Kind.SEGMENT_LOST: Mark("circle-minus", "severity.warning", str(Kind.SEGMENT_LOST)),
    Kind.SEGMENT_NEW: Mark("plus", "severity.information", str(Kind.SEGMENT_NEW)),
    Kind.ELEMENT_LOST: Mark("circle-minus", "severity.warning", str(Kind.ELEMENT_LOST)),
    Kind.ELEMENT_NEW: Mark("plus", "severity.information", str(Kind.ELEMENT_NEW)),
}
_ABOUT = (
    "New and vanished codes, changed units, shifted results, segments and elements that are missing or new. "
    "Nothing is changed by what is found here: read the numbers and decide."
)

_NO_HISTORY = (
    "The workspace remembers no captures yet. Add captures that were in order to its history; "
    "each new one can then be compared with all of them."
)


class AnomaliesTab(QWidget):
    def __init__(self, bench: Bench, session: Session) -> None:
        super().__init__()
        self._bench = bench
        self._session = session
        columns = (
            Column("What", lambda a: str(a.kind), 12, mark=lambda a: _MARKS[a.kind]),
            Column("Where", lambda a: a.place, 12),
            Column("Code, unit or part", self._what, 14, mono=True),
            Column("Weight", lambda a: f"{a.weight:,}", 4.5, key=lambda a: a.weight, right=True),
            Column("Numbers", lambda a: a.words, 40),
        )
        self.model = RowsModel(bench.theme, columns, self)
        self.view = table(bench.theme, self.model, "Anomalies", columns)
        self.against = label("", "muted")
        self.words = label(_ABOUT, "muted", wrap=True)
        self._before = button(
            "With what came before",
            self.compare_with_memory,
            primary=True,
            tip="Compare with the history that the workspace keeps",
        )
        self._earlier = button("With another capture…", self._ask, tip="Compare with an earlier capture")
        self._half = button(
            "With its own first half", self.compare_halves, tip="The later half of the messages beside the earlier one"
        )
        head = QWidget()
        layout = down(self.words)
        layout.setContentsMargins(12, 8, 12, 8)
        head.setLayout(layout)
        body = QWidget()
        layout = down(head, spacing=0)
        layout.addWidget(self.view, 1)
        body.setLayout(layout)
        self._pane = pane("Anomalies", body, self.against, self._before, self._earlier, self._half, self._history())
        self.setLayout(down(self._pane))
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)
        bench.capture_changed.connect(self._clear)
        bench.mask_changed.connect(lambda _masked: self.model.show(self._found))
        self._found: list[Anomaly] = []
        self._clear()

    def _clear(self) -> None:
        self._bench.jobs.drop("anomalies")
        self._show([], "", _ABOUT)
        for one in (self._before, self._earlier, self._half):
            one.setEnabled(self._bench.capture is not None)

    def _ask(self) -> None:
        paths = ask_files(self)
        if paths:
            self.compare_with(paths)

    def compare_with(self, paths: list[Path]) -> JobHandle | None:
        """Compare the capture with the one in these files."""
        capture = self._bench.capture
        if capture is None:
            return None

        unseal = self._bench.unseal

        def compare(ctx: JobContext) -> list[Anomaly]:
            before = history_of(open_capture(paths, ctx, unseal=unseal), ctx)
            return anomalies(before, history_of(capture, ctx))

        return self._start(capture, compare, f"beside {', '.join(path.name for path in paths)}")

    def _history(self) -> QPushButton:
        made = button("History", lambda: None, tip="What the workspace remembers of earlier captures")
        menu = QMenu(made)
        menu.addAction("Add this capture").triggered.connect(lambda _checked=False: self.remember())
        menu.addAction("Forget all…").triggered.connect(lambda _checked=False: self._ask_forget())
        made.setMenu(menu)
        return made

    def compare_with_memory(self) -> JobHandle | None:
        """Compare the capture with the history that the workspace keeps."""
        capture = self._bench.capture
        memory = self._memory()
        if capture is None or memory is None:
            return None
        if not memory.captures:
            self._show([], "", _NO_HISTORY)
            return None
        if memory.holds(capture):
            self._show([], "", "This capture is part of the history already, so it would be compared with itself.")
            return None
        return self._start(
            capture, lambda ctx: anomalies(memory.history, history_of(capture, ctx)), f"beside {memory.words}"
        )

    def remember(self) -> JobHandle | None:
        """Add what the capture has to the history that the workspace keeps."""
        capture, session = self._bench.capture, self._session
        memory = self._memory()
        if capture is None or memory is None:
            return None
        if memory.holds(capture):
            self._bench.say("This capture is part of the history already.")
            return None
        handle = self._bench.jobs.start("Counting the capture", lambda ctx: history_of(capture, ctx))

        def keep(history: History) -> None:
            try:
                kept = remember(session, capture, history, date.today())
            except Refused as refusal:
                self._bench.report(refusal)
                return
            self._bench.say(f"The history holds {kept.words} now")

        handle.succeeded.connect(keep)
        handle.failed.connect(self._bench.report)
        return handle

    def _memory(self) -> Memory | None:
        try:
            return memory_of(self._session)
        except Refused as refusal:
            self._bench.report(refusal)
            return None

    def _ask_forget(self) -> None:
        answer = QMessageBox.question(
            self,
            "Forget the history",
            "Forget what the workspace remembers of earlier captures? This cannot be undone.",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
        )
        if answer == QMessageBox.StandardButton.Yes:
            self.forget()

    def forget(self) -> None:
        """Begin the history anew."""
        forget(self._session)
        self._bench.say("The history is empty")

    def compare_halves(self) -> JobHandle | None:
        """Compare the later half of the messages with the earlier one."""
        capture = self._bench.capture
        if capture is None:
            return None

        def compare(ctx: JobContext) -> list[Anomaly]:
            return anomalies(*split_history(capture, len(capture) // 2, ctx))

        return self._start(capture, compare, "second half beside the first")

    def _start(self, capture: Capture, compare: Callable[[JobContext], list[Anomaly]], against: str) -> JobHandle:
        handle = self._bench.jobs.newest("anomalies", "Looking for anomalies", compare, quiet=False)

        def take(found: list[Anomaly]) -> None:
            if capture is self._bench.capture:
                self._show(found, against, _ABOUT if found else "Nothing is unusual: the two agree within chance.")
                self._bench.say(f"{len(found):,} anomalies")

        handle.succeeded.connect(take)
        handle.failed.connect(self._bench.report)
        return handle

    def _show(self, found: list[Anomaly], against: str, words: str) -> None:
        self._found = found
        self.model.show(found)
        self.against.setText(against)
        self.words.setText(words)
        retitle(self._pane, f"Anomalies · {len(found):,}" if found else "Anomalies")

    def _what(self, anomaly: Anomaly) -> str:
        return MASK if self._bench.masked and not anomaly.is_open else anomaly.what

    def _go(self, index: QModelIndex) -> None:
        """Go to the first message that shows it."""
        anomaly = self.model.row(index)
        if isinstance(anomaly, Anomaly) and anomaly.first is not None:
            self._bench.select_message(anomaly.first)
            self._bench.page_asked.emit("messages")
