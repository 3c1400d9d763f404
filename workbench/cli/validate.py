"""`workbench validate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from workbench.app.operations.junit import validation_junit
from workbench.app.operations.validation import Judged, validate_capture
from workbench.cli.issue_rows import COLUMNS, issue_row, warn
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job
from workbench.cli.tables import print_json, print_ndjson, print_table
from workbench.kernel.errors import ExitCode, Refused
from workbench.kernel.issues import Issue, blocks
from workbench.messages.capture import Capture, open_capture


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "validate",
        "judge v2 messages by their version and FHIR resources by R4",
        "workbench validate feed.hl7 --format ndjson",
    )
    add_inputs(verb)
    verb.add_argument("--profile", metavar="P", help="conformance profile to check against")
    verb.add_argument("--fhir-packages", type=Path, metavar="DIR", help="folder with FHIR packages (.tgz)")
    verb.add_argument("--format", choices=("table", "json", "ndjson", "junit"), default="table")
    add_workers(verb)
    verb.set_defaults(run=_validate)


def _validate(options: argparse.Namespace) -> ExitCode:
    if options.profile or options.fhir_packages:
        raise Refused(
            "VAL-0001",
            "This version checks against the base standards only; profiles and packages are not read yet.",
            "Leave out --profile and --fhir-packages.",
        )
    job = console_job()
    capture = open_capture(options.inputs, job)
    judged = validate_capture(capture, job, options.workers)
    found: list[Issue] = list(capture.issues)
    if options.format == "junit":
        results = list(judged)
        found.extend(issue for result in results for issue in result.issues)
        sys.stdout.write(validation_junit(_named(capture, results)) + "\n")
    else:
        rows = (issue_row(issue) for issue in _collected(found, judged))
        if options.format == "table":
            print_table(rows, COLUMNS)
        elif options.format == "json":
            print_json(rows)
        else:
            print_ndjson(rows)
    warn(capture.issues)
    return ExitCode.ISSUES if any(blocks(issue) for issue in found) else ExitCode.CLEAN


def _collected(found: list[Issue], judged: Iterator[Judged]) -> Iterator[Issue]:
    """The issues as they are found, damage of the files first; all of them stay in `found`."""
    yield from tuple(found)
    for result in judged:
        found.extend(result.issues)
        yield from result.issues


def _named(capture: Capture, results: list[Judged]) -> Iterator[tuple[str, str, tuple[Issue, ...]]]:
    for result in results:
        yield capture.file_of(result.number), f"message {capture.number_in_file(result.number)}", result.issues
