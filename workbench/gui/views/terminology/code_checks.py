"""Safety checks of the worklist beside the window: of all rows once, then of what decisions concern."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.app.operations.code_candidates import CodeSources
from workbench.app.operations.local_codes import (
    CodeLine,
    Judged,
    Known,
    MapCode,
    RowChange,
    Worklist,
    judge,
    judge_again,
)
from workbench.gui.bench import Bench
from workbench.kernel.progress import JobContext

_PURPOSE = "code checks"


class CodeChecks:
    """One run at a time; findings are put into the worklist, and the lines that changed are told."""

    def __init__(
        self,
        bench: Bench,
        sources: CodeSources,
        worklist: Callable[[], Worklist | None],
        tell: Callable[[list[CodeLine]], None],
    ) -> None:
        self._bench, self._sources, self._worklist, self._tell = bench, sources, worklist, tell
        self._known: Known = {}
        self._is_complete = False
        self._waiting: list[RowChange] = []

    def forget(self) -> None:
        """Other codes, or other code systems: what was found holds no longer."""
        self._known, self._is_complete = {}, False

    def all(self) -> None:
        """Check every row that was not checked yet."""
        worklist = self._worklist()
        if worklist is None:
            return
        lines, maps, known = list(worklist.lines), worklist.maps(), self._known

        def work(_ctx: JobContext) -> Judged:
            systems = {line.target.system for line in lines if line.target is not None}
            return judge(lines, maps, self._sources.finds(systems), known)

        self._waiting, self._is_complete = [], False
        handle = self._bench.jobs.newest(_PURPOSE, "Checking code maps", work)
        handle.succeeded.connect(self._found)
        handle.failed.connect(self._bench.report)

    def _found(self, judged: Judged) -> None:
        self._is_complete = True
        worklist = self._worklist()
        if worklist is not None:
            self._tell(worklist.take(judged))

    def again(self, changes: Sequence[RowChange]) -> None:
        """Check the rows that changed and those that share a target with them; all, while that was never finished."""
        worklist = self._worklist()
        if worklist is None or not self._is_complete:
            self.all()
            return
        self._waiting += changes
        waiting, known = tuple(self._waiting), self._known

        def work(_ctx: JobContext) -> tuple[Judged, frozenset[MapCode]]:
            rows = [row for change in waiting for row in (change.before, change.after) if row is not None]
            systems = {row.target.system for row in rows if row.target is not None}
            return judge_again(worklist, waiting, self._sources.finds(systems), known)

        handle = self._bench.jobs.newest(_PURPOSE, "Checking code maps", work)
        handle.succeeded.connect(lambda found: self._found_again(len(waiting), *found))
        handle.failed.connect(self._bench.report)

    def _found_again(self, count: int, judged: Judged, codes: frozenset[MapCode]) -> None:
        del self._waiting[:count]
        worklist = self._worklist()
        if worklist is not None:
            self._tell(worklist.take(judged, codes))
