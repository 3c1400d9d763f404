"""The whole job in one window: load, see, validate, map, codes, suite, review, export."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import settled
from workbench.app.operations.local_codes import CodeLine
from workbench.app.operations.review import Decision
from workbench.app.session import sample_capture_paths
from workbench.gui.bench import Step
from workbench.gui.main_window import MainWindow
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.page import Page
from workbench.gui.views.export.page import ExportPage
from workbench.gui.views.mapping.page import MappingPage
from workbench.gui.views.messages.page import MessagesPage
from workbench.gui.views.review.page import ReviewPage
from workbench.gui.views.suites.page import SuitesPage
from workbench.gui.views.terminology.page import TerminologyPage
from workbench.gui.views.validation.page import ValidationPage
from workbench.kernel.issues import Severity
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.load import load_package
from workbench.mapping.model import Rule, RuleStatus
from workbench.records.agreement import Kind
from workbench.suites.results import Outcome
from workbench.terminology.code_map import RowStatus

P = TypeVar("P", bound=Page)


def page(window: MainWindow, kind: type[P]) -> P:
    found = next(each for each in window.pages.values() if isinstance(each, kind))
    window.go(found.name)
    return found


def test_the_whole_job_is_done_in_one_window(
    qtbot: QtBot, window: MainWindow, capture_file: Path, mapping_copy: Path, tmp_path: Path
) -> None:
    window.desk.open(mapping_copy)
    load(qtbot, window, capture_file)
    see(qtbot, window)
    validate(qtbot, window)
    map_fields(qtbot, window, mapping_copy)
    map_codes(qtbot, window)
    run_suite(qtbot, window)
    review(qtbot, window)
    export(qtbot, window, tmp_path / "out")
    audit(window)


def load(qtbot: QtBot, window: MainWindow, capture_file: Path) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    assert window.bench.capture is not None
    assert len(window.bench.capture) == 2
    assert window.page.name == "messages"
    assert window.rail.buttons["messages"].count == "2"


def see(qtbot: QtBot, window: MainWindow) -> None:
    messages = page(window, MessagesPage)
    qtbot.waitUntil(lambda: messages.list.model.index(0, 2).data() == "ADT^A01")
    assert messages.list.model.index(0, 4).data() == "García-Lorca, María"
    view = messages.message
    # tree → raw and details
    number = view.model.tree.at_path("PID-5.2")
    view.tree.setCurrentIndex(view.model.index_of(number))
    assert window.bench.place.path == "PID-5.2"
    selected = view.raw.extraSelections()
    assert [piece.cursor.selectedText() for piece in selected] == ["María"]
    # raw → tree
    cursor = view.raw.textCursor()
    cursor.setPosition(view.raw.toPlainText().index("998877") + 1, QTextCursor.MoveMode.MoveAnchor)
    view.raw.setTextCursor(cursor)
    qtbot.keyClick(view.raw, Qt.Key.Key_Right)
    assert window.bench.place.path == "PID-3[2].1"
    node = view.model.node(view.tree.currentIndex())
    assert node is not None
    assert node.path == "PID-3[2].1"
    messages.message.copy_path("Mirth")
    assert QApplication.clipboard().text() == "msg['PID']['PID.3'][1]['PID.3.1']"


def validate(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_by_id["messages.validate"].trigger()
    settled(qtbot, window)
    validation = page(window, ValidationPage)
    errors = [f for f in window.bench.findings() if f.number == 1 and f.issue.severity is Severity.ERROR]
    birth_date = next(f for f in errors if f.issue.location.path.startswith("PID-7"))
    assert validation.rules_model.rowCount() > 0
    window.problems.refresh()
    index = window.problems.model.index_of(lambda finding: finding == birth_date)
    window.problems.view.clicked.emit(index)
    assert window.bench.number == 1
    pointed = [piece.cursor.selectedText() for piece in validation.message.raw.extraSelections()]
    assert pointed == ["1980133"]
    window.bench.select_message(0)
    settled(qtbot, window)


def map_fields(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    mapping = page(window, MappingPage)
    settled(qtbot, window)
    assert window.desk.result is not None
    # target value → its rule and source bytes
    document = window.desk.result.document
    gender = next(e for e in document.root.walk() if e.label == "gender")
    mapping.show_target(gender.path)
    assert mapping.rules.current == RuleName("PID-Patient", "pid-8")
    assert window.bench.place.path == "PID-8"
    # source field → where it went
    source = mapping.source.model
    mapping.show_source(source.tree.nodes[source.tree.at_path("PID-7")])
    pointed = [piece.cursor.selectedText() for piece in mapping.result.json.extraSelections()]
    assert pointed == ['"1980-01-03"']
    # a rule is added, has its effect, is undone, done again, changed, saved
    rule_map = next(m for m in mapping.maps_for("ZPI-2") or mapping.maps_for("PID-8") if m.name == "PID-Patient")
    rule = Rule("nickname", ("PID-5.2",), "name[nick].text", status=RuleStatus.DRAFT)
    mapping.add(rule_map, rule)
    settled(qtbot, window)
    assert window.desk.problem is None
    assert written(window, "PID-Patient", "nickname")
    window.actions_by_id["edit.undo"].trigger()
    settled(qtbot, window)
    assert not written(window, "PID-Patient", "nickname")
    window.actions_by_id["edit.redo"].trigger()
    settled(qtbot, window)
    mapping.show_rule(RuleName("PID-Patient", "nickname"))
    mapping.editor.line("note").setText("for the greeting")
    mapping.editor.line("note").editingFinished.emit()
    mapping.actions_of_rules.approve()
    settled(qtbot, window)
    window.actions_by_id["file.save"].trigger()
    assert window.desk.is_saved
    kept = load_package(folder).segments["PID-Patient"].rule("nickname")
    assert kept is not None
    assert (kept.note, kept.status) == ("for the greeting", RuleStatus.APPROVED)
    # and removed again
    mapping.show_rule(RuleName("PID-Patient", "nickname"))
    window.actions_by_id["mapping.remove_rule"].trigger()
    settled(qtbot, window)
    assert not written(window, "PID-Patient", "nickname")
    window.desk.save_now()
    # the ledger of the message and of the capture
    counts = window.desk.result.traced.ledger.counts()
    assert sum(counts.values()) == window.ledger.entries.rowCount()
    assert counts[Fate.MAPPED] > 0
    window.actions_by_id["messages.ledger"].trigger()
    settled(qtbot, window)
    assert window.desk.capture_ledger is not None
    assert window.desk.capture_ledger.messages == 2


def written(window: MainWindow, map_id: str, rule_id: str) -> bool:
    assert window.desk.result is not None
    return any((e.map_id, e.rule_id) == (map_id, rule_id) and e.target for e in window.desk.result.traced.trace)


def map_codes(qtbot: QtBot, window: MainWindow) -> None:
    terminology = page(window, TerminologyPage)
    terminology.codes.collect()
    settled(qtbot, window)

    def select() -> CodeLine:
        """The line of the code, selected: a decision goes on to the next one that waits."""
        rows = terminology.list.model
        index = rows.index_of(lambda other: (other.local.field, other.local.code) == ("PID-8", "Q"))
        terminology.list.view.setCurrentIndex(index)
        settled(qtbot, window)
        return rows.rows[index.row()]

    line = select()
    assert line.local.count == 1
    assert line.status is RowStatus.UNMAPPED
    other = terminology.candidates.model.index_of(lambda offer: offer.candidate.coding.code == "other")
    assert other.isValid()
    terminology.candidates.view.setCurrentIndex(other)
    terminology.decisions.use()
    settled(qtbot, window)
    chosen = select()
    assert chosen.target is not None
    assert (chosen.target.code, chosen.status) == ("other", RowStatus.MAPPED)
    # nobody approves what they mapped themselves
    terminology.decisions.approve()
    assert "author" in window.status.words.text()
    window.session.actor = "Reviewer"
    select()
    terminology.decisions.approve()
    settled(qtbot, window)
    assert select().status is RowStatus.APPROVED
    window.desk.save_now()


def run_suite(qtbot: QtBot, window: MainWindow) -> None:
    suites = page(window, SuitesPage)
    suites.run()
    settled(qtbot, window, 240_000)
    assert suites.run_result is not None
    assert suites.run_result.counts[Outcome.CHANGED] == len(suites.run_result.cases) > 0
    assert window.rail.buttons["suites"].count == str(len(suites.run_result.cases))
    suites.accept_now(suites.suite)  # type: ignore[arg-type]
    settled(qtbot, window, 240_000)
    assert suites.run_result.passed
    assert suites.report is not None
    assert suites.report.read_bytes().startswith(b"<!DOCTYPE html>") or b"<html" in suites.report.read_bytes()[:200]


def review(qtbot: QtBot, window: MainWindow) -> None:
    reviewing = page(window, ReviewPage)
    settled(qtbot, window)
    case = reviewing.case
    assert case is not None
    allergy = next(d for d in case.differences if d.source is not None and d.source.label == "Penicillin")
    assert allergy.kind in (Kind.SAME, Kind.UNVALIDATED)
    reviewing.accept()
    assert reviewing.decision.text == "accepted"
    reviewing.decide(Decision.REJECTED, "the dose is missing")
    assert reviewing.decision.text == "rejected"


def export(qtbot: QtBot, window: MainWindow, out: Path) -> None:
    exporting = page(window, ExportPage)
    settled(qtbot, window)
    assert "against" in exporting.gate.text
    exporting.draft.setChecked(True)
    exporting.folder.setText(str(out))
    exporting.export()
    settled(qtbot, window, 240_000)
    assert exporting.exported is not None
    assert exporting.exported.path.parent == out
    assert "DRAFT" in exporting.exported.path.name
    assert Step.EXPORT in window.bench.steps


def audit(window: MainWindow) -> None:
    window.actions_by_id["audit.verify"].trigger()
    done = [entry.action for entry in window.session.audit_entries()]
    for action in ("mapping.save", "suite.run", "suite.accept", "review.accepted", "review.rejected", "package.export"):
        assert action in done
    assert "every link holds" in window.audit.chain.text


def test_the_shipped_sample_opens(qtbot: QtBot, window: MainWindow) -> None:
    window.open_paths(sample_capture_paths())
    settled(qtbot, window)
    assert window.bench.capture is not None
    assert len(window.bench.capture) > 10
    assert window.desk.result is not None
