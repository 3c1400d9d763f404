"""Two messages side by side, place against place."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLineEdit, QSplitter, QWidget

from workbench.app.documents import Document, document_at
from workbench.app.operations.compare import ComparePlan, compare_messages
from workbench.fhir.json_scan import Element
from workbench.fhir.json_tree import FhirDocument
from workbench.gui.bench import Bench, sentence_of
from workbench.gui.marks import Mark
from workbench.gui.masking import hides_fhir, hides_v2, masked
from workbench.gui.models.nodes import in_one_line
from workbench.gui.models.outline import PART_BYTES, Looked, outlined
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import across, button, down, label, table
from workbench.gui.widgets.display_text import of_json, of_message
from workbench.gui.widgets.number_box import whole_number
from workbench.gui.widgets.span_text import SpanText
from workbench.kernel.location import Span
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture
from workbench.suites.semantic_diff import Change, ChangeKind
from workbench.v2.compare import Outcome, Place, Row
from workbench.v2.er7 import Message

LONGEST = 400
MOST_HIGHLIGHTS = 500
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
    spans   the bytes of the left and of the right message; None where there is nothing
    """

    mark: Mark
    path: str
    left: str
    right: str
    depth: int = 1
    is_same: bool = False
    is_sum: bool = False
    spans: tuple[Span | None, Span | None] = (None, None)


_COLUMNS = (
    Column("Place", lambda line: "   " * line.depth + line.path, 11, mono=True),
    Column("How", lambda line: line.mark.word, 7, mark=lambda line: line.mark),
    Column("Left", lambda line: line.left, 20, mono=True),
    Column("Right", lambda line: line.right, 20, mono=True),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two messages and every place in which they can differ."""

    documents: tuple[Document, Document]
    lines: list[Line]


def lines_of(left: Message | FhirDocument, right: Message | FhirDocument, plan: ComparePlan, mask: bool) -> list[Line]:
    """Both messages place by place; raises as `compare_messages` does."""
    return [
        _fhir_line(row, left, right, mask) if isinstance(row, Change) else _v2_line(row, left, right, mask)
        for row in compare_messages(left, right, plan)
    ]


def _v2_line(row: Row, left: Message | FhirDocument, right: Message | FhirDocument, mask: bool) -> Line:
    mark = _IGNORED if row.ignored else MARKS[row.outcome]
    is_sum = row.depth == 2 or (row.depth == 0 and row.outcome is Outcome.CHANGED)
    texts = (_v2_text(row.left, left, mask), _v2_text(row.right, right, mask))
    spans = (row.left.span if row.left else None, row.right.span if row.right else None)
    return Line(mark, row.path, *texts, row.depth, row.outcome is Outcome.SAME, is_sum, spans)


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


def _fhir_line(change: Change, one: Message | FhirDocument, other: Message | FhirDocument, mask: bool) -> Line:
    above, _, last = change.path.rpartition(".")
    key, parent_key = last.partition("[")[0], above.rpartition(".")[2].partition("[")[0]
    texts = (in_one_line(value)[:LONGEST] for value in (change.before, change.after))
    left, right = (masked(text) if mask and hides_fhir(key, parent_key) else text for text in texts)
    spans = (_fhir_span(one, change.path, change.before), _fhir_span(other, change.path, change.after))
    return Line(MARKS[_KINDS[change.kind]], change.path, left, right, spans=spans)


def _fhir_span(document: Message | FhirDocument, path: str, value: object) -> Span | None:
    """The bytes of an element; in a Bundle things are counted by type, so the value must be the one that is meant."""
    found = document.at(path) if isinstance(document, FhirDocument) and value is not None else None
    return found.span if isinstance(found, Element) else None


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
        self.texts = (SpanText(bench.theme, "Left message"), SpanText(bench.theme, "Right message"))
        self._compared: Compared | None = None
        self._parts: list[Looked] = []
        sides = QSplitter(Qt.Orientation.Horizontal)
        for text in self.texts:
            sides.addWidget(text)
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.view)
        both.addWidget(sides)
        both.setChildrenCollapsible(False)
        both.setSizes([300, 240])
        form = QFormLayout()
        numbers = across(self.left, label("with"), self.right, 1, self.only_different)
        form.addRow("Message", numbers)
        form.addRow("May differ", self.ignore)
        form.addRow("", self.exact)
        close = button("Close", self.close, primary=True)
        self.setLayout(down(form, self.words, both, across(1, close), margins=16, spacing=12))
        em = bench.theme.em
        self.resize(round(em * 68), round(em * 46))
        self.only_different.toggled.connect(self._show_lines)
        self.view.selectionModel().currentRowChanged.connect(self._point_out)
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

        def work(ctx: JobContext) -> Compared:
            left, right = document_at(one, numbers[0]), document_at(other, numbers[1])
            return Compared((left, right), lines_of(left, right, plan, mask))

        handle = self._bench.jobs.newest("compare messages", "Comparing two messages", work)
        handle.succeeded.connect(self._take)
        handle.failed.connect(self._refuse)

    def _take(self, compared: Compared) -> None:
        self._compared, self._lines = compared, compared.lines
        different = sum(1 for line in self._lines if not (line.is_same or line.is_sum))
        self.words.setText(f"{different:,} places differ" if different else "Both messages say the same")
        self._parts = [outlined(document) for document in compared.documents]
        for side in range(2):
            self._show_text(side, 0)
        self._show_lines()

    def _show_text(self, side: int, byte: int) -> None:
        """Show the text of one message, of a long one the part that a byte lies in."""
        looked, text, mask = self._parts[side], self.texts[side], self._bench.masked
        document = looked.document
        if looked.outline is not None:
            document = looked.outline.part(looked.outline.part_at(byte))
        if isinstance(document, Message):
            signs = document.delimiters
            marks = signs.field + signs.component + signs.repetition + signs.subcomponent
            text.show_er7(of_message(document, mask), marks, signs.escape)
        elif isinstance(document, FhirDocument):
            first = byte // PART_BYTES * PART_BYTES
            text.show_json(of_json(document, mask, first, first + PART_BYTES))

    def _point_out(self, *_selection: QModelIndex) -> None:
        """Highlight every difference in both texts, and bring the selected one into sight."""
        line = self.model.row(self.view.currentIndex())
        for side, text in enumerate(self.texts):
            chosen = line.spans[side] if isinstance(line, Line) else None
            if chosen is not None and self._parts and len(self._parts[side].data) > PART_BYTES:
                self._show_text(side, chosen.start)
            differing = (each for each in self._lines if not (each.is_same or each.is_sum))
            others = [span for each in differing if (span := each.spans[side]) is not None]
            text.point_out([chosen] if chosen is not None else [], others[:MOST_HIGHLIGHTS])

    def _refuse(self, problem: BaseException) -> None:
        self._lines, self._parts = [], []
        self.words.setText(" ".join(sentence_of(problem)))
        for text in self.texts:
            text.clear_text()
        self._show_lines()

    def _show_lines(self) -> None:
        hide = self.only_different.isChecked()
        self.model.show([line for line in self._lines if not (hide and line.is_same)])
        self._point_out()


def split_paths(text: str) -> tuple[str, ...]:
    """Paths separated by commas or white space."""
    return tuple(text.replace(",", " ").split())
