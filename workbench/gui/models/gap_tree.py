"""Differences between two profiles as a tree: messages and groups, segments, fields, components."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workbench.gui.marks import Mark
from workbench.gui.models.nodes import Node, NodeTree
from workbench.validation.profiles.gap import Effect, Gap

HEADS = ("Place", "Element", "Difference")
EFFECT_MARKS = {
    Effect.STRICTER: Mark("triangle-alert", "severity.error", "stricter"),
    Effect.LOOSER: Mark("circle-minus", "state.good", "looser"),
    Effect.OTHER: Mark("circle-dot", "severity.information", "other"),
}
_FIELD = re.compile(r"(\w{3})-(\d+)((?:\.\d+)*)(.*)")


def gap_tree(gaps: Sequence[Gap]) -> tuple[NodeTree, dict[int, Effect]]:
    """The gaps in their places, and what each node that is a gap means for the sender."""
    nodes: list[Node] = []
    children: dict[int, list[int]] = {-1: []}
    known: dict[tuple[str, ...], int] = {}
    effects: dict[int, Effect] = {}

    def add(label: str, name: str, value: str, path: str, parent: int) -> int:
        number, siblings = len(nodes), children.setdefault(parent, [])
        nodes.append(Node(label, name, value, path, None, parent, len(siblings)))
        siblings.append(number)
        return number

    for gap in gaps:
        parent, way = -1, steps_of(gap.place)
        for depth in range(1, len(way) + 1):
            key = way[:depth]
            if key not in known:
                known[key] = add(way[depth - 1], _name(gap, way) if depth == len(way) else "", "", gap.place, parent)
            parent = known[key]
        number = add(gap.aspect, "", f"{gap.first} → {gap.second}", gap.place, parent)
        effects[number] = gap.effect
    return NodeTree(tuple(nodes), children), effects


def _name(gap: Gap, way: tuple[str, ...]) -> str:
    """The element's name where it says more than the label does."""
    return "" if gap.name.rpartition(".")[2] == way[-1] else gap.name


def steps_of(place: str) -> tuple[str, ...]:
    """`PID-3.1 (A, B)` → (`PID (A, B)`, `PID-3`, `.1`); `ADT^A01/PROCEDURE/PR1` → its parts."""
    match = _FIELD.fullmatch(place)
    if match is None:
        return tuple(place.split("/"))
    segment, field, parts, flavours = match.groups()
    return (f"{segment}{flavours}", f"{segment}-{field}", *(f".{part}" for part in parts.split(".") if part))
