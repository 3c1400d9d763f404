"""The profiles of the FHIR packages a person validates by, as a mapping's target tree offers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.fhir.definitions import R4, Definitions
from workbench.fhir.package_definitions import PackageDefinitions
from workbench.validation.fhir_validator import FhirOptions, plans_of, prepare


@dataclass(frozen=True, slots=True, eq=False)
class TargetProfiles:
    """What packages say of resources; equal only to itself.

    known    the definitions of FHIR with those of the packages on top
    by_type  (title, canonical URL) of the profiles of each resource type, sorted
    """

    known: Definitions
    by_type: Mapping[str, tuple[tuple[str, str], ...]]

    def must_support(self, url: str) -> frozenset[str]:
        """The paths of a profile's elements that systems must support: `Patient.name.family`; slices apart."""
        source = self.known.source(url) if isinstance(self.known, PackageDefinitions) else None
        if source is None:
            return frozenset()
        stated = [*source.get("snapshot", {}).get("element", ()), *source.get("differential", {}).get("element", ())]
        return frozenset(
            element["path"] for element in stated if element.get("mustSupport") and ":" not in element.get("id", "")
        )


def target_profiles(packages: tuple[Path, ...]) -> TargetProfiles:
    """Read the packages, or take them as validation has read them; takes seconds the first time.

    raises  Refused FHIR-0020, FHIR-0022, FHIR-0023; Unavailable FHIR-0021
    """
    prepare(FhirOptions(packages=packages))
    known = plans_of(R4, packages).definitions
    found: dict[str, list[tuple[str, str]]] = {}
    if isinstance(known, PackageDefinitions):
        for url in known.profiles():
            source = known.source(url)
            if source is not None and source.get("kind") == "resource":
                title = str(source.get("title") or source.get("name") or url)
                found.setdefault(str(source.get("type", "")), []).append((title, url))
    return TargetProfiles(known, {kind: tuple(sorted(profiles)) for kind, profiles in found.items()})
