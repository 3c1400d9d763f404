"""What is said of our own defects: where they happened, and nothing that could be a patient's.

The texts of exceptions are left out, because they may quote what was being read.
"""

from __future__ import annotations

from workbench.kernel.faults import where
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location

__all__ = ["defect_issue", "where"]

RULE = "APP-0006"


def defect_issue(defect: BaseException) -> Issue:
    """A defect that struck one message of many, as a finding: the other messages go on."""
    return Issue(
        Severity.FATAL,
        IssueType.PROCESSING,
        RULE,
        Location(),
        "the workbench failed on this message, which is a defect of ours: {where}",
        {"where": where(defect)},
    )
