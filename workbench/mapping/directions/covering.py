"""Which `ignore` and `keep` rules cover which values of a document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from workbench.kernel.errors import Refused
from workbench.mapping.conditions import V2_TYPES, SyntaxProblem
from workbench.mapping.directions.parts import SourceSide
from workbench.mapping.directions.patterns import ANY_DEPTH, NOWHERE, Cover, PatternStep, Place, Spot, State
from workbench.mapping.directions.running import Frame, Holds, Instance, Node, Run
from workbench.mapping.model import LedgerRule, MessageMap, Package

_V2_PATTERN = re.compile(r"([A-Z*][A-Z0-9]*\*?)(?:-(\d+))?(?:\.(\d+))?(?:\.(\d+))?")
_FHIR_STEP = re.compile(r"(\*\*)|extension\(([^()]+)\)|([A-Za-z*][A-Za-z0-9*]*)")


@dataclass(frozen=True)
class Covers:
    """The ignore and keep patterns of one message map and its package.

    rules       and the conditions of each pattern, by its number
    ignores     there are ignore rules
    start       where every way begins, before the resource or segment
    of_maps     the patterns of each map that has some
    """

    rules: tuple[LedgerRule, ...]
    conditions: tuple[Holds | None, ...]
    keep: tuple[LedgerRule, ...]
    ignores: bool
    start: Spot
    of_maps: Mapping[str, tuple[Cover, ...]]


def covers_of(package: Package, message_maps: Iterable[MessageMap], reading: SourceSide, fhir: bool) -> Covers:
    """The patterns that hold for a document of these message maps.

    raises  Refused MAP-0110: a pattern or condition that is not understood
    """
    where = [("", each.ignore, each.keep) for each in message_maps]
    where.append(("", package.header.ignore, package.header.keep))
    where += [(each.name, each.ignore, each.keep) for each in package.rule_maps()]
    extensions = package.header.extensions
    covers: list[Cover] = []
    rules: list[LedgerRule] = []
    conditions: list[Holds | None] = []
    for keeps in (False, True):
        for name, ignore, keep in where:
            for rule in keep if keeps else ignore:
                when = _condition(rule, reading)
                for text in rule.source:
                    steps, relative = _fhir_pattern(rule, text, extensions) if fhir else _v2_pattern(rule, text)
                    if fhir and name:
                        steps = steps[1:]
                    covers.append(Cover(len(covers), name, steps, relative, keeps, when is not None))
                    rules.append(rule)
                    conditions.append(when)
    of_maps: dict[str, list[Cover]] = {}
    for cover in covers:
        if cover.map:
            of_maps.setdefault(cover.map, []).append(cover)
    return Covers(
        tuple(rules),
        tuple(conditions),
        tuple(rules[cover.number] for cover in covers if cover.keeps),
        not all(cover.keeps for cover in covers),
        Spot(frozenset((cover, 0) for cover in covers if not cover.map), {}),
        {name: tuple(found) for name, found in of_maps.items()},
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


def _v2_pattern(rule: LedgerRule, text: str) -> tuple[tuple[PatternStep, ...], bool]:
    """The steps of a pattern, and whether they count from the value a map was given."""
    match = _V2_PATTERN.fullmatch(text)
    if match is None:
        raise _refused(rule, f"{text} is no segment, field or component")
    name = match.group(1).replace("**", "*")
    relative = name in V2_TYPES
    numbers = tuple(PatternStep(str(int(number))) for number in match.groups()[1:] if number)
    return (numbers if relative else (PatternStep(name), *numbers)), relative


def _fhir_pattern(rule: LedgerRule, text: str, extensions: Mapping[str, str]) -> tuple[tuple[PatternStep, ...], bool]:
    wanted: list[PatternStep] = []
    at = 0
    while at < len(text):
        match = _FHIR_STEP.match(text, at)
        if match is None:
            raise _refused(rule, f"{text} is no element")
        deep, extension, name = match.groups()
        wanted.append(PatternStep("extension", extensions.get(extension, extension)) if extension else
                      PatternStep(ANY_DEPTH if deep else name))  # fmt: skip
        at = match.end()
        if at < len(text) and text[at] != ".":
            raise _refused(rule, f"{text} is no element")
        at += 1
    return tuple(wanted), True


class Covering:
    """The rules of `Covers` at work on one document."""

    def __init__(self, covers: Covers, run: Run) -> None:
        self._covers = covers
        self._run = run
        self._known = 0
        self._given: dict[Place, dict[str, Node]] = {}
        self._states: dict[Place, frozenset[State]] = {}
        self._asked: tuple[Place | None, Node] = None, Node("", None)

    def values(self, taken: Set[Place] | None = None) -> list[tuple[Place, Spot]]:
        """The document's populated primitives in order, with what covers them; `taken` as in `Document.visit`."""
        return self._run.document.visit(self._covers.start, self._beginning(), taken)

    def spot(self, place: Place) -> Spot:
        """What ignores a place, by what the maps have been given until now."""
        if not self._covers.ignores:
            return NOWHERE
        return self._run.document.spot(place, self._covers.start, self._beginning())

    def joined(self, place: Place, spot: Spot) -> Spot:
        """A spot with the patterns of the maps that were given the place until now."""
        begun = self._beginning().get(place) if self._covers.ignores else None
        return spot if begun is None else spot.joined(begun)

    def ignored(self, place: Place, spot: Spot) -> LedgerRule | None:
        """The first ignore rule that covers a value, None when none does."""
        return self._first(spot.ignore, place) if spot.ignore else None

    def kept(self, place: Place, spot: Spot) -> LedgerRule | None:
        """The first keep rule that covers a value, None when none does."""
        return self._first(spot.keep, place) if spot.keep else None

    def _first(self, covers: Iterable[Cover], place: Place) -> LedgerRule | None:
        for cover in covers:
            when = self._covers.conditions[cover.number]
            if when is None or any(self._holds(when, node) for node in self._nodes(cover, place)):
                return self._covers.rules[cover.number]
        return None

    def _holds(self, when: Holds, node: Node) -> bool:
        return when(Frame(self._run, node, Instance("", "", node, None), {}, {}))

    def _nodes(self, cover: Cover, place: Place) -> Iterable[Node]:
        """What the condition of a pattern that covers a place is asked of."""
        if not cover.map:
            return (self._around(place),)
        here = [self._given[place[:depth]] for depth in range(len(place) + 1) if place[:depth] in self._given]
        nodes = [given[cover.map] for given in here if cover.map in given]
        return nodes if len(nodes) < 2 else [node for node in nodes if self._reaches(cover, node.place or (), place)]

    def _around(self, place: Place) -> Node:
        """`Document.node_around`; several patterns ask for the same, one after the other."""
        if self._asked[0] != place:
            self._asked = place, self._run.document.node_around(place)
        return self._asked[1]

    def _reaches(self, cover: Cover, around: Place, place: Place) -> bool:
        """True when the pattern, counted from `around`, covers the place."""
        found = self._run.document.spot(place, Spot(frozenset(), {}), {around: self._begun(cover, around)})
        return any(at == len(cover.steps) for _, at in found.states)

    def _beginning(self) -> Mapping[Place, frozenset[State]]:
        """The patterns of maps by the places from which they count, by what the maps have been given until now."""
        given = self._run.given
        for name, node in given[self._known :]:
            place = node.place or ()
            here = self._given.setdefault(place, {})
            if name not in here:
                here[name] = node
                begun = [state for cover in self._covers.of_maps.get(name, ()) for state in self._begun(cover, place)]
                self._states[place] = self._states.get(place, frozenset()).union(begun)
        self._known = len(given)
        return self._states

    def _begun(self, cover: Cover, around: Place) -> frozenset[State]:
        """The states of a map's pattern at what the map was given; one that names its segment has steps done there."""
        states = {0}
        if not cover.relative:
            for name in self._run.document.way(around):
                states = {after for at in states for after in cover.after(at, name, "")}
        return frozenset((cover, at) for at in states)
