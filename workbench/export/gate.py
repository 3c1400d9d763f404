"""May this mapping package leave the house? Only when its suites pass on exactly this content and all is approved."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.export.manifest import Release, rules_of
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.mapping.model import Package, RuleStatus
from workbench.mapping.portability import Engine, rules_of_plugins
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, RowStatus
from workbench.terminology.harvest import LocalCode
from workbench.terminology.review import exportable
from workbench.terminology.safety import check_row

DECIDED = frozenset({RowStatus.APPROVED, RowStatus.NO_MAP, RowStatus.REJECTED})
"""Code rows that a person has decided on; a rejected row does not translate."""
_NAMED = 5


def objections(release: Release, target: str) -> tuple[Issue, ...]:
    """Everything that stands against a release for a target, whether it is a draft or not."""
    return (
        *_of_suites(release),
        *_of_rules(release.package),
        *_of_codes(release.package),
        *_of_engine(release.package, target),
    )


def require_ready(release: Release, target: str) -> None:
    """Let a draft, and a release without objections, pass.

    raises  Refused EXP-0001: says what stands against it
    """
    found = () if release.draft else objections(release, target)
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


def _of_engine(package: Package, target: str) -> Iterator[Issue]:
    """What the engine lacks to run the package. A target that a plug-in brings judges for itself."""
    rules = rules_of_plugins(package)
    if rules and target in set(Engine):
        text = "{target} cannot run the transforms of plug-ins in {count} rules ({names})."
        yield _issue("EXP-0109", text, target=target, count=str(len(rules)), names=_listed(list(rules)))


def _of_codes(package: Package) -> Iterator[Issue]:
    found: dict[str, list[str]] = {}
    for code_map in package.codes.values():
        for rule, row in _of_rows(code_map):
            found.setdefault(rule, []).append(f"{code_map.id}: {row.source.code}")
    for rule, rows in sorted(found.items()):
        yield _issue(rule, _ROW_OBJECTIONS[rule], count=str(len(rows)), names=_listed(rows))


_ROW_OBJECTIONS = {
    "EXP-0106": "{count} code rows are not approved ({names}).",
    "EXP-0107": "{count} code rows are flagged, in conflict or stale ({names}).",
    "EXP-0108": "{count} approved code rows have findings that nobody overrode in writing ({names}).",
}


def _of_rows(code_map: CodeMap) -> Iterator[tuple[str, CodeMapRow]]:
    """The rows that may not leave, with the objection. Without the code system at hand, targets are judged by name.

    Rows that a published standard brought (a citation, and no author) are its authors' to judge.
    """
    for row in code_map.rows:
        if row.target is None and Mark.OUT_OF_SCOPE in row.marks:
            continue
        if row.status not in DECIDED:
            yield "EXP-0106", row
        elif row.marks:
            yield "EXP-0107", row
        elif row.status is RowStatus.APPROVED and (row.author or not code_map.citation):
            named = LocalCode(row.source.code, row.source.system, texts=((row.source.display, 1),))
            if not exportable(row, None, check_row(row, named)):
                yield "EXP-0108", row


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _issue(rule: str, template: str, **args: str) -> Issue:
    return Issue(Severity.ERROR, IssueType.BUSINESS_RULE, rule, Location(), template, args)
