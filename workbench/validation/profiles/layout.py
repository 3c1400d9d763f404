"""Where each segment of a message belongs in the structure of a profile.

The profile's members are filled in order. A group begins with one of the segments it may begin with; a required
group also begins with any of its segments, so that what is missing at its head is told there. A segment whose name
the profile does not use is unexpected and passed over. A segment that is used but comes too late stops the filling:
it and what follows has no place.

The outcome depends on the names alone and is remembered by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.validation.profiles.model import Usage
from workbench.validation.profiles.plan import GroupPlan, MemberPlan, MessagePlan

REMEMBERED_SHAPES = 512
REMEMBERED_LENGTH = 256


@dataclass(slots=True, eq=False)
class Shape:
    """A group as it stands in a message: for each place of its plan the segments (by index) or groups there."""

    plan: GroupPlan
    number: int
    start: int
    content: dict[int, list[int | Shape]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Misplacement:
    """A difference between message and structure: its rule, the member or segment, and the segment it is told at."""

    rule: str
    name: str
    segment: int
    count: int = 0
    limits: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """The message laid out, and what does not fit; `unplaced` are indexes of segments."""

    root: Shape
    misplaced: tuple[Misplacement, ...]


def lay_out(plan: MessagePlan, names: tuple[str, ...]) -> Layout:
    """The layout of a message whose segments have these names; "" is a line that is no segment."""
    found = plan.layouts.get(names)
    if found is None:
        found = _lay_out(plan, names)
        if len(names) <= REMEMBERED_LENGTH:
            if len(plan.layouts) >= REMEMBERED_SHAPES:
                plan.layouts.clear()
            plan.layouts[names] = found
    return found


def _lay_out(plan: MessagePlan, names: tuple[str, ...]) -> Layout:
    misplaced = [Misplacement("V2-0522", "", n) for n, name in enumerate(names) if not name]
    queue = [(n, name) for n, name in enumerate(names) if name in plan.names]
    misplaced += [Misplacement("V2-0521", name, n) for n, name in enumerate(names) if name and name not in plan.names]
    root = Shape(plan.root, 1, 0)
    rest = _fill(root, queue, 0)
    misplaced += [Misplacement("V2-0521", name, n) for n, name in queue[rest:]]
    misplaced += _judge_group(root)
    return Layout(root, tuple(misplaced))


def _fill(shape: Shape, queue: Sequence[tuple[int, str]], at: int, again: frozenset[str] = frozenset()) -> int:
    """Put segments into a group, from `at` on; returns where the next member of the enclosing group goes on.

    again  names that begin the next instance of this group or of one around it
    """
    for place, member in enumerate(shape.plan.members, start=1):
        there: list[int | Shape] = []
        while at < len(queue) and _begins(member, queue[at][1]):
            if member.group is None:
                if there and _is_full(member, there) and queue[at][1] in again:
                    break
                there.append(queue[at][0])
                at += 1
                continue
            inner = Shape(member.group, len(there) + 1, queue[at][0])
            after = _fill(inner, queue, at, again | member.heads if member.cardinality.most != 1 else again)
            if after == at:
                break
            there.append(inner)
            at = after
        if there:
            shape.content[place] = there
    return at


def _is_full(member: MemberPlan, there: list[int | Shape]) -> bool:
    return member.cardinality.most is not None and len(there) >= member.cardinality.most


def _begins(member: MemberPlan, name: str) -> bool:
    return name in member.heads or (member.usage is Usage.R and name in member.inside)


def _judge_group(shape: Shape) -> list[Misplacement]:
    found: list[Misplacement] = []
    for place, member in enumerate(shape.plan.members, start=1):
        there = shape.content.get(place, [])
        if not there:
            if member.usage is Usage.R:
                found.append(Misplacement("V2-0501", member.name, shape.start))
            elif member.usage is Usage.RE:
                found.append(Misplacement("V2-0502", member.name, shape.start))
            continue
        if member.usage in (Usage.X, Usage.W):
            rule = "V2-0503" if member.usage is Usage.X else "V2-0504"
            found.extend(Misplacement(rule, member.name, _start(each)) for each in there)
        else:
            found.extend(_judge_number(member, there))
        for each in there:
            if isinstance(each, Shape):
                found.extend(_judge_group(each))
    return found


def _judge_number(member: MemberPlan, there: list[int | Shape]) -> list[Misplacement]:
    limits, count = member.cardinality, len(there)
    if limits.most is not None and count > limits.most:
        return [Misplacement("V2-0505", member.name, _start(there[-1]), count, str(limits))]
    if count < limits.least:
        return [Misplacement("V2-0506", member.name, _start(there[-1]), count, str(limits))]
    return []


def _start(each: int | Shape) -> int:
    return each if isinstance(each, int) else each.start
