"""May this mapping package leave the house? Only when its suites pass on exactly this content and all is approved."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.export.manifest import Release, rules_of
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.mapping.model import Package, RuleStatus
from workbench.terminology.code_map import RowStatus

DECIDED = frozenset({RowStatus.APPROVED, RowStatus.NO_MAP, RowStatus.REJECTED})
"""Code rows that a person has decided on; a rejected row does not translate."""
_NAMED = 5


def objections(release: Release) -> tuple[Issue, ...]:
    """Everything that stands against a release, whether it is a draft or not."""
    return (*_of_suites(release), *_of_rules(release.package), *_of_codes(release.package))


def require_ready(release: Release) -> None:
    """Let a draft, and a release without objections, pass.

    raises  Refused EXP-0001: says what stands against it
    """
    found = () if release.draft else objections(release)
    if found:
        raise Refused(
            "EXP-0001",
            f"{release.package.header.id} is not released: " + " ".join(issue.text for issue in found),
            "Settle these points, or export with --draft to try it out; a draft is marked as such everywhere.",
        )


def _of_suites(release: Release) -> Iterator[Issue]:
    wanted = release.package.header.suites
    if not release.evidence:
        yield _issue("EXP-0101", "No suite has been run.")
    for name in wanted:
        if not any(each.suite == name or each.suite.endswith(f"/{name}") for each in release.evidence):
            yield _issue("EXP-0102", "The suite {suite}, which must pass, has not been run.", suite=name)
    for each in release.evidence:
        if each.mapping_fingerprint != release.fingerprint:
            yield _issue("EXP-0103", "The suite {suite} was run on another state of the mapping.", suite=each.suite)
        elif not each.passed:
            yield _issue("EXP-0104", "The suite does not pass ({summary}).", summary=each.summary)


def _of_rules(package: Package) -> Iterator[Issue]:
    open_rules = [name for name, status in rules_of(package) if status is not RuleStatus.APPROVED]
    if open_rules:
        text = "{count} rules are not approved ({names})."
        yield _issue("EXP-0105", text, count=str(len(open_rules)), names=_listed(open_rules))


def _of_codes(package: Package) -> Iterator[Issue]:
    open_rows = [
        f"{code_map.id}: {row.source.code}"
        for code_map in package.codes.values()
        for row in code_map.rows
        if row.status not in DECIDED
    ]
    if open_rows:
        text = "{count} code rows are not approved ({names})."
        yield _issue("EXP-0106", text, count=str(len(open_rows)), names=_listed(open_rows))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _issue(rule: str, template: str, **args: str) -> Issue:
    return Issue(Severity.ERROR, IssueType.BUSINESS_RULE, rule, Location(), template, args)
