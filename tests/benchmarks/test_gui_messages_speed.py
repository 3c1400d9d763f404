"""How long a person waits on the Messages page: giants, and a million messages. Figures are recorded, not asserted."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtWidgets import QApplication
from pytest_benchmark.fixture import BenchmarkFixture
from pytestqt.qtbot import QtBot

from workbench.app.session import Session
from workbench.gui.main_window import MainWindow
from workbench.gui.models.capture_table import CONTROL_ID, PATIENT, TIME, TYPE
from workbench.gui.start import open_window
from workbench.gui.theme.theme import Theme
from workbench.gui.theme.tokens import ThemeName
from workbench.gui.views.messages.message_list import MessageList
from workbench.gui.views.messages.page import MessagesPage
from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace

pytestmark = pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)

LIMIT_S = 0.1
GIANT_BYTES = 200_000_000
GIANT_SEGMENTS = 2_000_000
MILLION = 1_000_000


class Heartbeat:
    """How long the window's thread did not come back to its events."""

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(5)
        self._timer.timeout.connect(self._beat)
        self._last, self._last_cpu = time.perf_counter(), time.thread_time()
        self.longest = self.longest_cpu = 0.0
        self.above_limit = 0
        self._timer.start()

    def _beat(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        gap, self._last = now - self._last, now
        self.longest = max(self.longest, gap)
        self.longest_cpu = max(self.longest_cpu, cpu - self._last_cpu)
        self._last_cpu = cpu
        self.above_limit += gap > LIMIT_S

    def told(self) -> dict[str, float]:
        return {
            "longest block, ms": round(self.longest * 1000),
            "longest work, ms of processor time": round(self.longest_cpu * 1000),
            "blocks above 100 ms": self.above_limit,
        }


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, ThemeName.LIGHT)
    yield made
    made.deleteLater()


@pytest.fixture
def window(qtbot: QtBot, theme: Theme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    cost = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)
    session = Session(Workspace.create(tmp_path / "speed.workspace", "a long enough passphrase", cost=cost))
    made = open_window(theme, session)
    made.resize(1400, 900)
    qtbot.waitUntil(lambda: not made.bench.jobs.running, timeout=60_000)
    qtbot.wait(500)
    yield made
    made.close()
    session.close()
    made.deleteLater()


def page_of(window: MainWindow) -> MessagesPage:
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    return page


def giant_value(path: Path) -> None:
    head = b"MSH|^~\\&|LAB|GH|WB|T|20250101||MDM^T02^MDM_T02|G1|P|2.5.1\rPID|1||7||Roe^Ann\r"
    with path.open("wb") as stream:
        stream.write(head + b"OBX|1|ED|D^Doc||^application^pdf^Base64^JVBERi0x")
        for _ in range(GIANT_BYTES // 1_000_000):
            stream.write(b"QUJD" * 250_000)
        stream.write(b"||||||F\r")


def giant_of_segments(path: Path) -> None:
    with path.open("w", newline="") as stream:
        stream.write("MSH|^~\\&|LAB|GH|WB|T|20250101||ORU^R01^ORU_R01|G1|P|2.5.1\rPID|1||7||Roe^Ann\r")
        stream.writelines(f"OBX|{n}|NM|GLU^Glucose^L||{n}|mg/dL||||||F\r" for n in range(1, GIANT_SEGMENTS + 1))


@pytest.mark.parametrize(("write", "place"), [(giant_value, "OBX-5.5"), (giant_of_segments, "OBX[1500000]-5")])
def test_a_message_of_two_hundred_megabytes(
    qtbot: QtBot,
    window: MainWindow,
    tmp_path: Path,
    benchmark: BenchmarkFixture,
    write: Callable[[Path], None],
    place: str,
) -> None:
    path = tmp_path / "giant.hl7"
    write(path)
    bench, view = window.bench, page_of(window).message
    beat = Heartbeat()

    def look() -> None:
        window.open_paths([path])
        qtbot.waitUntil(lambda: bench.part is not None and not bench.jobs.running, timeout=120_000)

    benchmark.pedantic(look, rounds=1)  # type: ignore[no-untyped-call]
    benchmark.extra_info["opening"] = beat.told()
    steps: dict[str, Callable[[], object]] = {
        "going to a place": lambda: bench.select_place(place, None),
        "bytes": view.raw_buttons.button(1).click,
        "masking": lambda: bench.set_masked(True),
        "all fields": view.shown_buttons.button(0).click,
    }
    for name, step in steps.items():
        beat = Heartbeat()
        step()
        qtbot.wait(300)
        benchmark.extra_info[name] = beat.told()
    assert bench.place.path == place


def test_a_list_of_a_million_messages(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, benchmark: BenchmarkFixture
) -> None:
    path = tmp_path / "million.hl7"
    chance = random.Random(3)
    with path.open("w", newline="") as stream:
        for number in range(MILLION):
            when = f"2026{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}{chance.randrange(240000):06}"
            stream.write(
                f"MSH|^~\\&|ADT{number % 5}|GH|WB|T|{when}||ADT^A0{1 + number % 8}|M{number:07}|P|2.5.1\r"
                f"PID|1||{number % 200_000:06}^^^H||Name{number % 997}^Ann||19800101\rPV1|1|I\r"
            )
    bench, listed = window.bench, page_of(window).list
    took: dict[str, float] = {}

    def until(name: str, done: Callable[[], bool], start: Callable[[], object] = lambda: None) -> None:
        began = time.perf_counter()
        start()
        qtbot.waitUntil(done, timeout=120_000)
        took[name] = round(time.perf_counter() - began, 3)

    def opened_and_indexed() -> None:
        before, began = os.times(), time.perf_counter()
        window.open_paths([path])
        until("first message", lambda: bench.number is not None)
        until("indexed", lambda: listed.is_indexed)
        took["ready"] = round(time.perf_counter() - began, 3)
        qtbot.waitUntil(lambda: not bench.jobs.running, timeout=120_000)
        after = os.times()
        took["processor time of the window"] = round(after.user + after.system - before.user - before.system, 3)
        children = after.children_user + after.children_system - before.children_user - before.children_system
        took["processor time of its workers"] = round(children, 3)

    def change(name: str, start: Callable[[], object]) -> None:
        shown: list[int] = []
        listed.model.modelReset.connect(lambda: shown.append(1))
        until(name, lambda: bool(shown), start)
        qtbot.waitUntil(lambda: not bench.jobs.running, timeout=120_000)

    benchmark.pedantic(opened_and_indexed, rounds=1)  # type: ignore[no-untyped-call]
    for column, name in ((TIME, "time"), (TYPE, "type"), (PATIENT, "patient"), (CONTROL_ID, "control id")):
        change(f"sorted by {name}", partial(listed.sort_by, column))
    change("filtered by control id", partial(_ask, listed, 'MSH-10 = "M0500000"'))
    change("all again", partial(_ask, listed, ""))
    until("jump", lambda: bench.number == MILLION // 2, lambda: bench.select_message(MILLION // 2))
    until("searching stopped", lambda: not bench.jobs.running, partial(_begin_and_stop, qtbot, listed))
    handle = bench.validate()
    assert handle is not None
    qtbot.wait(3000)
    until("validation cancelled", lambda: not bench.jobs.running, handle.cancel)
    until(
        "opened again, all messages",
        lambda: bench.capture is not None and len(bench.capture) == MILLION,
        lambda: window.open_paths([path]),
    )
    until("opened again, indexed", lambda: listed.is_indexed and not bench.jobs.running)
    benchmark.extra_info.update(took)
    assert listed.model.rowCount() == MILLION


def _ask(listed: MessageList, question: str) -> None:
    listed.filter.setText(question)
    listed.apply_filter()


def _begin_and_stop(qtbot: QtBot, listed: MessageList) -> None:
    _ask(listed, 'text("nowhere at all")')
    qtbot.wait(1000)
    listed.stop_search()
