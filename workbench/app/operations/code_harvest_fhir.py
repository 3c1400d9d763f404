"""The coded values of FHIR resources, each with what was seen beside it: unit, specimen, range, value, category.

What is coded is read from the definitions, so extensions and elements nobody listed here are harvested as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from workbench.fhir.bundle import BundleIndex, contained
from workbench.fhir.definitions import ElementDefinition, choice_name, definitions
from workbench.terminology.harvest import SeenCode

Json = Mapping[str, object]

STANDARD = (
    "http://loinc.org", "http://snomed.info/", "http://unitsofmeasure.org", "http://www.nlm.nih.gov/research/umls/",
    "http://terminology.hl7.org/", "http://hl7.org/fhir/", "http://www.ama-assn.org/go/cpt", "http://www.whocc.no/atc",
    "http://fdasis.nlm.nih.gov", "urn:iso:", "urn:ietf:", "urn:oid:2.16.840.1.113883.6.",
)  # fmt: skip
"""How the URIs of published code systems begin; a coding of any other system, or of none, is the sender's own."""

_LONGEST = 60
_LONGEST_VALUE = 40
_QUANTITIES = frozenset({"Quantity", "SimpleQuantity", "Age", "Count", "Distance", "Duration"})
_INSIDE = "BackboneElement", "Element"
_ADMINISTRATIVE = frozenset({"meta", "text", "contained"})
"""Elements of every resource that say nothing of a patient's care, or hold resources of their own."""


@dataclass(frozen=True, slots=True)
class _Child:
    """What may stand under one JSON name.

    label   the element's name without the chosen type: `value`
    kind    a data type, `code` for any primitive
    inside  path whose children it has: `Observation.component`, `Dosage`
    """

    label: str
    kind: str
    inside: str


def is_standard(system: str) -> bool:
    """True for the URI of a published code system."""
    return system.startswith(STANDARD)


def seen_in_resource(
    value: Json, number: int, wanted: frozenset[str] = frozenset(), *, every: bool = False
) -> Iterator[SeenCode]:
    """The codes of a resource, or of every resource of a Bundle; results know their specimen, unit, range and value.

    Fields are element paths without indexes and chosen types: `Observation.component.code`, `Observation.value.unit`.
    A concept without any code counts by its text.

    wanted  elements (`Patient.gender`) that are taken although they are of type `code`, whatever their system
    every   also codings of published code systems, which need no map
    """
    index = BundleIndex(value) if value.get("resourceType") == "Bundle" else None
    panels = _panels(index) if index is not None else {}
    for entry, resource in _resources(value, index):
        around = _Around(number, resource, index, entry, panels)
        for seen in _Walk(around, wanted, every).codes():
            if len(seen.code) <= _LONGEST:
                yield seen


def _resources(value: Json, index: BundleIndex | None) -> Iterator[tuple[int | None, Json]]:
    """Each resource, contained ones included, with the number of its entry."""
    whole: list[tuple[int | None, Json]] = [(None, value)]
    if index is not None:
        whole = [(entry, found) for entry in range(len(index.entries)) if (found := index.resource(entry)) is not None]
    for entry, resource in whole:
        yield entry, resource
        for inner in _dicts(resource.get("contained")):
            yield entry, inner


def _panels(index: BundleIndex) -> dict[int, str]:
    """Results (by the identity of their resource) → what the report that lists them is called."""
    panels: dict[int, str] = {}
    for entry in range(len(index.entries)):
        resource = index.resource(entry)
        if resource is None or resource.get("resourceType") != "DiagnosticReport":
            continue
        name = _concept_text(resource.get("code"))
        for reference in _dicts(resource.get("result")):
            found = index.find(str(reference.get("reference", "")), entry)
            if found is not None and name:
                panels[id(found)] = name
    return panels


@dataclass(slots=True)
class _Around:
    """A resource with what it stands in."""

    number: int
    resource: Json
    index: BundleIndex | None
    entry: int | None
    panels: Mapping[int, str]

    def specimen(self) -> str:
        """What was taken: the type of the specimen referred to, or how the reference words it."""
        for reference in _dicts(self.resource.get("specimen")):
            target = str(reference.get("reference", ""))
            found = contained(self.resource, target) if target.startswith("#") else None
            if found is None and self.index is not None and target:
                found = self.index.find(target, self.entry)
            said = _concept_text(found.get("type")) if found is not None else str(reference.get("display", ""))
            if said:
                return said
        return ""

    def context(self) -> str:
        """The report a result is listed in, else the category of the resource."""
        panel = self.panels.get(id(self.resource))
        return panel or next(
            (said for each in _dicts(self.resource.get("category")) if (said := _concept_text(each))), ""
        )


@dataclass(slots=True)
class _Walk:
    """One pass over a resource."""

    around: _Around
    wanted: frozenset[str]
    every: bool
    _found: list[SeenCode] = field(default_factory=list)

    def codes(self) -> list[SeenCode]:
        resource = self.around.resource
        name = str(resource.get("resourceType", ""))
        self._inside(resource, name, name, self.around.context())
        return self._found

    def _inside(self, value: Json, path: str, label: str, context: str) -> None:
        children = _children(path)
        for key, item in value.items():
            child = children.get(key)
            if child is None:
                continue
            place = f"{label}.{child.label}"
            for one in item if isinstance(item, list) else (item,):
                self._take(child, one, place, value, context)

    def _take(self, child: _Child, one: object, place: str, holder: Json, context: str) -> None:
        if isinstance(one, str):
            if place in self.wanted:
                self._add(one, "", "", place, holder, context)
        elif not isinstance(one, dict):
            return
        elif child.kind == "CodeableConcept":
            self._concept(one, place, holder, context)
        elif child.kind == "Coding":
            self._concept({"coding": [one]}, place, holder, context)
        elif child.kind in _QUANTITIES:
            self._unit(one, f"{place}.unit", holder)
        else:
            inner = _concept_text(holder.get("code")) if child.label == "component" else ""
            self._inside(one, child.inside, place, inner or context)

    def _concept(self, concept: Json, place: str, holder: Json, context: str) -> None:
        text = _string(concept.get("text"))
        codings = [each for each in _dicts(concept.get("coding")) if _string(each.get("code"))]
        for coding in codings:
            system = _string(coding.get("system"))
            if self.every or place in self.wanted or not is_standard(system):
                self._add(
                    _string(coding["code"]), _string(coding.get("display")) or text, system, place, holder, context
                )
        said = _concept_text(concept)
        if not codings and said:
            self._add("", said, "", place, holder, context)

    def _unit(self, quantity: Json, place: str, holder: Json) -> None:
        system, unit = _string(quantity.get("system")), _string(quantity.get("unit"))
        code = _string(quantity.get("code")) or unit
        if code and (self.every or place in self.wanted or not is_standard(system)):
            self._add(code, unit, system, place, holder, "")

    def _add(self, code: str, text: str, system: str, place: str, holder: Json, context: str) -> None:
        around = self.around
        units = value = limits = specimen = ""
        if place in ("Observation.code", "Observation.component.code"):
            units, value, limits = _unit_of(holder), _value_of(holder), _range_of(holder)
        if place in ("Observation.code", "Observation.component.code", "DiagnosticReport.code", "ServiceRequest.code"):
            specimen = around.specimen()
        if place in ("Observation.value", "Observation.component.value"):
            context = _concept_text(holder.get("code")) or context
        self._found.append(
            SeenCode(code, text, system, place, around.number, units, specimen, value, limits, context)
        )  # fmt: skip


@lru_cache(maxsize=4_000)
def _children(path: str) -> Mapping[str, _Child]:
    """JSON name → what may stand there, for a type (`Observation`, `Dosage`) or a part of one."""
    known = definitions()
    depth = path.count(".") + 1
    found: dict[str, _Child] = {}
    for element in known.elements(path.partition(".")[0]):
        if not element.path.startswith(f"{path}.") or element.path.count(".") != depth:
            continue
        if depth == 1 and element.name in _ADMINISTRATIVE:
            continue
        for reference in element.types or ():
            name = choice_name(element.name, reference.code) if element.name.endswith("[x]") else element.name
            found[name] = _Child(element.name.removesuffix("[x]"), reference.code, _inside_of(element, reference.code))
        if element.content_reference:
            found[element.name] = _Child(element.name, "BackboneElement", element.content_reference.lstrip("#"))
    return found


def _inside_of(element: ElementDefinition, kind: str) -> str:
    return element.path if kind in _INSIDE else kind


def _dicts(value: object) -> list[Json]:
    return [each for each in (value if isinstance(value, list) else (value,)) if isinstance(each, dict)]


def _string(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _concept_text(concept: object) -> str:
    """What a CodeableConcept is called: its text, else the first display, else the first code."""
    if not isinstance(concept, dict):
        return ""
    codings = _dicts(concept.get("coding"))
    said = (_string(each.get(key)) for key in ("display", "code") for each in codings)
    return _string(concept.get("text")) or next(filter(None, said), "")


def _unit_of(observation: Json) -> str:
    quantity = observation.get("valueQuantity")
    return (_string(quantity.get("unit")) or _string(quantity.get("code"))) if isinstance(quantity, dict) else ""


def _value_of(observation: Json) -> str:
    """The result as one short text: a number with its comparator, a word, the text of a code; "" for reports."""
    quantity = observation.get("valueQuantity")
    if isinstance(quantity, dict):
        number = quantity.get("value")
        return f"{_string(quantity.get('comparator'))}{number}" if number is not None else ""
    said = _concept_text(observation.get("valueCodeableConcept"))
    plain = next(
        (observation[key] for key in ("valueString", "valueInteger", "valueBoolean") if key in observation), ""
    )
    said = said or (str(plain).lower() if isinstance(plain, bool) else str(plain))
    return said if len(said) <= _LONGEST_VALUE else ""


def _range_of(observation: Json) -> str:
    """The first reference range: `3.5-5.1`, `<5`, or its text."""
    for limits in _dicts(observation.get("referenceRange")):
        low, high = (_number(limits.get(side)) for side in ("low", "high"))
        if low and high:
            return f"{low}-{high}"
        if low or high:
            return f">={low}" if low else f"<={high}"
        if said := _string(limits.get("text")):
            return said
    return ""


def _number(quantity: object) -> str:
    value = quantity.get("value") if isinstance(quantity, dict) else None
    return "" if value is None else str(value)
