"""Compiling sources and conditions over FHIR to functions of a frame, checked against the definitions of FHIR."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Mapping

from workbench.fhir.json_tree import dumps
from workbench.fhir.path import is_choice_of
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
    SyntaxProblem,
    Text,
)
from workbench.mapping.directions.fhir_document import FhirSource, primitive_text, type_of
from workbench.mapping.directions.fhir_paths import (
    FhirPath,
    FhirStep,
    StepKind,
    path_of,
    read_fhir_condition,
    read_fhir_source,
)
from workbench.mapping.directions.running import Frame, Holds, Instance, Node, Reader
from workbench.mapping.fhir_target import FhirSchema, Kind
from workbench.mapping.model import Json, Package
from workbench.terminology.code_map import CodeMap

Move = Callable[[Frame, Node], list[Node]]
Started = tuple[Reader, Kind | None]


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
                readers.append(_literal(alternative.text))
                continue
            reader, found = self.path(alternative, kind)
            readers.append(reader)
        return (readers[0] if len(readers) == 1 else _first(readers)), found

    def condition(self, text: str, kind: Kind | None) -> Holds:
        """raises  SyntaxProblem; KeyError: a code map that is not there"""
        return self._holds(read_fhir_condition(text), kind)

    # --- paths -------------------------------------------------------------------------------------------------------

    def path(self, path: FhirPath, kind: Kind | None) -> tuple[Reader, Kind | None]:
        start: Reader = _here
        if path.start == "bundle":
            start, kind = _bundle, None
        elif path.start:
            if path.start not in self.known_starts:
                raise SyntaxProblem(f"no row is called {path.start}", 0)
            start, kind = _enclosing(path.start), self.known_starts[path.start]
        moves: list[Move] = []
        for number, step in enumerate(path.steps):
            move, kind = self._move(step, kind, number == 0)
            moves.append(move)

        def read(frame: Frame) -> list[Node]:
            nodes = start(frame)
            for move in moves:
                if not nodes:
                    return nodes
                nodes = [found for node in nodes for found in move(frame, node)]
            return _distinct(nodes)

        return read, kind

    def _move(self, step: FhirStep, kind: Kind | None, first: bool) -> tuple[Move, Kind | None]:
        move: Move
        match step.kind:
            case StepKind.ELEMENT:
                kind = self._child(kind, step.name)
                move = _element(step.name)
            case StepKind.CHOICE:
                kind = None
                move = _choice(step.name)
            case StepKind.TYPE:
                kind = self._type(step.name)
                move = _typed(step.name, first)
            case StepKind.EXTENSION:
                url = self._url(step.name, kind)
                kind, move = self._schema.root("Extension"), _extension(url)
            case StepKind.RESOLVE:
                kind, move = (self._type(step.name) if step.name else None), _resolve(step.name)
            case StepKind.REFERRING:
                kind, move = self._type(step.name), _referring(step.name, step.more)
            case StepKind.THIS:
                move = lambda frame, node: [node]  # noqa: E731
            case StepKind.NUMBER | StepKind.NUMBER_IN_MESSAGE:
                whole, kind = step.kind is StepKind.NUMBER_IN_MESSAGE, Kind("positiveInt", "positiveInt")
                move = lambda frame, node: [Node(str(_number(frame.owner, whole)), None)]  # noqa: E731
            case StepKind.MESSAGE_ID:
                kind, move = Kind("string", "string"), _message_id
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
                return [one for one in found if only(_at(frame, one))]
            return found[-1:] if step.pick == LAST else found[step.pick - 1 : step.pick]

        return pick

    # --- conditions --------------------------------------------------------------------------------------------------

    def _holds(self, condition: Condition, kind: Kind | None) -> Holds:
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


def text_test(check: Check, read: Reader, codes: Mapping[str, CodeMap]) -> Holds:
    """The test of the texts of a source against what the check wants.

    raises  KeyError: a code map that is not there
    """
    if check.test is Relation.UNEQUAL:
        unwanted = check.values[0]
        return lambda frame: not any(frame.run.document.text(node) == unwanted for node in read(frame))
    if check.test is Relation.IN_CODES:
        code_map = codes[check.values[0]]
        return lambda frame: any(
            code_map.translate(text, sender=frame.run.sender) for node in read(frame) for text in _codes_of(frame, node)
        )
    if check.test is Relation.MATCHES:
        pattern = re.compile(check.values[0])
        return lambda frame: any(pattern.fullmatch(frame.run.document.text(node)) for node in read(frame))
    wanted = frozenset(check.values)
    return lambda frame: any(frame.run.document.text(node) in wanted for node in read(frame))


def number_test(relation: Relation, number: int, other: int) -> bool:
    """How two numbers stand to one another."""
    match relation:
        case Relation.EQUAL:
            return number == other
        case Relation.UNEQUAL:
            return number != other
        case Relation.LESS:
            return number < other
        case Relation.AT_MOST:
            return number <= other
        case Relation.MORE:
            return number > other
        case _:
            return number >= other


def _codes_of(frame: Frame, node: Node) -> list[str]:
    value = node.value
    if isinstance(value, dict):
        codings = value.get("coding", [value])
        return (
            [str(one["code"]) for one in codings if isinstance(one, dict) and "code" in one]
            if isinstance(codings, list)
            else []
        )
    return [frame.run.document.text(node)]


# --- moves ------------------------------------------------------------------------------------------------------------


def _here(frame: Frame) -> list[Node]:
    return [frame.at]


def _bundle(frame: Frame) -> list[Node]:
    assert isinstance(frame.run.document, FhirSource)  # the package reads FHIR
    return [frame.run.document.root] if frame.run.document.is_bundle else []


def _enclosing(name: str) -> Reader:
    def read(frame: Frame) -> list[Node]:
        around = frame.owner.around(name)
        return [] if around is None else [around.source]

    return read


def _literal(text: str) -> Reader:
    return lambda frame: [Node(text, None)]


def _first(readers: list[Reader]) -> Reader:
    def read(frame: Frame) -> list[Node]:
        for reader in readers:
            found = reader(frame)
            if found:
                return found
        return []

    return read


def _element(name: str) -> Move:
    def move(frame: Frame, node: Node) -> list[Node]:
        value = node.value
        if not isinstance(value, dict) or node.place is None:
            return []
        found = value.get(name)
        if found is None and f"_{name}" not in value:
            return []
        return _items(node, name, found, value.get(f"_{name}"))

    return move


def _choice(name: str) -> Move:
    def move(frame: Frame, node: Node) -> list[Node]:
        if not isinstance(node.value, dict):
            return []
        return [
            found
            for key, value in node.value.items()
            if is_choice_of(key, name)
            for found in _items(node, key, value, None)
        ]

    return move


def _items(node: Node, name: str, value: Json, beside: Json) -> list[Node]:
    assert node.place is not None  # literals have no elements
    if isinstance(value, list):
        return [
            Node(item, (*node.place, name, number), node.via) for number, item in enumerate(value) if item is not None
        ]
    if value is None and isinstance(beside, list):
        return []
    return [Node(value, (*node.place, name), node.via)]


def _typed(name: str, first: bool) -> Move:
    def move(frame: Frame, node: Node) -> list[Node]:
        document = frame.run.document
        assert isinstance(document, FhirSource)  # the package reads FHIR
        if type_of(node.value) == name:
            return [node]
        if first and (type_of(node.value) == "Bundle" or node.place == ()):
            return document.of_type(name)
        return []

    return move


def _extension(url: str) -> Move:
    def move(frame: Frame, node: Node) -> list[Node]:
        value, place = node.value, node.place
        if place is None:
            return []
        if not isinstance(value, dict):
            assert isinstance(frame.run.document, FhirSource)  # the package reads FHIR
            value, place = frame.run.document.beside(place)
        extensions = value.get("extension") if isinstance(value, dict) else None
        return [
            Node(item, (*place, "extension", number), (*node.via, (*place, "extension", number, "url")))
            for number, item in enumerate(extensions if isinstance(extensions, list) else [])
            if isinstance(item, dict) and item.get("url") == url
        ]

    return move


def _resolve(kind: str) -> Move:
    def move(frame: Frame, node: Node) -> list[Node]:
        assert isinstance(frame.run.document, FhirSource)  # the package reads FHIR
        found = frame.run.document.resolved(node)
        return [] if found is None or (kind and type_of(found.value) != kind) else [found]

    return move


def _referring(kind: str, path: str) -> Move:
    def move(frame: Frame, node: Node) -> list[Node]:
        assert isinstance(frame.run.document, FhirSource)  # the package reads FHIR
        return frame.run.document.referring(node, kind, path)

    return move


def _message_id(frame: Frame, node: Node) -> list[Node]:
    """Twenty characters (the length of MSH-10 in v2.5.1) that depend on the document, the map and what it is for."""
    root = frame.owner
    while root.outer is not None:
        root = root.outer
    document = frame.run.document
    assert isinstance(document, FhirSource)  # the package reads FHIR
    named = f"{root.name} {root.source.place} ".encode() + dumps(document.value)
    return [Node(hashlib.sha256(named).hexdigest()[:20].upper(), None)]


def _number(owner: Instance, whole: bool) -> int:
    """Which of the segments of its kind the owner is, in what encloses it or in the message; from 1."""
    around = owner.outer
    while whole and around is not None and around.outer is not None:
        around = around.outer
    if around is None:
        return 1
    alike = [one for one in (around.walk() if whole else around.inside) if one.kind == owner.kind]
    return alike.index(owner) + 1 if owner in alike else len(alike) + 1


def _at(frame: Frame, node: Node) -> Frame:
    return Frame(frame.run, node, frame.owner, frame.target, {}, frame)


def _distinct(nodes: list[Node]) -> list[Node]:
    """Each place once: two reports of one patient lead to one patient."""
    if len(nodes) < 2:
        return nodes
    found: dict[object, Node] = {}
    for number, node in enumerate(nodes):
        found.setdefault(number if node.place is None else node.place, node)
    return list(found.values())
