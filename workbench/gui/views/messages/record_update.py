"""Messages applied to a record in files: what they would do is shown first, and written when a person says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from workbench.app.operations.record_files import (
    Planned,
    RecordFiles,
    TypeCount,
    count_types,
    plan_for_record,
    read_record,
    tables_of,
    write_record,
)
from workbench.app.session import Session, standard_package_folder
from workbench.app.tables import write_tables
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.jobs import JobHandle, JobState
from workbench.gui.models.rows import RowsModel
from workbench.gui.views.messages.record_account import PLANNED, RecordAccount, Show, is_shown, summary
from workbench.gui.widgets.basics import EmptyState, across, button, down, label, table
from workbench.kernel.progress import JobContext, Progress

_JOB = "record update"
_RECORDS = "FHIR records (*.ndjson *.json *.gz *.zip);;All files (*)"
_SELECTED, _LISTED = 0, 1


@dataclass(frozen=True, slots=True)
class _Plan:
    record: RecordFiles
    planned: tuple[Planned, ...]
    types: tuple[TypeCount, ...]


class RecordUpdateDialog(QDialog):
    """One record at a time.

    chosen, listed  the numbers of the messages selected in the list, and of all that it shows
    """

    def __init__(
        self,
        bench: Bench,
        session: Session,
        chosen: Callable[[], Sequence[int]],
        listed: Callable[[], Sequence[int]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Apply messages to a record")
        self.setAcceptDrops(True)
        self._bench, self._session = bench, session
        self._chosen, self._listed = chosen, listed
        self._plan: _Plan | None = None
        self._planned: tuple[Planned, ...] = ()
        self.paths: tuple[Path, ...] = ()
        self._place_choices()
        self._place_results()
        self._place_buttons()
        self._place()
        self._forget_plan()
        for box in (self.which, self.mapping):
            box.currentIndexChanged.connect(lambda _at: self._forget_plan())
        bench.capture_changed.connect(self._forget_plan)

    def _place_choices(self) -> None:
        self.which = _box(
            "Which messages", "They are applied in the order of the capture, whatever the list is sorted by"
        )
        self.which.addItems(["Selected messages", "Messages of the list"])
        self.mapping = _box(
            "Mapping", "The package as it is saved in its folder; its page of updates says what is written"
        )
        self.other = button("Other mapping…", self._ask_mapping, tip="A folder with a package that makes FHIR")
        self.record = QLineEdit()
        self.record.setReadOnly(True)
        self.record.setAccessibleName("Record")
        self.record.setPlaceholderText("None: an empty record. Choose or drop FHIR resources or Bundles.")
        self.choose = button("Choose files…", self._ask_record, tip="The files are only read")
        self.clear = button("Start empty", lambda: self.use_record(()), tip="Begin with an empty record")

    def _place_results(self) -> None:
        theme = self._bench.theme
        self.words = label("", wrap=True)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setVisible(False)
        self.show_which = _box("Messages to show", "Which messages are listed below")
        self.show_which.addItems([each.value for each in Show])
        self.show_which.currentIndexChanged.connect(lambda _at: self._list())
        self.rows = RowsModel(theme, PLANNED, self)
        self.view = table(theme, self.rows, "What each message does", PLANNED)
        self.view.selectionModel().currentRowChanged.connect(lambda now, _before: self._show_row())
        self.view.doubleClicked.connect(lambda index: self._go_to(self.rows.row(index)))
        self.account = RecordAccount(self._bench)

    def _place_buttons(self) -> None:
        self.plan_button = button("Show plan", self.plan, primary=True, tip="Nothing is written")
        self.write_button = button(
            "Write record…", self.ask_and_write, tip="The record after these messages, as the plan shows it"
        )
        self.stop_button = button("Stop", lambda: self._bench.jobs.drop(_JOB))
        self.stop_button.setEnabled(False)
        tip = "Changes and findings as .xlsx, without values of patients"
        self.account_button = button("Save account…", self.ask_and_save_account, tip=tip)

    def _place(self) -> None:
        about = label(
            "Message by message: which resources of the record are meant, which side is newer, and what stays. What "
            "contradicts the record is left out and told.",
            "muted",
            wrap=True,
        )
        form = QFormLayout()
        form.addRow("Messages", across(self.which, 1))
        form.addRow("Mapping", across(self.mapping, self.other, 1))
        form.addRow("Record", across(self.record, self.choose, self.clear))
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.view)
        both.addWidget(self.account)
        both.setChildrenCollapsible(False)
        self.results = QStackedWidget()
        words = "Show plan tells what each message would create, change, end and leave out. Nothing is written by it."
        self.results.addWidget(EmptyState(self._bench.theme, "layers", "No plan yet", words))
        self.results.addWidget(both)
        foot = across(
            self.account_button, 1, button("Close", self.close), self.stop_button, self.plan_button, self.write_button
        )
        said = across(self.words, self.show_which)
        said.setStretch(0, 1)
        layout = down(about, form, said, self.progress, self.results, foot, margins=16, spacing=12)
        layout.setStretchFactor(self.results, 1)
        self.setLayout(layout)
        em = self._bench.theme.em
        self.resize(round(em * 58), round(em * 44))

    # What is chosen

    def refresh(self) -> None:
        """Offer the mapping that is open now; a plan that was shown stays as long as nothing else is chosen."""
        before = self.mapping.currentData()
        offered = dict.fromkeys([*filter(None, [self._session.package]), standard_package_folder()])
        kept = [self.mapping.itemData(at) for at in range(self.mapping.count())]
        self.mapping.blockSignals(True)
        self.mapping.clear()
        for folder in dict.fromkeys([*offered, *map(Path, kept)]):
            self.mapping.addItem(folder.name, str(folder))
            self.mapping.setItemData(self.mapping.count() - 1, str(folder), Qt.ItemDataRole.ToolTipRole)
        self.mapping.setCurrentIndex(max(self.mapping.findData(before), 0))
        self.mapping.blockSignals(False)
        if self._plan is None:
            self.which.setCurrentIndex(_SELECTED if len(self._chosen()) > 1 else _LISTED)

    def use_record(self, paths: Sequence[Path]) -> None:
        """Apply to the record in other files; none is an empty record."""
        self.paths = tuple(paths)
        self.record.setText(", ".join(path.name for path in paths))
        self.record.setToolTip("\n".join(map(str, paths)))
        self._forget_plan()

    def use_mapping(self, folder: Path) -> None:
        """Map with the package of another folder."""
        if self.mapping.findData(str(folder)) < 0:
            self.mapping.addItem(folder.name, str(folder))
        self.mapping.setCurrentIndex(self.mapping.findData(str(folder)))

    def _ask_record(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Files of the record", "", _RECORDS)
        if names:
            self.use_record([Path(name) for name in names])

    def _ask_mapping(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "Folder of a mapping package")
        if found:
            self.use_mapping(Path(found))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.use_record(paths)
            event.acceptProposedAction()

    # The plan

    def _forget_plan(self) -> None:
        self._bench.jobs.drop(_JOB)
        self._plan, self._planned = None, ()
        self.words.setText("")
        self._show_results(False)
        self._offer_writing(False)

    def _show_results(self, on: bool) -> None:
        self.results.setCurrentIndex(int(on))
        self.show_which.setVisible(on)

    def plan(self) -> None:
        """Work out what the messages do to the record; nothing is written."""
        capture, session, paths = self._bench.capture, self._session, self.paths
        numbers = self._chosen() if self.which.currentIndex() == _SELECTED else self._listed()
        self._forget_plan()
        if capture is None or not numbers:
            self.words.setText("No message is selected. Open a capture and select messages in its list.")
            return
        package, unseal = Path(self.mapping.currentData()), self._bench.unseal

        def work(ctx: JobContext) -> _Plan:
            session.record("record.plan", "package", package.name)
            record = read_record(paths, ctx, unseal)
            planned = tuple(plan_for_record(capture, record.record, ctx, package, numbers))
            return _Plan(record, planned, count_types(record, planned))

        self._run("Working out an update", work, self._take_plan)

    def _run(self, title: str, work: Callable[[JobContext], object], take: Callable[..., object]) -> None:
        handle = self._bench.jobs.newest(_JOB, title, work, quiet=False, waits=True)
        handle.progressed.connect(self._show_progress)
        handle.succeeded.connect(take)
        handle.failed.connect(self._refuse)
        handle.ended.connect(self._ended)
        self._working(True)

    def _take_plan(self, plan: _Plan) -> None:
        self._plan, self._planned = plan, plan.planned
        self.words.setText(f"{summary(plan.planned)} Nothing is written yet.")
        self.account.show_types(plan.types)
        self.account.setCurrentIndex(0)
        self._list()
        self._show_results(True)
        self._offer_writing(True)

    def _list(self) -> None:
        """The messages to show, the first of them selected."""
        show = Show(self.show_which.currentText())
        self.rows.show([each for each in self._planned if is_shown(each, show)])
        self.account.show_message(None)
        if self.rows.rowCount():
            self.view.selectRow(0)

    def _show_row(self) -> None:
        row = self.rows.row(self.view.currentIndex())
        self.account.show_message(row if isinstance(row, Planned) else None)
        if self.view.hasFocus() and self.account.currentIndex() == 0:
            self.account.setCurrentIndex(1)

    def _go_to(self, planned: object) -> None:
        if isinstance(planned, Planned):
            self._bench.select_message(planned.number)

    def _show_progress(self, progress: Progress) -> None:
        self.progress.setMaximum(progress.total)
        self.progress.setValue(progress.done)
        self.words.setText(f"{progress.label.capitalize()}: {progress.done:,} of {progress.total:,}")

    def _working(self, on: bool) -> None:
        self.progress.setVisible(on)
        self.progress.setMaximum(0)
        self.plan_button.setEnabled(not on)
        self.write_button.setEnabled(not on)
        self.stop_button.setEnabled(on)

    def _ended(self, handle: JobHandle) -> None:
        self._working(False)
        if handle.state is JobState.CANCELLED:
            self.words.setText("Stopped. Nothing was written.")

    def _offer_writing(self, on: bool) -> None:
        """Only one button is the next step: planning, or writing what was planned."""
        self.write_button.setVisible(on)
        self.account_button.setEnabled(on)
        for made, primary in ((self.plan_button, not on), (self.write_button, on)):
            made.setProperty("primary", primary)
            made.style().unpolish(made)
            made.style().polish(made)

    def _refuse(self, problem: BaseException) -> None:
        self.words.setText(" ".join(sentence_of(problem)))

    # Writing

    def ask_and_write(self) -> None:
        first = self.paths[0] if self.paths else Path("record.ndjson")
        suggested = first.with_name(f"{first.name.partition('.')[0]}-updated.ndjson") if self.paths else first
        name, _ = QFileDialog.getSaveFileName(self, "Write the record", str(suggested), "NDJSON (*.ndjson)")
        if name:
            self.write(Path(name) if Path(name).suffix else Path(f"{name}.ndjson"))

    def write(self, out: Path) -> None:
        """Write the record that the plan has shown; the next plan begins with it."""
        plan, session, package = self._plan, self._session, Path(self.mapping.currentData()).name
        if plan is None:
            return

        def work(ctx: JobContext) -> int:
            count = write_record(plan.record, out, ctx)
            session.record("record.write", "package", package)
            return count

        self._run("Writing a record", work, lambda count: self._written(out, count))

    def _written(self, out: Path, count: int) -> None:
        planned = self._planned
        self.use_record([out])
        self._planned = planned
        self._show_results(True)
        self.account_button.setEnabled(True)
        self.words.setText(f"{count:,} resources written to {out.name}. It is the record for the next messages.")
        self._bench.say(f"Saved {out.name}")

    def ask_and_save_account(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the account", "update.xlsx", "Excel (*.xlsx)")
        if name:
            self.save_account(Path(name) if Path(name).suffix else Path(f"{name}.xlsx"))

    def save_account(self, out: Path) -> None:
        """Write changes and findings as two sheets."""
        planned = self._planned
        handle = self._bench.jobs.start(
            "Saving an account", lambda _ctx: write_tables(out, tables_of(planned)), quiet=True, writes=True
        )
        handle.succeeded.connect(lambda _nothing: self._bench.say(f"Saved {out.name}"))
        handle.failed.connect(self._refuse)


def _box(name: str, tip: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setToolTip(tip)
    return made
