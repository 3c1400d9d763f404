"""The one thing a long job knows of its surroundings: tell how far it is, learn that it should stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from workbench.kernel.errors import Cancelled

REPORT_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is; `total` 0 means that nobody knows."""

    done: int
    total: int
    label: str = ""

    @property
    def fraction(self) -> float | None:
        """Between 0 and 1, or None while the total is unknown."""
        return min(1.0, self.done / self.total) if self.total else None


class JobContext:
    """Handed to every job; `advance` both reports and stops.

    report  is called at most ten times a second, on the job's own thread, and always for the last step
    """

    def __init__(self, report: Callable[[Progress], None] | None = None) -> None:
        self._report = report
        self._cancelled = threading.Event()
        self._reported_at = float("-inf")

    def cancel(self) -> None:
        """Ask the job to stop; it does so at its next `advance` or `check`. Any thread may call this."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise `Cancelled` when the user has asked to stop."""
        if self._cancelled.is_set():
            raise Cancelled

    def advance(self, done: int, total: int = 0, label: str = "") -> None:
        """Say that `done` of `total` units are finished; raise `Cancelled` when asked to stop."""
        self.check()
        if self._report is None:
            return
        now = time.monotonic()
        if now - self._reported_at >= REPORT_EVERY_S or (total and done >= total):
            self._reported_at = now
            self._report(Progress(done, total, label))
