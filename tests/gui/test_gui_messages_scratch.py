"""Edits on a scratch copy: segments, typing, undo, and what comes back after a kill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QMenu
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, settled
from workbench.app.session import Session
from workbench.gui.main_window import MainWindow
from workbench.gui.views.messages.compare_messages import CompareMessagesDialog
from workbench.gui.views.messages.page import MessagesPage
from workbench.gui.views.messages.scratch_copy import (
    KIND,
    TYPED_TOGETHER,
    ScratchCopy,
    ScratchJournal,
    duplicated,
    moved,
)
from workbench.kernel.errors import Refused
from workbench.v2 import er7
from workbench.v2.edits import Edit, RemoveSegment, ReplaceText, SetValue

CRLF = b"MSH|^~\\&|A|B|C|D|2025||ADT^A01|X1|T|2.5.1\r\nPID|1||7||Roe^Ann\r\nZPI|1|vip\r\n"


@pytest.fixture
def page(opened: Callable[[Path], MainWindow], capture_file: Path) -> MessagesPage:
    found = opened(capture_file).pages["messages"]
    assert isinstance(found, MessagesPage)
    return found


def a_copy(session: Session, raw: bytes = ADT) -> ScratchCopy:
    return ScratchCopy(er7.parse(raw), ScratchJournal(session, raw))


def test_a_kill_loses_no_edit(session: Session) -> None:
    copy = a_copy(session)
    copy.apply((SetValue("PID-5.1", "Other"),), "PID-5.1")
    copy.apply(duplicated(copy.shown, 1), "")
    copy.apply((SetValue("PID-8", "M"),), "PID-8")
    copy.undo()
    again = a_copy(session)
    again.recover()
    assert (again.at, again.shown.raw) == (2, copy.shown.raw)
    again.undo()
    again.redo()
    third = a_copy(session)
    third.recover()
    assert third.shown.raw == copy.shown.raw
    third.discard()
    assert session.journalled(KIND, third._journal._id) == ()


def test_another_message_gets_no_edits_of_this_one(session: Session) -> None:
    a_copy(session).apply((SetValue("PID-8", "M"),), "PID-8")
    other = a_copy(session, CRLF)
    other.recover()
    assert other.steps == []


def test_what_cannot_be_done_leaves_copy_and_journal_alone(session: Session) -> None:
    copy = a_copy(session)
    with pytest.raises(Refused):
        copy.apply((SetValue("PID-8", "M"), RemoveSegment(0)), "")
    assert (copy.at, copy.shown.raw, session.unsaved()) == (0, ADT, ())


def test_typed_keys_are_one_step(session: Session) -> None:
    copy = a_copy(session, CRLF)
    at = copy.shown.text.index("vip") + 3
    for number, letter in enumerate("x" * TYPED_TOGETHER + "yz"):
        copy.apply((ReplaceText(at + number, at + number, letter),), "", typed=True)
    assert copy.at == 2
    copy.undo()
    copy.undo()
    assert copy.shown.raw == CRLF


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("udm"), st.integers(1, 5), st.sampled_from([-1, 1])), max_size=8))
def test_segments_that_are_moved_and_copied_stay_as_they_were_written(steps: list[tuple[str, int, int]]) -> None:
    message = er7.parse(CRLF)
    expected = CRLF.decode().split("\r\n")[:-1]
    for what, place, by in steps:
        index = min(place, len(expected) - 1)
        edits: tuple[Edit, ...] = duplicated(message, index) if what == "d" else moved(message, index, by)
        for edit in edits:
            message, _ = edit.apply(message)
        if what == "d":
            expected.insert(index + 1, expected[index])
        elif edits:
            expected.insert(index + by, expected.pop(index))
    assert message.raw.decode() == "\r\n".join([*expected, ""])


def test_segments_are_edited_by_command_and_the_capture_is_not(
    qtbot: QtBot, page: MessagesPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, commands = page.bench, page.commands()
    assert bench.capture is not None
    before = bench.capture.raw(0)
    bench.select_place("PID", None)
    commands["messages.duplicate_segment"]()
    assert bench.place.path == "PID[2]"
    commands["messages.segment_up"]()
    commands["messages.remove_segment"]()
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args: ("ZPI|1|new", True))
    bench.select_place("PID-5.1", None)
    commands["messages.insert_segment"]()
    assert bench.place.path == "ZPI[1]"
    assert page.message.raw.toPlainText().splitlines()[bench.document.named("ZPI")[0].index] == "ZPI|1|new"  # type: ignore[union-attr]
    assert bench.capture.raw(0) == before
    assert "4 edits" in page.scratch.badge.text
    for _ in range(4):
        commands["messages.undo_edit"]()
    assert bench.document is not None and bench.document.raw == before


def test_typing_replaces_the_bytes_typed_over_and_nothing_else(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "crlf.hl7"
    path.write_bytes(CRLF)
    window.open_paths([path])
    settled(qtbot, window)
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    raw, bench = page.message.raw, page.bench
    QTest.keyClicks(raw, "x")
    assert bench.document is not None and bench.document.raw == CRLF
    page.message.type_button.click()
    raw.put_cursor(CRLF.index(b"vip") + 3)
    QTest.keyClicks(raw, "^a|b")
    assert bench.document.raw == CRLF.replace(b"vip", b"vip^a|b")
    QTest.keyClick(raw, Qt.Key.Key_Backspace)
    assert bench.document.raw == CRLF.replace(b"vip", b"vip^a|")
    assert bench.place.path.startswith("ZPI")
    QTest.keyClick(raw, Qt.Key.Key_Return)
    QTest.keyClicks(raw, "NTE|1")
    assert bench.document.raw.endswith(b"ZPI|1|vip^a|\r\nNTE|1\r\n")
    raw.put_cursor(bench.document.raw.index(b"NTE"))
    QTest.keyClick(raw, Qt.Key.Key_Backspace)
    assert bench.document.raw.endswith(b"ZPI|1|vip^a|NTE|1\r\n")
    bench.set_masked(True)
    assert not page.message.type_button.isChecked()


def test_edits_come_back_when_the_message_is_opened_again(
    qtbot: QtBot, page: MessagesPage, window: MainWindow, capture_file: Path
) -> None:
    page.scratch.apply(SetValue("PID-5.1", "Changed"), "PID-5.1")
    window.open_paths([capture_file])
    settled(qtbot, window)
    assert isinstance(window.bench.document, er7.Message)
    assert window.bench.document.value("PID-5.1") == "Changed"
    page.scratch.discard()
    window.open_paths([capture_file])
    settled(qtbot, window)
    assert window.bench.document.value("PID-5.1") != "Changed"


def test_the_context_menu_offers_every_notation_and_the_edits(page: MessagesPage) -> None:
    page.bench.select_place("PID-5.1", None)
    menu = page.message.menu()
    words = [action.text() for action in menu.actions()]
    assert words[0] == "Copy path:  PID-5.1"
    assert [text.partition(":")[0] for text in words[1:5]] == [
        "Copy as Terser", "Copy as Mirth", "Copy as Liquid", "Copy as FHIRPath",
    ]  # fmt: skip
    assert "Duplicate segment" in words and any(text.startswith("Compare with the next message") for text in words)
    assert isinstance(menu, QMenu)
    menu.close()


def test_two_selected_messages_are_compared_with_highlights_in_both_texts(
    qtbot: QtBot, page: MessagesPage, window: MainWindow
) -> None:
    page.list.view.selectAll()
    window.actions_by_id["messages.compare"].trigger()
    dialog = page.tools.dialogs["compare"]
    assert isinstance(dialog, CompareMessagesDialog)
    settled(qtbot, window)
    assert (dialog.left.value(), dialog.right.value()) == (1, 2)
    row = next(number for number, line in enumerate(dialog.model.rows) if line.path == "MSH-10")
    dialog.view.setCurrentIndex(dialog.model.index(row, 0))
    left, right = dialog.texts
    assert [selection.cursor.selectedText() for selection in left.extraSelections()][-1] == "C1"
    assert [selection.cursor.selectedText() for selection in right.extraSelections()][-1] == "C2"
    assert len(left.extraSelections()) > 3
    dialog.close()
