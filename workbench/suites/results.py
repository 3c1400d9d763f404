"""What became of a case and of a run, and how that is written down (`to_json`, `from_json`: plain JSON values)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.suites.semantic_diff import Change, ChangeKind, Nuance


class Outcome(StrEnum):
    """PASSED   equal to the accepted baseline, every assertion and invariant holds
    CHANGED   differs from the accepted baseline, or there is none yet: a person has to look
    FAILED    an assertion or an invariant does not hold, whatever the baseline says
    ERROR     no result: the message was refused, or the mapping broke on it
    SKIPPED   left out on purpose, with a reason
    """

    PASSED = "passed"
    CHANGED = "changed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case.

    digest   SHA-256 of the message it ran on
    changes  against the baseline; a path in parentheses stands for the whole: `(baseline)`, `(message)`, `(issues)`
    issues   what failed, or why there is no result
    ignored  how many differences each ignore rule kept away
    """

    id: str
    outcome: Outcome
    digest: str
    changes: tuple[Change, ...] = ()
    issues: tuple[Issue, ...] = ()
    ignored: Mapping[str, int] | None = None
    skip: str = ""
    milliseconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "outcome": self.outcome.value,
            "digest": self.digest,
            "changes": [
                {"kind": c.kind.value, "path": c.path, "before": c.before, "after": c.after, "nuance": c.nuance.value}
                for c in self.changes
            ],
            "issues": [_issue_json(issue) for issue in self.issues],
            "ignored": dict(self.ignored or {}),
            "skip": self.skip,
            "milliseconds": self.milliseconds,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CaseResult:
        """The inverse of `to_json`.

        raises  KeyError, ValueError, TypeError: not written by `to_json`
        """
        return cls(
            id=value["id"],
            outcome=Outcome(value["outcome"]),
            digest=value["digest"],
            changes=tuple(
                Change(ChangeKind(c["kind"]), c["path"], c["before"], c["after"], Nuance(c["nuance"]))
                for c in value["changes"]
            ),
            issues=tuple(_issue(issue) for issue in value["issues"]),
            ignored=value["ignored"],
            skip=value["skip"],
            milliseconds=float(value["milliseconds"]),
        )


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One run of a suite.

    mapping_fingerprint, suite_fingerprint, baseline_fingerprint   SHA-256, what exactly was run
    issues   of the run as a whole: assertions that apply to no case, cases of the baseline that are gone
    resumed  cases whose result was taken from an interrupted run
    """

    suite: str
    title: str
    mapping: str
    mapping_fingerprint: str
    suite_fingerprint: str
    baseline_fingerprint: str
    engine: str
    cases: tuple[CaseResult, ...]
    issues: tuple[Issue, ...] = ()
    resumed: int = 0

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many cases had each outcome, all outcomes named."""
        counter = Counter(case.outcome for case in self.cases)
        return {outcome: counter[outcome] for outcome in Outcome}

    @property
    def passed(self) -> bool:
        """True when at least one case passed, all others were skipped, and the run itself has no issue."""
        counts = self.counts
        done = counts[Outcome.PASSED] + counts[Outcome.SKIPPED]
        return counts[Outcome.PASSED] > 0 and done == len(self.cases) and not self.issues


def together(suite: str, title: str, runs: Sequence[SuiteRun]) -> SuiteRun:
    """Several runs on one state of a mapping as one; each case is named after its suite too."""
    first = runs[0]

    def every(fingerprints: Iterable[str]) -> str:
        return sha256(" ".join(fingerprints).encode()).hexdigest()

    return SuiteRun(
        suite=suite,
        title=title,
        mapping=first.mapping,
        mapping_fingerprint=first.mapping_fingerprint,
        suite_fingerprint=every(run.suite_fingerprint for run in runs),
        baseline_fingerprint=every(run.baseline_fingerprint for run in runs),
        engine=first.engine,
        cases=tuple(replace(case, id=f"{run.suite}/{case.id}") for run in runs for case in run.cases),
        issues=tuple(issue for run in runs for issue in run.issues),
        resumed=sum(run.resumed for run in runs),
    )


def ignored_in_all(results: Iterable[CaseResult]) -> dict[str, int]:
    """How many differences each ignore rule kept away in a whole run."""
    total = Counter[str]()
    for case in results:
        total.update(case.ignored or {})
    return dict(total)


def _issue_json(issue: Issue) -> dict[str, Any]:
    return {
        "severity": issue.severity.value,
        "code": issue.code.value,
        "rule": issue.rule,
        "path": issue.location.path,
        "template": issue.template,
        "args": dict(issue.args),
    }


def _issue(value: Mapping[str, Any]) -> Issue:
    return Issue(
        Severity(value["severity"]),
        IssueType(value["code"]),
        value["rule"],
        Location(value["path"]),
        value["template"],
        value["args"],
    )
