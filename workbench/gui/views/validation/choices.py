"""What to validate against, as the workspace remembers it. Qt-free."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.app.operations.validation import Against
from workbench.validation.fhir_validator import FhirOptions
from workbench.validation.plausibility.rules import RULES
from workbench.validation.validator import RuleDefinition

SETTING = "validation.against"
PLAUSIBILITY: tuple[RuleDefinition, ...] = tuple(RULES)
"""The rules that can be switched one by one."""


def to_setting(against: Against) -> dict[str, Any]:
    """The choices as JSON; rules that are switched off are kept even while plausibility is off as a whole."""
    return {
        "v2_profile": str(against.v2_profile) if against.v2_profile else "",
        "packages": [str(path) for path in against.fhir.packages],
        "profiles": list(against.fhir.profiles),
        "best_practice": against.fhir.best_practice,
        "plausible": against.plausible,
        "disabled": sorted(against.disabled),
    }


def from_setting(setting: Mapping[str, Any] | None) -> Against:
    """The choices of a workspace; without any, the standards and clinical plausibility."""
    if setting is None:
        return Against(plausible=True)
    fhir = FhirOptions(
        packages=tuple(map(Path, setting["packages"])),
        profiles=tuple(setting["profiles"]),
        best_practice=setting["best_practice"],
    )
    v2_profile = Path(setting["v2_profile"]) if setting["v2_profile"] else None
    return Against(v2_profile, fhir, setting["plausible"], frozenset(setting["disabled"]))


def described(against: Against) -> str:
    """The choices in one line."""
    parts = [f"HL7 v2 profile {against.v2_profile.name}" if against.v2_profile else "HL7 v2 standard"]
    fhir = against.fhir
    if fhir.profiles:
        parts.append(", ".join(url.rpartition("/")[2] for url in fhir.profiles))
    else:
        parts.append(f"FHIR R4 and {len(fhir.packages)} packages" if fhir.packages else "FHIR R4")
    if against.plausible:
        off = sum(rule.id in against.disabled for rule in PLAUSIBILITY)
        parts.append(f"clinical plausibility ({off} rules off)" if off else "clinical plausibility")
    return " · ".join(parts)
