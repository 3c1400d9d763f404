"""What FHIRPath needs to know of FHIR's types: which children an element has, and of what types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from workbench.fhir.definitions import Definitions, ElementDefinition, TypeDefinition, choice_name
from workbench.fhir.fhirpath.temporal import Temporal, parse_date, parse_date_time, parse_time
from workbench.fhir.fhirpath.values import Node

_TEMPORAL: dict[str, Callable[[str], Temporal | None]] = {
    "date": parse_date,
    "dateTime": parse_date_time,
    "instant": parse_date_time,
    "time": parse_time,
}
_QUANTITIES = frozenset(
    {"Quantity", "Age", "Count", "Distance", "Duration", "Money", "MoneyQuantity", "SimpleQuantity"}
)
_MANY_TYPES = 4
_INLINE = frozenset({"BackboneElement", "Element"})

Child = tuple[str, str, "Kind | None"]
"""A property name in JSON, its `_` companion, and its type; None for a resource, which names its own."""


class Kind:
    """A type, or the nested type at a path of one.

    name         `Patient`, `HumanName`, `code`; `BackboneElement` for a nested element
    ancestors    names of the types it specialises and its own
    primitive    True for `string`, `date`, …
    """

    __slots__ = ("_children", "_choices", "_load", "ancestors", "is_quantity", "name", "primitive", "temporal")

    def __init__(
        self, name: str, ancestors: frozenset[str], primitive: bool, load: Callable[[], dict[str, tuple[Child, ...]]]
    ) -> None:
        self.name = name
        self.ancestors = ancestors
        self.primitive = primitive
        self.is_quantity = name in _QUANTITIES and name != "Money"
        self.temporal = _TEMPORAL.get(name)
        self._load = load
        self._children: dict[str, tuple[Child, ...]] | None = None
        self._choices: dict[str, dict[str, Child]] = {}

    @property
    def children(self) -> dict[str, tuple[Child, ...]]:
        """JSON properties by the name FHIRPath has for them: `value` stands for `valueQuantity`, `valueString`, …"""
        if self._children is None:
            self._children = self._load()
        return self._children

    def present(self, name: str, value: dict[str, object]) -> Sequence[Child]:
        """The children of that name which a value may have; of a choice with many types those it has."""
        children = (self._children or self.children).get(name, ())
        if len(children) < _MANY_TYPES:
            return children
        by_name = self._choices.get(name)
        if by_name is None:
            by_name = {each[0]: each for each in children} | {each[1]: each for each in children}
            self._choices[name] = by_name
        found = [child for key in value if (child := by_name.get(key)) is not None]
        return found if len(found) < 2 else tuple(dict.fromkeys(found))


class Model:
    """The kinds of one set of definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._kinds: dict[str, Kind] = {}
        self.unknown = Kind("", frozenset({"Element"}), False, dict)
        self.unknown_primitive = Kind("string", frozenset({"string", "Element"}), True, dict)

    def kind(self, name: str) -> Kind | None:
        """The kind of a type by its name, None when there is no such type."""
        found = self._kinds.get(name)
        if found is None:
            definition = self._definitions.type_definition(name)
            if definition is None:
                return None
            known = definition
            primitive = definition.kind == "primitive-type"
            found = Kind(name, self._ancestors(definition), primitive, lambda: self._children(known, known.name))
            self._kinds[name] = found
        return found

    def inner(self, definition: TypeDefinition, path: str) -> Kind:
        """The kind of a nested element: `Patient.contact`."""
        if path == definition.name:
            return self.kind(path) or self.unknown
        found = self._kinds.get(path)
        if found is None:
            element = definition.element(path)
            name = element.types[0].code if element is not None and element.types else "BackboneElement"
            ancestors = frozenset({name, "Element"})
            found = self._kinds[path] = Kind(name, ancestors, False, lambda: self._children(definition, path))
        return found

    def at(self, type_name: str, path: str) -> Kind:
        """The kind of the object at a path of a type: `Patient`, `Patient.contact`."""
        definition = self._definitions.type_definition(type_name)
        return self.unknown if definition is None else self.inner(definition, path)

    def resource(self, value: dict[str, object]) -> Node:
        """A decoded resource as a node."""
        name = value.get("resourceType")
        kind = self.kind(name) if isinstance(name, str) else None
        return Node(value, kind or self.unknown)

    def _ancestors(self, definition: TypeDefinition) -> frozenset[str]:
        names = {definition.name}
        base = definition.base
        while base:
            name = base.rsplit("/", 1)[-1]
            parent = self._definitions.type_definition(name)
            if parent is None or name in names:
                break
            names.add(name)
            base = parent.base
        return frozenset(names)

    def _children(self, definition: TypeDefinition, path: str) -> dict[str, tuple[Child, ...]]:
        found: dict[str, tuple[Child, ...]] = {}
        depth = path.count(".") + 1
        for element in definition.elements:
            if element.path.count(".") == depth and element.path.startswith(f"{path}.") and not element.slice_name:
                name = element.name.removesuffix("[x]")
                found[name] = tuple(self._typed(definition, element))
        return found

    def _typed(self, definition: TypeDefinition, element: ElementDefinition) -> Iterator[Child]:
        if element.content_reference:
            yield element.name, f"_{element.name}", self.inner(definition, element.content_reference)
        for reference in element.types:
            code = reference.code
            name = choice_name(element.name, code) if element.name.endswith("[x]") else element.name
            if code in _INLINE and not element.name.endswith("[x]") and definition.kind != "primitive-type":
                yield name, f"_{name}", self.inner(definition, element.path)
            elif code == "Resource":
                yield name, f"_{name}", None
            else:
                yield name, f"_{name}", self.kind(code) or self.unknown


@lru_cache(maxsize=8)
def model_of(definitions: Definitions) -> Model:
    """The model of a set of definitions, made once."""
    return Model(definitions)
