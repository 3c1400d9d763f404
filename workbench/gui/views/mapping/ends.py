"""The ends a rule can join: the places of a v2 message or value, the elements of a FHIR type. Qt-free.

Panes know `Ends` only, so source and target may be of either standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from workbench.fhir.definitions import Definitions, ElementDefinition, TypeDefinition, choice_name, definitions
from workbench.v2.dictionary import Dictionary, FieldDefinition, Usage, dictionary


@dataclass(frozen=True, slots=True)
class End:
    """One place.

    path     as a rule writes it: `PID-5.1`, `name.family`; unique among its `Ends`
    label    what the tree shows: `PID-5`, `.1`, `family`
    name     what the standard calls it
    kind     its data type: `XPN`, `HumanName`; several joined with `|`
    least, most  cardinality; most None is unlimited
    binding  where its codes come from: `table 0001`, `administrative-gender, required`; "" for none
    holds    whether there are places inside it
    choice   `value[x]` when it is one of several of which one may stand there
    must_support  the profile demands that systems can fill and read it
    """

    path: str
    label: str
    name: str = ""
    kind: str = ""
    least: int = 0
    most: int | None = 1
    binding: str = ""
    holds: bool = False
    choice: str = ""
    must_support: bool = False

    @property
    def cardinality(self) -> str:
        """`0..1`, `1..*`."""
        return f"{self.least}..{'*' if self.most is None else self.most}"

    @property
    def required(self) -> bool:
        return self.least > 0

    @property
    def help(self) -> str:
        """One line: path, name, type, cardinality, binding."""
        must = "must support" if self.must_support else ""
        parts = (f"{self.path} {self.name}".strip(), self.kind, self.cardinality, must, self.binding)
        return ", ".join(part for part in parts if part)


class Ends(Protocol):
    """A tree of places, opened where somebody looks; types that hold themselves have no bottom."""

    @property
    def title(self) -> str: ...

    def roots(self) -> Sequence[End]: ...

    def below(self, end: End) -> Sequence[End]: ...


# --- HL7 v2 ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class V2Ends:
    """The fields of segments, or the components of one data type as a type map names them (`CX.4`).

    segments  names in the order shown; unknown ones (Z segments) have the fields of `extra`
    extra     further fields by segment: those a capture has and the dictionary has not
    of_type   a data type in place of segments
    """

    version: str
    segments: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[int, ...]], ...] = ()
    of_type: str = ""

    @property
    def title(self) -> str:
        return self.of_type or f"HL7 v2 {self.version}"

    def roots(self) -> Sequence[End]:
        known = dictionary(self.version)
        if self.of_type:
            definition = known.data_type(self.of_type)
            return _components(known, self.of_type, f"{self.of_type}.") if definition is not None else ()
        found = []
        for name in self.segments:
            segment = known.segment(name)
            title = segment.title if segment is not None else "segment of the site" if name.startswith("Z") else ""
            found.append(End(name, name, title, "segment", 0, None, holds=True))
        return found

    def below(self, end: End) -> Sequence[End]:
        known = dictionary(self.version)
        if end.kind == "segment":
            return tuple(self._fields(known, end.path))
        dot = "." if end.path.count(".") < 2 else ""
        return _components(known, end.kind, f"{end.path}.") if dot else ()

    def _fields(self, known: Dictionary, name: str) -> Iterable[End]:
        segment = known.segment(name)
        defined = {field.position: field for field in segment.fields} if segment is not None else {}
        for position in sorted({*defined, *dict(self.extra).get(name, ())}):
            field = defined.get(position)
            path = f"{name}-{position}"
            if field is None:
                yield End(path, path, "", "", 0, None, holds=False)
            else:
                yield _field(known, field, path)


def _field(known: Dictionary, field: FieldDefinition, path: str) -> End:
    kind = field.data_type
    definition = known.data_type(kind)
    least = 1 if field.required else 0
    name = f"{field.name} (withdrawn)" if field.usage is Usage.WITHDRAWN else field.name
    binding = f"table {field.table}" if field.table else ""
    holds = definition is not None and not definition.primitive
    return End(path, path, name, kind, least, field.max_repetitions, binding, holds)


def _components(known: Dictionary, kind: str, stem: str) -> tuple[End, ...]:
    definition = known.data_type(kind)
    if definition is None:
        return ()
    deep = stem.count(".") > (2 if "-" in stem else 1)
    found = []
    for component in definition.components:
        inner = known.data_type(component.data_type)
        holds = inner is not None and not inner.primitive and not deep
        binding = f"table {component.table}" if component.table else ""
        path = f"{stem}{component.position}"
        label = f".{component.position}"
        found.append(End(path, label, component.name, component.data_type, int(component.required), 1, binding, holds))
    return tuple(found)


# --- FHIR ------------------------------------------------------------------------------------------------------------

_LEFT_OUT = frozenset({"id", "contained", "implicitRules"})
_NO_INSIDE = frozenset({"Resource", "xhtml"})


@dataclass(frozen=True)
class FhirEnds:
    """The elements of a type or of a profile.

    type     `Patient`, `HumanName`
    profile  canonical URL of a profile of it, "" for none
    stem     written before every path: "" in targets
    known    where the profile is defined; None for what is shipped
    must     the paths of the profile's elements that must be supported: `Patient.name.family`
    """

    type: str
    profile: str = ""
    stem: str = ""
    known: Definitions | None = None
    must: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        definition = self._profile
        return f"{self.type} ({definition.title or definition.name})" if definition is not None else self.type

    @property
    def _known(self) -> Definitions:
        return self.known or definitions()

    @property
    def _profile(self) -> TypeDefinition | None:
        return self._known.profile(self.profile) if self.profile else None

    def _own(self) -> Sequence[ElementDefinition]:
        profile = self._profile
        return profile.elements if profile is not None else self._known.elements(self.type)

    def roots(self) -> Sequence[End]:
        return self._marked(_elements(self._known, self._own(), self.type, self.stem))

    def below(self, end: End) -> Sequence[End]:
        """Those of the element's type; what a profile says of one wins."""
        place = f"{self.type}.{end.path.removeprefix(self.stem)}"
        said = [e for e in (self._own() if self._profile is not None else ()) if e.path.rpartition(".")[0] == place]
        mine = {own.path: own for own in _elements(self._known, said, place, f"{end.path}.")} if end.holds else {}
        banned = {f"{end.path}.{element.name}" for element in said if element.max == 0}
        found = {each.path: each for each in self._below(end) if each.path not in banned} | mine
        return self._marked(tuple(found.values()))

    def _marked(self, ends: tuple[End, ...]) -> tuple[End, ...]:
        """With what must be supported said of each."""
        if not self.must:
            return ends
        return tuple(
            replace(end, must_support=True) if f"{self.type}.{end.path.removeprefix(self.stem)}" in self.must else end
            for end in ends
        )

    def _below(self, end: End) -> tuple[End, ...]:
        known = self._known
        kind = end.kind
        if not end.holds:
            return ()
        if kind in ("BackboneElement", "Element"):
            elements, inside = self._backbone(known, end.path.removeprefix(self.stem))
            return _elements(known, elements, inside, f"{end.path}.")
        return _elements(known, known.elements(kind), kind, f"{end.path}.")

    def _backbone(self, known: Definitions, path: str) -> tuple[Sequence[ElementDefinition], str]:
        """The elements of the definition a backbone element stands in, and its path there."""
        steps, elements, at = path.split("."), self._own(), self.type
        for step in steps:
            element = next((e for e in elements if e.path == f"{at}.{step}"), None)
            if element is None:
                return (), ""
            at = element.content_reference or element.path
            kind = element.types[0].code if element.types else ""
            if kind and kind not in ("BackboneElement", "Element"):
                elements, at = known.elements(kind), kind
        return elements, at


def _elements(known: Definitions, elements: Iterable[ElementDefinition], inside: str, stem: str) -> tuple[End, ...]:
    """The elements directly inside a path; a choice becomes one end for each type, as JSON writes it."""
    found: dict[str, End] = {}
    for element in elements:
        head, _, last = element.path.rpartition(".")
        if head != inside or last in _LEFT_OUT or element.max == 0:
            continue
        if last.endswith("[x]"):
            for reference in element.types:
                name = choice_name(last, reference.code)
                found.setdefault(name, _element(known, element, name, reference.code, stem))
            continue
        kinds = dict.fromkeys(reference.code for reference in element.types)
        kind = "|".join(kinds) or ("BackboneElement" if element.content_reference else "")
        found.setdefault(last, _element(known, element, last, kind, stem))
    return tuple(found.values())


def _element(known: Definitions, element: ElementDefinition, name: str, kind: str, stem: str) -> End:
    bound = element.binding
    binding = f"{bound.value_set.rsplit('/', 1)[-1]}, {bound.strength}" if bound is not None and bound.value_set else ""
    holds = bool(kind) and "|" not in kind and kind not in _NO_INSIDE and not known.is_primitive(kind)
    holds = holds and not kind.startswith("http:")
    choice = element.name if name != element.name else ""
    return End(f"{stem}{name}", name, element.short, kind, element.min, element.max, binding, holds, choice)


@lru_cache(maxsize=64)
def target_types() -> tuple[str, ...]:
    """The resource types and data types a map may fill, resources first."""
    known = definitions()
    return (*known.resource_types(), *(name for name in known.data_types() if not known.is_primitive(name)))


@lru_cache(maxsize=256)
def profiles_of(type_name: str) -> tuple[tuple[str, str], ...]:
    """(title, canonical URL) of the profiles of a type that are shipped."""
    known = definitions()
    found = []
    for url in known.profiles():
        definition = known.profile(url)
        if definition is not None and definition.type == type_name and definition.kind == "resource":
            found.append((definition.title or definition.name, url))
    return tuple(sorted(found))


# --- paths as rules write them ---------------------------------------------------------------------------------------

_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)")
_V2_SOURCE = re.compile(r"([A-Z][A-Z0-9]{1,2})(?:\[[^\]]*\])?(?:-(\d+))?(?:\[[^\]]*\])?(?:\.(\d+))?(?:\.(\d+))?")


def plain_target(target: str) -> str:
    """A rule's target without slices, keys and urls: `name[legal].family` → `name.family`."""
    return _BRACKETS.sub("", target).removeprefix("$value").lstrip("./")


@lru_cache(maxsize=8192)
def plain_sources(text: str) -> tuple[str, ...]:
    """The v2 places a source text names: `PID-5[1].1 | 'x'` → `PID-5.1`; groups are left out."""
    found = []
    for part in text.split("|"):
        match = _V2_SOURCE.fullmatch(part.strip().rsplit("/", 1)[-1])
        if match:
            name, field, component, subcomponent = match.groups()
            path = f"{name}-{field}" if field else name
            path += f".{component}" if component else ""
            path += f".{subcomponent}" if subcomponent else ""
            found.append(path)
    return tuple(found)


@lru_cache(maxsize=8192)
def plain_fhir_sources(text: str) -> tuple[str, ...]:
    """The elements a source text names in the type its map reads: `name[use = 'x'].family` → `name.family`."""
    parts = (_BRACKETS.sub("", part).strip() for part in _BRACKETS.sub("", text).split("|"))
    return tuple(part for part in parts if re.fullmatch(r"[A-Za-z][\w.]*", part))


def above(path: str) -> str:
    """The path of the end around one: `PID-5.1` → `PID-5` → `PID` → ""."""
    if "." in path:
        return path.rpartition(".")[0]
    return path.partition("-")[0] if "-" in path else ""
