"""What validation needs to know of a type, compiled once from the definitions into flat tables.

A `Plan` answers, for each property of a JSON object, what may stand there. Plans of nested elements are made when a
value first needs them, so that a Patient does not pay for the types it does not use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from workbench.fhir.definitions import (
    STRUCTURE_DEFINITION,
    Definitions,
    ElementDefinition,
    TypeDefinition,
    TypeReference,
    choice_name,
)
from workbench.fhir.fhirpath.model import Kind, model_of
from workbench.fhir.malformed import reading_definition
from workbench.fhir.narrative import flaws
from workbench.validation.fhir_invariants import Invariant, invariants
from workbench.validation.fhir_primitives import accepts
from workbench.validation.fhir_profile import Profile, compile_profile, profile_of

_MIME_TYPE = re.compile(
    r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+*-]+(\s*;\s*[^\s;=]+=(\"[^\"]*\"|[^\s;]+))*"
    r"|xml|json|ttl|none|\*"  # abbreviations of CapabilityStatement.format and others
)
_OPEN_VALUE_SETS = {
    "http://hl7.org/fhir/ValueSet/mimetypes": _MIME_TYPE,
    "http://www.rfc-editor.org/bcp/bcp13.txt": _MIME_TYPE,
    "http://hl7.org/fhir/ValueSet/currencies": re.compile(r"[A-Z]{3}"),
    "http://hl7.org/fhir/ValueSet/all-languages": re.compile(r"([A-Za-z]{2,8}|[xi](?=-))(-[A-Za-z0-9]{1,8})*"),
}
"""Value sets that no list can hold, and the form of their codes (BCP 13, ISO 4217, BCP 47)."""


class Role(IntEnum):
    """How the value of a property is walked."""

    PRIMITIVE = 1
    COMPLEX = 2
    RESOURCE = 3
    COMPANION = 4


@dataclass(slots=True, eq=False)
class Coded:
    """A required binding.

    codes    (system, code) of the value set, None when it cannot be enumerated
    """

    value_set: str
    codes: frozenset[tuple[str, str]] | None


@dataclass(slots=True, eq=False)
class Field:
    """One property name of a JSON object.

    accepts  whole test of a primitive value: format, binding, length
    choice   number of the choice element it belongs to, 0 when it is none
    targets  resource types a Reference may point to, None for any
    invariants  constraints of the element that are not those of its type
    """

    name: str
    element: ElementDefinition
    code: str
    role: Role
    repeats: bool
    accepts: Callable[[object], bool]
    choice: int = 0
    coded: Coded | None = None
    targets: frozenset[str] | None = None
    invariants: tuple[Invariant, ...] = ()
    compile_plan: Callable[[], Plan] | None = None
    compiled: Plan | None = None

    @property
    def plan(self) -> Plan:
        """What stands inside a complex value."""
        if self.compiled is None:
            assert self.compile_plan is not None
            self.compiled = self.compile_plan()
        return self.compiled


@dataclass(slots=True, eq=False)
class Plan:
    """What may stand in one JSON object.

    name      the type, or the path of a nested element
    required  property names of elements with a minimum, with their element
    choices   required choice elements: (number, element)
    special   type whose own rules apply besides: Reference, Extension, Coding, Identifier, quantities …
    kind      its type for FHIRPath
    """

    name: str
    special: str
    kind: Kind
    invariants: tuple[Invariant, ...] = ()
    fields: dict[str, Field] = field(default_factory=dict)
    required: list[tuple[str, str, ElementDefinition]] = field(default_factory=list)
    choices: list[tuple[int, ElementDefinition]] = field(default_factory=list)


_INLINE = frozenset({"BackboneElement", "Element"})
_QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration"})
_SPECIAL = frozenset({"Reference", "Extension", "Coding", "Attachment", "Identifier"}) | _QUANTITIES
_SIMPLE_QUANTITY = f"{STRUCTURE_DEFINITION}SimpleQuantity"


class Plans:
    """The plans of one set of definitions, each compiled once."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.model = model_of(definitions)
        self._displays: dict[str, Mapping[str, str]] = {}
        self._displayed: dict[str, Mapping[str, str]] = {}
        self._profiles: dict[str, Profile | None] = {}
        self._plans: dict[str, Plan] = {}
        self._codes: dict[str, frozenset[str] | None] = {}

    def of_resource(self, name: str) -> Plan | None:
        """The plan of a concrete resource type, None when there is no such type."""
        return self.at(name, name) if self.definitions.is_resource(name) else None

    def codes(self, system: str) -> frozenset[str] | None:
        """All codes of a code system that is shipped whole, None for any other."""
        if system not in self._codes:
            found = self.definitions.code_system(system)
            whole = found is not None and found.content == "complete"
            self._codes[system] = frozenset(code for code, _ in found.concepts) if found and whole else None
        return self._codes[system]

    def profile(self, url: str) -> Profile | None:
        """A compiled profile or extension definition, None when it is not loaded."""
        if url not in self._profiles:
            canonical, _, element_id = url.partition("#")
            definition = profile_of(self.definitions, canonical)
            with reading_definition("StructureDefinition", canonical):
                self._profiles[url] = (
                    None if definition is None else compile_profile(definition, self.definitions, element_id)
                )
        return self._profiles[url]

    def display(self, system: str, code: str) -> str:
        """The display of a code, "" when the code system is not at hand or gives none."""
        if system not in self._displays:
            self._displays[system] = self.definitions.displays(system)
        return self._displays[system].get(code, "")

    def code_displayed(self, system: str, display: str) -> str:
        """The first code of the system that has this display, "" when none has."""
        if system not in self._displayed:
            shown: dict[str, str] = {}
            for code, text in self.definitions.displays(system).items():
                shown.setdefault(folded(text), code)
            self._displayed[system] = shown
        return self._displayed[system].get(folded(display), "")

    def is_supplement(self, system: str) -> bool:
        found = self.definitions.code_system(system)
        return found is not None and found.content == "supplement"

    def is_type_url(self, url: str) -> bool:
        """True for the canonical URL of a type itself, which every resource of it meets."""
        bare = url.partition("|")[0]
        return bare.startswith(STRUCTURE_DEFINITION) and (
            self.definitions.type_definition(bare.removeprefix(STRUCTURE_DEFINITION)) is not None
        )

    def at(self, type_name: str, path: str) -> Plan:
        """The plan of the object at a path of a type's definition: `Patient`, `Patient.contact`, `HumanName`."""
        plan = self._plans.get(path)
        if plan is None:
            definition = self.definitions.type_definition(type_name)
            if definition is None:
                raise LookupError(f"the definitions lack the type {type_name}")
            kind = self.model.at(type_name, path)
            plan = self._plans[path] = Plan(path, path if path in _SPECIAL else "", kind)
            self._fill(plan, definition)
        return plan

    def _fill(self, plan: Plan, definition: TypeDefinition) -> None:
        prefix = f"{plan.name}."
        depth = plan.name.count(".") + 1
        if definition.kind == "resource" and plan.name == definition.name:
            plan.fields["resourceType"] = self._resource_type(definition)
        choice = 0
        own = definition.element(plan.name)
        plan.invariants = invariants(own.constraints, definition.constraints) if own is not None else ()
        for element in definition.elements:
            if element.max == 0 or element.path.count(".") != depth or not element.path.startswith(prefix):
                continue
            if element.name.endswith("[x]"):
                choice += 1
                self._choice(plan, definition, element, choice)
                continue
            self._add(plan, definition, element, element.name, _type_of(element), 0)
            if element.min:
                plan.required.append((element.name, f"_{element.name}", element))

    def _choice(self, plan: Plan, definition: TypeDefinition, element: ElementDefinition, number: int) -> None:
        for reference in element.types:
            self._add(plan, definition, element, choice_name(element.name, reference.code), reference, number)
        if element.min:
            plan.choices.append((number, element))

    def _resource_type(self, definition: TypeDefinition) -> Field:
        return Field(
            "resourceType", definition.elements[0], "code", Role.PRIMITIVE, False, lambda value: type(value) is str
        )

    def _add(
        self,
        plan: Plan,
        definition: TypeDefinition,
        element: ElementDefinition,
        name: str,
        reference: TypeReference | None,
        choice: int,
    ) -> None:
        """The property of an element with one of its types, and its `_` companion when it is a primitive."""
        code = reference.code if reference else ""
        added = Field(name, element, code, Role.COMPLEX, element.repeats, _nothing, choice)
        plan.fields[name] = added
        if reference is not None and code not in _INLINE:
            added.invariants = invariants(element.constraints, definition.constraints)
        if reference is None:
            owner, path = definition.name, element.content_reference
            added.compile_plan = lambda: self.at(owner, path)
        elif code in _INLINE:
            owner, path = definition.name, element.path
            added.compile_plan = lambda: self.at(owner, path)
        elif self.definitions.is_primitive(code):
            added.role = Role.PRIMITIVE
            added.accepts = self._test(element, code, added)
            companion = Field(f"_{name}", element, code, Role.COMPANION, element.repeats, _nothing, choice)
            companion.coded = added.coded
            companion.compile_plan = lambda: self.at("Element", "Element")
            plan.fields[companion.name] = companion
        elif code == "Resource":
            added.role = Role.RESOURCE
        else:
            simple = reference.profiles == (_SIMPLE_QUANTITY,)
            added.compile_plan = self._simple_quantity if simple else lambda: self.at(code, code)
            added.coded = self._coded(element) if code in ("CodeableConcept", "Coding") else None
            added.targets = self._targets(reference) if code == "Reference" else None

    def _simple_quantity(self) -> Plan:
        """The plan of a Quantity that may have no comparator."""
        if "SimpleQuantity" not in self._plans:
            self._plans["SimpleQuantity"] = replace(self.at("Quantity", "Quantity"), special="SimpleQuantity")
        return self._plans["SimpleQuantity"]

    def _coded(self, element: ElementDefinition) -> Coded | None:
        binding = element.binding
        if binding is None or binding.strength != "required" or not binding.value_set:
            return None
        return Coded(binding.value_set, self.definitions.value_set_codes(binding.value_set))

    def _targets(self, reference: TypeReference) -> frozenset[str] | None:
        targets = frozenset(reference.targets)
        return targets if targets and all(map(self.definitions.is_resource, targets)) else None

    def _test(self, element: ElementDefinition, code: str, added: Field) -> Callable[[object], bool]:
        """Format, required binding and length of a primitive in one function."""
        if code == "xhtml":
            return lambda value: type(value) is str and not flaws(value)
        form = accepts(code)
        longest = element.max_length
        if longest is not None:
            return lambda value: form(value) and len(str(value)) <= longest
        coded = (self._coded(element) or _widest(element)) if code in ("code", "string", "uri") else None
        if coded is None:
            return form
        added.coded = coded
        if coded.codes is not None:
            codes = frozenset(item for _, item in coded.codes)
            return lambda value: type(value) is str and value in codes
        pattern = _OPEN_VALUE_SETS.get(coded.value_set)
        if pattern is None:
            return _nothing  # the explanation says that it was not checked
        fits = pattern.fullmatch
        return lambda value: type(value) is str and fits(value) is not None


def folded(text: str) -> str:
    """A display as it is compared: without regard to case and white space."""
    return " ".join(text.casefold().split())


def is_checkable(coded: Coded) -> bool:
    """True when codes of the value set can be told from others: by list or by form."""
    return coded.codes is not None or coded.value_set in _OPEN_VALUE_SETS


def _widest(element: ElementDefinition) -> Coded | None:
    """The maximum value set of a code whose own binding is weaker than required, if its codes have a form."""
    binding = element.binding
    if binding is None or binding.max_value_set not in _OPEN_VALUE_SETS:
        return None
    return Coded(binding.max_value_set, None)


def _type_of(element: ElementDefinition) -> TypeReference | None:
    return element.types[0] if element.types else None


def _nothing(_value: object) -> bool:
    return False
