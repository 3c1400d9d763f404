"""Bundles: building transactions, deterministic ids, references and what they point to.

Resolution follows R4 bundle.html#references: a full URL by equality, a relative reference against the base of the
entry's own fullUrl when that is RESTful, `#id` within the resource that contains it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

NAMESPACE = uuid.UUID("6f0c3f4e-0c5e-5b0a-9d1c-3a52b2f8c7d1")

# R4 references.html#regex, without the list of type names.
_RESTFUL = re.compile(
    r"(?P<base>https?://[^\s?#]*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?(?P<fragment>#[^\s#]+)?"
)

Resource = dict[str, object]


class Method(StrEnum):
    """http://hl7.org/fhir/http-verb, as far as transactions use it."""

    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    GET = "GET"


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a transaction and what the server shall do with it.

    full_url       `urn:uuid:…` or an absolute RESTful URL; what references in the Bundle say
    url            request.url; "" means the resource's type for POST, type/id for PUT
    if_none_exist  search that must find nothing for the resource to be created (conditional create)
    if_match       version the server must still have, such as `W/"3"`
    """

    full_url: str
    resource: Resource
    method: Method = Method.POST
    url: str = ""
    if_none_exist: str = ""
    if_match: str = ""

    def to_json(self) -> Resource:
        """The Bundle.entry."""
        kind, identity = str(self.resource["resourceType"]), self.resource.get("id")
        default = f"{kind}/{identity}" if self.method is not Method.POST and identity else kind
        request: Resource = {"method": self.method.value, "url": self.url or default}
        if self.if_match:
            request["ifMatch"] = self.if_match
        if self.if_none_exist:
            request["ifNoneExist"] = self.if_none_exist
        return {"fullUrl": self.full_url, "resource": self.resource, "request": request}


def transaction(entries: Iterable[Entry], identity: str = "", timestamp: str = "") -> Resource:
    """A transaction Bundle, entries in the given order.

    identity   Bundle.id, left out when ""
    timestamp  Bundle.timestamp (instant), left out when "": a clock would make results differ between runs
    """
    bundle: Resource = {"resourceType": "Bundle"}
    if identity:
        bundle["id"] = identity
    bundle["type"] = "transaction"
    if timestamp:
        bundle["timestamp"] = timestamp
    items = [entry.to_json() for entry in entries]
    if items:
        bundle["entry"] = items
    return bundle


def named_uuid(*parts: str) -> uuid.UUID:
    """The same UUID (version 5, RFC 4122) for the same parts, on every machine and in every run.

    Parts are joined with their lengths, so ("a", "bc") and ("ab", "c") differ.
    """
    return uuid.uuid5(NAMESPACE, "".join(f"{len(part)}:{part}" for part in parts))


def urn_uuid(*parts: str) -> str:
    """`urn:uuid:…` of `named_uuid`, fit for Bundle.entry.fullUrl and Reference.reference."""
    return f"urn:uuid:{named_uuid(*parts)}"


@dataclass(frozen=True, slots=True)
class LiteralReference:
    """The parts of `[base/]Patient/123[/_history/4][#fragment]`."""

    base: str
    type: str
    id: str
    version: str
    fragment: str


def literal_reference(text: str) -> LiteralReference | None:
    """A RESTful reference taken apart; None for `urn:…`, `#id`, searches and any other URL."""
    match = _RESTFUL.fullmatch(text)
    if match is None:
        return None
    return LiteralReference(*(match[name] or "" for name in ("base", "type", "id", "version", "fragment")))


@dataclass(frozen=True, slots=True)
class FoundReference:
    """A Reference.reference and where it stands.

    path     of the Reference: `Bundle.entry[2].resource.subject`
    entry    0-based number of the Bundle's entry it stands in, None outside a Bundle
    """

    path: str
    reference: str
    entry: int | None = None


def references(resource: Mapping[str, object]) -> Iterator[FoundReference]:
    """Every literal reference in a resource or Bundle, contained resources included, in document order."""
    waiting: list[tuple[object, str, int | None]] = [(resource, str(resource.get("resourceType", "")), None)]
    while waiting:
        node, path, entry = waiting.pop()
        if isinstance(node, list):
            in_bundle = path == "Bundle.entry"
            numbered = [(item, f"{path}[{n}]", n if in_bundle else entry) for n, item in enumerate(node)]
            waiting.extend(reversed(numbered))
        elif isinstance(node, dict):
            reference = node.get("reference")
            if isinstance(reference, str):
                yield FoundReference(path, reference, entry)
            waiting.extend(
                (value, f"{path}.{name}", entry)
                for name, value in reversed(node.items())
                if isinstance(value, dict | list)
            )


class BundleIndex:
    """Where the resources of a Bundle are."""

    def __init__(self, bundle: Mapping[str, object]) -> None:
        entries = bundle.get("entry")
        self.entries: list[Mapping[str, object]] = [
            entry if isinstance(entry, dict) else {} for entry in (entries if isinstance(entries, list) else [])
        ]
        self._by_url: dict[str, list[int]] = {}
        for number, entry in enumerate(self.entries):
            url = entry.get("fullUrl")
            if isinstance(url, str):
                self._by_url.setdefault(url, []).append(number)

    def resource(self, number: int) -> Resource | None:
        """The resource of an entry, None when it has none."""
        resource = self.entries[number].get("resource")
        return resource if isinstance(resource, dict) else None

    def full_url(self, number: int) -> str:
        url = self.entries[number].get("fullUrl")
        return url if isinstance(url, str) else ""

    def find(self, reference: str, entry: int | None = None) -> Resource | None:
        """The resource a reference points to, None when it is not in this Bundle.

        entry  number of the entry the reference stands in; relative and `#` references need it
        """
        if reference.startswith("#"):
            holder = None if entry is None else self.resource(entry)
            return None if holder is None else contained(holder, reference)
        found = self._numbers(reference, entry)
        return self.resource(found[0]) if found else None

    def _numbers(self, reference: str, entry: int | None) -> list[int]:
        direct = self._by_url.get(reference)
        if direct is not None:
            return direct
        literal = literal_reference(reference)
        if literal is None:
            bare = reference.partition("#")[0]
            return self._by_url.get(bare, []) if bare != reference else []
        base = literal.base
        if not base and entry is not None:
            own = literal_reference(self.full_url(entry))
            base = own.base if own else ""
        numbers = self._by_url.get(f"{base}{literal.type}/{literal.id}", [])
        if not literal.version:
            return numbers
        return [number for number in numbers if _version(self.resource(number)) == literal.version]

    def repeated(self) -> Iterator[int]:
        """Numbers of entries whose fullUrl (with its versionId, bdl-7) an earlier entry already has."""
        for numbers in self._by_url.values():
            seen: set[str] = set()
            for number in numbers:
                version = _version(self.resource(number))
                if version in seen:
                    yield number
                seen.add(version)


def _version(resource: Resource | None) -> str:
    meta = resource.get("meta") if resource else None
    return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""


def contained(resource: Mapping[str, object], reference: str) -> Resource | None:
    """The contained resource `#id` points to; `#` alone is the resource itself."""
    if reference == "#":
        return dict(resource)
    inside = resource.get("contained")
    for item in inside if isinstance(inside, list) else []:
        if isinstance(item, dict) and item.get("id") == reference[1:]:
            return item
    return None


def resolve(bundle: Mapping[str, object], reference: str, entry: int | None = None) -> Resource | None:
    """`BundleIndex(bundle).find(…)` for a single question."""
    return BundleIndex(bundle).find(reference, entry)


def dangling(bundle: Mapping[str, object]) -> tuple[FoundReference, ...]:
    """References that only this Bundle could satisfy and does not: `urn:uuid:…`, `urn:oid:…` and `#id`.

    `Patient/123` and `http://…` may be on the server, so they do not dangle.
    """
    index = BundleIndex(bundle)
    return tuple(
        found
        for found in references(bundle)
        if found.reference.startswith(("urn:uuid:", "urn:oid:", "#"))
        and index.find(found.reference, found.entry) is None
    )
