"""A window in a workspace of its own; a test that leaves windows or jobs behind fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, BAD, PASSPHRASE, SMALL_MAPPING, SMALL_SUITE, settled
from workbench.app.session import Session, standard_package_folder
from workbench.gui import start
from workbench.gui.jobs import JobRunner
from workbench.gui.main_window import MainWindow
from workbench.gui.theme.theme import Theme
from workbench.gui.theme.tokens import ThemeName
from workbench.security.keys import Argon2Cost
from workbench.store.workspace import Workspace

CHEAP = Argon2Cost(time_cost=1, memory_kib=8, lanes=1)


_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform warns of what a window system would do; that is no finding."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("^This plugin does not support", extend=True))


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings of whoever runs it."""
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    """Fail the test that leaves a visible window or a running job."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [type(widget).__name__ for widget in qapp.topLevelWidgets() if widget.isVisible()]
    running = [job.title for runner in qapp.findChildren(JobRunner) for job in runner.running]
    for widget in qapp.topLevelWidgets():
        widget.close()
    assert not left, f"windows left open: {left}"
    assert not running, f"jobs left running: {running}"


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, ThemeName.LIGHT)
    yield made
    made.deleteLater()


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[JobRunner]:
    runner = JobRunner(qapp)
    yield runner
    runner.close()
    runner.deleteLater()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(Workspace.create(tmp_path / "hospital.workspace", PASSPHRASE, cost=CHEAP))
    made.actor = "Analyst"
    yield made
    made.close()


@pytest.fixture
def capture_file(tmp_path: Path) -> Path:
    path = tmp_path / "feed.hl7"
    path.write_bytes(ADT + b"\r" + BAD)
    return path


@pytest.fixture
def window(qtbot: QtBot, session: Session, theme: Theme, small_mapping: Path) -> Iterator[MainWindow]:
    """The main window with a small mapping and no capture yet."""
    session.package = small_mapping
    made = start.open_window(theme, session)
    made.resize(1400, 900)
    settled(qtbot, made)
    yield made
    if made.desk.holder is not None:
        made.desk.holder.saved()
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="session")
def mapping_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped package with a short suite for which nothing was accepted yet."""
    folder = tmp_path_factory.mktemp("mapping") / "v2-to-fhir-r4"
    shutil.copytree(standard_package_folder(), folder, ignore=shutil.ignore_patterns("baseline.json"))
    (folder / "suites" / "main" / "suite.yaml").write_text(SMALL_SUITE, "utf-8")
    return folder


@pytest.fixture
def small_mapping(tmp_path: Path) -> Path:
    """A package of one message map, which opens at once."""
    folder = tmp_path / "small"
    for name, text in SMALL_MAPPING.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture
def mapping_copy(mapping_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(mapping_template, tmp_path / "v2-to-fhir-r4"))


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow) -> Callable[[Path], MainWindow]:
    """Open a capture in the window and wait for it."""

    def opener(path: Path) -> MainWindow:
        window.open_paths([path])
        settled(qtbot, window)
        return window

    return opener
