"""A FHIR server: read, search and post, with what it answers as a tree and what it remarks as a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from workbench.app.operations.fhir_server import (
    Posted,
    place_of,
    post_messages,
    resources_of,
    search_parameters,
)
from workbench.app.operations.received import keep_lines
from workbench.app.operations.sync import plan_for_server, post_updates
from workbench.app.session import Session, standard_package_folder
from workbench.exchange.fhir_rest import (
    FhirClient,
    FhirServer,
    RequestRefused,
    TokenSource,
    forget_token,
    remember_token,
    stored_token,
)
from workbench.exchange.tls import client_context
from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.models.rows import RowsModel
from workbench.gui.views.messages.record_changes import POSTED, as_planned, planned_words, posted_words
from workbench.gui.views.messages.server_answer import ServerAnswer
from workbench.gui.views.messages.tls_fields import authorities_line
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.kernel.errors import Refused, WorkbenchError
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.records.updates.plan import UpdatePlan
from workbench.security.key_store import KeyStore, system_key_store

_SETTING = "fhir.server"
Answered = tuple[Sequence[FhirDocument], Sequence[Issue], Sequence[Posted]]


class Request(StrEnum):
    """What can be asked of a server."""

    CAPABILITY = "What the server can do"
    READ = "Read a resource"
    SEARCH = "Search"
    POST = "Post messages"
    UPDATE = "Update the record with messages"


class FhirServerDialog(QDialog):
    """One server, and one request at a time.

    chosen, listed  the numbers of the messages selected in the list, and of all that it shows
    """

    def __init__(
        self,
        bench: Bench,
        session: Session,
        chosen: Callable[[], Sequence[int]],
        listed: Callable[[], Sequence[int]],
        parent: QWidget | None = None,
        key_store: Callable[[], KeyStore] = system_key_store,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("FHIR server")
        self._bench, self._session, self._key_store = bench, session, key_store
        self._chosen, self._listed = chosen, listed
        self._posting_now: list[Posted] = []
        self._planned: list[Posted] = []
        self._is_planning = False
        self.base = _line("Base URL", "https://fhir.example.org/r4")
        self.token = _line("Bearer token", "empty: the one that is kept for this server, if there is one")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.keep = QCheckBox("Keep the token in the key store of the system")
        self.authorities = authorities_line(bench.theme)
        self.request = QComboBox()
        self.request.setAccessibleName("Request")
        self.request.addItems([each.value for each in Request])
        self.words = label("", wrap=True)
        self.ask_button = button("Ask", self.ask, primary=True)
        tip = "Send what the plan shows; a message whose plan is another by then stays here"
        self.send_button = button("Send as planned", self.send, primary=True, tip=tip)
        self.send_button.setVisible(False)
        self.stop_button = button("Stop", lambda: bench.jobs.drop("fhir server"))
        self.stop_button.setEnabled(False)
        tip = "Keep the resources of the answer encrypted in the workspace and open them as messages"
        self.open_button = button("Open as messages", self.open_answer, tip=tip)
        self.open_button.setEnabled(False)
        self._place_requests()
        self._place_results()
        self._place()
        self._restore(session.setting(_SETTING))

    def _place_requests(self) -> None:
        self.place = _line("Resource", "Patient/p1, or Patient/p1/_history/2")
        self.type = _line("Type", "Patient")
        self.parameters = _line("Parameters", "family=Roe&birthdate=ge2000")
        self.in_address = QCheckBox("in the address")
        self.in_address.setToolTip("For servers that take no posted searches; addresses are written down on the way")
        self.which = QComboBox()
        self.which.setAccessibleName("Which messages")
        self.which.addItems(["Selected messages", "Messages of the list"])
        self.which.setToolTip("FHIR goes as it is; v2 messages go as the transaction that the open mapping makes")
        self.production = QCheckBox("Allow messages marked for production (MSH-11 = P)")
        self.options = QStackedWidget()
        search = across(self.type, self.parameters, self.in_address)
        search.setStretch(1, 1)
        for line in (across(label("", "muted")), across(self.place), search, across(self.which, self.production, 1)):
            page = QWidget()
            page.setLayout(line)
            self.options.addWidget(page)
        self.request.currentIndexChanged.connect(self._show_request)
        self.which.currentIndexChanged.connect(lambda _at: self._forget_plan())
        self.production.toggled.connect(lambda _on: self._forget_plan())
        self.base.textEdited.connect(lambda _text: self._forget_plan())
        self.options.setMaximumHeight(round(self._bench.theme.em * 2.4))

    def _place_results(self) -> None:
        theme = self._bench.theme
        self.posted = RowsModel(theme, POSTED, self)
        self.posted_view = table(theme, self.posted, "Messages posted", POSTED)
        self.posted_view.selectionModel().currentRowChanged.connect(lambda _now, _before: self._show_posted())
        self.results = ServerAnswer(self._bench)
        self.page, self.model, self.issues = self.results.page, self.results.model, self.results.issues

    def _place(self) -> None:
        form = QFormLayout()
        form.addRow("Server", self.base)
        form.addRow("Token", across(self.token, self.keep, button("Forget", self.forget, tip="Remove the kept token")))
        form.addRow("Trust", self.authorities)
        form.addRow("Request", across(self.request, 1))
        form.addRow("", self.options)
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.posted_view)
        both.addWidget(self.results)
        self.posted_view.setVisible(False)
        foot = across(
            self.open_button, 1, button("Close", self.close), self.stop_button, self.ask_button, self.send_button
        )
        layout = down(form, self.words, both, foot, margins=16, spacing=12)
        layout.setStretchFactor(both, 1)
        self.setLayout(layout)
        em = self._bench.theme.em
        self.resize(round(em * 54), round(em * 42))

    def _show_request(self, at: int) -> None:
        """The fields of the request that was chosen; both that take messages have the same."""
        self.options.setCurrentIndex(min(at, self.options.count() - 1))
        self.ask_button.setText("Show plan" if Request(self.request.currentText()) is Request.UPDATE else "Ask")
        self._forget_plan()

    def _forget_plan(self) -> None:
        self._planned = []
        self._offer_sending(False)

    def ask(self) -> None:
        """Send the request beside the window; of an update, only the plan is worked out."""
        self._forget_plan()
        self._start(Request(self.request.currentText()))

    def send(self) -> None:
        """Send the update whose plan is shown."""
        self._start(Request.UPDATE, self._planned)

    def _start(self, request: Request, planned: Sequence[Posted] = ()) -> None:
        try:
            context = client_context(self.authorities.chosen) if self.authorities.chosen else None
            server = FhirServer(self.base.text().strip(), context)
            work = self._work(request, server, self._token_source(server), planned)
        except WorkbenchError as problem:
            self._refuse(problem)
            return
        self._is_planning = request is Request.UPDATE and not planned
        self._offer_sending(False)
        self._session.set_setting(_SETTING, {"base": self.base.text(), "authorities": self.authorities.text()})
        self.words.setText("")
        if request not in (Request.POST, Request.UPDATE):
            self._posting_now = []
        self._show((), ())
        handle = self._bench.jobs.newest(
            "fhir server", f"FHIR server: {self.request.currentText()}", work, quiet=False, waits=True
        )
        handle.progressed.connect(lambda _progress: self._show_posting())
        handle.succeeded.connect(self._take)
        handle.failed.connect(self._refuse)
        handle.ended.connect(lambda _handle: self._working(False))
        self._working(True)

    def _work(
        self, request: Request, server: FhirServer, token: TokenSource | None, planned: Sequence[Posted]
    ) -> Callable[[JobContext], Answered]:
        """The request as a job; raises Refused when it cannot be one."""
        match request:
            case Request.CAPABILITY:
                return lambda ctx: _reading(server, token, lambda client: [client.capability(ctx)])
            case Request.READ:
                kind, identity, version = place_of(self.place.text())
                return lambda ctx: _reading(
                    server, token, lambda client: _only(client.read(kind, identity, version, ctx).document)
                )
            case Request.SEARCH:
                kind, in_address = self.type.text().strip(), self.in_address.isChecked()
                parameters = search_parameters(self.parameters.text())
                return lambda ctx: _reading(
                    server, token, lambda client: list(client.search(kind, parameters, ctx, in_address=in_address))
                )
            case Request.POST | Request.UPDATE:
                return self._posting(server, token, request, planned)

    def _posting(
        self, server: FhirServer, token: TokenSource | None, request: Request, planned: Sequence[Posted]
    ) -> Callable[[JobContext], Answered]:
        """Messages to the server as they are, as an update that was planned, or only the plan of one."""
        capture, session = self._bench.capture, self._session
        chosen = self._chosen() if self.which.currentIndex() == 0 else self._listed()
        if capture is None or not chosen:
            raise Refused("GUI-0042", "No message is selected.", "Open a capture and select a message.")
        package = session.package or standard_package_folder()
        allowed = self.production.isChecked()

        posted: list[Posted] = []
        self._posting_now = posted

        def work(ctx: JobContext) -> Answered:
            asks = request is Request.UPDATE and not planned
            session.record("fhir.plan" if asks else "fhir.post", "address", server.base_url)
            with FhirClient(server, token) as client:
                if request is Request.POST:
                    posted.extend(post_messages(capture, client, ctx, chosen, package, allowed))
                elif asks:
                    posted.extend(map(as_planned, plan_for_server(capture, client, ctx, package, chosen, allowed)))
                else:
                    plans = {each.number: each.plan for each in planned if each.plan is not None}
                    numbers = [each.number for each in planned]
                    posted.extend(post_updates(capture, client, ctx, package, numbers, allowed, plans))
            return (), (), posted

        return work

    def _token_source(self, server: FhirServer) -> TokenSource | None:
        """What was typed, or else what is kept; raises Unavailable SEC-0004 when it is to be kept and cannot be."""
        typed = self.token.text().strip()
        if typed:
            if self.keep.isChecked():
                remember_token(self._key_store(), server, typed)
            return lambda: typed
        try:
            return stored_token(self._key_store(), server)
        except WorkbenchError:
            return None  # without a key store none is kept; servers that want one will say so

    def forget(self) -> None:
        """Remove the token that is kept for this server."""
        try:
            forget_token(self._key_store(), FhirServer(self.base.text().strip()))
        except WorkbenchError as problem:
            self._refuse(problem)
        else:
            self.token.clear()
            self.words.setText("No token is kept for this server any more.")

    def _take(self, answered: Answered) -> None:
        documents, issues, posted = answered
        self.posted.show(posted)
        self.posted_view.setVisible(bool(posted))
        if posted:
            self._tell_posted(posted)
            self.posted_view.selectRow(0)
            if self._is_planning:
                self._offer(posted)
            return
        found = sum(_entries(page) for page in documents)
        self.words.setText(f"{found:,} resources" if found else "Answered.")
        self._show(documents, issues)

    def _offer(self, planned: Sequence[Posted]) -> None:
        """Let a plan that changes something be sent."""
        self._planned = list(planned)
        self._offer_sending(any(each.plan is not None and each.plan.writes for each in planned))

    def _offer_sending(self, on: bool) -> None:
        """Only one button is the next step: asking, or sending what was planned."""
        self.send_button.setVisible(on)
        self.ask_button.setProperty("primary", not on)
        self.ask_button.style().unpolish(self.ask_button)
        self.ask_button.style().polish(self.ask_button)

    def _show_posting(self) -> None:
        """What was posted so far."""
        if self._posting_now:
            posted = list(self._posting_now)
            self.posted.show(posted)
            self.posted_view.setVisible(True)
            self._tell_posted(posted)

    def _tell_posted(self, posted: Sequence[Posted]) -> None:
        self.words.setText((planned_words if self._is_planning else posted_words)(posted))

    def _show(self, documents: Sequence[FhirDocument], issues: Sequence[Issue], plan: UpdatePlan | None = None) -> None:
        self.results.show_answer(documents, issues, plan)
        self.open_button.setEnabled(any(map(_entries, documents)))

    def open_answer(self) -> None:
        """Keep what was read in the workspace and open it as a capture."""
        pages, session = list(self.results.documents), self._session

        def keep(ctx: JobContext) -> Path:
            return keep_lines(session, (dumps(resource) for resource in resources_of(pages)))

        handle = self._bench.jobs.start("Keeping the answer", keep, quiet=True, writes=True)
        handle.succeeded.connect(lambda path: self._bench.open_paths([path]))
        handle.failed.connect(self._refuse)

    def _show_posted(self) -> None:
        row = self.posted.row(self.posted_view.currentIndex())
        if isinstance(row, Posted):
            self._show(_only(row.document), row.issues, row.plan)

    def _refuse(self, problem: BaseException) -> None:
        self.words.setText(" ".join(sentence_of(problem)))
        self.posted_view.setVisible(bool(self._posting_now))
        self._show((), problem.issues if isinstance(problem, RequestRefused) else ())

    def _working(self, on: bool) -> None:
        self.ask_button.setEnabled(not on)
        self.stop_button.setEnabled(on)

    def _restore(self, state: object) -> None:
        if isinstance(state, dict):
            self.base.setText(str(state.get("base", "")))
            self.authorities.setText(str(state.get("authorities", "")))


def _reading(
    server: FhirServer, token: TokenSource | None, ask: Callable[[FhirClient], Sequence[FhirDocument]]
) -> Answered:
    with FhirClient(server, token) as client:
        return ask(client), (), ()


def _only(document: FhirDocument | None) -> list[FhirDocument]:
    return [] if document is None else [document]


def _entries(document: FhirDocument) -> int:
    entries = document.value.get("entry")
    return len(entries) if isinstance(entries, list) else int(document.resource_type != "Bundle")


def _line(name: str, hint: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    return made
