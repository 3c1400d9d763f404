"""Findings written for other programs. Qt-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from workbench.app.operations.finding_reports import REPORTS, Reported
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


def write_report(
    path: Path, name: str, findings: Iterable[Finding], capture: Capture, show_values: bool, judged: Iterable[int] = ()
) -> int:
    """Write the findings in one of `FORMATS`, patients' values hidden unless asked for; returns how many there were.

    judged  numbers of all messages that were judged: those without findings are passed cases of JUnit
    raises  Unavailable KRN-0002: the folder cannot be written
    """
    by_message: dict[int | None, list[Issue]] = {number: [] for number in judged}
    outside: list[Reported] = []
    count = 0
    for finding in findings:
        issue = finding.issue if show_values else without_value(finding.issue)
        count += 1
        if finding.number is None:
            outside.append(Reported(issue.location.file, None, (issue,)))
        else:
            by_message.setdefault(finding.number, []).append(issue)
    inside = [
        Reported(capture.file_of(number), capture.number_in_file(number), tuple(issues))
        for number, issues in by_message.items()
        if number is not None
    ]
    write_text_atomically(path, REPORTS[name](outside + inside))
    return count


def without_value(issue: Issue) -> Issue:
    """The issue with the patient's value hidden."""
    return replace(issue, args={**issue.args, "value": MASK}) if "value" in issue.args else issue
