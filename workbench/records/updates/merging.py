"""What a resource of the record becomes when a message says something about it.

Nothing said, and `""`, are two things in HL7 v2 (v2.5.1, 2.5.3 and 2.10.4): what a message does not say stays as it is,
what it deletes goes. A FHIR update replaces the whole resource, so both have to be worked out before it is sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from workbench.fhir.definitions import definitions
from workbench.mapping.model import Silence
from workbench.records.updates.facets import FACETED, facet_of
from workbench.records.updates.said import Removed

Resource = dict[str, object]
_OF_THE_RECORD = ("id", "meta", "resourceType")
_ABSENT = frozenset(
    {
        "http://terminology.hl7.org/CodeSystem/data-absent-reason",
        "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
        "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
    }
)


def merged(
    there: Mapping[str, object], said: Mapping[str, object], removed: Iterable[Removed], silence: Silence
) -> Resource:
    """The resource of the record after the message; references of both must be in the same form."""
    kind = str(there["resourceType"])
    if silence is Silence.REPLACE:
        kept = {key: there[key] for key in _OF_THE_RECORD if key in there}
        return {**kept, "meta": _meta(there, said), **{key: v for key, v in said.items() if key not in _OF_THE_RECORD}}
    found: Resource = dict(there)
    for name in [key for key in said if key not in _OF_THE_RECORD]:
        value = said[name]
        if name in there and says_nothing(name, value):
            continue
        for other in alternatives(kind).get(name, ()):
            found.pop(other, None)
            found.pop(f"_{other}", None)
        if not name.startswith("_") and f"_{name}" not in said:
            found.pop(f"_{name}", None)
        elif name.startswith("_") and name[1:] not in said:
            found.pop(name[1:], None)
        found[name] = _value(kind, name, there.get(name), value)
    if "meta" in said:
        found["meta"] = _meta(there, said)
    for each in removed:
        _remove(found, said, each)
    return found


def _value(kind: str, name: str, there: object, said: object) -> object:
    if isinstance(there, list) and isinstance(said, list) and name in FACETED:
        return _by_facet(name, there, said)
    if isinstance(there, dict) and isinstance(said, dict) and _is_open(kind, name):
        return {**there, **said}
    return said


def _by_facet(name: str, there: Sequence[object], said: Sequence[object]) -> list[object]:
    """Items of the message in the places of those with their facet, in turn; the others stay."""
    waiting: dict[str, deque[object]] = {}
    for item in said:
        waiting.setdefault(facet_of(name, item), deque()).append(item)
    out: list[object] = []
    for item in there:
        told = waiting.get(facet_of(name, item))
        if told is None:
            out.append(item)
        elif told:
            out.append(told.popleft())
    return out + [item for items in waiting.values() for item in items]


def says_nothing(name: str, value: object) -> bool:
    """True for what only tells that something is not known: a null flavour, a reason for absence, an unknown status."""
    return is_absent(value) or (name == "status" and value == "unknown")


def is_absent(value: object) -> bool:
    """True for a null flavour or a reason for absence in the place of a value."""
    if isinstance(value, dict):
        if value.get("system") in _ABSENT or value.get("url") in _ABSENT:
            return True
        inner = [value[key] for key in ("coding", "extension") if key in value]
        return bool(value) and len(inner) == len(value) and all(is_absent(item) for item in inner)
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and is_absent(item) for item in value)


def _meta(there: Mapping[str, object], said: Mapping[str, object]) -> Resource:
    """The record's own, with the tags, labels and profiles of the message besides."""
    before, more = there.get("meta"), said.get("meta")
    found: Resource = dict(before) if isinstance(before, dict) else {}
    for name, value in (more if isinstance(more, dict) else {}).items():
        if name in ("versionId", "lastUpdated"):
            continue
        known = found.get(name)
        if isinstance(known, list) and isinstance(value, list):
            found[name] = [*known, *(item for item in value if item not in known)]
        else:
            found[name] = value
    return found


def _remove(found: Resource, said: Mapping[str, object], removed: Removed) -> None:
    """Take out what `""` deletes, unless the message says something in its place."""
    name, *inner = removed.path
    if inner:
        if name not in said or _is_open(str(found.get("resourceType", "")), name):
            found[name] = _without(found.get(name), inner, said.get(name))
            if not found[name]:
                del found[name]
        return
    there, told = found.get(name), said.get(name)
    if isinstance(there, list) and removed.facets is not None:
        kept = told if isinstance(told, list) else []
        left = [item for item in there if item in kept or facet_of(name, item) not in removed.facets]
        found[name] = left
    elif isinstance(there, list) and isinstance(told, list):
        found[name] = list(told)
    elif name not in said:
        found.pop(name, None)
        found.pop(f"_{name}", None)
    if found.get(name) == []:
        del found[name]


def _without(value: object, path: Sequence[str], told: object) -> object:
    """A copy less the element at a path; of lists, less it in every item."""
    if isinstance(value, list):
        items = [_without(item, path, None) for item in value]
        return [item for item in items if item]
    if not isinstance(value, dict) or (isinstance(told, dict) and path[0] in told):
        return value
    first, *rest = path
    left = {key: item for key, item in value.items() if key not in (first, f"_{first}")}
    if rest and first in value and (below := _without(value[first], rest, None)):
        left[first] = below
    return left


@lru_cache(maxsize=256)
def alternatives(kind: str) -> Mapping[str, tuple[str, ...]]:
    """The other forms of each element with a choice: deceasedBoolean → deceasedDateTime."""
    found = {}
    for element in definitions().elements(kind):
        names = element.json_names()
        if len(names) > 1 and element.path.count(".") == 1:
            found.update({name: tuple(other for other in names if other != name) for name in names})
    return found


@lru_cache(maxsize=1024)
def _is_open(kind: str, name: str) -> bool:
    """True for an element whose parts several fields tell: a period, or a group of elements that does not repeat."""
    element = definitions().element(f"{kind}.{name}")
    if element is None or element.repeats:
        return False
    return {reference.code for reference in element.types} <= {"Period", "BackboneElement"}
