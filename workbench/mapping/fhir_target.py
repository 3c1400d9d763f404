"""Target paths of FHIR: read, and checked against the definitions of the standard."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from workbench.fhir.definitions import STRUCTURE_DEFINITION, ElementDefinition, definitions

_STEP = re.compile(r"(?:extension\(([^()]+)\)|([A-Za-z][A-Za-z0-9]*))(\[[^\]]*\])?(?:\.|$)")
_LABEL = re.compile(r"[A-Za-z][\w-]*|\d*")


class TargetProblem(ValueError):
    """A target path that cannot be; the message is the rest of a sentence."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a target element is: the type's definition and the prefix its children are described under."""

    type: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Element:
    """A child element, as a writer must know it.

    name       its key in JSON: `valueQuantity`
    others     the keys of the other choices of the same element
    """

    name: str
    kind: Kind
    repeats: bool
    primitive: bool
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a target path.

    label  None where none is written, "" for `[]` (always a new one), digits for the place in the list, else a name
    url    of an extension
    """

    element: Element
    label: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class TargetPath:
    """Steps from the element at hand; `up` counts leading `../`; no steps and no `up` is `$value`."""

    up: int
    steps: tuple[Step, ...]


class TargetSchema(Protocol):
    """What the compiler asks of the target's standard."""

    def root(self, name: str) -> Kind | None: ...
    def child(self, kind: Kind, name: str) -> Element | None: ...
    def children(self, kind: Kind) -> tuple[str, ...]: ...
    def is_resource(self, name: str) -> bool: ...
    def takes(self, kind: Kind, made: str) -> bool: ...


class FhirSchema:
    """The elements of FHIR, by type and JSON name."""

    def __init__(self, version: str) -> None:
        self._definitions = definitions(version)
        self._tables: dict[str, dict[str, dict[str, Element]]] = {}

    def root(self, name: str) -> Kind | None:
        return Kind(name, name) if self._definitions.type_definition(name) else None

    def is_resource(self, name: str) -> bool:
        return self._definitions.is_resource(name)

    def takes(self, kind: Kind, made: str) -> bool:
        """True when a value of type `made` can stand in the element: its own type, or what that specialises (Duration
        is a Quantity)."""
        definition = self._definitions.type_definition(kind.type)
        return kind.type == made or (definition is not None and definition.base == STRUCTURE_DEFINITION + made)

    def child(self, kind: Kind, name: str) -> Element | None:
        return self._table(kind.type).get(kind.prefix, {}).get(name)

    def children(self, kind: Kind) -> tuple[str, ...]:
        return tuple(self._table(kind.type).get(kind.prefix, {}))

    def _table(self, type_name: str) -> dict[str, dict[str, Element]]:
        if type_name not in self._tables:
            table: dict[str, dict[str, Element]] = {}
            for element in self._definitions.elements(type_name):
                if "." in element.path:
                    prefix, name = element.path.rsplit(".", 1)
                    table.setdefault(prefix, {}).update(self._elements(type_name, element, name))
            self._tables[type_name] = table
        return self._tables[type_name]

    def _elements(self, type_name: str, element: ElementDefinition, name: str) -> dict[str, Element]:
        if element.content_reference:
            kind = Kind(type_name, element.content_reference.rsplit("#", 1)[-1])
            return {name: Element(name, kind, element.repeats, False)}
        names = element.json_names()
        found = {}
        for reference, json_name in zip(element.types or (None,), names, strict=False):
            code = reference.code if reference else "string"
            if code.startswith("http://hl7.org/fhirpath/System."):
                code = "string" if not name.endswith("id") else "id"
            inside = code in ("BackboneElement", "Element")
            kind = Kind(type_name, element.path) if inside else Kind(code, code)
            primitive = not inside and self._definitions.is_primitive(code)
            others = tuple(other for other in names if other != json_name)
            found[json_name] = Element(json_name, kind, element.repeats, primitive, others)
            if not name.endswith("[x]"):
                break
        return found


@cache
def fhir_schema(version: str) -> FhirSchema:
    """The schema of a FHIR version, made once.

    raises  Refused FHIR-0012, Unavailable: as `fhir.definitions.definitions`
    """
    return FhirSchema(version)


def read_target(text: str, kinds: tuple[Kind, ...], schema: TargetSchema, extensions: Mapping[str, str]) -> TargetPath:
    """A target path as steps through the elements of the last of `kinds`; `../` goes to the one before it.

    raises  TargetProblem: not a path, or no such element
    """
    if text == "$value":
        return TargetPath(0, ())
    up = 0
    while text.startswith("../", up * 3):
        up += 1
    if up >= len(kinds):
        raise TargetProblem("there is nothing to write to beside this element (../)")
    kind, at = kinds[-1 - up], up * 3
    steps: list[Step] = []
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise TargetProblem(f"{text} is not a target path")
        at = match.end()
        steps.append(_step(match, kind, schema, extensions, text))
        kind = steps[-1].element.kind
    if not steps or text.endswith("."):
        raise TargetProblem(f"{text} is not a target path")
    return TargetPath(up, tuple(steps))


def _step(match: re.Match[str], kind: Kind, schema: TargetSchema, extensions: Mapping[str, str], text: str) -> Step:
    url, name, bracket = match.groups()
    label = None if bracket is None else bracket[1:-1]
    if label is not None and not _LABEL.fullmatch(label):
        raise TargetProblem(f"{bracket} is neither a number nor a name")
    if url is not None:
        url = extensions.get(url, url)
        if ":" not in url and kind.type != "Extension":
            raise TargetProblem(f"{url} is no URL and package.yaml has no extension of that name")
        return Step(Element("extension", Kind("Extension", "Extension"), True, False), label, url)
    element = schema.child(kind, name)
    if element is None:
        known = schema.children(kind)
        near = (
            difflib.get_close_matches(name, known, 1)
            or [choice for choice in known if choice.lower().startswith(name.lower())][:1]
        )
        meant = f"; did you mean {near[0]}?" if near else ""
        raise TargetProblem(f"{kind.prefix} has no element {name} (in {text}){meant}")
    if label is not None and not element.repeats:
        raise TargetProblem(f"{kind.prefix}.{name} does not repeat and takes no {bracket}")
    return Step(element, label)
