"""The entries of an update's transaction, each with the stamp of the message that wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from workbench.records.updates.lookup import Item
from workbench.records.updates.record import Resource, etag, place_of
from workbench.records.updates.said import Said
from workbench.records.updates.stamps import Order, Stamp, order_of, stamp_of, stamped
from workbench.records.updates.told import BY_ELEMENT, in_passing, later, told_by


def stamp_for(said: Said, item: Item, settled: Resource) -> Stamp:
    """Of what is written now; an older message that is written all the same, or in part, leaves the later time."""
    before = stamp_of(item.there) if item.there is not None else None
    told, passing = (before.told, before.passing) if before is not None else ({}, {})
    if item.kind in BY_ELEMENT:
        now = told_by(settled, item.removed, said.time)
        if in_passing(item.kind, said.code):
            passing = later(passing, {key: time for key, time in now.items() if key not in told})
        else:
            told = later(told, now)
            passing = {key: time for key, time in passing.items() if key not in told}
    if before is not None and order_of(said.time, before.time) is Order.BEFORE:
        return replace(before, told=told, passing=passing)
    segment = item.origin.segment if item.origin is not None else before.segment if before is not None else ""
    return Stamp(said.time, said.sender, said.message, segment, told=told, passing=passing)


def create_entry(item: Item, settled: Resource, stamp: Stamp) -> Resource:
    """What the record lacks; a conditional update becomes a conditional create, so that two do not create it twice."""
    request = dict(item.request)
    kind, _, search = str(request.get("url", "")).partition("?")
    if request.get("method") == "PUT" and search:
        request = {"method": "POST", "url": kind, "ifNoneExist": search}
    return {"fullUrl": item.full_url, "resource": stamped(settled, stamp), "request": request}


def update_entry(full_url: str, there: Resource, now: Resource, stamp: Stamp) -> Resource:
    """What the record has, as it becomes; written only on the version it was worked out from."""
    meta = now.get("meta")
    told = {k: v for k, v in (meta if isinstance(meta, dict) else {}).items() if k not in ("versionId", "lastUpdated")}
    body = {key: value for key, value in now.items() if key not in ("resourceType", "id", "meta")}
    resource: Resource = {"resourceType": there["resourceType"], "id": there["id"]}
    resource |= {"meta": told} if told else {}
    request: Resource = {"method": "PUT", "url": place_of(there)}
    request |= {"ifMatch": etag(there)} if etag(there) else {}
    return {"fullUrl": full_url, "resource": stamped({**resource, **body}, stamp), "request": request}


def end_entry(said: Said, there: Resource, now: Resource, segment: str) -> Resource:
    """What is over, although no entry of the message tells of it."""
    identity = str(there["id"])
    full_url = f"urn:uuid:{identity}" if len(identity) == _UUID else place_of(there)
    return update_entry(full_url, there, now, Stamp(said.time, said.sender, said.message, segment))


_UUID = 36
"""Characters of a UUID as text."""


def without_references(value: object, gone: Iterable[str]) -> Resource:
    """An entry, or a resource, less the references to resources that are not written and not in the record."""
    missing = frozenset(gone)

    def pruned(part: object) -> object:
        if isinstance(part, Mapping):
            if part.get("reference") in missing:
                return None
            kept = {key: left for key, item in part.items() if (left := pruned(item)) is not None}
            return kept if kept or not part else None
        if isinstance(part, list):
            items = [left for item in part if (left := pruned(item)) is not None]
            return items if items or not part else None
        return part

    found = pruned(value)
    assert isinstance(found, dict)  # an entry has its request at least, a resource its type
    return found
