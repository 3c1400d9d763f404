"""Findings written for other programs. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench.app.operations.finding_reports import Reported, Standing, report, standing
from workbench.app.operations.suppressions import Sent, Sieve
from workbench.gui.findings import Finding
from workbench.kernel.atomic_file import write_text_atomically
from workbench.kernel.issues import MASK, Issue
from workbench.messages.capture import Capture

FORMATS: Mapping[str, tuple[str, str]] = {
    "csv": ("CSV table", "csv"),
    "junit": ("JUnit XML for build servers", "xml"),
    "sarif": ("SARIF 2.1.0", "sarif"),
    "operation-outcome": ("FHIR OperationOutcome", "json"),
}
"""Title and file ending of each report."""


@dataclass(slots=True)
class _Message:
    issues: list[Issue] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)

    def reported(self, file: str, number: int | None) -> Reported:
        return Reported(file, number, tuple(self.issues), tuple(self.standings))


def write_report(
    path: Path,
    name: str,
    findings: Iterable[Finding],
    capture: Capture,
    show_values: bool,
    judged: Iterable[int] = (),
    decided: tuple[Sieve, Callable[[Finding], Sent]] | None = None,
) -> int:
    """Write the findings in one of `FORMATS`, patients' values hidden unless asked for; returns how many there were.

    judged   numbers of all messages that were judged: those without findings are passed cases of JUnit
    decided  what is hidden and where messages came from, for a report that tells decisions; None where all are told
    raises   Unavailable KRN-0002: the folder cannot be written
    """
    by_message: dict[int, _Message] = {number: _Message() for number in judged}
    outside: list[Reported] = []
    count = 0
    for finding in findings:
        issue = finding.issue if show_values else without_value(finding.issue)
        one = Standing() if decided is None else standing(decided[0], finding.issue, decided[1](finding))
        count += 1
        if finding.number is None:
            outside.append(Reported(issue.location.file, None, (issue,), (one,)))
        else:
            held = by_message.setdefault(finding.number, _Message())
            held.issues.append(issue)
            held.standings.append(one)
    inside = [
        held.reported(capture.file_of(number), capture.number_in_file(number)) for number, held in by_message.items()
    ]
    write_text_atomically(path, report(name, outside + inside))
    return count


def without_value(issue: Issue) -> Issue:
    """The issue with the patient's value hidden."""
    return replace(issue, args={**issue.args, "value": MASK}) if "value" in issue.args else issue
