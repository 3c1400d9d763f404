"""A message laid out by a profile: the elements that statements speak about.

Places are counted as the profile counts them. A member that is empty is not there; `""` is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workbench.v2.delimiters import NULL, Delimiters
from workbench.v2.er7 import Segment
from workbench.v2.escapes import unescape
from workbench.validation.profiles.expressions import Step
from workbench.validation.profiles.plan import GroupPlan, MemberPlan, SegmentPlan, ValuePlan


class Place(NamedTuple):
    """Where in a segment: 1-based numbers, 0 is the whole of the level above."""

    field: int = 0
    repetition: int = 0
    component: int = 0
    subcomponent: int = 0


@dataclass(slots=True, eq=False)
class ValueNode:
    """A repetition of a field, a component or a subcomponent; `text` is as it is written and not empty."""

    plan: ValuePlan
    segment: Segment | None
    place: Place
    text: str
    delimiters: Delimiters

    @property
    def primitive(self) -> bool:
        return not self.plan.parts

    @property
    def value(self) -> str:
        return self.text if self.plan.literal else unescape(self.text, self.delimiters)

    def members(self, step: Step) -> list[ValueNode]:
        if step.instance > 1 or step.place > len(self.plan.parts):
            return []
        found = self.member(step.place)
        return [found] if found is not None else []

    def member(self, place: int) -> ValueNode | None:
        """The component or subcomponent at a place of the type, None when it is empty; null has no parts."""
        if self.text == NULL:
            return None
        parts = split_value(self.text, self.place, self.delimiters)
        if place > len(parts) or not has_content(parts[place - 1], self.delimiters):
            return None
        inner = below(self.place, place)
        return ValueNode(self.plan.parts[place - 1], self.segment, inner, parts[place - 1], self.delimiters)


@dataclass(slots=True, eq=False)
class SegmentNode:
    """A segment; `number` counts it among its like in its group."""

    plan: SegmentPlan
    segment: Segment
    number: int
    delimiters: Delimiters

    def members(self, step: Step) -> list[ValueNode]:
        position = step.place
        fields = self.segment.fields
        if position >= len(fields) or position > len(self.plan.fields) or not fields[position]:
            return []
        found: list[ValueNode] = []
        for number, text in enumerate(self.plan.repetitions(position, fields[position]), start=1):
            if (not step.instance or step.instance == number) and has_content(text, self.delimiters):
                plan = self.plan.value_plan(position, number, fields)
                found.append(ValueNode(plan, self.segment, Place(position, number), text, self.delimiters))
        return found


@dataclass(slots=True, eq=False)
class GroupNode:
    """A group, or the message: `content[place]` are the instances of the member at that place.

    start  index of the segment the group begins with
    texts, levels  values and elements by path, which several statements ask for
    """

    plan: GroupPlan
    number: int
    start: int
    content: dict[int, list[GroupNode | SegmentNode]]
    texts: dict[tuple[Step, ...], list[str] | None] = field(default_factory=dict)
    levels: dict[tuple[Step, ...], Level] = field(default_factory=dict)

    def members(self, step: Step) -> list[GroupNode | SegmentNode]:
        found = self.content.get(step.place, [])
        if not step.instance:
            return found
        return found[step.instance - 1 : step.instance]

    def member_plan(self, place: int) -> MemberPlan | None:
        return self.plan.members[place - 1] if place <= len(self.plan.members) else None


Node = ValueNode | SegmentNode | GroupNode
Level = tuple[list[GroupNode | SegmentNode], tuple[Step, ...]]


def resolve(node: Node, steps: Iterable[Step]) -> list[Node]:
    """Every element at a path below a node."""
    level: list[Node] = [node]
    for step in steps:
        level = [member for each in level for member in each.members(step)]
        if not level:
            return level
    return level


def texts_at(node: Node, steps: tuple[Step, ...]) -> Sequence[str] | None:
    """The values at a path, remembered; None when one of them has parts or is no value."""
    if isinstance(node, SegmentNode):
        return _remembered(node, steps) if steps else None
    if isinstance(node, ValueNode):
        return _plain_texts(resolve(node, steps))
    if len(steps) == 2:
        there = node.content.get(steps[0].place)
        if there is None:
            return ()
        if len(there) == 1 and isinstance(there[0], SegmentNode) and steps[0].instance <= 1:
            return _remembered(there[0], steps[1:])
    if steps not in node.texts:
        node.texts[steps] = _texts_below(node, steps)
    return node.texts[steps]


def _texts_below(node: GroupNode, steps: tuple[Step, ...]) -> list[str] | None:
    level, tail = segments_at(node, steps)
    if not tail:
        return None if level else []
    found: list[str] = []
    for each in level:
        texts = _remembered(each, tail) if isinstance(each, SegmentNode) else None
        if texts is None:
            return None
        found.extend(texts)
    return found


def value_at(node: Node, steps: tuple[Step, ...], number: int) -> Node:
    """The element whose text is number `number` (from 0) of `texts_at`."""
    if isinstance(node, GroupNode):
        level, tail = segments_at(node, steps)
        for each in level:
            texts = _remembered(each, tail) if isinstance(each, SegmentNode) else None
            if texts is None or number < len(texts):
                return resolve(each, tail)[number]
            number -= len(texts)
    return resolve(node, steps)[number]


def segments_at(node: GroupNode, steps: tuple[Step, ...]) -> Level:
    """The elements at the part of a path that leads through groups, and the rest of the path."""
    found = node.levels.get(steps)
    if found is None:
        found = node.levels[steps] = _segments_below(node, steps)
    return found


def _segments_below(node: GroupNode, steps: tuple[Step, ...]) -> Level:
    level: list[GroupNode | SegmentNode] = [node]
    for number, step in enumerate(steps):
        if not level or isinstance(level[0], SegmentNode):
            return level, steps[number:]
        if len(level) == 1 and isinstance(level[0], GroupNode):
            level = level[0].members(step)
        else:
            level = [member for each in level if isinstance(each, GroupNode) for member in each.members(step)]
    return level, ()


def _remembered(node: SegmentNode, tail: tuple[Step, ...]) -> tuple[str, ...] | None:
    position, fields = tail[0].place, node.segment.fields
    raw = fields[position] if position < len(fields) else ""
    if not raw:
        return ()
    if position in node.plan.dynamic:
        plain = _plain_texts(resolve(node, tail))
        return None if plain is None else tuple(plain)
    memory = node.plan.texts.setdefault(tail, {})
    if raw in memory:
        return memory[raw]
    plain = _plain_texts(resolve(node, tail))
    found = None if plain is None else tuple(plain)
    if len(memory) >= _REMEMBERED:
        memory.clear()
    if len(raw) <= _REMEMBERED_LENGTH:
        memory[raw] = found
    return found


def _plain_texts(nodes: list[Node]) -> list[str] | None:
    values = [node.value for node in nodes if isinstance(node, ValueNode) and node.primitive]
    return values if len(values) == len(nodes) else None


_REMEMBERED = 1024
_REMEMBERED_LENGTH = 128


def below(place: Place, number: int) -> Place:
    """The place of a part of the value at `place`."""
    if not place.component:
        return Place(place.field, place.repetition or 1, number)
    return Place(place.field, place.repetition, place.component, number)


def split_value(text: str, place: Place, delimiters: Delimiters) -> list[str]:
    """The parts of a value at that level; below subcomponents nothing is split."""
    separator = "" if place.subcomponent else delimiters.subcomponent if place.component else delimiters.component
    return text.split(separator) if separator else [text]


def has_content(text: str, delimiters: Delimiters) -> bool:
    """True when there is more than separators."""
    if not text:
        return False
    first = text[0]
    if first != delimiters.component and first != delimiters.subcomponent:
        return True
    return bool(text.strip(delimiters.component + delimiters.subcomponent))
