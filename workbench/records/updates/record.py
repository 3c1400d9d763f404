"""A record that can be looked into and changed: in memory, or in front of one that is elsewhere.

It does what a FHIR server does with a transaction (R4 http.html#transaction), as far as messages need it: conditional
create and update, versions, `If-Match`, and references that are tied to what was created.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol
from urllib.parse import unquote

from workbench.fhir.bundle import literal_reference
from workbench.kernel.errors import Refused

Resource = dict[str, object]
_PATIENTS = ("subject", "patient", "beneficiary", "individual", "for")
"""Elements that refer to the patient whom a resource is about."""


class Present(Protocol):
    """What is in a record now. Resources that come from it are not changed in place."""

    def read(self, kind: str, identity: str) -> Resource | None:
        """A resource by its id; None when there is none."""
        ...

    def find(self, kind: str, search: str) -> Sequence[Resource]:
        """The resources that `identifier=system|value` or `identifier=value` finds, `&code=system|code` may follow."""
        ...

    def of_patient(self, kind: str, patient: str) -> Sequence[Resource]:
        """The resources of a type that are about `Patient/…`."""
        ...


class Record:
    """A record in memory. With one behind it, it shows what that has, changed by what was applied here; the one behind
    is never written to.
    """

    def __init__(self, resources: Iterable[Resource] = (), behind: Present | None = None) -> None:
        self._behind = behind
        self._resources: dict[tuple[str, str], Resource] = {}
        self._by_token: dict[tuple[str, str], dict[str, None]] = {}
        self._by_patient: dict[tuple[str, str], dict[str, None]] = {}
        for resource in resources:
            self._put(resource)

    def resources(self) -> Iterator[Resource]:
        """Those that are here, in the order in which they came; not those behind."""
        yield from self._resources.values()

    def read(self, kind: str, identity: str) -> Resource | None:
        own = self._resources.get((kind, identity))
        return own if own is not None or self._behind is None else self._behind.read(kind, identity)

    def find(self, kind: str, search: str) -> Sequence[Resource]:
        asked = [part.partition("=")[::2] for part in search.split("&")]
        tokens = [unquote(value) for name, value in asked if name == "identifier"]
        codes = [unquote(value) for name, value in asked if name == "code"]
        ids = self._by_token.get((kind, tokens[0]), {})
        own = [self._resources[kind, each] for each in ids]
        return [
            each
            for each in self._with_those_behind(kind, own, search)
            if all(token in _tokens(each) for token in tokens) and all(code in _codes(each) for code in codes)
        ]

    def of_patient(self, kind: str, patient: str) -> Sequence[Resource]:
        own = [self._resources[kind, each] for each in self._by_patient.get((kind, patient), {})]
        if self._behind is None:
            return own
        behind = self._behind.of_patient(kind, patient)
        return [*(each for each in behind if (kind, str(each.get("id"))) not in self._resources), *own]

    def _with_those_behind(self, kind: str, own: list[Resource], search: str) -> list[Resource]:
        behind = self._behind.find(kind, search) if self._behind is not None else ()
        return [*(each for each in behind if (kind, str(each.get("id"))) not in self._resources), *own]

    def apply(self, transaction: Mapping[str, object]) -> tuple[str, ...]:
        """Carry out a transaction, the whole or nothing; the places of its entries: `Patient/7/_history/2`.

        raises  Refused UPD-0701: an entry is for a version that is no longer there, or a condition finds several
        """
        found = transaction.get("entry")
        entries = [entry for entry in (found if isinstance(found, list) else ()) if isinstance(entry, dict)]
        homes = [self._home(entry) for entry in entries]
        urls = {
            str(e.get("fullUrl", "")): f"{kind}/{identity}"
            for e, (kind, identity, _) in zip(entries, homes, strict=True)
        }
        places = []
        for entry, (kind, identity, writes) in zip(entries, homes, strict=True):
            if writes:
                resource = referring(entry["resource"], urls)
                assert isinstance(resource, dict)
                self._put(_next_version(resource, identity, self.read(kind, identity)))
            there = self.read(kind, identity)
            places.append(f"{kind}/{identity}/_history/{version_of(there) if there is not None else ''}")
        return tuple(places)

    def _home(self, entry: Mapping[str, object]) -> tuple[str, str, bool]:
        """Type and id under which an entry is kept, and whether it is written."""
        request, resource = entry.get("request"), entry.get("resource")
        assert isinstance(request, dict) and isinstance(resource, dict)  # a plan's transaction has both
        kind, url = str(resource["resourceType"]), str(request.get("url", ""))
        named = str(resource.get("id") or str(entry.get("fullUrl", "")).removeprefix("urn:uuid:"))
        search = str(request.get("ifNoneExist", "")) or url.partition("?")[2]
        if search:
            there = self.find(kind, search)
            if len(there) > 1:
                raise _conflict(kind)
            if there:
                return kind, str(there[0]["id"]), request.get("method") != "POST"
            return kind, named, True
        identity = url.partition("/")[2]
        if not identity:
            return kind, self._free(kind, named), True
        expected = str(request.get("ifMatch", ""))
        now = self.read(kind, identity)
        if expected and (now is None or etag(now) != expected):
            raise _conflict(kind)
        return kind, identity, True

    def _free(self, kind: str, wanted: str) -> str:
        """An id that no resource of the type has."""
        number, free = 1, wanted
        while self.read(kind, free) is not None:
            number += 1
            free = f"{wanted}-{number}"
        return free

    def _put(self, resource: Resource) -> None:
        kind, identity = str(resource.get("resourceType", "")), str(resource.get("id", ""))
        before = self._resources.get((kind, identity))
        if before is not None:
            for token in _tokens(before):
                self._by_token[kind, token].pop(identity, None)
            for patient in patients_of(before):
                self._by_patient[kind, patient].pop(identity, None)
        self._resources[kind, identity] = resource
        for token in _tokens(resource):
            self._by_token.setdefault((kind, token), {})[identity] = None
        for patient in patients_of(resource):
            self._by_patient.setdefault((kind, patient), {})[identity] = None


def _conflict(kind: str) -> Refused:
    return Refused(
        "UPD-0701",
        f"Somebody else has changed a {kind} of this record meanwhile; nothing was written.",
        "Plan the change anew against the record as it is now.",
    )


def place_of(resource: Mapping[str, object]) -> str:
    """`Patient/7`."""
    return f"{resource['resourceType']}/{resource['id']}"


def etag(resource: Mapping[str, object]) -> str:
    """The version of a resource as `If-Match` wants it; "" when it has none."""
    version = version_of(resource)
    return f'W/"{version}"' if version else ""


def version_of(resource: Mapping[str, object]) -> str:
    """`meta.versionId`."""
    meta = resource.get("meta")
    return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""


def _next_version(resource: Resource, identity: str, before: Resource | None) -> Resource:
    """As it is kept: with its id, and a version of its own."""
    last = version_of(before) if before is not None else ""
    meta = resource.get("meta")
    told = {key: value for key, value in (meta if isinstance(meta, dict) else {}).items() if key != "lastUpdated"}
    version = str(int(last) + 1) if last.isdecimal() else "2" if before is not None else "1"
    content = {key: value for key, value in resource.items() if key not in ("resourceType", "id", "meta")}
    return {"resourceType": resource["resourceType"], "id": identity, "meta": {**told, "versionId": version}, **content}


def referring(value: object, places: Mapping[str, str]) -> object:
    """A copy in which references say where their resource is, as far as `places` knows."""
    if isinstance(value, dict):
        return {
            key: places.get(item, item) if key == "reference" and isinstance(item, str) else referring(item, places)
            for key, item in value.items()
        }
    return [referring(item, places) for item in value] if isinstance(value, list) else value


def patients_of(resource: Mapping[str, object]) -> tuple[str, ...]:
    """The patients whom a resource is about, as its references name them: `Patient/7`, `urn:uuid:…`."""
    values: list[object] = []
    for name in _PATIENTS:
        value = resource.get(name)
        values += value if isinstance(value, list) else [value]
    participants = resource.get("participant") if resource.get("resourceType") == "Appointment" else None
    values += [each.get("actor") for each in (participants if isinstance(participants, list) else ())]
    return tuple(place for value in values if (place := _patient(value)))


def _patient(value: object) -> str:
    reference = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(reference, str):
        return ""
    literal = literal_reference(reference)
    return reference if literal is None else f"{literal.type}/{literal.id}" if literal.type == "Patient" else ""


def _codes(resource: Mapping[str, object]) -> set[str]:
    """What a `code` search finds a resource by."""
    code = resource.get("code")
    codings = code.get("coding") if isinstance(code, dict) else None
    found = [each for each in (codings if isinstance(codings, list) else ()) if isinstance(each, dict)]
    return {f"{each.get('system', '')}|{each.get('code', '')}" for each in found}


def _tokens(resource: Mapping[str, object]) -> tuple[str, ...]:
    """What an `identifier` search finds a resource by."""
    found = resource.get("identifier")
    tokens: list[str] = []
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict) and each.get("value"):
            tokens += [f"{each.get('system', '')}|{each['value']}", str(each["value"])]
    return tuple(dict.fromkeys(tokens))
