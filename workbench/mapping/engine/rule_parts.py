"""The parts of one rule, read and checked: what the compilers of the different kinds of rules start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NoReturn, Protocol, TypeVar

from workbench.kernel.errors import Refused
from workbench.mapping.conditions import (
    ALL,
    UNSAID,
    Alternatives,
    Condition,
    SyntaxProblem,
    V2Path,
    read_condition,
)
from workbench.mapping.conditions import read_source as parse_source
from workbench.mapping.engine.compile_source import (
    Reader,
    Texts,
    code_maps_named,
    code_maps_of,
    joined,
    read_nodes,
    read_source,
)
from workbench.mapping.engine.compile_target import Slots, Target, compile_target
from workbench.mapping.engine.compile_text import FirstText, Ways, first_text, short_ways
from workbench.mapping.engine.compile_value import Codes, Transformer
from workbench.mapping.engine.plans import CompiledMap, Entry
from workbench.mapping.engine.running import Frame, RuleName
from workbench.mapping.engine.shapes import Source
from workbench.mapping.fhir_target import Kind, TargetPath, TargetProblem, TargetSchema, read_target
from workbench.mapping.model import Package, Policy, Repeat, Rule, RuleMap, TransformCall
from workbench.mapping.transforms import TransformProblem, called

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Place:
    """Where a rule is compiled for: which map it stands in, what it reads, and what it writes.

    kinds  of the elements from the outermost to the one being filled
    """

    map: str
    source: Source
    kinds: tuple[Kind, ...]
    slots: Slots


class RuleCompiler(Protocol):
    """What compiles the rules below a rule and the maps it uses."""

    @property
    def package(self) -> Package: ...
    @property
    def schema(self) -> TargetSchema: ...
    def rule_map(self, rule_map: RuleMap, outer: tuple[Kind, ...]) -> CompiledMap: ...
    def rules(self, rules: Iterable[Rule], place: Place, into: CompiledMap) -> None: ...
    def rule(self, rule: Rule, place: Place) -> Entry: ...


class RuleParts:
    """One rule at its place."""

    def __init__(self, compiler: RuleCompiler, rule: Rule, place: Place) -> None:
        self.compiler = compiler
        self.package = compiler.package
        self.rule = rule
        self.place = place
        self.name = RuleName(place.map, rule.id)
        self.sources: list[Alternatives] = [self.source(text) for text in rule.source]

    def refuse(self, sentence: str) -> NoReturn:
        """Stop with the place of the rule."""
        where = self.rule.place or f"map {self.place.map}"
        raise Refused(
            "MAP-0110", f"{where}: rule {self.rule.id}: {sentence}.", "See the help page of the mapping language."
        )

    def parsed(self, parse: Callable[[str], _Result], text: str) -> _Result:
        try:
            return parse(text)
        except SyntaxProblem as problem:
            self.refuse(f"“{text}”: {problem.sentence} at character {problem.at + 1}")

    def source(self, text: str) -> Alternatives:
        """A source the rule names."""
        alternatives = self.parsed(parse_source, text)
        for name in code_maps_of(alternatives):
            self.need_code_map(name)
        return alternatives

    def condition(self) -> Condition | None:
        """The rule's `when`, None when it has none."""
        if not self.rule.when:
            return None
        condition = self.parsed(read_condition, self.rule.when)
        for name in code_maps_named(condition):
            self.need_code_map(name)
        return condition

    def need_code_map(self, name: str) -> None:
        if name not in self.package.codes:
            self.refuse(f"there is no code map {name}")

    def target(self) -> tuple[Target, Kind]:
        """The writer of the rule's target and what the element is."""
        path = self.target_path(self.rule.target)
        if not path.steps:
            self.refuse("$value is written only by maps whose type is a primitive")
        try:
            return compile_target(path, self.place.slots), path.steps[-1].element.kind
        except TargetProblem as problem:
            self.refuse(str(problem))

    def target_path(self, text: str) -> TargetPath:
        """A target path, read where the rule stands."""
        try:
            return read_target(text, self.place.kinds, self.compiler.schema, self.package.header.extensions)
        except TargetProblem as problem:
            self.refuse(str(problem))

    def texts(self, whole: bool) -> Texts:
        """The texts of the rule's sources, by its `join` and `repeat`."""
        readers = [read_source(source, whole, self.package.codes) for source in self.sources]
        if len(readers) > 1 or self.rule.repeat is Repeat.JOIN:
            return joined(readers, " " if self.rule.join is None else self.rule.join)
        return _repeated(readers[0], self.rule.repeat)

    def short(self) -> Ways:
        """The short ways to the rule's text, none when it is more than a part of what is at hand."""
        if len(self.sources) != 1 or self.rule.repeat is not Repeat.EACH:
            return Ways()
        return short_ways(self.sources[0], self.place.source.in_value, self.place.source.name)

    def nodes(self) -> Reader:
        """The nodes of the rule's source, by its `repeat`."""
        if len(self.sources) != 1 or self.rule.repeat is Repeat.JOIN:
            self.refuse("several sources can be joined into a text only")
        return _repeated(read_nodes(self.sources[0], self.package.codes), self.rule.repeat)

    def whole_field(self) -> int:
        """The number of the field of the map's own segment all of whose repetitions the rule reads; 0 for others."""
        path = self.sources[0][0] if len(self.sources) == 1 and len(self.sources[0]) == 1 else None
        if not isinstance(path, V2Path) or self.rule.repeat is not Repeat.EACH or self.place.source.in_value:
            return 0
        own = path.name == self.place.source.name and not path.groups and path.occurrence == UNSAID
        whole = path.repetition == ALL and not path.component and path.only is None and not path.in_value
        return path.field if own and whole else 0

    def text_source(self, text: str) -> Texts:
        """The texts of another source the rule names."""
        return read_source(self.source(text), False, self.package.codes)

    def first_text(self, text: str) -> FirstText:
        """The first text of another source the rule names, read in each of the rule's values."""
        return first_text(self.source(text), True, "", self.package.codes)

    def node_source(self, text: str) -> Reader:
        """The nodes of another source the rule names."""
        return read_nodes(self.source(text), self.package.codes)

    def codes(self) -> Codes:
        """The rule's code map with the policy that holds for it."""
        self.need_code_map(self.rule.codes)
        code_map, usual = self.package.codes[self.rule.codes], self.package.header.unmapped
        unmapped = self.rule.unmapped
        if unmapped is None and code_map.unmapped is not None:
            unmapped = replace(usual, policy=Policy(code_map.unmapped.value), text="")
        return Codes(code_map, unmapped or usual)

    def transforms(self) -> tuple[Transformer, ...]:
        """The rule's transforms; `text` decides how the source is read and is none of them."""
        return tuple(
            self._transform(number, call)
            for number, call in enumerate(self.rule.transform)
            if call.name != "text" or number
        )

    def _transform(self, number: int, call: TransformCall) -> Transformer:
        try:
            transform, given = called(number, call)
        except TransformProblem as problem:
            self.refuse(str(problem))
        sourced = [
            self.text_source(str(value)) if parameter.source and value else None
            for parameter, value in zip(transform.parameters, given, strict=True)
        ]
        return _transformer(transform.apply, given, sourced)

    def children(self, kinds: tuple[Kind, ...], source: Source, slots: Slots) -> CompiledMap:
        """The rules below this one, compiled."""
        place = Place(self.place.map, source, kinds, slots)
        compiled = CompiledMap(source, slots, first=bool(self.rule.first_of))
        self.compiler.rules(self.rule.children, place, compiled)
        return compiled


def _transformer(
    apply: Callable[..., str | None], given: tuple[object, ...], sourced: list[Texts | None]
) -> Transformer:
    if not given:
        return lambda frame, text: apply(text)
    if not any(sourced):
        return lambda frame, text: apply(text, *given)

    def run(frame: Frame, text: str) -> str | None:
        values = [
            value if source is None else (found[0].text if (found := source(frame)) else None)
            for value, source in zip(given, sourced, strict=True)
        ]
        return apply(text, *values)

    return run


def _repeated(read: Callable[[Frame], list[_Result]], repeat: Repeat) -> Callable[[Frame], list[_Result]]:
    if repeat is Repeat.FIRST:
        return lambda frame: read(frame)[:1]
    if repeat is Repeat.LAST:
        return lambda frame: read(frame)[-1:]
    return read
