"""The profile editor and the gap report of the Validation page."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, BAD, settled
from workbench.app.operations.profiles import DRAFT
from workbench.app.session import Session
from workbench.gui.main_window import MainWindow
from workbench.gui.models.gap_tree import gap_tree, steps_of
from workbench.gui.views.validation.condition_dialog import ConditionDialog, read_test
from workbench.gui.views.validation.page import ValidationPage
from workbench.gui.views.validation.profile_model import HEADS
from workbench.gui.views.validation.profile_tab import ProfileTab
from workbench.validation.profiles.gap import Effect, Gap
from workbench.validation.profiles.model import Code, Element, Usage
from workbench.validation.profiles.places import Address, item_at, path_of
from workbench.validation.profiles.plain_form import NotThisForm


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> ValidationPage:
    """A capture of twelve good messages, whose profile was learnt."""
    path = tmp_path / "feed.hl7"
    path.write_bytes(b"\r".join(ADT.replace(b"|C1|", b"|C%d|" % n) for n in range(12)))
    window.open_paths([path])
    settled(qtbot, window)
    window.complete()
    window.go("validation")
    made = window.pages["validation"]
    assert isinstance(made, ValidationPage)
    made.learn_profile()
    settled(qtbot, window)
    made.profile._holder.saved()
    return made


def go(page: ValidationPage, path: str) -> Address:
    """Select a place as somebody does who types its path."""
    tab = page.profile
    tab.search.setText(path)
    tab.search.returnPressed.emit()
    at = tab.at
    assert at is not None
    assert tab.profile is not None
    assert path_of(tab.profile, at) == path
    return at


def element(page: ValidationPage, at: Address) -> Element:
    profile = page.profile.profile
    assert profile is not None
    found = item_at(profile, at)
    assert isinstance(found, Element)
    return found


def typed(box: QWidget, text: str) -> None:
    """Replace the text of a box by keys and leave it."""
    QTest.keyClick(box, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)


def choose_usage(page: ValidationPage, usage: Usage) -> None:
    box = page.profile.inspector.usage
    box.setCurrentIndex(box.findData(usage))
    box.activated.emit(box.currentIndex())


def test_a_learnt_profile_is_shown_with_its_counts(page: ValidationPage) -> None:
    at = go(page, "PID-8")
    index = page.profile.model.index_of(at)
    said = dict(zip(HEADS, (index.siblingAtColumn(n).data() for n in range(len(HEADS))), strict=True))
    assert said["Usage"] == "R"
    assert said["Cardinality"] == "1..1"
    assert said["Codes"] == "1 code, closed"
    assert said["Seen"] == "in 100 % of 12"
    assert page.profile.inspector.model.codes[0].count == 12


def test_an_edit_can_be_undone_and_done_again_by_keys(page: ValidationPage) -> None:
    at = go(page, "PID-8")
    choose_usage(page, Usage.O)
    assert element(page, at).usage is Usage.O
    assert page.profile.at == at, "the place stays selected"
    QTest.keyClick(page.profile.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert element(page, at).usage is Usage.R
    QTest.keyClick(
        page.profile.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert element(page, at).usage is Usage.O
    page.profile.undo()


def test_what_is_no_cardinality_is_said_and_changes_nothing(page: ValidationPage) -> None:
    at = go(page, "PID-3")
    before = element(page, at)
    typed(page.profile.inspector.cardinality, "many")
    assert element(page, at) is before
    assert "many" in page.profile.inspector.problem.text()
    typed(page.profile.inspector.cardinality, "1..*")
    assert str(element(page, at).cardinality) == "1..*"
    page.profile.undo()


def test_codes_are_edited_in_their_table(page: ValidationPage) -> None:
    at = go(page, "PID-8")
    model = page.profile.inspector.model
    page.profile.inspector._add()
    assert model.setData(model.index(1, 0), "M")
    assert model.setData(model.index(1, 2), "male")
    assert model.codes[1] == Code("M", display="male")
    page.profile.inspector.codes.selectRow(0)
    page.profile.inspector._remove()
    assert [code.value for code in model.codes] == ["M"]
    for _ in range(4):
        page.profile.undo()
    assert [code.value for code in model.codes] == ["F"]
    assert page.profile.at == at


def test_an_edited_profile_is_saved_and_used_at_once(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, tmp_path: Path
) -> None:
    go(page, "PID-8")
    choose_usage(page, Usage.X)
    page.profile._file = tmp_path / "ours.yaml"
    page.profile.use()
    settled(qtbot, window)
    assert window.bench.against.v2_profile == tmp_path / "ours.yaml"
    window.bench.validate()
    settled(qtbot, window)
    assert {f.number for f in window.bench.findings() if f.issue.location.path == "PID-8"} == set(range(12))
    choose_usage(page, Usage.O)
    page.profile.use()
    settled(qtbot, window)
    assert not [f for f in window.bench.findings() if f.issue.location.path == "PID-8"], "the saved file is read again"


def test_a_condition_is_asked_checked_and_listed(qtbot: QtBot, window: MainWindow, page: ValidationPage) -> None:
    at = go(page, "PID-8")
    dialog = page.profile.ask_rule(None)
    assert isinstance(dialog, ConditionDialog)
    dialog.text.setText("PID-7 is there")
    dialog.test.setPlainText("present: {path: 'seven'}")
    assert "no path" in dialog.problem.text()
    dialog.test.setPlainText("present: {path: '7[1]'}")
    assert dialog.problem.text() == ""
    dialog.accept()
    assert element(page, at).usage is Usage.C
    assert page.profile.inspector.rules.count() == 1
    assert "PID-7 is there" in page.profile.inspector.rules.item(0).text()
    page.profile.inspector._remove_rule()
    assert page.profile.inspector.rules.count() == 0
    page.profile._holder.saved()


def test_a_profile_that_cannot_be_read_is_refused_in_words(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, tmp_path: Path
) -> None:
    before = page.profile.profile
    (tmp_path / "none.yaml").write_text("a: 1", "utf-8")
    with qtbot.waitSignal(window.bench.refused, raising=True):
        page.profile.open(tmp_path / "none.yaml")
    for widget in window.findChildren(QWidget):
        if widget.isWindow() and widget.isVisible() and widget is not window:
            widget.close()
    settled(qtbot, window)
    assert page.profile.profile is before


def test_the_gap_report_between_a_capture_and_a_profile(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, tmp_path: Path
) -> None:
    go(page, "PID-8")
    choose_usage(page, Usage.X)
    gaps = page.gaps
    gaps.choose_capture(0)
    gaps.choose_edited(1)
    gaps.compare()
    settled(qtbot, window)
    assert ("PID-8", "usage", "R", "X", Effect.STRICTER) in {
        (g.place, g.aspect, g.first, g.second, g.effect) for g in gaps.shown
    }
    gaps.filter.setText("PID-8")
    assert {gap.place for gap in gaps.shown} == {"PID-8"}
    assert gaps.tree_model.rowCount() == 1
    gaps.effect.setCurrentIndex(1 + list(Effect).index(Effect.LOOSER))
    assert gaps.shown == []
    gaps.export_to(tmp_path / "gaps.xlsx", "xlsx")
    settled(qtbot, window)
    rows = list(load_workbook(tmp_path / "gaps.xlsx").active.values)  # type: ignore[union-attr]
    assert any(row[0] == "PID-8" for row in rows)
    page.profile._holder.saved()


def test_profiles_that_agree_have_no_gaps(qtbot: QtBot, window: MainWindow, page: ValidationPage) -> None:
    page.gaps.choose_capture(0)
    page.gaps.choose_edited(1)
    page.gaps.compare()
    settled(qtbot, window)
    assert page.gaps.shown == []
    assert "the same" in page.gaps.words.text()


def test_the_gap_between_two_captures_is_that_of_their_profiles(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, tmp_path: Path
) -> None:
    other = tmp_path / "other.hl7"
    other.write_bytes(BAD)
    page.gaps.choose_capture(0)
    page.gaps.choose_path(1, other)
    page.gaps.compare()
    settled(qtbot, window)
    assert {gap.place for gap in page.gaps.shown if gap.aspect == "presence"} >= {"ADT^A01", "ADT^A08"}


def test_places_of_gaps_become_branches() -> None:
    assert steps_of("ADT^A01/PROCEDURE/PR1") == ("ADT^A01", "PROCEDURE", "PR1")
    assert steps_of("PID-3.4.1") == ("PID", "PID-3", ".4", ".1")
    assert steps_of("PID-3.1 (A, B)") == ("PID (A, B)", "PID-3", ".1")
    gaps = [
        Gap("PID-3", "List", "usage", "R", "O", Effect.LOOSER),
        Gap("PID-3.1", "ID", "usage", "O", "R", Effect.STRICTER),
    ]
    tree, effects = gap_tree(gaps)
    labels = [node.label for node in tree.nodes]
    assert labels == ["PID", "PID-3", "usage", ".1", "usage"]
    assert list(effects.values()) == [Effect.LOOSER, Effect.STRICTER]


def test_a_test_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(NotThisForm, match="no YAML"):
        read_test("present: {path")
    with pytest.raises(NotThisForm):
        read_test("- present")


def test_an_unsaved_profile_comes_back_after_a_kill(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, session: Session, tmp_path: Path
) -> None:
    at = go(page, "PID-8")
    choose_usage(page, Usage.X)
    page.profile.draft.keep()
    settled(qtbot, window)
    again = ProfileTab(window.bench, session)
    settled(qtbot, window)
    assert again.profile is not None
    found = item_at(again.profile, at)
    assert isinstance(found, Element)
    assert found.usage is Usage.X
    again.save(tmp_path / "kept.yaml")
    settled(qtbot, window)
    again.draft.keep()
    assert session.setting(DRAFT) is None
    again.deleteLater()
