"""Comparing, counting, editing, receiving, sending and de-identifying from the Messages page."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QInputDialog
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, BAD, settled
from workbench.exchange.listener import Answer
from workbench.gui.main_window import MainWindow
from workbench.gui.models.capture_table import ANSWER
from workbench.gui.theme.tokens import ThemeName
from workbench.gui.views.messages.compare_captures import CompareCapturesDialog
from workbench.gui.views.messages.compare_messages import CompareMessagesDialog
from workbench.gui.views.messages.deidentify_dialog import DeidentifyDialog
from workbench.gui.views.messages.live import ListenerDialog
from workbench.gui.views.messages.ordering import Order, order_of
from workbench.gui.views.messages.page import MessagesPage
from workbench.gui.views.messages.sending import SenderDialog
from workbench.gui.views.messages.statistics import StatisticsDialog
from workbench.kernel.issues import MASK
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture
from workbench.v2.edits import SetValue
from workbench.v2.er7 import Message


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow, capture_file: Path) -> MessagesPage:
    window.open_paths([capture_file])
    settled(qtbot, window)
    found = window.pages["messages"]
    assert isinstance(found, MessagesPage)
    return found


def opened(page: MessagesPage, name: str) -> QDialog:
    return page.tools.dialogs[name]


def test_two_messages_stand_side_by_side(qtbot: QtBot, window: MainWindow, page: MessagesPage) -> None:
    window.actions_by_id["messages.compare"].trigger()
    settled(qtbot, window)
    dialog = opened(page, "compare")
    assert isinstance(dialog, CompareMessagesDialog)
    lines = {line.path: line for line in dialog.model.rows}
    assert (lines["MSH-10"].left, lines["MSH-10"].right) == ("C1", "C2")
    assert lines["PID-8"].mark.word == "changed"
    dialog.ignore.setText("MSH-10, PID")
    dialog.compare()
    settled(qtbot, window)
    assert "MSH-10" not in {line.path for line in dialog.model.rows}
    dialog.only_different.setChecked(False)
    assert {line.path: line.mark.word for line in dialog.model.rows}["MSH-10"] == "ignored"
    dialog.close()


def test_a_comparison_hides_patients_when_phi_is_masked(qtbot: QtBot, window: MainWindow, page: MessagesPage) -> None:
    window.bench.set_masked(True)
    window.actions_by_id["messages.compare"].trigger()
    settled(qtbot, window)
    dialog = opened(page, "compare")
    assert isinstance(dialog, CompareMessagesDialog)
    lines = {line.path: line for line in dialog.model.rows}
    assert lines["PID-5"].left == MASK
    assert lines["MSH-10"].left == "C1"
    assert not any("Roe" in line.right or "García" in line.left for line in dialog.model.rows)
    dialog.close()


def test_two_captures_are_compared_by_key(qtbot: QtBot, window: MainWindow, page: MessagesPage, tmp_path: Path) -> None:
    other = tmp_path / "other.hl7"
    other.write_bytes(ADT.replace(b"1 Main St", b"2 Main St") + b"\r" + BAD.replace(b"|C2|", b"|C3|"))
    window.actions_by_id["messages.compare_captures"].trigger()
    dialog = opened(page, "compare captures")
    assert isinstance(dialog, CompareCapturesDialog)
    dialog.use(other)
    dialog.compare()
    settled(qtbot, window)
    assert [dialog.badges[name].text for name in ("different", "only left", "only right")] == [
        "1 different",
        "1 only left",
        "1 only right",
    ]
    assert [line.field for line in dialog.fields.rows] == ["PID-11"]
    index = dialog.messages.index(0, 3)
    assert index.data() == "ADT^A01 C1"
    dialog._open_pair(index)
    settled(qtbot, window)
    assert "PID-11" in {line.path for line in dialog.pair.model.rows}
    dialog.save_to(tmp_path / "fields.csv")
    settled(qtbot, window)
    assert (tmp_path / "fields.csv").read_text("utf-8").splitlines()[1].startswith("PID-11,1,1")
    dialog.pair.close()
    dialog.close()


def test_statistics_are_counted_shown_and_saved(
    qtbot: QtBot, window: MainWindow, page: MessagesPage, tmp_path: Path
) -> None:
    window.actions_by_id["messages.statistics"].trigger()
    settled(qtbot, window)
    dialog = opened(page, "statistics")
    assert isinstance(dialog, StatisticsDialog)
    assert [dialog.tabs.tabText(n).split()[0] for n in range(4)] == ["Types", "Fields", "Codes", "Shapes"]
    assert dialog.plot is not None
    window.use_theme(ThemeName.DARK)
    fields = {row[0]: row for row in dialog.models[1].rows}
    assert fields["PID-5"][3] == 2
    dialog.show_smallest()
    settled(qtbot, window)
    assert page.list.model.rowCount() == len(dialog.smallest)
    dialog.save_to(tmp_path / "all.xlsx")
    settled(qtbot, window)
    assert (tmp_path / "all.xlsx").stat().st_size > 0
    dialog.close()


def test_chosen_places_and_new_values_are_counted_and_drawn(
    qtbot: QtBot, window: MainWindow, page: MessagesPage, tmp_path: Path
) -> None:
    before = tmp_path / "before.hl7"
    before.write_bytes(ADT)
    window.actions_by_id["messages.statistics"].trigger()
    settled(qtbot, window)
    dialog = opened(page, "statistics")
    assert isinstance(dialog, StatisticsDialog)
    dialog.paths.setText("PID-8, Patient..x")
    dialog.count()
    assert "FHIR-0010" in dialog.words.text()
    dialog.paths.setText("PID-8, MSH-10")
    dialog.compare_with(before)
    dialog.count()
    settled(qtbot, window)
    fresh = dialog.models[4]
    assert ("MSH-10", "C2") in {(row[0], row[1]) for row in fresh.rows}
    assert ("MSH-10", "C1") not in {(row[0], row[1]) for row in fresh.rows}
    codes = dialog.models[2]
    at = next(number for number, row in enumerate(codes.rows) if row[0] == "PID-8")
    dialog._show_bars(dialog.tables[2], codes.rows[at])
    assert dialog.bars["codes"].title.startswith("PID-8")
    dialog._show_bars(dialog.tables[1], next(row for row in dialog.tables[1].rows if row[0] == "MSH-9"))
    assert dict(dialog.bars["fields"].bars)["MSH-9"] == 100.0
    dialog.compare_with(None)
    dialog.close()


def test_tables_of_what_is_counted_so_far_are_handed_on(capture_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.app.operations import statistics as operation
    from workbench.gui.views.messages import statistics as view
    from workbench.messages.tally import Tally

    steps = [operation.Counted(Tally(), done, 2) for done in (0, 1, 2)]
    monkeypatch.setattr(operation, "count_messages", lambda *_arguments: iter(steps))
    monkeypatch.setattr(view, "PARTIAL_S", 0.0)
    told: list[int] = []
    found = view.count(open_capture([capture_file]), JobContext(), partial=lambda counts: told.append(counts.done))
    assert (told, found.done) == ([0, 1], 2)


def test_an_edit_is_made_on_a_copy_undone_redone_and_saved(
    qtbot: QtBot, window: MainWindow, page: MessagesPage, capture_file: Path, tmp_path: Path
) -> None:
    before = capture_file.read_bytes()
    page.scratch.apply(SetValue("PID-5.1", "O'Neil & Sons"), "PID-5.1")
    assert "O'Neil \\T\\ Sons" in page.message.raw.toPlainText()
    assert page.scratch.isVisibleTo(page)
    assert page.scratch.badge.text == "Scratch copy · 1 edit"
    page.scratch.undo()
    assert "García-Lorca" in page.message.raw.toPlainText()
    page.scratch.redo()
    window.bench.select_message(1)
    assert not page.scratch.isVisibleTo(page)
    window.bench.select_message(0)
    assert "O'Neil" in page.message.raw.toPlainText()
    page.scratch.save(tmp_path / "copy.hl7")
    settled(qtbot, window)
    assert b"O'Neil \\T\\ Sons" in (tmp_path / "copy.hl7").read_bytes()
    assert capture_file.read_bytes() == before
    page.scratch.discard()
    assert "García-Lorca" in page.message.raw.toPlainText()


def test_the_capture_itself_is_never_overwritten(
    qtbot: QtBot, window: MainWindow, page: MessagesPage, capture_file: Path
) -> None:
    before = capture_file.read_bytes()
    problems: list[object] = []
    window.bench.refused.disconnect()
    window.bench.refused.connect(problems.append)
    page.scratch.apply(SetValue("PID-5.1", "X"), "PID-5.1")
    page.scratch.save(capture_file)
    settled(qtbot, window)
    assert len(problems) == 1
    assert capture_file.read_bytes() == before


def test_f2_asks_for_a_value_and_ctrl_z_takes_it_back(
    qtbot: QtBot, window: MainWindow, page: MessagesPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(_parent: object, _title: str, question: str, _mode: object, before: str) -> tuple[str, bool]:
        asked.append(f"{question} = {before}")
        return "M", True

    monkeypatch.setattr(QInputDialog, "getText", answer)
    window.bench.select_place("PID-8", None)
    page.message.tree.setFocus()
    QTest.keyClick(page.message.tree, Qt.Key.Key_F2)
    document = window.bench.document
    assert isinstance(document, Message)
    assert (asked, document.value("PID-8")) == (["PID-8 = F"], "M")
    QTest.keyClick(page.message.tree, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    document = window.bench.document
    assert isinstance(document, Message)
    assert document.value("PID-8") == "F"


def test_masked_values_are_not_edited(qtbot: QtBot, window: MainWindow, page: MessagesPage) -> None:
    said: list[str] = []
    window.bench.said.connect(said.append)
    window.bench.set_masked(True)
    window.bench.select_place("PID-5.1", None)
    page.scratch.ask()
    assert said[-1].startswith("Values are masked")


def test_what_is_sent_is_received_and_answered(qtbot: QtBot, window: MainWindow, page: MessagesPage) -> None:
    window.actions_by_id["messages.listen"].trigger()
    listener = opened(page, "listen")
    assert isinstance(listener, ListenerDialog)
    listener.port.setValue(0)
    listener.start()
    qtbot.waitUntil(lambda: listener.reception is not None)
    port = listener.reception.port if listener.reception is not None else 0
    window.actions_by_id["messages.send"].trigger()
    sender = opened(page, "send")
    assert isinstance(sender, SenderDialog)
    sender.port.setValue(port)
    sender.which.setCurrentIndex(1)
    sender.start()
    settled(qtbot, window)
    assert [sent.control_id for sent in sender.model.rows] == ["C1", "C2"]
    assert sender.words.text() == "2 sent: 2 accepted"
    listener._tell()
    assert "2 messages kept" in listener.words.text()
    listener.stop()
    settled(qtbot, window)
    assert listener.reception is None
    sender.close()
    listener.close()


def test_the_list_is_sorted_by_the_answer(page: MessagesPage) -> None:
    index = page.list._index
    assert index is not None
    assert list(order_of(index, Order(ANSWER), {}, {0: "AA"})) == [1, 0]
    assert list(order_of(index, Order(ANSWER, True), {}, {0: "AA", 1: "AE"})) == [1, 0]


def _listening(qtbot: QtBot, window: MainWindow, page: MessagesPage) -> ListenerDialog:
    window.actions_by_id["messages.listen"].trigger()
    listener = opened(page, "listen")
    assert isinstance(listener, ListenerDialog)
    listener.port.setValue(0)
    return listener


def _sending(window: MainWindow, page: MessagesPage, listener: ListenerDialog) -> SenderDialog:
    window.actions_by_id["messages.send"].trigger()
    sender = opened(page, "send")
    assert isinstance(sender, SenderDialog)
    sender.port.setValue(listener.reception.port if listener.reception is not None else 0)
    sender.which.setCurrentIndex(1)
    return sender


def test_what_was_received_is_sealed_and_opens_from_the_dialog(
    qtbot: QtBot, window: MainWindow, page: MessagesPage
) -> None:
    listener = _listening(qtbot, window, page)
    listener.start()
    qtbot.waitUntil(lambda: listener.reception is not None)
    sender = _sending(window, page, listener)
    sender.start()
    settled(qtbot, window)
    assert window.bench.answers == {0: "AA", 1: "AA"}
    assert page.list.model.index(0, ANSWER).data() == "AA"
    assert not page.list.view.isColumnHidden(ANSWER)
    listener.stop()
    settled(qtbot, window)
    folder = page.tools._session.workspace.folder
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert not any(b"Lorca" in file.read_bytes() for file in files)
    listener.open_received()
    settled(qtbot, window)
    assert window.bench.capture is not None
    assert [window.bench.capture.raw(n)[:4] for n in range(2)] == [b"MSH|", b"MSH|"]
    assert page.list.view.isColumnHidden(ANSWER)
    listener.delete(listener.received.rows[0])
    assert listener.received.rows == ()
    sender.close()
    listener.close()


def test_rules_decide_the_answers_and_come_back_with_the_dialog(
    qtbot: QtBot, window: MainWindow, page: MessagesPage
) -> None:
    listener = _listening(qtbot, window, page)
    row = listener.answers.add()
    row.condition.setText("MSH-10 = ")
    listener.start()
    assert "QRY-0001" in listener.words.text()
    row.condition.setText('MSH-10 = "C1"')
    row.reply.choose(Answer.REJECT, 0.0)
    listener.start()
    qtbot.waitUntil(lambda: listener.reception is not None)
    sender = _sending(window, page, listener)
    sender.start()
    settled(qtbot, window)
    assert [sent.code for sent in sender.model.rows] == ["AR", "AA"]
    sender.view.selectRow(0)
    assert "MSA|AR|C1" in sender.answer.toPlainText()
    listener.stop()
    settled(qtbot, window)
    again = ListenerDialog(window.bench, page.tools._session)
    assert [(each.condition.text(), each.reply.chosen) for each in again.answers.rows] == [
        ('MSH-10 = "C1"', Answer.REJECT)
    ]
    again.answers._remove(again.answers.rows[0])
    assert again.answers.rules() == ()
    sender.close()
    listener.close()


def test_tls_without_a_certificate_is_refused_in_a_sentence(
    qtbot: QtBot, window: MainWindow, page: MessagesPage, tmp_path: Path
) -> None:
    listener = _listening(qtbot, window, page)
    listener.tls.on.setChecked(True)
    listener.start()
    assert "GUI-0041" in listener.words.text()
    listener.tls.certificate.setText(str(tmp_path / "missing.pem"))
    listener.start()
    assert "EXC-0010" in listener.words.text()
    assert listener.reception is None
    listener.close()


def test_nobody_listening_is_a_sentence(qtbot: QtBot, window: MainWindow, page: MessagesPage) -> None:
    window.actions_by_id["messages.send"].trigger()
    sender = opened(page, "send")
    assert isinstance(sender, SenderDialog)
    sender.port.setValue(1)
    sender.retries.setValue(0)
    sender.start()
    settled(qtbot, window)
    assert "EXC-0003" in sender.words.text()
    assert sender.start_button.isEnabled()
    sender.close()


def test_a_listener_ends_with_the_window(qtbot: QtBot, window: MainWindow, page: MessagesPage) -> None:
    window.actions_by_id["messages.listen"].trigger()
    listener = opened(page, "listen")
    assert isinstance(listener, ListenerDialog)
    listener.port.setValue(0)
    listener.start()
    qtbot.waitUntil(lambda: listener.reception is not None)
    listener.close()
    window.close()
    assert listener.reception is None


def test_a_capture_is_deidentified_after_a_preview(
    qtbot: QtBot, window: MainWindow, page: MessagesPage, tmp_path: Path
) -> None:
    window.actions_by_id["messages.deidentify"].trigger()
    settled(qtbot, window)
    dialog = opened(page, "deidentify")
    assert isinstance(dialog, DeidentifyDialog)
    lines = {line.path: line for line in dialog.lines.rows}
    assert lines["PID-5.1"].before == "García-Lorca"
    assert lines["PID-5.1"].after != "García-Lorca"
    dialog.own.setText("XPN=drop")
    dialog.refresh()
    assert "APP-0010" in dialog.words.text()
    assert not dialog.start.isEnabled()
    dialog.own.setText("PID-8=remove PID-5=keep")
    dialog.refresh()
    settled(qtbot, window)
    fates = {line.path: line.fate.value for line in dialog.lines.rows}
    assert (fates["PID-8"], fates["PID-5.1"]) == ("removed", "kept")
    dialog.own.clear()
    dialog.refresh()
    out = tmp_path / "shareable.hl7"
    dialog.write(out)
    settled(qtbot, window)
    assert dialog.report is not None
    assert dialog.report.messages == 2
    assert b"Lorca" not in out.read_bytes()
    assert dialog.doubts.rows
    dialog.close()
