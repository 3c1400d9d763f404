"""Issues on the command line; `file, index, severity, code, rule, category, line, location, path, text` is fixed.

`category` is the word conformance tools use for findings of the rule; `line` numbers the segments of a v2 message.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from workbench.kernel.issues import Issue
from workbench.validation.validator import rules

COLUMNS = ("severity", "rule", "file", "index", "path", "text")


def issue_row(issue: Issue) -> Mapping[str, object]:
    """One issue as a flat mapping; `location` holds its bytes, counted from the start of the message."""
    place = issue.location
    rule = rules().get(issue.rule)
    line = issue.args.get("line", "")
    return {
        "file": PurePath(place.file).name,
        "index": place.message,
        "severity": issue.severity.value,
        "code": issue.code.value,
        "rule": issue.rule,
        "category": rule.category if rule else "",
        "line": int(line) if line.isdigit() else None,
        "location": {"start": place.span.start, "end": place.span.end} if place.span else None,
        "path": place.path,
        "text": issue.text,
        "source": str(issue.source) if issue.source else "",
    }
