"""The Review page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QStackedWidget, QWidget

from workbench.app.operations.review import (
    Decision,
    ReviewCase,
    decide,
    decided,
    decided_cases,
    next_to_decide,
    review_case,
    verdicts,
)
from workbench.app.session import Session
from workbench.fhir.json_tree import dumps
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobHandle
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.marks import Mark
from workbench.gui.page import Page
from workbench.gui.shell.dialogs import ReasonDialog
from workbench.gui.views.review.comparison import KIND_MARKS, ComparisonView
from workbench.gui.widgets.basics import Badge, EmptyState, across, button, down, label
from workbench.kernel.errors import WorkbenchError
from workbench.kernel.progress import JobContext
from workbench.records.agreement import Kind
from workbench.v2.er7 import Message

_DECISION_MARKS = {
    Decision.ACCEPTED: Mark("thumbs-up", "state.good", "accepted"),
    Decision.REJECTED: Mark("thumbs-down", "state.bad", "rejected"),
    None: Mark("circle-dashed", "state.idle", "not decided"),
}


class ReviewPage(Page):
    """For clinicians: one record at a time, no pipes and no paths."""

    name = "review"

    def __init__(self, bench: Bench, session: Session, desk: MappingDesk, open_files: Callable[[], None]) -> None:
        super().__init__(bench)
        self._session, self._desk = session, desk
        self.case: ReviewCase | None = None
        self._number = label("", "heading")
        self._summary = [Badge(bench.theme) for _ in Kind]
        self.decision = Badge(bench.theme)
        self._only = QCheckBox("Differences only")
        self._only.toggled.connect(self._show_case)
        self.view = ComparisonView(bench.theme)
        self._history = label("", "muted", wrap=True)
        self._stack = QStackedWidget()
        text = "A record is compared once a capture and a mapping are open."
        self._stack.addWidget(EmptyState(bench.theme, "eye", "Nothing to review yet", text, "Open files…", open_files))
        self._stack.addWidget(self._body())
        words = (
            "Records are compared of HL7 v2 messages that the open mapping turns into FHIR; this one is not among them."
        )
        onward = partial(bench.step_message, 1)
        self._stack.addWidget(EmptyState(bench.theme, "eye", "No record to compare", words, "Next message", onward))
        self.setLayout(down(self._stack, margins=8))
        desk.result_changed.connect(self._result_changed)
        bench.mask_changed.connect(self._show_case)
        bench.theme.changed.connect(self._show_case)

    def _body(self) -> QWidget:
        strip = across(self._number, self.decision, 1, *self._summary, self._only, spacing=14)
        strip.setContentsMargins(6, 0, 6, 6)
        heads = self.view.heads("What the sender said", "What the receiver will show")
        foot = QFrame()
        foot.setObjectName("pane")
        check = label("Check identity, units and decimals, flags, statuses, allergies.", "muted")
        accept = button("Accept", self.accept, primary=True, tip="Source and result say the same")
        reject = button("Reject…", self.reject, tip="The result is wrong")
        comment = button("Comment…", self.comment)
        before = button("Previous", lambda: self.bench.step_message(-1))
        after = button("Next", lambda: self.bench.step_message(1))
        tip = "The next record that differs and that nobody has accepted or rejected (Ctrl+Shift+N)"
        onward = button("Next to decide", self.next_to_decide, tip=tip)
        line = across(before, after, onward, check, 1, comment, reject, accept, spacing=10)
        line.setContentsMargins(12, 8, 12, 4)
        history = across(self._history)
        history.setContentsMargins(12, 0, 12, 8)
        foot.setLayout(down(line, history, spacing=0))
        body = QWidget()
        layout = down(strip, heads, self.view, foot, spacing=6)
        layout.setStretch(2, 1)
        body.setLayout(layout)
        return body

    def commands(self) -> Mapping[str, Callable[[], object]]:
        return {
            "review.accept": self.accept,
            "review.reject": self.reject,
            "review.comment": self.comment,
            "review.next": self.next_to_decide,
        }

    def panes(self) -> list[QWidget]:
        return [self.view]

    def shown(self) -> None:
        if self.case is None:
            self._compare()

    def _result_changed(self) -> None:
        self.case = None
        if self.isVisible():
            self._compare()

    def _compare(self) -> None:
        """Read both records beside the window; only when somebody looks."""
        document, result = self.bench.document, self._desk.result
        if not isinstance(document, Message) or result is None:
            self._stack.setCurrentIndex(0 if document is None else 2)
            return
        self._stack.setCurrentIndex(1)
        bundle = result.traced.bundle

        def read(_ctx: JobContext) -> ReviewCase:
            return review_case(document, bundle, dumps(bundle))

        handle = self.bench.jobs.newest("review", "Comparing records", read)
        handle.succeeded.connect(self._compared)
        handle.failed.connect(self.bench.report)

    def _compared(self, case: ReviewCase) -> None:
        self.case = case
        self._show_case()

    def _show_case(self) -> None:
        case, number, capture = self.case, self.bench.number, self.bench.capture
        if case is None or number is None or capture is None:
            return
        self._number.setText(f"Record {number + 1:,} of {len(capture):,}")
        self.view.show_differences(case.differences, masked=self.bench.masked, only_differing=self._only.isChecked())
        for kind, badge in zip(Kind, self._summary, strict=True):
            count = sum(1 for difference in case.differences if difference.kind is kind)
            badge.show_mark(KIND_MARKS[kind], f"{count} {KIND_MARKS[kind].word}")
            badge.setVisible(bool(count))
        differing = sum(1 for difference in case.differences if difference.kind is not Kind.SAME)
        self.attention_changed.emit(str(differing) if differing else "")
        self._show_decision()

    def _show_decision(self) -> None:
        if self.case is None:
            return
        self.decision.show_mark(_DECISION_MARKS[decided(self._session, self.case.id)])
        said = [
            f"{v.time[:16].replace('T', ' ')} {v.reviewer} {v.decision}" + (f": {v.comment}" if v.comment else "")
            for v in reversed(verdicts(self._session, self.case.id))
        ]
        self._history.setText("\n".join(said))
        self._history.setVisible(bool(said))

    def next_to_decide(self) -> JobHandle | None:
        """Go to the next record that differs and that nobody has decided on."""
        capture, mapping, number = self.bench.capture, self._desk.compiled, self.bench.number
        if capture is None or mapping is None or number is None:
            self.bench.say("Open a capture and a mapping first.")
            return None
        done = decided_cases(self._session)
        handle = self.bench.jobs.newest(
            "next to decide",
            "Looking for records that differ",
            lambda ctx: next_to_decide(capture, mapping, done, number, ctx),
            quiet=False,
        )
        handle.succeeded.connect(self._found)
        handle.failed.connect(self.bench.report)
        return handle

    def _found(self, number: int | None) -> None:
        if number is None:
            self.bench.say("Every other record that differs has been decided on")
        else:
            self.bench.select_message(number)

    # Decisions

    def accept(self) -> None:
        self.decide(Decision.ACCEPTED, "")

    def reject(self) -> None:
        self._ask(Decision.REJECTED, "Reject this record", "What is wrong with the result?")

    def comment(self) -> None:
        self._ask(Decision.COMMENTED, "Comment", "What should the next reader know?")

    def decide(self, decision: Decision, comment: str) -> None:
        """Record a verdict in the workspace and its audit trail."""
        if self.case is None:
            self.bench.say("There is no record to decide on.")
            return
        try:
            decide(self._session, self.case, decision, comment, datetime.now(UTC).isoformat(timespec="seconds"))
        except WorkbenchError as problem:
            self.bench.report(problem)
            return
        self.bench.say(f"Record {decision}, written to the audit trail")
        self._show_decision()

    def _ask(self, decision: Decision, title: str, question: str) -> None:
        dialog = ReasonDialog(self.theme, title, question, parent=self)
        dialog.accepted.connect(lambda: self.decide(decision, dialog.reason))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
