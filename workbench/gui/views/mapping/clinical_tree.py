"""A result as a clinician reads it, as a tree: sections, items, facts. Qt-free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.gui.masking import masked
from workbench.gui.models.nodes import Node, NodeTree
from workbench.records.from_fhir import record_of_bundle

_NOT_VALIDATED = "kept as text, not validated"


def clinical_tree(bundle: Mapping[str, Any], mask: bool) -> NodeTree:
    """Label: section, item or fact; name: what is to be known of it; value: what is said, masked if masking is on."""
    nodes: list[Node] = []
    children: dict[int, list[int]] = {-1: []}

    def add(label: str, name: str, value: str, parent: int) -> int:
        number = len(nodes)
        siblings = children.setdefault(parent, [])
        siblings.append(number)
        shown = masked(value) if mask else value
        nodes.append(Node(label, name, shown, f"{parent}/{label}", None, parent, len(siblings) - 1, mask))
        return number

    for section in record_of_bundle(bundle).sections:
        heading = add(str(section.name), "", "", -1)
        for item in section.items:
            label = item.label if not mask or section.name == "Demographics" else masked(item.label)
            row = add(label or item.key, _NOT_VALIDATED if item.unvalidated else "", item.text, heading)
            if len(item.facts) > 1:
                for fact in item.facts:
                    add(str(fact.name), _NOT_VALIDATED if fact.unvalidated else "", fact.shown, row)
    return NodeTree(tuple(nodes), children)
