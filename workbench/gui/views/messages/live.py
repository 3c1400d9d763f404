"""Live messages: a listener that keeps what arrives, and a sender that pairs each message with its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFormLayout, QLineEdit, QWidget

from workbench.app.operations.exchange import Reception, receiving, send_messages
from workbench.app.session import Session
from workbench.exchange.listener import Answer, ListenerSettings
from workbench.exchange.sender import Destination, Outcome, Sent
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.jobs import JobHandle
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import Badge, across, button, down, label, table
from workbench.gui.widgets.number_box import decimal_number, whole_number
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture

LOOK_MS = 250
_LISTENING = Mark("activity", "state.good", "Listening")
_IDLE = Mark("circle-dashed", "state.idle", "Not listening")
_ANSWERS = {
    "Accept (AA)": Answer.ACCEPT,
    "Error (AE)": Answer.ERROR,
    "Reject (AR)": Answer.REJECT,
    "No answer": Answer.SILENCE,
}
_OUTCOMES = {
    Outcome.ACCEPTED: Mark("circle-check", "state.good", "accepted"),
    Outcome.REFUSED: Mark("circle-x", "state.bad", "refused"),
    Outcome.UNANSWERED: Mark("circle-dashed", "state.partial", "unanswered"),
    Outcome.MISMATCHED: Mark("triangle-alert", "severity.warning", "mismatched"),
}
_SENT = (
    Column("Message", lambda sent: f"{sent.number + 1:,}", 6, key=lambda sent: sent.number, right=True),
    Column("Control id", lambda sent: sent.control_id, 10, mono=True),
    Column("Outcome", lambda sent: sent.outcome.value, 8, mark=lambda sent: _OUTCOMES[sent.outcome]),
    Column("Answer", lambda sent: sent.code, 5, mono=True),
    Column("Attempts", lambda sent: str(sent.attempts), 6, key=lambda sent: sent.attempts, right=True),
    Column("After", lambda sent: f"{sent.latency_s * 1000:,.0f} ms", 6, key=lambda sent: sent.latency_s, right=True),
)


class ListenerDialog(QDialog):
    """Starts and stops one listener; it goes on while the dialog is closed and ends with the window."""

    def __init__(self, bench: Bench, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Receive messages (MLLP)")
        self._bench = bench
        self._folder = session.workspace.folder / "received"
        self._running: tuple[ExitStack, Reception] | None = None
        self.port = whole_number("Port", 0, 65535, 2575)
        self.answer = QComboBox()
        self.answer.setAccessibleName("Answer")
        self.answer.addItems(list(_ANSWERS))
        self.delay = decimal_number("Delay before each answer", 0.0, 600.0, 0.0)
        self.state = Badge(bench.theme)
        self.words = label("", "muted", wrap=True)
        self.start_button = button("Start", self.start, primary=True)
        self.stop_button = button("Stop", self.stop)
        self.open_button = button("Open what was received", self.open_received)
        form = QFormLayout()
        form.addRow("Port (this machine only)", self.port)
        form.addRow("Answer", self.answer)
        form.addRow("Delay", self.delay)
        about = "Each message is on the disk before it is answered. Port 0 takes a free one."
        self.setLayout(
            down(
                label(about, "muted", wrap=True),
                form,
                self.state,
                self.words,
                1,
                across(self.open_button, 1, button("Close", self.close), self.stop_button, self.start_button),
                margins=16,
                spacing=12,
            )
        )
        self.setMinimumWidth(round(bench.theme.em * 34))
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._tell)
        self._tell()

    def start(self) -> None:
        """Begin to listen beside the window."""
        settings = ListenerSettings(
            port=int(self.port.value()), answer=_ANSWERS[self.answer.currentText()], delay_s=self.delay.value()
        )
        folder = self._folder

        def work(ctx: JobContext) -> tuple[ExitStack, Reception]:
            folder.mkdir(parents=True, exist_ok=True)
            stack = ExitStack()
            return stack, stack.enter_context(receiving(settings, folder))

        self.start_button.setEnabled(False)
        handle = self._bench.jobs.start("Starting the listener", work, quiet=True)
        handle.succeeded.connect(self._started)
        handle.failed.connect(self._refuse)

    def _started(self, running: tuple[ExitStack, Reception]) -> None:
        self._running = running
        self._look.start()
        self._tell()

    def _refuse(self, problem: BaseException) -> None:
        self._tell()
        self.words.setText(" ".join(sentence_of(problem)))

    def stop(self) -> None:
        """Close all connections and the file; what arrived stays."""
        if self._running is not None:
            self._look.stop()
            stack, self._running = self._running[0], None
            handle = self._bench.jobs.start("Stopping the listener", lambda ctx: stack.close(), quiet=True)
            handle.failed.connect(self._bench.report)
            self._tell()

    def end(self) -> None:
        """Stop at once, for the end of the window."""
        if self._running is not None:
            self._look.stop()
            self._running[0].close()
            self._running = None

    @property
    def reception(self) -> Reception | None:
        """The listener at work."""
        return self._running[1] if self._running is not None else None

    def open_received(self) -> None:
        files = sorted(self._folder.glob("*.mllp"))
        if files:
            self._bench.open_paths([files[-1]])

    def _tell(self) -> None:
        reception = self.reception
        self.state.show_mark(_LISTENING if reception else _IDLE)
        self.start_button.setEnabled(reception is None)
        self.stop_button.setEnabled(reception is not None)
        if reception is not None:
            self.words.setText(f"Port {reception.port}: {reception.received:,} messages kept in {reception.path.name}")
        self.open_button.setEnabled(self._folder.is_dir() and any(self._folder.glob("*.mllp")))


class SenderDialog(QDialog):
    """Sends the selected message, those of the list, or all.

    listed  the message numbers of the list as it stands
    """

    def __init__(self, bench: Bench, listed: Callable[[], Sequence[int]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Send messages (MLLP)")
        self._bench, self._listed = bench, listed
        self._sent: list[Sent] = []
        self.handle: JobHandle | None = None
        self.which = QComboBox()
        self.which.setAccessibleName("Which messages")
        self.which.addItems(["Selected message", "Messages of the list"])
        self.host = QLineEdit("127.0.0.1")
        self.host.setAccessibleName("Host")
        self.port = whole_number("Port", 1, 65535, 2575)
        self.rate = decimal_number("Messages a second, 0 as fast as they are answered", 0.0, 10_000.0, 0.0)
        self.retries = whole_number("Further attempts", 0, 100, 2)
        self.timeout = decimal_number("Seconds to wait for an answer", 0.1, 600.0, 10.0)
        self.production = QCheckBox("Allow messages marked for production (MSH-11 = P)")
        self.words = label("", wrap=True)
        self.model = RowsModel(bench.theme, _SENT, self)
        self.view = table(bench.theme, self.model, "Messages sent and their answers", _SENT)
        self.view.horizontalHeader().setStretchLastSection(False)
        self.start_button = button("Send", self.start, primary=True)
        self.stop_button = button("Stop", self.stop)
        self.stop_button.setEnabled(False)
        form = QFormLayout()
        form.addRow("Send", self.which)
        form.addRow("To", across(self.host, label("port"), self.port))
        form.addRow("Messages a second", across(self.rate, label("retries"), self.retries, label("wait"), self.timeout))
        form.addRow("", self.production)
        foot = across(1, button("Close", self.close), self.stop_button, self.start_button)
        self.setLayout(down(form, self.words, self.view, foot, margins=16, spacing=12))
        em = bench.theme.em
        self.resize(round(em * 46), round(em * 36))

    def start(self) -> None:
        """Send beside the window; answers are shown as they come."""
        capture = self._bench.capture
        numbers = [self._bench.number] if self.which.currentIndex() == 0 else self._listed()
        if capture is None or None in numbers or not numbers:
            self.words.setText("No message is selected.")
            return
        destination = Destination(
            host=self.host.text().strip(),
            port=int(self.port.value()),
            timeout_s=self.timeout.value(),
            retries=int(self.retries.value()),
            rate=self.rate.value(),
            allow_production=self.production.isChecked(),
        )
        self._sent = []
        self._send(capture, destination, [number for number in numbers if number is not None], self._sent)

    def _send(self, capture: Capture, destination: Destination, numbers: Sequence[int], sent: list[Sent]) -> None:
        def work(ctx: JobContext) -> None:
            sent.extend(send_messages(capture, destination, ctx, numbers))

        handle = self._bench.jobs.start("Sending messages", work)
        handle.progressed.connect(lambda _progress: self._tell())
        handle.failed.connect(self._refuse)
        handle.ended.connect(self._ended)
        self.handle = handle
        self.start_button.setEnabled(False)
        self.stop_button.setEnabled(True)
        self.words.setText(f"Sending {len(numbers):,} messages…")

    def stop(self) -> None:
        """Stop after the message that is under way."""
        if self.handle is not None:
            self.handle.cancel()

    def _tell(self) -> None:
        sent = list(self._sent)
        counts = Counter(each.outcome for each in sent)
        self.model.show(sent)
        told = ", ".join(f"{count:,} {outcome.value}" for outcome, count in counts.items())
        self.words.setText(f"{len(sent):,} sent: {told}" if sent else "Nothing was sent.")

    def _refuse(self, problem: BaseException) -> None:
        self._tell()
        self.words.setText(" ".join(filter(None, (self.words.text(), *sentence_of(problem)))))

    def _ended(self, handle: JobHandle) -> None:
        self.start_button.setEnabled(True)
        self.stop_button.setEnabled(False)
        self.handle = None
        if not handle.problem:
            self._tell()
