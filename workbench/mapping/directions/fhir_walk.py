"""Every primitive of a FHIR document: for the ledger rules, and for the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Set

from workbench.fhir.json_scan import Element
from workbench.fhir.json_tree import FhirDocument
from workbench.mapping.directions.fhir_json import EXTENSIONS, RESOURCE, type_of, url_of
from workbench.mapping.directions.patterns import Place, Spot, State
from workbench.mapping.directions.running import Object
from workbench.mapping.engine.ledger import FhirValue
from workbench.mapping.model import Json


class Visit:
    """One walk through a document, see `running.Document.visit`."""

    def __init__(
        self, start: Spot, begun: Mapping[Place, frozenset[State]], taken: Set[Place] | None, bundle: bool
    ) -> None:
        self._start = start
        self._begun = begun
        self._everything = taken is None
        self._taken: Set[Place] = frozenset() if taken is None else taken
        self._marked = self._taken | begun.keys()
        self._bundle = bundle
        self._found: list[tuple[Place, Spot]] = []

    def of(self, value: Object) -> list[tuple[Place, Spot]]:
        """The populated primitives of a document."""
        self._value(value, (), self._start.inside(type_of(value) or RESOURCE))
        return self._found

    def _value(self, value: Json, place: Place, spot: Spot) -> None:
        if place in self._begun:
            spot = spot.joined(self._begun[place])
        if not self._everything and (spot.left_out or place in self._taken):
            return
        if isinstance(value, dict):
            self._object(value, place, spot)
        elif isinstance(value, list):
            for number, each in enumerate(value):
                self._value(each, (*place, number), spot)
        elif value is not None and value != "":
            self._found.append((place, spot))

    def _object(self, value: Object, place: Place, spot: Spot) -> None:
        """The elements of an object; most of them are texts that nothing was said of."""
        ways, marked, found, leaving = spot.ways, self._marked, self._found, not self._everything
        for key, item in value.items():
            inside = ways.get(key) or spot.inside(key)
            if key == "resourceType" or (inside.left_out and leaving):
                continue
            if isinstance(item, str):
                here = (*place, key)
                if here in marked:
                    self._value(item, here, inside)
                elif item:
                    found.append((here, inside))
            elif isinstance(item, list):
                self._items(item, (*place, key), spot, inside)
            else:
                self._value(item, (*place, key), inside)

    def _items(self, items: list[Json], place: Place, around: Spot, spot: Spot) -> None:
        key = place[-1]
        if key in EXTENSIONS:
            for number, each in enumerate(items):
                self._value(each, (*place, number), around.inside(str(key), url_of(each)))
        elif self._bundle and place == ("entry",):
            for number, each in enumerate(items):
                self._entry(each, (*place, number), spot)
        else:
            for number, each in enumerate(items):
                self._value(each, (*place, number), spot)

    def _entry(self, value: Json, place: Place, spot: Spot) -> None:
        """An entry of the Bundle, in whose resource ways begin again."""
        if not isinstance(value, dict) or "resource" not in value:
            self._value(value, place, spot)
            return
        if place in self._begun:
            spot = spot.joined(self._begun[place])
        if not self._everything and (spot.left_out or place in self._taken):
            return
        for key, item in value.items():
            if key == "resource":
                again = spot.inside(key).begun_again(self._start.inside(type_of(item) or RESOURCE))
                self._value(item, (*place, key), again)
            else:
                self._object({key: item}, place, spot)


def values_of(document: FhirDocument) -> list[FhirValue]:
    """The populated primitives as the ledger names them, in the order of a `Visit`."""
    found: list[FhirValue] = []
    bundle = document.resource_type == "Bundle"

    def visit(value: Json, place: Place, path: str, field: str, element: Element | None) -> None:
        if bundle and len(place) == 3 and place[0] == "entry" and place[2] == "resource":
            field = type_of(value) or RESOURCE
        if isinstance(value, dict):
            inside = {} if element is None else {each.label: each for each in element.children}
            for key, item in value.items():
                if key != "resourceType":
                    visit(item, (*place, key), f"{path}.{key}", f"{field}.{key}", inside.get(key))
        elif isinstance(value, list):
            items = () if element is None else element.children
            for number, item in enumerate(value):
                below = items[number] if number < len(items) else None
                visit(item, (*place, number), f"{path}[{number}]", field, below)
        elif value is not None and value != "":
            found.append(FhirValue(path, None if element is None else element.span, field))

    visit(document.value, (), document.resource_type or "$this", document.resource_type or RESOURCE, document.root)
    return found


def child_element(element: Element, step: str | int) -> Element | None:
    """The node at a key or number of a positioned tree's node."""
    if isinstance(step, int):
        return element.children[step] if step < len(element.children) else None
    # The last of repeated keys counts, as for the decoder.
    return next((child for child in reversed(element.children) if child.label == step), None)
