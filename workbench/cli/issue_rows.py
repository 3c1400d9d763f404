"""Issues on the command line; `file, index, severity, code, rule, location, path, text` is the contract."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from workbench.kernel.issues import Issue

COLUMNS = ("severity", "rule", "file", "index", "path", "text")


def issue_row(issue: Issue) -> Mapping[str, object]:
    """One issue as a flat mapping; `location` holds its bytes, counted from the start of the message."""
    place = issue.location
    return {
        "file": PurePath(place.file).name,
        "index": place.message,
        "severity": issue.severity.value,
        "code": issue.code.value,
        "rule": issue.rule,
        "location": {"start": place.span.start, "end": place.span.end} if place.span else None,
        "path": place.path,
        "text": issue.text,
        "source": str(issue.source) if issue.source else "",
    }


def warn(issues: Iterable[Issue]) -> int:
    """Say on standard error what was wrong with the files themselves; returns how many issues there were."""
    count = 0
    for issue in issues:
        span = f" (bytes {issue.location.span.start}-{issue.location.span.end})" if issue.location.span else ""
        print(f"{issue.severity.value}: {issue.rule} {issue.location.file}{span}: {issue.masked_text}", file=sys.stderr)
        count += 1
    return count
