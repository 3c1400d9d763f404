"""The acknowledgement that an engine owes the sender of the selected message."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from workbench.app.operations.acknowledge import answer_to
from workbench.gui.bench import Bench
from workbench.gui.marks import Mark
from workbench.gui.widgets.basics import Badge, button, down, label, pane
from workbench.gui.widgets.display_text import of_message
from workbench.gui.widgets.span_text import SpanText
from workbench.v2.ack import AckCode
from workbench.v2.er7 import Message, parse

_MARKS = {
    AckCode.ACCEPT: Mark("circle-check", "state.good", "AA – accepted"),
    AckCode.ERROR: Mark("circle-x", "state.bad", "AE – refused for its errors"),
    AckCode.REJECT: Mark("octagon-alert", "state.bad", "AR – rejected, it cannot be processed"),
}
_NOTHING = Mark("circle-dashed", "muted", "no acknowledgement")
_LATER_MS = 60


class AckTab(QWidget):
    """AA, AE or AR with ERR segments, for what the selected message is judged against."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.badge = Badge(bench.theme)
        self.badge.show_mark(_NOTHING)
        self.raw = SpanText(bench.theme, "Acknowledgement")
        self._copy = button("Copy", self.copy)
        about = label(
            "What the engine should answer to the selected message. Each blocking finding is an ERR segment; "
            "suppressions do not change what the sender is told.",
            "muted",
            wrap=True,
        )
        head = QWidget()
        layout = down(about)
        layout.setContentsMargins(12, 8, 12, 8)
        head.setLayout(layout)
        body = QWidget()
        body.setLayout(down(head, self.raw, spacing=0))
        self.setLayout(down(pane("Acknowledgement", body, self.badge, self._copy)))
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER_MS)
        self._later.timeout.connect(self.answer)
        bench.message_changed.connect(self._ask)
        bench.findings_changed.connect(self._ask)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()

    def _ask(self) -> None:
        """Answering costs a validation, so only what somebody looks at is answered."""
        if self.isVisible():
            self._later.start()

    def answer(self) -> None:
        """Work out the answer beside the window."""
        bench = self._bench
        document, against, number = bench.document, bench.against, bench.number
        if not isinstance(document, Message) or document.first("MSA") is not None:
            self._show_none("An acknowledgement is not acknowledged." if isinstance(document, Message) else "")
            return

        def shown(answered: object) -> None:
            if document is bench.document and isinstance(answered, tuple):
                self._show(*answered)

        control_id, now = f"ACK{(number or 0) + 1}", datetime.now().astimezone()
        handle = bench.jobs.newest(
            "acknowledgement", "Answering the message", lambda _ctx: answer_to(document, control_id, now, against)
        )
        handle.succeeded.connect(shown)
        handle.failed.connect(bench.report)

    def _show(self, code: AckCode, raw: bytes) -> None:
        self.badge.show_mark(_MARKS[code])
        message = parse(raw)
        marks = message.delimiters
        separators = marks.field + marks.component + marks.repetition + marks.subcomponent
        self.raw.show_er7(of_message(message, self._bench.masked), separators, marks.escape)
        self._copy.setEnabled(True)

    def _show_none(self, why: str) -> None:
        self.badge.show_mark(_NOTHING)
        self.raw.clear_text()
        self.raw.setPlainText(why or "Select an HL7 v2 message; only those are acknowledged.")
        self._copy.setEnabled(False)

    def copy(self) -> None:
        QApplication.clipboard().setText(self.raw.toPlainText())
        self._bench.say("Copied the acknowledgement")
