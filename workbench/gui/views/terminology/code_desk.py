"""The codes being worked on: what was collected, what is suggested and found, and decisions with history and undo.

The widgets of the Terminology page ask the desk and follow its signals; slow work goes beside the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from workbench.app.operations import code_reviews
from workbench.app.operations.code_candidates import CodeSources, Offered, hints_for, memory_of, offers_for
from workbench.app.operations.code_decisions import (
    Actor,
    Decision,
    choose,
    decide,
    for_senders,
    in_overlay,
    named,
    new_map,
)
from workbench.app.operations.code_fields import USUAL_SYSTEMS
from workbench.app.operations.code_harvest import collect
from workbench.app.operations.code_reviews import Deed
from workbench.app.operations.local_codes import (
    CodeLine,
    Hint,
    RowChange,
    Worklist,
    is_open,
)
from workbench.app.operations.terms import local_codes
from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobHandle
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.views.terminology.code_checks import CodeChecks
from workbench.kernel.errors import Refused, WorkbenchError
from workbench.kernel.progress import JobContext
from workbench.mapping.edits import Edit, PutCodeMap, PutCodeRows
from workbench.mapping.model import Package
from workbench.mapping.overlay import laid_over
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, Relationship
from workbench.terminology.codes import Coding
from workbench.terminology.edits import RowKey
from workbench.terminology.harvest import LocalCode
from workbench.terminology.memory import Memory
from workbench.terminology.review import Opinion, Review
from workbench.terminology.row_changes import put_rows

_TAKEN_BACK = Deed("changed by undo, redo or elsewhere")
_SUGGESTED_AT_MOST = 5_000
"""Open codes that are suggested for without being asked; the rest get suggestions when they are selected."""


class CodeDesk(QObject):
    """One worklist at a time, from the capture or from a list."""

    collected = Signal()
    changed = Signal(object)
    """Lines are not what they were (a list of them, None for all); their order is."""
    sources_changed = Signal()
    actor_changed = Signal()

    def __init__(self, bench: Bench, session: Session, desk: MappingDesk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bench, self.session, self.mapping = bench, session, desk
        self.sources = CodeSources()
        self.worklist: Worklist | None = None
        self.found: tuple[LocalCode, ...] = ()
        self.memory: Memory | None = None
        self.checks = CodeChecks(bench, self.sources, lambda: self.worklist, self.changed.emit)
        self._deed: Deed | None = None
        self._laid: tuple[Package, Package] | None = None
        self._is_list = False
        self.every_system = False
        """Of FHIR resources, codes of published code systems are collected too."""
        desk.package_changed.connect(self._follow)
        bench.capture_changed.connect(self._another_capture)

    @property
    def package(self) -> Package | None:
        """The package that is open, laid over its base: its codes are translated by the rows of both."""
        own = self.mapping.package
        if own is None or own.base is None:
            return own
        if self._laid is None or self._laid[0] is not own:
            self._laid = own, laid_over(own)
        return self._laid[1]

    def _apply(self, edits: Sequence[Edit], label: str) -> bool:
        """Make changes of what `package` says in the package that is open."""
        own = self.mapping.package
        return own is not None and self.mapping.apply_all([in_overlay(edit, own) for edit in edits], label)

    @property
    def lines(self) -> Sequence[CodeLine]:
        return self.worklist.lines if self.worklist is not None else ()

    @property
    def actor(self) -> Actor:
        return code_reviews.actor_of(self.session)

    def work_as(self, name: str, role: str) -> None:
        code_reviews.work_as(self.session, name, role)
        self.actor_changed.emit()

    # Collecting

    def collect(self) -> None:
        """Collect the coded values of the capture beside the window."""
        capture, package, every = self.bench.capture, self.package, self.every_system
        if capture is None or package is None:
            self.bench.say("Open a capture and a mapping first.")
            return

        def work(ctx: JobContext) -> tuple[tuple[LocalCode, ...], Worklist]:
            found = collect(capture, package, ctx, every=every)
            return found, Worklist(found, package)

        self._is_list = False
        handle = self.bench.jobs.newest("codes", "Collecting codes", work, quiet=False)
        handle.succeeded.connect(self._collected)
        handle.failed.connect(self.bench.report)

    def open_list(self, path: Path, map_name: str, target_system: str = "") -> None:
        """Work on a list of local codes instead of the capture; all of them go through one code map.

        target_system  of the code map when it is a new one
        """
        package = self.package
        if package is None:
            self.bench.say("Open a mapping first.")
            return
        fresh = CodeMap(map_name, f"Local codes of {path.stem}", target_system=target_system)
        with_map = replace(package, codes={map_name: fresh, **package.codes})

        def work(_ctx: JobContext) -> tuple[tuple[LocalCode, ...], Worklist]:
            found = local_codes(path)
            return found, Worklist(found, with_map, map_name)

        handle = self.bench.jobs.newest("codes", f"Reading {path.name}", work, quiet=False)
        handle.succeeded.connect(lambda _made: self._need_map(fresh))
        handle.succeeded.connect(lambda _made: self._keep_list())
        handle.succeeded.connect(self._collected)
        handle.failed.connect(self.bench.report)

    def _need_map(self, fresh: CodeMap) -> None:
        """Add the code map of a list that was read, unless it is there."""
        if self.package is not None and fresh.id not in self.package.codes:
            self.mapping.apply(PutCodeMap(fresh.id, fresh), f"New code map {fresh.id}")

    def _keep_list(self) -> None:
        self._is_list = True

    def _collected(self, made: tuple[tuple[LocalCode, ...], Worklist]) -> None:
        self.found, self.worklist = made
        if self.package is not None:
            self.worklist.follow(self.package)
        self.checks.forget()
        self.collected.emit()
        self.bench.say(f"{len(self.found):,} distinct codes")
        self.checks.all()
        self.suggest()

    def _another_capture(self) -> None:
        """A list stays open when the capture changes; codes of the capture go."""
        if not self._is_list:
            self.forget()

    def forget(self) -> None:
        """Work on nothing."""
        for purpose in ("codes", "code checks", "code hints", "candidates", "code search"):
            self.bench.jobs.drop(purpose)
        self.found, self.worklist = (), None
        self.collected.emit()

    # What is suggested and found

    def suggest(self) -> None:
        """Suggest for what waits, beside the window."""
        package, found = self.package, self.found
        waiting = [line for line in self.lines if is_open(line) or not line.map][:_SUGGESTED_AT_MOST]

        def work(ctx: JobContext) -> tuple[Memory, dict[LocalCode, Hint]]:
            memory = memory_of(package, found)
            return memory, hints_for(waiting, package, self.sources, memory, ctx)

        handle = self.bench.jobs.newest("code hints", "Suggesting targets", work, quiet=len(waiting) < 200)
        handle.succeeded.connect(self._hinted)
        handle.failed.connect(self.bench.report)

    def _hinted(self, made: tuple[Memory, dict[LocalCode, Hint]]) -> None:
        self.memory, hints = made
        if self.worklist is not None and hints:
            self.worklist.take_hints(hints)
            self.changed.emit(None)

    def offers(self, line: CodeLine) -> JobHandle:
        """Look for candidates; the handle succeeds with `Offered`."""
        package, found, memory = self.package, self.found, self.memory

        def work(_ctx: JobContext) -> Offered:
            return offers_for(line, package, found, self.sources, memory)

        return self.bench.jobs.newest("candidates", "Searching candidates", work)

    def sources_renewed(self) -> None:
        """A release was imported: everything that asks code systems asks again."""
        self.sources.refresh()
        self.checks.forget()
        self.sources_changed.emit()
        self.checks.all()
        self.suggest()

    # Decisions

    def decide(self, lines: Sequence[CodeLine], decision: Decision, deed: Deed, label: str) -> tuple[Refused, ...]:
        """Make a decision for some codes in one step that can be undone; returns why it could not be made for some."""
        package = self.package
        if package is None or not lines:
            return ()
        try:
            decided = decide(package, lines, decision)
        except Refused as refusal:
            return (refusal,)
        if decided.edits:
            self._with_deed(deed, lambda: self._apply(decided.edits, label))
        return tuple(refusal for _, refusal in decided.refused)

    def choose(self, line: CodeLine, target: Coding, relationship: Relationship, comment: str, deed: Deed) -> str:
        """Map one code, or keep an opinion where two blind authors are asked for; returns what is to be said of that.

        raises  Refused TERM-0401, TERM-0402: somebody else has to choose; else as `decide`
        """
        actor = self.actor
        package = self.package
        if (
            package is not None
            and line.map in code_reviews.blind_maps(self.session)
            and Mark.CONFLICT not in line.marks
        ):
            return self._opinion(package, line, Opinion(actor.name, target, relationship, comment))
        if Mark.CONFLICT in line.marks and package is not None:
            code_reviews.settle(self.session, package.header.id, line.map, self.key(line), actor, target)
        refused = self.decide([line], choose(target, relationship, comment, actor), deed, _mapped(line, target))
        if refused:
            raise refused[0]
        return ""

    def _opinion(self, package: Package, line: CodeLine, opinion: Opinion) -> str:
        key, actor = self.key(line), self.actor
        review = code_reviews.give_opinion(self.session, package.header.id, line, key, opinion, actor)
        if len(review.opinions) < 2:
            self.changed.emit([line])
            return f"Your choice for {named(line)} is kept; a second author chooses without seeing it."
        code_map = package.codes[line.map]
        before = line.row or CodeMapRow(Coding(key.system, key.code, line.local.text))
        row = code_reviews.agreed_row(review, before, actor.today)
        said = "The two choices differ; a third person decides" if row.marks else "Both authors chose the same"
        edit = PutCodeRows(line.map, put_rows(code_map, [(line.row, row)]))
        self._with_deed(Deed("two authors chose"), lambda: self._apply([edit], f"{said}: {named(line)}"))
        return f"{said}."

    def take_map(self, name: str, code_map: CodeMap) -> None:
        """Put a whole code map in the place of another, in one step that can be undone."""
        edit = PutCodeMap(name, replace(code_map, id=name))
        self._with_deed(Deed("imported"), lambda: self._apply([edit], f"Import {name}"))

    def new_map(self, line: CodeLine) -> bool:
        """Send the field of a code through a code map of its own; False when no rule takes it as a coded value."""
        package = self.package
        system = next(iter(USUAL_SYSTEMS.get(line.local.field, ())), "")
        edits = new_map(package, line.local.field, system) if package is not None else ()
        return bool(edits) and self._apply(edits, f"New code map for {line.local.field}")

    def _with_deed(self, deed: Deed, act: Callable[[], object]) -> None:
        self._deed = deed
        try:
            act()
        finally:
            self._deed = None

    def _follow(self) -> None:
        package, worklist = self.package, self.worklist
        if package is None or worklist is None:
            return
        before = worklist.lines
        changes = worklist.follow(package)
        if worklist.lines is not before:  # other code maps, or other fields that go through them
            self.changed.emit(None)
            self.checks.all()
        elif changes:
            self._note(package, changes)
            codes = {(change.map, row.source.code) for change in changes if (row := change.after or change.before)}
            self.changed.emit(worklist.lines_of(codes))
            self.checks.again(changes)

    def _note(self, package: Package, changes: Iterable[RowChange]) -> None:
        deed, actor = self._deed or _TAKEN_BACK, self.actor
        by_map: dict[str, list[tuple[CodeMapRow | None, CodeMapRow | None, CodeLine | None]]] = {}
        for change in changes:
            row = change.after or change.before
            line = self.worklist.line_of(change.map, row.source.code) if self.worklist and row is not None else None
            by_map.setdefault(change.map, []).append((change.before, change.after, line))
        try:
            for name, rows in by_map.items():
                code_reviews.note(self.session, package.header.id, name, rows, deed, actor)
        except WorkbenchError as problem:
            self.bench.report(problem)

    # What is known of one row

    def key(self, line: CodeLine) -> RowKey:
        """The name of a line's row, also of one that is not there yet."""
        if line.row is not None:
            return RowKey(line.row.source.system, line.row.source.code, line.row.sender)
        code_map = self.package.codes.get(line.map) if self.package is not None else None
        system = code_map.source_system if code_map is not None and code_map.source_system else line.local.system
        return RowKey(system, line.local.code)

    def senders_rows(self, line: CodeLine) -> tuple[CodeMapRow, ...]:
        """The rows of a code that hold for one sender only."""
        code_map = self.package.codes.get(line.map) if self.package is not None else None
        return for_senders(code_map, line.local.code) if code_map is not None else ()

    def review(self, line: CodeLine) -> Review | None:
        """The history and opinions of a row; None for a code without a map."""
        package = self.package
        if package is None or not line.map:
            return None
        return code_reviews.review_of(self.session, package.header.id, line.map, self.key(line))


def _mapped(line: CodeLine, target: Coding) -> str:
    return f"Map {named(line)} to {target.code}"
