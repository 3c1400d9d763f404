"""Compiling sources and conditions over FHIR to functions of a frame, checked against the definitions of FHIR."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from workbench.mapping.conditions import (
    ALL,
    LAST,
    Both,
    Check,
    Condition,
    Either,
    Made,
    Not,
    Operand,
    Relation,
    Same,
    SyntaxProblem,
    Text,
)
from workbench.mapping.directions.checks import number_test, same_text, text_test, value_test
from workbench.mapping.directions.fhir_json import primitive_text
from workbench.mapping.directions.fhir_looks import known, looks_of_condition, looks_of_source, may_have
from workbench.mapping.directions.fhir_moves import (
    Move,
    Named,
    Test,
    along,
    at_node,
    bundle,
    choice,
    distinct,
    enclosing,
    extension,
    first_that_has,
    here,
    literal,
    message_id,
    number,
    number_in_message,
    referring,
    resolve,
    typed,
    values_along,
)
from workbench.mapping.directions.fhir_paths import (
    FhirPath,
    FhirStep,
    StepKind,
    path_of,
    read_fhir_condition,
    read_fhir_source,
)
from workbench.mapping.directions.looks import Looks
from workbench.mapping.directions.plans import Known, May
from workbench.mapping.directions.running import Frame, Holds, Node, Reader
from workbench.mapping.fhir_target import FhirSchema, Kind
from workbench.mapping.model import Package
from workbench.terminology.code_map import CodeMap


class FhirReading:
    """The source side of packages that read FHIR."""

    def __init__(self, package: Package, schema: FhirSchema) -> None:
        self._schema = schema
        self._codes: Mapping[str, CodeMap] = package.codes
        self._extensions = package.header.extensions
        self.known_starts: Mapping[str, Kind | None] = {}

    def kind(self, name: str) -> Kind | None:
        """What a map's `from` names: a type, or a part of a resource such as `Encounter.participant`."""
        first, *others = name.split(".")
        kind = self._schema.root(first)
        for step in others:
            element = None if kind is None else self._schema.child(kind, step)
            kind = None if element is None else element.kind
        return kind

    def source(self, text: str, kind: Kind | None) -> tuple[Reader, Kind | None]:
        """The values of the first alternative that has any, and what they are, None when that is not known.

        raises  SyntaxProblem: not a source, or an element FHIR does not have
        """
        readers: list[Reader] = []
        found: Kind | None = None
        for alternative in read_fhir_source(text):
            if isinstance(alternative, Text):
                readers.append(literal(alternative.text))
                continue
            reader, found = self.path(alternative, kind)
            readers.append(reader)
        return (readers[0] if len(readers) == 1 else first_that_has(readers)), found

    def condition(self, text: str, kind: Kind | None) -> Holds:
        """raises  SyntaxProblem; KeyError: a code map that is not there"""
        return self._holds(read_fhir_condition(text), kind)

    def may(self, text: str, joined: bool) -> May | None:
        return may_have(read_fhir_source(text), joined)

    def known(self, text: str) -> Known:
        return known(read_fhir_condition(text))

    def looks(self, text: str) -> Looks:
        return looks_of_source(read_fhir_source(text))

    def looks_of_condition(self, text: str) -> Looks:
        return looks_of_condition(read_fhir_condition(text))

    # --- paths -------------------------------------------------------------------------------------------------------

    def path(self, path: FhirPath, kind: Kind | None) -> tuple[Reader, Kind | None]:
        start: Reader = here
        if path.start == "bundle":
            start, kind = bundle, None
        elif path.start:
            if path.start not in self.known_starts:
                raise SyntaxProblem(f"no row is called {path.start}", 0)
            start, kind = enclosing(path.start), self.known_starts[path.start]
        moves: list[Move] = []
        way: list[Named] = []
        for place, step in enumerate(path.steps):
            if step.kind is StepKind.ELEMENT:
                kind = self._child(kind, step.name)
                only = None if step.only is None else self._test(step.only, kind)
                if step.only is None or only is not None:
                    way.append(Named(step.name, step.pick, only))
                    continue
                move = self._picking(along([Named(step.name)]), step, kind)
            else:
                move, kind = self._move(step, kind, place == 0)
            if way:
                moves.append(along(way))
                way = []
            moves.append(move)
        if way:
            moves.append(along(way))
        return _reader(start, moves, many=any(step.kind in _MEETING for step in path.steps)), kind

    def _move(self, step: FhirStep, kind: Kind | None, first: bool) -> tuple[Move, Kind | None]:
        move: Move
        match step.kind:
            case StepKind.CHOICE:
                kind = None
                move = choice(step.name)
            case StepKind.TYPE:
                kind = self._type(step.name)
                move = typed(step.name, first)
            case StepKind.EXTENSION:
                url = self._url(step.name, kind)
                kind, move = self._schema.root("Extension"), extension(url)
            case StepKind.RESOLVE:
                kind, move = (self._type(step.name) if step.name else None), resolve(step.name)
            case StepKind.REFERRING:
                kind, move = self._type(step.name), referring(step.name, step.more)
            case StepKind.THIS:
                move = lambda frame, node: [node]  # noqa: E731
            case StepKind.NUMBER | StepKind.NUMBER_IN_MESSAGE:
                kind = Kind("positiveInt", "positiveInt")
                move = number if step.kind is StepKind.NUMBER else number_in_message
            case StepKind.MESSAGE_ID:
                kind, move = Kind("string", "string"), message_id
            case StepKind.ELEMENT:
                raise AssertionError("elements are read by `along`")
        return (move if step.pick == ALL and step.only is None else self._picking(move, step, kind)), kind

    def _url(self, name: str, kind: Kind | None) -> str:
        """The URL of an extension; inside another one a name may stand for itself."""
        url = self._extensions.get(name, name)
        if ":" not in url and kind is not None and kind.type != "Extension":
            raise SyntaxProblem(f"{name} is no URL and package.yaml has no extension of that name", 0)
        return url

    def _type(self, name: str) -> Kind:
        kind = self._schema.root(name)
        if kind is None:
            raise SyntaxProblem(f"FHIR has no type {name}", 0)
        return kind

    def _child(self, kind: Kind | None, name: str) -> Kind | None:
        """The kind of a child element; None when the parent's is not known, or anything may stand there."""
        if kind is None or kind.type in ("Resource", "DomainResource", "xhtml"):
            return None
        element = self._schema.child(kind, name)
        if element is None:
            if name in ("id", "extension", "resourceType") or self._schema.root(kind.type) is None:
                return None
            known = self._schema.children(kind)
            near = difflib.get_close_matches(name, known, 1)
            raise SyntaxProblem(f"{kind.prefix} has no element {name}{f'; did you mean {near[0]}?' if near else ''}", 0)
        return element.kind

    def _picking(self, move: Move, step: FhirStep, kind: Kind | None) -> Move:
        only = None if step.only is None else self._holds(step.only, kind)

        def pick(frame: Frame, node: Node) -> list[Node]:
            found = move(frame, node)
            if only is not None:
                return [one for one in found if only(at_node(frame, one))]
            return found[-1:] if step.pick == LAST else found[step.pick - 1 : step.pick]

        return pick

    # --- conditions --------------------------------------------------------------------------------------------------

    def _test(self, condition: Condition, kind: Kind | None) -> Test | None:
        """A condition that depends on the value at hand alone; None for any other."""
        match condition:
            case Both(conditions) | Either(conditions):
                tests = [test for part in conditions if (test := self._test(part, kind)) is not None]
                if len(tests) < len(conditions):
                    return None
                if isinstance(condition, Both):
                    return lambda value: all(test(value) for test in tests)
                return lambda value: any(test(value) for test in tests)
            case Not(inner):
                inverse = self._test(inner, kind)
                return None if inverse is None else lambda value: not inverse(value)
            case Check():
                return self._value_test(condition, kind)
        return None

    def _value_test(self, check: Check, kind: Kind | None) -> Test | None:
        if check.operand is Operand.VERSION or check.test in (Relation.NULL, Relation.IN_CODES):
            return None
        path = path_of(check.path)
        if path.start:
            return None
        way: list[Named] = []
        for step in path.steps:
            only = None
            if step.kind is StepKind.ELEMENT:
                kind = self._child(kind, step.name)
                only = None if step.only is None else self._test(step.only, kind)
            if step.kind is not StepKind.ELEMENT or (step.only is not None and only is None):
                return None
            way.append(Named(step.name, step.pick, only))
        return value_test(check, values_along(way))

    def _holds(self, condition: Condition, kind: Kind | None) -> Holds:
        test = self._test(condition, kind)
        if test is not None:
            return lambda frame: test(frame.at.value)
        match condition:
            case Both(conditions):
                all_of = [self._holds(part, kind) for part in conditions]
                return lambda frame: all(part(frame) for part in all_of)
            case Either(conditions):
                any_of = [self._holds(part, kind) for part in conditions]
                return lambda frame: any(part(frame) for part in any_of)
            case Not(inner):
                inverse = self._holds(inner, kind)
                return lambda frame: not inverse(frame)
            case Made(name):
                return lambda frame: bool(frame.owner.found(name))
            case Same(path, other):
                one, _ = self.path(path_of(path), kind)
                two, _ = self.path(path_of(other), kind)
                return same_text(one, two)
            case Check():
                return self._check(condition, kind)

    def _check(self, check: Check, kind: Kind | None) -> Holds:
        if check.operand is Operand.VERSION:
            raise SyntaxProblem("version is that of a v2 message; this package reads FHIR", 0)
        if check.test is Relation.NULL:
            raise SyntaxProblem("FHIR has no null value; ask for valued", 0)
        read, _ = self.path(path_of(check.path), kind)
        if check.operand is Operand.COUNT:
            number = int(check.values[0])
            return lambda frame: number_test(check.test, len(read(frame)), number)
        if check.operand is Operand.LENGTH:
            number = int(check.values[0])
            return lambda frame: any(
                number_test(check.test, length, number)
                for length in [len(primitive_text(node.value)) for node in read(frame)] or [0]
            )
        if check.test is Relation.VALUED:
            return lambda frame: any(node.value is not None for node in read(frame))
        return text_test(check, read, self._codes)


_MEETING = frozenset({StepKind.RESOLVE, StepKind.REFERRING, StepKind.TYPE})
"""Steps by which different ways may lead to one place."""


def _reader(start: Reader, moves: list[Move], *, many: bool) -> Reader:
    """The moves one after the other; `many` when they may meet in one place, which counts once."""
    if start is here and len(moves) == 1:
        only = moves[0]
        return lambda frame: only(frame, frame.at)

    def read(frame: Frame) -> list[Node]:
        nodes = start(frame)
        for move in moves:
            if not nodes:
                return nodes
            if len(nodes) == 1:
                nodes = move(frame, nodes[0])
            else:
                nodes = [found for node in nodes for found in move(frame, node)]
        return distinct(nodes) if many else nodes

    return read
