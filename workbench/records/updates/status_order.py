"""Which statuses come after which, so that a message which arrives late does not turn time back.

Ranks follow the life of the resource (R4, state machines of request, event and the types named here). From one status
to another of the same or a higher rank is no step back.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_REQUEST = {
    "draft": 0, "active": 1, "on-hold": 1, "completed": 2, "stopped": 2, "cancelled": 2, "revoked": 2,
    "entered-in-error": 3,
}  # fmt: skip
_EVENT = {
    "preparation": 0, "in-progress": 1, "on-hold": 1, "not-done": 2, "completed": 2, "stopped": 2, "cancelled": 2,
    "declined": 2, "entered-in-error": 3,
}  # fmt: skip
_RESULT = {
    "registered": 0, "partial": 1, "preliminary": 1, "final": 2, "amended": 3, "corrected": 3, "appended": 3,
    "cancelled": 3, "entered-in-error": 4,
}  # fmt: skip
_RANKS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "Appointment": {
            "proposed": 0, "pending": 1, "waitlist": 1, "booked": 2, "checked-in": 3, "arrived": 3, "fulfilled": 4,
            "cancelled": 4, "noshow": 4, "entered-in-error": 5,
        },
        "DiagnosticReport": _RESULT,
        "DocumentReference": {"current": 0, "superseded": 1, "entered-in-error": 2},
        "Encounter": {
            "planned": 0, "arrived": 1, "triaged": 1, "in-progress": 2, "onleave": 2, "finished": 3, "cancelled": 3,
            "entered-in-error": 4,
        },
        "Immunization": _EVENT,
        "MedicationAdministration": _EVENT,
        "MedicationDispense": _EVENT,
        "MedicationRequest": _REQUEST,
        "Observation": _RESULT,
        "Procedure": _EVENT,
        "ServiceRequest": _REQUEST,
    }
)  # fmt: skip

UNDOING = frozenset({"A11", "A12", "A13", "A25", "A26", "A27", "A32", "A33", "A38", "A52", "A53", "A55", "S13"})
"""Events that undo another, so that their status may go back (v2.5.1 chapters 3 and 10)."""

_CALLED_OFF = frozenset({"CA", "CR", "DC", "DR", "OC", "OD", "RU"})
"""Order controls (table 0119) that ask for, or tell of, the end of an order."""
_BUSINESS_EVENT = "http://hl7.org/fhir/StructureDefinition/businessEvent"
_LAST_OF_REQUESTS = 2


def goes_back(there: Mapping[str, object], said: Mapping[str, object], event: str) -> tuple[str, str] | None:
    """The status of the record and the earlier one of the message; None when the message goes on, or may go back.

    An order whose end was asked for counts as ended, although it is active until the filler has agreed.
    """
    ranks = _RANKS.get(str(there.get("resourceType", "")))
    if ranks is None or event in UNDOING:
        return None
    now, then = str(there.get("status", "")), str(said.get("status", ""))
    if now not in ranks or then not in ranks:
        return None
    here = ranks[now]
    if ranks is _REQUEST and _is_called_off(there) and not _is_called_off(said):
        now, here = f"{now}, called off", max(here, _LAST_OF_REQUESTS)
    return (now, then) if ranks[then] < here else None


def _is_called_off(resource: Mapping[str, object]) -> bool:
    extensions = resource.get("extension")
    return any(
        isinstance(each, dict) and each.get("url") == _BUSINESS_EVENT and each.get("valueCode") in _CALLED_OFF
        for each in (extensions if isinstance(extensions, list) else ())
    )
