"""The Terminology page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QSplitter, QStackedWidget, QWidget

from workbench.app.operations.local_codes import CodeLine, candidates, collect, is_open, lines, offered
from workbench.app.session import Session
from workbench.gui.bench import Bench, Step
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import DONE, STATUS_MARKS, WAITING, Mark
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.page import Page
from workbench.gui.shell.dialogs import ReasonDialog
from workbench.gui.views.terminology.decide import new_map, with_status, with_target
from workbench.gui.views.terminology.target_dialog import TargetDialog
from workbench.gui.widgets.basics import EmptyState, across, button, card, down, label, pane, retitle, table
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.edits import PutCodeMap
from workbench.terminology.code_map import CodeMap, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.harvest import LocalCode
from workbench.terminology.suggest import Candidate

_EVERY, _OPEN = "every field", "waiting for a decision"

_NO_MAP = Mark("circle-dashed", "muted", "No code map")
_COLUMNS = (
    Column("Status", lambda r: STATUS_MARKS[r.status].word if r.map else "No code map", 8,
           mark=lambda r: STATUS_MARKS[r.status] if r.map else _NO_MAP, key=lambda r: (not is_open(r), r.status)),
    Column("Code", lambda r: r.local.code or "(text only)", 5.5, mono=True),
    Column("Text", lambda r: r.local.text, 9),
    Column("Count", lambda r: f"{r.local.count:,}", 4, key=lambda r: r.local.count, right=True),
    Column("Field", lambda r: r.local.field, 5, mono=True, muted=True),
    Column("Target", lambda r: r.target.code if r.target else "", 6, mono=True),
    Column("Code map", lambda r: r.map, 9, muted=True),
)  # fmt: skip
_CANDIDATE_COLUMNS = (
    Column("Score", lambda c: f"{c.score:.2f}", 3.5, key=lambda c: c.score, right=True),
    Column("Code", lambda c: c.coding.code, 7, mono=True),
    Column("Display", lambda c: c.coding.display, 14),
    Column("Why", lambda c: ", ".join(c.why), 10, muted=True),
    Column("System", lambda c: c.coding.system, 12, muted=True),
)


class TerminologyPage(Page):
    """Local codes by what waits, candidates for the selected one."""

    name = "terminology"

    def __init__(self, bench: Bench, session: Session, desk: MappingDesk) -> None:
        super().__init__(bench)
        self._session, self._desk = session, desk
        self._found: tuple[LocalCode, ...] = ()
        self._wanted: tuple[str, str] = ("", "")
        self.model = RowsModel(bench.theme, _COLUMNS, self)
        self.view = table(bench.theme, self.model, "Local codes", _COLUMNS)
        self.candidates = RowsModel(bench.theme, _CANDIDATE_COLUMNS, self)
        self.candidate_view = table(bench.theme, self.candidates, "Candidates", _CANDIDATE_COLUMNS, sorts=False)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter codes")
        self.filter.setAccessibleName("Filter codes")
        self.filter.setClearButtonEnabled(True)
        self.field = QComboBox()
        self.field.setAccessibleName("Field")
        self.field.setMinimumWidth(round(self.theme.em * 12))
        self._new_map = button(
            "New code map", self.new_map, tip="Send the field of the selected code through a code map"
        )
        self._about = label("", wrap=True)
        self._row_about = label("", "muted", wrap=True)
        self._covered = label("", "muted")
        self._stack = QStackedWidget()
        text = "Every coded value of the capture is listed with its count; what has no meaning yet comes first."
        self._stack.addWidget(
            EmptyState(self.theme, "tags", "Codes not collected yet", text, "Collect codes", self.harvest)
        )
        self._stack.addWidget(self._body())
        self.setLayout(down(self._stack, margins=8))
        self._connect()

    def _body(self) -> QWidget:
        again = button("Collect again", self.harvest)
        self._codes_pane = pane("Local codes", self.view, self.field, self.filter, again)
        actions = across(
            button("Use candidate", self.choose, primary=True, tip="Return in the list of candidates"),
            button("Other…", self.type_target, tip="Type a target that is not listed"),
            button("Approve", self.approve, tip="Alt+A"), button("Flag", self.flag, tip="Alt+F"),
            button("No map…", self.no_map, tip="Ctrl+N"), 1, self._new_map,
        )  # fmt: skip
        right = QWidget()
        self._candidate_pane = pane("Candidates", self.candidate_view)
        column = down(card(self._about, self._row_about), self._candidate_pane, actions)
        column.setStretch(1, 1)
        right.setLayout(column)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._codes_pane)
        split.addWidget(right)
        split.setSizes([720, 440])
        split.setChildrenCollapsible(False)
        body = QWidget()
        layout = down(split, self._covered)
        layout.setStretch(0, 1)
        body.setLayout(layout)
        return body

    def _connect(self) -> None:
        self.filter.textChanged.connect(self.refresh)
        self.field.activated.connect(self.refresh)
        self.view.selectionModel().currentRowChanged.connect(self._code_chosen)
        self.candidate_view.activated.connect(self.choose)
        self._desk.package_changed.connect(self.refresh)
        self.bench.capture_changed.connect(self._forget)

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "codes.harvest": self.harvest,
            "codes.approve": self.approve,
            "codes.flag": self.flag,
            "codes.no_map": self.no_map,
        }

    def panes(self) -> list[QWidget]:
        return [self.view, self.candidate_view]

    def filter_box(self) -> QLineEdit | None:
        return self.filter

    # The list

    def harvest(self) -> None:
        """Collect the coded values of the capture beside the window."""
        capture, package = self.bench.capture, self._desk.package
        if capture is None or package is None:
            self.bench.say("Open a capture and a mapping first.")
            return
        handle = self.bench.jobs.newest(
            "codes", "Collecting codes", lambda ctx: collect(capture, package, ctx), quiet=False
        )
        handle.succeeded.connect(self._collected)
        handle.failed.connect(self.bench.report)

    def _collected(self, found: tuple[LocalCode, ...]) -> None:
        self._found = found
        self.field.clear()
        self.field.addItems([_EVERY, _OPEN, *sorted({local.field for local in found})])
        self._stack.setCurrentIndex(1)
        self.refresh()
        self.view.selectRow(0)

    def _forget(self) -> None:
        self.bench.jobs.drop("codes")
        self._found = ()
        self._stack.setCurrentIndex(0)
        self.attention_changed.emit("")

    def refresh(self) -> None:
        """Show the codes as the package decides on them now; the selection stays."""
        package = self._desk.package
        if package is None or not self._found:
            return
        whole = lines(self._found, package)
        words, field = self.filter.text().lower().split(), self.field.currentText()
        shown = [
            line
            for line in whole
            if (field in ("", _EVERY) or line.local.field == field or (field == _OPEN and is_open(line)))
            and all(w in f"{line.local.code} {line.local.text} {line.map} {line.local.field}".lower() for w in words)
        ]
        wanted = self._wanted
        self.model.show(shown)
        retitle(self._codes_pane, f"Local codes · {len(shown):,}")
        index = self.model.index_of(lambda line: (line.local.field, line.local.code) == wanted)
        if index.isValid():
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.view.selectionModel().setCurrentIndex(index, flags)
        self._tell(whole)

    def _tell(self, whole: tuple[CodeLine, ...]) -> None:
        with_map = [line for line in whole if line.map]
        total = sum(line.local.count for line in with_map)
        open_codes = [line for line in with_map if is_open(line)]
        covered = total - sum(line.local.count for line in open_codes)
        # Rounded down: 100.0 % is said only when nothing is open.
        share = f"{int(covered * 1000 / total) / 10} %" if total else "–"
        words = f"{share} of occurrences covered · {len(open_codes):,} codes wait for a decision"
        self._covered.setText(words)
        self.attention_changed.emit(f"{len(open_codes):,}" if open_codes else "")
        self.bench.tell_step(Step.CODES, WAITING if open_codes else DONE, words)

    def line(self) -> CodeLine | None:
        """The selected code."""
        line = self.model.row(self.view.currentIndex())
        return line if isinstance(line, CodeLine) else None

    def _code_chosen(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        line, package = self.line(), self._desk.package
        if line is None or package is None:
            return
        self._wanted = (line.local.field, line.local.code)
        local, found = line.local, self._found
        extra = " · ".join(part for part in (local.system, local.unit) if part)
        self._about.setText(f"{local.code}  {local.text}" + (f"  ({extra})" if extra else ""))
        self._row_about.setText(_row_words(line))
        self._new_map.setVisible(not line.map)

        def search(_ctx: JobContext) -> tuple[Candidate, ...]:
            return offered(local, candidates(line, package, found))

        handle = self.bench.jobs.newest("candidates", "Searching candidates", search)
        handle.succeeded.connect(self._suggested)
        handle.failed.connect(self.bench.report)

    def _suggested(self, found: tuple[Candidate, ...]) -> None:
        self.candidates.show(found)
        retitle(self._candidate_pane, f"Candidates · {len(found)}" if found else "Candidates")
        if found:
            self.candidate_view.selectRow(0)

    # Decisions

    def choose(self) -> None:
        """Map the selected code to the selected candidate."""
        candidate = self.candidates.row(self.candidate_view.currentIndex())
        line = self.line()
        if isinstance(candidate, Candidate) and line is not None:
            self._map(line, candidate.coding)

    def type_target(self) -> None:
        """Map the selected code to a target that is not among the candidates."""
        line, package = self.line(), self._desk.package
        if line is None or package is None:
            return
        code_map = package.codes.get(line.map)
        dialog = TargetDialog(self.theme, line.local.code, code_map.target_system if code_map else "", self)
        dialog.accepted.connect(lambda: self._map(line, dialog.coding))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _map(self, line: CodeLine, target: Coding) -> None:
        author = self._session.actor
        said = f"Map {line.local.code} to {target.code}"
        self._decide(line, lambda code_map: with_target(code_map, line, target, author), said)

    def new_map(self) -> None:
        """Send the field of the selected code through a code map of its own."""
        line, package = self.line(), self._desk.package
        edits = new_map(package, line.local.field) if line is not None and package is not None else ()
        if line is None or not edits:
            self.bench.say("No rule takes this field as a coded value; add one on the Mapping page first.")
            return
        self._desk.apply_all(edits, f"New code map for {line.local.field}")

    def approve(self) -> None:
        """Approve the target of the selected code; nobody approves what they mapped themselves."""
        self._set(RowStatus.APPROVED, "Approve")

    def flag(self) -> None:
        self._set(RowStatus.IN_REVIEW, "Flag")

    def no_map(self) -> None:
        """Say that the selected code has no target, with the reason."""
        line = self.line()
        if line is None:
            return
        question = f"Why has {line.local.code} no target? Its text is kept and flagged for the receiver."
        dialog = ReasonDialog(self.theme, "No map", question, parent=self)
        dialog.accepted.connect(lambda: self._set(RowStatus.NO_MAP, "No map for", dialog.reason))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _set(self, status: RowStatus, verb: str, comment: str = "") -> None:
        line = self.line()
        if line is not None:
            actor = self._session.actor
            self._decide(line, lambda m: with_status(m, line, status, actor, comment), f"{verb} {line.local.code}")

    def _decide(self, line: CodeLine, change: Callable[[CodeMap], CodeMap], said: str) -> None:
        package = self._desk.package
        code_map = package.codes.get(line.map) if package is not None else None
        if code_map is None:
            self.bench.say(f"No code map takes {line.local.field}; give its rule a code map on the Mapping page.")
            return
        try:
            changed = change(code_map)
        except Refused as refusal:
            self.bench.say(str(refusal))
            return
        self._desk.apply(PutCodeMap(line.map, changed), said)


def _row_words(line: CodeLine) -> str:
    """What the code map says of a code, in words."""
    if not line.map:
        return f"{line.local.field} goes through no code map."
    if line.row is None:
        return f"{line.map} has no row for it: its text is kept and flagged as not validated."
    row = line.row
    target = f"{row.target.code} {row.target.display}".strip() if row.target is not None else "no target"
    by = f", approved by {row.approver}" if row.approver else f", by {row.author}" if row.author else ""
    remark = f". {row.comment}" if row.comment else ""
    return f"{line.map}: {target} ({row.relationship}, {STATUS_MARKS[row.status].word.lower()}{by}){remark}"
