"""Two messages side by side, place against place."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLineEdit, QWidget

from workbench.app.documents import document_at
from workbench.app.operations.compare import ComparePlan, compare_messages
from workbench.fhir.json_tree import FhirDocument
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.marks import Mark
from workbench.gui.masking import hides_fhir, hides_v2, masked
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.gui.widgets.number_box import whole_number
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.suites.semantic_diff import Change, ChangeKind
from workbench.v2.compare import Outcome, Place, Row
from workbench.v2.er7 import Message

LONGEST = 400
MARKS = {
    Outcome.SAME: Mark("check", "state.idle", "same"),
    Outcome.CHANGED: Mark("file-diff", "state.partial", "changed"),
    Outcome.LEFT: Mark("circle-minus", "state.bad", "only left"),
    Outcome.RIGHT: Mark("plus", "state.good", "only right"),
}
_IGNORED = Mark("ban", "state.idle", "ignored")
_KINDS = {
    ChangeKind.ADDED: Outcome.RIGHT,
    ChangeKind.REMOVED: Outcome.LEFT,
    ChangeKind.CHANGED: Outcome.CHANGED,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One place of both messages, as it is shown; `is_same` also when a difference is ignored.

    is_sum  other lines say in detail what this one says
    """

    mark: Mark
    path: str
    left: str
    right: str
    depth: int = 1
    is_same: bool = False
    is_sum: bool = False


_COLUMNS = (
    Column("Place", lambda line: "   " * line.depth + line.path, 11, mono=True),
    Column("How", lambda line: line.mark.word, 7, mark=lambda line: line.mark),
    Column("Left", lambda line: line.left, 20, mono=True),
    Column("Right", lambda line: line.right, 20, mono=True),
)


def lines_of(left: Message | FhirDocument, right: Message | FhirDocument, plan: ComparePlan, mask: bool) -> list[Line]:
    """Both messages place by place; raises as `compare_messages` does."""
    return [
        _fhir_line(row, mask) if isinstance(row, Change) else _v2_line(row, left, right, mask)
        for row in compare_messages(left, right, plan)
    ]


def _v2_line(row: Row, left: Message | FhirDocument, right: Message | FhirDocument, mask: bool) -> Line:
    mark = _IGNORED if row.ignored else MARKS[row.outcome]
    is_sum = row.depth == 2 or (row.depth == 0 and row.outcome is Outcome.CHANGED)
    texts = (_v2_text(row.left, left, mask), _v2_text(row.right, right, mask))
    return Line(mark, row.path, *texts, row.depth, row.outcome is Outcome.SAME, is_sum)


def _v2_text(place: Place | None, message: Message | FhirDocument, mask: bool) -> str:
    if place is None:
        return ""
    if mask and isinstance(message, Message):
        found = message.at(place.path) if place.path else []
        if not found or not found[0].field:
            return found[0].segment.name if found else masked(place.text)
        if any(hides_v2(leaf) for leaf in found[0].leaves()):
            return masked(place.text)
    return place.text[:LONGEST]


def _fhir_line(change: Change, mask: bool) -> Line:
    key = change.path.rpartition(".")[2].partition("[")[0]
    texts = ("" if value is None else str(value)[:LONGEST] for value in (change.before, change.after))
    left, right = (masked(text) if mask and hides_fhir(key) else text for text in texts)
    return Line(MARKS[_KINDS[change.kind]], change.path, left, right)


class CompareMessagesDialog(QDialog):
    """Any message of one capture against any of the same or another one."""

    def __init__(self, bench: Bench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare two messages")
        self._bench = bench
        self._captures: tuple[Capture, Capture] | None = None
        self._lines: list[Line] = []
        self.left, self.right = (whole_number(name, 1, 1, 1) for name in ("Left message", "Right message"))
        self.ignore = QLineEdit()
        self.ignore.setAccessibleName("Places that may differ")
        self.ignore.setPlaceholderText("MSH-7, MSH-10, EVN-2, *-1")
        self.exact = QCheckBox("White space and trailing empty fields count")
        self.only_different = QCheckBox("Differences only")
        self.only_different.setChecked(True)
        self.model = RowsModel(bench.theme, _COLUMNS, self)
        self.view = table(bench.theme, self.model, "Both messages, place by place", _COLUMNS, sorts=False)
        self.words = label("", wrap=True)
        form = QFormLayout()
        numbers = across(self.left, label("with"), self.right, 1, self.only_different)
        form.addRow("Message", numbers)
        form.addRow("May differ", self.ignore)
        form.addRow("", self.exact)
        close = button("Close", self.close, primary=True)
        self.setLayout(down(form, self.words, self.view, across(1, close), margins=16, spacing=12))
        em = bench.theme.em
        self.resize(round(em * 62), round(em * 38))
        self.only_different.toggled.connect(self._show_lines)
        for changed in (self.left.valueChanged, self.right.valueChanged, self.exact.toggled):
            changed.connect(self.compare)
        self.ignore.editingFinished.connect(self.compare)
        bench.mask_changed.connect(self.compare)

    def show_pair(self, left: Capture, right: Capture, numbers: tuple[int, int]) -> None:
        """Compare a message of one capture with one of another, which may be the same."""
        self._captures = None
        for box, capture, number in zip((self.left, self.right), (left, right), numbers, strict=True):
            box.setRange(1, max(len(capture), 1))
            box.setValue(number + 1)
        self._captures = (left, right)
        self.compare()

    def compare(self) -> None:
        """Compare beside the window."""
        if self._captures is None:
            return
        (one, other), mask = self._captures, self._bench.masked
        numbers = int(self.left.value()) - 1, int(self.right.value()) - 1
        plan = ComparePlan(ignore=split_paths(self.ignore.text()), exact=self.exact.isChecked())

        def work(ctx: JobContext) -> list[Line]:
            return lines_of(document_at(one, numbers[0]), document_at(other, numbers[1]), plan, mask)

        handle = self._bench.jobs.newest("compare messages", "Comparing two messages", work)
        handle.succeeded.connect(self._take)
        handle.failed.connect(self._refuse)

    def _take(self, lines: list[Line]) -> None:
        self._lines = lines
        different = sum(1 for line in lines if not (line.is_same or line.is_sum))
        self.words.setText(f"{different:,} places differ" if different else "Both messages say the same")
        self._show_lines()

    def _refuse(self, problem: BaseException) -> None:
        self._lines = []
        self.words.setText(" ".join(sentence_of(problem)))
        self._show_lines()

    def _show_lines(self) -> None:
        hide = self.only_different.isChecked()
        self.model.show([line for line in self._lines if not (hide and line.is_same)])


def split_paths(text: str) -> tuple[str, ...]:
    """Paths separated by commas or white space."""
    return tuple(text.replace(",", " ").split())
