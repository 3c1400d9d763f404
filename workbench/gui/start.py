"""The window, from the first line to the last.

arguments → settings → log → application, palette and font → session → bench and window → first command
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSettings, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog

from workbench import __version__
from workbench.app.operations.received import plain_files, seal_plain_files, unsealing
from workbench.app.plugin_start import start_plugins
from workbench.app.session import (
    Session,
    create_session,
    open_session,
    sample_capture_paths,
    sample_session,
    sample_workspace_folder,
    standard_package_folder,
)
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobRunner
from workbench.gui.main_window import MainWindow
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.shell.dialogs import PassphraseDialog, show_problem
from workbench.gui.theme.theme import Theme
from workbench.gui.theme.tokens import ThemeName
from workbench.kernel.errors import ExitCode, Refused, WorkbenchError
from workbench.kernel.log import area_log, start_logging

log = area_log("gui")

ORGANISATION = "clinical-mapping-workbench"
_WRONG_PASSPHRASE = "SEC-0001"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the window was asked to begin with.

    workspace  None: the sample workspace
    inputs     captures to open; none: the sample capture in the sample workspace
    """

    workspace: Path | None = None
    inputs: tuple[Path, ...] = ()
    theme: ThemeName | None = None
    verbose: bool = False


def start(arguments: Sequence[str] = ()) -> int:
    """Open the window and stay until it is closed; returns an exit code of the command line."""
    wishes = _wishes(arguments)
    start_logging(wishes.verbose)
    application, theme = make_application(wishes.theme)
    sys.excepthook = _defect
    threading.excepthook = lambda args: _defect(args.exc_type, args.exc_value, args.exc_traceback)
    problems: Sequence[WorkbenchError] = start_plugins()
    workspace: Path | None = wishes.workspace or sample_workspace_folder()
    inputs = wishes.inputs
    while workspace is not None:
        session = unlocked(theme, workspace)
        if session is None:
            return ExitCode.CANCELLED
        try:
            window = open_window(theme, session, inputs)
            for problem in problems:
                window.bench.report(problem)
            application.exec()
            workspace, inputs, problems = window.next_workspace, (), ()
            window.deleteLater()
            window.bench.jobs.deleteLater()
        finally:
            session.close()
    return ExitCode.CLEAN


def make_application(theme: ThemeName | None = None) -> tuple[QApplication, Theme]:
    """The Qt application with palette and fonts; the one that runs already if there is one."""
    running = QApplication.instance()
    if running is None:
        QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = running if isinstance(running, QApplication) else QApplication(sys.argv[:1])
    QCoreApplication.setOrganizationName(ORGANISATION)
    QCoreApplication.setApplicationName("workbench")
    QCoreApplication.setApplicationVersion(__version__)
    QGuiApplication.setApplicationDisplayName("Clinical Mapping Workbench")
    return application, Theme(application, theme or _preferred(application))


def _seal_older(bench: Bench, session: Session) -> None:
    """What an earlier version received in plain files is sealed beside the window."""
    if not plain_files(session):
        return

    def tell(count: object) -> None:
        bench.say(f"{count} received captures of an earlier version were sealed")

    handle = bench.jobs.start("Sealing received messages", lambda _ctx: seal_plain_files(session), writes=True)
    handle.succeeded.connect(tell)
    handle.failed.connect(bench.report)


def open_window(theme: Theme, session: Session, inputs: Sequence[Path] = ()) -> MainWindow:
    """The window of a session, with its mapping package and captures on their way in."""
    jobs = JobRunner(theme)
    bench = Bench(theme, jobs, jobs)
    bench.unseal = unsealing(session)
    desk = MappingDesk(bench, session, jobs)
    window = MainWindow(bench, session, desk)
    desk.open(session.package or standard_package_folder())
    first = list(inputs) or (sample_capture_paths() if session.workspace.folder == sample_workspace_folder() else [])
    if first:
        bench.open_paths(first)
    window.show()
    QTimer.singleShot(0, window.complete)
    _seal_older(bench, session)
    return window


def unlocked(theme: Theme, folder: Path) -> Session | None:
    """A session in the workspace, with the passphrase asked for where one is needed; None when the user gives up."""
    if folder == sample_workspace_folder():
        return _sample(theme)
    new = not (folder / "header.json").exists()
    dialog = PassphraseDialog(theme, folder, new=new)
    while dialog.exec() == QDialog.DialogCode.Accepted:
        passphrase = dialog.passphrase.text()
        try:
            return create_session(folder, passphrase) if new else open_session(folder, passphrase)
        except Refused as refusal:
            if refusal.code != _WRONG_PASSPHRASE:
                show_problem(theme, None, refusal).exec()
                return None
            dialog.refuse(refusal)
        except WorkbenchError as problem:
            show_problem(theme, None, problem).exec()
            return None
    return None


def _sample(theme: Theme) -> Session | None:
    try:
        return sample_session()
    except WorkbenchError as problem:
        show_problem(theme, None, problem).exec()
        return None


def _wishes(arguments: Sequence[str]) -> Wishes:
    parser = argparse.ArgumentParser(prog="workbench", description="The window of the Clinical Mapping Workbench.")
    parser.add_argument("workspace", nargs="?", type=Path, help="folder of a workspace; the sample workspace if none")
    parser.add_argument("--open", nargs="+", type=Path, default=[], metavar="INPUT", help="captures to open")
    parser.add_argument("--theme", choices=list(ThemeName), type=ThemeName)
    parser.add_argument("--verbose", action="store_true", help="log what is done, never values")
    given = parser.parse_args(list(arguments))
    return Wishes(given.workspace, tuple(given.open), given.theme, given.verbose)


def _preferred(application: QApplication) -> ThemeName:
    """The theme chosen last, else what the system prefers."""
    stored = QSettings(ORGANISATION, "workbench").value("theme")
    if stored in set(ThemeName):
        return ThemeName(str(stored))
    dark = application.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return ThemeName.DARK if dark else ThemeName.LIGHT


def _defect(kind: type[BaseException], problem: BaseException | None, place: object) -> None:
    """A defect of ours: its kind and place are logged, its text is not, because it may quote a patient's value."""
    trace = problem.__traceback__ if problem is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else "?"
    log.critical("%s in %s", kind.__name__, where)
