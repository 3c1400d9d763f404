"""A million findings, grouped and sifted: `pytest tests/benchmarks/test_finding_list_speed.py --benchmark-only`."""

from __future__ import annotations

from datetime import date

import pytest

from workbench.app.operations.suppressions import Fate, Sent, Sieve, Suppression, fingerprint
from workbench.gui.models.finding_list import FindingList, sift
from workbench.gui.models.issue_table import GROUPINGS, grouped
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location, Span

MESSAGES, EACH = 20_000, 50
SENT = Sent("feed.hl7", "LAB", "20260302", "ORU^R01")
ISSUES = tuple(
    Issue(
        Severity.ERROR, IssueType.VALUE, f"V2-{300 + n % 14:04d}", Location(f"PID-{n % 30 + 1}[2].1", Span(1, 2)), "t"
    )
    for n in range(EACH)
)


@pytest.fixture(scope="module")
def found() -> FindingList:
    return FindingList(dict.fromkeys(range(MESSAGES), ISSUES))


@pytest.mark.parametrize("by", GROUPINGS)
@pytest.mark.benchmark(group="group a million findings")
def test_group(benchmark, found: FindingList, by: str) -> None:
    groups = benchmark.pedantic(grouped, (found, by, lambda _finding: SENT), rounds=2)
    assert sum(len(group.findings) for group in groups) == MESSAGES * EACH


@pytest.mark.benchmark(group="sift a million findings")
def test_sift(benchmark, found: FindingList) -> None:
    suppression = Suppression("V2-0301", "PID-2", "known", date(2030, 1, 1))
    sieve = Sieve((suppression,), {fingerprint(ISSUES[0], SENT): 1}, date(2026, 3, 2))
    sifted = benchmark.pedantic(sift, (found, sieve, lambda _finding: SENT), rounds=2)
    assert sum(map(len, sifted.values())) == MESSAGES * EACH
    assert len(sifted[Fate.KNOWN]) > 0
