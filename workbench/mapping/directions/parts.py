"""One rule at its place: what its keys say, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NoReturn, Protocol

from workbench.kernel.errors import Refused
from workbench.mapping.conditions import SyntaxProblem
from workbench.mapping.directions.looks import Looks, Reach, all_looks
from workbench.mapping.directions.plans import CompiledMap, Known, May, Part
from workbench.mapping.directions.running import Frame, Holds, Node, Reader, Step
from workbench.mapping.directions.targets import Target, TargetSide
from workbench.mapping.directions.v2_target import time_of
from workbench.mapping.engine.running import RuleName
from workbench.mapping.fhir_target import Kind, TargetProblem
from workbench.mapping.model import Package, Policy, Repeat, Rule, RuleMap, TransformCall, Unmapped
from workbench.mapping.transforms import TransformProblem, called, of_plugin
from workbench.terminology.code_map import CodeMap

Transformer = Callable[[Frame, str], str | None]
_OF_TIME = frozenset({"date", "clock", "plus", "minus"})
"""Transforms that read a time; they know that of v2."""


class SourceSide(Protocol):
    """What the compiler asks of the source's standard; `fhir_reading` and `v2_reading` answer."""

    known_starts: Mapping[str, Kind | None]

    def kind(self, name: str) -> Kind | None: ...
    def source(self, text: str, kind: Kind | None) -> tuple[Reader, Kind | None]: ...
    def condition(self, text: str, kind: Kind | None) -> Holds: ...

    def may(self, text: str, joined: bool) -> May | None:
        """Whether an object can have values of a source, by its keys; None when they do not tell.

        joined  one of several sources that become a text, where literal texts alone say nothing
        """

    def known(self, text: str) -> Known | None:
        """What the keys of an object say of a condition; None when they say nothing of any."""

    def looks(self, text: str) -> Looks:
        """What a source looks at."""

    def looks_of_condition(self, text: str) -> Looks: ...


@dataclass(frozen=True)
class Place:
    """Where a rule is compiled for.

    source  what the value at hand is, None when that is not known
    kinds   of the elements being filled, from the outermost
    value   the type a text becomes where the element itself has none (OBX-5)
    """

    map: str
    source: Kind | None
    kinds: tuple[Kind, ...]
    value: Kind | None = None


class MapCompiler(Protocol):
    """What compiles the maps a rule uses and the rules below it."""

    @property
    def package(self) -> Package: ...
    @property
    def reading(self) -> SourceSide: ...
    @property
    def writing(self) -> TargetSide: ...
    @property
    def same(self) -> bool: ...
    def rule_map(self, rule_map: RuleMap, outer: tuple[Kind, ...]) -> CompiledMap: ...
    def rules(self, rules: Iterable[Rule], place: Place, into: CompiledMap) -> CompiledMap: ...


@dataclass(frozen=True)
class Codes:
    """A code map as one rule uses it."""

    code_map: CodeMap
    unmapped: Unmapped


class RuleParts:
    """The keys of one rule, each read when it is asked for.

    Every method raises Refused MAP-0110, with file, line and rule, for what cannot be.
    """

    def __init__(self, compiler: MapCompiler, rule: Rule, place: Place) -> None:
        self.compiler = compiler
        self.package = compiler.package
        self.rule = rule
        self.place = place
        self.name = RuleName(place.map, rule.id)
        self.below: CompiledMap | None = None
        self._inner: list[CompiledMap] = []
        self._key: str | None = None

    def refuse(self, sentence: str) -> NoReturn:
        where = self.rule.place or f"map {self.place.map}"
        raise Refused(
            "MAP-0110", f"{where}: rule {self.rule.id}: {sentence}.", "See the help page of the mapping language."
        )

    def source(self, text: str) -> tuple[Reader, Kind | None]:
        """A source read from the value at hand."""
        try:
            return self.compiler.reading.source(text, self.place.source)
        except SyntaxProblem as problem:
            self.refuse(f"“{text}”: {problem.sentence} at character {problem.at + 1}")
        except KeyError as missing:
            self.refuse(f"there is no code map {missing.args[0]}")

    def condition(self) -> Holds | None:
        if not self.rule.when:
            return None
        try:
            return self.compiler.reading.condition(self.rule.when, self.place.source)
        except SyntaxProblem as problem:
            self.refuse(f"“{self.rule.when}”: {problem.sentence} at character {problem.at + 1}")
        except KeyError as missing:
            self.refuse(f"there is no code map {missing.args[0]}")

    def nodes(self) -> tuple[Reader, Kind | None]:
        """The values of the rule's one source, by its `repeat`."""
        if len(self.rule.source) != 1 or self.rule.repeat is Repeat.JOIN:
            self.refuse("several sources can be joined into a text only")
        read, kind = self.source(self.rule.source[0])
        if self.rule.repeat is Repeat.EACH:
            return read, kind
        last = self.rule.repeat is Repeat.LAST
        return (lambda frame: read(frame)[-1:] if last else read(frame)[:1]), kind

    @property
    def joins(self) -> bool:
        return len(self.rule.source) > 1 or self.rule.repeat is Repeat.JOIN

    def texts(self) -> tuple[Callable[[Frame], list[tuple[str, tuple[Node, ...]]]], Kind | None]:
        """The texts of the rule's sources and what each came from, joined where the rule says so."""
        whole = self.whole
        if not self.joins:
            read, kind = self.nodes()

            def texts(frame: Frame) -> list[tuple[str, tuple[Node, ...]]]:
                nodes = read(frame)
                return [(text, (node,)) for node in nodes if (text := text_of(frame, node, whole))] if nodes else []

            return texts, kind
        readers = [self.source(text)[0] for text in self.rule.source]
        separator = " " if self.rule.join is None else self.rule.join

        def joined(frame: Frame) -> list[tuple[str, tuple[Node, ...]]]:
            found = [(text, node) for read in readers for node in read(frame) if (text := text_of(frame, node, whole))]
            nodes = tuple(node for _, node in found if node.place is not None)
            return [(separator.join(text for text, _ in found), nodes)] if nodes else []

        return joined, None

    @property
    def whole(self) -> bool:
        """True when the value is taken with everything below it."""
        return bool(self.rule.transform) and self.rule.transform[0].name == "text"

    def target(self, *, leaf: bool = False) -> Target:
        """The writer of the rule's target; `leaf` for a text, which a composite takes in its first part."""
        side = self.compiler.writing
        try:
            path = side.read(self.rule.target, self.place.kinds)
            if not path.steps:
                self.refuse("$value is written only by maps whose type is a primitive")
            if not path.up:
                self._key = path.steps[0].element.name
            return Target(side.leaf(path) if leaf else path)
        except TargetProblem as problem:
            self.refuse(str(problem))

    def codes(self) -> Codes:
        """The rule's code map with the policy that holds for it."""
        code_map = self.package.codes.get(self.rule.codes)
        if code_map is None:
            self.refuse(f"there is no code map {self.rule.codes}")
        usual, unmapped = self.package.header.unmapped, self.rule.unmapped
        if unmapped is None and code_map.unmapped is not None:
            unmapped = replace(usual, policy=Policy(code_map.unmapped.value), text="")
        return Codes(code_map, unmapped or usual)

    def used(self) -> RuleMap:
        """The type map of `using`."""
        found = self.package.types.get(self.rule.using)
        if found is None:
            self.refuse(f"there is no type map {self.rule.using}")
        return found

    def transformer(self) -> Transformer | None:
        """All of the rule's transforms in order, None where it has none; None from it is no value.

        The function raises  Misfit
        """
        calls = [
            self._transform(number, call)
            for number, call in enumerate(self.rule.transform)
            if call.name != "text" or number
        ]
        if not calls:
            return None

        def run(frame: Frame, text: str) -> str | None:
            current: str | None = text
            for call in calls:
                if not current:
                    return None
                current = call(frame, current)
            return current

        return run

    def _transform(self, number: int, call: TransformCall) -> Transformer:
        try:
            transform, given = called(number, call)
        except TransformProblem as problem:
            self.refuse(str(problem))
        sourced = [
            self.source(str(value))[0] if parameter.source and value else None
            for parameter, value in zip(transform.parameters, given, strict=True)
        ]
        apply, of_time = transform.apply, call.name in _OF_TIME

        def run(frame: Frame, text: str) -> str | None:
            values = [
                value if read is None else next((frame.run.document.text(node) for node in read(frame)), None)
                for value, read in zip(given, sourced, strict=True)
            ]
            return apply(time_of(text).to_hl7() if of_time else text, *values)

        return run

    def children(self, source: Kind | None, kinds: tuple[Kind, ...]) -> CompiledMap:
        """The rules below this one."""
        place = replace(self.place, source=source, kinds=kinds)
        self.below = self.rules(self.rule.children, place, CompiledMap(first=bool(self.rule.first_of)))
        return self.below

    def rules(self, rules: Iterable[Rule], place: Place, into: CompiledMap) -> CompiledMap:
        """Rules that this one runs."""
        self._inner.append(self.compiler.rules(rules, place, into))
        return into

    def map_used(self) -> CompiledMap:
        """The compiled map of `using`, for an element of the place's last kind."""
        self._inner.append(self.compiler.rule_map(self.used(), self.place.kinds))
        return self._inner[-1]

    @cached_property
    def looks(self) -> Looks:
        """What the rule looks at, and the rules and maps it uses."""
        rule, reading = self.rule, self.compiler.reading
        if rule.raises is not None or rule.target.startswith("../") or any(of_plugin(c.name) for c in rule.transform):
            return Looks(Reach.AROUND)
        texts = [*rule.source, *rule.accounts_for, *(text for call in rule.transform for text in _sources_of(call))]
        below = [inner.looks.inside() if rule.source else inner.looks for inner in self._inner]
        if any(inner.covers or inner.copies for inner in self._inner):
            return Looks(Reach.AROUND)
        when = [reading.looks_of_condition(rule.when)] if rule.when else []
        return all_looks([*map(reading.looks, texts), *below, *when])

    @cached_property
    def writes(self) -> frozenset[str] | None:
        """The keys of the element at hand that the rule writes to; None when that cannot be told."""
        if self.rule.target:
            return None if self._key is None else frozenset({self._key})
        return None if self.below is None else self.below.writes

    def part(self, step: Step) -> Part:
        """The rule with its compiled step, and what can be known of it beforehand."""
        rule = self.rule
        writes_here = not rule.source and not rule.target and rule.raises is None
        nothing_more = rule.default is None and not rule.accounts_for
        return Part(step, self.condition(), self, self.below if writes_here and nothing_more else None)

    @cached_property
    def known(self) -> Known | None:
        """What keys say of the condition."""
        return self.compiler.reading.known(self.rule.when) if self.rule.when else None

    @cached_property
    def may(self) -> May | None:
        """Whether objects with given keys give the rule something to do; None where they do not tell."""
        if self.rule.default is not None:
            return None
        if not self.rule.source:
            return None if self.below is None else self.below.may
        reading, joined = self.compiler.reading, self.joins
        needs = [reading.may(text, joined) for text in self.rule.source]
        of_all = [may for may in needs if may is not None]
        return (lambda keys: any(may(keys) for may in of_all)) if len(of_all) == len(needs) else None


def _sources_of(call: TransformCall) -> list[str]:
    """The sources among what a transform is given."""
    if call.name == "text":
        return []
    transform, given = called(1, call)
    return [
        str(value) for parameter, value in zip(transform.parameters, given, strict=True) if parameter.source and value
    ]


def text_of(frame: Frame, node: Node, whole: bool) -> str:
    if node.place is None:
        return str(node.value)
    return frame.run.document.whole_text(node) if whole else frame.run.document.text(node)
