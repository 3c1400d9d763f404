"""One message as indented lines, for the terminal and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from workbench.app.documents import Document
from workbench.v2.er7 import Message
from workbench.v2.tree import message_tree


class TreeLine(NamedTuple):
    """One line; `value` is None where there are lines below it. start and end are bytes of the message."""

    depth: int
    path: str
    label: str
    value: str | None
    start: int
    end: int


def tree_lines(document: Document) -> Iterator[TreeLine]:
    """Every node of a message with a name or a value, in the order of its bytes."""
    if isinstance(document, Message):
        for top in message_tree(document):
            for depth, node in top.walk():
                note = f"({node.note})" if node.note else ""
                label = " ".join(filter(None, (node.label, note)))
                yield TreeLine(depth, node.path, label, node.value, *node.span)
        return
    for element in document.root.walk():
        depth = element.path.count(".") + element.path.count("[")
        value = None if element.children else str(element.value)
        yield TreeLine(depth, element.path, element.label, value, *element.span)
