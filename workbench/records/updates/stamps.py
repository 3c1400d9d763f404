"""Which message wrote a resource last, and when what it told of happened.

The resource itself says so, in an extension: a server's `meta.lastUpdated` is the time of writing, which for a message
that was held back says nothing about what is newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from enum import StrEnum

from workbench.kernel.partial_time import PartialDateTime, Precision

Resource = dict[str, object]

WRITTEN = "urn:clinical-mapping-workbench:extension:last-written"
_NOT_DOMAIN_RESOURCES = frozenset({"Binary", "Bundle", "Parameters"})
"""Types of R4 without extensions (resource.html)."""
_TIMES = ("told", "passing")
_PARTS = ("time", "sender", "message", "segment", "digest")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Of the last writing; "" where nothing is known.

    time     of the event, as HL7 DTM, because FHIR knows no time without seconds; of a FHIR message as FHIR has it
    sender   by the name the mapping knows
    message  its control id
    segment  which repeating segment told of the resource
    digest   of a message that was applied whole, on its header
    told     of types that are written element by element: when each was last told of, see `told`
    passing  the same for elements told of in passing only, by messages about something else
    """

    time: str = ""
    sender: str = ""
    message: str = ""
    segment: str = ""
    digest: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    passing: Mapping[str, str] = field(default_factory=dict)


def stamp_of(resource: Mapping[str, object]) -> Stamp | None:
    """What a resource says of its last writing; None when it says nothing."""
    for extension in _extensions(resource):
        if isinstance(extension, dict) and extension.get("url") == WRITTEN:
            parts = extension.get("extension")
            said = [
                (str(part.get("url")), str(part.get("valueString", "")))
                for part in (parts if isinstance(parts, list) else ())
                if isinstance(part, dict)
            ]
            single = dict(said)
            times = {name: _times_of(text for each, text in said if each == name) for name in _TIMES}
            time, sender, message, segment, digest = (single.get(name, "") for name in _PARTS)
            return Stamp(time, sender, message, segment, digest, times["told"], times["passing"])
    return None


def _times_of(texts: Iterable[str]) -> dict[str, str]:
    """Times by key, from texts of a time and the keys it holds for."""
    return {key: time for time, *keys in (text.split(" ") for text in texts) for key in keys}


def _texts_of(times: Mapping[str, str]) -> list[str]:
    keys: dict[str, list[str]] = {}
    for key, time in times.items():
        keys.setdefault(time, []).append(key)
    return [" ".join((time, *those)) for time, those in sorted(keys.items())]


def stamped(resource: Mapping[str, object], stamp: Stamp) -> Resource:
    """The resource with another stamp."""
    bare = unstamped(resource)
    if bare.get("resourceType") in _NOT_DOMAIN_RESOURCES:
        return bare
    parts = [{"url": name, "valueString": getattr(stamp, name)} for name in _PARTS if getattr(stamp, name)]
    parts += [{"url": name, "valueString": text} for name in _TIMES for text in _texts_of(getattr(stamp, name))]
    if not parts:
        return bare
    return {**bare, "extension": [*_extensions(bare), {"url": WRITTEN, "extension": parts}]}


def unstamped(resource: Mapping[str, object]) -> Resource:
    """The resource without its stamp."""
    kept = [each for each in _extensions(resource) if not (isinstance(each, dict) and each.get("url") == WRITTEN)]
    bare = {key: value for key, value in resource.items() if key != "extension"}
    return {**bare, "extension": kept} if kept else bare


def _extensions(resource: Mapping[str, object]) -> list[object]:
    found = resource.get("extension")
    return found if isinstance(found, list) else []


class Order(StrEnum):
    """How one time lies to another, as far as both were stated."""

    BEFORE = "before"
    SAME = "same"
    AFTER = "after"
    UNKNOWN = "unknown"


def order_of(one: str, other: str) -> Order:
    """How a time, in HL7's or FHIR's notation, lies to another; unknown when one is missing, or when they are equal as
    far as both were stated and one is more exact. Times without a zone count as UTC.
    """
    left, right = _time(one), _time(other)
    if left is None or right is None:
        return Order.UNKNOWN
    shared = min(left.precision, right.precision)
    if shared < Precision.HOUR:  # a day has no zone, so only the days as written can be compared
        units = shared.value
        mine, theirs = _units(left)[:units], _units(right)[:units]
        before, after = mine < theirs, mine > theirs
    else:
        cut = {Precision.HOUR: 3600, Precision.MINUTE: 60}.get(shared, 1)
        first, second = (each.moment(UTC).timestamp() for each in (left, right))
        if shared < Precision.FRACTION:
            first, second = first // cut, second // cut
        before, after = first < second, first > second
    if before or after:
        return Order.BEFORE if before else Order.AFTER
    return Order.SAME if left.precision == right.precision else Order.UNKNOWN


def _time(text: str) -> PartialDateTime | None:
    for read in (PartialDateTime.from_hl7, PartialDateTime.from_fhir):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _units(time: PartialDateTime) -> tuple[int, ...]:
    return (time.year, time.month, time.day)
