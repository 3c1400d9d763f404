"""Whether two resources without a common identifier tell of the same thing.

Segments such as AL1 and DG1 have no identifier in most messages, and every message tells of them anew. They are the
same when what they are about is the same, for the same patient, by the same sender.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from workbench.records.updates.merging import is_absent
from workbench.records.updates.stamps import unstamped

EVENTS = frozenset({"AuditEvent", "MessageHeader", "OperationOutcome", "Provenance"})
"""Types that tell of a message, not of the record: each message has its own."""

_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AllergyIntolerance": ("code",),
        "CareTeam": ("participant",),
        "ChargeItem": ("code", "occurrenceDateTime", "occurrencePeriod", "context"),
        "Condition": ("code", "category", "encounter"),
        "Coverage": ("type", "payor", "subscriberId", "class"),
        "DiagnosticReport": ("code", "effectiveDateTime", "effectivePeriod", "basedOn"),
        "Encounter": ("class", "period.start"),
        "Goal": ("description",),
        "Immunization": ("vaccineCode", "occurrenceDateTime", "occurrenceString"),
        "MedicationAdministration": ("medicationCodeableConcept", "effectiveDateTime", "effectivePeriod", "request"),
        "MedicationDispense": (
            "medicationCodeableConcept",
            "whenPrepared",
            "whenHandedOver",
            "authorizingPrescription",
        ),
        "MedicationRequest": ("medicationCodeableConcept", "authoredOn"),
        "Observation": ("code", "effectiveDateTime", "effectivePeriod", "encounter", "specimen"),
        "Procedure": ("code", "performedDateTime", "performedPeriod", "encounter"),
        "RelatedPerson": ("relationship", "name"),
        "ServiceRequest": ("code", "authoredOn", "encounter"),
        "Specimen": ("type", "collection", "request"),
    }
)
_NEEDED = frozenset({"code", "vaccineCode", "medicationCodeableConcept", "description", "name"})
"""Without what it is about, a resource is the same as none."""


def same_thing(there: Mapping[str, object], said: Mapping[str, object]) -> bool:
    """References of both must be in the same form."""
    kind = str(said.get("resourceType", ""))
    keys = _KEYS.get(kind)
    mine, theirs = _numbers(said), _numbers(there)
    if mine and theirs and kind in _KEYS:
        one, other = there.get("code"), said.get("code")
        return bool(mine.keys() & theirs.keys()) and (one is None or other is None or _alike(one, other))
    if keys is None:
        return same_content(there, said)
    values = [(key, _at(there, key), _at(said, key)) for key in keys]
    if any(key in _NEEDED and (value is None or is_absent(value)) for key, _, value in values):
        return same_content(there, said)
    return all(_alike(one, other) for _, one, other in values)


def has_key(kind: str) -> bool:
    """True for types that are told apart by what they are about; others are the same when their identifier is."""
    return kind in _KEYS


def first_number(resource: Mapping[str, object]) -> tuple[str, str] | None:
    """The first identifier that says who gave it."""
    return next(iter(_numbers(resource)), None)


def same_content(there: Mapping[str, object], said: Mapping[str, object]) -> bool:
    """True when both say the same, version, id and stamp apart."""
    return content_of(there) == content_of(said)


def content_of(resource: Mapping[str, object]) -> Mapping[str, object]:
    """What a resource says, without what a server adds to it and without its stamp."""
    found = {key: value for key, value in unstamped(resource).items() if key != "id"}
    meta = found.pop("meta", None)
    if isinstance(meta, dict):
        told = {key: value for key, value in meta.items() if key not in ("versionId", "lastUpdated", "source")}
        if told:
            found["meta"] = told
    return found


def _numbers(resource: Mapping[str, object]) -> dict[tuple[str, str], None]:
    """Identifiers that say who gave them, in order."""
    found = resource.get("identifier")
    return {
        (str(each["system"]), str(each["value"])): None
        for each in (found if isinstance(found, list) else ())
        if isinstance(each, dict) and each.get("system") and each.get("value")
    }


def _at(resource: Mapping[str, object], path: str) -> object:
    value: object = resource
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _alike(one: object, other: object) -> bool:
    if one == other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        mine, theirs = _codings(one), _codings(other)
        if mine and theirs:
            return bool(mine & theirs)
        text = str(one.get("text", "")).casefold().split()
        return bool(text) and text == str(other.get("text", "")).casefold().split()
    return False


def _codings(concept: Mapping[str, object]) -> frozenset[tuple[str, str]]:
    found = concept.get("coding")
    return frozenset(
        (str(each.get("system", "")), str(each["code"]))
        for each in (found if isinstance(found, list) else ())
        if isinstance(each, dict) and each.get("code")
    )
