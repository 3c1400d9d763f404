"""Messages applied to a record in files, from the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, settled
from workbench.gui.main_window import MainWindow
from workbench.gui.views.messages.page import MessagesPage
from workbench.gui.views.messages.record_account import Show
from workbench.gui.views.messages.record_update import RecordUpdateDialog
from workbench.kernel.issues import MASK

OTHER_STREET = ADT.replace(b"Mar\xc3\xada", b"Ana").replace(b"C1|T", b"C2|T").replace(b"0822", b"0922")
UNKNOWN = b"MSH|^~\\&|REG|GH|WB|T|20260302||XXX^Z99|C9|T|2.5.1\r"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.hl7"
    path.write_bytes(ADT + b"\r" + OTHER_STREET + b"\r" + UNKNOWN)
    return path


@pytest.fixture
def dialog(qtbot: QtBot, window: MainWindow, feed: Path) -> Iterator[RecordUpdateDialog]:
    window.open_paths([feed])
    settled(qtbot, window)
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    window.actions_by_id["messages.update_record"].trigger()
    made = page.tools.dialogs["record"]
    assert isinstance(made, RecordUpdateDialog)
    yield made
    made.close()


def _plan(qtbot: QtBot, window: MainWindow, dialog: RecordUpdateDialog) -> None:
    dialog.plan()
    settled(qtbot, window)


def test_the_plan_is_shown_before_anything_is_written(
    qtbot: QtBot, window: MainWindow, dialog: RecordUpdateDialog, tmp_path: Path
) -> None:
    files_before = sorted(tmp_path.iterdir())
    assert dialog.write_button.isHidden()
    _plan(qtbot, window, dialog)
    assert dialog.words.text() == "2 of 3 messages change the record. 1 are not taken. Nothing is written yet."
    assert [row.number for row in dialog.rows.rows] == [0, 1, 2]
    assert {count.kind: count.after for count in dialog.account.types.rows}["Patient"] == 1
    assert not dialog.write_button.isHidden()
    assert sorted(tmp_path.iterdir()) == files_before


def test_only_what_needs_a_person_is_listed(qtbot: QtBot, window: MainWindow, dialog: RecordUpdateDialog) -> None:
    _plan(qtbot, window, dialog)
    dialog.show_which.setCurrentText(Show.FOR_REVIEW.value)
    assert [row.number for row in dialog.rows.rows] == [2]


def test_values_before_and_after_are_masked_like_everything(
    qtbot: QtBot, window: MainWindow, dialog: RecordUpdateDialog
) -> None:
    _plan(qtbot, window, dialog)
    dialog.view.selectRow(1)
    values = dialog.account.values

    def texts() -> set[str]:
        columns = range(values.columnCount())
        return {values.index(row, column).data() for row in range(values.rowCount()) for column in columns}

    assert any("Ana" in text for text in texts())
    window.bench.set_masked(True)
    assert MASK in texts()
    assert not any("Ana" in text for text in texts())


def test_the_record_that_was_written_is_the_one_for_the_next_messages(
    qtbot: QtBot, window: MainWindow, dialog: RecordUpdateDialog, tmp_path: Path
) -> None:
    _plan(qtbot, window, dialog)
    dialog.write(tmp_path / "record.ndjson")
    settled(qtbot, window)
    assert (tmp_path / "record.ndjson").read_bytes().count(b'"resourceType":"Patient"') == 1
    assert dialog.paths == (tmp_path / "record.ndjson",)
    assert dialog.write_button.isHidden()
    assert window.bench.capture is not None and len(window.bench.capture) == 3
    _plan(qtbot, window, dialog)
    assert dialog.words.text().startswith("0 of 3 messages change the record.")
    actions = [entry.action for entry in dialog._session.audit_entries()]
    assert actions.count("record.plan") == 2 and actions.count("record.write") == 1


def test_a_record_that_somebody_changed_is_not_overwritten(
    qtbot: QtBot, window: MainWindow, dialog: RecordUpdateDialog, tmp_path: Path
) -> None:
    record = tmp_path / "record.ndjson"
    record.write_text('{"resourceType": "Patient", "id": "p1"}\n', "utf-8")
    dialog.use_record([record])
    _plan(qtbot, window, dialog)
    record.write_text('{"resourceType": "Patient", "id": "p2"}\n', "utf-8")
    dialog.write(record)
    settled(qtbot, window)
    assert "UPD-0803" in dialog.words.text()
    assert '"p2"' in record.read_text("utf-8")


def test_a_file_that_is_no_record_is_told(
    qtbot: QtBot, window: MainWindow, dialog: RecordUpdateDialog, feed: Path
) -> None:
    dialog.use_record([feed])
    _plan(qtbot, window, dialog)
    assert "UPD-0801" in dialog.words.text()
    assert dialog.write_button.isHidden()


def test_another_choice_forgets_the_plan_and_stopping_writes_nothing(
    qtbot: QtBot, window: MainWindow, dialog: RecordUpdateDialog
) -> None:
    _plan(qtbot, window, dialog)
    dialog.which.setCurrentIndex(0)
    assert dialog.write_button.isHidden() and dialog.results.currentIndex() == 0
    dialog.plan()
    dialog.stop_button.click()
    settled(qtbot, window)
    assert dialog.words.text() == "Stopped. Nothing was written."
    assert dialog.plan_button.isEnabled() and dialog.write_button.isHidden()


def test_the_account_is_saved_without_values(
    qtbot: QtBot, window: MainWindow, dialog: RecordUpdateDialog, tmp_path: Path
) -> None:
    _plan(qtbot, window, dialog)
    dialog.save_account(tmp_path / "account.xlsx")
    settled(qtbot, window)
    assert (tmp_path / "account.xlsx").read_bytes()[:2] == b"PK"


def test_the_menu_of_the_list_offers_it(window: MainWindow, dialog: RecordUpdateDialog) -> None:
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    menu = QMenu()
    page.tools.fill_menu(menu)
    assert "Apply to a record…" in [action.text() for action in menu.actions()]
