"""Two whole captures compared by key: same, different, only left, only right, and in which fields."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QFormLayout, QLineEdit, QTabWidget, QWidget

from workbench.app.operations.compare import CONTROL_ID, CaptureComparison, ComparePlan, compare_captures, field_table
from workbench.app.operations.listing import row_at
from workbench.app.tables import write_tables
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.jobs import JobHandle
from workbench.gui.marks import Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.views.messages.compare_messages import MARKS, CompareMessagesDialog, split_paths
from workbench.gui.widgets.basics import Badge, across, button, down, label, table
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture
from workbench.v2.compare import Outcome

_DIFFERENT = Mark("file-diff", "state.partial", "different")


class Told(NamedTuple):
    """One message or pair of the result; -1 where one side has none."""

    mark: Mark
    left: int
    right: int
    fields: str


_FIELDS = (
    Column("Field", lambda line: line.field, 9, mono=True),
    Column("Pairs", lambda line: f"{line.pairs:,}", 6, key=lambda line: line.pairs, right=True),
    Column("Changed", lambda line: f"{line.changed:,}", 6, key=lambda line: line.changed, right=True),
    Column("Only left", lambda line: f"{line.only_left:,}", 6, key=lambda line: line.only_left, right=True),
    Column("Only right", lambda line: f"{line.only_right:,}", 6, key=lambda line: line.only_right, right=True),
)


class CompareCapturesDialog(QDialog):
    """The open capture against another one."""

    def __init__(self, bench: Bench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare two captures")
        self._bench = bench
        self._other: Path | None = None
        self._captures: tuple[Capture, Capture] | None = None
        self.found: CaptureComparison | None = None
        self.handle: JobHandle | None = None
        self.pair = CompareMessagesDialog(bench, self)
        self.key = _line("Fields that pair messages", ", ".join(CONTROL_ID))
        self.ignore = _line("Fields that may differ", "MSH-7")
        self.exact = QCheckBox("White space and trailing empty fields count")
        self.other = label("no file chosen yet", "muted")
        self.words = label("", wrap=True)
        self.badges = {name: Badge(bench.theme) for name in ("same", "different", "only left", "only right")}
        self._place_tables()
        self.start = button("Compare", self.compare, primary=True)
        self.start.setEnabled(False)
        self.stop = button("Stop", self.cancel)
        self.stop.setEnabled(False)
        self.save = button("Save fields as…", self.ask_and_save)
        self.save.setEnabled(False)
        form = QFormLayout()
        form.addRow("With", across(button("Choose file…", self.ask_other), self.other, 1))
        form.addRow("Paired by", self.key)
        form.addRow("May differ", self.ignore)
        form.addRow("", self.exact)
        close = button("Close", self.close)
        self.setLayout(
            down(
                form,
                across(*self.badges.values(), 1, spacing=18),
                self.words,
                self.tabs,
                across(self.save, 1, close, self.stop, self.start),
                margins=16,
                spacing=12,
            )
        )
        em = bench.theme.em
        self.resize(round(em * 56), round(em * 40))

    def _place_tables(self) -> None:
        theme = self._bench.theme
        self.fields = RowsModel(theme, _FIELDS, self)
        self.fields_view = table(theme, self.fields, "Fields that differ", _FIELDS)
        self.fields_view.horizontalHeader().setStretchLastSection(False)
        columns = (
            Column("", lambda told: told.mark.word, 8, mark=lambda told: told.mark),
            Column("Left", lambda told: _shown(told.left), 5, key=lambda told: told.left, right=True),
            Column("Right", lambda told: _shown(told.right), 5, key=lambda told: told.right, right=True),
            Column("Message", self._who, 14, mono=True),
            Column("Fields that differ", lambda told: told.fields, 20, mono=True),
        )
        self.messages = RowsModel(theme, columns, self)
        self.messages_view = table(theme, self.messages, "Messages that differ", columns, sorts=False)
        self.messages_view.activated.connect(self._open_pair)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.fields_view, "Fields")
        self.tabs.addTab(self.messages_view, "Messages")

    def ask_other(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Compare the open capture with")
        if name:
            self.use(Path(name))

    def use(self, path: Path) -> None:
        """Say which file the open capture is compared with."""
        self._other = path
        self.other.setText(path.name)
        self.start.setEnabled(self._bench.capture is not None)

    def compare(self) -> None:
        """Compare beside the window."""
        left, path = self._bench.capture, self._other
        if left is None or path is None:
            return
        plan = ComparePlan(
            split_paths(self.key.text()) or CONTROL_ID, split_paths(self.ignore.text()), self.exact.isChecked()
        )

        unseal = self._bench.unseal

        def work(ctx: JobContext) -> tuple[Capture, CaptureComparison]:
            right = open_capture([path], ctx, unseal=unseal)
            return right, compare_captures(left, right, plan, ctx)

        self.words.setText("")
        self.handle = self._bench.jobs.newest("compare captures", "Comparing captures", work, quiet=False, waits=True)
        self.handle.succeeded.connect(lambda found: self._take(left, *found))
        self.handle.failed.connect(lambda problem: self.words.setText(" ".join(sentence_of(problem))))
        self.handle.ended.connect(lambda _handle: self._working(False))
        self._working(True)

    def cancel(self) -> None:
        self._bench.jobs.drop("compare captures")

    def _working(self, on: bool) -> None:
        self.start.setEnabled(not on)
        self.stop.setEnabled(on)

    def _take(self, left: Capture, right: Capture, result: CaptureComparison) -> None:
        self._captures, self.found = (left, right), result
        counts = {
            "same": (Mark("check", "state.good", "same"), len(result.same)),
            "different": (_DIFFERENT, len(result.different)),
            "only left": (MARKS[Outcome.LEFT], len(result.only_left)),
            "only right": (MARKS[Outcome.RIGHT], len(result.only_right)),
        }
        for name, (mark, count) in counts.items():
            self.badges[name].show_mark(mark, f"{count:,} {name}")
        notes = []
        if result.without_key:
            notes.append(f"{result.without_key:,} of those that stand alone have no value at the key.")
        if result.unreadable:
            notes.append(f"{result.unreadable:,} messages cannot be read and were compared by their bytes.")
        self.words.setText(" ".join(notes))
        self.fields.show(result.fields())
        self.messages.show(_told(result))
        self.save.setEnabled(True)

    def _who(self, told: Told) -> str:
        """Type and control id, read when the row is looked at."""
        if self._captures is None:
            return ""
        capture, number = (self._captures[0], told.left) if told.left >= 0 else (self._captures[1], told.right)
        row = row_at(capture, number)
        return f"{row.type} {row.control_id}"

    def _open_pair(self, index: QModelIndex) -> None:
        told = self.messages.row(index)
        if told is None or self._captures is None or told.left < 0 or told.right < 0:
            return
        self.pair.ignore.setText(self.ignore.text())
        self.pair.exact.setChecked(self.exact.isChecked())
        self.pair.show_pair(*self._captures, (told.left, told.right))
        self.pair.show()

    def ask_and_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the fields that differ", "differences.csv", "*.csv *.xlsx")
        if name:
            self.save_to(Path(name))

    def save_to(self, path: Path) -> None:
        """Write the table of fields beside the window."""
        result = self.found
        if result is None:
            return

        def write(ctx: JobContext) -> None:
            write_tables(path, [field_table(result)])

        handle = self._bench.jobs.start("Saving a table", write, quiet=True, writes=True)
        handle.succeeded.connect(lambda _nothing: self._bench.say(f"Saved {path.name}"))
        handle.failed.connect(self._bench.report)


def _told(result: CaptureComparison) -> list[Told]:
    told = [
        Told(_DIFFERENT, pair.left, pair.right, " ".join(name for name, _ in pair.fields)) for pair in result.different
    ]
    told += [Told(MARKS[Outcome.LEFT], number, -1, "") for number in result.only_left]
    told += [Told(MARKS[Outcome.RIGHT], -1, number, "") for number in result.only_right]
    return told


def _shown(number: int) -> str:
    return f"{number + 1:,}" if number >= 0 else ""


def _line(name: str, text: str) -> QLineEdit:
    made = QLineEdit(text)
    made.setAccessibleName(name)
    return made
