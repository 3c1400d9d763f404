"""Decisions on the selected codes: buttons, the relationship as a sentence, the comment, and the reasons asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QSizePolicy, QWidget

from workbench.app.operations.code_candidates import Offer
from workbench.app.operations.code_decisions import (
    SENTENCES,
    Decision,
    choose_for_sender,
    choose_suggested,
    describe,
    named,
    set_mark,
    set_status,
)
from workbench.app.operations.code_reviews import Deed
from workbench.app.operations.local_codes import CodeLine
from workbench.gui.shell.dialogs import ReasonDialog
from workbench.gui.views.terminology.code_desk import CodeDesk
from workbench.gui.views.terminology.codes_pane import CodesPane
from workbench.gui.views.terminology.target_dialog import TargetDialog
from workbench.gui.widgets.basics import button, down
from workbench.gui.widgets.wrapping_line import WrappingLine
from workbench.kernel.errors import Refused
from workbench.terminology.code_map import Mark, Relationship, RowStatus
from workbench.terminology.codes import Coding

_UNSAFE = "APP-0031"


class Decisions(QWidget):
    """Acts on what is selected in the list of codes."""

    def __init__(self, codes: CodeDesk, pane: CodesPane, offer: Callable[[], Offer | None]) -> None:
        super().__init__()
        self._codes, self._pane, self._offer = codes, pane, offer
        self.relationship = QComboBox()
        self.relationship.setAccessibleName("How the target relates to the local code")
        self.relationship.setToolTip("How the target relates to the local code")
        for relationship, sentence in SENTENCES.items():
            self.relationship.addItem(sentence, relationship)
        self.relationship.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.relationship.setMinimumWidth(self.relationship.sizeHint().width())
        self.comment = QLineEdit()
        self.comment.setAccessibleName("Comment")
        self.comment.setPlaceholderText("Comment")
        self.comment.setToolTip("Goes along with the row; Return changes the comment of a row that has a target")
        self.relationship.activated.connect(self._described)
        self.comment.returnPressed.connect(self._described)
        words = WrappingLine(self.relationship, self.comment, apart=False)
        self._use = button(
            "Use candidate", self.use, primary=True, tip="Map the code to the selected candidate (Return in the list)"
        )
        actions = WrappingLine(
            self._use,
            button("Approve", self.approve, tip="The target is right; nobody approves what they mapped (Alt+A)"),
            button("Reject…", self.reject, tip="The target is wrong, with the reason (Alt+R)"),
            button("Flag", self.flag, tip="Mark for a second look, or take the mark off (Alt+F)"),
            button("No map…", self.no_map, tip="The code has no target, with the reason (Ctrl+N)"),
            button("Other…", self.type_target, tip="Type a target that is not listed"),
            apart=False,
        )  # fmt: skip
        self.setLayout(down(words, actions))

    def show_line(self, line: CodeLine | None) -> None:
        """Show relationship and comment of another code."""
        row = line.row if line is not None else None
        related = row.relationship if row is not None else Relationship.EQUIVALENT
        self.relationship.setCurrentIndex(self.relationship.findData(related))
        self.comment.setText(row.comment if row is not None else "")
        self.setEnabled(line is not None)

    def _relationship(self) -> Relationship:
        return Relationship(self.relationship.currentData())  # Qt keeps the text of a StrEnum only

    # Choosing

    def use(self) -> None:
        """Map the selected code to the selected candidate, and go to the next one that waits."""
        offer = self._offer()
        if offer is not None:
            candidate = offer.candidate
            evidence = (
                *(f"{name} {worth:+.2f}" for name, worth in candidate.parts.items()),
                *(f"score {candidate.score:.2f}" for _ in (1,) if candidate.score),
                *(issue.masked_text for issue in offer.issues),
            )
            self._map(candidate.coding, evidence)

    def use_suggested(self) -> None:
        """Map every selected code to what is suggested for it."""
        lines = self._pane.selected()
        self._decide(lines, choose_suggested(self._codes.actor), Deed("mapped as suggested"), "Use the suggestion for")

    def for_sender(self) -> None:
        """Map the selected code to the selected candidate for one sender only."""
        line, offer = self._pane.current(), self._offer()
        if line is None or offer is None:
            self._codes.bench.say("Select a code and a candidate first.")
            return
        target = offer.candidate.coding
        question = f"Which sender means {target.code} {target.display} by {named(line)}? Name it as MSH-3 and MSH-4 do."

        def decide(sender: str) -> None:
            actor, comment = self._codes.actor, self.comment.text().strip()
            deed = Deed(f"mapped for {sender}", comment)
            self._decide([line], choose_for_sender(target, sender, comment, actor), deed, f"For {sender}, map")

        self._ask("For one sender", question, decide)

    def type_target(self) -> None:
        """Map the selected code to a target that is not among the candidates."""
        line = self._pane.current()
        package = self._codes.package
        if line is None or package is None:
            return
        code_map = package.codes.get(line.map)
        dialog = TargetDialog(
            self._codes.bench.theme, line.local.code, code_map.target_system if code_map else "", self
        )
        dialog.accepted.connect(lambda: self._map(dialog.coding, ("typed by hand",)))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _map(self, target: Coding, evidence: tuple[str, ...]) -> None:
        line = self._pane.current()
        if line is None:
            return
        related = self._relationship()
        comment = self.comment.text().strip()
        try:
            words = self._codes.choose(line, target, related, comment, Deed("mapped", comment, evidence))
        except Refused as refusal:
            self._codes.bench.say(str(refusal))
            return
        if words:
            self._codes.bench.say(words)
        self._pane.advance()

    # Judging

    def approve(self) -> None:
        """Approve the targets of the selected codes; rows with errors need a reason."""
        lines = self._pane.selected()
        deed = Deed("approved", evidence=_findings(lines))
        refused = self._decide(lines, set_status(RowStatus.APPROVED, self._codes.actor), deed, "Approve")
        unsafe = [refusal for refusal in refused if refusal.code == _UNSAFE]
        if unsafe:
            asked = [line for line in lines if line.is_unsafe]
            question = f"{unsafe[0].text}\n\nWhy is it right all the same? The reason goes along with the row."
            self._ask("Approve in spite of a finding", question, lambda reason: self._approve_unsafe(asked, reason))
        else:
            self._pane.advance()

    def _approve_unsafe(self, lines: Sequence[CodeLine], reason: str) -> None:
        now = [self._present(line) for line in lines]
        deed = Deed("approved in spite of findings", reason, _findings(now))
        self._decide(now, set_status(RowStatus.APPROVED, self._codes.actor, reason), deed, "Approve")

    def reject(self) -> None:
        """Reject the targets of the selected codes, with the reason."""
        lines = self._pane.selected()
        if lines:
            self._ask(
                "Reject",
                f"What is wrong with the target of {_named(lines)}?",
                lambda reason: self._decide(
                    lines, set_status(RowStatus.REJECTED, self._codes.actor, reason), Deed("rejected", reason), "Reject"
                ),
            )

    def to_review(self) -> None:
        """Hand the selected codes to a reviewer."""
        decision = set_status(RowStatus.IN_REVIEW, self._codes.actor)
        self._decide(self._pane.selected(), decision, Deed("sent to review"), "Send to review")

    def reopen(self) -> None:
        """Take target and decision off the selected codes."""
        decision = set_status(RowStatus.UNMAPPED, self._codes.actor)
        self._decide(self._pane.selected(), decision, Deed("reopened"), "Reopen")

    def flag(self) -> None:
        """Flag the selected codes, or take the flag off when all of them have it."""
        self._mark(Mark.FLAGGED, "flag")

    def out_of_scope(self) -> None:
        """Leave the selected codes out of this project, or take them in again."""
        self._mark(Mark.OUT_OF_SCOPE, "scope")

    def _mark(self, mark: Mark, what: str) -> None:
        lines = self._pane.selected()
        on = not all(mark in line.marks for line in lines)
        verb = f"Mark as {mark.value}" if on else f"No longer {mark.value}:"
        deed = Deed(f"{what} {'set' if on else 'taken off'}")
        self._decide(lines, set_mark(mark, on, self._codes.actor), deed, verb)

    def no_map(self) -> None:
        """Say that the selected codes have no target, with the reason."""
        lines = self._pane.selected()
        if not lines:
            return
        question = f"Why has {_named(lines)} no target? Its text is kept and flagged for the receiver."

        def decide(reason: str) -> None:
            deed = Deed("no map", reason)
            self._decide(lines, set_status(RowStatus.NO_MAP, self._codes.actor, reason), deed, "No map for")
            self._pane.advance()

        self._ask("No map", question, decide)

    def _described(self) -> None:
        line = self._pane.current()
        if line is None or line.row is None or line.row.target is None:
            return
        related, comment = self._relationship(), self.comment.text().strip()
        if (related, comment) != (line.row.relationship, line.row.comment):
            decision = describe(related, comment, self._codes.actor)
            self._decide([line], decision, Deed("described", comment), "Describe")

    def _decide(self, lines: Sequence[CodeLine], decision: Decision, deed: Deed, verb: str) -> tuple[Refused, ...]:
        if not lines:
            return ()
        refused = self._codes.decide(lines, decision, deed, f"{verb} {_named(lines)}")
        rest = [refusal for refusal in refused if refusal.code != _UNSAFE]
        if rest:
            many = f"{len(rest):,} of {len(lines):,} codes stay as they are: " if len(lines) > 1 else ""
            self._codes.bench.say(f"{many}{rest[0]}")
        return refused

    def _ask(self, title: str, question: str, then: Callable[[str], object]) -> None:
        dialog = ReasonDialog(self._codes.bench.theme, title, question, parent=self)
        dialog.accepted.connect(lambda: then(dialog.reason))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _present(self, line: CodeLine) -> CodeLine:
        """The line as it is now: others of a selection were decided meanwhile."""
        return next((each for each in self._codes.lines if each.local is line.local), line)


def _named(lines: Sequence[CodeLine]) -> str:
    return named(lines[0]) if len(lines) == 1 else f"{len(lines):,} codes"


def _findings(lines: Sequence[CodeLine]) -> tuple[str, ...]:
    return tuple(issue.masked_text for issue in lines[0].issues) if len(lines) == 1 else ()
