"""Mapping and reviewing a list of local codes at the keyboard, with history, undo and export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import settled
from workbench.app.operations.code_reviews import actor_of, views
from workbench.app.operations.local_codes import CodeLine, Show, View
from workbench.gui.main_window import MainWindow
from workbench.gui.views.terminology.page import TerminologyPage
from workbench.kernel.progress import JobContext
from workbench.terminology.code_map import CodeMap, Mark, RowStatus, load_code_map
from workbench.terminology.library import CodeLibrary
from workbench.terminology.loinc_axes import LOINC

RELEASE = (
    "LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,METHOD_TYP,STATUS,LONG_COMMON_NAME,EXAMPLE_UCUM_UNITS\n"
    "2951-2,Sodium,SCnc,Pt,Ser/Plas,Qn,,ACTIVE,Sodium [Moles/volume] in Serum or Plasma,mmol/L\n"
    "2955-3,Sodium,SCnc,Pt,Urine,Qn,,ACTIVE,Sodium [Moles/volume] in Urine,mmol/L\n"
    "2823-3,Potassium,SCnc,Pt,Ser/Plas,Qn,,ACTIVE,Potassium [Moles/volume] in Serum or Plasma,mmol/L\n"
    "2828-2,Potassium,SCnc,Pt,Urine,Qn,,ACTIVE,Potassium [Moles/volume] in Urine,mmol/L\n"
    "2345-7,Glucose,MCnc,Pt,Ser/Plas,Qn,,ACTIVE,Glucose [Mass/volume] in Serum or Plasma,mg/dL\n"
)
LIST = (
    "local_code,local_text,specimen,units,count\n"
    "NA,Sodium,Serum,mmol/L,900\nK,Potassium,Serum,mmol/L,500\nKU,Potassium,Urine,mmol/L,40\nOLD,Do not use,,,2\n"
)
ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> TerminologyPage:
    """The page with a small imported code system and a list of four local codes, as Ann."""
    (tmp_path / "Loinc.csv").write_text(RELEASE, "utf-8")
    (tmp_path / "local.csv").write_text(LIST, "utf-8")
    CodeLibrary().import_release(tmp_path / "Loinc.csv", "loinc", "2.80", JobContext()).close()
    window.show()
    QTest.qWaitForWindowExposed(window)
    window.activateWindow()
    window.go("terminology")
    found = window.pages["terminology"]
    assert isinstance(found, TerminologyPage)
    found.codes.sources.refresh()
    found.codes.work_as("Ann", "Author and reviewer")
    found.codes.open_list(tmp_path / "local.csv", "lab", LOINC)
    settled(qtbot, window)
    return found


@pytest.fixture
def press(qtbot: QtBot, window: MainWindow) -> Callable[..., None]:
    """A key on whatever has the focus, and the rest that follows."""

    def presser(
        key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, on: QWidget | None = None
    ) -> None:
        target = on or QApplication.focusWidget() or window
        QTest.keyClick(target, key, modifier)
        settled(qtbot, window)

    return presser


def lab(page: TerminologyPage) -> CodeMap:
    package = page.codes.package
    assert package is not None
    return package.codes["lab"]


def state(page: TerminologyPage) -> dict[str, tuple[str, str]]:
    return {row.source.code: (row.target.code if row.target else "", row.status.value) for row in lab(page).rows}


def line(page: TerminologyPage, code: str) -> CodeLine:
    return next(each for each in page.codes.lines if each.local.code == code)


def answer(qtbot: QtBot, window: MainWindow, text: str) -> None:
    """Type a reason into the dialog that is open, and confirm it by keyboard."""
    dialog = next(each for each in window.findChildren(QDialog) if each.isVisible())
    box = dialog.findChild(QPlainTextEdit)
    assert box is not None
    QTest.keyClicks(box, text)
    dialog.accept()
    window.activateWindow()  # a window system does that by itself
    settled(qtbot, window)


def test_codes_are_mapped_reviewed_rejected_undone_and_exported_by_keyboard(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, press: Callable[..., None], tmp_path: Path
) -> None:
    page.list.view.setFocus()
    page.list.view.selectRow(0)
    settled(qtbot, window)
    assert [each.local.code for each in page.list.model.rows] == ["NA", "K", "KU", "OLD"]
    press(Qt.Key.Key_Return, on=page.list.view)  # to the candidates
    press(Qt.Key.Key_Return, on=page.candidates.view)  # use the first, go on to the next code
    press(Qt.Key.Key_Return, ALT)
    press(Qt.Key.Key_Return, ALT)
    assert state(page) == {"NA": ("2951-2", "mapped"), "K": ("2823-3", "mapped"), "KU": ("2828-2", "mapped")}
    press(Qt.Key.Key_N, CTRL)
    answer(qtbot, window, "not a test")
    assert state(page)["OLD"] == ("", "no-map")

    page.list.view.selectRow(0)
    press(Qt.Key.Key_A, ALT, on=page.list.view)
    assert state(page)["NA"][1] == "mapped", "nobody approves what they mapped"
    page.codes.work_as("Bea", "Reviewer")
    page.list.view.setFocus()
    page.list.view.selectRow(0)
    press(Qt.Key.Key_A, ALT, on=page.list.view)
    page.list.view.selectRow(1)
    press(Qt.Key.Key_R, ALT, on=page.list.view)
    answer(qtbot, window, "another analyte")
    assert {code: status for code, (_, status) in state(page).items()} == {
        "NA": "approved",
        "K": "rejected",
        "KU": "mapped",
        "OLD": "no-map",
    }
    press(Qt.Key.Key_Z, CTRL, on=page.list.view)
    assert state(page)["K"][1] == "mapped"

    review = page.codes.review(line(page, "K"))
    assert review is not None
    assert [(event.who, event.what) for event in review.history] == [
        ("Ann", "mapped"),
        ("Bea", "rejected"),
        ("Bea", "changed by undo, redo or elsewhere"),
    ]
    assert any("specimen" in part for part in review.history[0].evidence)
    page.files.export_map("lab", tmp_path / "lab.csv")
    written = load_code_map(tmp_path / "lab.csv")
    assert [row.source.code for row in written.rows] == ["NA", "OLD"]
    assert (written.rows[0].author, written.rows[0].approver) == ("Ann", "Bea")


def test_suggestions_are_used_in_one_step_and_undone_in_one(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, press: Callable[..., None]
) -> None:
    page.list.view.setFocus()
    page.list.view.selectAll()
    assert "4 codes are selected" in page.card.row.text()
    window.actions_by_id["codes.use_suggested"].trigger()
    settled(qtbot, window)
    assert set(state(page)) == {"NA", "K", "KU"}
    press(Qt.Key.Key_Z, CTRL, on=page.list.view)
    assert state(page) == {}


def test_an_unsafe_target_is_told_in_a_sentence_and_approved_only_with_a_reason(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, press: Callable[..., None]
) -> None:
    page.list.view.selectRow(2)
    settled(qtbot, window)
    page.search()
    QTest.keyClicks(page.candidates.search, "sodium ser")
    qtbot.waitUntil(lambda: bool(page.candidates.why.text().startswith("Sodium")), timeout=10_000)
    assert "error: KU" in page.candidates.why.text() or "error: Potassium" in page.candidates.why.text()
    press(Qt.Key.Key_Return, on=page.candidates.search)
    assert state(page) == {"KU": ("2951-2", "mapped")}
    settled(qtbot, window)
    assert line(page, "KU").is_unsafe
    page.codes.work_as("Bea", "Reviewer")
    page.list.view.selectRow(2)
    press(Qt.Key.Key_A, ALT, on=page.list.view)
    assert state(page)["KU"][1] == "mapped"
    answer(qtbot, window, "the laboratory confirms it")
    row = lab(page).row_of("KU")
    assert row is not None
    assert (row.status, row.comment) == (RowStatus.APPROVED, "the laboratory confirms it")


def test_a_flag_is_a_mark_that_comes_and_goes(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, press: Callable[..., None]
) -> None:
    page.list.view.selectRow(0)
    press(Qt.Key.Key_Return, ALT)
    page.list.view.selectRow(0)
    press(Qt.Key.Key_F, ALT, on=page.list.view)
    assert line(page, "NA").marks == {Mark.FLAGGED}
    page.list.use_view(View("", Show.MARKED))
    assert [each.local.code for each in page.list.model.rows] == ["NA"]
    press(Qt.Key.Key_F, ALT, on=page.list.view)
    assert line(page, "NA").marks == frozenset()


def test_two_blind_authors_do_not_see_one_another_and_a_third_decides(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage
) -> None:
    page.list.view.selectRow(0)
    settled(qtbot, window)
    page.toggle_blind()
    page.decisions.use()
    settled(qtbot, window)
    assert state(page) == {}
    page.list.view.selectRow(0)
    page.codes.work_as("Bea", "Author")
    settled(qtbot, window)
    assert "stays hidden" in page.card.row.text()
    assert "2951-2" not in page.card.row.text()
    page.candidates.view.selectRow(1)
    page.decisions.use()
    settled(qtbot, window)
    assert line(page, "NA").marks == {Mark.CONFLICT}
    page.list.view.selectRow(0)
    settled(qtbot, window)
    assert "Ann chose 2951-2" in page.card.row.text()
    page.decisions.use()
    settled(qtbot, window)
    assert line(page, "NA").marks == {Mark.CONFLICT}, "one of the two may not decide"
    page.codes.work_as("Cat", "Reconciler")
    page.list.view.selectRow(0)
    settled(qtbot, window)
    page.candidates.view.selectRow(0)
    page.decisions.use()
    settled(qtbot, window)
    assert state(page)["NA"] == ("2951-2", "mapped")
    assert line(page, "NA").marks == frozenset()


def test_a_view_is_kept_and_used_again(page: TerminologyPage) -> None:
    page.list.use_view(View("", Show.WAITING, "", "potas"))
    assert [each.local.code for each in page.list.model.rows] == ["K", "KU"]
    page.list.keep("Potassium")
    page.list.use_view(View("", Show.EVERYTHING))
    page.list.use_view(views(page.codes.session)[0])
    assert [each.local.code for each in page.list.model.rows] == ["K", "KU"]


def test_a_new_version_shows_what_changed_and_marks_rows_stale(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, tmp_path: Path
) -> None:
    page.list.view.selectRow(0)
    settled(qtbot, window)
    page.decisions.use()
    settled(qtbot, window)
    newer = tmp_path / "newer.csv"
    newer.write_text(
        RELEASE.replace(",ACTIVE,Sodium [Moles/volume] in Serum", ",DEPRECATED,Sodium [Moles/volume] in Serum")
    )
    dialog = page.code_systems()
    dialog.version.setText("2.81")
    dialog.import_release(newer)
    settled(qtbot, window)
    assert [info.version for info in dialog.stores.rows] == ["2.81", "2.80"] or len(dialog.stores.rows) == 2
    dialog.map.setCurrentText("lab")
    dialog.old.setCurrentText("LOINC 2.80")
    dialog.new.setCurrentText("LOINC 2.81")
    dialog.compare()
    settled(qtbot, window)
    assert [(each.source, each.kind) for each in dialog.drifts.rows] == [("NA", "retired")]
    page.mark_stale("lab", tuple(dialog.drifts.rows))
    settled(qtbot, window)
    assert line(page, "NA").marks == {Mark.STALE}
    dialog.close()


def test_values_of_patients_are_hidden_while_masking_is_on(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, tmp_path: Path
) -> None:
    path = tmp_path / "values.csv"
    path.write_text("local_code,local_text,units,values\nNA,Sodium,mmol/L,141|139\n", "utf-8")
    page.codes.open_list(path, "lab")
    settled(qtbot, window)
    assert "141" in page.card.facts.text()
    window.bench.set_masked(True)
    assert "141" not in page.card.facts.text()


def test_the_coverage_follows_every_decision(qtbot: QtBot, window: MainWindow, page: TerminologyPage) -> None:
    assert page.codes.worklist is not None
    assert str(page.codes.worklist.coverage()) == "0 of 4 distinct codes, 0.0 % of occurrences covered"
    page.list.view.selectRow(0)
    settled(qtbot, window)
    page.decisions.use()
    assert str(page.codes.worklist.coverage()) == "1 of 4 distinct codes, 62.4 % of occurrences covered"


def test_an_imported_map_replaces_the_rows_and_undo_brings_them_back(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, press: Callable[..., None], tmp_path: Path
) -> None:
    path = tmp_path / "other.csv"
    path.write_text(
        "source_system,source_code,source_display,target_system,target_code,relationship,status\n"
        f"urn:l,NA,Sodium,{LOINC},2951-2,equivalent,mapped\n",
        "utf-8",
    )
    page.files.import_map(path, "lab")
    settled(qtbot, window)
    assert line(page, "NA").status is RowStatus.MAPPED
    press(Qt.Key.Key_Z, CTRL, on=page.list.view)
    assert line(page, "NA").status is RowStatus.UNMAPPED


def test_who_works_here_is_what_was_said_and_else_the_sessions_actor(window: MainWindow) -> None:
    assert actor_of(window.session).name == "Analyst"


def test_every_control_says_what_it_is(page: TerminologyPage) -> None:
    nameless = [
        type(widget).__name__
        for widget in page.findChildren(QLineEdit)
        if widget.isVisible() and not widget.accessibleName()
    ]
    assert nameless == []


def test_a_list_that_cannot_be_read_makes_no_code_map(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n", "utf-8")
    with qtbot.waitSignal(window.bench.refused) as refused:
        page.codes.open_list(tmp_path / "bad.csv", "bad")
    settled(qtbot, window)
    assert refused.args[0].code == "TERM-0041"
    assert page.codes.package is not None
    assert "bad" not in page.codes.package.codes
    for dialog in window.findChildren(QDialog):
        dialog.close()


def test_undoing_the_new_map_leaves_codes_without_one_and_doing_it_again_gives_it_back(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage
) -> None:
    window.desk.undo()
    settled(qtbot, window)
    assert {each.map for each in page.codes.lines} == {""}
    window.desk.redo()
    settled(qtbot, window)
    assert {each.map for each in page.codes.lines} == {"lab"}


def test_a_list_stays_open_when_another_capture_is_opened(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, capture_file: Path
) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    assert [each.local.code for each in page.codes.lines] == ["NA", "K", "KU", "OLD"]


def test_an_import_that_is_cancelled_leaves_nothing_behind(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage, tmp_path: Path
) -> None:
    big = tmp_path / "Loinc_big.csv"
    rows = (f"{n}-1,X{n},SCnc,Pt,Bld,Qn,,ACTIVE,Analyte {n} in Blood,\n" for n in range(60_000))
    big.write_text(RELEASE + "".join(rows), "utf-8")
    dialog = page.code_systems()
    handle = dialog.import_release(big)
    qtbot.waitUntil(lambda: bool(handle.progress.done), timeout=20_000)
    dialog.cancel()
    settled(qtbot, window)
    assert [info.version for info in page.codes.sources.library.stores()] == ["2.80"]
    assert not list(page.codes.sources.library.folder.glob("*.part"))
    dialog.close()


def test_a_sender_may_mean_something_else_by_the_same_code(
    qtbot: QtBot, window: MainWindow, page: TerminologyPage
) -> None:
    page.list.view.selectRow(0)
    settled(qtbot, window)
    page.decisions.use()
    settled(qtbot, window)
    page.list.view.selectRow(0)
    settled(qtbot, window)
    page.candidates.view.selectRow(1)
    page.decisions.for_sender()
    answer(qtbot, window, "LAB2")
    code_map = lab(page)
    assert [row.target.code for row in code_map.translate("NA") if row.target] == ["2951-2"]
    assert [row.target.code for row in code_map.translate("NA", sender="LAB2") if row.target] == ["2955-3"]
    assert "For LAB2: 2955-3" in page.card.row.text()
    window.desk.undo()
    assert len(lab(page).rows) == 1
