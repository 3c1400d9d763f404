"""The FHIR server dialog: reading, searching and posting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.exchange.record_served import ServedRecord, serving_a_record
from tests.exchange.served import Served, serving
from tests.gui.gui_samples import settled
from workbench.gui.main_window import MainWindow
from workbench.gui.views.messages.fhir_server import FhirServerDialog, Request
from workbench.gui.views.messages.page import MessagesPage
from workbench.kernel.errors import Unavailable
from workbench.kernel.issues import MASK

PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Roe"}]}
WRONG = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid", "diagnostics": "Roe"}]}


class MemoryStore:
    """A key store that forgets everything at the end of a test."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def recall(self, workspace_id: str) -> bytes | None:
        return self.kept.get(workspace_id)

    def remember(self, workspace_id: str, key: bytes) -> None:
        self.kept[workspace_id] = key

    def forget(self, workspace_id: str) -> None:
        self.kept.pop(workspace_id, None)


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def dialog(
    qtbot: QtBot, window: MainWindow, capture_file: Path, served: Served, store: MemoryStore
) -> Iterator[FhirServerDialog]:
    window.open_paths([capture_file])
    settled(qtbot, window)
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    window.actions_by_id["messages.fhir_server"].trigger()
    made = page.tools.dialogs["fhir server"]
    assert isinstance(made, FhirServerDialog)
    made._key_store = lambda: store
    made.base.setText(served.base)
    yield made
    made.close()


def _ask(qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog, request: Request) -> None:
    dialog.request.setCurrentText(request.value)
    dialog.ask()
    settled(qtbot, window)


def test_a_resource_is_read_shown_and_opened_as_a_message(
    qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog, served: Served
) -> None:
    served.answer(200, PATIENT)
    dialog.place.setText("Patient/p1")
    _ask(qtbot, window, dialog, Request.READ)
    assert {node.label: node.value for node in dialog.model.tree.nodes}["family"] == "Roe"
    window.bench.set_masked(True)
    assert {node.label: node.value for node in dialog.model.tree.nodes}["family"] == MASK
    dialog.open_answer()
    settled(qtbot, window)
    assert window.bench.capture is not None
    assert b'"Roe"' in window.bench.capture.raw(0)
    assert not any(
        b"Roe" in file.read_bytes() for file in dialog._session.workspace.folder.rglob("*") if file.is_file()
    )


def test_what_the_server_refuses_is_listed(
    qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog, served: Served
) -> None:
    served.answer(422, WRONG)
    dialog.type.setText("Patient")
    _ask(qtbot, window, dialog, Request.SEARCH)
    assert "EXC-0113" in dialog.words.text()
    assert [issue.args["value"] for issue in dialog.issues.rows] == ["Roe"]


def test_pages_of_a_search_are_shown_one_at_a_time(
    qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog, served: Served
) -> None:
    link = [{"relation": "next", "url": "?page=2"}]
    served.answer(200, {"resourceType": "Bundle", "link": link, "entry": [{"resource": PATIENT}]})
    served.answer(200, {"resourceType": "Bundle", "entry": [{"resource": PATIENT | {"id": "p2"}}]})
    dialog.type.setText("Patient")
    dialog.parameters.setText("family=Roe")
    _ask(qtbot, window, dialog, Request.SEARCH)
    assert (dialog.words.text(), dialog.page.count()) == ("2 resources", 2)
    dialog.page.setCurrentIndex(1)
    assert "p2" in {node.value for node in dialog.model.tree.nodes}


def test_messages_are_posted_as_transactions_and_told_apart(
    qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog, served: Served
) -> None:
    served.answer(200, {"resourceType": "Bundle", "entry": [{"response": {"location": "Patient/9"}}]})
    served.answer(422, WRONG)
    dialog.which.setCurrentIndex(1)
    dialog.production.setChecked(True)
    _ask(qtbot, window, dialog, Request.POST)
    assert dialog.words.text() == "1 of 2 messages were taken"
    assert [(each.status, each.taken) for each in dialog.posted.rows] == [(200, True), (422, False)]
    dialog.posted_view.selectRow(1)
    assert len(dialog.issues.rows) == 1


@pytest.fixture
def recorded() -> Iterator[ServedRecord]:
    with serving_a_record() as found:
        yield found


def test_an_update_is_shown_before_it_is_sent(
    qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog, recorded: ServedRecord
) -> None:
    dialog.base.setText(recorded.base)
    dialog.which.setCurrentIndex(1)
    dialog.production.setChecked(True)
    _ask(qtbot, window, dialog, Request.UPDATE)
    assert dialog.words.text().startswith("2 of 2 messages would change the record; nothing was sent yet")
    assert recorded.transactions == []
    assert dialog.results.isTabVisible(2) and dialog.results.changes.rows
    assert not dialog.send_button.isHidden()
    dialog.send()
    settled(qtbot, window)
    assert dialog.words.text() == "2 of 2 messages were taken"
    assert len(recorded.transactions) == 2
    assert dialog.send_button.isHidden()


def test_another_choice_of_messages_forgets_the_plan(
    qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog, recorded: ServedRecord
) -> None:
    dialog.base.setText(recorded.base)
    dialog.which.setCurrentIndex(1)
    dialog.production.setChecked(True)
    _ask(qtbot, window, dialog, Request.UPDATE)
    dialog.which.setCurrentIndex(0)
    assert dialog.send_button.isHidden()


def test_what_changed_after_the_plan_was_shown_is_not_sent(
    qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog, recorded: ServedRecord
) -> None:
    dialog.base.setText(recorded.base)
    dialog.which.setCurrentIndex(1)
    dialog.production.setChecked(True)
    _ask(qtbot, window, dialog, Request.UPDATE)
    (transaction, *_) = [each.plan.transaction for each in dialog.posted.rows]
    recorded.record.apply(transaction)
    dialog.send()
    settled(qtbot, window)
    assert dialog.posted.rows[0].problem[:30] == "Somebody else has changed the "


def test_a_token_is_kept_used_and_forgotten(
    qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog, served: Served, store: MemoryStore
) -> None:
    for _ in range(2):
        served.answer(200, {"resourceType": "CapabilityStatement"})
    dialog.token.setText("secret")
    dialog.keep.setChecked(True)
    _ask(qtbot, window, dialog, Request.CAPABILITY)
    dialog.token.clear()
    _ask(qtbot, window, dialog, Request.CAPABILITY)
    assert [headers["Authorization"] for _, _, headers, _ in served.asked] == ["Bearer secret"] * 2
    dialog.forget()
    assert store.kept == {}


def test_no_key_store_is_a_sentence_when_a_token_is_to_be_kept(dialog: FhirServerDialog) -> None:
    def none() -> MemoryStore:
        raise Unavailable("SEC-0004", "There is no key store.", "Start one.")

    dialog._key_store = none
    dialog.token.setText("secret")
    dialog.keep.setChecked(True)
    dialog.ask()
    assert "SEC-0004" in dialog.words.text()


def test_an_address_that_may_not_be_used_is_a_sentence(
    qtbot: QtBot, window: MainWindow, dialog: FhirServerDialog
) -> None:
    dialog.base.setText("http://example.org/r4")
    _ask(qtbot, window, dialog, Request.CAPABILITY)
    assert "EXC-0101" in dialog.words.text()
