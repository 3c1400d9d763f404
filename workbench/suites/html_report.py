"""A run as one HTML file that needs nothing beside it: readable on paper, in the dark, and years later."""

from __future__ import annotations

from workbench.suites.describe import GLYPHS, value_text
from workbench.suites.report_pages import report_page
from workbench.suites.results import Outcome, SuiteRun, ignored_in_all

WORDS = {
    Outcome.PASSED: "Passed",
    Outcome.CHANGED: "Changed",
    Outcome.FAILED: "Failed",
    Outcome.ERROR: "Error",
    Outcome.SKIPPED: "Skipped",
}
_TO_READ_FIRST = (Outcome.ERROR, Outcome.FAILED, Outcome.CHANGED, Outcome.SKIPPED, Outcome.PASSED)


def html_report(run: SuiteRun, created: str = "") -> bytes:
    """The report, UTF-8; cases that need a person come first.

    created  when and by whom it was made, as the caller wants it shown; left out when "", so that the same run gives
             the same bytes
    """
    ordered = sorted(run.cases, key=lambda case: _TO_READ_FIRST.index(case.outcome))
    text = report_page("suite.html").render(
        run=run,
        cases=ordered,
        counts={WORDS[outcome]: count for outcome, count in run.counts.items()},
        words=WORDS,
        glyphs=GLYPHS,
        ignored=ignored_in_all(run.cases),
        value=value_text,
        created=created,
    )
    return text.encode("utf-8")
