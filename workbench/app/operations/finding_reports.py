"""Findings in the forms other programs read: CSV, JUnit XML, SARIF 2.1.0, FHIR OperationOutcome."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from junitparser import Failure, JUnitXml, TestCase, TestSuite

from workbench import __version__
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


class Reported(NamedTuple):
    """The findings of one message; message None: of the file itself. `message` is 0-based in the file."""

    file: str
    message: int | None
    issues: tuple[Issue, ...]


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
    for file, message, issues in results:
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
    """SARIF 2.1.0: each finding with its rule and the bytes it stands on, counted from the start of its message."""
    used = dict.fromkeys(issue.rule for _, _, issue in _each(results))
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
                "results": [_sarif_result(file, message, issue) for file, message, issue in _each(results)],
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
        for number, (file, message, issues) in enumerate(results, 1)
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


def _each(results: Iterable[Reported]) -> Iterable[tuple[str, int | None, Issue]]:
    return ((file, message, issue) for file, message, issues in results for issue in issues)


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


def _sarif_result(file: str, message: int | None, issue: Issue) -> Mapping[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": file}}
    if issue.location.span:
        span = issue.location.span
        place["region"] = {"byteOffset": span.start, "byteLength": len(span)}
    logical = {"fullyQualifiedName": issue.location.path or "message", "kind": "element"}
    return {
        "ruleId": issue.rule,
        "level": _SARIF_LEVELS[issue.severity],
        "message": {"text": issue.text},
        "locations": [{"physicalLocation": place, "logicalLocations": [logical]}],
        "properties": {"message": message},
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
