"""The message map, the versions, the proposals and the engines of a package, on the mapping page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import settled
from workbench.gui.main_window import MainWindow
from workbench.gui.models.engine_marks import engine_marks
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.changes_pane import BASE, ChangesPane
from workbench.gui.views.mapping.engines_pane import EnginesPane
from workbench.gui.views.mapping.group_dialog import GroupDialog
from workbench.gui.views.mapping.message_map_pane import MessageMapPane
from workbench.gui.views.mapping.page import MappingPage
from workbench.gui.views.mapping.suggestions_pane import SuggestionsPane
from workbench.gui.views.mapping.upgrade_dialog import UpgradeDialog
from workbench.mapping.edits import ChangeRule, RemoveRule
from workbench.mapping.load import load_package
from workbench.mapping.model import Rule, RuleStatus
from workbench.mapping.portability import Engine

PID = "segments/PID-Patient"
Shown = TypeVar("Shown", bound=QWidget)


@pytest.fixture
def page(qtbot: QtBot, opened: Callable[[Path], MainWindow], capture_file: Path, window: MainWindow) -> MappingPage:
    opened(capture_file)
    window.bench.page_asked.emit("mapping")
    found = window.findChild(MappingPage)
    assert found is not None
    settled(qtbot, window)
    return found


def front(page: MappingPage, kind: type[Shown]) -> Shown:
    """Bring a pane to the front."""
    pane = page.findChild(kind)
    assert pane is not None
    page.tabs.bring(pane)
    return pane


@pytest.fixture
def site(small_mapping: Path, tmp_path: Path) -> Path:
    """A package that extends the small one and changes one rule."""
    folder = tmp_path / "site"
    (folder / "segments").mkdir(parents=True)
    (folder / "package.yaml").write_text("id: site\nversion: 1.0.0\nextends: ../small\n", "utf-8")
    rule = "  - {id: pid-8, from: PID-8, to: gender, literal: unknown}\n"
    (folder / f"{PID}.yaml").write_text(f"map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n{rule}", "utf-8")
    return folder


# --- the message map -------------------------------------------------------------------------------------------------


def test_the_graph_shows_what_the_message_has(qtbot: QtBot, window: MainWindow, page: MappingPage) -> None:
    pane = front(page, MessageMapPane)
    assert pane.maps.currentText() == "ADT"
    assert {dot.name: dot.count for dot in pane.graph._dots} == {"header": 1, "patient": 1}
    assert pane.rows.rowCount() == 2
    settled(qtbot, window)


def test_keys_go_from_node_to_node_and_select_the_row(qtbot: QtBot, window: MainWindow, page: MappingPage) -> None:
    pane = front(page, MessageMapPane)
    QTest.keyClick(pane.graph, Qt.Key.Key_Down)
    first = pane.graph.selected
    QTest.keyClick(pane.graph, Qt.Key.Key_Down)
    assert {first, pane.graph.selected} == {"header", "patient"}
    assert page.selection.rule == RuleName("messages/ADT", pane.graph.selected)
    assert pane.rows.rowCount() == 1
    assert pane.graph.selected in pane.graph.accessibleDescription()
    QTest.keyClick(pane.graph, Qt.Key.Key_Escape)
    assert pane.graph.selected == ""
    assert pane.rows.rowCount() == 2
    settled(qtbot, window)


def test_groups_are_added_changed_and_removed_in_one_step_each(
    qtbot: QtBot, window: MainWindow, page: MappingPage
) -> None:
    pane = front(page, MessageMapPane)
    pane.groups.add_group()
    dialog = pane.findChild(GroupDialog)
    assert dialog is not None
    dialog.name.setText("VISIT")
    dialog.starts.setText("PV1, PV2")
    dialog.accept()
    settled(qtbot, window)
    (group,) = window.desk.package.messages["ADT"].groups  # type: ignore[union-attr]
    assert (group.name, group.starts) == ("VISIT", ("PV1", "PV2"))
    pane.groups.table.selectRow(0)
    pane.groups.remove_group()
    assert window.desk.package.messages["ADT"].groups == ()  # type: ignore[union-attr]
    window.desk.undo()
    window.desk.undo()
    assert window.desk.is_saved
    settled(qtbot, window)


# --- versions --------------------------------------------------------------------------------------------------------


def test_what_was_changed_since_the_last_save_is_told_with_its_effect(
    qtbot: QtBot, window: MainWindow, page: MappingPage, tmp_path: Path
) -> None:
    pane = front(page, ChangesPane)
    assert pane.model.rowCount() == 0
    window.desk.apply(RemoveRule(PID, "pid-7"), "x")
    settled(qtbot, window)
    assert [change.entry.id for change in pane.model.rows] == ["pid-7"]
    pane.measure()
    settled(qtbot, window)
    assert {(found.move.field, str(found.move.after)) for found in pane.moves.rows} == {("PID-7", "lost")}
    assert "would be lost" in pane.said.text()
    pane.write_report(tmp_path / "changes.html")
    assert "Patient.birthDate" in (tmp_path / "changes.html").read_text("utf-8")
    assert "1980" not in (tmp_path / "changes.html").read_text("utf-8")
    window.desk.undo()
    settled(qtbot, window)


def test_another_version_in_a_folder_can_be_compared(
    qtbot: QtBot, window: MainWindow, page: MappingPage, small_mapping: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(small_mapping, other)
    path = other / f"{PID}.yaml"
    path.write_text(path.read_text("utf-8").replace("to: birthDate}", "to: birthDate, note: other}"), "utf-8")
    pane = front(page, ChangesPane)
    pane.compare_with(other)
    settled(qtbot, window)
    assert [change.entry.id for change in pane.model.rows] == ["pid-7"]
    pane.table.selectRow(0)
    assert page.selection.rule == RuleName("PID-Patient", "pid-7")
    settled(qtbot, window)


def test_a_change_of_a_site_is_taken_back_to_its_base(
    qtbot: QtBot, window: MainWindow, page: MappingPage, site: Path
) -> None:
    window.desk.open(site)
    settled(qtbot, window)
    pane = front(page, ChangesPane)
    pane.against.setCurrentText(BASE)
    pane.refresh()
    row = next(n for n, change in enumerate(pane.model.rows) if change.entry.id == "pid-8")
    pane.table.selectRow(row)
    pane.revert()
    settled(qtbot, window)
    assert window.desk.shown.segments["PID-Patient"].rule("pid-8").codes == "administrative-sex"  # type: ignore[union-attr]
    window.desk.undo()
    settled(qtbot, window)
    assert window.desk.is_saved


def test_an_upgrade_asks_what_both_changed_and_is_one_step(
    qtbot: QtBot, window: MainWindow, page: MappingPage, site: Path, small_mapping: Path, tmp_path: Path
) -> None:
    newer = tmp_path / "small-2"
    shutil.copytree(small_mapping, newer)
    path = newer / f"{PID}.yaml"
    path.write_text(path.read_text("utf-8").replace("codes: administrative-sex}", "note: newer}"), "utf-8")
    window.desk.open(site)
    settled(qtbot, window)
    pane = page.findChild(ChangesPane)
    assert pane is not None
    pane.upgrade_to(newer)
    settled(qtbot, window)
    dialog = window.findChild(UpgradeDialog)
    assert dialog is not None
    assert dialog.model.rowCount() == 1
    assert "note: newer" in dialog.texts["New base"].toPlainText()
    assert "literal: unknown" in dialog.texts["Site"].toPlainText()
    dialog.own.click()
    dialog.edited.setPlainText("from: [PID-8\n")
    assert dialog.problem.text()
    dialog.edited.setPlainText("from: PID-8\nto: gender\nliteral: other\n")
    assert not dialog.problem.text()
    dialog.accept()
    settled(qtbot, window)
    package = window.desk.package
    assert package is not None
    assert package.header.extends == "../small-2"
    assert window.desk.shown.segments["PID-Patient"].rule("pid-8").literal == "other"  # type: ignore[union-attr]
    window.desk.undo()
    settled(qtbot, window)
    assert window.desk.package.header.extends == "../small"  # type: ignore[union-attr]
    assert load_package(site).header.extends == "../small"


# --- proposals and engines -------------------------------------------------------------------------------------------


def test_a_proposal_is_accepted_by_a_person_and_undone(qtbot: QtBot, window: MainWindow, page: MappingPage) -> None:
    window.desk.apply(RemoveRule(PID, "pid-7"), "x")
    settled(qtbot, window)
    pane = front(page, SuggestionsPane)
    settled(qtbot, window)
    row = next(n for n, each in enumerate(pane.model.rows) if each.rule.target == "birthDate")
    steps = window.desk.undo_stack.index()  # type: ignore[union-attr]
    pane.table.selectRow(row)
    assert "v2-to-fhir-r4 does it so" in pane.reason.text()
    pane.table.setFocus()
    QTest.keyClick(pane.table, Qt.Key.Key_Return)
    settled(qtbot, window)
    rule = window.desk.package.segments["PID-Patient"].rule("pid-7")  # type: ignore[union-attr]
    assert rule is not None
    assert rule.status is RuleStatus.DRAFT
    assert window.desk.undo_stack.index() == steps + 1  # type: ignore[union-attr]
    assert not any(each.rule.target == "birthDate" for each in pane.model.rows)
    window.desk.undo()
    window.desk.undo()
    settled(qtbot, window)


def test_a_dismissed_proposal_is_not_shown_again(qtbot: QtBot, window: MainWindow, page: MappingPage) -> None:
    pane = front(page, SuggestionsPane)
    settled(qtbot, window)
    count = pane.model.rowCount()
    assert count
    first = pane.model.rows[0]
    pane.table.selectRow(0)
    pane.dismiss()
    pane.look()
    settled(qtbot, window)
    assert pane.model.rowCount() == count - 1
    assert first not in pane.model.rows
    assert window.desk.is_saved


def test_chosen_engines_flag_rules_and_are_saved_with_the_package(
    qtbot: QtBot, window: MainWindow, page: MappingPage
) -> None:
    rule = Rule("pid-7", ("PID-7",), "birthDate", when="PID-7 matches '[0-9]+'")
    window.desk.apply(ChangeRule(PID, "pid-7", rule), "x")
    settled(qtbot, window)
    pane = front(page, EnginesPane)
    assert pane.model.rowCount() == 0
    pane.boxes[Engine.AZURE].click()
    settled(qtbot, window)
    package = window.desk.package
    assert package is not None
    assert package.header.engines == ("azure",)
    assert engine_marks(package) == {RuleName("PID-Patient", "pid-7"): "azure cannot carry a pattern (matches)"}
    pane.table.selectRow(0)
    assert page.selection.rule == RuleName("PID-Patient", "pid-7")
    window.desk.undo()
    assert pane.model.rowCount() == 0
    assert not pane.boxes[Engine.AZURE].isChecked()
    window.desk.undo()
    settled(qtbot, window)
