"""Which places of a message the tree shows: all the dictionary knows, the populated ones, those with a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from workbench.gui.models.nodes import Node, NodeTree
from workbench.kernel.issues import Issue, Severity, worst
from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.er7 import Message


class Shown(StrEnum):
    """What the tree of a message shows."""

    ALL = "All"
    POPULATED = "Populated"
    PROBLEMS = "With problems"


def with_absent(tree: NodeTree, message: Message) -> NodeTree:
    """The tree of a v2 message with the fields that its segments could have as well."""
    known = dictionary(message.version)
    kept = _Kept(tree)
    for number in tree.children[-1]:
        segment = tree.nodes[number]
        place = kept.add(segment, -1)
        present = {tree.nodes[child].label: child for child in tree.children.get(number, [])}
        for field in _absent_and_present(segment, present, known):
            if isinstance(field, Node):
                kept.add(field, place)
            else:
                kept.copy(field, place)
    return kept.tree()


def _absent_and_present(segment: Node, present: Mapping[str, int], known: Dictionary) -> Iterable[Node | int]:
    """The fields of a segment in their order: numbers of those that are there, nodes for those that are not."""
    name = segment.path[:3]
    definition = known.segment(name)
    listed = definition.fields if definition is not None else ()
    for field in listed:
        label = f"{name}-{field.position}"
        if label in present:
            yield present[label]
        else:
            yield Node(label, field.name, "", f"{segment.path}-{field.position}", None, -1, 0)
    named = {f"{name}-{field.position}" for field in listed}
    yield from (number for label, number in present.items() if label not in named)


def only(tree: NodeTree, wanted: Iterable[int]) -> NodeTree:
    """The tree with these nodes, all that holds them and, but for whole segments and resources, all that is in them."""
    keep = set[int]()
    for number in wanted:
        above = number
        while above >= 0 and above not in keep:
            keep.add(above)
            above = tree.nodes[above].parent
        below = [number] if tree.nodes[number].parent >= 0 else []
        while below:
            inner = below.pop()
            keep.add(inner)
            below.extend(tree.children.get(inner, []))
    kept = _Kept(tree, keep.__contains__)
    for root in tree.children[-1]:
        kept.copy(root, -1)
    return kept.tree()


def nodes_of(tree: NodeTree, issues: Iterable[Issue]) -> dict[int, Severity]:
    """The nodes that issues are about, each with the worst severity; an issue that has no place of its own has none."""
    by_path = {node.path: number for number, node in enumerate(tree.nodes)}
    found: dict[int, list[Issue]] = {}
    for issue in issues:
        location = issue.location
        number = by_path.get(location.path, -1) if location.path else -1
        if number < 0 and location.span is not None:
            number = tree.at_byte(location.span.start)
        if number >= 0:
            found.setdefault(number, []).append(issue)
    return {number: severity for number, some in found.items() if (severity := worst(some)) is not None}


class _Kept:
    """Builds a tree out of nodes of another one."""

    def __init__(self, source: NodeTree, keeps: Callable[[int], bool] = lambda number: True) -> None:
        self._source, self._keeps = source, keeps
        self._nodes: list[Node] = []
        self._children: dict[int, list[int]] = {-1: []}

    def add(self, node: Node, parent: int) -> int:
        number = len(self._nodes)
        siblings = self._children.setdefault(parent, [])
        self._nodes.append(replace(node, parent=parent, row=len(siblings)))
        siblings.append(number)
        return number

    def copy(self, number: int, parent: int) -> None:
        """A node with everything below it that is kept."""
        if self._keeps(number):
            place = self.add(self._source.nodes[number], parent)
            for child in self._source.children.get(number, []):
                self.copy(child, place)

    def tree(self) -> NodeTree:
        return NodeTree(tuple(self._nodes), self._children)
