"""A message as the tree people look at: groups, segments, fields, components, with the standard's names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.kernel.location import Span
from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.er7 import Element, Kind, Message, Segment
from workbench.v2.structure import GroupNode, Placement, SegmentNode, group_tree


@dataclass(frozen=True, slots=True)
class TreeNode:
    """One line of the tree.

    path   `PID-3[2].1`; a group is its name with its number, `PATIENT_RESULT[1]`
    label  the standard's name, "" where the version knows none
    kind   `group` or a level of `er7.Kind`
    value  unescaped text of a primitive, None for what has children
    note   why a segment stands where its structure has no place for it, "" when it has
    """

    path: str
    label: str
    kind: str
    value: str | None
    span: Span
    children: tuple[TreeNode, ...] = ()
    note: str = ""

    def walk(self, depth: int = 0) -> Iterator[tuple[int, TreeNode]]:
        """This node and all below it, in the order of the message, with their depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


_NOTES = {
    Placement.EXPECTED: "",
    Placement.MISPLACED: "not at its place",
    Placement.FOREIGN: "no part of this message structure",
    Placement.LOCAL: "local segment",
    Placement.UNKNOWN: "unknown segment",
    Placement.NO_SEGMENT: "no segment",
}


def message_tree(message: Message) -> tuple[TreeNode, ...]:
    """The top nodes of a message, with the names of its version's dictionary."""
    known = dictionary(message.version)
    return tuple(_child(child, known) for child in group_tree(message, known).root.children)


def _child(child: GroupNode | SegmentNode, known: Dictionary) -> TreeNode:
    if isinstance(child, SegmentNode):
        return segment_tree(child.segment, known, _NOTES[child.placement])
    children = tuple(_child(inner, known) for inner in child.children)
    start = min((node.span.start for node in children), default=0)
    end = max((node.span.end for node in children), default=0)
    title = child.name.replace("_", " ").capitalize()
    return TreeNode(f"{child.name}[{child.index}]", title, "group", None, Span(start, end), children)


def segment_tree(segment: Segment, known: Dictionary, note: str = "") -> TreeNode:
    """One segment with its populated fields."""
    whole = Element(segment)
    definition = known.segment(segment.name)
    if not segment.name:
        return TreeNode(f"line {segment.index + 1}", "", Kind.SEGMENT, segment.text, whole.span, (), note)
    fields = tuple(_field(Element(segment, n), known) for n in range(1, len(segment.fields)) if segment.raw(n))
    return TreeNode(
        segment.path(), definition.title if definition else "", Kind.SEGMENT, None, whole.span, fields, note
    )


def _field(element: Element, known: Dictionary) -> TreeNode:
    segment = element.segment
    definition = known.field(segment.name, element.field)
    data_type = definition.data_type if definition else ""
    if data_type.lower() == "varies":
        data_type = segment.value(2) if segment.name == "OBX" else ""
    label = definition.name if definition else ""
    repetitions = segment.repetitions(element.field)
    if len(repetitions) <= 1:
        return _value(element, label, data_type, known)
    children = tuple(
        _value(Element(segment, element.field, number), label, data_type, known)
        for number, text in enumerate(repetitions, 1)
        if text
    )
    return TreeNode(element.path, label, element.kind, None, element.span, children)


def _value(element: Element, label: str, data_type: str, known: Dictionary) -> TreeNode:
    """A field, repetition or component with what is populated below it."""
    below = element.children
    if not below:
        return TreeNode(element.path, label, element.kind, element.value, element.span)
    definition = known.data_type(data_type)
    parts = []
    for child in below:
        number = child.subcomponent or child.component
        component = definition.components[number - 1] if definition and number <= len(definition.components) else None
        name, inner = (component.name, component.data_type) if component else ("", "")
        parts.append(_value(child, name, inner, known))
    return TreeNode(element.path, label, element.kind, None, element.span, tuple(parts))
