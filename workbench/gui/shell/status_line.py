"""The status line: saved or not, what runs and how far, the facts of the selected message, who works here."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QProgressBar

from workbench.fhir.json_tree import FhirDocument
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobHandle
from workbench.gui.marks import Mark
from workbench.gui.widgets.basics import Badge, across, label, tool_button
from workbench.kernel.progress import Progress
from workbench.v2.er7 import Message

SHOW_AFTER_MS = 200
_PER_MILLE = 1000
_LINE_ENDS = {b"\r\n": "CRLF", b"\r": "CR", b"\n": "LF"}


class StatusLine(QFrame):
    def __init__(self, bench: Bench, actor: str) -> None:
        super().__init__()
        self.setObjectName("statusBar")
        self._bench = bench
        self._job: JobHandle | None = None
        self.saved = Badge(bench.theme)
        self.words = label("")
        self.words.setMinimumWidth(1)
        self._what = label("", "muted")
        self._bar = QProgressBar()
        self._bar.setFixedWidth(round(bench.theme.em * 8))
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        self._cancel = tool_button(bench.theme, "x", "Cancel", self.cancel)
        self.facts = label("", "muted")
        line = across(
            self.saved,
            self.words,
            1,
            self._what,
            self._bar,
            self._cancel,
            self.facts,
            label(actor, "muted"),
            spacing=12,
        )
        line.setContentsMargins(14, 3, 14, 3)
        self.setLayout(line)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SHOW_AFTER_MS)
        self._later.timeout.connect(lambda: self._show_job(True))
        self._show_job(False)
        self.show_saved(True)
        bench.said.connect(self.say)
        bench.jobs.started.connect(self._started)
        bench.message_changed.connect(self._tell_facts)
        bench.capture_complete.connect(self._tell_facts)

    def say(self, text: str) -> None:
        """Show a sentence, and have a screen reader speak it without moving the keyboard."""
        self.words.setText(text)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def show_saved(self, clean: bool) -> None:
        if clean:
            self.saved.show_mark(Mark("circle-check", "state.good", "saved"))
        else:
            self.saved.show_mark(Mark("circle-dot", "state.partial", "unsaved changes"))

    def cancel(self) -> None:
        """Stop the job that is shown."""
        if self._job is not None:
            self._bench.say(f"{self._job.title}: cancelled")
            self._job.cancel()
            self._ended(self._job)

    def _started(self, job: JobHandle) -> None:
        if job.quiet:
            return
        self._job = job
        self._bar.setRange(0, 0)
        self._what.setText(job.title)
        self._later.start()
        job.progressed.connect(self._progress)
        job.ended.connect(self._ended)

    def _progress(self, progress: Progress) -> None:
        fraction = progress.fraction
        self._bar.setRange(0, _PER_MILLE if fraction is not None else 0)
        if fraction is not None and self._job is not None:
            self._bar.setValue(round(fraction * _PER_MILLE))
            self._what.setText(f"{self._job.title} {fraction:.0%}")

    def _ended(self, job: JobHandle) -> None:
        if job is self._job:
            self._job = None
            self._later.stop()
            self._show_job(False)

    def _show_job(self, on: bool) -> None:
        for widget in (self._what, self._bar, self._cancel):
            widget.setVisible(on)

    def _tell_facts(self) -> None:
        document, number, capture = self._bench.document, self._bench.number, self._bench.capture
        if document is None or number is None or capture is None:
            self.facts.setText("")
            return
        if isinstance(document, Message):
            ending = next((name for mark, name in _LINE_ENDS.items() if mark in document.raw), "")
            facts = [f"v{document.version}" if document.version else "no version", document.encoding, ending]
        elif isinstance(document, FhirDocument):
            facts = ["FHIR R4", "utf-8"]
        place = f"{number + 1:,} of {len(capture):,}"
        self.facts.setText(" · ".join(part for part in (place, *facts, f"{len(document.raw):,} bytes") if part))
