"""`workbench validate`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from workbench.app.operations.finding_reports import REPORTS, Reported
from workbench.app.operations.profiles import profile_validator
from workbench.app.operations.validation import Against, Judged, validate_capture
from workbench.cli.issue_rows import COLUMNS, issue_row
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job, open_inputs
from workbench.cli.tables import print_json, print_ndjson, print_table
from workbench.cli.verdict import Verdict
from workbench.kernel.errors import ExitCode, Refused
from workbench.kernel.issues import Issue
from workbench.messages.capture import Capture
from workbench.validation.fhir_validator import FhirOptions, package_defects

_CANONICAL = re.compile(r"https?://|urn:")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "validate",
        "judge v2 messages by their version and FHIR resources by R4",
        "workbench validate feed.hl7 --format ndjson",
    )
    add_inputs(verb)
    verb.add_argument(
        "--profile",
        metavar="P",
        help="v2 conformance profile (a folder with profile.xml, or a file), or the canonical URL of a FHIR profile",
    )
    verb.add_argument(
        "--fhir-packages",
        type=Path,
        action="append",
        metavar="DIR",
        help="folder with FHIR packages (.tgz or unpacked)",
    )
    verb.add_argument("--plausibility", action="store_true", help="look for what a clinician would doubt, too")
    verb.add_argument("--best-practice", action="store_true", help="judge FHIR constraints that only recommend, too")
    verb.add_argument("--format", choices=("table", "json", "ndjson", *REPORTS), default="table")
    add_workers(verb)
    verb.set_defaults(run=_validate)


def _validate(options: argparse.Namespace) -> ExitCode:
    canonical = options.profile if options.profile and _CANONICAL.match(options.profile) else ""
    fhir = FhirOptions(
        packages=tuple(options.fhir_packages or ()),
        profiles=(canonical,) if canonical else (),
        best_practice=options.best_practice,
    )
    v2_profile = None if canonical else _v2_profile(options.profile)
    against = Against(v2_profile, fhir, options.plausibility)
    job = console_job()
    capture = open_inputs(options.inputs, job)
    verdict = Verdict()
    judged = validate_capture(capture, job, options.workers, against=against)
    if options.format in REPORTS:
        results = list(_reported(capture, judged))
        for result in results:
            verdict.note(result.issues)
        sys.stdout.write(REPORTS[options.format](results))
    else:
        issues = chain(capture.issues, chain.from_iterable(result.issues for result in judged))
        _PRINT[options.format](_rows(issues, verdict))
    verdict.warn(capture.issues)
    verdict.warn(package_defects(fhir))
    if v2_profile is not None:
        verdict.warn(profile_validator(v2_profile).defects())
    return verdict.exit_code()


def _v2_profile(given: str | None) -> Path | None:
    """The path of a v2 profile; anything that is no file or folder is refused."""
    if not given:
        return None
    if not Path(given).exists():
        raise Refused("VAL-0002", f"There is no profile {given}.", "Give the folder or file of a conformance profile.")
    return Path(given)


def _rows(issues: Iterable[Issue], verdict: Verdict) -> Iterator[Mapping[str, object]]:
    for issue in issues:
        verdict.note((issue,))
        yield issue_row(issue)


_PRINT: dict[str, Callable[[Iterable[Mapping[str, object]]], int]] = {
    "table": lambda rows: print_table(rows, COLUMNS),
    "json": print_json,
    "ndjson": print_ndjson,
}


def _reported(capture: Capture, judged: Iterable[Judged]) -> Iterator[Reported]:
    """What was wrong with the files themselves, then the findings of each message."""
    for issue in capture.issues:
        yield Reported(issue.location.file, None, (issue,))
    for result in judged:
        yield Reported(capture.file_of(result.number), capture.number_in_file(result.number), result.issues)
