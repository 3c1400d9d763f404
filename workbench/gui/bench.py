"""What the whole window shares: the open capture, the selected message and place, what was found, and masking.

Views know the bench and not one another; they change it through its methods and follow its signals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from workbench.app.documents import Document, document_at
from workbench.app.operations.suppressions import Fate, Sent, Sieve, sent_at
from workbench.app.operations.validation import Against, validate_alone, validate_capture, validate_document
from workbench.gui.findings import NOWHERE, Finding, Place
from workbench.gui.jobs import JobHandle, JobRunner
from workbench.gui.marks import DONE, OPEN, TROUBLE, Mark
from workbench.gui.models.finding_list import NO_FINDINGS, FindingList, sift
from workbench.gui.models.outline import SLOW_BYTES, Excerpt, Looked, look_at, outlined
from workbench.gui.theme.theme import Theme
from workbench.kernel.errors import Refused, WorkbenchError
from workbench.kernel.issues import Issue, Severity
from workbench.kernel.location import Span
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, Overrule
from workbench.messages.parts import Unseal

QUICK_BYTES = 1 << 14
"""A message that is judged in some hundredths of a second; others are judged beside the window."""
MANY_FINDINGS = 20_000
"""More of them are sifted beside the window."""
_NO_FATES: Mapping[Fate, FindingList] = dict.fromkeys(Fate, NO_FINDINGS)


class Step(StrEnum):
    """The way from a capture to a package; Home shows how far each step is."""

    LOAD = "Load"
    VALIDATE = "Validate"
    MAP = "Map"
    CODES = "Codes"
    TEST = "Test"
    EXPORT = "Export"


class Bench(QObject):
    """Made once by `gui.start`; owns no widgets."""

    capture_changed = Signal()
    capture_grew = Signal(int)
    capture_complete = Signal()
    message_changed = Signal()
    place_changed = Signal(object)  # Place
    findings_changed = Signal()
    answers_changed = Signal()
    mask_changed = Signal(bool)
    page_asked = Signal(str)
    steps_changed = Signal()
    plugins_changed = Signal()
    said = Signal(str)
    refused = Signal(object)  # WorkbenchError or a defect

    def __init__(self, theme: Theme, jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.jobs = jobs
        self.capture: Capture | None = None
        self.number: int | None = None
        self.document: Document | None = None
        self.document_problem = ""
        self.part: Excerpt | None = None
        self.large: Looked | None = None
        self.place = NOWHERE
        self.masked = False
        self.answers: dict[int, str] = {}
        self.unseal: Unseal | None = None
        self.find_messages: Callable[[Capture, JobContext], None] = Capture.index
        self.steps: dict[Step, tuple[Mark, str]] = {}
        self.against = Against(plausible=True)
        self.sieve = Sieve()
        self.validated: Mapping[int, tuple[Issue, ...]] = {}
        self._found = NO_FINDINGS
        self._sent: dict[int, Sent] = {}
        self._sifted: tuple[tuple[object, ...], Mapping[Fate, FindingList]] = ((), {})
        self._damage: tuple[Finding, ...] = ()
        self._own: tuple[Issue, ...] | None = None

    # The capture

    def open_paths(self, paths: Sequence[Path], overrule: Mapping[str, Overrule] | None = None) -> JobHandle:
        """Index files beside the window; the first message is selected as soon as it is found."""
        capture = Capture(tuple(paths), overrule or {}, unseal=self.unseal)
        title = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        handle = self.jobs.newest("capture", f"Opening {title}", partial(self.find_messages, capture), quiet=False)
        self._take(capture)
        handle.progressed.connect(lambda _progress: self._grow(capture))
        handle.succeeded.connect(lambda _nothing: self._indexed(capture))
        handle.failed.connect(self.refused)
        handle.ended.connect(lambda _handle: self._grow(capture))
        return handle

    def _take(self, capture: Capture) -> None:
        self.jobs.drop("validation")
        self.capture = capture
        self.validated, self._sent = {}, {}
        self._damage = ()
        self.answers = {}
        self._show_message(None)
        self.capture_changed.emit()
        self.findings_changed.emit()

    def _grow(self, capture: Capture) -> None:
        if capture is self.capture:
            self.capture_grew.emit(len(capture))
            if self.number is None and len(capture):
                self.select_message(0)

    def _indexed(self, capture: Capture) -> None:
        if capture is not self.capture:
            return
        self._grow(capture)
        self._damage = tuple(Finding(None, issue) for issue in capture.issues)
        self.findings_changed.emit()
        self.capture_complete.emit()
        mark = DONE if len(capture) else TROUBLE
        self.tell_step(Step.LOAD, mark, f"{len(capture):,} messages open")
        self.tell_step(Step.VALIDATE, OPEN, "not validated yet")
        damaged = f", {len(self._damage)} damaged parts" if self._damage else ""
        self.say(f"{len(capture):,} messages{damaged}")

    # The selection

    def select_message(self, number: int) -> None:
        """Show a message of the capture everywhere; nothing happens when it is shown already."""
        if self.capture is not None and 0 <= number < len(self.capture) and number != self.number:
            self._show_message(number)

    def step_message(self, by: int) -> None:
        self.select_message((self.number or 0) + by)

    def _show_message(self, number: int | None) -> None:
        self.number = number
        self.document, self.document_problem, self._own = None, "", None
        self.part, self.large = None, None
        self.place = NOWHERE
        self.jobs.drop("message")
        capture = self.capture
        if number is not None and capture is not None:
            if (size := capture.extent(number)) > SLOW_BYTES:
                self._read_beside(capture, number, size)
            else:
                try:
                    self._take_looked(outlined(document_at(capture, number)))
                except Refused as refusal:
                    self.document_problem = str(refusal)
        self.message_changed.emit()

    def _read_beside(self, capture: Capture, number: int, size: int) -> None:
        """Read a message that would hold the window up; it is shown when it is there."""
        self.document_problem = f"Reading {size:,} bytes…"
        read = partial(look_at, capture, number)
        handle = self.jobs.newest("message", f"Reading message {number + 1:,}", read, quiet=False)
        handle.succeeded.connect(self._take_large)
        handle.failed.connect(lambda problem: self._take_large(None, " ".join(sentence_of(problem))))

    def _take_large(self, looked: Looked | None, problem: str = "") -> None:
        if looked is not None and looked.document is None:
            problem = "This message is too large to be read as a whole; it is shown in parts."
            self.say(problem)
        self._take_looked(looked)
        self.document_problem = problem
        self.message_changed.emit()
        self.findings_changed.emit()

    def _take_looked(self, looked: Looked | None) -> None:
        self.large = looked
        self.document = looked.document if looked is not None else None
        self.part = looked.outline.part(0) if looked is not None and looked.outline is not None else None

    @property
    def looked_at(self) -> Document | None:
        """What panes show of the selected message: all of it, or the part of a large one."""
        return self.part or self.document

    def show_part(self, number: int) -> None:
        """Show another part of a large message, 0-based."""
        if self.part is not None and 0 <= number < self.part.outline.parts and number != self.part.part:
            self.part = self.part.outline.part(number)
            self.message_changed.emit()

    def show_edited(self, document: Document) -> None:
        """Show an edited copy of the selected message everywhere; the capture stays as it is."""
        before, self._own = self.part, None
        self._take_looked(outlined(document))
        if self.part is not None and before is not None:
            self.part = self.part.outline.part(before.part)
        self.message_changed.emit()
        self.findings_changed.emit()

    def select_place(self, path: str, span: Span | None, by: object = None) -> None:
        """Say which field of the selected message is looked at."""
        if self.part is not None:
            self.show_part(self.part.outline.part_for(path, span))
        place = Place(path, span, by)
        if (place.path, place.span) != (self.place.path, self.place.span):
            self.place = place
            self.place_changed.emit(place)

    def show_finding(self, finding: Finding) -> None:
        """Go to the bytes a finding is about."""
        if finding.number is None:
            return
        self.select_message(finding.number)
        location = finding.issue.location
        self.select_place(location.path, location.span, finding)

    # Validation

    def validate(self, finished: Callable[[], None] | None = None) -> JobHandle | None:
        """Judge every message of the capture beside the window."""
        capture = self.capture
        if capture is None:
            return None
        work = partial(_judge, capture, self.against, self.sieve, self._damage)
        handle = self.jobs.newest("validation", "Validating the capture", work, quiet=False, waits=True)
        handle.succeeded.connect(lambda judged: self._judged(capture, judged, finished))
        handle.failed.connect(self.refused)
        return handle

    def _judged(self, capture: Capture, judged: _JudgedCapture, finished: Callable[[], None] | None) -> None:
        if capture is not self.capture:
            return
        self._found, self._sent, self.validated = judged.found, judged.sent, judged.found.judged
        self._sifted = ((self.validated, judged.damage, self._own, judged.sieve), judged.sifted)
        self.findings_changed.emit()
        wrong = self._found.wrong
        words = f"{wrong:,} of {len(self.validated):,} messages have errors" if wrong else "no errors"
        self.tell_step(Step.VALIDATE, TROUBLE if wrong else DONE, words)
        self.say(f"{len(self.validated):,} messages validated, {len(self.findings()):,} findings")
        if finished is not None:
            finished()

    def findings(self) -> FindingList:
        """What is open: damage first, then by message; before a validation run only that of the selected message."""
        return self.sifted()[Fate.OPEN]

    def sifted(self) -> Mapping[Fate, FindingList]:
        """Every finding by what becomes of it: open, suppressed or known since the baseline."""
        judged = self.validated
        if not judged and self.document is not None and self.number is not None:
            if self._own is None:
                self._own = self._judge_selected(self.document)
            judged = {self.number: self._own}
        stands_on = (self.validated, self._damage, self._own, self.sieve)
        if not _are_same(self._sifted[0], stands_on):
            found = self._found if self._found.judged is judged else FindingList(judged)
            self._sifted = (stands_on, _sifted_by(self.sieve, found.with_damage(self._damage), self.sent_of))
        return self._sifted[1]

    def sent_of(self, finding: Finding) -> Sent:
        """Where the message of a finding came from."""
        number = finding.number
        if number is None or self.capture is None:
            return Sent(file=finding.issue.location.file)
        if number not in self._sent:
            self._sent[number] = sent_at(self.capture, number)
        return self._sent[number]

    def _judge_selected(self, document: Document) -> tuple[Issue, ...]:
        """The findings of the selected message; a little later where that takes long."""
        against, number = self.against, self.number
        if against.v2_profile is None and not against.fhir.packages and len(document.raw) <= QUICK_BYTES:
            return validate_document(document, against)

        def take(issues: tuple[Issue, ...]) -> None:
            if number == self.number and document is self.document and against is self.against:
                self._own = issues
                self.findings_changed.emit()

        handle = self.jobs.newest(
            "own findings", "Judging the message", lambda ctx: validate_alone(document, ctx, against)
        )
        handle.succeeded.connect(take)
        handle.failed.connect(self.refused)
        return ()

    def take_answers(self, answers: Mapping[int, str]) -> None:
        """Remember how messages of the capture were acknowledged: MSA-1, or why there is no answer."""
        self.answers.update(answers)
        self.answers_changed.emit()

    def judge_by(self, against: Against) -> None:
        """Judge by other things from now on; what was validated before stands until it is validated again."""
        self.against, self._own = against, None
        self.findings_changed.emit()

    def sift_by(self, sieve: Sieve) -> None:
        """Hide other findings from now on; of a large run as soon as they are sifted beside the window."""
        if len(self._found) > MANY_FINDINGS:
            _sift_beside(self, sieve, self._found.with_damage(self._damage))
            return
        self.sieve = sieve
        self.findings_changed.emit()

    def take_sifted(self, found: FindingList, sieve: Sieve, sifted: Mapping[Fate, FindingList]) -> None:
        """Show findings that were sifted beside the window, unless there are others by now."""
        if found.judged is self.validated:
            self.sieve = sieve
            self._sifted = ((self.validated, self._damage, self._own, sieve), sifted)
            self.findings_changed.emit()

    def issues_of(self, number: int) -> tuple[Issue, ...]:
        """What was found in one message; before a validation run only that of the selected one."""
        if self.validated:
            return self.validated.get(number, ())
        return (self._own or ()) if number == self.number else ()

    def errors(self) -> int:
        """How many open findings keep a message from being used."""
        return self.sifted()[Fate.OPEN].errors

    def status(self) -> Mapping[int, Severity | None]:
        """The worst open finding of each validated message."""
        return self.sifted()[Fate.OPEN].status if self.validated else {}

    def set_masked(self, masked: bool) -> None:
        if masked != self.masked:
            self.masked = masked
            self.mask_changed.emit(masked)

    def sentence(self, issue: Issue) -> str:
        """What an issue says, without the patient's value when masking is on."""
        return issue.masked_text if self.masked else issue.text

    def say(self, text: str) -> None:
        """One line for the status bar, read out by screen readers."""
        self.said.emit(text)

    def tell_step(self, step: Step, mark: Mark, text: str) -> None:
        """Say how far a step of the way is; whoever does the step says so."""
        self.steps[step] = (mark, text)
        self.steps_changed.emit()

    def report(self, problem: BaseException) -> None:
        self.refused.emit(problem)


def _are_same(before: Sequence[object], now: Sequence[object]) -> bool:
    return len(before) == len(now) and all(one is other for one, other in zip(before, now, strict=True))


def _sift_beside(bench: Bench, sieve: Sieve, found: FindingList) -> None:
    source = bench.sent_of
    handle = bench.jobs.newest("sift", "Sifting findings", lambda ctx: _sifted_by(sieve, found, source, ctx.check))
    handle.succeeded.connect(lambda sifted: bench.take_sifted(found, sieve, sifted))
    handle.failed.connect(bench.refused)


def _sifted_by(
    sieve: Sieve, found: FindingList, source: Callable[[Finding], Sent], check: Callable[[], None] = lambda: None
) -> Mapping[Fate, FindingList]:
    return sift(found, sieve, source, check) if sieve.hides else {**_NO_FATES, Fate.OPEN: found}


class _JudgedCapture(NamedTuple):
    """A validation run: what was found, where messages came from, and the findings sifted by what held then."""

    found: FindingList
    sent: dict[int, Sent]
    damage: tuple[Finding, ...]
    sieve: Sieve
    sifted: Mapping[Fate, FindingList]


def _judge(
    capture: Capture, against: Against, sieve: Sieve, damage: tuple[Finding, ...], ctx: JobContext
) -> _JudgedCapture:
    """What is wrong in each message, counted and sifted here and not on the window's thread."""
    judged: dict[int, tuple[Issue, ...]] = {}
    sent: dict[int, Sent] = {}
    for number, issues in validate_capture(capture, ctx, against=against):
        judged[number] = issues
        if issues:
            sent[number] = sent_at(capture, number)
    found = FindingList(judged)
    _ = found.errors, found.wrong

    def source(finding: Finding) -> Sent:
        return Sent(file=finding.issue.location.file) if finding.number is None else sent[finding.number]

    sifted = _sifted_by(sieve, found.with_damage(damage), source, ctx.check)
    _ = sifted[Fate.OPEN].errors, sifted[Fate.OPEN].wrong
    return _JudgedCapture(found, sent, damage, sieve, sifted)


def sentence_of(problem: BaseException) -> tuple[str, str]:
    """What happened and what to do, for a person."""
    if isinstance(problem, WorkbenchError):
        return f"{problem.text} ({problem.code})", problem.hint
    return (
        "The workbench has a defect here; your data are safe and nothing was saved.",
        "Repeat the step, or report it.",
    )
