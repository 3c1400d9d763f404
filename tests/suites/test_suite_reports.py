"""Reports say what a run said, and cannot be broken by what is in the messages."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.suites.html_report import html_report
from workbench.suites.junit import junit_xml
from workbench.suites.results import CaseResult, Outcome, SuiteRun
from workbench.suites.semantic_diff import Change, ChangeKind, Nuance

NASTY = "<script>alert('&')</script>\x0bŻółć"


def a_run(*cases: CaseResult, issues: tuple[Issue, ...] = ()) -> SuiteRun:
    return SuiteRun("s/main", "Title & co", "package", "f" * 64, "a" * 64, "b" * 64, "0.1.0", cases, issues)


def an_issue(rule: str = "SUI-0101") -> Issue:
    return Issue(Severity.ERROR, IssueType.INVALID, rule, Location("PID-5"), "found {value}", {"value": NASTY})


def all_outcomes() -> SuiteRun:
    change = Change(ChangeKind.CHANGED, "Patient.birthDate", NASTY, "1957-01-01", Nuance.PRECISION)
    return a_run(
        CaseResult("p", Outcome.PASSED, "d"),
        CaseResult("c", Outcome.CHANGED, "d", changes=(change,), ignored={"Bundle.timestamp": 2}),
        CaseResult("f", Outcome.FAILED, "d", issues=(an_issue(),)),
        CaseResult("e", Outcome.ERROR, "d", issues=(an_issue("SUI-0300"),)),
        CaseResult("s", Outcome.SKIPPED, "d", skip="later"),
    )


def test_junit_counts_and_names_every_outcome() -> None:
    root = ElementTree.fromstring(junit_xml(all_outcomes()))
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("5", "2", "1", "1")
    kinds = {case.get("name"): [(child.tag, child.get("type")) for child in case] for case in root.iter("testcase")}
    assert kinds["c"] == [("failure", "changed")] and kinds["f"] == [("failure", "failed")]
    assert kinds["e"] == [("error", "error")] and kinds["p"] == [] and kinds["s"][0][0] == "skipped"
    assert "script" in (root.find(".//testcase[@name='c']/failure").text or "")  # type: ignore[union-attr]


def test_junit_fails_when_only_the_suite_itself_is_wrong() -> None:
    root = ElementTree.fromstring(junit_xml(a_run(CaseResult("p", Outcome.PASSED, "d"), issues=(an_issue(),))))
    assert root.get("failures") == "1"


def test_html_shows_every_case_and_escapes_what_messages_hold() -> None:
    page = html_report(all_outcomes()).decode()
    assert "<script>" not in page and "&lt;script&gt;" in page
    for word in (
        "Passed",
        "Changed",
        "Failed",
        "Error",
        "Skipped",
        "later",
        "stated more or less exactly",
        "Title &amp; co",
    ):
        assert word in page
    assert page.index('class="word error"') < page.index('class="word failed"') < page.index('class="word passed"')
    assert "http://" not in page and "https://" not in page and "src=" not in page


def test_the_same_run_gives_the_same_page() -> None:
    assert html_report(all_outcomes()) == html_report(all_outcomes())
    assert b"by Ann" in html_report(all_outcomes(), created="2026-03-02, by Ann")


def test_results_survive_their_json_form() -> None:
    for case in all_outcomes().cases:
        again = CaseResult.from_json(case.to_json())
        assert again == CaseResult(
            **{**{n: getattr(case, n) for n in CaseResult.__slots__}, "ignored": dict(case.ignored or {})}
        )


def test_a_run_with_nothing_but_passed_cases_is_green_and_an_empty_one_is_not() -> None:
    assert a_run(CaseResult("p", Outcome.PASSED, "d")).passed
    assert not a_run().passed
    assert not a_run(CaseResult("p", Outcome.PASSED, "d"), issues=(an_issue(),)).passed
    green: Any = html_report(a_run(CaseResult("p", Outcome.PASSED, "d"))).decode()
    assert "Everything is as it was accepted" in green
