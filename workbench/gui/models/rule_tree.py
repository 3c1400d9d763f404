"""The rules of a mapping package as a tree: maps, rules, and the rules inside blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from workbench.gui.models.nodes import Node, NodeTree
from workbench.mapping.model import Package, Rule, RuleMap

HEADS = ("From", "To", "By")


@dataclass(frozen=True, slots=True)
class RuleName:
    """A rule by its map and id; `rule` "" is the map itself."""

    map: str
    rule: str = ""


@dataclass(frozen=True)
class RuleTree:
    """A tree for `NodeTreeModel` and the rule each node stands for."""

    tree: NodeTree
    names: tuple[RuleName, ...]
    numbers: dict[RuleName, int]


def rule_tree(package: Package, wanted: Callable[[RuleMap, Rule], bool]) -> RuleTree:
    """The wanted rules with the maps and blocks they stand in; maps without a wanted rule are left out."""
    nodes: list[Node] = []
    names: list[RuleName] = []
    children: dict[int, list[int]] = {-1: []}

    def add(node: Node, name: RuleName) -> int:
        number = len(nodes)
        nodes.append(node)
        names.append(name)
        children.setdefault(node.parent, []).append(number)
        return number

    def add_rule(rule_map: RuleMap, rule: Rule, parent: int) -> None:
        if not any(wanted(rule_map, inner) for inner in rule.walk()):
            return
        row = len(children.get(parent, []))
        path = f"{rule_map.name}/{rule.id}"
        number = add(
            Node(source_text(rule), rule.target, how(rule), path, None, parent, row), RuleName(rule_map.name, rule.id)
        )
        for child in rule.children:
            add_rule(rule_map, child, number)

    for rule_map in package.rule_maps():
        if any(wanted(rule_map, rule) for rule in rule_map.walk()):
            row = len(children[-1])
            title = Node(rule_map.name, rule_map.target, rule_map.title, rule_map.name, None, -1, row)
            number = add(title, RuleName(rule_map.name))
            for rule in rule_map.rules:
                add_rule(rule_map, rule, number)
    return RuleTree(NodeTree(tuple(nodes), children), tuple(names), {name: n for n, name in enumerate(names)})


def source_text(rule: Rule) -> str:
    """Where a rule reads: `PID-5`, `PID-5.2 + PID-5.1`; a block or literal says its id."""
    return " + ".join(rule.source) or rule.id


def how(rule: Rule) -> str:
    """In few words what a rule does with its value, and when."""
    parts = []
    if rule.using:
        parts.append(rule.using)
    if rule.codes:
        parts.append(f"codes {rule.codes}")
    if rule.literal is not None:
        parts.append(f"= {literal_text(rule.literal)}")
    if rule.make:
        parts.append(f"makes {rule.make}")
    if rule.reference:
        parts.append(f"refers to {rule.reference}")
    parts += [call.name for call in rule.transform]
    if rule.first_of:
        parts.append("first that writes")
    if rule.when:
        parts.append(f"when {rule.when}")
    if not rule.enabled:
        parts.append("switched off")
    return " · ".join(parts)


def literal_text(value: object) -> str:
    """A literal as JSON; a plain text without quotation marks."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
