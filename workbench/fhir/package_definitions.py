"""The definitions of FHIR with packages on top: what a package defines wins over what is shipped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from workbench.fhir.definitions import R4, CodeSystem, Definitions, TypeDefinition, ValueSet, definitions
from workbench.fhir.expansion import Expander
from workbench.fhir.malformed import reading_definition
from workbench.fhir.packages import Json, PackageSet, Resource
from workbench.fhir.snapshot import Snapshots
from workbench.kernel.errors import Refused

_NUMBERS = re.compile(r"\d+")


class _Lazy(Mapping[str, Json]):
    """Resources by canonical URL, decoded when they are asked for."""

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        self._resources = resources
        self._read: dict[str, Json] = {}

    def __getitem__(self, url: str) -> Json:
        if url not in self._read:
            self._read[url] = self._resources[url].read()
        return self._read[url]

    def __iter__(self) -> Iterator[str]:
        return iter(self._resources)

    def __len__(self) -> int:
        return len(self._resources)

    def __contains__(self, url: object) -> bool:
        return url in self._resources


class PackageDefinitions(Definitions):
    """Definitions of the packages, and beneath them those of the FHIR version."""

    def __init__(self, packages: PackageSet, beneath: Definitions | None) -> None:
        self.version = packages.fhir_version
        self.packages = packages
        self._beneath = beneath
        self._codes: dict[str, frozenset[tuple[str, str]] | None] = {}
        self._by_url: dict[str, dict[str, Resource]] = {}
        self._versions: dict[tuple[str, str], Resource] = {}
        self._types: dict[str, str] = {}
        self._profiles: dict[tuple[str, str], TypeDefinition | None] = {}
        self._value_sets: dict[str, ValueSet | None] = {}
        self._code_systems: dict[str, CodeSystem | None] = {}
        for package in packages.packages:
            self._enter(package.resources)
        self._kinds = dict(beneath._kinds) if beneath else {}
        names = list(beneath.resource_types()) if beneath else []
        for name, url in self._types.items():
            found = self._by_url["StructureDefinition"][url]
            self._kinds[name] = found.kind
            if found.kind == "resource" and name not in ("Resource", "DomainResource"):
                names.append(name)
        self._resources = tuple(sorted(set(names)))
        self._resource_set = frozenset(self._resources)
        self._expander = Expander.over(
            _Lazy(self._by_url.get("CodeSystem", {})), _Lazy(self._by_url.get("ValueSet", {})), beneath
        )
        self._snapshots = Snapshots(self)

    def _enter(self, resources: Iterable[Resource]) -> None:
        for resource in resources:
            table = self._by_url.setdefault(resource.resource_type, {})
            present = table.get(resource.url)
            if present is None or _order(resource.version) >= _order(present.version):
                table[resource.url] = resource
            self._versions[resource.url, resource.version] = resource
            is_type = resource.resource_type == "StructureDefinition" and resource.derivation != "constraint"
            if is_type and resource.kind in ("resource", "complex-type", "primitive-type"):
                self._types[resource.type] = resource.url

    def close(self) -> None:
        """Nothing is held open."""

    def profiles(self) -> tuple[str, ...]:
        own = {
            url
            for url, found in self._by_url.get("StructureDefinition", {}).items()
            if found.derivation == "constraint"
        }
        return tuple(sorted(own | set(self._beneath.profiles() if self._beneath else ())))

    def type_definition(self, name: str) -> TypeDefinition | None:
        own = self.profile(self._types[name]) if name in self._types else None
        if own is not None:
            return own
        return self._beneath.type_definition(name) if self._beneath else None

    def profile(self, url: str) -> TypeDefinition | None:
        """A StructureDefinition by canonical URL, with `|version` exactly that version."""
        key = ("StructureDefinition", url)
        if key not in self._profiles:
            found = self._find(*key)
            if found is not None:
                with reading_definition("StructureDefinition", url):
                    self._profiles[key] = self._snapshots.of(found.read())
            else:
                self._profiles[key] = self._beneath.profile(url) if self._beneath else None
        return self._profiles[key]

    def value_set(self, url: str) -> ValueSet | None:
        if url not in self._value_sets:
            found = self._find("ValueSet", url)
            if found is not None:
                with reading_definition("ValueSet", url):
                    self._value_sets[url] = self._expander.value_set(found.url)
            else:
                self._value_sets[url] = self._beneath.value_set(url) if self._beneath else None
        return self._value_sets[url]

    def code_system(self, url: str) -> CodeSystem | None:
        if url not in self._code_systems:
            found = self._find("CodeSystem", url)
            if found is not None:
                with reading_definition("CodeSystem", url):
                    self._code_systems[url] = self._expander.code_system(found.url)
            else:
                self._code_systems[url] = self._beneath.code_system(url) if self._beneath else None
        return self._code_systems[url]

    @cached_property
    def global_profiles(self) -> Mapping[str, tuple[str, ...]]:
        """Profiles the packages' implementation guides demand of every resource of a type.

        A core package is no guide; those in it are examples of guides.
        """
        found: dict[str, list[str]] = {}
        newest = self._by_url.get("ImplementationGuide", {})
        guides = (each for package in self.packages.packages if not package.is_core for each in package.resources)
        for guide in guides:
            if newest.get(guide.url) is not guide:
                continue
            for demand in guide.read().get("global", []):
                found.setdefault(demand.get("type", ""), []).append(demand.get("profile", ""))
        return {name: tuple(urls) for name, urls in found.items()}

    def questionnaire(self, url: str) -> Json | None:
        found = self._find("Questionnaire", url)
        return None if found is None else found.read()

    def source(self, url: str) -> Json | None:
        """The StructureDefinition resource of a package, None for one that is shipped or unknown."""
        found = self._find("StructureDefinition", url)
        return None if found is None else found.read()

    def _find(self, table: str, url: str) -> Resource | None:
        bare, _, version = url.partition("|")
        exact = self._versions.get((bare, version)) if version else None
        return exact or self._by_url.get(table, {}).get(bare)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBERS.findall(version)[:4])


def with_packages(packages: PackageSet) -> PackageDefinitions:
    """Definitions for validation with these packages.

    raises  Refused FHIR-0023: they are made for a FHIR version whose core package is not among them
    """
    shipped = definitions(R4)
    version = packages.fhir_version
    if version == R4:
        foreign = [
            package
            for package in packages.packages
            if package.fhir_versions and not any(each.startswith("4.0") for each in package.fhir_versions)
        ]
        if foreign:
            raise Refused(
                "FHIR-0023",
                f"{foreign[0].label} is made for FHIR {foreign[0].fhir_versions[0]}, whose core package is not loaded.",
                "Put the core package (hl7.fhir.r4b.core or hl7.fhir.r5.core) into the same folder.",
            )
        return PackageDefinitions(packages, shipped)
    return PackageDefinitions(packages, None)
