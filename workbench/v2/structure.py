"""The groups of a message: which segment belongs to which part of its message structure.

A message structure is a grammar (HL7 v2.5.1 2.13): segments and groups in order, some optional, some repeating. A
`Grammar` follows the segments of a message from place to place in it. It never loses one: a segment that has no
place (unknown, Z, out of order) stays where it stands, in the group that is open there, and is marked.

Which places follow which depends on the segment names only, so both the steps and whole messages of the same
shape are remembered; laying out a message seen before costs a few microseconds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from workbench.v2.dictionary import Dictionary, GrammarItem, StructureDefinition, dictionary
from workbench.v2.er7 import Message, Segment

REMEMBERED_SHAPES = 1024
"""Message shapes kept per structure; a busy interface has a few hundred."""

REMEMBERED_LENGTH = 256
"""Segments up to which a shape is worth keeping; longer ones hardly come twice."""

_WILDCARD = "ANYHL7SEGMENT"


class Placement(StrEnum):
    """How a segment stands to the structure of its message."""

    EXPECTED = "expected"
    MISPLACED = "misplaced"
    """The structure knows the segment, but not here."""
    FOREIGN = "foreign"
    """The version knows the segment, the structure does not."""
    LOCAL = "local"
    """A Z segment."""
    UNKNOWN = "unknown"
    """No segment of this version."""
    NO_SEGMENT = "no segment"
    """A line that does not begin with a segment name."""


class MisfitKind(StrEnum):
    """What a message has that its structure does not allow, or lacks that it demands."""

    MISSING_SEGMENT = "missing segment"
    MISSING_GROUP = "missing group"
    TOO_MANY = "too many"
    UNPLACED = "unplaced"


class Misfit(NamedTuple):
    """One difference between a message and its structure.

    name     segment or group; `OBR or RXO` where one of several is missing
    path     groups around it, outermost first: `("PATIENT_RESULT[1]", "ORDER_OBSERVATION[2]")`
    segment  0-based index of the segment it is about; for what is missing, of the one it should follow
    most     how many there may be, for TOO_MANY
    """

    kind: MisfitKind
    name: str
    path: tuple[str, ...]
    segment: int
    placement: Placement = Placement.EXPECTED
    most: int = 0


class SegmentNode(NamedTuple):
    """A segment at its place."""

    segment: Segment
    placement: Placement

    @property
    def name(self) -> str:
        return self.segment.name


@dataclass(slots=True, eq=False)
class GroupNode:
    """A group at its place; the root has the name of the structure.

    index     1-based repetition among the groups of that name in the enclosing group
    children  groups and segments in the order of the message
    """

    name: str
    index: int = 1
    children: list[GroupNode | SegmentNode] = field(default_factory=list)

    def segments(self, name: str = "") -> list[Segment]:
        """The segments that stand directly in this group, misplaced ones included; those of a name if one is given."""
        return [
            child.segment
            for child in self.children
            if isinstance(child, SegmentNode) and (not name or child.segment.name == name)
        ]

    def groups(self, name: str = "") -> list[GroupNode]:
        """The groups that stand directly in this one; those of a name if one is given."""
        return [child for child in self.children if isinstance(child, GroupNode) and (not name or child.name == name)]

    def descend(self, *names: str) -> list[GroupNode]:
        """All groups at a path below this one: `root.descend("PATIENT_RESULT", "ORDER_OBSERVATION")`."""
        level = [self]
        for name in names:
            level = [group for node in level for group in node.groups(name)]
        return level

    def walk(self) -> Iterator[GroupNode | SegmentNode]:
        """Everything below this group, in the order of the message."""
        for child in self.children:
            yield child
            if isinstance(child, GroupNode):
                yield from child.walk()

    def all_segments(self, name: str = "") -> list[Segment]:
        """The segments at any depth, in order."""
        return [
            node.segment
            for node in self.walk()
            if isinstance(node, SegmentNode) and (not name or node.segment.name == name)
        ]


@dataclass(slots=True, eq=False)
class StructureMatch:
    """A message laid out by its structure.

    structure_id  "" when no structure is known; the root is flat then
    misfits       what does not fit, in order of the message
    """

    root: GroupNode
    structure_id: str
    misfits: tuple[Misfit, ...] = ()
    _paths: dict[int, tuple[GroupNode, ...]] | None = None

    def groups_of(self, segment: Segment) -> tuple[GroupNode, ...]:
        """The groups around a segment, outermost first; the root comes first and is always there."""
        if self._paths is None:
            self._paths = {}
            _collect_paths(self.root, (self.root,), self._paths)
        return self._paths[segment.index]

    def group_path(self, segment: Segment) -> str:
        """`PATIENT_RESULT/ORDER_OBSERVATION[2]`; "" directly below the root."""
        groups = self.groups_of(segment)[1:]
        return "/".join(group.name if group.index == 1 else f"{group.name}[{group.index}]" for group in groups)


def group_tree(message: Message, known: Dictionary | None = None, structure_id: str = "") -> StructureMatch:
    """Lay out a message by its structure.

    known         the dictionary to use, by default that of MSH-12
    structure_id  a structure that overrules what the message says
    """
    if known is None:
        known = dictionary(message.version)
    chosen = structure_id or structure_of(message, known)
    names = tuple([segment.name for segment in message.segments])
    if not chosen:
        return _flat(message, known, names)
    layout = _grammar(known, chosen).layout(names)
    return StructureMatch(_build(chosen, layout.steps, message.segments), chosen, layout.misfits)


def structure_of(message: Message, known: Dictionary) -> str:
    """The structure a message has: MSH-9.3 when the version knows it, else by event; "" when neither says."""
    stated = message.structure_id
    if stated and known.structure(stated) is not None:
        return stated
    return known.structure_for(message.message_code, message.trigger_event) or ""


class _Step(NamedTuple):
    """Where one segment goes: keep `depth` open groups, open `opened` (name, repetition) in the last of them."""

    depth: int
    opened: tuple[tuple[str, int], ...]
    placement: Placement


class _Layout(NamedTuple):
    steps: tuple[_Step, ...]
    misfits: tuple[Misfit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """One item of the grammar with the way to it from the root."""

    item: GrammarItem
    parent: _Place | None
    number: int
    depth: int
    children: list[_Place] = field(default_factory=list)

    def first_way_to(self, name: str) -> tuple[_Cost, _Place] | None:
        """The cheapest way to a segment of that name at or below this item, entered from outside."""
        if not self.item.is_group:
            return (_Cost(0, 0), self) if self.item.name == name else None
        best: tuple[_Cost, _Place] | None = None
        missing = skipped = 0
        for child in self.children:
            inner = child.first_way_to(name)
            if inner is not None:
                candidate = (_Cost(inner[0].missing + missing, inner[0].skipped + skipped), inner[1])
                if best is None or candidate[0] < best[0]:
                    best = candidate
            if not self.item.choice:
                missing += child.item.least > 0
                skipped += 1
        return best


class _Cost(NamedTuple):
    """What a step passes over: required items first, then optional ones at the head of a group it opens."""

    missing: int
    skipped: int


class Grammar:
    """One message structure, ready to follow segments through it."""

    def __init__(self, definition: StructureDefinition, known: Dictionary) -> None:
        whole = GrammarItem(definition.id, 1, 1, definition.items)
        self._root = _plan(whole, None, 0, 0)
        self._known = known
        self._names = frozenset(_leaf_names(whole))
        self._steps: dict[tuple[_Place | None, str], tuple[_Place, int] | None] = {}
        self._layouts: OrderedDict[tuple[str, ...], _Layout] = OrderedDict()

    def layout(self, names: tuple[str, ...]) -> _Layout:
        """Where each of the segments of those names goes, and what does not fit."""
        found = self._layouts.get(names)
        if found is None:
            found = self._lay_out(names)
            if len(names) > REMEMBERED_LENGTH:
                return found
            self._layouts[names] = found
            if len(self._layouts) > REMEMBERED_SHAPES:
                self._layouts.popitem(last=False)
        return found

    def _lay_out(self, names: tuple[str, ...]) -> _Layout:
        place: _Place | None = None
        root = _Count(self._root, "", -1)
        trail = [root]  # the open groups, the root first
        steps: list[_Step] = []
        unplaced: list[Misfit] = []
        for index, name in enumerate(names):
            step = self._step(place, name)
            if step is None:
                placement = self._placement(name)
                steps.append(_Step(_visible(trail), (), placement))
                for count in trail:
                    count.strays.add(name)
                path = tuple(count.label for count in trail[1:] if count.label)
                unplaced.append(Misfit(MisfitKind.UNPLACED, name, path, index, placement))
                continue
            place, kept = step
            del trail[kept:]
            depth, opened = _visible(trail), []
            for group in _groups_to(place, kept):
                inner = trail[-1].open(group, index)
                trail.append(inner)
                if inner.label:
                    opened.append((group.item.name, inner.repetition))
            trail[-1].add(place, index)
            steps.append(_Step(depth, tuple(opened), Placement.EXPECTED))
        missing = [misfit for misfit in root.misfits(()) if misfit.name != _WILDCARD]
        misfits = sorted(unplaced + missing, key=lambda misfit: misfit.segment)
        return _Layout(tuple(steps), tuple(misfits))

    def _step(self, place: _Place | None, name: str) -> tuple[_Place, int] | None:
        """The place a segment of that name takes after `place`, and how many open groups stay open."""
        wanted = name if name in self._names else _WILDCARD if self._known.segment(name) else ""
        if wanted not in self._names:
            return None
        key = (place, wanted)
        if key not in self._steps:
            self._steps[key] = self._find_step(place, wanted)
        return self._steps[key]

    def _find_step(self, place: _Place | None, name: str) -> tuple[_Place, int] | None:
        """The best next place: repeat, go on in an open group, or begin a group anew.

        Best is what passes over the fewest required items, then what opens groups at their head, then what
        stays nearest. So an ORC after an order's specimen begins the next order, though the grammar would also
        let it begin a prior result without its patient.
        """
        if place is None:
            way = self._root.first_way_to(name)
            return None if way is None else (way[1], 1)
        best: tuple[tuple[int, int, int, int], _Place, int] | None = None
        distance = passed = 0
        here: _Place = place
        if place.item.name == name and place.item.most != 1:
            return place, place.depth
        while here.parent is not None:
            parent = here.parent
            later = () if parent.item.choice else parent.children[here.number + 1 :]
            for sibling in later:
                way = sibling.first_way_to(name)
                # a group that nothing demands is not begun by a segment from behind a required one
                if way is not None and (not way[0].missing or sibling.item.least > 0):
                    cost = (passed + way[0].missing, way[0].skipped, distance, 0)
                    if best is None or cost < best[0]:
                        best = (cost, way[1], parent.depth + 1)
                passed += sibling.item.least > 0
            if parent.item.most != 1:
                way = parent.first_way_to(name)
                if way is not None and not way[0].missing:
                    cost = (passed, way[0].skipped, distance, 1)
                    if best is None or cost < best[0]:
                        best = (cost, way[1], parent.depth)
            here = parent
            distance += 1
        if best is None:
            return (place, place.depth) if place.item.name == name else None  # once too often, yet at its place
        return best[1:]

    def _placement(self, name: str) -> Placement:
        if not name:
            return Placement.NO_SEGMENT
        if name in self._names:
            return Placement.MISPLACED
        return _standing(name, self._known)


@dataclass(slots=True, eq=False)
class _Count:
    """What has been seen in one open group, to say afterwards what is missing and what is too much.

    label   `OBSERVATION[2]`; "" for the root and for choices, which are no groups of the message
    strays  names that stand in the group or below it without having their place there
    """

    place: _Place
    label: str
    start: int
    repetition: int = 1
    seen: dict[int, list[int]] = field(default_factory=dict)
    inner: dict[int, list[_Count]] = field(default_factory=dict)
    strays: set[str] = field(default_factory=set)

    def open(self, group: _Place, index: int) -> _Count:
        alike = self.inner.setdefault(group.number, [])
        label = "" if group.item.choice else f"{group.item.name}[{len(alike) + 1}]"
        count = _Count(group, label, index, len(alike) + 1)
        alike.append(count)
        self.seen.setdefault(group.number, []).append(index)
        return count

    def add(self, place: _Place, index: int) -> None:
        self.seen.setdefault(place.number, []).append(index)

    def misfits(self, path: tuple[str, ...]) -> Iterator[Misfit]:
        last = self.start
        children = self.place.children
        if self.place.item.choice:
            children = [child for child in children if child.number in self.seen]
        for child in children:
            item, indexes = child.item, self.seen.get(child.number, [])
            if not indexes and item.least and item.name not in self.strays:
                kind = MisfitKind.MISSING_GROUP if item.is_group and not item.choice else MisfitKind.MISSING_SEGMENT
                name = " or ".join(choice.name for choice in item.children) if item.choice else item.name
                yield Misfit(kind, name, path, max(last, 0))
            if item.most and len(indexes) > item.most:
                yield Misfit(MisfitKind.TOO_MANY, item.name, path, indexes[item.most], most=item.most)
            for count in self.inner.get(child.number, ()):
                yield from count.misfits((*path, count.label) if count.label else path)
            if indexes:
                last = indexes[-1]


def _plan(item: GrammarItem, parent: _Place | None, number: int, depth: int) -> _Place:
    place = _Place(item, parent, number, depth)
    place.children.extend(_plan(child, place, n, depth + 1) for n, child in enumerate(item.children))
    return place


def _leaf_names(item: GrammarItem) -> Iterator[str]:
    if not item.is_group:
        yield item.name
    for child in item.children:
        yield from _leaf_names(child)


def _groups_to(place: _Place, kept: int) -> list[_Place]:
    """The groups between the `kept` outermost ones and a leaf."""
    groups: list[_Place] = []
    here = place.parent
    while here is not None and here.depth >= kept:
        groups.append(here)
        here = here.parent
    return groups[::-1]


def _visible(trail: list[_Count]) -> int:
    """How many of the open groups are groups of the message: the root and every one that is no mere choice."""
    return 1 + sum(1 for count in trail if count.label)


def _standing(name: str, known: Dictionary) -> Placement:
    if name.startswith("Z"):
        return Placement.LOCAL
    return Placement.FOREIGN if known.segment(name) else Placement.UNKNOWN


_GRAMMARS: dict[tuple[str, str], Grammar] = {}


def _grammar(known: Dictionary, structure_id: str) -> Grammar:
    key = (known.version, structure_id)
    found = _GRAMMARS.get(key)
    if found is None:
        definition = known.structure(structure_id)
        if definition is None:
            raise KeyError(f"HL7 v{known.version} has no structure {structure_id}")
        found = _GRAMMARS[key] = Grammar(definition, known)
    return found


def _build(name: str, steps: tuple[_Step, ...], segments: tuple[Segment, ...]) -> GroupNode:
    root = GroupNode(name)
    trail = [root]
    for (depth, opened, placement), segment in zip(steps, segments, strict=True):
        del trail[depth:]
        for group, repetition in opened:
            node = GroupNode(group, repetition)
            trail[-1].children.append(node)
            trail.append(node)
        trail[-1].children.append(SegmentNode(segment, placement))
    return root


def _flat(message: Message, known: Dictionary, names: tuple[str, ...]) -> StructureMatch:
    root = GroupNode("")
    misfits: list[Misfit] = []
    for index, (name, segment) in enumerate(zip(names, message.segments, strict=True)):
        placement = _standing(name, known) if name else Placement.NO_SEGMENT
        if placement in (Placement.UNKNOWN, Placement.NO_SEGMENT):
            misfits.append(Misfit(MisfitKind.UNPLACED, name, (), index, placement))
        else:
            placement = Placement.LOCAL if placement is Placement.LOCAL else Placement.EXPECTED
        root.children.append(SegmentNode(segment, placement))
    return StructureMatch(root, "", tuple(misfits))


def _collect_paths(group: GroupNode, path: tuple[GroupNode, ...], found: dict[int, tuple[GroupNode, ...]]) -> None:
    for child in group.children:
        if isinstance(child, GroupNode):
            _collect_paths(child, (*path, child), found)
        else:
            found[child.segment.index] = path
