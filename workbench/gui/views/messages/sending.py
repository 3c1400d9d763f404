"""The sender: which messages go where and how fast, and the acknowledgement of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFormLayout, QLineEdit, QPlainTextEdit, QSplitter, QWidget

from workbench.app.operations.exchange import send_messages
from workbench.app.session import Session
from workbench.exchange.sender import Destination, Outcome, Sent
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.jobs import JobHandle
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.views.messages.tls_fields import TlsFields
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.gui.widgets.number_box import decimal_number, whole_number
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture

_SETTING = "live.sender"
_OUTCOMES = {
    Outcome.ACCEPTED: Mark("circle-check", "state.good", "accepted"),
    Outcome.REFUSED: Mark("circle-x", "state.bad", "refused"),
    Outcome.UNANSWERED: Mark("circle-dashed", "state.partial", "unanswered"),
    Outcome.DISCONNECTED: Mark("ban", "state.bad", "disconnected"),
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


class SenderDialog(QDialog):
    """Sends the selected messages, or those of the list.

    chosen, listed  the numbers of the messages selected in the list, and of all that it shows
    """

    def __init__(
        self,
        bench: Bench,
        session: Session,
        chosen: Callable[[], Sequence[int]],
        listed: Callable[[], Sequence[int]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Send messages (MLLP)")
        self._bench, self._session, self._chosen, self._listed = bench, session, chosen, listed
        self._sent: list[Sent] = []
        self.handle: JobHandle | None = None
        self.which = QComboBox()
        self.which.setAccessibleName("Which messages")
        self.which.addItems(["Selected messages", "Messages of the list"])
        self.host = QLineEdit("127.0.0.1")
        self.host.setAccessibleName("Host")
        self.port = whole_number("Port", 1, 65535, 2575)
        self.rate = decimal_number("Messages a second, 0 as fast as they are answered", 0.0, 10_000.0, 0.0)
        self.rate.setSpecialValueText("as fast as answered")
        self.retries = whole_number("Further attempts", 0, 100, 2)
        self.timeout = decimal_number("Seconds to wait for an answer", 0.1, 600.0, 10.0)
        self.timeout.setSuffix(" s")
        self.production = QCheckBox("Allow messages marked for production (MSH-11 = P)")
        self.tls = TlsFields(bench.theme, listener=False)
        self.words = label("", wrap=True)
        self.start_button = button("Send", self.start, primary=True)
        self.stop_button = button("Stop", self.stop)
        self.stop_button.setEnabled(False)
        self._place()
        self._restore(session.setting(_SETTING))

    def _place(self) -> None:
        theme = self._bench.theme
        self.model = RowsModel(theme, _SENT, self)
        self.view = table(theme, self.model, "Messages sent and their answers", _SENT)
        self.view.horizontalHeader().setStretchLastSection(False)
        self.view.selectionModel().currentRowChanged.connect(lambda _now, _before: self._show_answer())
        self.answer = QPlainTextEdit()
        self.answer.setReadOnly(True)
        self.answer.setAccessibleName("Acknowledgement of the chosen message")
        self.answer.setPlaceholderText("Choose a message above to see its acknowledgement.")
        self.answer.setFont(theme.mono())
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.view)
        both.addWidget(self.answer)
        both.setSizes([300, 90])
        form = QFormLayout()
        form.addRow("Send", self.which)
        form.addRow("To", across(self.host, label("port"), self.port))
        form.addRow("", self.tls)
        form.addRow("Messages a second", across(self.rate, label("retries"), self.retries, label("wait"), self.timeout))
        form.addRow("", self.production)
        foot = across(1, button("Close", self.close), self.stop_button, self.start_button)
        layout = down(form, self.words, both, foot, margins=16, spacing=12)
        layout.setStretchFactor(both, 1)
        self.setLayout(layout)
        em = theme.em
        self.resize(round(em * 46), round(em * 40))

    def start(self) -> None:
        """Send beside the window; answers are shown as they come."""
        capture = self._bench.capture
        numbers = self._chosen() if self.which.currentIndex() == 0 else self._listed()
        if capture is None or not numbers:
            self.words.setText("No message is selected.")
            return
        try:
            tls = self.tls.context()
        except Refused as refusal:
            self._refuse(refusal)
            return
        destination = Destination(
            host=self.host.text().strip(),
            port=int(self.port.value()),
            timeout_s=self.timeout.value(),
            retries=int(self.retries.value()),
            rate=self.rate.value(),
            tls=tls,
            allow_production=self.production.isChecked(),
        )
        self._sent = []
        self._remember()
        self._send(capture, destination, numbers, self._sent)

    def _send(self, capture: Capture, destination: Destination, numbers: Sequence[int], sent: list[Sent]) -> None:
        session = self._session

        def work(ctx: JobContext) -> None:
            session.record("messages.send", "address", f"{destination.host}:{destination.port}")
            sent.extend(send_messages(capture, destination, ctx, numbers))

        handle = self._bench.jobs.start("Sending messages", work, waits=True)
        handle.progressed.connect(lambda _progress: self._tell())
        handle.failed.connect(self._refuse)
        handle.ended.connect(lambda ended: self._ended(capture, ended))
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

    def _show_answer(self) -> None:
        row = self.model.row(self.view.currentIndex())
        text = row.acknowledgement.decode("utf-8", "replace") if isinstance(row, Sent) else ""
        self.answer.setPlainText(text.replace("\r", "\n"))

    def _refuse(self, problem: BaseException) -> None:
        self._tell()
        self.words.setText(" ".join(filter(None, (self.words.text(), *sentence_of(problem)))))

    def _ended(self, capture: Capture, handle: JobHandle) -> None:
        self.start_button.setEnabled(True)
        self.stop_button.setEnabled(False)
        self.handle = None
        if not handle.problem:
            self._tell()
        if capture is self._bench.capture:
            self._bench.take_answers({sent.number: sent.code or sent.outcome.value for sent in self._sent})

    def _remember(self) -> None:
        state = {"host": self.host.text(), "port": int(self.port.value()), "rate": self.rate.value()}
        times = {"retries": int(self.retries.value()), "timeout": self.timeout.value()}
        self._session.set_setting(_SETTING, state | times | {"tls": self.tls.state()})

    def _restore(self, state: object) -> None:
        """All but the leave to send production messages, which is given each time."""
        if isinstance(state, dict):
            self.host.setText(str(state.get("host", "127.0.0.1")))
            boxes = {"port": self.port, "rate": self.rate, "retries": self.retries, "timeout": self.timeout}
            for name, box in boxes.items():
                box.setValue(float(state.get(name, box.value())))
            self.tls.restore(state.get("tls"))
