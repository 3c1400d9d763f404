"""Trees for views, Qt-free: nodes in depth-first order, each knowing its parent by number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from workbench.fhir.json_scan import Element as FhirElement
from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.gui.masking import hides_fhir, hides_v2, masked
from workbench.gui.models.outline import path_of
from workbench.kernel.location import Span
from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.er7 import Element as V2Element
from workbench.v2.er7 import Kind, Message

VALUE_CHARACTERS = 400
"""What a tree shows of one value; base64 of a megabyte helps nobody there."""


@dataclass(frozen=True, slots=True)
class Node:
    """One row of a tree.

    label   where it stands: `PID-5`, `[2]`, `.1`, `identifier`
    name    what the dictionary calls it, "" when it does not know
    value   for people, masked if masking is on; "" for what has children only
    path    in the notation of `Location.path`
    parent  number of the parent, -1 for a root; children follow their parent
    row     place among its siblings
    """

    label: str
    name: str
    value: str
    path: str
    span: Span | None
    parent: int
    row: int
    hidden: bool = False


@dataclass(frozen=True)
class NodeTree:
    """Nodes in depth-first order, and the numbers of each one's children; `children[-1]` are the roots."""

    nodes: tuple[Node, ...]
    children: dict[int, list[int]]

    def at_byte(self, byte: int) -> int:
        """The number of the deepest node standing on a byte, -1 when none does."""
        best, width = -1, 1 << 62
        for number, node in enumerate(self.nodes):
            span = node.span
            if span is not None and span.start <= byte <= span.end and len(span) <= width and len(span):
                if byte == span.end and len(span) == width:
                    continue
                best, width = number, len(span)
        return best

    def at_path(self, path: str) -> int:
        """The number of the node with a path, or of its nearest ancestor that is there; -1 when there is none."""
        return next((number for number, node in enumerate(self.nodes) if node.path == path), -1)


EMPTY_TREE = NodeTree((), {-1: []})


class _Builder:
    """Collects nodes in depth-first order."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.children: dict[int, list[int]] = {-1: []}

    def add(self, make: Callable[[int, int], Node], parent: int) -> int:
        number = len(self.nodes)
        siblings = self.children.setdefault(parent, [])
        self.nodes.append(make(parent, len(siblings)))
        siblings.append(number)
        return number

    def tree(self) -> NodeTree:
        return NodeTree(tuple(self.nodes), self.children)


def v2_tree(message: Message, mask: bool = False) -> NodeTree:
    """Segments › fields › repetitions › components of a message, with the dictionary's names."""
    known = dictionary(message.version)
    builder = _Builder()
    for segment in message.segments:
        _add_v2(builder, V2Element(segment), -1, known, mask)
    return builder.tree()


def _add_v2(builder: _Builder, element: V2Element, parent: int, known: Dictionary, mask: bool) -> None:
    below = element.children
    kind = element.kind
    hidden = kind is not Kind.SEGMENT and hides_v2(element)
    value = "" if kind is Kind.SEGMENT else _v2_value(element, bool(below))
    if mask and hidden:
        value = masked(value)

    def make(parent: int, row: int) -> Node:
        return Node(
            _v2_label(element), v2_name(element, known), value, path_of(element), element.span, parent, row, hidden
        )

    number = builder.add(make, parent)
    for child in below:
        _add_v2(builder, child, number, known, mask)


def _v2_label(element: V2Element) -> str:
    segment = element.segment
    match element.kind:
        case Kind.SEGMENT:
            return path_of(element) or f"line {segment.index + 1}"
        case Kind.FIELD:
            return f"{segment.name}-{element.field}"
        case Kind.REPETITION:
            return f"[{element.repetition}]"
        case Kind.COMPONENT:
            return f".{element.component}"
        case _:
            return f".{element.component}.{element.subcomponent}"


def v2_name(element: V2Element, known: Dictionary) -> str:
    """What the dictionary calls a place, "" when it does not know it."""
    definition = known.segment(element.segment.name)
    if definition is None:
        return ""
    if not element.field:
        return definition.title
    field = definition.field(element.field)
    if field is None or element.kind is Kind.REPETITION:
        return ""
    if not element.component:
        return field.name
    return _component_name(known, _field_type(element, field.data_type), element.component, element.subcomponent)


def _field_type(element: V2Element, data_type: str) -> str:
    """The data type of a field; OBX-5 is what OBX-2 says."""
    return element.segment.value(2) if data_type == "varies" and element.segment.name == "OBX" else data_type


def _component_name(known: Dictionary, data_type: str, component: int, subcomponent: int) -> str:
    definition = known.data_type(data_type)
    if definition is None or component > len(definition.components):
        return ""
    found = definition.components[component - 1]
    if not subcomponent:
        return found.name
    return _component_name(known, found.data_type, subcomponent, 0)


def _v2_value(element: V2Element, has_children: bool) -> str:
    """The value of a leaf; a field with components is summed up so that a folded tree can be read."""
    if not has_children:
        return element.value[:VALUE_CHARACTERS]
    leaves = (leaf.value for leaf in element.leaves())
    return " · ".join(value for value in leaves if value)[:VALUE_CHARACTERS]


def fhir_tree(document: FhirDocument, mask: bool = False) -> NodeTree:
    """Objects and arrays of a FHIR document; a resource is named by its type."""
    builder = _Builder()
    _add_fhir(builder, document.root, -1, "", mask)
    return builder.tree()


def _add_fhir(builder: _Builder, element: FhirElement, parent: int, parent_key: str, mask: bool) -> None:
    below = element.children
    hidden = not below and hides_fhir(element.label, parent_key)
    value = "" if below else _text(element.value)[:VALUE_CHARACTERS]
    if mask and hidden:
        value = masked(value)
    kind = next((_text(child.value) for child in below if child.label == "resourceType"), "")

    def make(parent: int, row: int) -> Node:
        return Node(element.label, kind, value, element.path, element.span, parent, row, hidden)

    number = builder.add(make, parent)
    key = parent_key if element.label.startswith("[") or element.label.isdigit() else element.label
    for child in below:
        _add_fhir(builder, child, number, key, mask)


def in_one_line(value: object) -> str:
    """A JSON value as people read it: texts as they are, all else as JSON; "" for none."""
    return "" if value is None else value if isinstance(value, str) else dumps(value).decode("utf-8")


def _text(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float | Decimal) else ""
