"""The Suites page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QFileDialog, QMessageBox, QSplitter, QStackedWidget, QToolButton, QWidget

from workbench.app.operations.suites import accept_suite_at, checks_of, run_suite_at
from workbench.app.session import Session
from workbench.fhir.json_tree import dumps
from workbench.gui.bench import Bench, Step
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import DONE, OUTCOME_MARKS, TROUBLE, WAITING, Mark, counted
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.models.suite_tree import HEADS, SuiteTree, suite_tree
from workbench.gui.page import Page
from workbench.gui.widgets.basics import Badge, EmptyState, across, button, down, label, pane, retitle, table, tree
from workbench.gui.widgets.display_text import of_utf8
from workbench.gui.widgets.span_text import SpanText
from workbench.kernel.issues import MASK, Issue
from workbench.kernel.shipped import user_data_folder
from workbench.suites.results import CaseResult, Outcome, SuiteRun
from workbench.suites.semantic_diff import Change, ChangeKind

CHANGE_MARKS = {
    ChangeKind.ADDED: Mark("plus", "diff.added", "added"),
    ChangeKind.REMOVED: Mark("circle-minus", "diff.removed", "removed"),
    ChangeKind.CHANGED: Mark("pencil", "diff.changed", "changed"),
}
_TO_READ = frozenset(Outcome) - {Outcome.PASSED, Outcome.SKIPPED}


class SuitesPage(Page):
    """Run a suite, read what changed, accept it as what is expected from now on."""

    name = "suites"

    def __init__(self, bench: Bench, session: Session, desk: MappingDesk) -> None:
        super().__init__(bench)
        self._session, self._desk = session, desk
        self.run_result: SuiteRun | None = None
        self.report: Path | None = None
        self._shown: SuiteTree | None = None
        self.choice = QComboBox()
        self.choice.setAccessibleName("Suite")
        self.choice.setMinimumWidth(round(self.theme.em * 14))
        self._badges = {outcome: Badge(bench.theme) for outcome in Outcome}
        self.model = NodeTreeModel(bench.theme, self, HEADS, muted=2)
        self.tree = tree(bench.theme, self.model, "Cases", (17, 9))
        self.only_open = QToolButton()
        self.only_open.setText("To read only")
        self.only_open.setCheckable(True)
        self.only_open.toggled.connect(self._show_run)
        self._columns = self._change_columns()
        self.changes = RowsModel(bench.theme, self._columns, self)
        self.view = table(bench.theme, self.changes, "Differences of the case", self._columns)
        self._what = label("", "muted", wrap=True)
        self.expected = SpanText(bench.theme, "Expected value")
        self.actual = SpanText(bench.theme, "Actual value")
        self._stack = QStackedWidget()
        text = "A suite runs the mapping over synthetic patients and compares the result with the accepted baseline."
        self._stack.addWidget(EmptyState(self.theme, "flask-conical", "Not run yet", text, "Run suite", self.run))
        self._stack.addWidget(self._body())
        strip = across(
            self.choice, button("Run", self.run, primary=True), button("Accept as baseline", self.accept),
            button("Open report", self.open_report), 1, *self._badges.values(), spacing=12,
        )  # fmt: skip
        strip.setContentsMargins(2, 0, 6, 6)
        layout = down(strip, margins=8)
        layout.addWidget(self._stack, 1)
        self.setLayout(layout)
        self.tree.selectionModel().currentChanged.connect(self._case_chosen)
        self.view.selectionModel().currentRowChanged.connect(self._change_chosen)
        desk.package_changed.connect(self._list_suites)
        bench.mask_changed.connect(self._mask_changed)
        self._list_suites()

    def _body(self) -> QWidget:
        split = QSplitter(Qt.Orientation.Horizontal)
        self._changes_pane = pane("Differences", self.view)
        values = QSplitter(Qt.Orientation.Horizontal)
        values.addWidget(pane("Expected", self.expected))
        values.addWidget(pane("Actual", self.actual))
        values.setSizes([350, 350])
        right = QSplitter(Qt.Orientation.Vertical)
        upper = QWidget()
        upper.setLayout(down(self._what, self._changes_pane))
        right.addWidget(upper)
        right.addWidget(values)
        right.setSizes([360, 220])
        split.addWidget(pane("Cases", self.tree, self.only_open))
        split.addWidget(right)
        split.setSizes([420, 700])
        split.setChildrenCollapsible(False)
        return split

    def _change_columns(self) -> tuple[Column, ...]:
        return (
            Column("Kind", lambda row: _mark(row).word, 7, mark=_mark),
            Column("Where", lambda row: row.path if isinstance(row, Change) else row.location.path, 18, mono=True),
            Column("Expected", self._expected, 12),
            Column("Actual", self._actual, 16),
            Column("Note", lambda row: str(row.nuance) if isinstance(row, Change) else row.rule, 10, muted=True),
        )  # fmt: skip

    def _mask_changed(self) -> None:
        self.changes.show(list(self.changes.rows))

    def _expected(self, row: Change | Issue) -> str:
        return " ".join(self._value(row.before).split()) if isinstance(row, Change) else ""

    def _actual(self, row: Change | Issue) -> str:
        return " ".join(self._value(row.after).split()) if isinstance(row, Change) else self.bench.sentence(row)

    def _value(self, value: object) -> str:
        if value is None:
            return ""
        return MASK if self.bench.masked else value_text(value)

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {"suites.run": self.run, "suites.accept": self.accept, "suites.report": self.open_report}

    def panes(self) -> list[QWidget]:
        return [self.choice, self.tree, self.view]

    @property
    def suite(self) -> Path | None:
        """The folder of the chosen suite."""
        chosen = self.choice.currentData()
        return chosen if isinstance(chosen, Path) else None

    def add_suite(self, folder: Path) -> None:
        """Offer a suite that does not belong to the package, and choose it."""
        self.choice.addItem(folder.name, folder)
        self.choice.setCurrentIndex(self.choice.count() - 1)

    def _list_suites(self) -> None:
        package = self._desk.package
        folder = package.folder if package is not None else None
        if folder is None or self.choice.property("package") == str(folder):
            return
        self.choice.setProperty("package", str(folder))
        self.choice.clear()
        for suite in checks_of(folder):
            self.choice.addItem(suite.name, suite)

    def run(self) -> None:
        """Run the chosen suite beside the window; the report lies beside the results of the workspace."""
        suite = self.suite
        if suite is None:
            name = QFileDialog.getExistingDirectory(self, "Choose the folder of a suite")
            if not name:
                return
            self.add_suite(Path(name))
            suite = Path(name)
        if not self._desk.is_saved:
            self._desk.save_now()
        report = user_data_folder() / "reports" / f"{suite.name}.html"
        report.parent.mkdir(parents=True, exist_ok=True)
        handle = self.bench.jobs.newest(
            "suite", f"Running {suite.name}", lambda ctx: run_suite_at(suite, ctx, html=report), quiet=False
        )
        handle.succeeded.connect(lambda result: self._ran(result, report))
        handle.failed.connect(self.bench.report)

    def _ran(self, result: SuiteRun, report: Path) -> None:
        self.run_result, self.report = result, report
        self._session.record("suite.run", "suite", result.suite, result.suite_fingerprint)
        self._desk.keep_run(result)
        self._show_run()
        to_read = sum(result.counts[outcome] for outcome in _TO_READ)
        self.attention_changed.emit(f"{to_read}" if to_read else "")
        mark = DONE if result.passed else TROUBLE if result.counts[Outcome.FAILED] else WAITING
        words = ", ".join(f"{n} {o}" for o, n in result.counts.items() if n)
        self.bench.tell_step(Step.TEST, mark, words or "the suite has no cases")
        self.bench.say(f"{result.title or result.suite}: {words}")

    def _show_run(self) -> None:
        result = self.run_result
        if result is None:
            return
        self._stack.setCurrentIndex(1)
        self._shown = suite_tree(result, _TO_READ if self.only_open.isChecked() else frozenset(Outcome))
        self.model.show(self._shown.tree)
        marks = {n: OUTCOME_MARKS[outcome] for n, outcome in self._shown.outcomes.items()}
        self.model.mark({n: (mark.icon, mark.role, mark.word) for n, mark in marks.items()})
        self.tree.expandToDepth(1)
        for outcome, badge in self._badges.items():
            badge.show_mark(counted(OUTCOME_MARKS[outcome], result.counts[outcome], str(outcome)))
        first = next((n for n, case in self._shown.cases.items() if case.outcome in _TO_READ), 0)
        self.tree.setCurrentIndex(self.model.index_of(first))

    def _case_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        case = self._shown.cases.get(self.model.number(current)) if self._shown is not None else None
        self._show_case(case)

    def _show_case(self, case: CaseResult | None) -> None:
        rows: list[Change | Issue] = [*case.issues, *case.changes] if case is not None else []
        self.changes.show(rows)
        self.expected.clear_text()
        self.actual.clear_text()
        self.view.selectRow(0)
        retitle(self._changes_pane, f"Differences · {len(rows)}" if rows else "Differences")
        if case is None:
            self._what.setText("Select a case.")
        elif not rows:
            self._what.setText(f"{case.id}: {case.skip or 'equal to the accepted baseline'}.")
        else:
            self._what.setText(case.id)

    def _change_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        row = self.changes.row(current)
        if isinstance(row, Change):
            expected, actual = self._value(row.before), self._value(row.after)
        else:
            expected, actual = "", self.bench.sentence(row) if isinstance(row, Issue) else ""
        for view, text in ((self.expected, expected), (self.actual, actual)):
            view.show_json(of_utf8(text.encode()))
            view.setLineWrapMode(SpanText.LineWrapMode.WidgetWidth)

    def accept(self) -> None:
        """Take what the mapping gives now as the baseline, after asking: it decides what counts as right."""
        suite = self.suite
        if suite is None or self.run_result is None:
            self.bench.say("Run the suite first; then its results can be accepted.")
            return
        count = sum(self.run_result.counts[outcome] for outcome in (Outcome.CHANGED, Outcome.FAILED))
        question = f"Take the present results as what is expected? {count} cases differ from the accepted baseline."
        box = QMessageBox(QMessageBox.Icon.Question, "Accept as baseline", question, parent=self)
        accept = box.addButton("Accept", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        accept.clicked.connect(lambda _checked=False: self.accept_now(suite))
        box.open()

    def accept_now(self, suite: Path) -> None:
        handle = self.bench.jobs.start(f"Accepting {suite.name}", lambda ctx: accept_suite_at(suite, ctx), writes=True)
        handle.succeeded.connect(lambda baseline: self._accepted(suite, baseline.fingerprint))
        handle.failed.connect(self.bench.report)

    def _accepted(self, suite: Path, fingerprint: str) -> None:
        self._session.record("suite.accept", "suite", suite.name, fingerprint)
        self.run()

    def open_report(self) -> None:
        """Show the report of the last run in the browser."""
        if self.report is None:
            self.bench.say("Run the suite first; its report is written then.")
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.report)))


def value_text(value: object) -> str:
    """A value of a comparison: texts as they are, structures as indented JSON."""
    return value if isinstance(value, str) else dumps(value, indent=2).decode()


def _mark(row: Change | Issue) -> Mark:
    return CHANGE_MARKS[row.kind] if isinstance(row, Change) else OUTCOME_MARKS["failed"]
