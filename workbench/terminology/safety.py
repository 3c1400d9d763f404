"""What is doubtful or dangerous about the rows of a code map, row by row and between rows.

Each check compares what is known of the local code (name, specimen, unit, values) with what the target says of itself,
and stays silent where either says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbench.kernel.issues import Issue
from workbench.kernel.location import Location
from workbench.terminology.code_map import CodeMap, CodeMapRow, Relationship, RowStatus
from workbench.terminology.codes import Concept
from workbench.terminology.harvest import LocalCode
from workbench.terminology.loinc_axes import LOINC
from workbench.terminology.ranking import CVX, ICD_10_CM, RXNORM
from workbench.terminology.safety_drugs import allergy_findings, drug_findings, is_allergy
from workbench.terminology.safety_laboratory import laboratory_findings
from workbench.terminology.safety_rules import SAFETY_RULES
from workbench.terminology.safety_words import nothing_in_common
from workbench.terminology.words import tokens

Found = tuple[str, str, str]
"""(rule, what the local side says, what the target says)."""
Find = Callable[[str], Concept | None]
_JUDGED = frozenset(RowStatus) - {RowStatus.UNMAPPED, RowStatus.REJECTED, RowStatus.NO_MAP}
_MEANT_WHEN_NARROWER = frozenset({"TERM-0327"})
_SIDES = {"left": "left", "right": "right", "bilateral": "bilateral", "lt": "left", "rt": "right"}


@dataclass(frozen=True, slots=True)
class Finding:
    """An issue of one row (0-based) of a code map."""

    row: int
    issue: Issue


def check_map(code_map: CodeMap, seen: Iterable[LocalCode] = (), find: Find | None = None) -> tuple[Finding, ...]:
    """What is found about the rows of a map, in their order.

    seen  the local codes with their units, specimens and values
    find  looks a target up in its code system; None when the code system is not there
    """
    local_of = _by_code(seen)
    findings: list[Finding] = []
    for number, row in enumerate(code_map.rows):
        if row.target is None or row.status not in _JUDGED:
            continue
        local = local_of.get(row.source.code) or _local(row)
        found = check_row(row, local, find(row.target.code) if find else None, find is not None)
        findings += [Finding(number, issue) for issue in found]
    findings += findings_between(code_map)
    return tuple(sorted(findings, key=lambda finding: (finding.row, finding.issue.severity.rank, finding.issue.rule)))


def check_row(
    row: CodeMapRow, local: LocalCode, concept: Concept | None = None, complete: bool = False
) -> tuple[Issue, ...]:
    """What is found about one row with a target.

    concept   the target in its code system, None when it is not there
    complete  the code system is at hand, so a missing concept is a finding
    """
    target = row.target
    if target is None:
        return ()
    named = concept or Concept(target)
    found: list[Found] = []
    if concept is None and complete:
        found.append(("TERM-0312", f"the {target.system or 'code'} system at hand", target.code))
    found += _of_concept(named)
    if target.system == LOINC:
        found += laboratory_findings(local, named)
        if concept is not None and nothing_in_common(local, concept):
            found.append(("TERM-0329", local.text, named.coding.display))
        if row.relationship is Relationship.SOURCE_IS_NARROWER:
            found = [each for each in found if each[0] not in _MEANT_WHEN_NARROWER]
    elif target.system == RXNORM:
        found += drug_findings(local, named, row.relationship)
    if is_allergy(local):
        found += allergy_findings(local, named)
    found += _sides(local, named)
    found += _vaccine(local, named)
    found += _direction(row, local, named)
    return tuple(_issue(rule, row, said, meant) for rule, said, meant in dict.fromkeys(found))


def _of_concept(concept: Concept) -> Iterator[Found]:
    coding = concept.coding
    if concept.retired and coding.system != CVX:
        replaced = f"; the release names {' or '.join(concept.replaced_by)} instead" if concept.replaced_by else ""
        yield "TERM-0311", replaced, _named(concept)
    if coding.system == ICD_10_CM and concept.properties.get("billable") == "0":
        yield "TERM-0313", "", _named(concept)


def _sides(local: LocalCode, concept: Concept) -> Iterator[Found]:
    own = {_SIDES[word] for word in tokens(local.text) if word in _SIDES}
    other = {_SIDES[word] for word in tokens(concept.coding.display) if word in _SIDES}
    if len(own) == len(other) == 1 and own != other:
        yield "TERM-0323", own.pop(), other.pop()


def _vaccine(local: LocalCode, concept: Concept) -> Iterator[Found]:
    if concept.coding.system != CVX:
        return
    said = " ".join(concept.texts).casefold()
    own = local.text.casefold()
    if (
        "unspecified" in said
        and not any(word in own for word in ("unspecified", "unknown", "nos"))
        and len(tokens(own)) > 2
    ):
        yield "TERM-0324", "", _named(concept)


def _direction(row: CodeMapRow, local: LocalCode, concept: Concept) -> Iterator[Found]:
    """The words of one side within the words of the other, and a relationship that says the reverse."""
    own, other = set(tokens(local.text)), set(tokens(concept.coding.display))
    if not own or not other or own == other:
        return
    if row.relationship is Relationship.SOURCE_IS_BROADER and other < own:
        yield "TERM-0322", row.relationship.value, "says less than the source, so it is the broader one"
    if row.relationship is Relationship.SOURCE_IS_NARROWER and own < other and concept.coding.system != LOINC:
        yield "TERM-0322", row.relationship.value, "says more than the source, so it is the narrower one"


def findings_between(code_map: CodeMap) -> Iterator[Finding]:
    """What only several rows together show: one source with several targets, meanings that become one."""
    by_target: dict[tuple[str, str], list[int]] = defaultdict(list)
    by_source: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number, row in enumerate(code_map.rows):
        if row.target is None or row.status not in _JUDGED or row.relationship is Relationship.NOT_RELATED:
            continue
        by_source[(row.sender, *row.source.identity)].append(number)
        if row.relationship is Relationship.EQUIVALENT:
            by_target[row.target.identity].append(number)
    for numbers in by_source.values():
        if len(numbers) > 1:
            for number in numbers:
                yield Finding(number, _issue("TERM-0320", code_map.rows[number], str(len(numbers)), ""))
    for numbers in by_target.values():
        yield from _merged(code_map.rows, numbers)


def _merged(rows: Sequence[CodeMapRow], numbers: Sequence[int]) -> Iterator[Finding]:
    """Rows whose names say different things and become one: each is told with the first that differs."""
    names = {number: _meaning(rows[number]) for number in numbers}
    for number in numbers:
        other = next((each for each in numbers if names[each] != names[number]), None)
        if other is not None and names[number]:
            row, target = rows[number], rows[number].target
            said = rows[other].source.display or rows[other].source.code
            if target is not None:
                yield Finding(number, _issue("TERM-0319", row, said, target.display or target.code))


def _meaning(row: CodeMapRow) -> frozenset[str]:
    """What tells a local code from others: the words of its name that are numbers, sides or axes."""
    return frozenset(tokens(row.source.display)) - _EMPTY_WORDS


_EMPTY_WORDS = frozenset(tokens("test level value result assay measurement lab serum plasma blood total count"))


def _by_code(seen: Iterable[LocalCode]) -> Mapping[str, LocalCode]:
    found: dict[str, LocalCode] = {}
    for local in seen:
        found.setdefault(local.code, local)
    return found


def _local(row: CodeMapRow) -> LocalCode:
    text = row.source.display
    return LocalCode(row.source.code, row.source.system, texts=((text, 1),) if text else ())


def _named(concept: Concept) -> str:
    coding = concept.coding
    return f"{coding.code} ({coding.display})" if coding.display else coding.code


def _issue(rule_id: str, row: CodeMapRow, local: str, target: str) -> Issue:
    rule = SAFETY_RULES[rule_id]
    source = row.source.display or row.source.code
    args = {"source": source, "local": local, "target": target}
    return Issue(rule.severity, rule.code, rule.id, Location(""), rule.template, args, rule.source)
