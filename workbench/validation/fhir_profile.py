"""Profiles compiled to trees of rules that hold only what a profile adds to the type it constrains.

The base type is checked by its own plan; a `Rule` repeats nothing of it, so most elements of a profile have none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

import msgspec

from workbench.fhir.definitions import (
    Definitions,
    ElementDefinition,
    TypeDefinition,
)
from workbench.fhir.fhirpath import Expression, ExpressionRefused, compile_expression
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.model import Model
from workbench.fhir.fhirpath.values import Node
from workbench.fhir.snapshot import definition_of
from workbench.validation.fhir_findings import Place
from workbench.validation.fhir_invariants import Invariant, invariants

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_INLINE = frozenset({"BackboneElement", "Element"})
_STILL_GROWING = frozenset({"http://hl7.org/fhir/ValueSet/hl7-work-group"})
"""Value sets HL7 keeps adding to; the shipped list says little about a code it lacks."""
_WITH_BINDING = frozenset({"code", "string", "uri", "Coding", "CodeableConcept", "Quantity"})


@dataclass(slots=True, eq=False)
class Bound:
    """A binding; codes is None when the value set cannot be enumerated."""

    strength: str
    value_set: str
    codes: frozenset[tuple[str, str]] | None
    code_values: frozenset[str]


@dataclass(slots=True, eq=False)
class Discriminator:
    """How slices are told apart: value, pattern, type, exists or profile at a path."""

    kind: str
    path: str
    expression: Expression | None


@dataclass(slots=True, eq=False)
class Slicing:
    """urls: of extensions told apart by their url alone, the slice of each; None for any other slicing."""

    discriminators: tuple[Discriminator, ...]
    closed: bool
    ordered: bool
    open_at_end: bool
    urls: dict[str, Rule] | None = None


@dataclass(slots=True, eq=False)
class Rule:
    """What a profile demands of one element, or of one slice of it.

    name      element name without `[x]`; json property for choices with one type
    min, max  None where the base type's own check suffices
    fixed, pattern, least, most  decoded JSON, None when there is none
    types     allowed type codes when the profile allows fewer than the base
    profiles  profiles a value of that type code must meet one of
    targets   profiles a Reference's target must meet one of
    """

    id: str
    path: str
    name: str
    element: ElementDefinition
    min: int | None = None
    max: int | None = None
    fixed: object = None
    pattern: object = None
    least: object = None
    most: object = None
    max_length: int | None = None
    min_length: int | None = None
    needs_value: bool = False
    alternatives: tuple[str, ...] = ()
    bound: Bound | None = None
    types: frozenset[str] | None = None
    profiles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    aggregation: frozenset[str] = frozenset()
    invariants: tuple[Invariant, ...] = ()
    children: list[Rule] = field(default_factory=list)
    slicing: Slicing | None = None
    slices: list[Rule] = field(default_factory=list)

    @property
    def says_something(self) -> bool:
        """False for an element that adds nothing to its base type."""
        return bool(
            self.min
            or self.max is not None
            or self.fixed is not None
            or self.pattern is not None
            or self.least is not None
            or self.most is not None
            or self.max_length is not None
            or self.min_length is not None
            or self.needs_value
            or self.alternatives
            or self.bound
            or self.types is not None
            or self.profiles
            or self.targets
            or self.aggregation
            or self.invariants
            or self.children
            or self.slices
        )


@dataclass(slots=True, eq=False)
class Profile:
    """A compiled profile: `label` is its name for people, `root` the rules."""

    url: str
    label: str
    type: str
    definition: TypeDefinition
    root: Rule


class Around(Protocol):
    """What checking a profile asks the walk around it."""

    @property
    def model(self) -> Model: ...

    @property
    def env(self) -> Environment: ...

    @property
    def best_practice(self) -> bool: ...

    def profile(self, url: str) -> Profile | None:
        """A profile by its canonical URL, None when it is not loaded."""

    def conforms(self, node: Node, url: str) -> bool | None:
        """Whether a value meets a type or profile; None when that is not loaded."""

    def type_of(self, url: str) -> str | None:
        """The type a canonical URL is, or is a profile of; None when that is not loaded."""

    def target(self, node: Node) -> tuple[Node | None, str]:
        """What a Reference points to when it is at hand, and where: contained, bundled or referenced."""

    def within(self, node: Node, place: Place) -> AbstractContextManager[None]:
        """Inside of that value, which may be a resource of its own."""


def compile_profile(definition: TypeDefinition, source: Definitions, element_id: str = "") -> Profile | None:
    """The rules of a profile, or of an extension, in which every element has an id.

    element_id  compile that element of the profile instead of the whole; None when there is no such element
    """
    if element_id:
        rule = _Compiler(definition, source).element(element_id)
        label = f"{definition.url.rsplit('/', 1)[-1]}#{element_id}"
        return None if rule is None else Profile(definition.url, label, "Element", definition, rule)
    return Profile(
        definition.url,
        definition.url.rsplit("/", 1)[-1],
        definition.type,
        definition,
        _Compiler(definition, source).root(),
    )


@dataclass(slots=True)
class _Base:
    """Where the base of an element's children is described."""

    definition: TypeDefinition | None
    prefix: str


class _Compiler:
    def __init__(self, definition: TypeDefinition, source: Definitions) -> None:
        self._definition = definition
        self._source = source
        self._below: dict[str, list[ElementDefinition]] = {}
        for element in definition.elements[1:]:
            parent, _, last = element.id.rpartition(".")
            if ":" in last:
                parent = f"{parent}.{last.partition(':')[0]}:"  # slices stand below what they slice
            self._below.setdefault(parent, []).append(element)

    def root(self) -> Rule:
        element = self._definition.elements[0]
        base = self._source.type_definition(self._definition.type)
        rule = Rule(element.id, element.path, self._definition.type, element)
        known = frozenset(base.elements[0].constraints) if base else frozenset()
        rule.invariants = self._invariants(element, known)
        rule.children = self._children(element, _Base(base, self._definition.type))
        return rule

    def element(self, identity: str) -> Rule | None:
        """One element and what is below it, for profiles that are made of parts of others."""
        element = next((each for each in self._definition.elements if each.id == identity), None)
        if element is None:
            return None
        base = self._source.type_definition(self._definition.type)
        return self._rule(element, _Base(base, element.path.rpartition(".")[0]))

    def _children(self, parent: ElementDefinition, base: _Base) -> list[Rule]:
        rules = (self._rule(element, base) for element in self._below.get(parent.id, ()))
        return [rule for rule in rules if rule.says_something]

    def _rule(self, element: ElementDefinition, base: _Base, sliced: ElementDefinition | None = None) -> Rule:
        """sliced: the element this one is a slice of; only what the slice adds to it is said."""
        own_base = self._base_of(element, base)
        name = element.name.removesuffix("[x]")
        rule = Rule(element.id, element.path, name, element)
        if sliced is not None:
            rule.min, rule.max = element.min, element.max
        else:
            rule.min = element.min if own_base is None or element.min > own_base.min else None
            narrower = own_base is None or (element.max is not None and _less(element.max, own_base.max))
            rule.max = element.max if narrower and element.max is not None else None
        self._values(rule, element)
        before = own_base if sliced is None else sliced
        self._types(rule, element, before)
        known = frozenset(own_base.constraints) if own_base is not None else frozenset()
        if sliced is not None:
            known |= frozenset(sliced.constraints)
        rule.invariants = self._invariants(element, known)
        rule.bound = self._bound(element, before)
        rule.children = self._children(element, self._within(element, own_base, base))
        if sliced is None:
            self._slices(rule, element, base)
        return rule

    def _values(self, rule: Rule, element: ElementDefinition) -> None:
        for name, text in (("fixed", element.fixed), ("pattern", element.pattern)):
            if text:
                setattr(rule, name, _decoder.decode(text.encode()))
        if element.min_value:
            rule.least = _decoder.decode(element.min_value.encode())
        if element.max_value:
            rule.most = _decoder.decode(element.max_value.encode())
        rule.max_length = element.max_length
        rule.min_length = element.min_length
        rule.needs_value, rule.alternatives = element.needs_value, element.value_alternatives

    def _types(self, rule: Rule, element: ElementDefinition, before: ElementDefinition | None) -> None:
        codes = frozenset(reference.code for reference in element.types)
        base_codes = frozenset(reference.code for reference in before.types) if before is not None else codes
        if codes and codes != base_codes and not codes > base_codes:
            rule.types = codes
        before_profiles = {reference.code: reference.profiles for reference in before.types} if before else {}
        before_targets = {target for each in before.types for target in each.target_profiles} if before else set()
        for reference in element.types:
            if reference.profiles and reference.profiles != before_profiles.get(reference.code):
                rule.profiles[reference.code] = reference.profiles
            targets = reference.target_profiles
            if reference.code == "Reference" and targets and set(targets) != before_targets:
                rule.targets = targets
            if reference.aggregation:
                rule.aggregation = frozenset(reference.aggregation)

    def _invariants(self, element: ElementDefinition, known: frozenset[str]) -> tuple[Invariant, ...]:
        added = [key for key in element.constraints if key not in known]
        return invariants(added, self._definition.constraints) if added else ()

    def _bound(self, element: ElementDefinition, before: ElementDefinition | None) -> Bound | None:
        binding = element.binding
        if binding is None or not binding.value_set or binding.strength not in ("required", "extensible"):
            return None
        old = before.binding if before is not None else None
        if old is not None and (old.strength, old.value_set) == (binding.strength, binding.value_set):
            return None
        if not any(reference.code in _WITH_BINDING for reference in element.types):
            return None
        codes = None if binding.value_set in _STILL_GROWING else self._source.value_set_codes(binding.value_set)
        return Bound(binding.strength, binding.value_set, codes, frozenset(code for _, code in codes or ()))

    def _slices(self, rule: Rule, element: ElementDefinition, base: _Base) -> None:
        found = self._below.get(f"{element.id}:", ())
        if not found:
            return
        slicing = json.loads(element.slicing) if element.slicing else {}
        rules = slicing.get("rules", "open")
        rule.slicing = Slicing(
            self._discriminators(slicing.get("discriminator"), element),
            rules == "closed",
            bool(slicing.get("ordered")),
            rules == "openAtEnd",
        )
        rule.slices = [self._rule(each, base, element) for each in found]
        if [(each.kind, each.path) for each in rule.slicing.discriminators] == [("value", "url")]:
            urls = [_extension_url(each) for each in rule.slices]
            if all(urls) and len(set(urls)) == len(urls):
                rule.slicing.urls = dict(zip(urls, rule.slices, strict=True))

    def _discriminators(
        self, given: Iterable[dict[str, str]] | None, element: ElementDefinition
    ) -> tuple[Discriminator, ...]:
        if not given and element.name in ("extension", "modifierExtension"):
            given = [{"type": "value", "path": "url"}]
        if not given and element.name.endswith("[x]"):
            given = [{"type": "type", "path": "$this"}]
        return tuple(_discriminator(each.get("type", "value"), each.get("path", "$this")) for each in given or ())

    def _base_of(self, element: ElementDefinition, base: _Base) -> ElementDefinition | None:
        if base.definition is None:
            return None
        path = f"{base.prefix}.{element.name}"
        return next((each for each in base.definition.elements if each.path == path and not each.slice_name), None)

    def _within(self, element: ElementDefinition, own_base: ElementDefinition | None, base: _Base) -> _Base:
        """The base of an element's children: its type, or further on in the same type."""
        if element.id not in self._below:
            return base
        if own_base is not None and own_base.content_reference:
            return _Base(base.definition, own_base.content_reference)
        codes = [reference.code for reference in element.types]
        if own_base is not None and codes and codes[0] in _INLINE:
            return _Base(base.definition, own_base.path)
        return _Base(self._source.type_definition(codes[0]) if codes else None, codes[0] if codes else "")


def _extension_url(rule: Rule) -> str:
    """The url by which an extension belongs to a slice, "" when that is not plain."""
    profiles = rule.profiles.get("Extension", ())
    if len(profiles) == 1:
        return profiles[0].partition("|")[0]
    fixed = next((child.fixed for child in rule.children if child.name == "url"), None)
    return fixed if isinstance(fixed, str) and not profiles else ""


def _less(maximum: int, other: int | None) -> bool:
    return other is None or maximum < other


def _discriminator(kind: str, path: str) -> Discriminator:
    try:
        expression = None if path == "$this" else compile_expression(path)
    except ExpressionRefused:
        expression = None
    return Discriminator(kind, path, expression)


def profile_of(source: Definitions, url: str) -> TypeDefinition | None:
    """The definition a canonical URL names, elements with ids; a type's own definition is no profile."""
    found = definition_of(source, url)
    return found if found is not None and found.profile else None
