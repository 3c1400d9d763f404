"""Which `ignore` and `keep` rules cover which values of a message."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from workbench.kernel.errors import Refused
from workbench.mapping.conditions import V2_TYPES, SyntaxProblem, read_condition
from workbench.mapping.engine.compile_source import Holds, holds
from workbench.mapping.engine.ledger import Leaf
from workbench.mapping.engine.retracing import given_nodes
from workbench.mapping.engine.running import Frame, Node, Run
from workbench.mapping.engine.scope import SegmentScope, field_bit
from workbench.mapping.model import LedgerRule, MessageMap, Package
from workbench.v2.er7 import HEADERS, Message

_PATTERN = re.compile(r"([A-Z*][A-Z0-9]*\*?)(?:-(\d+))?(?:\.(\d+))?(?:\.(\d+))?")

REMEMBERED_FIELDS = 4096
"""Fields whose patterns are kept at hand."""


@dataclass(frozen=True)
class Cover:
    """One pattern of a ledger rule.

    map    the segment or type map it stands in, "" when it holds for every message
    place  field, component, subcomponent, as far as given; of a value: component, subcomponent
    """

    rule: LedgerRule
    map: str
    name: str
    in_value: bool
    place: tuple[int, ...]
    when: Holds | None

    def names(self, segment: str) -> bool:
        if self.name.endswith("*"):
            return segment.startswith(self.name[:-1])
        return segment == self.name

    def always(self, scope: SegmentScope) -> bool:
        """True when the pattern holds for the segment, whatever the message says."""
        return self.when is None and (not self.map or self.map in scope.maps)

    def covers(self, scope: SegmentScope, leaf: Leaf) -> bool:
        """True when the pattern means a leaf of the segment, which it names, its condition left out."""
        if self.map and self.map not in scope.maps:
            return False
        _, number, _, component, subcomponent = leaf
        return (number, component, subcomponent)[: len(self.place)] == self.place


class Patterns:
    """The patterns of all ignore rules, or of all keep rules, found by segment name or by map."""

    def __init__(self, covers: Iterable[Cover]) -> None:
        every = tuple(covers)
        self._of_segments = tuple(cover for cover in every if not cover.in_value)
        self._named: dict[str, tuple[Cover, ...]] = {}
        self._at: dict[tuple[str, int], tuple[Cover, ...]] = {}
        self.of_values: dict[str, list[Cover]] = {}
        for cover in every:
            if cover.in_value:
                self.of_values.setdefault(cover.map, []).append(cover)

    def __bool__(self) -> bool:
        return bool(self._of_segments or self.of_values)

    def first_rule(self) -> LedgerRule | None:
        found = self._of_segments or [cover for covers in self.of_values.values() for cover in covers]
        return found[0].rule if found else None

    def of_segment(self, name: str) -> tuple[Cover, ...]:
        """The patterns that can cover values of segments of that name."""
        found = self._named.get(name)
        if found is None:
            found = self._named[name] = tuple(cover for cover in self._of_segments if cover.names(name))
        return found

    def of_field(self, name: str, field: int) -> tuple[Cover, ...]:
        """Those of them that can cover values of one field."""
        found = self._at.get((name, field))
        if found is None:
            covers = self.of_segment(name)
            found = tuple(cover for cover in covers if not cover.place or cover.place[0] == field)
            if len(self._at) < REMEMBERED_FIELDS:
                self._at[name, field] = found
        return found


@dataclass(frozen=True)
class KnownOfSegment:
    """What is known of segments of one name that were given to the same maps.

    keeps    a keep rule may apply to a value of theirs
    apart    fields that an ignore rule covers whatever the message says, as `scope.field_bit`s, with what is no value:
             the segment's name, and the delimiters
    ignored  place numbers seen to be ignored
    kept     by place number, the rule that keeps the value unless a rule for values says otherwise
    """

    keeps: bool
    apart: int
    ignored: set[int] = field(default_factory=set)
    kept: dict[int, LedgerRule] = field(default_factory=dict)

    def ignore(self, number: int) -> None:
        if len(self.ignored) < REMEMBERED_FIELDS:
            self.ignored.add(number)

    def keep(self, number: int, rule: LedgerRule) -> None:
        if len(self.kept) < REMEMBERED_FIELDS:
            self.kept[number] = rule


@dataclass(frozen=True)
class Covers:
    """The ignore and keep patterns that can apply to the messages of one map."""

    ignore: Patterns
    keep: Patterns
    _known: dict[tuple[str, ...], KnownOfSegment] = field(default_factory=dict)

    def known_of(self, scope: SegmentScope) -> KnownOfSegment:
        """What is known of such segments; the caller adds to it."""
        key = (scope.name, *scope.maps)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= REMEMBERED_FIELDS:
                self._known.clear()
            fields = {c.place[0] for c in self.ignore.of_segment(scope.name) if len(c.place) == 1 and c.always(scope)}
            no_values = {0, 1, 2} if scope.name in HEADERS else {0}
            apart = sum(map(field_bit, fields | no_values))
            found = self._known[key] = KnownOfSegment(self.may_keep(scope.name), apart)
        return found

    def always_keeps(self, scope: SegmentScope, leaf: Leaf) -> LedgerRule | None:
        """The keep rule that takes a value of a segment given to those maps, whatever the message says; None when that
        depends on more, such as the maps that were given the value."""
        if any(c.covers(scope, leaf) for c in self.ignore.of_field(scope.name, leaf[1])):
            return None
        found = next((c for c in self.keep.of_field(scope.name, leaf[1]) if c.covers(scope, leaf)), None)
        return found.rule if found is not None and found.when is None else None

    def always_ignores(self, scope: SegmentScope, leaf: Leaf) -> bool:
        """True when an ignore rule covers a value of a segment given to those maps, whatever else is said."""
        return any(c.always(scope) and c.covers(scope, leaf) for c in self.ignore.of_field(scope.name, leaf[1]))

    def may_keep_of(self, message: Message) -> bool:
        """True when a keep rule may apply to a value of a message."""
        return any(self.may_keep(segment.name) for segment in message.segments)

    def may_keep(self, segment: str) -> bool:
        """True when a keep rule may apply to a value of such a segment."""
        return bool(self.keep.of_values) or bool(self.keep.of_segment(segment))


def covers_of(package: Package, message_map: MessageMap) -> Covers:
    """raises  Refused MAP-0110: a pattern or condition that is not understood"""
    own: list[tuple[str, Iterable[LedgerRule], Iterable[LedgerRule]]] = [
        ("", message_map.ignore, message_map.keep),
        ("", package.header.ignore, package.header.keep),
    ]
    own += [(rule_map.name, rule_map.ignore, rule_map.keep) for rule_map in package.rule_maps()]
    return Covers(
        ignore=Patterns(cover for name, ignore, _ in own for rule in ignore for cover in _covers(rule, name, package)),
        keep=Patterns(cover for name, _, keep in own for rule in keep for cover in _covers(rule, name, package)),
    )


def _covers(rule: LedgerRule, map_name: str, package: Package) -> Iterable[Cover]:
    try:
        when = holds(read_condition(rule.when), package.codes) if rule.when else None
    except SyntaxProblem as problem:
        raise _refused(rule, f"“{rule.when}”: {problem.sentence} at character {problem.at + 1}") from None
    except KeyError as error:
        raise _refused(rule, f"there is no code map {error.args[0]}") from None
    for text in rule.source:
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise _refused(rule, f"{text} is no segment, field or component")
        name, *numbers = match.groups()
        yield Cover(rule, map_name, name, name in V2_TYPES, tuple(int(n) for n in numbers if n), when)


def _refused(rule: LedgerRule, sentence: str) -> Refused:
    return Refused(
        "MAP-0110", f"{rule.place}: rule {rule.id}: {sentence}.", "See the help page of the mapping language."
    )


def lines_of(run: Run) -> list[SegmentScope]:
    """The lines of the message that are no segments, without a name, beside all groups."""
    laid_out = run.laid_out
    if len(laid_out.segments) == len(run.message.segments):
        return []
    return [SegmentScope.of(line, laid_out.root) for line in run.message.segments if not line.name]


class Covering:
    """The rules of `Covers` at work on one message."""

    def __init__(self, covers: Covers, run: Run) -> None:
        self._covers = covers
        self._run = run
        self._held: dict[tuple[int, int], bool] = {}

    @cached_property
    def _segments(self) -> dict[int, SegmentScope]:
        return {segment.index: segment for segment in (*self._run.laid_out.segments, *lines_of(self._run))}

    @cached_property
    def _maps_of_value(self) -> dict[tuple[int, ...], dict[str, Node]]:
        """Which maps with rules of their own were given which values."""
        found: dict[tuple[int, ...], dict[str, Node]] = {}
        for name, node in given_nodes(self._run):
            place = (node.segment.index, node.field, node.repetition, node.component)[: node.level + 2]
            found.setdefault(place, {})[name] = node
        return found

    def ignored(self, leaf: Leaf) -> LedgerRule | None:
        """The first ignore rule that covers a value, None when none does."""
        return self._first(self._covers.ignore, leaf)

    def kept(self, leaf: Leaf) -> LedgerRule | None:
        """The first keep rule that covers a value, None when none does."""
        return self._first(self._covers.keep, leaf)

    def _first(self, patterns: Patterns, leaf: Leaf) -> LedgerRule | None:
        segment = self._segments.get(leaf[0])
        if segment is None:
            return None
        for cover in patterns.of_field(segment.name, leaf[1]):
            if cover.covers(segment, leaf) and (cover.when is None or self._holds(cover, segment)):
                return cover.rule
        if patterns.of_values:
            for length in (3, 4):
                for name, node in self._maps_of_value.get(leaf[:length], {}).items():
                    for cover in patterns.of_values.get(name, ()):
                        if leaf[length : length + len(cover.place)] == cover.place and (
                            cover.when is None or cover.when(self._frame(segment, node))
                        ):
                            return cover.rule
        return None

    def _holds(self, cover: Cover, segment: SegmentScope) -> bool:
        key = (id(cover), segment.index)
        if key not in self._held:
            assert cover.when is not None
            self._held[key] = cover.when(self._frame(segment, None))
        return self._held[key]

    def _frame(self, segment: SegmentScope, node: Node | None) -> Frame:
        parts = segment.fields if node is None else self._run.parts_of(node)
        return Frame(self._run, segment, parts, node, {}, [], None, None)
