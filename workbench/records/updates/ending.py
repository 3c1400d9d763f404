"""Ending a resource that a sender has taken off his list, in the way its type allows; nothing is deleted.

What is gone from a list is not known to have been wrong: where a type can say that something is over without saying
that it never was, it says that. Only types without such a word become `entered-in-error`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Resource = dict[str, object]
_CLINICAL = "http://terminology.hl7.org/CodeSystem/"


def _inactive(system: str) -> Resource:
    return {"coding": [{"system": f"{_CLINICAL}{system}", "code": "inactive", "display": "Inactive"}]}


_ENDS: Mapping[str, tuple[str, object]] = MappingProxyType(
    {
        "Account": ("status", "inactive"),
        "AllergyIntolerance": ("clinicalStatus", _inactive("allergyintolerance-clinical")),
        "CareTeam": ("status", "inactive"),
        "Condition": ("clinicalStatus", _inactive("condition-clinical")),
        "Coverage": ("status", "cancelled"),
        "Goal": ("lifecycleStatus", "cancelled"),
        "Immunization": ("status", "entered-in-error"),
        "Observation": ("status", "entered-in-error"),
        "PractitionerRole": ("active", False),
        "Procedure": ("status", "entered-in-error"),
        "RelatedPerson": ("active", False),
        "ServiceRequest": ("status", "revoked"),
    }
)
_OVER = frozenset({"inactive", "resolved", "remission", "cancelled", "revoked", "entered-in-error"})


def ended(resource: Mapping[str, object]) -> Resource | None:
    """The resource as one that is over; None for types that have no way to say so."""
    end = _ENDS.get(str(resource.get("resourceType", "")))
    return None if end is None else {**resource, end[0]: end[1]}


def is_over(resource: Mapping[str, object]) -> bool:
    """True when the resource says already that it is over, or never was."""
    if resource.get("active") is False:
        return True
    words = [resource.get("status"), resource.get("lifecycleStatus")]
    words += [code for name in ("clinicalStatus", "verificationStatus") for code in _codes(resource.get(name))]
    return any(word in _OVER for word in words)


def marked_wrong(resource: Mapping[str, object], said: Mapping[str, object]) -> Resource:
    """The resource as one that a sender has deleted: with the status the mapping gives it, and all else as it was."""
    found: Resource = dict(resource)
    for name in ("status", "verificationStatus", "lifecycleStatus", "active"):
        if name in said:
            found[name] = said[name]
    if "entered-in-error" in _codes(found.get("verificationStatus")):
        found.pop("clinicalStatus", None)  # R4 ait-2, con-5
    return found


def _codes(concept: object) -> list[object]:
    codings = concept.get("coding") if isinstance(concept, dict) else None
    return [each.get("code") for each in (codings if isinstance(codings, list) else ()) if isinstance(each, dict)]
