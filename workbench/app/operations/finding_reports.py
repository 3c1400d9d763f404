"""Findings in the forms other programs read: CSV, JUnit XML, SARIF 2.1.0, FHIR OperationOutcome."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple
from urllib.parse import quote

import msgspec
from junitparser import Failure, JUnitXml, TestCase, TestSuite

from workbench import __version__
from workbench.app.operations.suppressions import Sent, Sieve, Suppression
from workbench.fhir.bundle import urn_uuid
from workbench.kernel.issues import Issue, Severity, blocks
from workbench.validation.validator import rules

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SARIF_LEVELS = {
    Severity.FATAL: "error",
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "note",
}
_CSV_COLUMNS = ("file", "message", "severity", "code", "rule", "path", "text", "source")


class Standing(NamedTuple):
    """What the site has decided about a finding.

    suppression  the decision that hides it, None when none does; known: it was there when the baseline was taken
    """

    suppression: Suppression | None = None
    known: bool = False


class Reported(NamedTuple):
    """The findings of one message; message None: of the file itself. `message` is 0-based in the file.

    standings  one for each issue, or () where nothing was decided
    """

    file: str
    message: int | None
    issues: tuple[Issue, ...]
    standings: tuple[Standing, ...] = ()


def standing(sieve: Sieve, issue: Issue, sent: Sent) -> Standing:
    """What a sieve says of a finding."""
    return Standing(sieve.suppression_of(issue, sent), bool(sieve.baseline) and sieve.is_known(issue, sent))


def open_ones(reported: Reported) -> Reported:
    """Without the findings that are suppressed or known."""
    if not any(one != _UNDECIDED for one in reported.standings):
        return reported
    kept = zip(reported.issues, reported.standings, strict=True)
    return Reported(reported.file, reported.message, tuple(issue for issue, one in kept if one == _UNDECIDED))


_UNDECIDED = Standing()


def csv_report(results: Sequence[Reported]) -> str:
    """One row a finding, RFC 4180, with a head line. Cells that a spreadsheet would take for a formula begin with '."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_CSV_COLUMNS)
    for file, message, issue in _each(results):
        source = str(issue.source) if issue.source else ""
        place = "" if message is None else str(message)
        row = (file, place, issue.severity.value, issue.code.value, issue.rule, issue.location.path, issue.text, source)
        writer.writerow(f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell for cell in row)
    return text.getvalue()


def junit_report(results: Sequence[Reported]) -> str:
    """One suite a file, one case a message, a failure for each blocking finding."""
    suites: dict[str, TestSuite] = {}
    for file, message, issues, _ in results:
        suite = suites.setdefault(file, TestSuite(file))
        case = TestCase("the file" if message is None else f"message {message}", classname=file)
        case.result = [
            Failure(f"{issue.rule} {issue.location.path}: {issue.text}", issue.rule)
            for issue in issues
            if blocks(issue)
        ]
        suite.add_testcase(case)
    report = JUnitXml("workbench validate")
    for suite in suites.values():
        report.add_testsuite(suite)
    report.update_statistics()
    return str(report.tostring(), "utf-8") + "\n"


def sarif_report(results: Sequence[Reported]) -> str:
    """SARIF 2.1.0: each finding with its rule and the bytes it stands on, counted from the start of its message.

    Findings that are hidden are there with the decision that hides them (3.35), and where there is a baseline each
    says whether it was in it (3.27.24).
    """
    used = dict.fromkeys(issue.rule for _, _, issue in _each(results))
    compared = any(one.known for result in results for one in result.standings)
    content = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Clinical Mapping Workbench",
                        "version": __version__,
                        "rules": [_sarif_rule(rule) for rule in used],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    _sarif_result(result, issue, one, compared)
                    for result in results
                    for issue, one in zip(result.issues, result.standings or repeat(_UNDECIDED), strict=False)
                ],
            }
        ],
    }
    return _json(content)


def outcome_report(results: Sequence[Reported]) -> str:
    """A FHIR collection Bundle with an OperationOutcome for each message that has findings."""
    entries = [
        {
            "fullUrl": urn_uuid("finding-report", file, str(message), str(number)),
            "resource": {
                "resourceType": "OperationOutcome",
                "id": f"outcome-{number}",
                "issue": [_outcome_issue(file, message, issue) for issue in issues],
            },
        }
        for number, (file, message, issues, _) in enumerate(results, 1)
        if issues
    ]
    bundle: dict[str, object] = {"resourceType": "Bundle", "type": "collection"}
    return _json({**bundle, "entry": entries} if entries else bundle)


REPORTS: Mapping[str, Callable[[Sequence[Reported]], str]] = {
    "csv": csv_report,
    "junit": junit_report,
    "sarif": sarif_report,
    "operation-outcome": outcome_report,
}
"""By the name that `--format` knows."""


def report(name: str, results: Sequence[Reported]) -> str:
    """One of `REPORTS`; only SARIF has a place for findings that are suppressed or known, the others leave them out."""
    return REPORTS[name](results if name == "sarif" else [open_ones(result) for result in results])


def _each(results: Iterable[Reported]) -> Iterable[tuple[str, int | None, Issue]]:
    return ((result.file, result.message, issue) for result in results for issue in result.issues)


def _sarif_rule(rule: str) -> Mapping[str, object]:
    known = rules().get(rule)
    if known is None:
        return {"id": rule}
    return {
        "id": rule,
        "shortDescription": {"text": known.title},
        "help": {"text": known.explanation},
        "defaultConfiguration": {"level": _SARIF_LEVELS[known.severity]},
        "properties": {"source": str(known.source)},
    }


def _sarif_result(result: Reported, issue: Issue, decided: Standing, compared: bool) -> Mapping[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": quote(result.file)}}
    if issue.location.span:
        span = issue.location.span
        place["region"] = {"byteOffset": span.start, "byteLength": len(span)}
    logical = {"fullyQualifiedName": issue.location.path or "message", "kind": "element"}
    told: dict[str, object] = {
        "ruleId": issue.rule,
        "level": _SARIF_LEVELS[issue.severity],
        "message": {"text": issue.text},
        "locations": [{"physicalLocation": place, "logicalLocations": [logical]}],
        "properties": {"message": result.message},
    }
    if compared:
        told["baselineState"] = "unchanged" if decided.known else "new"
    if decided.suppression is not None:
        told["suppressions"] = [_sarif_suppression(decided.suppression)]
    return told


def _sarif_suppression(one: Suppression) -> Mapping[str, object]:
    since = one.since.isoformat() if one.since else ""
    return {
        "guid": one.id,
        "kind": "external",
        "status": "accepted",
        "justification": one.reason,
        "properties": {"author": one.author, "since": since, "until": one.until.isoformat()},
    }


def _outcome_issue(file: str, message: int | None, issue: Issue) -> Mapping[str, object]:
    where = file if message is None else f"{file} message {message}"
    found: dict[str, object] = {
        "severity": issue.severity.value,
        "code": issue.code.value,
        "details": {
            "coding": [{"system": "urn:clinical-mapping-workbench:rule", "code": issue.rule}],
            "text": issue.text,
        },
        "diagnostics": where,
    }
    if issue.location.path:
        found["expression"] = [issue.location.path]
    return found


def _json(content: object) -> str:
    return msgspec.json.format(msgspec.json.encode(content)).decode("utf-8") + "\n"
