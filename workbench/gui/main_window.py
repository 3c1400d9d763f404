"""The one window: it puts pages, docks and commands together and does nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QMainWindow, QMenuBar, QStackedWidget, QWidget

from workbench.app.session import Session, sample_capture_paths
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.page import Page
from workbench.gui.pages import first_pages, further_pages
from workbench.gui.palette_source import PaletteSource
from workbench.gui.shell.actions import Actions
from workbench.gui.shell.audit_pane import AuditPane
from workbench.gui.shell.bottom import DocksOfPages, TabDock, fixed_dock
from workbench.gui.shell.command_palette import CommandPalette
from workbench.gui.shell.details import DetailsPane
from workbench.gui.shell.dialogs import AboutDialog, KeysDialog, show_problem
from workbench.gui.shell.jobs_pane import JobsPane
from workbench.gui.shell.ledger_pane import LedgerPane
from workbench.gui.shell.problems import ProblemsPane
from workbench.gui.shell.questions import ask_files, ask_folder, may_leave
from workbench.gui.shell.rail import Rail
from workbench.gui.shell.status_line import StatusLine
from workbench.gui.shell.top_bar import TopBar
from workbench.gui.shell.window_state import recall_window, store_window
from workbench.gui.theme.tokens import ThemeName
from workbench.gui.widgets.basics import down
from workbench.gui.widgets.focus import step_focus
from workbench.gui.widgets.stacks import sized_by_front


class MainWindow(QMainWindow):
    """Pages in the middle, rail left, details right, problems, ledger, jobs and audit below."""

    def __init__(self, bench: Bench, session: Session, desk: MappingDesk) -> None:
        super().__init__()
        self.bench = bench
        self.desk = desk
        self.next_workspace: Path | None = None
        self.session = session
        self.setWindowTitle(f"{session.name} – Clinical Mapping Workbench")
        self.setAcceptDrops(True)
        self.actions_by_id = Actions(bench.theme, self)
        self.pages: dict[str, Page] = {}
        self._place_pages()
        self._place_docks()
        self._place_bars()
        self._take_up_commands()
        self._follow()
        em = bench.theme.em
        recall_window(self, self._docks, QSize(round(em * 84), round(em * 52)))
        self._docks.enter("home")
        self.go("home")

    def _place_pages(self) -> None:
        self.rail = Rail(self.bench.theme)
        self._stack = QStackedWidget()
        self._add_pages(first_pages(self.bench, self.session, self.open_files))
        self.status = StatusLine(self.bench, self.session.actor)
        sized_by_front(self._stack)
        self.setCentralWidget(self._stack)
        self.rail.chosen.connect(self.go)

    def complete(self) -> None:
        """Add the pages that the first screen could do without; calling it again does nothing."""
        if len(self.pages) < len(self.rail.buttons):
            self._add_pages(further_pages(self.bench, self.session, self.desk, self.open_files))

    def _add_pages(self, pages: Iterable[Page]) -> None:
        for page in pages:
            self.pages[page.name] = page
            self._stack.addWidget(page)
            page.attention_changed.connect(self.rail.buttons[page.name].show_count)
            self.actions_by_id.take_up(page.commands())

    def _place_docks(self) -> None:
        bench = self.bench
        self.problems = ProblemsPane(bench)
        self.ledger = LedgerPane(bench, self.desk)
        self.jobs_pane = JobsPane(bench)
        self.audit = AuditPane(bench, self.session)
        self.bottom = TabDock(
            bench.theme,
            "Panes",
            {"Problems": self.problems, "Ledger": self.ledger, "Jobs": self.jobs_pane, "Audit": self.audit},
        )
        self.details = TabDock(bench.theme, "Details pane", {"Details": DetailsPane(bench)})
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, fixed_dock("Pages", self.rail))
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.bottom)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.details)
        self._docks = DocksOfPages({"bottom": self.bottom, "details": self.details})
        em = bench.theme.em
        self.resizeDocks([self.bottom], [round(em * 9.5)], Qt.Orientation.Vertical)
        self.resizeDocks([self.details], [round(em * 17)], Qt.Orientation.Horizontal)

    def _place_bars(self) -> None:
        bar = QMenuBar()
        self.actions_by_id.fill(bar)
        self.top = TopBar(self.bench.theme, self.actions_by_id, self.session.name)
        head = QFrame()
        head.setLayout(down(bar, self.top, spacing=0))
        self.setMenuWidget(head)
        foot = self.statusBar()
        foot.setSizeGripEnabled(False)
        foot.addPermanentWidget(self.status, 1)
        foot.setContentsMargins(0, 0, 0, 0)

    def _take_up_commands(self) -> None:
        actions = self.actions_by_id
        actions.take_up({f"go.{name}": partial(self.go, name) for name in self.rail.buttons})
        actions.take_up(
            {
                "file.open": self.open_files,
                "file.open_folder": self.open_folder,
                "file.open_sample": lambda: self.bench.open_paths(sample_capture_paths()),
                "file.workspace": self._choose_workspace,
                "file.open_mapping": self._open_mapping,
                "file.plugins": self._show_plugins,
                "file.save": self.desk.save,
                "file.quit": self.close,
                "edit.undo": self.desk.undo,
                "edit.redo": self.desk.redo,
                "edit.find": self._find,
                "go.palette": self.show_palette,
                "go.next_issue": lambda: self._step_issue(1),
                "go.previous_issue": lambda: self._step_issue(-1),
                "go.next_pane": lambda: self._step_pane(1),
                "go.previous_pane": lambda: self._step_pane(-1),
                "messages.validate": self.bench.validate,
                "messages.ledger": self._measure,
                "view.theme": self._next_theme,
                "view.mask": lambda: self.bench.set_masked(actions["view.mask"].isChecked()),
                "view.bottom": lambda: self.bottom.setVisible(actions["view.bottom"].isChecked()),
                "view.details": lambda: self.details.setVisible(actions["view.details"].isChecked()),
                "view.cancel": self.status.cancel,
                "audit.verify": self._verify_audit,
                "help.keys": lambda: KeysDialog(self.bench.theme, self).open(),
                "help.about": lambda: AboutDialog(self.bench.theme, self).open(),
            }
        )
        for command_id, dock in (("view.bottom", self.bottom), ("view.details", self.details)):
            dock.visibilityChanged.connect(actions[command_id].setChecked)

    def _follow(self) -> None:
        bench = self.bench
        bench.page_asked.connect(self.go)
        bench.refused.connect(self._refused)
        bench.findings_changed.connect(self._count_problems)
        bench.message_changed.connect(self._count_problems)
        bench.mask_changed.connect(self.actions_by_id["view.mask"].setChecked)
        bench.capture_changed.connect(self._name_capture)
        self.desk.saved_changed.connect(self.status.show_saved)
        self.desk.undo_changed.connect(self._name_undo)
        self.desk.code_map_asked.connect(self._show_code_map)
        self.ledger.counted.connect(self._count_lost)
        self.bottom.tabs.currentChanged.connect(self._bottom_shown)
        self._bottom_shown()

    # Commands

    def go(self, name: str) -> None:
        """Bring a page to the front."""
        if name not in self.pages:
            self.complete()
        self._docks.leave(self.page.name)
        self.rail.show_page(name)
        self._stack.setCurrentWidget(self.pages[name])
        self._docks.enter(name)
        first = next((pane for pane in self.page.panes() if pane.isVisible()), None)
        if first is not None:
            first.setFocus()

    def _show_code_map(self, name: str) -> None:
        """The codes of a map; it is among the words they are found by."""
        self.go("terminology")
        box = self.page.filter_box()
        if box is not None:
            box.setText(name)

    @property
    def page(self) -> Page:
        """The page in front."""
        return next(page for page in self.pages.values() if page is self._stack.currentWidget())

    def open_files(self) -> None:
        self.open_paths(ask_files(self))

    def open_folder(self) -> None:
        folder = ask_folder(self, "Open every message under a folder")
        self.open_paths([folder] if folder else [])

    def _choose_workspace(self) -> None:
        self.next_workspace = ask_folder(self, "Open a workspace, or choose an empty folder for a new one")
        if self.next_workspace is not None and not self.close():
            self.next_workspace = None

    def _open_mapping(self) -> None:
        folder = ask_folder(self, "Open a mapping package")
        if folder:
            self.desk.open(folder)
            self.go("mapping")

    def _show_plugins(self) -> None:
        from workbench.gui.shell.plugins_dialog import PluginsDialog  # what plug-ins stand on is nearly all there is

        PluginsDialog(self.bench, self.session, self).open()

    def _measure(self) -> None:
        self.bottom.bring("Ledger")
        self.desk.measure()

    def open_paths(self, paths: Sequence[Path]) -> None:
        if paths:
            self.bench.open_paths(paths)
            self.go("messages")

    def show_palette(self) -> None:
        palette = CommandPalette(
            self.bench.theme, PaletteSource(self.bench, self.pages, self.actions_by_id).entries, self
        )
        corner = self.mapToGlobal(self.rect().center())
        palette.move(corner.x() - palette.width() // 2, self.mapToGlobal(self.rect().topLeft()).y() + 60)
        palette.show()
        palette.words.setFocus()

    def _find(self) -> None:
        box = self.page.filter_box()
        if box is not None:
            box.setFocus()
            box.selectAll()

    def _step_issue(self, by: int) -> None:
        self.bottom.bring("Problems")
        if self.page.name not in ("messages", "validation"):
            self.go("messages")
        self.problems.step(by)

    def _step_pane(self, by: int) -> None:
        below: list[QWidget] = [self.problems.view, self.ledger.view, self.jobs_pane.view, self.audit.view]
        step_focus([*self.page.panes(), *below], self.focusWidget(), by)

    def _next_theme(self) -> None:
        names = list(ThemeName)
        self.use_theme(names[(names.index(self.bench.theme.tokens.name) + 1) % len(names)])

    def use_theme(self, name: ThemeName) -> None:
        self.bench.theme.use(name)
        QSettings().setValue("theme", str(name))

    def _verify_audit(self) -> None:
        self.bottom.bring("Audit")
        self.audit.verify()

    # What changes by itself

    def _refused(self, problem: BaseException) -> None:
        show_problem(self.bench.theme, self, problem)

    def _name_undo(self) -> None:
        self.actions_by_id.name_undo(self.desk.undo_stack)

    def _count_lost(self, text: str) -> None:
        self.bottom.show_count("Ledger", text)

    def _count_problems(self) -> None:
        findings = self.bench.findings()
        self.bottom.show_count("Problems", f"{len(findings):,}" if findings else "")
        bad = self.bench.errors()
        self.rail.buttons["validation"].show_count(f"{bad:,}" if bad and self.bench.validated else "")

    def _name_capture(self) -> None:
        capture = self.bench.capture
        names = ", ".join(path.name for path in capture.paths) if capture is not None else ""
        if capture is not None and capture is not self.session.capture:
            self.session.record_opened(capture)
        self.session.capture = capture
        self.top.subject.setText(names if len(names) < 40 else f"{len(capture.paths) if capture else 0} files")

    def _bottom_shown(self) -> None:
        if self.bottom.current() == "Audit":
            self.audit.refresh()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.open_paths([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.page.panes():
            self.page.panes()[0].setFocus()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.desk.is_saved and not may_leave(self, self.desk.save_now, self.desk.discard):
            event.ignore()
            return
        store_window(self, self._docks, self.page.name)
        self.bench.jobs.close()
        super().closeEvent(event)
