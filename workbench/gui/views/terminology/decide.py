"""Decisions on codes as edits of a code map. Qt-free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workbench.app.operations.local_codes import CODEABLE, CodeLine
from workbench.kernel.errors import Refused
from workbench.mapping.edits import ChangeRule, Edit, PutCodeMap
from workbench.mapping.model import Package, Policy, Rule, RuleMap, Unmapped
from workbench.terminology.code_map import CodeMap, CodeMapRow, Relationship, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.edits import AddRow, SetStatus, SetTarget, key_of


def with_target(code_map: CodeMap, line: CodeLine, target: Coding, author: str) -> CodeMap:
    """The map with a target chosen for a code; the row is mapped and waits for somebody else's approval."""
    key = _row_number(code_map, line)
    if key is not None:
        changed, _ = SetTarget(key_of(code_map, key), target, author=author).apply(code_map)
        return changed
    row = CodeMapRow(_source(code_map, line), target, Relationship.EQUIVALENT, RowStatus.MAPPED, author)
    changed, _ = AddRow(row).apply(code_map)
    return changed


def with_status(code_map: CodeMap, line: CodeLine, status: RowStatus, by: str, comment: str = "") -> CodeMap:
    """The map with a code taken on its way: approved, in review, no map.

    raises  Refused TERM-0021: not possible, such as approving one's own row; GUI-0030: there is nothing to approve
    """
    number = _row_number(code_map, line)
    if number is not None:
        changed, _ = SetStatus(key_of(code_map, number), status, by, comment).apply(code_map)
        return changed
    if status is not RowStatus.NO_MAP:
        raise Refused("GUI-0030", f"{line.local.code} has no target yet.", "Choose one of the candidates first.")
    row = CodeMapRow(_source(code_map, line), None, Relationship.EQUIVALENT, status, by, comment=comment)
    changed, _ = AddRow(row).apply(code_map)
    return changed


def new_map(package: Package, field: str) -> tuple[Edit, ...]:
    """The edits that send a field through a code map of its own; () when no rule takes the field as a coded value.

    Codes without a row go on as they did before, so nothing changes until a first row is added.
    """
    users = list(_rules_of(package, field))
    name = f"{field.lower()}-local"
    if not users or name in package.codes:
        return ()
    through = Unmapped(Policy.PASSTHROUGH)
    changes = (
        ChangeRule(f"{rule_map.kind}/{rule_map.name}", rule.id, replace(rule, codes=name, unmapped=through))
        for rule_map, rule in users
    )
    return (PutCodeMap(name, CodeMap(name, f"Local codes of {field}")), *changes)


def _rules_of(package: Package, field: str) -> Iterator[tuple[RuleMap, Rule]]:
    for rule_map in package.segments.values():
        for rule in rule_map.walk():
            if rule.source == (field,) and rule.using == CODEABLE and not rule.codes:
                yield rule_map, rule


def _row_number(code_map: CodeMap, line: CodeLine) -> int | None:
    row = line.row
    return next((n for n, other in enumerate(code_map.rows) if other == row), None) if row is not None else None


def _source(code_map: CodeMap, line: CodeLine) -> Coding:
    return Coding(code_map.source_system or line.local.system, line.local.code, line.local.text)
