"""The FHIR R4 definitions as packed facts: types with their elements, value sets, code systems.

One read-only SQLite file in `resources/fhir`, a compressed row for each thing, read when it is first asked for.
`packaging/build_fhir_definitions.py` makes it; `resources/SOURCES.md` says from what.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from workbench.fhir.path import FhirPath
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.shipped import shipped

R4 = "4.0.1"
_FILES = {R4: "r4.sqlite"}
STRUCTURE_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"


class TypeReference(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One type an element may have.

    code             `string`, `HumanName`, `BackboneElement`, `Reference`, `Resource`
    target_profiles  what a Reference or canonical may point to, canonical URLs; empty means anything
    profiles         profiles the value itself must meet
    aggregation      where a Reference's target must be: contained, referenced, bundled; empty means anywhere
    """

    code: str
    target_profiles: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    aggregation: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the resource types in `target_profiles`: `Patient`, `Group`; `Resource` stands for any."""
        return tuple(profile.rsplit("/", 1)[-1] for profile in self.target_profiles)


class Binding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where the codes of an element come from.

    strength       required, extensible, preferred or example
    value_set      canonical URL without version, "" if none
    max_value_set  outside of which no code may be, whatever the strength; "" if none
    """

    strength: str
    value_set: str = ""
    description: str = ""
    max_value_set: str = ""


class Constraint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An invariant: FHIRPath that must be true; severity is error or warning."""

    key: str
    severity: str
    human: str
    expression: str
    best_practice: bool = False


class ElementDefinition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One element of a snapshot.

    path               `Patient.contact.name`, `Observation.value[x]`
    max                None means any number
    content_reference  path of the element whose children this one has: `Bundle.link`
    constraints        keys into `TypeDefinition.constraints`
    fixed, pattern     JSON text, "" when there is none
    slicing            JSON text of ElementDefinition.slicing, "" when it is not sliced
    id                 `Patient.extension:race.value[x]`; "" in the shipped definitions, see `identified`
    min_value, max_value  JSON text of minValue[x] and maxValue[x], "" when there is none
    min_length         from the extension minLength
    needs_value        a primitive must have a value; extensions alone do not do (mustHaveValue)
    value_alternatives extensions of which one must stand where a primitive has no value
    """

    path: str
    min: int
    max: int | None
    types: tuple[TypeReference, ...] = ()
    short: str = ""
    content_reference: str = ""
    binding: Binding | None = None
    constraints: tuple[str, ...] = ()
    max_length: int | None = None
    is_modifier: bool = False
    is_summary: bool = False
    fixed: str = ""
    pattern: str = ""
    slice_name: str = ""
    slicing: str = ""
    id: str = ""
    min_value: str = ""
    max_value: str = ""
    min_length: int | None = None
    needs_value: bool = False
    value_alternatives: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last step: `name`, `value[x]`."""
        return self.path.rsplit(".", 1)[-1]

    @property
    def repeats(self) -> bool:
        return self.max is None or self.max > 1

    def json_names(self) -> tuple[str, ...]:
        """The property names this element has in JSON: `valueQuantity`, `valueString`, … for `value[x]`."""
        if not self.name.endswith("[x]"):
            return (self.name,)
        return tuple(choice_name(self.name, reference.code) for reference in self.types)

    def description(self) -> str:
        """One line for people: `Patient.name HumanName 0..*: A name associated with the patient`."""
        types = ", ".join(dict.fromkeys(reference.code for reference in self.types))
        upper = "*" if self.max is None else str(self.max)
        return f"{self.path} {types} {self.min}..{upper}: {self.short}"


class TypeDefinition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A resource, a data type, a profile or an extension, with its snapshot.

    kind      resource, complex-type or primitive-type
    base      canonical URL of what it specialises or constrains, "" for the roots
    profile   True when it constrains a type instead of being one
    contexts  where an extension may stand: (kind, expression)
    context_invariants  FHIRPath that must hold of the element an extension stands on
    """

    name: str
    url: str
    kind: str
    abstract: bool
    base: str
    profile: bool
    type: str
    title: str
    elements: tuple[ElementDefinition, ...]
    constraints: dict[str, Constraint] = {}
    contexts: tuple[tuple[str, str], ...] = ()
    version: str = ""
    context_invariants: tuple[str, ...] = ()

    def element(self, path: str) -> ElementDefinition | None:
        """The (first) element of that definition path, `Observation.value[x]` with its brackets."""
        return next((element for element in self.elements if element.path == path), None)


class ValueSet(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value set expanded from its `compose`.

    groups   (system, ((code, display), …)); a display is "" when the code system is shipped and says it
    missing  systems that could not be enumerated; the expansion is complete when there are none
    """

    url: str
    title: str
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    missing: tuple[str, ...] = ()


class CodeSystem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Codes with displays, parents before children. content: complete, fragment, example, not-present, supplement."""

    url: str
    title: str
    content: str
    case_sensitive: bool
    concepts: tuple[tuple[str, str], ...]

    def displays(self) -> dict[str, str]:
        return dict(self.concepts)


_Record = TypeVar("_Record", TypeDefinition, ValueSet, CodeSystem)


def packed(record: TypeDefinition | ValueSet | CodeSystem) -> bytes:
    """A row as the file keeps it."""
    return zlib.compress(msgspec.msgpack.encode(record), 9)


def choice_name(name: str, type_code: str) -> str:
    """`value[x]` and `dateTime` make `valueDateTime`."""
    return name[:-3] + type_code[:1].upper() + type_code[1:]


class Definitions:
    """The definitions of one FHIR version; every answer is read once and kept. Any thread may ask."""

    def __init__(self, path: Path, version: str) -> None:
        self.version = version
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], TypeDefinition | ValueSet | CodeSystem | None] = {}
        self._codes: dict[str, frozenset[tuple[str, str]] | None] = {}
        try:
            self._database = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
            rows = self._database.execute("SELECT name, kind, abstract FROM type ORDER BY name").fetchall()
        except sqlite3.Error as error:
            raise Unavailable(
                "FHIR-0011", f"The FHIR definitions {path.name} cannot be read.", "Install the workbench again."
            ) from error
        self._kinds: dict[str, str] = {name: kind for name, kind, _ in rows}
        self._resources = tuple(name for name, kind, abstract in rows if kind == "resource" and not abstract)
        self._resource_set = frozenset(self._resources)

    def close(self) -> None:
        """Let the file go; the shared instance of `definitions()` stays open as long as the program."""
        self._database.close()

    def resource_types(self) -> tuple[str, ...]:
        """Names of all concrete resource types, sorted."""
        return self._resources

    def data_types(self) -> tuple[str, ...]:
        """Names of all primitive and complex types, sorted."""
        return tuple(name for name, kind in self._kinds.items() if kind != "resource")

    def is_resource(self, name: str) -> bool:
        return name in self._resource_set

    def is_primitive(self, name: str) -> bool:
        return self._kinds.get(name) == "primitive-type"

    def type_definition(self, name: str) -> TypeDefinition | None:
        """A resource or data type by its name."""
        return self._read("type", "name", name, TypeDefinition)

    def resource_type(self, name: str) -> TypeDefinition | None:
        """A concrete resource type by its name, None for anything else."""
        return self.type_definition(name) if self.is_resource(name) else None

    def profile(self, url: str) -> TypeDefinition | None:
        """A profile or extension of the core specification by its canonical URL, version ignored."""
        return self._read("profile", "url", url.split("|", 1)[0], TypeDefinition)

    @property
    def global_profiles(self) -> Mapping[str, tuple[str, ...]]:
        """Profiles demanded of every resource of a type; the specification itself demands none."""
        return {}

    def questionnaire(self, url: str) -> dict[str, Any] | None:
        """A Questionnaire of a package by its canonical URL; the specification itself has none."""
        return None

    def profiles(self) -> tuple[str, ...]:
        """Canonical URLs of the core profiles and extensions, sorted."""
        with self._lock:
            rows = self._database.execute("SELECT url FROM profile ORDER BY url").fetchall()
        return tuple(url for (url,) in rows)

    def elements(self, type_name: str) -> tuple[ElementDefinition, ...]:
        """All elements of a type, the type itself first; empty for an unknown type."""
        definition = self.type_definition(type_name)
        return definition.elements if definition else ()

    def element(self, path: str) -> ElementDefinition | None:
        """What stands at `Patient.identifier[0].system`: data types and content references are followed.

        A chosen type (`Observation.valueQuantity.unit`) finds its choice element. None when there is no such
        element, or when it depends on the resource (`Bundle.entry.resource.x`).

        raises  Refused FHIR-0010: not an element path
        """
        steps = FhirPath.parse(path).steps
        definition = self.type_definition(steps[0].name)
        found = definition.elements[0] if definition else None
        prefix = steps[0].name
        for step in steps[1:]:
            if definition is None:
                return None
            found = self._child(definition, prefix, step.name)
            if found is None:
                return None
            definition, prefix = self._inside(definition, found, step.name)
        return found

    def _child(self, definition: TypeDefinition, prefix: str, name: str) -> ElementDefinition | None:
        direct = definition.element(f"{prefix}.{name}") or definition.element(f"{prefix}.{name}[x]")
        if direct is not None:
            return direct
        depth = prefix.count(".") + 1
        choices = (
            element
            for element in definition.elements
            if element.path.startswith(f"{prefix}.") and element.path.count(".") == depth
        )
        return next((element for element in choices if name in element.json_names()), None)

    def _inside(
        self, definition: TypeDefinition, found: ElementDefinition, name: str
    ) -> tuple[TypeDefinition | None, str]:
        """The definition and prefix under which the children of an element are described."""
        if found.content_reference:
            return definition, found.content_reference
        if not found.types:
            return None, ""
        codes = [reference.code for reference in found.types]
        chosen = [code for code in codes if found.name.endswith("[x]") and choice_name(found.name, code) == name]
        code = chosen[0] if chosen else codes[0]
        if code in ("BackboneElement", "Element"):
            return definition, found.path
        return self.type_definition(code), code

    def value_set(self, url: str) -> ValueSet | None:
        """A value set by its canonical URL, version ignored; None when it is not part of the specification."""
        return self._read("value_set", "url", url.split("|", 1)[0], ValueSet)

    def value_set_codes(self, url: str) -> frozenset[tuple[str, str]] | None:
        """All (system, code) of a value set; None when it is unknown or cannot be enumerated."""
        url = url.split("|", 1)[0]
        if url not in self._codes:
            value_set = self.value_set(url)
            self._codes[url] = (
                frozenset((system, code) for system, concepts in value_set.groups for code, _ in concepts)
                if value_set is not None and not value_set.missing
                else None
            )
        return self._codes[url]

    def concepts(self, url: str) -> tuple[tuple[str, str, str], ...]:
        """(system, code, display) of a value set as far as it can be enumerated, for lists to choose from."""
        value_set = self.value_set(url)
        if value_set is None:
            return ()
        return tuple(
            (system, code, display or displays.get(code, ""))
            for system, concepts in value_set.groups
            for displays in (self.displays(system),)
            for code, display in concepts
        )

    def code_system(self, url: str) -> CodeSystem | None:
        """A code system by its canonical URL, version ignored."""
        return self._read("code_system", "url", url.split("|", 1)[0], CodeSystem)

    def displays(self, system: str) -> Mapping[str, str]:
        """Code to display of a shipped code system; empty for any other."""
        code_system = self.code_system(system)
        return code_system.displays() if code_system else {}

    def _read(self, table: str, column: str, key: str, shape: type[_Record]) -> _Record | None:
        kept = self._kept.get((table, key), self)
        if kept is self:
            with self._lock:
                row = self._database.execute(f"SELECT data FROM {table} WHERE {column} = ?", (key,)).fetchone()  # noqa: S608
            kept = None if row is None else msgspec.msgpack.decode(zlib.decompress(row[0]), type=shape)
            self._kept[table, key] = kept
        return kept  # type: ignore[return-value]


@cache
def definitions(version: str = R4) -> Definitions:
    """The shipped definitions of a FHIR version.

    raises  Refused FHIR-0012: no definitions of that version are shipped
            Unavailable KRN-0001, FHIR-0011: the file is missing or damaged
    """
    if version not in _FILES:
        raise Refused(
            "FHIR-0012", f"No definitions of FHIR {version} are installed.", f"Known versions: {', '.join(_FILES)}."
        )
    return Definitions(shipped("resources", "fhir", _FILES[version]), version)
