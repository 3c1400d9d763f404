"""The Validation page: groups, explanations, suppressions, baseline, choices, charts, reports, answers, FHIRPath."""

from __future__ import annotations

import json
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QAbstractButton, QDialog
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, BAD, FHIR, settled
from workbench.app.operations.anomalies import Kind
from workbench.app.operations.suppressions import Fate, Sent, Suppression
from workbench.app.operations.validation import Against
from workbench.app.session import Session
from workbench.gui import bench
from workbench.gui.findings import Finding
from workbench.gui.main_window import MainWindow
from workbench.gui.models.issue_table import GROUPINGS, grouped
from workbench.gui.shell import grouping
from workbench.gui.theme.theme import Theme
from workbench.gui.theme.tokens import ThemeName
from workbench.gui.views.validation.charts import ChartsTab, over_time
from workbench.gui.views.validation.choices import described, from_setting, to_setting
from workbench.gui.views.validation.choices_dialog import ChoicesDialog
from workbench.gui.views.validation.page import ValidationPage
from workbench.gui.views.validation.suppress import SuppressDialog
from workbench.kernel.issues import MASK, Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.kernel.progress import JobContext
from workbench.validation.fhir_validator import FhirOptions

OTHER = BAD.replace(b"|REG|GH|", b"|LAB|GH|").replace(b"20260302082300", b"20260402082300")
IMPLAUSIBLE = ADT.replace(b"19800103", b"18200103")
LATER = date.today() + timedelta(days=30)


def validation_of(window: MainWindow) -> ValidationPage:
    window.go("validation")
    page = window.pages["validation"]
    assert isinstance(page, ValidationPage)
    return page


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> ValidationPage:
    """A validated capture: one good message, one bad one each from two senders a month apart."""
    path = tmp_path / "feed.hl7"
    path.write_bytes(ADT + b"\r" + BAD + b"\r" + OTHER)
    window.open_paths([path])
    settled(qtbot, window)
    window.bench.validate()
    settled(qtbot, window)
    return validation_of(window)


def select(page: ValidationPage, rule: str, row: int = 0) -> Finding:
    """Select a finding of a rule."""
    index = page.rules_model.index_of(lambda group: group.key == rule)
    assert index.isValid(), rule
    page.findings.groups.view.setCurrentIndex(index)
    page.findings.view.selectRow(row)
    finding = page.findings.current
    assert finding is not None
    return finding


def birth_date_rule(page: ValidationPage) -> str:
    found = page.bench.findings()
    return next(f.issue.rule for f in found if f.issue.location.path.startswith("PID-7") and f.number == 1)


@pytest.mark.parametrize("by", GROUPINGS)
def test_findings_are_grouped_and_every_finding_is_in_a_group(page: ValidationPage, by: str) -> None:
    page.findings.grouping.setCurrentIndex(GROUPINGS.index(by))
    groups = page.rules_model.rows
    assert sum(len(group.findings) for group in groups) == len(page.bench.findings()) > 0
    keys = {group.key for group in groups}
    expected = {"File": "feed.hl7", "Sender": "LAB", "Path": "PID-7.1", "Rule": birth_date_rule(page)}[by]
    assert any(key.endswith(expected) or key == expected.removesuffix(".1") for key in keys), keys


def test_the_problems_pane_groups_by_sender_and_steps_within_the_group(
    qtbot: QtBot, window: MainWindow, page: ValidationPage
) -> None:
    pane = window.problems
    window.bottom.bring("Problems")
    pane.grouping.setCurrentIndex(1 + GROUPINGS.index("Sender"))
    index = pane.groups.model.index_of(lambda group: group.key == "LAB")
    pane.groups.view.setCurrentIndex(index)
    assert {finding.number for finding in pane.model.rows} == {2}
    pane.step(1)
    assert window.bench.number == 2
    pane.grouping.setCurrentIndex(0)
    assert pane.model.rowCount() == len(window.bench.findings())


def test_a_finding_is_explained_by_its_rule_and_section(window: MainWindow, page: ValidationPage) -> None:
    finding = select(page, birth_date_rule(page))
    card = page.findings.card
    assert card.title.text()
    assert card.advice.text()
    assert finding.issue.rule in card.source.text()
    assert "HL7 v2" in card.source.text()


def test_suppressed_findings_are_counted_and_can_be_shown(
    qtbot: QtBot, window: MainWindow, session: Session, page: ValidationPage
) -> None:
    rule = birth_date_rule(page)
    before = len(page.bench.findings())
    finding = select(page, rule)
    dialog = page.suppress()
    assert isinstance(dialog, SuppressDialog)
    buttons = {b.text(): b for b in dialog.findChildren(QAbstractButton)}
    assert not buttons["Suppress"].isEnabled()
    dialog.reason.setPlainText("The sender repairs it in May")
    assert buttons["Suppress"].isEnabled()
    dialog.accept()
    hidden = page.bench.sifted()[Fate.SUPPRESSED]
    assert finding in hidden
    assert len(page.bench.findings()) == before - len(hidden)
    assert f"{len(hidden):,} suppressed" in page._hidden.text()
    page.findings.fate.setCurrentIndex(1)
    assert {group.key for group in page.rules_model.rows} == {rule}
    assert page.suppressions.count(page.suppressions.model.rows[0]) == len(hidden)
    assert [e.action for e in session.audit_entries()][-1] == "finding.suppress"
    page.suppressions.view.selectRow(0)
    page.suppressions.lift()
    assert len(page.bench.findings()) == before


def test_a_suppression_for_one_sender_leaves_the_others(window: MainWindow, page: ValidationPage) -> None:
    rule = birth_date_rule(page)
    page.suppress_now(Suppression(rule, "PID-7", "known", LATER, sender="LAB"))
    numbers = {f.number for f in page.bench.findings() if f.issue.rule == rule and f.issue.location.path[:5] == "PID-7"}
    assert numbers == {1}
    assert window.bench.status()[1] is not None


def test_with_a_baseline_only_new_problems_are_told(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, tmp_path: Path
) -> None:
    page.take_baseline()
    assert not page.bench.findings()
    assert "known" in page._hidden.text()
    path = tmp_path / "next.hl7"
    path.write_bytes(BAD + b"\r" + BAD.replace(b"|Roe^Ann|", b"|Roe^Ann|" + b"|").replace(b"EVN|A08", b"EVN|A0"))
    window.open_paths([path])
    settled(qtbot, window)
    window.bench.validate()
    settled(qtbot, window)
    assert {finding.number for finding in page.bench.findings()} == {1}
    page.forget_baseline()
    assert {finding.number for finding in page.bench.findings()} == {0, 1}


def test_choices_are_remembered_by_the_workspace() -> None:
    against = Against(
        Path("site.yaml"), FhirOptions(packages=(Path("us"),), profiles=("http://x/p",)), True, frozenset({"CLN-0103"})
    )
    assert from_setting(json.loads(json.dumps(to_setting(against)))) == against
    assert from_setting(None) == Against(plausible=True)
    assert described(against) == "HL7 v2 profile site.yaml · p · clinical plausibility (1 rules off)"


def test_a_plausibility_rule_can_be_switched_off(
    qtbot: QtBot, window: MainWindow, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "old.hl7"
    path.write_bytes(IMPLAUSIBLE)
    window.open_paths([path])
    settled(qtbot, window)
    page = validation_of(window)
    window.bench.validate()
    settled(qtbot, window)
    assert "CLN-0103" in {finding.issue.rule for finding in window.bench.findings()}
    dialog = page.choose()
    assert isinstance(dialog, ChoicesDialog)
    for number in range(dialog.switches.count()):
        item = dialog.switches.item(number)
        if item.text().startswith("CLN-0103"):
            item.setCheckState(item.checkState().Unchecked)
    dialog.accept()
    settled(qtbot, window)
    assert "CLN-0103" not in {finding.issue.rule for finding in window.bench.findings()}
    assert from_setting(session.setting("validation.against")).disabled == {"CLN-0103"}


def test_a_profile_that_is_not_there_is_refused_in_words(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, tmp_path: Path
) -> None:
    told: list[object] = []
    window.bench.refused.connect(told.append)
    page.judge_by(Against(tmp_path / "missing.yaml"))
    settled(qtbot, window)
    assert told
    for dialog in window.findChildren(QDialog):
        dialog.close()


def test_names_under_bars_never_run_into_one_another(qtbot: QtBot, theme: Theme) -> None:
    charts = ChartsTab(theme)
    qtbot.addWidget(charts)
    issues = [Issue(Severity.ERROR, IssueType.VALUE, f"V2-{rule:04}", Location("PID-3"), "x") for rule in range(20)]
    findings = [Finding(0, issue) for issue in issues]
    charts.resize(1400, 500)
    charts.show_findings(grouped(findings, GROUPINGS[0], lambda _finding: Sent()), ())
    charts.show()
    names = charts.by_rule.getAxis("bottom")._tickLevels[0]
    charts.resize(420, 500)
    qtbot.waitUntil(lambda: len(charts.by_rule.getAxis("bottom")._tickLevels[0]) < len(names))
    places = [place for place, _ in charts.by_rule.getAxis("bottom")._tickLevels[0]]
    assert places == list(range(0, 20, places[1]))
    charts.close()


def test_charts_say_what_they_show(page: ValidationPage) -> None:
    page.tabs.setCurrentIndex(1)
    charts = page._charts.findChild(ChartsTab)
    assert charts is not None
    assert birth_date_rule(page) in charts.by_rule.accessibleDescription()
    assert "2026-03-02" in charts.by_time.accessibleDescription()
    assert "2026-04-02" in charts.by_time.accessibleDescription()
    page.bench.theme.use(ThemeName.DARK)
    assert not charts.grab().isNull()


def test_periods_grow_until_the_bars_fit(page: ValidationPage) -> None:
    bench = page.bench
    hours = over_time(bench.findings(), bench.sent_of)
    assert [period.name for period in hours] == ["2026-03-02 08 h", "2026-04-02 08 h"]
    spread = [bench.findings()[0]] * 100
    times = iter(f"2026{1 + n // 28:02}{1 + n % 28:02}10" for n in range(100))
    months = over_time(spread, lambda _finding: bench.sent_of(spread[0])._replace(time=next(times)))
    assert [period.name for period in months] == ["2026-01", "2026-02", "2026-03", "2026-04"]


@pytest.mark.parametrize("name", ["csv", "junit", "sarif", "operation-outcome"])
def test_reports_hide_values_unless_they_are_asked_for(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, session: Session, tmp_path: Path, name: str
) -> None:
    for asked in (False, True):
        page.export.with_values.setChecked(asked)
        page.export.write(tmp_path / f"{asked}.{name}", name)
        settled(qtbot, window)
    hidden, shown = ((tmp_path / f"{asked}.{name}").read_text("utf-8") for asked in (False, True))
    assert "1980133" in shown
    assert "1980133" not in hidden
    assert birth_date_rule(page) in hidden
    assert [entry.action for entry in session.audit_entries()][-2:] == ["findings.export", "findings.export-values"]
    window.bench.set_masked(True)
    assert not page.export.with_values.isChecked()
    assert not page.export.with_values.isEnabled()


def test_the_answer_to_a_bad_message_names_its_errors(qtbot: QtBot, window: MainWindow, page: ValidationPage) -> None:
    page.tabs.setCurrentWidget(page.acknowledgement)
    window.bench.select_message(1)
    page.acknowledgement.answer()
    settled(qtbot, window)
    text = page.acknowledgement.raw.toPlainText()
    assert "MSA|AE|C2" in text
    assert "ERR|" in text
    assert "1980133" not in text
    assert page.acknowledgement.badge.text.startswith("AE")


@pytest.fixture
def resource(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> ValidationPage:
    path = tmp_path / "patient.json"
    path.write_bytes(FHIR)
    window.open_paths([path])
    settled(qtbot, window)
    page = validation_of(window)
    page.show_fhirpath()
    return page


def test_fhirpath_shows_its_result_while_typing(qtbot: QtBot, window: MainWindow, resource: ValidationPage) -> None:
    box = resource.fhirpath
    qtbot.keyClicks(box.expression, "Patient.name.family | gender")
    qtbot.waitUntil(lambda: box.model.rowCount() == 2)
    settled(qtbot, window)
    assert [item.text for item in box.model.rows] == ["Doe", "female"]
    window.bench.set_masked(True)
    settled(qtbot, window)
    assert [item.text for item in box.model.rows] == [MASK, MASK]


def test_an_item_of_a_result_leads_to_its_bytes(qtbot: QtBot, window: MainWindow, resource: ValidationPage) -> None:
    resource.fhirpath.expression.setText("Patient.name.given | name.count()")
    resource.fhirpath.evaluate()
    settled(qtbot, window)
    assert [item.path for item in resource.fhirpath.model.rows] == ["Patient.name[0].given[0]", ""]
    resource.fhirpath.view.selectRow(0)
    place = window.bench.place
    assert place.path == "Patient.name[0].given[0]"
    assert place.span is not None
    assert FHIR[place.span.start : place.span.end] == b'"Jo"'


def test_fhirpath_points_at_the_character_it_fails_at(
    qtbot: QtBot, window: MainWindow, resource: ValidationPage
) -> None:
    box = resource.fhirpath
    box.expression.setText("name.where(use = ")
    box.evaluate()
    settled(qtbot, window)
    assert box.expression.property("wrong") is True
    line, mark = box.problem.text().split("\n")
    assert mark.index("▲") <= len(line)
    assert box.advice.text()
    box.expression.setText("name.family")
    box.evaluate()
    settled(qtbot, window)
    assert box.expression.property("wrong") is False
    assert box.problem.isHidden()


def test_fhirpath_over_a_v2_message_says_what_it_needs(page: ValidationPage) -> None:
    page.show_fhirpath()
    assert "FHIR resource" in page.fhirpath.advice.text()


def test_a_cancelled_validation_keeps_what_was_found_before(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = window.bench.findings()
    begun: list[bool] = []

    def endless(_capture: object, ctx: JobContext, **_options: object) -> object:
        while True:
            begun.append(True)
            ctx.check()
            yield from ()

    monkeypatch.setattr("workbench.gui.bench.validate_capture", endless)
    handle = window.bench.validate()
    assert handle is not None
    qtbot.waitUntil(lambda: bool(begun))
    handle.cancel()
    settled(qtbot, window)
    assert window.bench.findings() == before


def test_grouping_counts_messages_once(page: ValidationPage) -> None:
    groups = grouped(page.bench.findings(), "File", page.bench.sent_of)
    assert [group.messages for group in groups] == [len({f.number for f in page.bench.findings()})]


def test_anomalies_beside_an_earlier_capture_are_listed_and_lead_to_a_message(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier.hl7"
    earlier.write_bytes((ADT + b"\r") * 30)
    tab = page.anomalies
    page.tabs.setCurrentWidget(tab)
    tab.compare_with([earlier])
    settled(qtbot, window)
    kinds = {(one.kind, one.place, one.what) for one in tab.model.rows}
    assert (Kind.NEW_CODE, "EVN-1", "A08") in kinds
    assert tab.against.text() == "beside earlier.hl7"
    index = tab.model.index_of(lambda one: one.what == "A08")
    window.bench.select_message(0)
    tab.view.clicked.emit(index)
    assert window.bench.number == 1
    assert window.page.name == "messages"


def test_halves_that_agree_say_so(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "feed.hl7"
    path.write_bytes((ADT + b"\r") * 60)
    window.open_paths([path])
    settled(qtbot, window)
    page = validation_of(window)
    page.anomalies.compare_halves()
    settled(qtbot, window)
    assert page.anomalies.model.rowCount() == 0
    assert "Nothing is unusual" in page.anomalies.words.text()


def test_a_capture_is_compared_with_what_the_workspace_remembers(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    page = validation_of(window)
    for name, service in (("before.hl7", b"MED"), ("now.hl7", b"SUR")):
        path = tmp_path / name
        path.write_bytes(ADT.replace(b"A^GH\r", b"A^GH|||||||" + service + b"\r") * 30)
        window.open_paths([path])
        settled(qtbot, window)
        if service == b"MED":
            page.anomalies.compare_with_memory()
            assert "remembers no captures" in page.anomalies.words.text()
            page.anomalies.remember()
            settled(qtbot, window)
            page.anomalies.compare_with_memory()
            assert "part of the history" in page.anomalies.words.text()
    page.anomalies.compare_with_memory()
    settled(qtbot, window)
    assert ("PV1-10", "SUR") in {(one.place, one.what) for one in page.anomalies.model.rows}
    assert "30 messages of 1 capture" in page.anomalies.against.text()
    page.anomalies.forget()
    page.anomalies.compare_with_memory()
    assert page.anomalies.model.rowCount() == 0


def test_many_findings_are_grouped_beside_the_window(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "FEW", 1)
    threads: set[bool] = set()
    plain = grouped

    def watched(*arguments: Any) -> Any:
        threads.add(threading.current_thread() is threading.main_thread())
        return plain(*arguments)

    monkeypatch.setattr(grouping, "grouped", watched)
    page.findings.grouping.setCurrentIndex(GROUPINGS.index("Sender"))
    assert page.rules_model.rowCount() == 0, "nothing is shown before it is known"
    settled(qtbot, window)
    assert threads == {False}
    assert sum(len(group.findings) for group in page.rules_model.rows) == len(page.bench.findings())
    window.problems.grouping.setCurrentIndex(1 + GROUPINGS.index("Path"))
    settled(qtbot, window)
    assert threads == {False}
    assert window.problems.groups.model.rowCount() > 1
    page.findings.filter.setText("LAB")
    assert {group.key for group in page.rules_model.rows} == {"LAB"}


def test_a_later_question_overtakes_an_earlier_one(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "FEW", 1)
    for by in ("Path", "File", "Sender"):
        page.findings.grouping.setCurrentIndex(GROUPINGS.index(by))
    settled(qtbot, window)
    assert {group.key for group in page.rules_model.rows} == {"REG", "LAB"}


def test_many_findings_are_sifted_beside_the_window(
    qtbot: QtBot, window: MainWindow, page: ValidationPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "MANY_FINDINGS", 1)
    before = len(page.bench.findings())
    threads: set[bool] = set()
    plain = bench.sift

    def watched(*arguments: Any) -> Any:
        threads.add(threading.current_thread() is threading.main_thread())
        return plain(*arguments)

    monkeypatch.setattr(bench, "sift", watched)
    rule = birth_date_rule(page)
    page.suppress_now(Suppression(rule, "PID-7", "known", LATER))
    settled(qtbot, window)
    assert threads == {False}
    hidden = len(page.bench.sifted()[Fate.SUPPRESSED])
    assert hidden > 0
    assert len(page.bench.findings()) == before - hidden
    page.bench.validate()
    settled(qtbot, window)
    assert threads == {False}, "a new run is sifted where it is judged"
    assert len(page.bench.sifted()[Fate.SUPPRESSED]) == hidden
