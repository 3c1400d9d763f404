"""When each element of a resource was last told of, so that a late message may say what no later one has spoken of.

People, visits and places are described by many messages, each of a part: a result names the patient, and says nothing
of the address that an older message, held back, has to tell. These types are written element by element; so are orders,
which results tell of before the order itself arrives. Findings and drugs are not: a flag of a preliminary result beside
the value of the final one is a result nobody reported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from workbench.records.facets import FACETED, facet_of
from workbench.records.merging import Resource, alternatives, says_nothing
from workbench.records.said import Removed
from workbench.records.stamps import Order, Stamp, order_of

BY_ELEMENT = frozenset(
    {
        "Account", "Coverage", "Device", "Encounter", "Location", "Organization", "Patient", "Practitioner",
        "PractitionerRole", "RelatedPerson", "ServiceRequest",
    }
)  # fmt: skip

_ADDED = frozenset({"diagnosis", "identifier", "link", "result"})
"""Lists that only grow: what a late message knows besides is added, what is there is left."""
_OF_NO_MESSAGE = frozenset({"id", "meta", "resourceType"})


def told_by(said: Mapping[str, object], removed: Iterable[Removed], time: str) -> Mapping[str, str]:
    """What a message tells of a resource, and when."""
    return dict.fromkeys((*_keys(said), *_removed_keys(said, removed)), time) if time else {}


def later(one: Mapping[str, str], other: Mapping[str, str]) -> Mapping[str, str]:
    """Of both the later time for each key."""
    found = dict(one)
    for key, time in other.items():
        if key not in found or order_of(time, found[key]) is not Order.BEFORE:
            found[key] = time
    return found


def only_the_new(
    there: Mapping[str, object], said: Mapping[str, object], removed: Iterable[Removed], stamp: Stamp, time: str
) -> tuple[Resource, tuple[Removed, ...]]:
    """What a late message says of things that no later message has told of."""
    kind = str(said["resourceType"])
    kept: Resource = {}
    for name, value in said.items():
        if name in _OF_NO_MESSAGE:
            kept[name] = value
        elif name in _ADDED and isinstance(value, list):
            known = there.get(name)
            there_already = {facet_of(name, item) for item in (known if isinstance(known, list) else ())}
            items = [item for item in value if facet_of(name, item) not in there_already]
            if items:
                kept[name] = [*(known if isinstance(known, list) else ()), *items]
        elif name in FACETED and isinstance(value, list):
            items = [item for item in value if _is_new(_key(kind, name, item), stamp, time)]
            if items:
                kept[name] = items
        elif _is_new(_key(kind, name), stamp, time):
            kept[name] = value
    still = tuple(each for each in removed if all(_is_new(key, stamp, time) for key in _removed_keys(said, (each,))))
    return kept, still


def _is_new(key: str, stamp: Stamp, time: str) -> bool:
    """True when no later message has told of an element, of the list it stands in, or of an item in it."""
    name = key.partition("[")[0]
    related = {key, name} if key != name else {each for each in stamp.told if each.partition("[")[0] == name}
    times = [stamp.told[each] for each in related if each in stamp.told]
    return all(order_of(time, each) in (Order.AFTER, Order.SAME) for each in times)


def _keys(said: Mapping[str, object]) -> Iterator[str]:
    kind = str(said.get("resourceType", ""))
    for name, value in said.items():
        if name in _OF_NO_MESSAGE or name in _ADDED or says_nothing(name, value):
            continue
        if name in FACETED and isinstance(value, list):
            yield from (_key(kind, name, item) for item in value)
        else:
            yield _key(kind, name)


def _removed_keys(said: Mapping[str, object], removed: Iterable[Removed]) -> Iterator[str]:
    kind = str(said.get("resourceType", ""))
    for each in removed:
        name = each.path[0]
        if name in FACETED and each.facets is not None:
            yield from (f"{name}[{_plain(facet)}]" for facet in each.facets)
        else:
            yield _key(kind, name)


def _key(kind: str, name: str, item: object = None) -> str:
    """How an element, or an item of a list with facets, is known in a stamp; the forms of a choice are one."""
    name = name.removeprefix("_")
    if item is not None:
        return f"{name}[{_plain(facet_of(name, item))}]"
    return min((name, *alternatives(kind).get(name, ())))


def _plain(facet: str) -> str:
    return facet.replace(" ", "+")


def differing(one: Mapping[str, object], other: Mapping[str, object], besides: Collection[str] = ()) -> list[str]:
    """The elements of which two states of a resource say something else."""
    return [key for key in {**one, **other} if key not in besides and one.get(key) != other.get(key)]
