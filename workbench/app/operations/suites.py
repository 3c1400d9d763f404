"""Running and accepting regression suites, with their reports."""

from __future__ import annotations

from pathlib import Path

from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.progress import JobContext
from workbench.suites.baseline import Baseline
from workbench.suites.html_report import html_report
from workbench.suites.junit import junit_xml
from workbench.suites.results import SuiteRun
from workbench.suites.results_journal import journal_of
from workbench.suites.run import accept_suite, run_suite
from workbench.suites.suite import load_suite


def run_suite_at(
    path: Path, ctx: JobContext, workers: int = 1, junit: Path | None = None, html: Path | None = None
) -> SuiteRun:
    """Run the suite at a path and write the reports that were asked for.

    An interrupted run of the same suite, mapping and baseline is taken up where it was.

    raises  Refused SUI-…, MAP-…; Unavailable KRN-0002 when a report cannot be written; Cancelled
    """
    suite = load_suite(path)
    result = run_suite(suite, ctx, workers, journal_of(suite))
    if junit is not None:
        write_atomically(junit, junit_xml(result))
    if html is not None:
        write_atomically(html, html_report(result))
    return result


def accept_suite_at(path: Path, ctx: JobContext) -> Baseline:
    """Make what the mapping gives now the accepted baseline of the suite at a path; raises as `run_suite_at`."""
    return accept_suite(load_suite(path), ctx=ctx)
