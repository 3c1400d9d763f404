"""Work beside the window: one runner owns every QObject, jobs are plain functions of a `JobContext`.

    handle = jobs.start("Index capture", lambda ctx: open_capture(paths, ctx))
    handle.progressed.connect(bar.show_progress)
    handle.succeeded.connect(self._opened)
    handle.failed.connect(self._refused)

Signals arrive on the window's thread. `Cancelled` is no failure: only `ended` follows it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from itertools import count

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot

from workbench.kernel.errors import Cancelled, WorkbenchError
from workbench.kernel.log import area_log
from workbench.kernel.progress import JobContext, Progress

log = area_log("gui")

WAITERS = 6
"""Threads for jobs that mostly wait for worker processes; they keep no reader from a message that is clicked."""

READERS = 2
"""Threads for reading and for one message at a time; more of them make the window stutter (STYLE_STUDY 3.6)."""


class JobState(StrEnum):
    """How a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobHandle(QObject):
    """One job as the window sees it; belongs to the runner.

    quiet  true for the small jobs of every selection, which no list of jobs should show
    """

    progressed = Signal(object)  # Progress
    succeeded = Signal(object)
    failed = Signal(object)  # the exception
    ended = Signal(object)  # the handle itself, last of all

    def __init__(self, number: int, title: str, context: JobContext, quiet: bool, parent: QObject) -> None:
        super().__init__(parent)
        self.number = number
        self.title = title
        self.quiet = quiet
        self.state = JobState.RUNNING
        self.progress = Progress(0, 0)
        self.problem = ""
        self._context = context

    def cancel(self) -> None:
        """Ask the job to stop; its result will not arrive even if it was finished meanwhile."""
        if self.state is JobState.RUNNING:
            self.state = JobState.CANCELLED
            self._context.cancel()


class _Relay(QObject):
    """Carries what worker threads say to the window's thread."""

    said = Signal(int, str, object)


class _Work(QRunnable):
    """Holds plain Python only; a QObject made or destroyed on a worker thread would be a crash later."""

    def __init__(
        self, number: int, function: Callable[[JobContext], object], context: JobContext, relay: _Relay
    ) -> None:
        super().__init__()
        self._number, self._function, self._context, self._relay = number, function, context, relay

    def run(self) -> None:
        try:
            self._context.check()
            result = self._function(self._context)
        except Cancelled:
            self._relay.said.emit(self._number, "cancelled", None)
        except Exception as problem:  # noqa: BLE001  # the one boundary of a job: the window must learn of any defect
            self._relay.said.emit(self._number, "failed", problem)
        else:
            self._relay.said.emit(self._number, "done", result)


class JobRunner(QObject):
    """Starts jobs, tells how they go, cancels them."""

    started = Signal(object)  # JobHandle, quiet ones as well
    idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = count(1)
        self._handles: dict[int, JobHandle] = {}
        self._newest: dict[str, JobHandle] = {}
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(READERS)
        self._writer = QThreadPool(self)
        self._writer.setMaxThreadCount(1)
        self._waiters = QThreadPool(self)
        self._waiters.setMaxThreadCount(WAITERS)
        self._relay = _Relay(self)
        self._relay.said.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> tuple[JobHandle, ...]:
        """The jobs that have not ended, oldest first."""
        return tuple(self._handles.values())

    def start(
        self,
        title: str,
        function: Callable[[JobContext], object],
        *,
        quiet: bool = False,
        writes: bool = False,
        waits: bool = False,
    ) -> JobHandle:
        """Run a function beside the window.

        writes  true for what changes the workspace or a package: such jobs run one after the other
        waits   true for what worker processes do, or another computer
        """
        number = next(self._numbers)
        relay = self._relay
        context = JobContext(lambda progress: relay.said.emit(number, "progress", progress))
        handle = JobHandle(number, title, context, quiet, self)
        self._handles[number] = handle
        pool = self._writer if writes else self._waiters if waits else self._pool
        pool.start(_Work(number, function, context, relay))
        self.started.emit(handle)
        return handle

    def newest(
        self,
        purpose: str,
        title: str,
        function: Callable[[JobContext], object],
        *,
        quiet: bool = True,
        waits: bool = False,
    ) -> JobHandle:
        """Run a function; an earlier one with the same purpose is cancelled and its result dropped."""
        before = self._newest.get(purpose)
        if before is not None:
            before.cancel()
        handle = self.start(title, function, quiet=quiet, waits=waits)
        self._newest[purpose] = handle
        return handle

    def drop(self, purpose: str) -> None:
        """Cancel what runs for a purpose, if anything does."""
        handle = self._newest.pop(purpose, None)
        if handle is not None:
            handle.cancel()

    def cancel_all(self) -> None:
        for handle in self.running:
            handle.cancel()

    def close(self) -> None:
        """Cancel everything and wait for the threads; for the end of the window."""
        self.cancel_all()
        self._pool.clear()
        self._waiters.clear()
        for pool in (self._pool, self._writer, self._waiters):
            pool.waitForDone()
        self._handles.clear()
        self._newest.clear()

    @Slot(int, str, object)
    def _hear(self, number: int, what: str, content: object) -> None:
        handle = self._handles.get(number)
        if handle is None:
            return
        if what == "progress":
            if handle.state is JobState.RUNNING and isinstance(content, Progress):
                handle.progress = content
                handle.progressed.emit(content)
            return
        del self._handles[number]
        if self._newest.get(handle.title) is handle:
            del self._newest[handle.title]
        if handle.state is JobState.CANCELLED or what == "cancelled":
            handle.state = JobState.CANCELLED
        elif what == "done":
            handle.state = JobState.DONE
            handle.succeeded.emit(content)
        elif isinstance(content, BaseException):
            self._fail(handle, content)
        handle.ended.emit(handle)
        handle.deleteLater()
        if not self._handles:
            self.idle.emit()

    def _fail(self, handle: JobHandle, problem: BaseException) -> None:
        handle.state = JobState.FAILED
        handle.problem = str(problem) if isinstance(problem, WorkbenchError) else "A defect of the workbench."
        if not isinstance(problem, WorkbenchError):
            # The text of a foreign exception may quote a patient's value, so only its kind and place are logged.
            place = problem.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place else "?"
            log.error("job %s: %s in %s", handle.title, type(problem).__name__, where)
        handle.failed.emit(problem)
