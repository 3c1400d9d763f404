"""Qt's own model tester over every model, and what each model promises beyond."""

from __future__ import annotations

from array import array

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, FHIR
from workbench.app.operations.listing import MessageRow
from workbench.fhir import json_tree
from workbench.gui.findings import Finding
from workbench.gui.masking import hides_fhir
from workbench.gui.models.capture_table import (
    BLOCK_ROWS,
    BLOCKS_KEPT,
    PATIENT,
    WAITING,
    CaptureTableModel,
    readable_time,
)
from workbench.gui.models.issue_table import issue_columns
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.nodes import fhir_tree, v2_tree
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.theme.theme import Theme
from workbench.kernel.issues import MASK, Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.v2 import er7


def row(number: int) -> MessageRow:
    return MessageRow(
        number, "a.hl7", number, "er7", "20260302", "ADT^A01", f"C{number}", "1", "Roe, Ann", "2.5.1", "REG"
    )


def finding(severity: Severity, rule: str) -> Finding:
    return Finding(0, Issue(severity, IssueType.VALUE, rule, Location("PID-7"), "{value} is no date", {"value": "x9"}))


def test_the_message_tree_is_a_sound_model(qapp: QApplication, theme: Theme, qtmodeltester: ModelTester) -> None:
    model = NodeTreeModel(theme)
    model.show(v2_tree(er7.parse(ADT)))
    qtmodeltester.check(model)
    assert model.rowCount() == 6


def test_the_fhir_tree_is_a_sound_model(qapp: QApplication, theme: Theme, qtmodeltester: ModelTester) -> None:
    model = NodeTreeModel(theme)
    model.show(fhir_tree(json_tree.parse(FHIR)))
    qtmodeltester.check(model)
    family = model.tree.at_path("Patient.name[0].family")
    assert model.index_of(family, 2).data() == "Doe"


def test_the_capture_table_is_a_sound_model(qapp: QApplication, theme: Theme, qtmodeltester: ModelTester) -> None:
    model = CaptureTableModel(theme)
    model.reset(600)
    qtmodeltester.check(model)
    assert model.rowCount() == 600


def test_the_issue_table_is_a_sound_model(qapp: QApplication, theme: Theme, qtmodeltester: ModelTester) -> None:
    model = RowsModel(theme, issue_columns(lambda issue: issue.text))
    model.show([finding(Severity.ERROR, "V2-0103"), finding(Severity.WARNING, "V2-0301")])
    qtmodeltester.check(model)
    assert model.index(0, 4).data() == "x9 is no date"


def test_a_finding_about_a_file_names_the_file_and_tells_its_folder_when_asked(theme: Theme) -> None:
    location = Location("", file="/captures/2026/feed.hl7")
    issue = Issue(Severity.WARNING, IssueType.STRUCTURE, "CAP-0003", location, "4 bytes before the first message")
    model = RowsModel(theme, issue_columns(lambda issue: issue.text))
    model.show([Finding(None, issue)])
    assert model.index(0, 3).data() == "feed.hl7"
    assert "/captures/2026/feed.hl7" in model.index(0, 4).data(Qt.ItemDataRole.ToolTipRole)


def test_rows_are_asked_for_once_and_shown_when_they_come(qtbot: QtBot, theme: Theme) -> None:
    model = CaptureTableModel(theme)
    asked: list[tuple[int, object]] = []
    model.asked.connect(lambda generation, block: asked.append((generation, block)))
    model.reset(10)
    assert model.index(0, 2).data() == WAITING
    assert model.index(5, 2).data() == WAITING
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == [(1, (0, list(range(10))))]
    model.accept(1, 0, [row(n) for n in range(10)])
    assert model.index(5, 2).data() == "ADT^A01"


def test_rows_of_a_superseded_capture_are_dropped(qtbot: QtBot, theme: Theme) -> None:
    model = CaptureTableModel(theme)
    asked: list[int] = []
    model.asked.connect(lambda generation, _block: asked.append(generation))
    model.reset(10)
    model.index(0, 2).data()
    qtbot.waitUntil(lambda: bool(asked))
    model.reset(10)
    model.accept(asked[0], 0, [row(n) for n in range(10)])
    assert model.index(0, 2).data() == WAITING


def test_a_filter_shows_the_numbers_it_left(theme: Theme) -> None:
    model = CaptureTableModel(theme)
    model.reset(100, array("I", [7, 42]))
    assert (model.rowCount(), model.number(1), model.row_of(42), model.row_of(8)) == (2, 42, 1, -1)


def test_only_so_many_blocks_are_kept(qtbot: QtBot, theme: Theme) -> None:
    model = CaptureTableModel(theme)
    blocks = BLOCKS_KEPT + 3
    model.reset(blocks * BLOCK_ROWS)
    asked: list[int] = []
    model.asked.connect(lambda _generation, wanted: asked.append(wanted[0]))
    for block in range(blocks):
        model.index(block * BLOCK_ROWS, 2).data()
    qtbot.waitUntil(lambda: len(asked) == blocks)
    for block in range(blocks):
        model.accept(model.generation, block, [row(n) for n in range(BLOCK_ROWS)])
    assert model.index(0, 2).data() == WAITING
    assert model.index((blocks - 1) * BLOCK_ROWS, 2).data() == "ADT^A01"


def test_rows_found_later_come_at_the_end(qtbot: QtBot, theme: Theme) -> None:
    model = CaptureTableModel(theme)
    model.reset(3)
    with qtbot.waitSignal(model.rowsInserted) as inserted:
        model.grow(5)
    assert inserted.args is not None
    assert inserted.args[1:] == [3, 4]


def test_masking_hides_the_patient(theme: Theme, qtbot: QtBot) -> None:
    model = CaptureTableModel(theme)
    model.reset(1)
    model.index(0, PATIENT).data()
    qtbot.wait(1)
    model.accept(model.generation, 0, [row(0)])
    assert model.index(0, PATIENT).data() == "Roe, Ann"
    model.set_masked(True)
    assert model.index(0, PATIENT).data() == MASK


@pytest.mark.parametrize(
    ("written", "shown"),
    [("20260302082200-0500", "2026-03-02 08:22:00"), ("20260302", "2026-03-02"), ("yesterday", "yesterday"), ("", "")],
)
def test_times_are_shown_as_people_read_them(written: str, shown: str) -> None:
    assert readable_time(written) == shown


def test_rows_sort_by_the_key_of_a_column_and_back(theme: Theme) -> None:
    model = RowsModel(theme, (Column("Count", lambda n: f"{n:,}", key=lambda n: n),))
    model.show([30, 4, 1000])
    model.sort(0, Qt.SortOrder.DescendingOrder)
    assert list(model.rows) == [1000, 30, 4]
    model.sort(-1)
    assert list(model.rows) == [30, 4, 1000]


def test_a_state_is_told_in_words_to_a_screen_reader(theme: Theme) -> None:
    model = RowsModel(theme, issue_columns(lambda issue: issue.masked_text))
    model.show([finding(Severity.ERROR, "V2-0103")])
    assert "error" in str(model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole))
    assert not model.index(0, 0).data(Qt.ItemDataRole.DecorationRole).isNull()


def test_the_parent_of_a_root_is_no_index(theme: Theme) -> None:
    model = NodeTreeModel(theme)
    model.show(v2_tree(er7.parse(ADT)))
    assert model.parent(model.index(0, 0)) == QModelIndex()


@pytest.mark.parametrize(
    ("key", "parent_key", "hidden"),
    [
        ("url", "extension", False),
        ("url", "resource", False),
        ("url", "request", True),
        ("url", "content", True),
        ("[0]", "event", True),
        ("code", "coding", False),
    ],
)
def test_addresses_that_may_name_a_patient_are_hidden(key: str, parent_key: str, hidden: bool) -> None:
    assert hides_fhir(key, parent_key) is hidden
