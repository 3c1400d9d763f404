"""Running and accepting regression suites and examples, with their reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.progress import JobContext
from workbench.mapping.load import PACKAGE_FILE
from workbench.suites.evidence import suites_of
from workbench.suites.examples.accept import accept_examples
from workbench.suites.examples.example import example_files
from workbench.suites.examples.run import run_examples
from workbench.suites.fingerprint import EXAMPLES_FOLDER
from workbench.suites.html_report import html_report
from workbench.suites.junit import junit_xml
from workbench.suites.results import SuiteRun, together
from workbench.suites.results_journal import journal_of
from workbench.suites.run import accept_suite, run_suite
from workbench.suites.suite import load_suite


@dataclass(frozen=True, slots=True)
class AcceptedBaseline:
    """What was accepted: how many cases and examples, and the SHA-256 of where they stand."""

    cases: int
    fingerprint: str


def checks_of(package: Path) -> Iterator[Path]:
    """What a mapping package brings along to be judged by: its suites, and its examples when it has any."""
    yield from suites_of(package)
    if any(example_files(package)):
        yield package / EXAMPLES_FOLDER


def run_suite_at(
    path: Path, ctx: JobContext, workers: int = 1, junit: Path | None = None, html: Path | None = None
) -> SuiteRun:
    """Run the suite at a path and write the reports that were asked for.

    path    a suite's folder or file, the folder `examples` of a mapping package, or a package: then all it has
    An interrupted run of the same suite, mapping and baseline is taken up where it was.

    raises  Refused SUI-…, MAP-…; Unavailable KRN-0002 when a report cannot be written; Cancelled
    """
    if _is_package(path):
        runs = [_run(each, ctx, workers) for each in (*suites_of(path), path / EXAMPLES_FOLDER)]
        result = together(path.resolve().name, "All suites and examples of the package", runs)
    else:
        result = _run(path, ctx, workers)
    if junit is not None:
        write_atomically(junit, junit_xml(result))
    if html is not None:
        write_atomically(html, html_report(result))
    return result


def accept_suite_at(path: Path, ctx: JobContext) -> AcceptedBaseline:
    """Make what the mapping gives now the accepted result of what stands at a path; as `run_suite_at`."""
    if _is_package(path):
        parts = [accept_suite_at(each, ctx) for each in checks_of(path)]
        prints = "".join(part.fingerprint for part in parts)
        return AcceptedBaseline(sum(part.cases for part in parts), sha256(prints.encode()).hexdigest())
    if _is_examples(path):
        accepted = accept_examples(path.resolve().parent, ctx)
        return AcceptedBaseline(accepted.examples, accepted.fingerprint)
    baseline = accept_suite(load_suite(path), ctx=ctx)
    return AcceptedBaseline(len(baseline.cases), baseline.fingerprint)


def _run(path: Path, ctx: JobContext, workers: int) -> SuiteRun:
    if _is_examples(path):
        return run_examples(path.resolve().parent, ctx, workers)
    suite = load_suite(path)
    return run_suite(suite, ctx, workers, journal_of(suite))


def _is_package(path: Path) -> bool:
    return (path / PACKAGE_FILE).is_file()


def _is_examples(path: Path) -> bool:
    return path.name == EXAMPLES_FOLDER and _is_package(path.resolve().parent)
