"""A v2 message as a source of these directions: its document, and sources and conditions over it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from functools import cached_property

from workbench.kernel.location import Location
from workbench.mapping.conditions import (
    ALL,
    LAST,
    UNSAID,
    Both,
    Check,
    Condition,
    Either,
    Made,
    Not,
    Operand,
    Relation,
    Same,
    Text,
    V2Path,
    read_condition,
    read_source,
)
from workbench.mapping.directions.checks import number_test, same_text, text_test
from workbench.mapping.directions.looks import Looks, Reach
from workbench.mapping.directions.patterns import Place, Spot, State
from workbench.mapping.directions.plans import Known, May
from workbench.mapping.directions.running import Frame, Holds, Node, Object, Reader
from workbench.mapping.directions.v2_target import Verbatim, tree_of, untidy
from workbench.mapping.engine.scope import GroupScope, LaidOut, Layout, SegmentScope, lay_out
from workbench.mapping.fhir_target import Kind
from workbench.mapping.model import Json, Package
from workbench.terminology.code_map import CodeMap
from workbench.v2.delimiters import NULL
from workbench.v2.er7 import HEADERS, Element, Message
from workbench.v2.escapes import unescape

NO_SEGMENT = "-"
"""What patterns see of a line that is no segment."""


NO_GROUPS = Layout.of(())


class V2Source:
    """One message, and the groups its map declares."""

    def __init__(self, message: Message, layout: Layout) -> None:
        self.message = message
        self._layout = layout
        self.delimiters = message.delimiters
        self._separators = (message.delimiters.component, message.delimiters.subcomponent)
        self._untidy = untidy(message.delimiters)

    @cached_property
    def laid_out(self) -> LaidOut:
        return lay_out(self.message, self._layout)

    @cached_property
    def scopes(self) -> Mapping[int, SegmentScope]:
        """The segments by their index; lines that are no segments are not among them."""
        return {scope.index: scope for scope in self.laid_out.segments}

    def text(self, node: Node) -> str:
        raw = node.value if isinstance(node.value, str) else ""
        if node.place is None:
            return raw
        level = len(node.place)
        if level <= 3 and self.delimiters.component:
            raw = raw.partition(self.delimiters.component)[0]
        if level <= 4 and self.delimiters.subcomponent:
            raw = raw.partition(self.delimiters.subcomponent)[0]
        return unescape(raw, self.delimiters)

    def whole_text(self, node: Node) -> str:
        return unescape(node.value, self.delimiters) if isinstance(node.value, str) else ""

    def first_leaf(self, place: Place) -> Place:
        return (*place, *(1,) * (5 - len(place))) if len(place) > 1 else place

    def visit(
        self, start: Spot, begun: Mapping[Place, frozenset[State]], taken: Set[Place] | None
    ) -> list[tuple[Place, Spot]]:
        found: list[tuple[Place, Spot]] = []
        component, subcomponent = self.delimiters.component, self.delimiters.subcomponent

        def entered(place: Place, spot: Spot) -> Spot:
            return spot.joined(begun[place]) if place in begun else spot

        def passed(place: Place, spot: Spot) -> bool:
            return taken is not None and (spot.left_out or place in taken)

        def leaf(place: Place, spot: Spot) -> None:
            spot = entered(place, spot)
            if not passed(place, spot):
                found.append((place, spot))

        def of_repetition(place: Place, raw: str, spot: Spot) -> None:
            spot = entered(place, spot)
            if passed(place, spot):
                return
            for number, text in enumerate(raw.split(component) if component else (raw,), 1):
                if text:
                    of_component((*place, number), text, spot.inside(str(number)))

        def of_component(place: Place, raw: str, spot: Spot) -> None:
            spot = entered(place, spot)
            if passed(place, spot):
                return
            if not subcomponent or subcomponent not in raw:
                leaf((*place, 1), spot.inside("1"))
                return
            for number, text in enumerate(raw.split(subcomponent), 1):
                if text:
                    leaf((*place, number), spot.inside(str(number)))

        for segment in self.message.segments:
            index, scope = segment.index, self.scopes.get(segment.index)
            spot = entered((index,), start.inside(segment.name or NO_SEGMENT))
            if passed((index,), spot):
                continue
            if scope is None:
                leaf((index, 0, 0, 0, 0), spot)
                continue
            for field, text in self.fields(scope):
                of_field = spot.inside(str(field))
                for number, raw in self.texts(scope, field, text):
                    of_repetition((index, field, number), raw, of_field)
        return found

    def spot(self, place: Place, start: Spot, begun: Mapping[Place, frozenset[State]]) -> Spot:
        spot = start
        for depth, name in zip((1, 2, 4, 5), self.way(place), strict=False):
            spot = spot.inside(name)
            for reached in (place[:depth], place[:3]) if depth == 2 else (place[:depth],):
                if reached in begun:
                    spot = spot.joined(begun[reached])
        return spot

    def way(self, place: Place) -> Sequence[str]:
        if not place:
            return ()
        name = self.message.segments[int(place[0])].name or NO_SEGMENT
        return (name, *(str(number) for number in place[1:2] + place[3:] if number))

    def node_around(self, place: Place) -> Node:
        scope = self.scopes.get(int(place[0]))
        return Node("", None) if scope is None else self.segment_node(scope)

    def elements(self) -> Sequence[Element]:
        return [element for segment in self.message.segments for element in segment.leaves()]

    def location(self, node: Node) -> Location:
        if node.segment is None or node.place is None:
            return Location()
        numbers = tuple(int(step) for step in node.place[1:])
        place = (*numbers, *(0,) * (4 - len(numbers)))
        segment = node.segment.segment
        return Location(segment.path(*place), segment.span(*place))

    def segment_node(self, segment: SegmentScope) -> Node:
        return Node(segment.segment.text, (segment.index,), (), segment)

    def parts(self, node: Node) -> list[Node]:
        """The populated values one level below: repetitions of a segment's fields, components, subcomponents."""
        segment, place = node.segment, node.place
        if segment is None or place is None or len(place) > 4:
            return []
        if len(place) == 1:
            first = 3 if segment.name in HEADERS else 1
            return [node for field in range(first, len(segment.fields)) for node in self.repetitions(segment, field)]
        separator = self.delimiters.component if len(place) == 3 else self.delimiters.subcomponent
        raw = str(node.value)
        found = raw.split(separator) if separator else [raw]
        return [Node(text, (*place, number), (), segment) for number, text in enumerate(found, 1) if text]

    def part(self, node: Node, number: int) -> list[Node]:
        """The one of the `parts` of a repetition or component that has a number, where it is populated."""
        place = node.place
        if place is None or node.segment is None or not 3 <= len(place) <= 4:
            return []
        separator = self.delimiters.component if len(place) == 3 else self.delimiters.subcomponent
        raw = str(node.value)
        found = raw.split(separator, number) if separator else [raw]
        if number > len(found) or not found[number - 1]:
            return []
        return [Node(found[number - 1], (*place, number), (), node.segment)]

    def repetitions(self, segment: SegmentScope, field: int) -> list[Node]:
        text = segment.fields[field] if field < len(segment.fields) else ""
        if not text:
            return []
        index = segment.index
        return [Node(raw, (index, field, number), (), segment) for number, raw in self.texts(segment, field, text)]

    def fields(self, segment: SegmentScope) -> list[tuple[int, str]]:
        """The populated fields with their raw texts, MSH-1 and MSH-2 left out."""
        first = 3 if segment.name in HEADERS else 1
        return [(number, text) for number, text in enumerate(segment.fields[first:], first) if text]

    def texts(self, segment: SegmentScope, field: int, text: str) -> list[tuple[int, str]]:
        """The populated repetitions of a populated field."""
        separator = self.delimiters.repetition
        if not separator or separator not in text or (field <= 2 and segment.name in HEADERS):
            return [(1, text)]
        return [(number, raw) for number, raw in enumerate(text.split(separator), 1) if raw]

    # --- taking over as it stands ------------------------------------------------------------------------------------

    def tree(self, node: Node) -> Json:
        """A value with everything below it as nested numbers and raw texts."""
        level = len(node.place or ())
        return tree_of(str(node.value), self._separators[max(0, level - 3) :])

    def opened(self, text: Verbatim) -> Json:
        """The parts of a repetition that was copied as it stands."""
        return tree_of(text, self._separators)

    def fields_of(self, text: Verbatim) -> Object:
        """The fields of a segment that was copied as it stands."""
        separator = self.delimiters.repetition
        return {
            str(number): [Verbatim(raw) for raw in (field.split(separator) if separator else [field]) if raw]
            for number, field in enumerate(text.split(self.delimiters.field)[1:], 1)
            if field
        }

    def copy(self, raw: str) -> Json:
        """A repetition as it stands, or as its parts where something trails."""
        if self._untidy.search(raw):
            return tree_of(raw, self._separators)
        return Verbatim(raw)

    def is_tidy(self, segment: SegmentScope) -> bool:
        """True for a segment that would be written as it came: it has values, and nothing trails anywhere in it."""
        text = segment.segment.text
        return len(text) > 4 and segment.name not in HEADERS and not self._untidy.search(text)


class V2Reading:
    """The source side of packages that read v2 and do not write FHIR."""

    known_starts: Mapping[str, Kind | None] = {}

    def __init__(self, package: Package) -> None:
        self._codes: Mapping[str, CodeMap] = package.codes

    def kind(self, name: str) -> Kind | None:
        return Kind(name, name)

    def source(self, text: str, kind: Kind | None) -> tuple[Reader, Kind | None]:
        """As `FhirReading.source`.

        raises  SyntaxProblem
        """
        readers: list[Reader] = []
        for alternative in read_source(text):
            if isinstance(alternative, Text):
                literal = alternative.text
                readers.append(lambda frame, literal=literal: [Node(literal, None)])  # type: ignore[misc]
            else:
                readers.append(self._path(alternative))
        if len(readers) == 1:
            return readers[0], None

        def read(frame: Frame) -> list[Node]:
            for reader in readers:
                found = [node for node in reader(frame) if frame.run.document.whole_text(node)]
                if found:
                    return found
            return []

        return read, None

    def condition(self, text: str, kind: Kind | None) -> Holds:
        """raises  SyntaxProblem; KeyError: a code map that is not there"""
        return self._holds(read_condition(text))

    def may(self, text: str, joined: bool) -> May | None:
        return None

    def known(self, text: str) -> Known | None:
        return None

    def looks(self, text: str) -> Looks:
        return Looks(Reach.AROUND)

    def looks_of_condition(self, text: str) -> Looks:
        return Looks(Reach.AROUND)

    def _path(self, path: V2Path) -> Reader:
        only = None if path.only is None else self._holds(path.only)

        def read(frame: Frame) -> list[Node]:
            document = frame.run.document
            assert isinstance(document, V2Source)  # the package reads v2
            if path.in_value:
                return _deeper(document, [frame.at], path.component, path.subcomponent)
            segments = _segments(frame, path)
            if not path.field:
                return [document.segment_node(segment) for segment in segments]
            found = [node for segment in segments for node in document.repetitions(segment, path.field)]
            if only is not None:
                found = [node for node in found if only(Frame(frame.run, node, frame.owner, frame.target, {}, frame))]
            if path.repetition == LAST:
                found = found[-1:]
            elif path.repetition != ALL:
                found = [node for node in found if node.place is not None and node.place[2] == path.repetition]
            return _deeper(document, found, path.component, path.subcomponent)

        return read

    def _holds(self, condition: Condition) -> Holds:
        match condition:
            case Both(conditions):
                all_of = [self._holds(part) for part in conditions]
                return lambda frame: all(part(frame) for part in all_of)
            case Either(conditions):
                any_of = [self._holds(part) for part in conditions]
                return lambda frame: any(part(frame) for part in any_of)
            case Not(inner):
                inverse = self._holds(inner)
                return lambda frame: not inverse(frame)
            case Made(name):
                return lambda frame: bool(frame.owner.found(name))
            case Same(path, other):
                return same_text(self._path(path), self._path(other))
            case Check():
                return self._check(condition)

    def _check(self, check: Check) -> Holds:
        if check.operand is Operand.VERSION or check.path is None:
            wanted = _version(check.values[0])
            return lambda frame: _compared(check.test, _version(_message(frame).version), wanted)
        read = self._path(check.path)
        if check.operand is Operand.COUNT:
            number = int(check.values[0])
            return lambda frame: number_test(check.test, len(read(frame)), number)
        if check.operand is Operand.LENGTH:
            number = int(check.values[0])
            return lambda frame: number_test(
                check.test, max((len(frame.run.document.text(node)) for node in read(frame)), default=0), number
            )
        if check.test is Relation.VALUED:
            return lambda frame: any(_says_something(frame, node) for node in read(frame))
        if check.test is Relation.NULL:
            return lambda frame: any(node.value == NULL for node in read(frame))
        return text_test(check, read, self._codes)


def _message(frame: Frame) -> Message:
    assert isinstance(frame.run.document, V2Source)  # the package reads v2
    return frame.run.document.message


def _says_something(frame: Frame, node: Node) -> bool:
    if node.place is None or len(node.place) == 1:
        return True
    delimiters = _message(frame).delimiters
    return node.value != NULL and bool(str(node.value).strip(delimiters.component + delimiters.subcomponent))


def _segments(frame: Frame, path: V2Path) -> list[SegmentScope]:
    """The segments a path means from where the frame stands."""
    scope = frame.at.segment
    if scope is None:
        return []
    if scope.name == path.name and not path.groups and path.occurrence == UNSAID:
        return [scope]
    around: GroupScope | None = scope.outer
    found = around.segments(path.name, path.groups) if around is not None else []
    if path.occurrence == ALL or not found:
        return found
    if path.occurrence == LAST:
        return found[-1:]
    at = 0 if path.occurrence == UNSAID else path.occurrence - 1
    return found[at : at + 1]


def _deeper(document: V2Source, nodes: list[Node], component: int, subcomponent: int) -> list[Node]:
    """The component and subcomponent of values; of a component the first number counts its subcomponents."""
    for number in (component, subcomponent):
        if number:
            nodes = [part for node in nodes for part in _part(document, node, number)]
    return nodes


def _part(document: V2Source, node: Node, number: int) -> list[Node]:
    """One part of a value, where it is populated; a subcomponent is its own first part."""
    if node.place is not None and len(node.place) == 5:
        return [Node(node.value, (*node.place[:4], 1), (), node.segment)] if node.place[4] == 1 else []
    return document.part(node, number)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _compared(relation: Relation, one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return number_test(relation, (one > other) - (one < other), 0)
