"""`workbench validate`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import chain
from pathlib import Path

from workbench.app.operations.decisions import decisions_of
from workbench.app.operations.finding_reports import REPORTS, Reported, open_ones, report, standing
from workbench.app.operations.suppressions import Fate, Sent, Sieve, sent_at
from workbench.app.operations.validation import Against, Judged, validate_capture
from workbench.cli.issue_rows import COLUMNS, issue_row
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.verdict import Verdict
from workbench.kernel.errors import ExitCode, Refused
from workbench.kernel.issues import Issue
from workbench.messages.capture import Capture
from workbench.validation.fhir_validator import FhirOptions, package_defects
from workbench.validation.profiles.kept import profile_validator

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
    add_against(verb)
    verb.add_argument("--format", choices=("table", "json", "ndjson", *REPORTS), default="table")
    verb.add_argument(
        "--workspace",
        type=Path,
        metavar="W",
        help="leave out what this workspace suppresses or knows from its baseline; SARIF tells it as such",
    )
    verb.add_argument("--passphrase-fd", type=int, metavar="N", help="read the passphrase from file descriptor N")
    add_workers(verb)
    verb.set_defaults(run=_validate)


def add_against(verb: argparse.ArgumentParser) -> None:
    """What to judge by."""
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


def against_of(options: argparse.Namespace) -> Against:
    """What was chosen; raises Refused VAL-0002: there is no such profile"""
    canonical = options.profile if options.profile and _CANONICAL.match(options.profile) else ""
    fhir = FhirOptions(
        packages=tuple(options.fhir_packages or ()),
        profiles=(canonical,) if canonical else (),
        best_practice=options.best_practice,
    )
    return Against(None if canonical else _v2_profile(options.profile), fhir, options.plausibility)


def _validate(options: argparse.Namespace) -> ExitCode:
    against, job = against_of(options), console_job()
    sieve = decisions_of(options.workspace, options.passphrase_fd, date.today()) if options.workspace else Sieve()
    capture = open_inputs(options.inputs, job)
    verdict, hidden = Verdict(), _Hidden()
    judged = hidden.counted(_reported(capture, validate_capture(capture, job, options.workers, against=against), sieve))
    if options.format in REPORTS:
        results = list(judged)
        for result in results:
            verdict.note(open_ones(result).issues)
        sys.stdout.write(report(options.format, results))
    else:
        issues = chain.from_iterable(open_ones(result).issues for result in judged)
        print_rows(_rows(issues, verdict), COLUMNS, options.format)
    of_files = ((issue, Sent(file=issue.location.file)) for issue in capture.issues)
    verdict.warn(issue for issue, sent in of_files if sieve.fate(issue, sent) is Fate.OPEN)
    verdict.warn(package_defects(against.fhir))
    if against.v2_profile is not None:
        verdict.warn(profile_validator(against.v2_profile).defects())
    hidden.tell()
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


def _reported(capture: Capture, judged: Iterable[Judged], sieve: Sieve) -> Iterator[Reported]:
    """What was wrong with the files themselves, then the findings of each message."""
    for issue in capture.issues:
        file = issue.location.file
        one = (standing(sieve, issue, Sent(file=file)),) if sieve.hides else ()
        yield Reported(file, None, (issue,), one)
    for number, issues in judged:
        sent = sent_at(capture, number) if sieve.hides and issues else Sent()
        standings = tuple(standing(sieve, issue, sent) for issue in issues) if sieve.hides else ()
        yield Reported(capture.file_of(number), capture.number_in_file(number), issues, standings)


class _Hidden:
    """Counts what is left out, so that it is never silent."""

    def __init__(self) -> None:
        self._suppressed = self._known = 0

    def counted(self, results: Iterable[Reported]) -> Iterator[Reported]:
        for result in results:
            self._suppressed += sum(one.suppression is not None for one in result.standings)
            self._known += sum(one.suppression is None and one.known for one in result.standings)
            yield result

    def tell(self) -> None:
        if self._suppressed or self._known:
            print(f"{self._suppressed:,} findings are suppressed, {self._known:,} known", file=sys.stderr)
