"""One resource for one thing: merging what several places of a message say about it."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha1
from itertools import zip_longest
from operator import itemgetter
from urllib.parse import quote

from workbench.fhir.bundle import NAMESPACE
from workbench.mapping.engine.running import Run
from workbench.mapping.engine.scope import NOT_KNOWN, Search
from workbench.mapping.model import Json

Object = dict[str, Json]
_BEGUN = sha1(NAMESPACE.bytes, usedforsecurity=False)
"""A digest that has read the name space: to copy it takes two thirds of the time of a new one."""
_PARTS = itemgetter(slice(8), slice(8, 12), slice(13, 16), 16, slice(17, 20), slice(20, 32))
"""Of a digest: what stands between the dashes, less the version."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""RFC 9562 4.1: the two bits that say how the rest is laid out."""

SHARE_NUMBERS = frozenset({"Coverage", "RelatedPerson"})
"""Types of which several resources have one number: the insured's is that of the whole family, a mother's that of all
her children. A search by it would turn the coverage of one patient into that of another."""


TOLD_BY_CODE = frozenset({"DiagnosticReport"})
"""Types of which one number may stand for several resources of different codes: a laboratory reports several panels
under one accession, often in messages of their own."""


def named_id(*parts: str) -> str:
    """`fhir.bundle.named_uuid` as text, without the objects on the way: a message needs dozens."""
    return id_of_name(name_of(*parts))


def name_of(*parts: str) -> str:
    """Parts as one text from which they can be told; those of more parts begin with those of fewer."""
    return "".join([f"{len(part)}:{part}" for part in parts])


def id_of_name(name: str) -> str:
    """The id of what has a name by `name_of`."""
    begun = _BEGUN.copy()
    begun.update(name.encode())
    digest = begun.hexdigest()
    low, middle, high, variant, clock, node = _PARTS(digest)
    return f"{low}-{middle}-5{high}-{_VARIANT[variant]}{clock}-{node}"


def search_of(identifiers: Json) -> str:
    """`identifier=system|value` of the first identifier that has both, "" when none has."""
    for identifier in identifiers if isinstance(identifiers, list) else [identifiers]:
        if isinstance(identifier, dict) and "system" in identifier and "value" in identifier:
            system, value = identifier["system"], identifier["value"]
            if system and value and isinstance(system, str) and isinstance(value, str):
                return _identifier_search(system, value)
    return ""


def code_search(resource: Object) -> str:
    """`&code=system|code` of the first coding that has both, "" when none has."""
    code = resource.get("code")
    codings = code.get("coding") if isinstance(code, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, dict) and coding.get("system") and coding.get("code"):
            return f"&code={_quoted_system(str(coding['system']))}|{quote(str(coding['code']), safe='')}"
    return ""


@lru_cache(maxsize=4096)
def _identifier_search(system: str, value: str) -> str:
    return (
        f"identifier={_quoted_system(system)}|{value if value.isascii() and value.isalnum() else quote(value, safe='')}"
    )


@lru_cache(maxsize=1024)
def _quoted_system(system: str) -> str:
    return quote(system, safe=":/")


def search_by(resource: Object) -> Search:
    """What the identifiers that a resource has tell of how it is found, others may come behind them."""
    identifiers = resource.get("identifier")
    if not isinstance(identifiers, list) or resource.get("resourceType") in SHARE_NUMBERS:
        return NOT_KNOWN
    return Search(search_of(identifiers[:1]), 0 if search_of(identifiers) else len(identifiers))


def merge(run: Run, known: Object, more: Object) -> None:
    """Add to a resource what another view of the same thing says besides."""
    if known == more:
        if run.trace is None:
            return
    else:
        run.uneven = True
    merge_into(run, known, more)


def merge_into(run: Run, known: Object, more: Object) -> None:
    """Add to `known` what `more` says besides; where they contradict each other, `known` stays.

    In traced mode the objects of `more` are remembered as those of `known`, so that what was written into them
    is found; what contradicts is found nowhere, and its source counts as lost.
    """
    if run.trace is not None:
        run.aliases[id(more)] = (more, known)
    for key, value in more.items():
        there, beside = known.get(key), _beside(key)
        if isinstance(value, list) and (beside in more or beside in known):
            if not (key.startswith("_") and isinstance(more.get(beside), list)):  # else they came with their values
                _merge_pairs(run, known, more, key.removeprefix("_"))
        elif there is None:
            known[key] = value
        elif isinstance(there, dict) and isinstance(value, dict):
            merge_into(run, there, value)
        elif isinstance(there, list) and isinstance(value, list):
            _merge_lists(run, there, value)


def _beside(key: str) -> str:
    """Where the extensions of a primitive's values stand, or the values of which these are the extensions."""
    return key[1:] if key.startswith("_") else f"_{key}"


def _merge_lists(run: Run, known: list[Json], more: list[Json]) -> None:
    for item in more:
        same = [other for other in known if other == item]
        if not same:
            known.append(item)
        elif isinstance(item, dict) and isinstance(same[0], dict):
            merge_into(run, same[0], item)


def _merge_pairs(run: Run, known: Object, more: Object, key: str) -> None:
    """`_merge_lists` for a primitive that repeats: a value and what extends it stay at the same place of their lists
    (FHIR R4 2.6.2)."""
    there, others = _pairs(known, key), _pairs(more, key)
    for value, extended in others:
        same = [pair for pair in there if pair == (value, extended)]
        if not same:
            there.append((value, extended))
        elif isinstance(extended, dict) and isinstance(same[0][1], dict):
            merge_into(run, same[0][1], extended)
    for name, column in zip((key, f"_{key}"), zip(*there, strict=True), strict=True):
        found = known.setdefault(name, [])
        assert isinstance(found, list)  # the element repeats
        found[:] = column
        if not any(item is not None for item in column) and name != key:
            del known[name]


def _pairs(element: Object, key: str) -> list[tuple[Json, Json]]:
    values, extended = element.get(key) or [], element.get(f"_{key}") or []
    assert isinstance(values, list) and isinstance(extended, list)  # the element repeats
    return list(zip_longest(values, extended))
