"""The jobs pane: what runs and what ran."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic

from PySide6.QtWidgets import QWidget

from workbench.gui.bench import Bench
from workbench.gui.jobs import JobHandle, JobState
from workbench.gui.marks import JOB_MARKS
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import down, table
from workbench.kernel.progress import Progress

_KEPT = 200


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    title: str
    state: JobState
    progress: str
    began: float
    seconds: float
    problem: str


_COLUMNS = (
    Column("State", lambda line: JOB_MARKS[line.state].word, 8, mark=lambda line: JOB_MARKS[line.state]),
    Column("Job", lambda line: line.title, 20),
    Column("Progress", lambda line: line.progress, 8, right=True),
    Column("Seconds", lambda line: f"{line.seconds:.1f}" if line.seconds else "", 6, right=True),
    Column("Said", lambda line: line.problem, 30, muted=True),
)


class JobsPane(QWidget):
    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._lines: dict[int, _Line] = {}
        self.model = RowsModel(bench.theme, _COLUMNS, self)
        self.view = table(bench.theme, self.model, "Jobs", _COLUMNS)
        self.setLayout(down(self.view))
        bench.jobs.started.connect(self._started)

    def _started(self, job: JobHandle) -> None:
        if job.quiet:
            return
        self._lines[job.number] = _Line(job.number, job.title, job.state, "", monotonic(), 0.0, "")
        while len(self._lines) > _KEPT:
            self._lines.pop(next(iter(self._lines)))
        job.progressed.connect(lambda progress: self._progressed(job, progress))
        job.ended.connect(self._ended)
        self._show()

    def _progressed(self, job: JobHandle, progress: Progress) -> None:
        fraction = progress.fraction
        said = f"{fraction:.0%}" if fraction is not None else f"{progress.done:,}"
        if job.number in self._lines:
            self._lines[job.number] = replace(self._lines[job.number], progress=said)
            self._show()

    def _ended(self, job: JobHandle) -> None:
        line = self._lines.get(job.number)
        if line is not None:
            said = "100%" if job.state is JobState.DONE else line.progress
            self._lines[job.number] = replace(
                line, state=job.state, progress=said, seconds=monotonic() - line.began, problem=job.problem
            )
            self._show()

    def _show(self) -> None:
        self.model.show(list(reversed(self._lines.values())))
