"""What a compiled mapping works with while it runs over one message."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from workbench.kernel.issues import Issue
from workbench.mapping.engine.scope import GroupScope, Instance, LaidOut, Resource, Scope, Search, SegmentScope
from workbench.mapping.engine.template import Template
from workbench.mapping.model import Json, Write
from workbench.mapping.values import Zone
from workbench.terminology.code_map import CodeMapRow
from workbench.v2.delimiters import Delimiters
from workbench.v2.er7 import Message
from workbench.v2.escapes import unescape

NOTHING, CONSTANT, VALUE = 0, 1, 2
"""What a rule has written: nothing, only constants, or something the message says."""


class Node(msgspec.Struct, frozen=True, gc=False):
    """A populated place of the source.

    level  0 segment, 1 repetition of a field, 2 component, 3 subcomponent
    """

    raw: str
    level: int
    segment: SegmentScope
    field: int = 0
    repetition: int = 0
    component: int = 0
    subcomponent: int = 0


class Part(msgspec.Struct, frozen=True, gc=False):
    """A node less its segment, so that what is remembered holds no message.

    header  it stands in the message's MSH, not in the segment at hand
    """

    raw: str
    level: int
    field: int
    repetition: int
    component: int
    subcomponent: int
    header: bool


def number_of(node: Node, whole: bool) -> int:
    """The place number of a node, or of its first leaf."""
    component, subcomponent = node.component, node.subcomponent
    if not whole or node.level > 2:
        component, subcomponent = component or 1, subcomponent or 1
    return place_number(node.field, node.repetition, component, subcomponent)


class RuleName(NamedTuple):
    """Which rule of which map."""

    map: str
    rule: str


class Outcome(NamedTuple):
    """How a traced write ended; `fate_rank` orders them for the ledger."""

    text: str
    written: bool
    preserved: bool = False


COPIED = Outcome("copied", True)
TRANSLATED = Outcome("translated", True)
LITERAL = Outcome("literal", True)
DEFAULTED = Outcome("default", True)
REFERENCED = Outcome("reference", True)
DELETED = Outcome("deleted", True)
ACCOUNTED = Outcome("accounted for", True)
KEPT = Outcome("kept", True, preserved=True)
UNVALIDATED = Outcome("kept unvalidated", True, preserved=True)
MISFIT = Outcome("kept as text", True, preserved=True)
OCCUPIED = Outcome("place taken", False)
OMITTED = Outcome("no map", False)


class Written(msgspec.Struct, frozen=True):
    """One traced write: which rule took what from where to where.

    whole      True when everything below the nodes was taken, else the first leaf of each
    container  the object written to; `item` is its number when `key` holds a list
    """

    rule: RuleName
    nodes: tuple[Node, ...]
    whole: bool
    container: dict[str, Json] | None
    key: str
    item: int | None
    outcome: Outcome
    row: CodeMapRow | None = None
    note: str = ""


Way = tuple[str | int, ...]
"""Keys and numbers from an element to an object below it."""


class Note(msgspec.Struct, frozen=True):
    """A traced write less the message, by which it is noted again for other places (`retracing`).

    nodes  where it was noted first
    owner  which object holds the container: 0 the element that was filled, then the resources made on the way, in the
           order in which that began; -1 when there is no container
    way    from the owner to the container
    """

    rule: RuleName
    nodes: tuple[Part, ...]
    whole: bool
    owner: int
    way: Way
    key: str
    item: int | None
    outcome: Outcome
    row: CodeMapRow | None
    note: str


COMPONENTS, REPETITIONS, FIELDS = 24, 48, 72
"""Where the numbers of a place stand in its `place_number`, in bits; the subcomponent stands at 0."""

LONGEST_NUMBERED = 1 << COMPONENTS
"""A message shorter than this, in bytes, has no more parts of a kind than a place number can tell apart."""


def place_number(field: int, repetition: int, component: int = 0, subcomponent: int = 0) -> int:
    """A place in a segment as one number; 0 for what is below the place."""
    return field << FIELDS | repetition << REPETITIONS | component << COMPONENTS | subcomponent


_NEVER = "\0"
"""Stands for a delimiter the message does not declare."""


class Given(msgspec.Struct, frozen=True):
    """Which maps with ignore or keep rules were given which parts of a segment or value.

    fields     the fields of the segment itself that those are parts of
    of_header  those of MSH
    """

    parts: tuple[tuple[str, Part], ...]
    fields: frozenset[int]
    of_header: frozenset[int]


class Remembered(msgspec.Struct, frozen=True):
    """What a value has become.

    leaves  the places whose values were written, less the place of the value; only where values may be kept
    made    resources made of parts of the value, in order
    notes   in traced runs: what was written
    whole   every populated leaf of the value was written
    """

    written: int
    element: Template
    leaves: tuple[int, ...]
    given: Given
    made: tuple[Recipe, ...]
    notes: tuple[Note, ...] = ()
    whole: bool = False


class Recipe(msgspec.Struct, frozen=True):
    """A resource that a value makes: what it takes to make it again; `search` as in `scope.Instance`."""

    key: tuple[str, str, str]
    full_url: str
    resource: Template
    search: Search
    name: str
    write: Write
    content: Remembered


class Again(msgspec.Struct, frozen=True):
    """Notes that hold again for other places, before they are written out (`retracing.write_out`).

    roots    the copies of the element and of the resources made
    value    the value that was remembered, None for rules of a segment
    target   what the element's content has gone into
    offsets  how many items the target's lists held before
    texts    the raw texts of copied parts, which differ from value to value, with what is to be said of each: by number
             of the component, or of the field where there is no value
    """

    notes: Sequence[Note]
    roots: Sequence[Resource]
    segment: SegmentScope
    value: Node | None
    target: Resource
    offsets: Mapping[str, int]
    texts: Mapping[int, tuple[str, str]]


class GivenAgain(msgspec.Struct, frozen=True):
    """What maps were given, noted for another place before it is written out (`retracing.given_nodes`).

    value  as in `Again`
    """

    given: Given
    segment: SegmentScope
    value: Node | None


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A reference to be tied when the whole message has been read.

    container, key  where it goes; `slot` is the placeholder that stands there
    """

    container: dict[str, Json]
    key: str
    repeats: bool
    slot: dict[str, Json]
    scope: Scope
    name: str
    owner: Instance | None
    rule: RuleName


class Marks(NamedTuple):
    """What stands between values in the texts of a message; a character that stands nowhere for what it does not
    declare.

    separators  component and subcomponent
    special     finds any of them in a text
    """

    component: str
    subcomponent: str
    separators: str
    repetition: str
    escape: str
    special: Callable[[str], object]


@lru_cache(maxsize=64)
def marks_of(delimiters: Delimiters) -> Marks:
    component, subcomponent = delimiters.component or _NEVER, delimiters.subcomponent or _NEVER
    repetition, escape = delimiters.repetition or _NEVER, delimiters.escape or _NEVER
    separators = delimiters.component + delimiters.subcomponent
    special = re.compile(f"[{re.escape(separators + repetition + escape)}]").search
    return Marks(component, subcomponent, separators, repetition, escape, special)


class Run(msgspec.Struct, eq=False):
    """One message on its way through a mapping.

    trace    what was written from where; None in fast mode
    keeping  values may be kept: the places whose values were written go to `SegmentScope.taken`
    noting   there is a trace, or values may be kept
    given    where values may be kept: which type map with ignore or keep rules was given which value
    dropped  elements that found their place taken
    whole    the value written last from memory, when all its leaves were
    awaited  the value whose leaves need not be taken one by one when it is `whole`
    uneven   two views of one resource differed, so that not all that was taken may have arrived
    context  a number for everything but a value's text on which its meaning depends
    key      what tells the message from others; `name` is the same as part of a name (`identity.name_of`)
    made     while the making of a value is being remembered: the resources made of its parts, None for one that
             cannot be made from memory
    waiting  instances by name that are registered nowhere yet, with the scope each was made in
    looked_up  the names under which the package looks instances up; others are made known to nobody
    settled  names of which instances have been registered
    same     resources that are in the bundle with all that one text says of them: identity, text and what was made;
             each with the segment in which it was made known last
    afresh   nothing is taken from memory
    copies   in traced runs: what was made of resources before it was merged, in the order in which that began
    """

    message: Message
    delimiters: Delimiters
    laid_out: LaidOut
    zone: Zone
    looked_up: Container[str]
    keeping: bool
    noting: bool
    trace: list[Written | Again] | None
    afresh: bool
    component: str
    subcomponent: str
    separators: str
    repetition: str
    escape: str
    special: Callable[[str], object]
    sender: str = ""
    key: tuple[str, ...] = ()
    name: str = ""
    context: int = 0
    bundle: Resource = {}
    order: list[Instance] = []
    by_identity: dict[str, Instance] = {}
    pending: list[Pending] = []
    issues: list[Issue] = []
    waiting: dict[str, list[tuple[Scope, Instance]]] = {}
    settled: set[str] = set()
    same: dict[tuple[str, str, str], Scope] = {}
    made: list[Recipe | None] | None = None
    given: list[tuple[str, Node] | GivenAgain] = []
    whole: Node | None = None
    awaited: Node | None = None
    uneven: bool = False
    dropped: list[dict[str, Json]] = []
    aliases: dict[int, tuple[dict[str, Json], dict[str, Json]]] = {}
    copies: list[Resource] = []

    def __repr__(self) -> str:
        return f"<Run of {len(self.laid_out.segments)} segments>"  # not what a patient's message says

    @classmethod
    def of(
        cls,
        message: Message,
        laid_out: LaidOut,
        zone: Zone,
        looked_up: Container[str],
        noting: bool = False,
        full: bool = False,
        afresh: bool = False,
    ) -> Run:
        """noting  values may be kept; full  with a trace"""
        delimiters = message.delimiters
        marks = marks_of(delimiters)
        trace: list[Written | Again] | None = [] if full else None
        return cls(message, delimiters, laid_out, zone, looked_up, noting, noting or full, trace, afresh, *marks)

    def make_known(self, instance: Instance, scope: Scope) -> None:
        """Make an instance known in a scope and around it, once somebody asks for one of its name; most have names
        that nobody asks for."""
        if instance.name in self.looked_up:
            self.waiting.setdefault(instance.name, []).append((scope, instance))

    def find(self, name: str, scope: Scope, besides: str = "") -> list[Instance]:
        """As `Scope.find`."""
        assert name in self.looked_up, name  # others were not registered, so that a reference would vanish
        one = self.seen_everywhere(name)
        if one is None:
            return scope.find(name, besides) if name in self.settled else []
        return [one] if one.identity != besides else []

    def seen_everywhere(self, name: str) -> Instance | None:
        """The only instance of a name, where it was made in groups without other repetitions, so that every place
        finds it; None when it takes a look, for which all of the name are registered."""
        waiting = self.waiting.get(name)
        if waiting is None:
            return None
        if len(waiting) == 1 and name not in self.settled:
            ((scope, instance),) = waiting
            if scope.outer is not None and scope.outer.alone:
                return instance
        self.settled.add(name)
        for scope, instance in self.waiting.pop(name):
            scope.register(instance)
        return None

    def take(self, nodes: Iterable[Node], whole: bool) -> None:
        """Note in fast mode that the values of nodes were written: all of each, or the first leaf of each."""
        if self.keeping:
            for node in nodes:
                node.segment.taken.add(number_of(node, whole))

    def text_of(self, node: Node) -> str:
        """The unescaped text of a node: its first leaf."""
        raw, level = node.raw, node.level
        if level < 2 and self.component in raw:
            raw = raw.split(self.component, 1)[0]
        if level < 3 and self.subcomponent in raw:
            raw = raw.split(self.subcomponent, 1)[0]
        return unescape(raw, self.delimiters) if self.escape in raw else raw

    def whole_text_of(self, node: Node) -> str:
        """The unescaped text of a node with its separators."""
        return unescape(node.raw, self.delimiters)

    def parts_of(self, node: Node) -> list[str]:
        """The raw texts one level below, counted from 1; the node's own stands at 0."""
        raw = node.raw
        separator = self.component if node.level == 1 else self.subcomponent
        return [raw, *raw.split(separator)] if node.level < 3 else [raw, raw]


SlotList = list[dict[str, Json] | None]


class Frame(msgspec.Struct, gc=False):
    """Where a map is at work: what it reads, and the element it fills.

    scope   the segment of the value or row; of a row for a group, the group
    parts   raw texts counted from 1: fields, components or subcomponents
    node    the value at hand, None in a segment map
    slots   elements made on the way of target paths, by the number the compiler gave them
    outer   of a type map: the frame that used it
    owner   the instance being filled
    """

    run: Run
    scope: SegmentScope | GroupScope
    parts: list[str]
    node: Node | None
    target: Resource
    slots: SlotList
    outer: Frame | None
    owner: Instance | None


Step = Callable[[Frame], int]
"""A compiled rule: works on a frame and says what it has written."""
