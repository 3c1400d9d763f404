"""`workbench suite run` and `workbench suite accept`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.app.operations.suites import accept_suite_at, run_suite_at
from workbench.cli.options import add_verb, add_workers, console_job
from workbench.cli.tables import print_table
from workbench.kernel.errors import ExitCode
from workbench.suites.results import CaseResult, Outcome

_QUIET = (Outcome.PASSED, Outcome.SKIPPED)


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its two actions."""
    verb = add_verb(verbs, "suite", "run regression suites", "workbench suite run mappings/v2-to-fhir-r4/suites/main")
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    running = add_verb(
        actions,
        "run",
        "map every case and compare with the accepted baseline",
        "workbench suite run suites/main --junit report.xml --html report.html",
    )
    running.add_argument("suite", type=Path, metavar="SUITE", help="a suite, or a mapping package: all it has")
    running.add_argument("--junit", type=Path, metavar="F", help="write JUnit XML")
    running.add_argument("--html", type=Path, metavar="F", help="write a report for people, one file")
    add_workers(running)
    running.set_defaults(run=_run)
    accepting = add_verb(
        actions, "accept", "accept what the mapping gives now as the baseline", "workbench suite accept suites/main"
    )
    accepting.add_argument("suite", type=Path, metavar="SUITE")
    accepting.set_defaults(run=_accept)


def _run(options: argparse.Namespace) -> ExitCode:
    result = run_suite_at(options.suite, console_job(), options.workers or 1, options.junit, options.html)
    attention = [_row(case) for case in result.cases if case.outcome not in _QUIET]
    if attention:
        print_table(attention, ("outcome", "case", "what"))
    for issue in result.issues:
        print(f"{issue.severity.value}: {issue.rule} {issue.text}")
    print(f"{result.suite}: " + ", ".join(f"{count} {outcome.value}" for outcome, count in result.counts.items()))
    return ExitCode.CLEAN if result.passed else ExitCode.ISSUES


def _accept(options: argparse.Namespace) -> ExitCode:
    accepted = accept_suite_at(options.suite, console_job())
    print(f"{accepted.cases} cases accepted")
    return ExitCode.CLEAN


def _row(case: CaseResult) -> dict[str, object]:
    """A case that wants attention: its first difference or issue stands for all of them."""
    first = next((f"{change.kind.value} {change.path}" for change in case.changes), "")
    first = next((f"{issue.rule} {issue.masked_text}" for issue in case.issues), first)
    more = len(case.changes) + len(case.issues) - 1
    return {"outcome": case.outcome.value, "case": case.id, "what": f"{first} (+{more} more)" if more > 0 else first}
