"""De-identification of the capture: rules, a preview of the selected message, the new file, what was not safe."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QFormLayout, QLineEdit, QTabWidget, QWidget

from workbench.app.operations.deidentify import (
    Policy,
    Preview,
    Report,
    Rules,
    deidentify_capture,
    own_rules,
    preview,
    workspace_pseudonyms,
)
from workbench.app.session import Session
from workbench.app.tables import write_tables
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.marks import Mark
from workbench.gui.masking import masked
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.security.deidentified import Change

_DOUBT = Mark("triangle-alert", "severity.warning", "look here")
_DOUBTS = (
    Column("Field", lambda row: str(row[0]), 8, mono=True),
    Column("Category", lambda row: str(row[1]), 9),
    Column("Done", lambda row: str(row[2]), 7),
    Column("Why to look", lambda row: str(row[3]), 22),
    Column("Values", lambda row: f"{row[4]:,}", 6, key=lambda row: row[4], right=True),
)


class DeidentifyDialog(QDialog):
    """Shows what would be done to the selected message, then does it to the whole capture."""

    def __init__(self, bench: Bench, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("De-identify the capture")
        self._bench, self._session = bench, session
        self.report: Report | None = None
        self.unknown = _policy("Z segments and unknown fields", Policy.REMOVE)
        self.text = _policy("Free text", Policy.KEEP)
        self.own = QLineEdit()
        self.own.setAccessibleName("Rules by data type or field")
        self.own.setPlaceholderText("XAD=remove, PID-26=keep, HumanName=remove; all else as its type demands")
        self.own.setToolTip("A data type or field, and remove or keep; the preview below follows")
        self._place_tables()
        self.words = label("", wrap=True)
        self.start = button("Write new file…", self.ask_and_write, primary=True)
        self.stop = button("Stop", lambda: bench.jobs.drop("de-identify"))
        self.stop.setEnabled(False)
        self.save = button("Save report…", self.ask_and_save)
        self.save.setEnabled(False)
        form = QFormLayout()
        form.addRow("Z segments and unknown fields", self.unknown)
        form.addRow("Free text, after it was searched", self.text)
        form.addRow("Rules by data type or field", self.own)
        about = (
            "The same patient gets the same pseudonym and the same shift of dates everywhere. The key stays in the "
            "workspace; the original is only read."
        )
        close = button("Close", self.close)
        self.setLayout(
            down(
                label(about, "muted", wrap=True),
                form,
                self.tabs,
                self.words,
                across(self.save, 1, close, self.stop, self.start),
                margins=16,
                spacing=12,
            )
        )
        em = bench.theme.em
        self.resize(round(em * 58), round(em * 38))
        for box in (self.unknown, self.text):
            box.currentIndexChanged.connect(self.refresh)
        self.own.editingFinished.connect(self.refresh)
        bench.message_changed.connect(self._refresh_if_shown)
        bench.mask_changed.connect(self._refresh_if_shown)

    def _place_tables(self) -> None:
        theme = self._bench.theme
        columns = (
            Column("Place", lambda line: line.path, 9, mono=True),
            Column("Category", lambda line: str(line.category), 7),
            Column("Done", lambda line: str(line.fate), 6),
            Column("Before", self._before, 12, mono=True),
            Column("After", lambda line: line.after, 12, mono=True),
            Column("Doubt", lambda line: line.doubt, 12, mark=lambda line: _DOUBT if line.doubt else None),
        )
        self.lines = RowsModel(theme, columns, self)
        self.doubts = RowsModel(theme, _DOUBTS, self)
        self.tabs = QTabWidget()
        self.tabs.addTab(table(theme, self.lines, "Values before and after", columns), "Selected message")
        self.tabs.addTab(table(theme, self.doubts, "Not safely recognised", _DOUBTS), "Not safely recognised")

    @property
    def rules(self) -> Rules:
        """What is asked for; raises Refused APP-0010."""
        own = own_rules(self.own.text())
        return Rules(Policy(self.unknown.currentData()), Policy(self.text.currentData()), own)

    def _before(self, line: Change) -> str:
        return masked(line.before) if self._bench.masked else line.before

    def refresh(self) -> None:
        """Show what would be done to the selected message."""
        capture, number, session = self._bench.capture, self._bench.number, self._session
        self.start.setEnabled(capture is not None)
        try:
            rules = self.rules
        except Refused as refusal:
            self.start.setEnabled(False)
            self._refuse(refusal)
            return
        self.words.setText("")
        if capture is None or number is None:
            self.lines.show([])
            return

        def work(ctx: JobContext) -> Preview:
            return preview(capture, number, workspace_pseudonyms(session), rules)

        handle = self._bench.jobs.newest("de-identify preview", "De-identifying one message", work)
        handle.succeeded.connect(lambda found: self.lines.show(found.lines))
        handle.failed.connect(self._refuse)

    def _refresh_if_shown(self) -> None:
        if self.isVisible():
            self.refresh()

    def _refuse(self, problem: BaseException) -> None:
        self.words.setText(" ".join(sentence_of(problem)))

    def ask_and_write(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Write the de-identified capture", "deidentified.hl7")
        if name:
            self.write(Path(name))

    def write(self, out: Path) -> None:
        """De-identify the whole capture into a new file beside the window."""
        capture, session = self._bench.capture, self._session
        try:
            rules = self.rules
        except Refused as refusal:
            self._refuse(refusal)
            return
        if capture is None:
            return

        def work(ctx: JobContext) -> Report:
            return deidentify_capture(capture, out, workspace_pseudonyms(session), ctx, rules)

        self.words.setText("")
        handle = self._bench.jobs.newest("de-identify", "De-identifying the capture", work, quiet=False, waits=True)
        handle.succeeded.connect(lambda report: self._take(out, report))
        handle.failed.connect(self._refuse)
        handle.ended.connect(lambda _handle: self._working(False))
        self._working(True)

    def _working(self, on: bool) -> None:
        self.start.setEnabled(not on)
        self.stop.setEnabled(on)

    def _take(self, out: Path, report: Report) -> None:
        self.report = report
        doubts = report.doubts().rows
        self.doubts.show(doubts)
        said = [f"{report.messages:,} messages written to {out.name}."]
        if report.unreadable:
            said.append(f"{report.unreadable:,} could not be read and were left out.")
        if report.left_out:
            said.append(f"{report.left_out:,} bytes between messages were left out.")
        if doubts:
            said.append("Look at what was not safely recognised before the file leaves the house.")
            self.tabs.setCurrentIndex(1)
        self.words.setText(" ".join(said))
        self.save.setEnabled(True)

    def ask_and_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the report", "deidentification.csv", "*.csv *.xlsx")
        report = self.report
        if name and report is not None:
            path = Path(name)
            handle = self._bench.jobs.start(
                "Saving a report", lambda ctx: write_tables(path, [report.table()]), quiet=True, writes=True
            )
            handle.failed.connect(self._bench.report)


def _policy(name: str, first: Policy) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.addItem("Remove", Policy.REMOVE.value)
    made.addItem("Keep, and list it", Policy.KEEP.value)
    made.setCurrentIndex(made.findData(first.value))
    return made
