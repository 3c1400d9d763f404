"""Grouping and counting of findings: at once while they are few, beside the window where they are a million."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from workbench.gui.bench import Bench
from workbench.gui.findings import Finding
from workbench.gui.models.issue_table import Group, grouped
from workbench.kernel.issues import Severity

FEW = 20_000
"""So many are grouped within the time of a key stroke."""

Check = Callable[[], None]
Result = TypeVar("Result")


def worked_out(
    bench: Bench,
    purpose: str,
    findings: Sequence[Finding],
    work: Callable[[Sequence[Finding], Check], Result],
    take: Callable[[Result], None],
) -> None:
    """Hand on what the work makes of the findings; an answer that a newer question has overtaken never comes.

    purpose  tells questions apart that must not overtake one another
    work     may call its second argument now and then to be stopped in time
    """
    bench.jobs.drop(purpose)
    if len(findings) <= FEW:
        take(work(findings, _nothing))
        return
    handle = bench.jobs.newest(purpose, "Grouping findings", lambda ctx: work(findings, ctx.check))
    handle.succeeded.connect(take)
    handle.failed.connect(bench.report)


def _nothing() -> None:
    """What is quick need not be stopped."""


def counted_severities(findings: Sequence[Finding], _check: Check) -> Counter[Severity]:
    """How many there are of each severity."""
    return Counter(finding.issue.severity for finding in findings)


class Grouper(QObject):
    """Groups the findings of one list and remembers the last answer."""

    grouped = Signal(object)  # tuple[Group, ...]

    def __init__(self, bench: Bench, purpose: str, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = bench
        self._purpose = purpose
        self._asked: tuple[Sequence[Finding], str] | None = None
        self._groups: tuple[Group, ...] | None = None

    @property
    def is_busy(self) -> bool:
        """True while the answer is being worked out."""
        return self._asked is not None and self._groups is None

    def ask(self, findings: Sequence[Finding], by: str) -> None:
        """Group them; `grouped` tells the result, at once where it is known or quick."""
        if self._asked is not None and self._asked[0] is findings and self._asked[1] == by:
            if self._groups is not None:
                self.grouped.emit(self._groups)
            return
        self._asked, self._groups = (findings, by), None
        source = self._bench.sent_of
        worked_out(
            self._bench, self._purpose, findings, lambda found, check: grouped(found, by, source, check), self._take
        )

    def _take(self, groups: tuple[Group, ...]) -> None:
        self._groups = groups
        self.grouped.emit(groups)
