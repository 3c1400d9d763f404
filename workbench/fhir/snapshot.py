"""Snapshots of profiles that carry differentials only (R4 profiling.html#snapshot).

The base's elements are taken over, each element of the differential is laid on the one it names, slices are copied
from what they slice. Into the type of an element the snapshot goes as deep as the differential does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from workbench.fhir.definitions import (
    STRUCTURE_DEFINITION,
    Binding,
    Constraint,
    Definitions,
    ElementDefinition,
    TypeDefinition,
    TypeReference,
    choice_name,
)
from workbench.fhir.structure_json import (
    Json,
    binding_of,
    constraint_of,
    json_of,
    maximum,
    type_definition,
    types_of,
    value_demands,
    with_elements,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_INLINE = frozenset({"BackboneElement", "Element"})
_DEEPEST_BASE = 24


def identified(elements: Iterable[ElementDefinition]) -> tuple[ElementDefinition, ...]:
    """The elements with ids; those that have none get theirs from their order and slice names."""
    found: list[ElementDefinition] = []
    current: dict[str, str] = {}
    for element in elements:
        identity = element.id
        if not identity:
            parent, _, name = element.path.rpartition(".")
            identity = f"{current.get(parent, parent)}.{name}" if parent else name
            if element.slice_name:
                identity += f":{element.slice_name}"
            element = msgspec.structs.replace(element, id=identity)
        current[element.path] = identity
        found.append(element)
    return tuple(found)


class Snapshots:
    """Makes definitions of StructureDefinition resources, with bases looked up in `source`."""

    def __init__(self, source: Definitions) -> None:
        self._source = source
        self._depth = 0

    def of(self, resource: Json) -> TypeDefinition | None:
        """The definition of a StructureDefinition; None when it has no snapshot and its base is not known."""
        if resource.get("snapshot", {}).get("element"):
            made = type_definition(resource)
            return msgspec.structs.replace(made, elements=identified(made.elements))
        base = self._base(resource.get("baseDefinition", ""))
        if base is None:
            return None
        builder = _Builder(self._source, base, resource.get("type", base.type))
        for element in resource.get("differential", {}).get("element", []):
            builder.lay(element)
        return with_elements(resource, tuple(builder.elements.values()), builder.constraints)

    def _base(self, url: str) -> TypeDefinition | None:
        self._depth += 1
        try:
            if not url or self._depth > _DEEPEST_BASE:
                return None
            return definition_of(self._source, url)
        finally:
            self._depth -= 1


def definition_of(source: Definitions, url: str) -> TypeDefinition | None:
    """A type or profile by its canonical URL, its elements with ids."""
    found = source.profile(url)
    if found is None and url.startswith(STRUCTURE_DEFINITION):
        found = source.type_definition(url.split("|", 1)[0].removeprefix(STRUCTURE_DEFINITION))
    if found is None or (found.elements and found.elements[-1].id):
        return found
    return msgspec.structs.replace(found, elements=identified(found.elements))


class _Builder:
    def __init__(self, source: Definitions, base: TypeDefinition, type_name: str) -> None:
        self._source = source
        self._root = type_name
        self.elements: dict[str, ElementDefinition] = {element.id: element for element in base.elements}
        self.constraints: dict[str, Constraint] = dict(base.constraints)
        self._slices: dict[str, str] = {}

    def lay(self, given: Json) -> None:
        """One element of the differential."""
        identity = self._identity(given)
        self._slices[given["path"]] = identity
        element = self._ensure(identity)
        if element is None:
            return
        self.elements[identity] = self._laid(element, given, identity)

    def _identity(self, given: Json) -> str:
        """Its id: as given when it says so, else from its path and the slices before it."""
        path: str = given["path"]
        name = given.get("sliceName", "")
        identity = given.get("id", "")
        if not identity or identity.count(".") != path.count(".") or bool(name) != (":" in identity.rsplit(".", 1)[-1]):
            parent, _, last = path.rpartition(".")
            identity = f"{self._slices.get(parent, parent)}.{last}" if parent else last
            if name:
                identity += f":{name}"
        return self._without_shortcuts(identity)

    def _without_shortcuts(self, identity: str) -> str:
        """`Observation.valueQuantity` means `Observation.value[x]:valueQuantity`."""
        steps = identity.split(".")
        for number in range(1, len(steps)):
            prefix, step = ".".join(steps[:number]), steps[number]
            if f"{prefix}.{step}" in self.elements or ":" in step or step.endswith("[x]"):
                continue
            parent = self._ensure(prefix)
            choice = None if parent is None else self._choice(parent, step)
            if choice is not None:
                steps[number] = f"{choice}:{step}"
        return ".".join(steps)

    def _choice(self, parent: ElementDefinition, name: str) -> str | None:
        """The choice element below a parent that has a type of that JSON name."""
        within = self._type_within(parent)
        if within is None:
            return None
        definition, prefix = within
        depth = prefix.count(".") + 1
        for element in definition.elements:
            path = element.path
            below = path.startswith(f"{prefix}.") and path.count(".") == depth
            if below and path.endswith("[x]") and name in element.json_names():
                return element.name
        return None

    def _ensure(self, identity: str) -> ElementDefinition | None:
        """The element of that id, made from what it slices or from its parent's type when it is not there yet."""
        present = self.elements.get(identity)
        if present is not None:
            return present
        parent_id, _, last = identity.rpartition(".")
        name, _, slice_name = last.partition(":")
        if slice_name:
            made = self._slice(f"{parent_id}.{name}", name, slice_name)
        else:
            parent = self._ensure(parent_id) if parent_id else None
            made = None if parent is None else self._inside(parent, name)
        if made is None:
            return None
        made = msgspec.structs.replace(made, id=identity)
        self.elements[identity] = made
        return made

    def _slice(self, sliced_id: str, name: str, slice_name: str) -> ElementDefinition | None:
        sliced = self._ensure(sliced_id)
        if sliced is None:
            return None
        types = sliced.types
        if name.endswith("[x]"):
            if not sliced.slicing:
                slicing = {"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}
                self.elements[sliced_id] = msgspec.structs.replace(sliced, slicing=json.dumps(slicing))
            types = tuple(each for each in types if choice_name(name, each.code) == slice_name) or types
        return msgspec.structs.replace(sliced, slice_name=slice_name, slicing="", min=0, types=types)

    def _inside(self, parent: ElementDefinition, name: str) -> ElementDefinition | None:
        """The child of that name by the definition of the parent's type."""
        within = self._type_within(parent)
        if within is None:
            return None
        definition, prefix = within
        path = f"{prefix}.{name}"
        for element in definition.elements:
            if element.path == path and not element.slice_name:
                return msgspec.structs.replace(element, path=f"{parent.path}.{name}")
        return None

    def _type_within(self, parent: ElementDefinition) -> tuple[TypeDefinition, str] | None:
        if parent.content_reference or "." not in parent.path:
            base = self._source.type_definition(self._root)
            return None if base is None else (base, parent.content_reference.rsplit("#", 1)[-1] or self._root)
        for reference in parent.types:
            if reference.code in _INLINE:
                base = self._source.type_definition(self._root)
                if base is not None and base.element(parent.path) is not None:
                    return base, parent.path
            definition = self._profile(reference) or self._source.type_definition(reference.code)
            if definition is not None and definition.elements:
                return definition, definition.elements[0].path
        return None

    def _profile(self, reference: TypeReference) -> TypeDefinition | None:
        if len(reference.profiles) != 1 or "#" in reference.profiles[0]:
            return None
        return definition_of(self._source, reference.profiles[0])

    def _laid(self, element: ElementDefinition, given: Json, identity: str) -> ElementDefinition:
        """The element with what the differential says."""
        changes: dict[str, object] = {"id": identity}
        if "min" in given:
            changes["min"] = int(given["min"])
        if "max" in given:
            changes["max"] = maximum(given["max"])
        if given.get("type"):
            changes["types"] = types_of(given)
        if given.get("contentReference"):
            changes["content_reference"] = given["contentReference"].rsplit("#", 1)[-1]
        if "binding" in given:
            changes["binding"] = _binding(given["binding"], element.binding)
        if given.get("constraint"):
            changes["constraints"] = self._constraints(element, given["constraint"])
        for name, json_name in (
            ("fixed", "fixed"),
            ("pattern", "pattern"),
            ("min_value", "minValue"),
            ("max_value", "maxValue"),
        ):
            text = json_of(given, json_name)
            if text:
                changes[name] = text
        if "maxLength" in given:
            changes["max_length"] = given["maxLength"]
        changes |= value_demands(given)
        if "short" in given:
            changes["short"] = given["short"]
        if "sliceName" in given:
            changes["slice_name"] = given["sliceName"]
        if "slicing" in given:
            changes["slicing"] = json.dumps(given["slicing"], sort_keys=True)
        return msgspec.structs.replace(element, **changes)

    def _constraints(self, element: ElementDefinition, given: list[Json]) -> tuple[str, ...]:
        for constraint in given:
            self.constraints[constraint["key"]] = constraint_of(constraint)
        return tuple(dict.fromkeys((*element.constraints, *(constraint["key"] for constraint in given))))


def _binding(given: Json, before: Binding | None) -> Binding | None:
    made = binding_of({"strength": before.strength if before else "example", **given})
    if made is not None and not made.value_set and before is not None:
        return msgspec.structs.replace(made, value_set=before.value_set)
    return made
