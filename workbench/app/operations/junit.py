"""Findings as JUnit XML, so that a CI server shows them like failed tests."""

from __future__ import annotations

from collections.abc import Iterable

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from workbench.kernel.issues import Issue, blocks


def validation_junit(messages: Iterable[tuple[str, str, tuple[Issue, ...]]]) -> str:
    """One suite a file, one case a message, a failure for each blocking issue.

    messages  (file, name of the message, its issues) in order of file
    """
    suites: dict[str, TestSuite] = {}
    for file, name, issues in messages:
        suite = suites.setdefault(file, TestSuite(file))
        case = TestCase(name, classname=file)
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
    return str(report.tostring(), "utf-8")
