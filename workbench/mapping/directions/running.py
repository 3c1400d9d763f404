"""What a mapping of these directions works with while it runs over one document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

import msgspec

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.mapping.directions.patterns import Place, Spot, State
from workbench.mapping.engine.ledger import FhirValue
from workbench.mapping.engine.running import Outcome, RuleName
from workbench.mapping.engine.scope import SegmentScope
from workbench.mapping.model import Json, LedgerRule
from workbench.mapping.values import Zone
from workbench.terminology.code_map import CodeMapRow
from workbench.v2.er7 import Element

Object = dict[str, Json]


class Node(msgspec.Struct, frozen=True):
    """A populated place of a source.

    value    FHIR: the JSON value, None for a primitive that has only extensions. v2: the raw text
    place    None for a literal text among sources
    via      places of what was gone through: references that were followed, URLs of extensions
    segment  v2: the segment it belongs to
    """

    value: Json
    place: Place | None
    via: tuple[Place, ...] = ()
    segment: SegmentScope | None = None


class CoveringRules(Protocol):
    """What ignore rules say of values; `directions.covering` answers."""

    def spot(self, place: Place) -> Spot: ...
    def joined(self, place: Place, spot: Spot) -> Spot: ...
    def ignored(self, place: Place, spot: Spot) -> LedgerRule | None: ...


class Document(Protocol):
    """A source as the rules read it."""

    def text(self, node: Node) -> str:
        """What a rule for a primitive takes; "" when nothing is written."""

    def whole_text(self, node: Node) -> str:
        """The value with everything below it, as text."""

    def first_leaf(self, place: Place) -> Place:
        """The primitive that `text` reads."""

    def visit(
        self, start: Spot, begun: Mapping[Place, frozenset[State]], taken: Set[Place] | None
    ) -> list[tuple[Place, Spot]]:
        """Populated primitives in the document's order, each with the spot it stands on.

        start  where ways begin, before the resource or segment
        begun  the patterns that begin to count at places
        taken  what is passed over with all below it, and so is what an ignore rule leaves out; None for everything
        """

    def spot(self, place: Place, start: Spot, begun: Mapping[Place, frozenset[State]]) -> Spot:
        """The spot of one place."""

    def way(self, place: Place) -> Sequence[str]:
        """The names from the resource or segment, which is the first of them, to a place."""

    def node_around(self, place: Place) -> Node:
        """What the condition of a ledger rule is asked of: the segment, or the object a primitive stands in."""

    def elements(self) -> Sequence[Element | FhirValue]:
        """Every populated primitive as the ledger names it, in the order of `visit`."""

    def location(self, node: Node) -> Location:
        """Where a person is shown the node."""


class Instance:
    """A segment or resource that is being made, or a group of them.

    name     by which rows and rules find it: the row's
    kind     `PID`, `Patient`; "" for a group
    content  what was written
    source   what it was made from
    inside   what the rows within it made, in order
    number   which of those of its kind it is in what encloses it, from 1; segments in one of their own kind are
             counted with it
    overall  which of its kind it is in the message
    """

    __slots__ = ("_counts", "content", "inside", "kind", "name", "number", "outer", "overall", "source")

    def __init__(self, name: str, kind: str, source: Node, outer: Instance | None) -> None:
        self.name = name
        self.kind = kind
        self.source = source
        self.outer = outer
        self.content: Object = {}
        self.inside: list[Instance] = []
        self.number = self.overall = 1
        self._counts: dict[tuple[str, bool], int] = {}

    def add(self, made: Instance) -> None:
        """Put what is being made behind all that stands in it."""
        self.inside.append(made)
        made.number = self._counting(made.kind)._count(made.kind, False, 1)
        made.overall = self.message._count(made.kind, True, 1)

    def take_back(self, made: Instance) -> None:
        """Take out what was put in last."""
        self.inside.remove(made)
        self._counting(made.kind)._count(made.kind, False, -1)
        self.message._count(made.kind, True, -1)

    def _counting(self, kind: str) -> Instance:
        """Where segments of a kind are counted: in the nearest that is of another kind."""
        scope = self
        while kind and scope.kind == kind and scope.outer is not None:
            scope = scope.outer
        return scope

    def _count(self, kind: str, overall: bool, more: int) -> int:
        count = self._counts[kind, overall] = self._counts.get((kind, overall), 0) + more
        return count

    @property
    def message(self) -> Instance:
        """The outermost of what encloses it."""
        scope = self
        while scope.outer is not None:
            scope = scope.outer
        return scope

    def found(self, name: str) -> list[Instance]:
        """The instances of a name in the nearest enclosing place that has any."""
        scope: Instance | None = self
        while scope is not None:
            if scope.name == name:
                return [scope]
            here = [one for one in scope.walk() if one.name == name]
            if here:
                return here
            scope = scope.outer
        return []

    def walk(self) -> list[Instance]:
        """All that stands in it, in order, groups included."""
        return [found for one in self.inside for found in (one, *one.walk())]

    def around(self, name: str) -> Instance | None:
        """The enclosing instance of a name, itself included."""
        scope: Instance | None = self
        while scope is not None and scope.name != name:
            scope = scope.outer
        return scope


class Written(msgspec.Struct, frozen=True):
    """One write: which rule took what from where to where; fields as in `mapping.running.Written`."""

    rule: RuleName
    nodes: tuple[Node, ...]
    whole: bool
    container: Object | None
    key: str
    item: int | None
    outcome: Outcome
    row: CodeMapRow | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken into one object of an element. Places are below the value, or else count from the root.

    way      from the element to the object
    outcome  of all of it: written, or not
    whole    places that were taken with everything in them
    alone    and those of which the first leaf alone was taken
    via      places that were gone through on the way from the value
    """

    way: Place
    outcome: Outcome
    whole: tuple[tuple[bool, Place], ...]
    alone: tuple[tuple[bool, Place], ...]
    via: tuple[tuple[bool, Place], ...]


@dataclass(slots=True)
class Remembered:
    """What became of an object.

    gathered  `taken` says what it says with as few places as can be; that is done when it is first used
    """

    written: int
    element: Object
    taken: tuple[Taken, ...]
    gathered: bool = False


class Run:
    """One document on its way through a mapping.

    trace   what was written from where, None when neither the caller nor the mapping needs it
    full    each copied value is noted apart, with the place it went to; else those copied together as one
    given   which map with ignore or keep rules was given which value
    roots   the messages, or the Bundle, being made
    covering  the ignore rules, where they decide what is copied
    made    what maps have made of places of the document, by map and place
    """

    def __init__(self, document: Document, zone: Zone, sender: str, noting: bool, full: bool = False) -> None:
        self.document = document
        self.zone = zone
        self.sender = sender
        self.full = full
        self.trace: list[Written] | None = [] if noting else None
        self.issues: list[Issue] = []
        self.given: list[tuple[str, Node]] = []
        self.roots: list[Instance] = []
        self.covering: CoveringRules | None = None
        self.made: dict[object, Remembered] = {}

    def note(self, written: Written) -> None:
        if self.trace is not None:
            self.trace.append(written)

    def report(
        self, nodes: Sequence[Node], rule: str, severity: Severity, kind: IssueType, text: str, args: dict[str, str]
    ) -> None:
        """Add an issue at the first of the nodes."""
        location = self.document.location(nodes[0]) if nodes and nodes[0].place is not None else Location()
        self.issues.append(Issue(severity, kind, rule, location, text, args))


class Frame(msgspec.Struct):
    """Where a map is at work.

    at      the value it reads: a resource, element, segment or component
    owner   the instance being filled, and through it what stands around
    target  the object being written
    slots   elements made on the way of target paths, by path
    outer   of a type map: the frame that used it
    """

    run: Run
    at: Node
    owner: Instance
    target: Object
    slots: dict[str, Object]
    outer: Frame | None = None


Reader = Callable[[Frame], list[Node]]
"""The populated nodes of a source, in order."""
Holds = Callable[[Frame], bool]
Step = Callable[[Frame], int]
"""A compiled rule: works on a frame and says what it has written (`NOTHING`, `CONSTANT`, `VALUE`)."""
