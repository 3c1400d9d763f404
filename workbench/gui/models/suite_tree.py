"""The cases of a suite run as a tree: suite, scenario, case."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from workbench.gui.marks import OUTCOME_MARKS
from workbench.gui.models.nodes import Node, NodeTree
from workbench.suites.results import CaseResult, Outcome, SuiteRun

HEADS = ("Case", "Outcome", "Differences")
_SYNTHETIC = re.compile(r"(.+?)-(\d{4}-\d+-.+)")
_WORST_FIRST = (Outcome.ERROR, Outcome.FAILED, Outcome.CHANGED, Outcome.SKIPPED, Outcome.PASSED)


@dataclass(frozen=True)
class SuiteTree:
    """A tree for `NodeTreeModel`; `cases` has the case of each leaf, `outcomes` the worst outcome below each node."""

    tree: NodeTree
    cases: dict[int, CaseResult]
    outcomes: dict[int, Outcome]


def suite_tree(run: SuiteRun, wanted: frozenset[Outcome] = frozenset(Outcome)) -> SuiteTree:
    """The cases with a wanted outcome, by scenario or file."""
    nodes: list[Node] = []
    children: dict[int, list[int]] = {-1: []}
    cases: dict[int, CaseResult] = {}
    below: dict[int, Counter[Outcome]] = {}
    folders: dict[str, int] = {}

    def add(label: str, path: str, parent: int) -> int:
        number = len(nodes)
        siblings = children.setdefault(parent, [])
        nodes.append(Node(label, "", "", path, None, parent, len(siblings)))
        siblings.append(number)
        below[number] = Counter()
        return number

    root = add(run.title or run.suite, run.suite, -1)
    for case in run.cases:
        if case.outcome not in wanted:
            continue
        parts, parent = _parts(case.id), root
        for depth in range(1, len(parts)):
            path = "/".join(parts[:depth])
            if path not in folders:
                folders[path] = add(parts[depth - 1], path, parent)
            parent = folders[path]
        number = add(parts[-1], case.id, parent)
        cases[number] = case
        while number >= 0:
            below[number][case.outcome] += 1
            number = nodes[number].parent
    outcomes = {n: next((o for o in _WORST_FIRST if below[n][o]), Outcome.SKIPPED) for n in range(len(nodes))}
    told = tuple(_told(node, below[n], cases.get(n)) for n, node in enumerate(nodes))
    return SuiteTree(NodeTree(told, children), cases, outcomes)


def _parts(case_id: str) -> tuple[str, ...]:
    """`lab-order-0000-1-OML_O21` → (`lab-order`, `0000-1-OML_O21`): scenario, then patient and message."""
    match = _SYNTHETIC.fullmatch(case_id)
    return match.groups() if match else tuple(case_id.split("/"))


def _told(node: Node, below: Counter[Outcome], case: CaseResult | None) -> Node:
    if case is not None:
        found = len(case.changes) + len(case.issues)
        return Node(
            node.label,
            OUTCOME_MARKS[case.outcome].word,
            f"{found}" if found else "",
            node.path,
            None,
            node.parent,
            node.row,
        )
    said = ", ".join(f"{below[o]} {OUTCOME_MARKS[o].word.lower()}" for o in _WORST_FIRST if below[o])
    return Node(node.label, said, "", node.path, None, node.parent, node.row)
