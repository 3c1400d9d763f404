from __future__ import annotations

from workbench.kernel.issues import Issue, IssueType, Severity, blocks, worst
from workbench.kernel.location import Location, Span


def _issue(severity: Severity = Severity.ERROR) -> Issue:
    return Issue(
        severity, IssueType.VALUE, "V2-0103", Location("PID-7"), "{value} is no date (DT)", {"value": "1980133"}
    )


def test_the_masked_sentence_hides_the_value_and_nothing_else() -> None:
    assert _issue().text == "1980133 is no date (DT)"
    assert _issue().masked_text == "••• is no date (DT)"


def test_braces_in_a_value_are_shown_as_they_are() -> None:
    issue = Issue(Severity.ERROR, IssueType.VALUE, "X", Location(), "{value} is wrong", {"value": "{name}"})
    assert issue.text == "{name} is wrong"


def test_an_issue_within_a_file_keeps_its_path() -> None:
    placed = _issue().within("a.hl7", 3).location
    assert (placed.file, placed.message, placed.path) == ("a.hl7", 3, "PID-7")


def test_the_worst_severity_decides() -> None:
    issues = [_issue(Severity.INFORMATION), _issue(Severity.WARNING)]
    assert worst(issues) is Severity.WARNING
    assert worst([]) is None
    assert [blocks(_issue(severity)) for severity in Severity] == [True, True, False, False]


def test_a_span_covers_its_start_and_not_its_end() -> None:
    span = Span(2, 4)
    assert [span.covers(n) for n in range(1, 5)] == [False, True, True, False]
    assert (len(span), span.shifted(10)) == (2, Span(12, 14))
