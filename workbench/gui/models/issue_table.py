"""The problems of a capture as a table."""

from __future__ import annotations

from collections.abc import Callable

from workbench.gui.findings import Finding
from workbench.gui.marks import SEVERITY_MARKS
from workbench.gui.models.rows import Column
from workbench.kernel.issues import Issue


def issue_columns(sentence: Callable[[Issue], str]) -> tuple[Column, ...]:
    """Columns over `Finding`; `sentence` says an issue, masked or not."""
    return (
        Column(
            "Severity",
            lambda f: SEVERITY_MARKS[f.issue.severity].word,
            8,
            mark=lambda f: SEVERITY_MARKS[f.issue.severity],
            key=lambda f: (f.issue.severity.rank, f.issue.rule),
        ),
        Column("Rule", lambda f: f.issue.rule, 5.5, mono=True),
        Column("Where", lambda f: f.issue.location.path, 9, mono=True),
        Column("Message", _message, 6, key=lambda f: -1 if f.number is None else f.number, right=True, muted=True),
        Column("Problem", lambda f: sentence(f.issue), 30, tip=lambda f: tip(f, sentence)),
    )


def _message(finding: Finding) -> str:
    return finding.issue.location.file if finding.number is None else f"{finding.number + 1:,}"


def tip(finding: Finding, sentence: Callable[[Issue], str]) -> str:
    """The sentence with its source in the standard."""
    source = finding.issue.source
    return sentence(finding.issue) + (f"\n{source}" if source else "")
