"""A run as one HTML file that needs nothing beside it: readable on paper, in the dark, and years later."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, StrictUndefined, Template

from workbench.kernel.shipped import shipped
from workbench.suites.describe import GLYPHS, value_text
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
    text = _template().render(
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


@cache
def _template() -> Template:
    source = shipped("resources", "reports", "suite.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source)
