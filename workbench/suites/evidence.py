"""What a run proves, small enough to travel inside a package: counts and fingerprints, no values of messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.kernel.progress import JobContext
from workbench.suites.examples.example import example_files
from workbench.suites.examples.run import run_examples
from workbench.suites.fingerprint import SUITES_FOLDER
from workbench.suites.mapper import MapperSource, package_mapper
from workbench.suites.results import Outcome, SuiteRun
from workbench.suites.run import run_suite
from workbench.suites.suite import SUITE_FILE, load_suite


@dataclass(frozen=True, slots=True)
class SuiteEvidence:
    """The result of one suite on one exact state of a mapping package.

    counts  outcome -> number of cases; `cases` outcome by case id
    """

    suite: str
    passed: bool
    counts: Mapping[str, int]
    cases: Mapping[str, str]
    mapping_fingerprint: str
    suite_fingerprint: str
    baseline_fingerprint: str
    engine: str

    @classmethod
    def of(cls, run: SuiteRun) -> SuiteEvidence:
        """What a run proves."""
        return cls(
            suite=run.suite,
            passed=run.passed,
            counts={outcome.value: count for outcome, count in run.counts.items()},
            cases={case.id: case.outcome.value for case in run.cases},
            mapping_fingerprint=run.mapping_fingerprint,
            suite_fingerprint=run.suite_fingerprint,
            baseline_fingerprint=run.baseline_fingerprint,
            engine=run.engine,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "suite": self.suite,
            "passed": self.passed,
            "counts": dict(self.counts),
            "engine": self.engine,
            "sha256": {
                "mapping": self.mapping_fingerprint,
                "suite": self.suite_fingerprint,
                "baseline": self.baseline_fingerprint,
            },
            "cases": dict(self.cases),
        }

    @property
    def summary(self) -> str:
        """`main: 61 passed, 2 changed`"""
        said = ", ".join(f"{self.counts[o.value]} {o.value}" for o in Outcome if self.counts[o.value])
        return f"{self.suite}: {said or 'no cases'}"


def suites_of(package: Path) -> Iterator[Path]:
    """The suite folders that a mapping package brings along, by name."""
    yield from sorted(file.parent for file in (package / SUITES_FOLDER).glob(f"**/{SUITE_FILE}"))


def collect_evidence(
    package: Path, ctx: JobContext | None = None, workers: int = 1, source: MapperSource = package_mapper
) -> tuple[SuiteEvidence, ...]:
    """Run all suites of a mapping package, and its examples when it has any.

    raises  as `run_suite` and `run_examples`
    """
    runs = [run_suite(load_suite(folder), ctx, workers, source=source) for folder in suites_of(package)]
    if any(example_files(package)):
        runs.append(run_examples(package, ctx, workers))
    return tuple(SuiteEvidence.of(run) for run in runs)
