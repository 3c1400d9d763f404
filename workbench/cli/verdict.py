"""From issues to the words on standard error and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from workbench.app import defects
from workbench.kernel.errors import ExitCode
from workbench.kernel.issues import Issue, blocks
from workbench.messages.capture import Capture


def told(*captures: Capture | None) -> Verdict:
    """A verdict that has said what is damaged or missing in the inputs."""
    verdict = Verdict()
    for capture in captures:
        verdict.warn(capture.issues if capture is not None else ())
    return verdict


class Verdict:
    """Remembers whether anything blocking, or a defect of ours, was among the issues that passed by."""

    def __init__(self) -> None:
        self._blocking = False
        self._defect = False

    def note(self, issues: Iterable[Issue]) -> None:
        """Let issues count."""
        for issue in issues:
            self._blocking = self._blocking or blocks(issue)
            self._defect = self._defect or issue.rule == defects.RULE

    def warn(self, issues: Iterable[Issue]) -> None:
        """Let issues count and say them on standard error, values masked."""
        for issue in issues:
            self.note((issue,))
            place = issue.location
            where = place.file if place.message is None else f"{place.file} message {place.message}"
            span = f" bytes {place.span.start}-{place.span.end}" if place.span and place.message is None else ""
            path = f" {place.path}" if place.path else ""
            print(f"{issue.severity.value}: {issue.rule} {where}{span}{path}: {issue.masked_text}", file=sys.stderr)

    def exit_code(self, failed: bool = False) -> ExitCode:
        """70 after a defect, 1 after blocking issues or when the work itself `failed`, else 0."""
        if self._defect:
            return ExitCode.BUG
        return ExitCode.ISSUES if self._blocking or failed else ExitCode.CLEAN
