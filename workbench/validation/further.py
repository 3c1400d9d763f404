"""A message may have millions of segments: the findings that are one too many are counted by rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workbench.kernel.issues import Issue
from workbench.kernel.location import Location

MOST_FINDINGS = 10_000
"""Findings of one message that are told one by one. More are read by nobody, and a million of them take a gigabyte."""


class Further:
    """What comes after the first `MOST_FINDINGS`: each rule is told once more, then only counted."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def counts(self, rule: str) -> bool:
        """Count a finding; False for the first one of its rule, which is to be told."""
        before = self._counts.get(rule)
        self._counts[rule] = 0 if before is None else before + 1
        return before is not None

    def issues(self, told: list[Issue]) -> Iterator[Issue]:
        """How many more there are of each rule, in the severity and at the place of the last one that was told."""
        last = {issue.rule: issue for issue in told if issue.rule in self._counts}
        for rule, count in self._counts.items():
            if count and rule in last:
                place = Location(last[rule].location.path, last[rule].location.span)
                text = "this was found {count} more times in the message"
                yield replace(last[rule], location=place, template=text, args={"count": f"{count:,}"})
