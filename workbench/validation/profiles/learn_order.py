"""Making sure that a learnt structure accepts the messages it was learnt from.

The structure of the standard and the order in which a sender writes can disagree. Where a demand is at odds with
the messages it is dropped; where the order itself is, any order of the segments seen is allowed, and it is said so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from workbench.v2.delimiters import STANDARD
from workbench.validation.profiles.compile import compile_profile
from workbench.validation.profiles.layout import lay_out
from workbench.validation.profiles.learn_structure import segment_names
from workbench.validation.profiles.model import (
    Cardinality,
    GroupUse,
    Member,
    MessageProfile,
    Profile,
    Segment,
    SegmentUse,
    Usage,
)

Shape = tuple[str, ...]
"""The names of the segments of a message, in order."""
_ROUNDS = 4
ANY_ORDER = "SEGMENTS"


def accepting(message: MessageProfile, shapes: Collection[Shape]) -> MessageProfile:
    """The message profile, loosened until it accepts these shapes (but for lines that are no segments)."""
    for _ in range(_ROUNDS):
        wrong = _differences(message, shapes)
        if not wrong:
            return message
        if any(rule == "V2-0521" for rule, _ in wrong):
            return _in_any_order(message, shapes)
        message = replace(message, members=tuple(_loosened(member, wrong) for member in message.members))
    return _in_any_order(message, shapes)


def _differences(message: MessageProfile, shapes: Collection[Shape]) -> set[tuple[str, str]]:
    """Rule and member of everything that does not fit."""
    names = set(segment_names(message.members))
    profile = Profile("", "", "", (message,), {name: Segment(name, name) for name in names}, {})
    plan = compile_profile(profile, message, STANDARD)
    return {
        (each.rule, each.name) for shape in shapes for each in lay_out(plan, shape).misplaced if each.rule != "V2-0522"
    }


def _loosened(member: Member, wrong: set[tuple[str, str]]) -> Member:
    rules = {rule for rule, name in wrong if name == member.name}
    usage, limits = member.usage, member.cardinality
    if rules & {"V2-0501", "V2-0506"}:
        usage, limits = Usage.O, Cardinality(0, limits.most)
    if "V2-0505" in rules:
        limits = Cardinality(limits.least, None)
    if isinstance(member, SegmentUse):
        return replace(member, usage=usage, cardinality=limits)
    inner = tuple(_loosened(each, wrong) for each in member.members)
    return replace(member, usage=usage, cardinality=limits, members=inner)


def _in_any_order(message: MessageProfile, shapes: Collection[Shape]) -> MessageProfile:
    names = sorted({name for shape in shapes for name in shape if name and name != "MSH"})
    inside: tuple[Member, ...] = tuple(SegmentUse(name, name, Usage.O, Cardinality(0, None)) for name in names)
    header = SegmentUse("MSH", "MSH", Usage.R, Cardinality(1, 1))
    group = GroupUse(f"{message.id}.{ANY_ORDER}", ANY_ORDER, inside, Usage.O, Cardinality(0, None))
    note = f"{message.name}; their segments come in more than one order, so any order is allowed"
    return replace(message, name=note, members=(header, group))
