"""Which `ignore` and `keep` rules cover which values of a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from workbench.kernel.errors import Refused
from workbench.mapping.conditions import V2_TYPES, SyntaxProblem
from workbench.mapping.directions.fhir_document import FhirSource
from workbench.mapping.directions.parts import SourceSide
from workbench.mapping.directions.running import Frame, Holds, Instance, Node, Place, Run
from workbench.mapping.directions.v2_reading import V2Source
from workbench.mapping.model import LedgerRule, MessageMap, Package

_V2_PATTERN = re.compile(r"([A-Z*][A-Z0-9]*\*?)(?:-(\d+))?(?:\.(\d+))?(?:\.(\d+))?")
_FHIR_STEP = re.compile(r"(\*\*)|extension\(([^()]+)\)|([A-Za-z*][A-Za-z0-9*]*)")
_ANY_DEPTH = "**"

Matches = Callable[[Run, Place, Place], bool]
"""run, the value, and the value around from which the pattern counts (() for a whole document)."""


@dataclass(frozen=True)
class Cover:
    """One pattern of a ledger rule; `map` is the map it stands in, "" when it holds for the whole document."""

    rule: LedgerRule
    map: str
    matches: Matches
    when: Holds | None


@dataclass(frozen=True)
class Covers:
    """The ignore and keep patterns of one message map and its package."""

    ignore: tuple[Cover, ...]
    keep: tuple[Cover, ...]


def covers_of(package: Package, message_maps: Iterable[MessageMap], reading: SourceSide, fhir: bool) -> Covers:
    """The patterns that hold for a document of these message maps.

    raises  Refused MAP-0110: a pattern or condition that is not understood
    """
    where = [("", each.ignore, each.keep) for each in message_maps]
    where.append(("", package.header.ignore, package.header.keep))
    where += [(each.name, each.ignore, each.keep) for each in package.rule_maps()]
    extensions = package.header.extensions

    def of(rules: Iterable[LedgerRule], name: str) -> Iterable[Cover]:
        for rule in rules:
            when = _condition(rule, reading)
            for text in rule.source:
                pattern = _fhir_pattern(rule, text, extensions) if fhir else _v2_pattern(rule, text)
                yield Cover(rule, name, pattern, when)

    return Covers(
        tuple(cover for name, ignore, _ in where for cover in of(ignore, name)),
        tuple(cover for name, _, keep in where for cover in of(keep, name)),
    )


def _condition(rule: LedgerRule, reading: SourceSide) -> Holds | None:
    try:
        return reading.condition(rule.when, None) if rule.when else None
    except SyntaxProblem as problem:
        raise _refused(rule, f"“{rule.when}”: {problem.sentence} at character {problem.at + 1}") from None
    except KeyError as missing:
        raise _refused(rule, f"there is no code map {missing.args[0]}") from None


def _refused(rule: LedgerRule, sentence: str) -> Refused:
    return Refused(
        "MAP-0110", f"{rule.place}: rule {rule.id}: {sentence}.", "See the help page of the mapping language."
    )


def _v2_pattern(rule: LedgerRule, text: str) -> Matches:
    match = _V2_PATTERN.fullmatch(text)
    if match is None:
        raise _refused(rule, f"{text} is no segment, field or component")
    name = match.group(1)
    numbers = tuple(int(number) for number in match.groups()[1:] if number)
    if name in V2_TYPES:
        return lambda run, place, around: place[len(around) : len(around) + len(numbers)] == numbers

    def matches(run: Run, place: Place, around: Place) -> bool:
        assert isinstance(run.document, V2Source)  # the package reads v2
        segment = run.document.message.segments[int(place[0])]
        if not fnmatchcase(segment.name or "-", name) or (around and around[0] != place[0]):
            return False
        below = (place[1], *place[3:]) if len(place) > 1 else ()
        return below[: len(numbers)] == numbers

    return matches


def _fhir_pattern(rule: LedgerRule, text: str, extensions: Mapping[str, str]) -> Matches:
    wanted: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _FHIR_STEP.match(text, at)
        if match is None:
            raise _refused(rule, f"{text} is no element")
        deep, extension, name = match.groups()
        wanted.append(("extension", extensions.get(extension, extension)) if extension else (deep or name, ""))
        at = match.end()
        if at < len(text) and text[at] != ".":
            raise _refused(rule, f"{text} is no element")
        at += 1

    def matches(run: Run, place: Place, around: Place) -> bool:
        assert isinstance(run.document, FhirSource)  # the package reads FHIR
        if around:
            return _begins(wanted[1:], run.document.steps(place, len(around)))
        return _begins(wanted, run.document.named_steps(place))

    return matches


def _begins(wanted: Sequence[tuple[str, str]], steps: Sequence[tuple[str, str]]) -> bool:
    """True when the steps begin as wanted; `**` stands for any number of steps, `*` in a name for letters."""
    if not wanted:
        return True
    if wanted[0][0] == _ANY_DEPTH:
        return any(_begins(wanted[1:], steps[number:]) for number in range(len(steps)))
    if not steps:
        return False
    (name, url), (own, own_url) = wanted[0], steps[0]
    return fnmatchcase(own, name) and (not url or url == own_url) and _begins(wanted[1:], steps[1:])


class Covering:
    """The rules of `Covers` at work on one document."""

    def __init__(self, covers: Covers, run: Run) -> None:
        self._covers = covers
        self._run = run
        self._known = 0
        self._by_map: dict[str, dict[Place, Node]] = {}

    def ignored(self, place: Place) -> LedgerRule | None:
        """The first ignore rule that covers a value, None when none does."""
        return self._first(self._covers.ignore, place)

    def kept(self, place: Place) -> LedgerRule | None:
        """The first keep rule that covers a value, None when none does."""
        return self._first(self._covers.keep, place)

    def _first(self, covers: Iterable[Cover], place: Place) -> LedgerRule | None:
        for cover in covers:
            if not cover.map:
                if cover.matches(self._run, place, ()) and self._holds(cover, self._around(place)):
                    return cover.rule
                continue
            for node in self._given.get(cover.map, {}).values():
                around = node.place or ()
                inside = place[: len(around)] == around and cover.matches(self._run, place, around)
                if inside and self._holds(cover, node):
                    return cover.rule
        return None

    @property
    def _given(self) -> Mapping[str, dict[Place, Node]]:
        """What each map with such rules was given until now."""
        if self._known != len(self._run.given):
            self._known = len(self._run.given)
            for name, node in self._run.given:
                self._by_map.setdefault(name, {})[node.place or ()] = node
        return self._by_map

    def _around(self, place: Place) -> Node:
        """The segment a value belongs to; of FHIR the object it stands in."""
        document = self._run.document
        if isinstance(document, V2Source):
            index = int(place[0])
            return next(
                (document.segment_node(each) for each in document.laid_out.segments if each.index == index),
                Node("", None),
            )
        assert isinstance(document, FhirSource)  # there is no third
        return document.object_around(place)

    def _holds(self, cover: Cover, node: Node) -> bool:
        if cover.when is None:
            return True
        owner = Instance("", "", node, None)
        return cover.when(Frame(self._run, node, owner, {}, {}))
