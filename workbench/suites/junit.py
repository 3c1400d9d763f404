"""A run as JUnit XML, the form every CI server reads."""

from __future__ import annotations

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from workbench.suites.describe import change_line, issue_line
from workbench.suites.results import CaseResult, Outcome, SuiteRun


def junit_xml(run: SuiteRun) -> bytes:
    """One testsuite, one testcase a case; Changed and Failed are failures (their type says which), Error an error.

    Values of messages from files stand in the texts as they are: keep the file where the messages are kept.
    """
    suite = TestSuite(run.suite)
    suite.add_property("mapping", f"{run.mapping} {run.mapping_fingerprint}")
    suite.add_property("baseline", run.baseline_fingerprint)
    suite.add_property("engine", run.engine)
    suite.add_testcases([_testcase(run, case) for case in run.cases])
    if run.issues:
        whole = TestCase("(suite)", classname=run.suite)
        text = "\n".join(issue_line(issue) for issue in run.issues)
        whole.result = [_with_text(Failure(run.issues[0].masked_text, "failed"), text)]
        suite.add_testcase(whole)
    suite.update_statistics()
    document = JUnitXml()
    document.add_testsuite(suite)
    document.update_statistics()
    return bytes(document.tostring())


def _testcase(run: SuiteRun, case: CaseResult) -> TestCase:
    testcase = TestCase(case.id, classname=run.suite, time=case.milliseconds / 1000)
    lines = [issue_line(issue) for issue in case.issues] + [change_line(change) for change in case.changes]
    text = "\n".join(lines)
    if case.outcome is Outcome.ERROR:
        testcase.result = [_with_text(Error(case.issues[0].masked_text, "error"), text)]
    elif case.outcome is Outcome.FAILED:
        testcase.result = [_with_text(Failure(f"{len(case.issues)} expectations do not hold", "failed"), text)]
    elif case.outcome is Outcome.CHANGED:
        testcase.result = [_with_text(Failure(f"{len(case.changes)} changes against the baseline", "changed"), text)]
    elif case.outcome is Outcome.SKIPPED:
        testcase.result = [Skipped(case.skip)]
    return testcase


def _with_text(result: Failure | Error, text: str) -> Failure | Error:
    result.text = "".join(character for character in text if character >= " " or character in "\t\n")
    return result
