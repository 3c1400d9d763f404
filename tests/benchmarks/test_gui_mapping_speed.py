"""How long a person waits for the mapping page: opening and scrolling a large map, a letter until its result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication
from pytest_benchmark.fixture import BenchmarkFixture
from pytestqt.qtbot import QtBot

from workbench.app.session import Session, sample_capture_paths, standard_package_folder
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobRunner
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.theme.theme import Theme
from workbench.gui.theme.tokens import ThemeName
from workbench.gui.views.mapping.page import MappingPage
from workbench.mapping.composing import new_package
from workbench.mapping.model import MapKind, MessageMap, Row, Rule, RuleMap
from workbench.mapping.save import save_package
from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace

RULES = 300

pytestmark = pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, ThemeName.LIGHT)
    yield made
    made.deleteLater()


@pytest.fixture
def bench(qapp: QApplication, theme: Theme) -> Iterator[Bench]:
    jobs = JobRunner(qapp)
    yield Bench(theme, jobs)
    jobs.close()
    jobs.deleteLater()


@pytest.fixture
def desk(bench: Bench, tmp_path: Path) -> Iterator[MappingDesk]:
    cost = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
    session = Session(Workspace.create(tmp_path / "speed.workspace", "correct horse battery", cost=cost))
    yield MappingDesk(bench, session)
    session.close()


@pytest.fixture
def page(qtbot: QtBot, bench: Bench, desk: MappingDesk) -> MappingPage:
    made = MappingPage(bench, desk, lambda: None)
    qtbot.addWidget(made)
    made.resize(1400, 900)
    made.show()
    bench.open_paths(sample_capture_paths())
    qtbot.waitUntil(lambda: not bench.jobs.running, timeout=60_000)
    return made


@pytest.fixture
def large_map(tmp_path: Path) -> Path:
    """A package with one map of three hundred rules, each with both ends in the trees."""
    places = [(field, component) for field in range(3, 33) for component in range(1, 11)]
    rules = tuple(
        Rule(f"r{number}", (f"PID-{field}.{component}",), f"name[n{field}-{component}].text")
        for number, (field, component) in enumerate(places[:RULES])
    )
    row = Row("patient", "PID", make="Patient", using=("PID-Patient",))
    package = replace(
        new_package("large"),
        segments={"PID-Patient": RuleMap(MapKind.SEGMENT, "PID-Patient", "PID", "Patient", rules=rules)},
        messages={"ANY": MessageMap("ANY", ("*",), rows=(row,))},
        folder=tmp_path / "large",
    )
    save_package(package)
    return tmp_path / "large"


def _pump(done: Callable[[], bool]) -> None:
    """Let the window work until something is done; like the window itself it sleeps while nothing happens."""
    end = time.monotonic() + 20
    awake = QTimer()
    awake.start(5)
    while not done():
        assert time.monotonic() < end, "it never came"
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def _open(page: MappingPage, folder: Path) -> None:
    page.desk.open(folder)
    _pump(lambda: not page.bench.jobs.running and page.desk.result is not None)
    page.rules.refresh()


def test_opening_a_map_of_three_hundred_rules(page: MappingPage, large_map: Path, benchmark: BenchmarkFixture) -> None:
    """Read, compile, map the message, fill three trees and paint them with their connectors."""
    page.rules.all_rules.setChecked(True)

    def open_it() -> None:
        _open(page, large_map)
        page.rules.tree.expandAll()
        page.grab()

    benchmark.pedantic(open_it, rounds=8, warmup_rounds=1)
    assert page.rules.model.rowCount(page.rules.index_of(RuleName("PID-Patient"))) == RULES


def test_scrolling_a_map_of_three_hundred_rules(
    page: MappingPage, large_map: Path, benchmark: BenchmarkFixture
) -> None:
    """One turn of the wheel: the whole page, its three trees and all connectors in view are painted anew."""
    page.rules.all_rules.setChecked(True)
    _open(page, large_map)
    page.rules.tree.expandAll()
    page.source.fields.expand(page.source.ends.find("PID"))
    bar = page.rules.tree.verticalScrollBar()
    place = iter(range(0, 10_000_000, 60))

    def scroll() -> None:
        bar.setValue(next(place) % bar.maximum())
        page.grab()

    benchmark(scroll)
    assert len(page.left.curves()) > 5


def test_a_letter_reaches_the_result(page: MappingPage, benchmark: BenchmarkFixture) -> None:
    """The standard package of 1,700 rules; one letter typed into a rule, until the new result is on screen."""
    _open(page, standard_package_folder())
    page.show_rule(RuleName("PID-Patient", "pid-8"))
    page.probe.watch(False)
    line = page.editor.line("literal")
    letters, arrived = iter("abcdefghij" * 1000), list[object]()
    page.desk.result_changed.connect(lambda: arrived.append(page.desk.result))

    def type_one() -> None:
        arrived.clear()
        line.setText(line.text()[-20:] + next(letters))
        line.textEdited.emit(line.text())
        _pump(lambda: bool(arrived))
        page.result.json.viewport().grab()

    benchmark(type_one)
    assert page.desk.problem is None
    assert line.text()[-5:] in page.result.json.toPlainText()
