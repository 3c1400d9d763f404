"""What the user wants messages to be judged by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.validation.fhir_validator import DEFAULT, FhirOptions


@dataclass(frozen=True, slots=True)
class Against:
    """What messages are judged by besides the standards; crosses to worker processes, so it names files.

    v2_profile  folder or file of a conformance profile for v2 messages
    fhir        packages and profiles for FHIR resources
    plausible   also look for what a clinician would doubt (`validation.plausibility`), but for the rules in `disabled`
    """

    v2_profile: Path | None = None
    fhir: FhirOptions = DEFAULT
    plausible: bool = False
    disabled: frozenset[str] = frozenset()


STANDARDS = Against()
"""The standards alone."""
