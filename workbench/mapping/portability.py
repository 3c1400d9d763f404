"""Which rules leave the core that every production engine can carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.mapping.conditions import Both, Check, Condition, Either, Not, Relation, SyntaxProblem, read_condition
from workbench.mapping.model import Package, Place, Rule
from workbench.mapping.transforms import TRANSFORMS


@dataclass(frozen=True, slots=True)
class NotPortable:
    """A rule some engines cannot carry, and what it is that they cannot do."""

    map: str
    rule: str
    why: str
    place: Place | None = None


def not_portable(package: Package) -> tuple[NotPortable, ...]:
    """The rules and rows that use more than the portable core, in the package's order.

    Decimals with all their digits and times with an assumed zone are no matter of single rules: the report of each
    exporter says what its engine does with them. Rules whose condition is not understood are the compiler's to report.
    """
    found = [
        NotPortable(rule_map.name, rule.id, why, rule.place)
        for rule_map in package.rule_maps()
        for rule in rule_map.walk()
        for why in _reasons(rule)
    ]
    found += [
        NotPortable(message_map.name, row.id, why, row.place)
        for message_map in package.messages.values()
        for row in message_map.rows
        for why in _of_condition(row.when)
    ]
    return tuple(found)


def _reasons(rule: Rule) -> Iterator[str]:
    for call in rule.transform:
        transform = TRANSFORMS.get(call.name)
        if transform is not None and not transform.portable:
            yield f"the transform {call.name}"
    yield from _of_condition(rule.when)


def _of_condition(text: str) -> Iterator[str]:
    try:
        condition = read_condition(text) if text else None
    except SyntaxProblem:
        return
    if condition is not None and _matches(condition):
        yield "a pattern (matches)"


def _matches(condition: Condition) -> bool:
    match condition:
        case Both(conditions) | Either(conditions):
            return any(_matches(part) for part in conditions)
        case Not(inner):
            return _matches(inner)
        case Check(test=test):
            return test is Relation.MATCHES
        case _:
            return False
