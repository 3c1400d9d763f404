"""The listener: where it listens, how it answers, and what the workspace has received."""

from __future__ import annotations

from contextlib import ExitStack

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDialog, QFormLayout, QLineEdit, QMessageBox, QWidget

from workbench.app.operations.exchange import Reception, receiving
from workbench.app.operations.received import ReceivedFile, SealedStore, delete_received, received_files
from workbench.app.session import Session
from workbench.exchange.listener import ListenerSettings
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.views.messages.answer_rules import AnswerRules
from workbench.gui.views.messages.tls_fields import TlsFields
from workbench.gui.widgets.basics import Badge, across, button, down, label, table
from workbench.gui.widgets.number_box import whole_number
from workbench.kernel.errors import Refused, WorkbenchError
from workbench.kernel.progress import JobContext

LOOK_MS = 250
_SETTING = "live.listener"
_LISTENING = Mark("activity", "state.good", "Listening")
_IDLE = Mark("circle-dashed", "state.idle", "Not listening")
_RECEIVED = (
    Column("Began", lambda file: f"{file.began.astimezone():%Y-%m-%d %H:%M:%S}", 11, key=lambda file: file.began),
    Column("Size", lambda file: f"{file.size / 1024:,.0f} kB", 6, key=lambda file: file.size, right=True),
)


class ListenerDialog(QDialog):
    """Starts and stops one listener; it goes on while the dialog is closed and ends with the window."""

    def __init__(self, bench: Bench, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Receive messages (MLLP)")
        self._bench, self._session = bench, session
        self._running: tuple[ExitStack, Reception] | None = None
        self._told = 0
        self.host = QLineEdit("127.0.0.1")
        self.host.setAccessibleName("Address to listen on")
        self.host.setToolTip("127.0.0.1 takes messages from this machine only, 0.0.0.0 from everywhere")
        self.port = whole_number("Port", 0, 65535, 2575)
        self.port.setToolTip("0 takes a free one")
        self.answers = AnswerRules(bench.theme)
        self.tls = TlsFields(bench.theme, listener=True)
        self.state = Badge(bench.theme)
        self.words = label("", "muted", wrap=True)
        self.start_button = button("Start", self.start, primary=True)
        self.stop_button = button("Stop", self.stop)
        self.open_button = button("Open", self.open_received, tip="Open the chosen capture as messages")
        self.delete_button = button("Delete…", self.ask_and_delete, tip="Remove the chosen capture for good")
        self._place()
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._tell)
        self._restore(session.setting(_SETTING))
        self._show_received()
        self._tell()

    def _place(self) -> None:
        form = QFormLayout()
        form.addRow("Listen on", across(self.host, label("port"), self.port))
        form.addRow("Answer", self.answers)
        form.addRow("", self.tls)
        about = "Each message is encrypted in the workspace and on the disk before it is answered."
        theme = self._bench.theme
        self.received = RowsModel(theme, _RECEIVED, self)
        self.none = label("nothing yet: start the listener, then send to its port", "muted")
        self.view = table(theme, self.received, "Received captures", _RECEIVED)
        self.view.setMinimumHeight(round(theme.em * 6))
        self.view.activated.connect(lambda _index: self.open_received())
        self.view.selectionModel().selectionChanged.connect(lambda _now, _before: self._tell())
        line = across(self.state, self.words, self.stop_button, self.start_button, spacing=12)
        line.setStretch(1, 1)
        self.setLayout(
            down(
                label(about, "muted", wrap=True),
                form,
                line,
                across(label("Received", "heading"), self.none, 1, spacing=12),
                self.view,
                across(self.open_button, self.delete_button, 1, button("Close", self.close)),
                margins=16,
                spacing=12,
            )
        )
        em = theme.em
        self.resize(round(em * 46), round(em * 32))

    def start(self) -> None:
        """Begin to listen beside the window."""
        session = self._session
        try:
            settings = ListenerSettings(
                host=self.host.text().strip(),
                port=int(self.port.value()),
                answer=self.answers.default.chosen,
                delay_s=self.answers.default.delay.value(),
                tls=self.tls.context(),
                rules=self.answers.rules(),
            )
        except Refused as refusal:
            self._refuse(refusal)
            return
        self._remember()

        def work(ctx: JobContext) -> tuple[ExitStack, Reception]:
            with ExitStack() as stack:
                reception = stack.enter_context(receiving(settings, SealedStore(session)))
                session.record("messages.receive", "address", f"{settings.host}:{reception.port}")
                return stack.pop_all(), reception

        self.words.setText("")
        self.start_button.setEnabled(False)
        handle = self._bench.jobs.start("Starting the listener", work, quiet=True)
        handle.succeeded.connect(self._started)
        handle.failed.connect(self._refuse)

    def _started(self, running: tuple[ExitStack, Reception]) -> None:
        self._running = running
        self._look.start()
        self._show_received()
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
            handle.ended.connect(lambda _handle: self._show_received())
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

    @property
    def chosen(self) -> ReceivedFile | None:
        """The capture that is selected."""
        row = self.received.row(self.view.currentIndex())
        return row if isinstance(row, ReceivedFile) else None

    def open_received(self) -> None:
        """Open the chosen capture; one that is still growing as far as it goes."""
        if self.chosen is not None:
            self._bench.open_paths([self.chosen.path])

    def ask_and_delete(self) -> None:
        file = self.chosen
        if file is None:
            return
        question = f"The messages received from {file.began.astimezone():%Y-%m-%d %H:%M} on are deleted for good."
        if QMessageBox.question(self, "Delete received messages", question) is QMessageBox.StandardButton.Yes:
            self.delete(file)

    def delete(self, file: ReceivedFile) -> None:
        """Remove a received capture."""
        try:
            delete_received(self._session, file)
        except WorkbenchError as problem:
            self._refuse(problem)
        self._show_received()

    def _show_received(self) -> None:
        row = max(self.view.currentIndex().row(), 0)
        self.received.show(received_files(self._session))
        self.none.setVisible(not self.received.rows)
        if self.received.rows:
            self.view.selectRow(min(row, len(self.received.rows) - 1))

    def _tell(self) -> None:
        reception = self.reception
        self.state.show_mark(_LISTENING if reception else _IDLE)
        self.start_button.setEnabled(reception is None)
        self.stop_button.setEnabled(reception is not None)
        if reception is not None:
            if reception.received != self._told:
                self._told = reception.received
                self._show_received()
            failed = reception.failed_handshakes
            said = [f"Port {reception.port}: {reception.received:,} messages kept"]
            if failed:
                said.append(f"{failed:,} connections ended because TLS did not come about")
            self.words.setText("; ".join(said))
        file = self.chosen
        self.open_button.setEnabled(file is not None)
        in_use = reception is not None and file is not None and file.path == reception.path
        self.delete_button.setEnabled(file is not None and not in_use)

    def _remember(self) -> None:
        state = {"host": self.host.text(), "port": int(self.port.value()), "answers": self.answers.state()}
        self._session.set_setting(_SETTING, state | {"tls": self.tls.state()})

    def _restore(self, state: object) -> None:
        if isinstance(state, dict):
            self.host.setText(str(state.get("host", "127.0.0.1")))
            self.port.setValue(int(state.get("port", 2575)))
            self.answers.restore(state.get("answers"))
            self.tls.restore(state.get("tls"))
