"""Which segments and groups messages have, in which order and how often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from workbench.v2.dictionary import Dictionary, GrammarItem
from workbench.v2.structure import GroupNode, Placement, SegmentNode
from workbench.validation.profiles.model import Cardinality, GroupUse, Member, SegmentUse, Usage

Key = tuple[int, str, str]
"""Place in the standard's order (-1 for a segment that has none there), what it follows then, and its name."""


@dataclass(slots=True)
class MemberStats:
    """How often a member stood in its group; `owners` counts the instances of the group that had it."""

    name: str
    owners: int = 0
    fewest: int = 1_000_000_000
    most: int = 0
    group: GroupStats | None = None


@dataclass(slots=True)
class GroupStats:
    """What was seen of a group, or of a kind of message."""

    count: int = 0
    members: dict[Key, MemberStats] = field(default_factory=dict)
    order: list[Key] = field(default_factory=list)

    def add(self, node: GroupNode, items: tuple[GrammarItem, ...]) -> None:
        """Count one instance."""
        self.count += 1
        seen: dict[Key, int] = {}
        rank, previous = 0, ""
        for child in node.children:
            key, rank = _key(child, items, rank, previous)
            previous = f"{key[0]} {key[1]} {key[2]}"
            if key not in self.members:
                self.members[key] = MemberStats(key[2])
                self._place(key, previous_of=key)
            seen[key] = seen.get(key, 0) + 1
            if isinstance(child, GroupNode):
                member = self.members[key]
                member.group = member.group or GroupStats()
                member.group.add(child, items[key[0]].children if key[0] >= 0 else ())
        for key, number in seen.items():
            member = self.members[key]
            member.owners += 1
            member.fewest, member.most = min(member.fewest, number), max(member.most, number)

    def _place(self, key: Key, previous_of: Key) -> None:
        """Keep the members in order: those of the standard by their place, others behind what they follow."""
        rank, follows, _ = previous_of
        if rank >= 0:
            at = next((n for n, known in enumerate(self.order) if known[0] > rank), len(self.order))
        else:
            names = [f"{k[0]} {k[1]} {k[2]}" for k in self.order]
            at = names.index(follows) + 1 if follows in names else 0
        self.order.insert(at, key)

    def learnt(self, path: str) -> tuple[Member, ...]:
        """The members as a profile states them."""
        return tuple(self._member(self.members[key], path) for key in self.order)

    def _member(self, stats: MemberStats, path: str) -> Member:
        usage = Usage.R if stats.owners == self.count else Usage.O
        least = stats.fewest if usage is Usage.R else 0
        if stats.group is None:
            return SegmentUse(stats.name, stats.name, usage, Cardinality(least, stats.most))
        id_ = f"{path}.{stats.name}"
        most = None if stats.most > 1 else 1
        return GroupUse(id_, stats.name, stats.group.learnt(id_), usage, Cardinality(min(least, 1), most))


def _key(child: GroupNode | SegmentNode, items: tuple[GrammarItem, ...], rank: int, previous: str) -> tuple[Key, int]:
    """The key of a child, and the place from which the next one is looked for."""
    if isinstance(child, GroupNode) or child.placement is Placement.EXPECTED:
        for place in range(rank, len(items)):
            if child.name in _names_at(items[place]):
                return (place, "", child.name), place
    return (-1, _stem(previous, child.name), child.name), rank


def _stem(previous: str, name: str) -> str:
    """What a segment without a place follows; one that repeats follows what its first one did."""
    parts = previous.rsplit(" ", 1)
    if len(parts) == 2 and parts[1] == name and previous.startswith("-1 "):
        return parts[0].removeprefix("-1 ")
    return previous


def _names_at(item: GrammarItem) -> set[str]:
    return {child.name for child in item.children} if item.choice else {item.name}


def items_of(known: Dictionary, structure_id: str) -> tuple[GrammarItem, ...]:
    """The order of a message structure in the standard; nothing when it is not known."""
    definition = known.structure(structure_id) if structure_id else None
    return definition.items if definition else ()


def segment_names(members: tuple[Member, ...]) -> Iterator[str]:
    """Every segment name below these members."""
    for member in members:
        if isinstance(member, SegmentUse):
            yield member.name
        else:
            yield from segment_names(member.members)
