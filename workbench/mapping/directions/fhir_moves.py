"""Steps of paths over FHIR: from nodes to the nodes they lead to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from workbench.fhir.json_tree import dumps
from workbench.fhir.path import is_choice_of
from workbench.mapping.conditions import ALL, LAST
from workbench.mapping.directions.fhir_document import FhirSource
from workbench.mapping.directions.fhir_json import type_of
from workbench.mapping.directions.patterns import Place
from workbench.mapping.directions.running import Frame, Node, Reader
from workbench.mapping.model import Json

Move = Callable[[Frame, Node], list[Node]]
Test = Callable[[Json], bool]
"""A condition that looks at nothing but the value at hand and what is in it."""


class Named(NamedTuple):
    """An element on a way.

    pick  ALL, LAST or the number of the value, from 1
    only  holds for the values that count
    """

    name: str
    pick: int = ALL
    only: Test | None = None

    def of(self, items: Sequence[tuple[int, Json]]) -> Sequence[tuple[int, Json]]:
        """Those of numbered values that count."""
        if self.only is not None:
            return [item for item in items if self.only(item[1])]
        if self.pick == ALL:
            return items
        return items[-1:] if self.pick == LAST else items[self.pick - 1 : self.pick]


def along(way: Sequence[Named]) -> Move:
    """From an object through elements to their values; a primitive that has only extensions is a node without value."""
    last = len(way) - 1

    def descend(value: Json, place: Place, at: int, node: Node, found: list[Node]) -> None:
        while isinstance(value, dict):
            named = way[at]
            name = named.name
            item = value.get(name)
            if isinstance(item, list):
                items = [(number, each) for number, each in enumerate(item) if each is not None]
                if named.pick != ALL or named.only is not None:
                    items = list(named.of(items))
                if at == last:
                    found += [Node(each, (*place, name, number), node.via) for number, each in items]
                else:
                    for number, each in items:
                        descend(each, (*place, name, number), at + 1, node, found)
                return
            if item is None and (at != last or isinstance(value.get(f"_{name}", ABSENT), list | Absent)):
                return
            if (named.pick != ALL or named.only is not None) and not named.of(((0, item),)):
                return
            place = (*place, name)
            if at == last:
                found.append(Node(item, place, node.via))
                return
            value = item
            at += 1

    def move(frame: Frame, node: Node) -> list[Node]:
        found: list[Node] = []
        if node.place is not None:
            descend(node.value, node.place, 0, node, found)
        return found

    return move


class Absent:
    """The kind of `ABSENT`, which no JSON value is."""


ABSENT = Absent()


def values_along(way: Sequence[Named]) -> Callable[[Json], list[Json]]:
    """The values `along` leads to; None for a primitive that has only extensions."""
    last = len(way) - 1

    def descend(value: Json, at: int, found: list[Json]) -> None:
        while isinstance(value, dict):
            named = way[at]
            item = value.get(named.name)
            if isinstance(item, list):
                items = [(number, each) for number, each in enumerate(item) if each is not None]
                for _, each in named.of(items):
                    if at == last:
                        found.append(each)
                    else:
                        descend(each, at + 1, found)
                return
            if item is None and (at != last or isinstance(value.get(f"_{named.name}", ABSENT), list | Absent)):
                return
            if (named.pick != ALL or named.only is not None) and not named.of(((0, item),)):
                return
            if at == last:
                found.append(item)
                return
            value = item
            at += 1

    def read(value: Json) -> list[Json]:
        found: list[Json] = []
        descend(value, 0, found)
        return found

    return read


def here(frame: Frame) -> list[Node]:
    return [frame.at]


def bundle(frame: Frame) -> list[Node]:
    assert isinstance(frame.run.document, FhirSource)  # the package reads FHIR
    return [frame.run.document.root] if frame.run.document.is_bundle else []


def enclosing(name: str) -> Reader:
    def read(frame: Frame) -> list[Node]:
        around = frame.owner.around(name)
        return [] if around is None else [around.source]

    return read


def literal(text: str) -> Reader:
    return lambda frame: [Node(text, None)]


def first_that_has(readers: list[Reader]) -> Reader:
    def read(frame: Frame) -> list[Node]:
        for reader in readers:
            found = reader(frame)
            if found:
                return found
        return []

    return read


def choice(name: str) -> Move:
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


def typed(name: str, first: bool) -> Move:
    def move(frame: Frame, node: Node) -> list[Node]:
        document = frame.run.document
        assert isinstance(document, FhirSource)  # the package reads FHIR
        if type_of(node.value) == name:
            return [node]
        if first and (type_of(node.value) == "Bundle" or node.place == ()):
            return list(document.of_type(name))
        return []

    return move


def extension(url: str) -> Move:
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


def resolve(kind: str) -> Move:
    def move(frame: Frame, node: Node) -> list[Node]:
        assert isinstance(frame.run.document, FhirSource)  # the package reads FHIR
        found = frame.run.document.resolved(node)
        return [] if found is None or (kind and type_of(found.value) != kind) else [found]

    return move


def referring(kind: str, path: str) -> Move:
    def move(frame: Frame, node: Node) -> list[Node]:
        assert isinstance(frame.run.document, FhirSource)  # the package reads FHIR
        return frame.run.document.referring(node, kind, path)

    return move


def message_id(frame: Frame, node: Node) -> list[Node]:
    """Twenty characters (the length of MSH-10 in v2.5.1) that depend on the document, the map and what it is for."""
    root = frame.owner.message
    document = frame.run.document
    assert isinstance(document, FhirSource)  # the package reads FHIR
    named = f"{root.name} {root.source.place} ".encode() + dumps(document.value)
    return [Node(hashlib.sha256(named).hexdigest()[:20].upper(), None)]


def number(frame: Frame, node: Node) -> list[Node]:
    return [Node(str(frame.owner.number), None)]


def number_in_message(frame: Frame, node: Node) -> list[Node]:
    return [Node(str(frame.owner.overall), None)]


def at_node(frame: Frame, node: Node) -> Frame:
    return Frame(frame.run, node, frame.owner, frame.target, {}, frame)


def distinct(nodes: list[Node]) -> list[Node]:
    """Each place once: two reports of one patient lead to one patient."""
    if len(nodes) < 2:
        return nodes
    found: dict[object, Node] = {}
    for number, node in enumerate(nodes):
        found.setdefault(number if node.place is None else node.place, node)
    return list(found.values())
