"""One case: run the mapping on its message and hold the result against everything that is expected of it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from workbench.fhir import json_tree
from workbench.fhir.bundle import dangling
from workbench.fhir.path import FhirPath
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity, blocks
from workbench.kernel.location import Location
from workbench.mapping.directed import Received
from workbench.suites.baseline import Accepted
from workbench.suites.mapper import Mapper, Traced
from workbench.suites.results import CaseResult, Outcome
from workbench.suites.semantic_diff import Change, ChangeKind, diff
from workbench.suites.suite import Assertion, Case, Check, Invariant, Suite
from workbench.v2.er7 import parse
from workbench.validation.fhir_validator import validate_value

DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a broken mapping raises. A runner reports such a defect as the result of its case; anything else stops it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """result  what the case came to
    actual   what would be accepted for it, None when it has no result
    """

    result: CaseResult
    actual: Accepted | None


def judge(case: Case, suite: Suite, expected: Accepted | None, mapper: Mapper) -> Verdict:
    """Run one case; `expected` is what was accepted for it, None when nothing was."""
    if case.skip:
        return Verdict(CaseResult(case.id, Outcome.SKIPPED, case.digest, skip=case.skip), expected)
    begun = time.perf_counter()
    verdict = _judged(case, suite, expected, mapper)
    spent = round((time.perf_counter() - begun) * 1000, 3)
    return replace(verdict, result=replace(verdict.result, milliseconds=spent))


def _judged(case: Case, suite: Suite, expected: Accepted | None, mapper: Mapper) -> Verdict:
    assertions = [each for each in suite.assertions if each.applies_to(case.id)]
    refusals = [each for each in assertions if each.check is Check.REFUSED]
    try:
        traced = mapper.trace(_document(case.raw))
        again = mapper.run(_document(case.raw)) if Invariant.IDEMPOTENT in suite.invariants else traced.bundle
    except Refused as refusal:
        return _refused(case, refusal, refusals)
    except DEFECTS as defect:
        return Verdict(CaseResult(case.id, Outcome.ERROR, case.digest, issues=(_broke(defect),)), None)
    failures = [_not_refused(each) for each in refusals]
    failures += [issue for each in assertions if (issue := _unmet(each, traced.bundle)) is not None]
    for invariant in suite.invariants:
        failures += _violations(invariant, traced, again)
    said = tuple((issue.severity.value, issue.rule, issue.location.path) for issue in traced.issues)
    actual = Accepted(case.digest, traced.bundle, said)
    changes, ignored = _against(expected, actual, suite.ignore)
    outcome = Outcome.FAILED if failures else Outcome.CHANGED if changes else Outcome.PASSED
    return Verdict(CaseResult(case.id, outcome, case.digest, changes, tuple(failures), ignored), actual)


def _document(raw: bytes) -> Received:
    """A FHIR document when it begins as one, else a v2 message."""
    return json_tree.parse(raw) if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else parse(raw)


def _refused(case: Case, refusal: Refused, expectations: list[Assertion]) -> Verdict:
    """A refusal is the right result when every expectation about it names its code."""
    right = bool(expectations) and all(each.value == refusal.code for each in expectations)
    outcome = Outcome.PASSED if right else Outcome.ERROR
    issue = Issue(
        Severity.ERROR,
        IssueType.PROCESSING,
        refusal.code,
        Location(),
        "The message was refused: {text}",
        {"text": refusal.text},
    )
    return Verdict(CaseResult(case.id, outcome, case.digest, issues=() if right else (issue,)), None)


def _broke(defect: BaseException) -> Issue:
    """Where the mapping broke, without the text of the exception: it may hold a patient's value."""
    frame = traceback.extract_tb(defect.__traceback__)[-1]
    where = f"{PurePath(frame.filename).name}:{frame.lineno}"
    text = "The mapping broke with {kind} at {where}; this is a defect of the workbench"
    return Issue(
        Severity.FATAL,
        IssueType.PROCESSING,
        "SUI-0300",
        Location(),
        text,
        {"kind": type(defect).__name__, "where": where},
    )


def _not_refused(expectation: Assertion) -> Issue:
    text = "{place}: expected to be refused with {code}, and was mapped"
    return Issue(
        Severity.ERROR,
        IssueType.BUSINESS_RULE,
        "SUI-0102",
        Location(),
        text,
        {"place": expectation.place, "code": str(expectation.value)},
    )


def _unmet(expectation: Assertion, bundle: Mapping[str, object]) -> Issue | None:
    """What an assertion finds instead of what it wants; None when it holds."""
    if expectation.check is Check.REFUSED:
        return None
    found = values_at(bundle, expectation.at)
    wanted = expectation.value
    holds = {
        Check.EQUALS: found == (wanted if isinstance(wanted, list) else [wanted]),
        Check.CONTAINS: wanted in found,
        Check.EXISTS: bool(found) == wanted,
        Check.COUNT: len(found) == wanted,
    }[expectation.check]
    if holds:
        return None
    instead = f"{len(found)} values" if expectation.check in (Check.COUNT, Check.EXISTS) else f"{found}"
    args = {"place": expectation.place, "check": expectation.check.value, "wanted": str(wanted), "value": instead}
    text = "{place}: {check} {wanted} does not hold; found {value}"
    return Issue(Severity.ERROR, IssueType.BUSINESS_RULE, "SUI-0101", Location(expectation.at), text, args)


def values_at(bundle: Mapping[str, object], at: str) -> list[object]:
    """All values at a path that begins with a resource type, over all entries of that type, or with `Bundle`."""
    path = FhirPath.parse(at)
    kind = path.steps[0].name
    if kind == bundle.get("resourceType"):
        return path.values(bundle)
    entries = bundle.get("entry")
    resources = [each.get("resource") for each in (entries if isinstance(entries, list) else [])]
    right = [each for each in resources if isinstance(each, dict) and each.get("resourceType") == kind]
    index = path.steps[0].index
    return [value for each in (right if index is None else right[index : index + 1]) for value in path.values(each)]


def _violations(invariant: Invariant, traced: Traced, again: Mapping[str, object]) -> Iterator[Issue]:
    if invariant is Invariant.NOTHING_LOST:
        for entry in traced.ledger.entries:
            if entry.fate == "lost":
                text = "{path} has a value and no rule accounts for it"
                yield _violation(IssueType.INCOMPLETE, "SUI-0201", entry.location.path, text)
    elif invariant is Invariant.REFERENCES_RESOLVE:
        for found in dangling(traced.bundle):
            yield _violation(IssueType.NOT_FOUND, "SUI-0202", found.path, "{path} refers to nothing in the Bundle")
    elif invariant is Invariant.VALID and "message" in traced.bundle:
        return  # v2 messages; `workbench validate` judges them
    elif invariant is Invariant.VALID:
        yield from (issue for issue in validate_value(dict(traced.bundle)) if blocks(issue))
    elif diff(traced.bundle, again).changes:
        text = "The same message, mapped twice, gives two results (once traced, once in fast mode)"
        yield _violation(IssueType.CONFLICT, "SUI-0203", "", text)


def _violation(kind: IssueType, rule: str, path: str, text: str) -> Issue:
    return Issue(Severity.ERROR, kind, rule, Location(path), text, {"path": path})


def _against(
    expected: Accepted | None, actual: Accepted, ignore: tuple[str, ...]
) -> tuple[tuple[Change, ...], Mapping[str, int]]:
    if expected is None:
        return (Change(ChangeKind.ADDED, "(baseline)", None, "nothing was accepted for this case yet"),), {}
    changes = []
    if expected.digest != actual.digest:
        changes.append(Change(ChangeKind.CHANGED, "(message)", expected.digest[:12], actual.digest[:12]))
    if expected.issues != actual.issues:
        before, after = ([" ".join(issue) for issue in each.issues] for each in (expected, actual))
        changes.append(Change(ChangeKind.CHANGED, "(issues)", before, after))
    if expected.bundle is None or actual.bundle is None:
        return tuple(changes), {}
    comparison = diff(expected.bundle, actual.bundle, ignore)
    return (*changes, *comparison.changes), comparison.ignored
