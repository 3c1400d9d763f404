"""The text of a map beside the picture: one document, two ways to change it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import settled
from workbench.gui.main_window import MainWindow
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.merge_dialog import MergeDialog, ReplaceDialog
from workbench.gui.views.mapping.page import MappingPage
from workbench.gui.views.mapping.text_pane import TextPane
from workbench.mapping.edits import ChangeRule
from workbench.mapping.model import Rule

PID = "segments/PID-Patient.yaml"


@pytest.fixture
def text(qtbot: QtBot, opened: Callable[[Path], MainWindow], capture_file: Path, window: MainWindow) -> TextPane:
    """The pane, in front, showing the map of PID."""
    opened(capture_file)
    window.bench.page_asked.emit("mapping")
    page = window.findChild(MappingPage)
    assert page is not None
    pane = page.findChild(TextPane)
    assert pane is not None
    page.tabs.bring(pane)
    pane.show_file(PID)
    settled(qtbot, window)
    return pane


def rule(window: MainWindow, rule_id: str) -> Rule | None:
    package = window.desk.package
    assert package is not None
    return package.segments["PID-Patient"].rule(rule_id)


def retype(pane: TextPane, old: str, new: str) -> None:
    content = pane.editor.toPlainText()
    assert old in content
    pane.editor.show_text(content.replace(old, new))
    pane.take()


def test_what_is_typed_changes_the_document_and_undo_takes_it_back(
    qtbot: QtBot, window: MainWindow, text: TextPane
) -> None:
    before = text.editor.toPlainText()
    retype(text, "to: birthDate}", "to: birthDate, note: typed}")
    found = rule(window, "pid-7")
    assert found is not None
    assert found.note == "typed"
    QTest.keyClick(text.editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert text.editor.toPlainText() == before
    assert rule(window, "pid-7").note == ""  # type: ignore[union-attr]
    settled(qtbot, window)


def test_a_change_in_the_picture_is_seen_in_the_text_and_comments_stay(
    qtbot: QtBot, window: MainWindow, text: TextPane
) -> None:
    retype(text, "rules:\n", "rules:\n  # who it is\n")
    window.desk.apply(
        ChangeRule("segments/PID-Patient", "pid-7", Rule("pid-7", ("PID-7",), "birthDate", when="PID-3 valued")), "x"
    )
    shown = text.editor.toPlainText()
    assert "# who it is" in shown
    assert "to: birthDate, when: PID-3 valued}" in shown
    settled(qtbot, window)


def test_text_that_is_not_sound_stays_and_says_where(qtbot: QtBot, window: MainWindow, text: TextPane) -> None:
    steps = window.desk.undo_stack.count()  # type: ignore[union-attr]
    retype(text, "{id: pid-7,", "{idd: pid-7,")
    assert window.desk.undo_stack.count() == steps  # type: ignore[union-attr]
    assert text.defects.isVisible()
    assert "id is missing" in text.defects.item(0).text()
    assert text.pending
    text.files.setCurrentText("messages/ADT.yaml")
    assert text.file == PID
    QTest.keyClick(text.editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not text.pending
    assert not text.defects.isVisible()
    settled(qtbot, window)


def test_what_does_not_compile_is_underlined_in_its_line(qtbot: QtBot, window: MainWindow, text: TextPane) -> None:
    retype(text, "to: birthDate}", "to: birthDay}")
    settled(qtbot, window)
    qtbot.waitUntil(text.defects.isVisible)
    assert "no element birthDay" in text.defects.item(0).text()
    assert text.defects.item(0).text().startswith("8:")


def test_the_selected_rule_is_shown_in_its_file(qtbot: QtBot, window: MainWindow, text: TextPane) -> None:
    page = window.findChild(MappingPage)
    assert page is not None
    page.selection.choose_rule(RuleName("messages/ADT", "patient"))
    assert text.file == "messages/ADT.yaml"
    assert "id: patient" in text.editor.textCursor().block().text()
    settled(qtbot, window)


def test_completion_offers_and_puts_in_what_is_chosen(qtbot: QtBot, window: MainWindow, text: TextPane) -> None:
    text.editor.setFocus()
    content = text.editor.toPlainText()
    text.editor.show_text(content.rstrip("\n") + "\n  - {id: new, from: PID-1")
    text.editor.go_to(text.editor.blockCount(), 200)
    QTest.keyClicks(text.editor, "6, to: marital")
    popup = text.editor._popup
    assert popup.isVisible()
    assert str(popup.model().index(0, 0).data()).startswith("maritalStatus ")
    QTest.keyClick(popup, Qt.Key.Key_Return)
    assert text.editor.toPlainText().endswith("{id: new, from: PID-16, to: maritalStatus")
    QTest.keyClicks(text.editor, ".text}")
    popup.hide()
    assert text.take()
    assert rule(window, "new") is not None
    settled(qtbot, window)


def test_changes_of_the_files_are_taken_over(
    qtbot: QtBot, window: MainWindow, text: TextPane, small_mapping: Path
) -> None:
    path = small_mapping / PID
    path.write_text(
        path.read_text("utf-8").replace("to: birthDate}", "to: birthDate, note: outside}") + "# end\n", "utf-8"
    )
    qtbot.waitUntil(lambda: rule(window, "pid-7").note == "outside", timeout=10_000)  # type: ignore[union-attr]
    assert text.editor.toPlainText().endswith("# end\n")
    assert window.desk.is_saved
    window.desk.undo()
    assert rule(window, "pid-7").note == ""  # type: ignore[union-attr]
    settled(qtbot, window)


def test_changes_on_both_sides_are_merged_and_contradictions_asked(
    qtbot: QtBot, window: MainWindow, text: TextPane, small_mapping: Path
) -> None:
    window.desk.apply(
        ChangeRule("segments/PID-Patient", "pid-8", Rule("pid-8", ("PID-8",), "gender", note="here")), "x"
    )
    path = small_mapping / PID
    path.write_text(path.read_text("utf-8").replace("to: birthDate}", "to: birthDate, note: outside}"), "utf-8")
    qtbot.waitUntil(lambda: rule(window, "pid-7").note == "outside", timeout=10_000)  # type: ignore[union-attr]
    assert rule(window, "pid-8").note == "here"  # type: ignore[union-attr]
    assert not window.desk.is_saved
    path.write_text(path.read_text("utf-8").replace("codes: administrative-sex}", "note: there}"), "utf-8")
    qtbot.waitUntil(lambda: window.findChild(MergeDialog) is not None, timeout=10_000)
    dialog = window.findChild(MergeDialog)
    assert dialog is not None
    assert dialog.model.rowCount() >= 1
    dialog.theirs.click()
    assert rule(window, "pid-8").note == "there"  # type: ignore[union-attr]
    settled(qtbot, window)


def test_own_saves_are_no_changes_of_others(qtbot: QtBot, window: MainWindow, text: TextPane) -> None:
    retype(text, "to: birthDate}", "to: birthDate, note: typed}")
    settled(qtbot, window)
    window.desk.save()
    steps = window.desk.undo_stack.count()  # type: ignore[union-attr]
    qtbot.wait(600)
    settled(qtbot, window)
    assert window.desk.undo_stack.count() == steps  # type: ignore[union-attr]
    assert window.desk.is_saved


def test_defective_files_are_told_and_change_nothing_here(
    qtbot: QtBot, window: MainWindow, text: TextPane, small_mapping: Path
) -> None:
    told: list[BaseException] = []
    window.bench.refused.disconnect()
    window.bench.refused.connect(told.append)
    before = window.desk.package
    path = small_mapping / PID
    path.write_text(path.read_text("utf-8").replace("{id: pid-7,", "{idd: pid-7,"), "utf-8")
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert "changed outside and are defective" in str(told[0])
    assert f"{PID}:8:" in str(told[0])
    assert window.desk.package is before
    settled(qtbot, window)


def test_saving_over_files_left_defective_outside_is_asked_first(
    qtbot: QtBot, window: MainWindow, text: TextPane, small_mapping: Path
) -> None:
    window.bench.refused.disconnect()
    path = small_mapping / PID
    defective = path.read_text("utf-8").replace("{id: pid-7,", "{idd: pid-7,")
    path.write_text(defective, "utf-8")
    qtbot.waitUntil(lambda: window.desk.outside is not None, timeout=10_000)
    window.desk.apply(ChangeRule("segments/PID-Patient", "pid-8", Rule("pid-8", ("PID-8",), "gender", note="h")), "x")
    settled(qtbot, window)
    assert not window.desk.save_now()
    assert path.read_text("utf-8") == defective
    dialog = window.findChild(ReplaceDialog)
    assert dialog is not None
    dialog.keep.click()
    assert path.read_text("utf-8") == defective and not window.desk.is_saved
    window.desk.save()
    dialog = next(each for each in window.findChildren(ReplaceDialog) if each.isVisible())
    dialog.over.click()
    assert "note: h" in path.read_text("utf-8") and window.desk.is_saved
    settled(qtbot, window)


def test_changes_of_the_base_package_s_files_are_noticed(
    qtbot: QtBot, window: MainWindow, text: TextPane, small_mapping: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    relative = os.path.relpath(small_mapping, site)
    (site / "package.yaml").write_text(f"id: site\nversion: 1.0.0\nextends: {relative}\n", "utf-8")
    window.desk.open(site)
    settled(qtbot, window)
    path = small_mapping / PID
    path.write_text(path.read_text("utf-8").replace("to: birthDate}", "to: birthDate, note: outside}"), "utf-8")

    def note() -> str:
        shown = window.desk.shown
        found = shown.segments["PID-Patient"].rule("pid-7") if shown is not None else None
        return found.note if found is not None else ""

    qtbot.waitUntil(lambda: note() == "outside", timeout=10_000)
    assert window.desk.is_saved
    window.desk.undo()
    assert note() == ""
    settled(qtbot, window)
