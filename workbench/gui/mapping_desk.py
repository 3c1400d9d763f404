"""The mapping package being worked on: edits with undo, the compiled form, the result for the selected message.

Pages ask the desk and follow its signals; none of them compiles or runs a mapping itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from workbench.app.documents import Document, document_at
from workbench.app.operations.ledgers import ledger_sentence
from workbench.app.operations.mapping import map_capture
from workbench.app.session import Session
from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.fhir.json_tree import parse as parse_fhir
from workbench.gui.bench import Bench, Step
from workbench.gui.edit_journal import EditJournal
from workbench.gui.jobs import JobHandle
from workbench.gui.marks import DONE, OPEN, TROUBLE, Mark
from workbench.gui.undo import DocumentHolder
from workbench.kernel.collector import settle
from workbench.kernel.errors import Refused, WorkbenchError
from workbench.kernel.log import area_log
from workbench.kernel.progress import JobContext
from workbench.mapping.directed import AnyMapping, AnyTraced, compile_any, reads_fhir, recompile_any, traced
from workbench.mapping.directions.result import TracedDocument
from workbench.mapping.edits import Edit
from workbench.mapping.engine.ledger import CaptureLedger, aggregate
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.mapping.origins import shown
from workbench.mapping.save import save_package
from workbench.messages.capture import Capture
from workbench.suites.results import SuiteRun
from workbench.v2.er7 import Message

log = area_log("gui")

JOURNAL_PAUSE_MS = 300
"""Letters typed into one field reach the journal together, so long after the last of them."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the mapping makes of the selected message.

    document  the result as JSON with spans, for views
    texts     the messages in ER7 when HL7 v2 is written, else ()
    """

    traced: AnyTraced
    document: FhirDocument
    texts: tuple[str, ...] = ()


class MappingDesk(QObject):
    """One package at a time."""

    package_changed = Signal()
    compiled_changed = Signal()
    result_changed = Signal()
    ledger_changed = Signal()
    saved_changed = Signal(bool)
    runs_changed = Signal()
    undo_changed = Signal()
    code_map_asked = Signal(str)
    """Somebody wants to see the rows of a code map."""
    overwrite_asked = Signal(object)  # Refused
    """Saving would replace files that somebody left defective; `save_now(over=True)` does it."""

    def __init__(self, bench: Bench, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bench = bench
        self.session = session
        self.holder: DocumentHolder[Package] | None = None
        self.compiled: AnyMapping | None = None
        self.problem: WorkbenchError | None = None
        self.package_before: Package | None = None
        self.result: Result | None = None
        self.why_nothing = ""
        self.outside: Refused | None = None
        self.capture_ledger: CaptureLedger | None = None
        self._journal = EditJournal(session, "")
        self._shown: tuple[Package, Package] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(JOURNAL_PAUSE_MS)
        self._pause.timeout.connect(lambda: self._journal.flush())
        self._runs: dict[str, SuiteRun] = {}
        bench.message_changed.connect(self._run)
        bench.capture_changed.connect(self._forget_ledger)
        bench.plugins_changed.connect(self._compile_anew)

    # The package

    @property
    def package(self) -> Package | None:
        return self.holder.document if self.holder is not None else None

    @property
    def shown(self) -> Package | None:
        """The package with all that its base says, which is what people look at; edits are made to `package`."""
        package = self.package
        if package is None or package.base is None:
            return package
        if self._shown is None or self._shown[0] is not package:
            self._shown = (package, shown(package))
        return self._shown[1]

    @property
    def undo_stack(self) -> QUndoStack | None:
        return self.holder.stack if self.holder is not None else None

    @property
    def is_saved(self) -> bool:
        return self.holder is None or self.holder.is_clean

    def open(self, folder: Path, opened: Callable[[], None] | None = None) -> JobHandle:
        """Load a package beside the window."""
        handle = self.bench.jobs.newest("package", f"Opening {folder.name}", lambda _ctx: _loaded(folder), quiet=False)
        handle.succeeded.connect(self._opened)
        handle.failed.connect(self.bench.report)
        if opened is not None:
            handle.succeeded.connect(lambda _result: opened())
        return handle

    def _opened(self, loaded: tuple[Package, AnyMapping]) -> None:
        package, self.compiled = loaded
        self.problem = None
        self.session.package = package.folder
        self.package_before = None
        self.result, self.why_nothing, self.outside = None, "", None
        self.holder = DocumentHolder(package, self)
        self.holder.signals.changed.connect(self._edited)
        self.holder.signals.clean_changed.connect(self.saved_changed)
        self.holder.stack.indexChanged.connect(self._index_changed)
        self._forget_ledger()
        self._tell()
        self.package_changed.emit()
        self.undo_changed.emit()
        self.saved_changed.emit(True)
        self.compiled_changed.emit()
        self._run()
        self._recover(package.header.id)

    def _recover(self, package_id: str) -> None:
        """Do again what was done and not saved before the workbench was stopped; each is a step that can be undone."""
        self._journal = EditJournal(self.session, package_id)
        try:
            edits = self._journal.left_behind()
        except Refused as refusal:
            self.bench.report(refusal)
            return
        done = 0
        for edit in edits:
            if not self.apply(edit, "Recovered change"):
                break
            done += 1
        if edits:
            self.bench.say(f"{done} of {len(edits)} unsaved changes were recovered; undo takes them back.")

    # Edits

    def apply(self, edit: Edit, label: str, merge: str = "") -> bool:
        """Make one change, see `apply_all`."""
        return self.apply_all((edit,), label, merge)

    def apply_all(self, edits: Sequence[Edit], label: str, merge: str = "") -> bool:
        """Make changes that are undone together; False when one was refused or they change nothing.

        label  what was done, as undo says it: `Remove pid-8`
        merge  consecutive changes with the same key are one step, such as the letters typed into one field
        """
        if self.holder is None:
            return False
        before = after = self.holder.document
        changes = []
        try:
            for edit in edits:
                after, change = edit.apply(after)
                changes.append(change)
        except Refused as refusal:
            self.bench.report(refusal)
            return False
        stack = self.holder.stack
        index = stack.index()
        if not self.holder.edit(after, label, merge):
            return False
        if stack.index() > index:
            self.package_before = before
            self._journal.did(stack.index(), changes)
        elif stack.index() == index:
            self._journal.merged(index, changes)
            self._pause.start()
        else:
            self._journal.vanished(stack.index(), changes)
        self.bench.say(label)
        return True

    def undo(self) -> None:
        if self.holder is not None and self.holder.stack.canUndo():
            self.bench.say(f"Undone: {self.holder.stack.undoText()}")
            self.package_before = self.holder.document
            self.holder.stack.undo()
            self._journal.undid(self.holder.stack.index())

    def redo(self) -> None:
        if self.holder is not None and self.holder.stack.canRedo():
            self.package_before = self.holder.document
            self.holder.stack.redo()
            self._journal.redid(self.holder.stack.index())
            self.bench.say(f"Done again: {self.holder.stack.undoText()}")

    def take_base(self, base: Package) -> None:
        """Another state of the base package, as its files now say; undo brings the one before."""
        holder = self.holder
        if holder is not None and holder.edit(replace(holder.document, base=base), "Take over the changed base"):
            self._journal.did(holder.stack.index(), ())
            self.bench.say("The base package was changed outside; its rules are shown as they are now")

    def _index_changed(self) -> None:
        self.undo_changed.emit()

    def save(self) -> None:
        """Write the package to its folder and record that in the audit trail."""
        if self.save_now():
            self.bench.say("Mapping saved")

    def save_now(self, *, over: bool = False) -> bool:
        """True when the package is on disk afterwards.

        over  replace files that others left defective, see `outside`; else that is asked first
        """
        if self.holder is None or self.holder.is_clean:
            return True
        if self.outside is not None and not over:
            self.overwrite_asked.emit(self.outside)
            return False
        package = self.holder.document
        try:
            save_package(package)
        except WorkbenchError as problem:
            self.bench.report(problem)
            return False
        self.outside = None
        self.session.record("mapping.save", "mapping-package", package.header.id)
        self._journal.saved()
        self.holder.saved()
        return True

    def discard(self) -> None:
        """Give up the unsaved changes for good; the next start will not recover them."""
        self._pause.stop()
        self._journal.saved()

    def _edited(self, package: Package) -> None:
        """After every edit; the previous compiled form stays in use while the new one has a defect."""
        self.package_changed.emit()
        document = self.bench.document
        work = partial(_recompile, self.compiled, package, document if self.result is not None else None)
        handle = self.bench.jobs.newest("compile", "Compiling the mapping", work)
        handle.succeeded.connect(lambda found: self._recompiled(found[0], found[1], document))
        handle.failed.connect(self._defective)

    def _compile_anew(self) -> None:
        """Transforms came or went: nothing that was compiled is kept."""
        self.compiled = None
        if self.package is not None:
            self._edited(self.package)

    def _recompiled(self, compiled: AnyMapping, result: Result | None, document: Document | None) -> None:
        """Take up what was compiled, with the result that came along unless another message was selected meanwhile."""
        self.compiled, self.problem = compiled, None
        self._tell()
        if result is not None and document is self.bench.document:
            self.bench.jobs.drop("trace")
            self._show(result)
        else:
            self._run()
        self.compiled_changed.emit()

    def _defective(self, problem: BaseException) -> None:
        if isinstance(problem, Refused):
            self.problem = problem
            self._tell()
            self.bench.say(str(problem))
            self.result_changed.emit()
        else:
            self.bench.report(problem)

    def _tell(self) -> None:
        self.bench.tell_step(Step.MAP, *_state(self.package, self.problem))

    # The result for the selected message

    def _run(self) -> None:
        document, compiled = self.bench.document, self.compiled
        if document is None or compiled is None or isinstance(document, Message) is reads_fhir(compiled):
            self.bench.jobs.drop("trace")
            self._show(None, _why_nothing(document) if document is not None and compiled is not None else "")
            return

        handle = self.bench.jobs.newest("trace", "Mapping the message", lambda _ctx: _mapped(compiled, document))
        handle.succeeded.connect(self._show)
        handle.failed.connect(self._failed)

    def _show(self, result: Result | None, why_nothing: str = "") -> None:
        self.result, self.why_nothing = result, why_nothing
        self.result_changed.emit()

    def _failed(self, problem: BaseException) -> None:
        self._show(None, str(problem) if isinstance(problem, Refused) else "")
        if isinstance(problem, Refused):
            self.bench.say(problem.text)
        else:
            self.bench.report(problem)

    # What suites proved

    @property
    def runs(self) -> tuple[SuiteRun, ...]:
        """The latest run of each suite in this session."""
        return tuple(self._runs.values())

    def keep_run(self, run: SuiteRun) -> None:
        self._runs[run.suite] = run
        self.runs_changed.emit()

    # The ledger of the capture

    def measure(self) -> JobHandle | None:
        """Map every message of the capture and add up the fate of each value."""
        capture, compiled = self.bench.capture, self.compiled
        if capture is None or compiled is None:
            return None

        saved = self.package.folder if self.package is not None and self.is_saved else None

        def run(ctx: JobContext) -> CaptureLedger:
            return _total(_from_disk(capture, saved, ctx) if saved else _from_memory(capture, compiled, ctx))

        handle = self.bench.jobs.newest("ledger", "Measuring what is lost", run, quiet=False)
        handle.succeeded.connect(self._measured)
        handle.failed.connect(self.bench.report)
        return handle

    def _measured(self, ledger: CaptureLedger) -> None:
        self.capture_ledger = ledger
        self.ledger_changed.emit()
        self.bench.say(ledger_sentence(ledger))

    def _forget_ledger(self) -> None:
        self.bench.jobs.drop("ledger")
        self.capture_ledger = None
        self.ledger_changed.emit()


def _loaded(folder: Path) -> tuple[Package, AnyMapping]:
    package = load_package(folder)
    loaded = package, compile_any(package)
    settle()  # else a round of the collector stops the window for a quarter of a second while somebody types
    return loaded


def _why_nothing(document: Document) -> str:
    """Why a mapping makes nothing of a document of the other standard."""
    reads, other = ("FHIR", "HL7 v2") if isinstance(document, Message) else ("HL7 v2", "FHIR")
    return (
        f"This mapping reads {reads}, and the selected message is {other}. Select one that is {reads}, "
        f"or open a mapping that reads {other}."
    )


def _state(package: Package | None, problem: WorkbenchError | None) -> tuple[Mark, str]:
    """How far mapping is, for the list of steps."""
    if package is None:
        return OPEN, "no mapping open"
    if problem is not None:
        return TROUBLE, problem.text
    rules = sum(1 for rule_map in package.rule_maps() for _ in rule_map.walk())
    return DONE, f"{package.header.id} {package.header.version}: {rules:,} rules"


def _mapped(compiled: AnyMapping, document: Document) -> Result:
    """A message mapped and traced.

    raises  Refused: as the mapping's `trace`
    """
    found = traced(compiled, document)
    texts = found.texts if isinstance(found, TracedDocument) else ()
    result = Result(found, parse_fhir(dumps(found.bundle, indent=2)), texts)
    # What views ask of it first is worked out here, not in the window's thread.
    _ = (found.trace, found.ledger, result.document.root)
    return result


def _recompile(
    earlier: AnyMapping | None, package: Package, document: Document | None, _ctx: JobContext
) -> tuple[AnyMapping, Result | None]:
    compiled = recompile_any(earlier, package)
    return compiled, _mapped_if_any(compiled, document) if document is not None else None


def _mapped_if_any(compiled: AnyMapping, document: Document) -> Result | None:
    """None when the mapping does not take the message; `_run` says why."""
    try:
        return _mapped(compiled, document)
    except Refused:
        return None


def _total(parts: Iterator[CaptureLedger]) -> CaptureLedger:
    total = CaptureLedger()
    for part in parts:
        total.merge(part)
    return total


def _from_disk(capture: Capture, package: Path, ctx: JobContext) -> Iterator[CaptureLedger]:
    return (mapped.ledger for mapped in map_capture(capture, package, ctx) if mapped.ledger is not None)


def _from_memory(capture: Capture, compiled: AnyMapping, ctx: JobContext) -> Iterator[CaptureLedger]:
    """With a package that is not on disk yet, worker processes cannot load it; so one thread does the work."""
    for number in range(len(capture)):
        ctx.advance(number, len(capture), "mapping")
        try:
            yield aggregate([traced(compiled, document_at(capture, number)).ledger])
        except Refused as refusal:
            log.debug("message %d has no ledger: %s", number, refusal.code)
