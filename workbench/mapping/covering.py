"""Which `ignore` and `keep` rules cover which values of a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workbench.kernel.errors import Refused
from workbench.mapping.compile_source import Holds, holds
from workbench.mapping.conditions import V2_TYPES, SyntaxProblem, read_condition
from workbench.mapping.ledger import Leaf
from workbench.mapping.model import LedgerRule, MessageMap, Package
from workbench.mapping.running import Frame, Node, Run
from workbench.mapping.scope import SegmentScope

_PATTERN = re.compile(r"([A-Z*][A-Z0-9]*\*?)(?:-(\d+))?(?:\.(\d+))?(?:\.(\d+))?")


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


@dataclass(frozen=True)
class Covers:
    """The ignore and keep patterns that can apply to the messages of one map."""

    ignore: tuple[Cover, ...]
    keep: tuple[Cover, ...]

    def keeps_something(self, names: Iterable[str]) -> bool:
        """True when a keep rule may apply to a message with segments of these names."""
        return bool(self.keep) and any(
            cover.in_value or cover.map or any(cover.names(name) for name in names) for cover in self.keep
        )


def covers_of(package: Package, message_map: MessageMap) -> Covers:
    """raises  Refused MAP-0110: a pattern or condition that is not understood"""
    own: list[tuple[str, Iterable[LedgerRule], Iterable[LedgerRule]]] = [
        ("", message_map.ignore, message_map.keep),
        ("", package.header.ignore, package.header.keep),
    ]
    own += [(rule_map.name, rule_map.ignore, rule_map.keep) for rule_map in package.rule_maps()]
    return Covers(
        ignore=tuple(cover for name, ignore, _ in own for rule in ignore for cover in _covers(rule, name, package)),
        keep=tuple(cover for name, _, keep in own for rule in keep for cover in _covers(rule, name, package)),
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


class Covering:
    """The rules of `Covers` at work on one message."""

    def __init__(self, covers: Covers, run: Run) -> None:
        self._run = run
        self._segments = {segment.index: segment for segment in run.laid_out.segments}
        self._given: dict[str, list[Node]] = {}
        for name, node in run.given:
            self._given.setdefault(name, []).append(node)
        self._ignore = self._tests(covers.ignore)
        self._keep = self._tests(covers.keep)

    def ignored(self, leaf: Leaf) -> LedgerRule | None:
        """The first ignore rule that covers a value, None when none does."""
        return next((rule for rule, test in self._ignore if test(leaf)), None)

    def kept(self, leaf: Leaf) -> LedgerRule | None:
        """The first keep rule that covers a value, None when none does."""
        return next((rule for rule, test in self._keep if test(leaf)), None)

    def _tests(self, covers: Iterable[Cover]) -> list[tuple[LedgerRule, Callable[[Leaf], bool]]]:
        found = []
        for cover in covers:
            test = self._value_test(cover) if cover.in_value else self._segment_test(cover)
            if test is not None:
                found.append((cover.rule, test))
        return found

    def _segment_test(self, cover: Cover) -> Callable[[Leaf], bool] | None:
        """Covers values of the segments named (of a segment map: of those it was given)."""
        if cover.map:
            indexes = {node.segment.index for node in self._given.get(cover.map, ()) if cover.names(node.segment.name)}
        else:
            indexes = {index for index, segment in self._segments.items() if cover.names(segment.name)}
        if cover.when is not None:
            when = cover.when
            indexes = {index for index in indexes if when(self._frame(self._segments[index], None))}
        if not indexes:
            return None
        field, *parts = (*cover.place, 0)
        inner = cover.place[1:]
        del parts
        return lambda leaf: leaf[0] in indexes and (not field or leaf[1] == field) and leaf[3 : 3 + len(inner)] == inner

    def _value_test(self, cover: Cover) -> Callable[[Leaf], bool] | None:
        """Covers parts of the values that its type map was given."""
        prefixes = set()
        for node in self._given.get(cover.map, ()):
            if cover.when is None or cover.when(self._frame(node.segment, node)):
                place = (node.segment.index, node.field, node.repetition, node.component)[: node.level + 2]
                prefixes.add((*place, *cover.place))
        if not prefixes:
            return None
        lengths = {len(prefix) for prefix in prefixes}
        return lambda leaf: any(leaf[:length] in prefixes for length in lengths)

    def _frame(self, segment: SegmentScope, node: Node | None) -> Frame:
        parts = segment.fields if node is None else self._run.parts_of(node)
        return Frame(self._run, segment, parts, node, {}, 0, None, None)
