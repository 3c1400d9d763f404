"""A change or an issue of a case in one line, as reports and the command line show it."""

from __future__ import annotations

from workbench.fhir import json_tree
from workbench.kernel.issues import Issue
from workbench.suites.semantic_diff import Change, ChangeKind

GLYPHS = {ChangeKind.ADDED: "+", ChangeKind.REMOVED: "−", ChangeKind.CHANGED: "~"}
_LONGEST = 200


def change_line(change: Change) -> str:
    """`~ Patient.birthDate: "1957" → "1957-01-01" (the same time, stated more or less exactly)`"""
    parts = {
        ChangeKind.ADDED: value_text(change.after),
        ChangeKind.REMOVED: value_text(change.before),
        ChangeKind.CHANGED: f"{value_text(change.before)} → {value_text(change.after)}",
    }
    nuance = f" ({change.nuance.value})" if change.nuance else ""
    return f"{GLYPHS[change.kind]} {change.path}: {parts[change.kind]}{nuance}"


def issue_line(issue: Issue) -> str:
    """`error SUI-0201 PID-5: PID-5 has a value and no rule accounts for it`"""
    return " ".join(part for part in (issue.severity.value, issue.rule, f"{issue.location.path}:", issue.text) if part)


def value_text(value: object) -> str:
    """A JSON value on one line, cut with … when it is long."""
    text = json_tree.dumps(value).decode("utf-8")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
