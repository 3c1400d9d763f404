"""One rule at its place: what its keys say, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn, Protocol

from workbench.kernel.errors import Refused
from workbench.mapping.conditions import SyntaxProblem
from workbench.mapping.directions.running import Frame, Holds, Node, Reader, Step
from workbench.mapping.directions.targets import Target, TargetSide
from workbench.mapping.directions.v2_target import time_of
from workbench.mapping.fhir_target import Kind, TargetProblem
from workbench.mapping.model import Package, Policy, Repeat, Rule, RuleMap, TransformCall, Unmapped
from workbench.mapping.running import NOTHING, VALUE, RuleName
from workbench.mapping.transforms import TransformProblem, called
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


@dataclass
class CompiledMap:
    """The rules of a map or block.

    first   alternatives: the first that writes something ends the list
    reads   something of the source can arrive through it
    copies  what no rule takes goes over as it stands: source and target are of one kind
    covers  ignore or keep rules stand in the map
    """

    name: str = ""
    steps: list[Step] = field(default_factory=list)
    first: bool = False
    reads: bool = False
    copies: bool = False
    covers: bool = False

    def run(self, frame: Frame) -> int:
        """Run the rules; the answer is the most that one of them has written."""
        written = NOTHING
        for step in self.steps:
            written |= step(frame)
            if written and self.first:
                break
        return written

    def enough(self, written: int) -> bool:
        """True when what was written keeps a new element alive: constants do only where nothing is read."""
        return written >= VALUE if self.reads else written > NOTHING


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
            return (
                lambda frame: [(text, (node,)) for node in read(frame) if (text := text_of(frame, node, whole))]
            ), kind
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

    def transformer(self) -> Transformer:
        """All of the rule's transforms in order; None from it is no value.

        The function raises  Misfit
        """
        calls = [
            self._transform(number, call)
            for number, call in enumerate(self.rule.transform)
            if call.name != "text" or number
        ]

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
        return self.compiler.rules(self.rule.children, place, CompiledMap(first=bool(self.rule.first_of)))


def text_of(frame: Frame, node: Node, whole: bool) -> str:
    if node.place is None:
        return str(node.value)
    return frame.run.document.whole_text(node) if whole else frame.run.document.text(node)
