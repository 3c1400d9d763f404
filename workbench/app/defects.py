"""What is said of our own defects: where they happened, and nothing that could be a patient's.

The texts of exceptions are left out, because they may quote what was being read.
"""

from __future__ import annotations

import traceback

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location

RULE = "APP-0006"
_FRAMES = 6


def where(defect: BaseException) -> str:
    """`KeyError in value_of:31 < run:88`: the kind of exception and the innermost calls."""
    frames = traceback.extract_tb(defect.__traceback__)[-_FRAMES:]
    calls = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(defect).__name__} in {calls}"


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
