"""A FHIR resource or Bundle as a source: its resources, its primitives, and where its references lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cached_property

from workbench.fhir.json_scan import Element
from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.kernel.location import Location
from workbench.mapping.directions.fhir_json import (
    EXTENSIONS,
    RESOURCE,
    at_path,
    child_of,
    primitive_text,
    stepped,
    type_of,
    url_of,
)
from workbench.mapping.directions.fhir_walk import Visit, child_element, values_of
from workbench.mapping.directions.patterns import Place, Spot, State
from workbench.mapping.directions.running import Node
from workbench.mapping.engine.ledger import FhirValue
from workbench.mapping.model import Json


class FhirSource:
    """One document; `value` is its JSON."""

    def __init__(self, document: FhirDocument) -> None:
        self.document = document
        self.value = document.value
        self.is_bundle = document.resource_type == "Bundle"

    # --- what rules read ---------------------------------------------------------------------------------------------

    def text(self, node: Node) -> str:
        return primitive_text(node.value)

    def whole_text(self, node: Node) -> str:
        if isinstance(node.value, dict | list):
            return dumps(node.value).decode("utf-8")
        return self.text(node)

    def first_leaf(self, place: Place) -> Place:
        return place

    @cached_property
    def root(self) -> Node:
        return Node(self.value, ())

    @cached_property
    def resources(self) -> tuple[Node, ...]:
        """The resources of a Bundle's entries in order, or the one resource; contained ones are found by reference."""
        if not self.is_bundle:
            return (self.root,)
        entries = self.value.get("entry")
        return tuple(
            Node(entry["resource"], ("entry", number, "resource"))
            for number, entry in enumerate(entries if isinstance(entries, list) else [])
            if isinstance(entry, dict) and isinstance(entry.get("resource"), dict)
        )

    def of_type(self, name: str) -> Sequence[Node]:
        return self._by_type.get(name, ())

    @cached_property
    def _by_type(self) -> Mapping[str, Sequence[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.resources:
            found.setdefault(type_of(node.value), []).append(node)
        return found

    def full_url(self, node: Node) -> str:
        """`fullUrl` of a resource's entry, "" when it has none."""
        if node.place is None or node.place[:1] != ("entry",) or len(node.place) != 3:
            return ""
        url = self.at((*node.place[:2], "fullUrl"))
        return url if isinstance(url, str) else ""

    # --- references --------------------------------------------------------------------------------------------------

    def resolved(self, reference: Node) -> Node | None:
        """The resource a Reference leads to inside the document, None when it leads elsewhere."""
        if not isinstance(reference.value, dict) or reference.place is None:
            return None
        text = reference.value.get("reference")
        if not isinstance(text, str) or not text:
            return None
        found = self._contained(reference.place, text[1:]) if text.startswith("#") else self._by_reference.get(text)
        if found is None and "/_history/" in text:
            found = self._by_reference.get(text.partition("/_history/")[0])
        if found is None:
            return None
        return Node(found.value, found.place, (*reference.via, (*reference.place, "reference")))

    @cached_property
    def _by_reference(self) -> dict[str, Node]:
        """Every text by which a resource can be referred to (R4 bundle.html#references)."""
        found: dict[str, Node] = {}
        for node in self.resources:
            kind, identity, url = type_of(node.value), child_of(node.value, "id"), self.full_url(node)
            if url:
                found.setdefault(url, node)
                if url.startswith(("http://", "https://")):
                    found.setdefault("/".join(url.split("/")[-2:]), node)
            if isinstance(identity, str):
                found.setdefault(f"{kind}/{identity}", node)
                found.setdefault(f"urn:uuid:{identity}", node)
        return found

    def _contained(self, place: Place, identity: str) -> Node | None:
        """The contained resource of that id in the resource around a place; "" is the resource itself."""
        around = self.resource_around(place)
        if not identity:
            return around
        contained = child_of(around.value, "contained")
        for number, resource in enumerate(contained if isinstance(contained, list) else []):
            if child_of(resource, "id") == identity:
                return Node(resource, (*(around.place or ()), "contained", number))
        return None

    def resource_around(self, place: Place) -> Node:
        """The resource of an entry, or the one resource, around a place."""
        around = self.resource_place(place)
        return Node(self.at(around), around) if around else self.root

    def resource_place(self, place: Place) -> Place:
        """Where the resource of an entry that is around a place stands; () for the one resource, or the Bundle."""
        return place[:3] if self._is_resource(place[:3]) else ()

    def _is_resource(self, place: Place) -> bool:
        return self.is_bundle and len(place) == 3 and place[0] == "entry" and place[2] == "resource"

    def referring(self, node: Node, kind: str, path: str) -> list[Node]:
        """The resources of a type whose element at `path` refers to the node."""
        index = self._referring.get((kind, path))
        if index is None:
            index = self._referring[kind, path] = self._references(kind, tuple(path.split(".")))
        return index.get(node.place or (), [])

    @cached_property
    def _referring(self) -> dict[tuple[str, str], dict[Place, list[Node]]]:
        """By type and path: for each resource those that refer to it there, by way of the reference."""
        return {}

    def _references(self, kind: str, path: tuple[str, ...]) -> dict[Place, list[Node]]:
        found: dict[Place, dict[Place, Node]] = {}
        for resource in self.of_type(kind):
            assert resource.place is not None  # resources stand somewhere
            for place, value in at_path(resource.value, resource.place, path):
                target = self.resolved(Node(value, place))
                if target is not None and target.place is not None:
                    node = Node(resource.value, resource.place, ((*place, "reference"),))
                    found.setdefault(target.place, {}).setdefault(resource.place, node)
        return {place: list(nodes.values()) for place, nodes in found.items()}

    # --- places ------------------------------------------------------------------------------------------------------

    def beside(self, place: Place) -> tuple[Json, Place]:
        """What stands beside a primitive (`_birthDate`), and where; None when nothing does."""
        *around, last = place
        if isinstance(last, int):
            *around, key = around
            beside: Place = (*around, f"_{key}", last)
        else:
            beside = (*around, f"_{last}")
        return self.at(beside), beside

    def at(self, place: Place) -> Json:
        value, steps = self._resource_at.get(place[:3]), place[3:]
        if value is None:
            value, steps = self.value, place
        for step in steps:
            value = stepped(value, step)
        return value

    @cached_property
    def _resource_at(self) -> Mapping[Place, Json]:
        return {node.place: node.value for node in self.resources if node.place}

    def visit(
        self, start: Spot, begun: Mapping[Place, frozenset[State]], taken: Set[Place] | None
    ) -> list[tuple[Place, Spot]]:
        return Visit(start, begun, taken, self.is_bundle).of(self.value)

    def spot(self, place: Place, start: Spot, begun: Mapping[Place, frozenset[State]]) -> Spot:
        spot = start.inside(type_of(self.value) or RESOURCE)
        if () in begun:
            spot = spot.joined(begun[()])
        value: Json = self.value
        for number, step in enumerate(place):
            value = stepped(value, step)
            if isinstance(step, int):
                before = place[number - 1]
                spot = spot.inside(before, url_of(value)) if before in EXTENSIONS else spot
            elif step not in EXTENSIONS or not isinstance(value, list):
                spot = spot.inside(step)
            if number == 2 and self._is_resource(place[:3]):
                spot = spot.begun_again(start.inside(type_of(value) or RESOURCE))
            if place[: number + 1] in begun:
                spot = spot.joined(begun[place[: number + 1]])
        return spot

    def way(self, place: Place) -> Sequence[str]:
        return self.field_of(place).split(".")

    def elements(self) -> Sequence[FhirValue]:
        return values_of(self.document)

    def location(self, node: Node) -> Location:
        return self._location(node.place or ())

    def path(self, place: Place, start: int = 0) -> str:
        """`Bundle.entry[2].resource.name[0].family`, as `FhirDocument.at` reads it; from a step on without the type."""
        text = (self.document.resource_type or "$this") if not start else ""
        for step in place[start:]:
            text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
        return text

    def _location(self, place: Place) -> Location:
        element = self._element(place)
        return Location(self.path(place), None if element is None else element.span)

    def _element(self, place: Place) -> Element | None:
        """The node of the positioned tree at a place."""
        found = self._elements.get(place)
        if found is None and place not in self._elements:
            around = self._element(place[:-1])
            found = None if around is None else child_element(around, place[-1])
            self._elements[place] = found
        return found

    @cached_property
    def _elements(self) -> dict[Place, Element | None]:
        return {(): self.document.root}

    def node_around(self, place: Place) -> Node:
        around = place[:-2] if isinstance(place[-1], int) else place[:-1]
        return Node(self.at(around), around)

    def field_of(self, place: Place) -> str:
        """The element without numbers and without the Bundle around it: `Patient.name.family`."""
        resource = self.resource_around(place)
        inside = place[len(resource.place or ()) :]
        return ".".join([type_of(resource.value) or RESOURCE, *(step for step in inside if isinstance(step, str))])
