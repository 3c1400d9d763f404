"""When each element of a resource was last told of, so that a late message may say what no later one has spoken of.

People, visits and places are described by many messages, each of a part: a result names the patient, and says nothing
of the address that an older message, held back, has to tell. These types are written element by element; so are orders,
which results tell of before the order itself arrives. Findings and drugs are not: a flag of a preliminary result beside
the value of the final one is a result nobody reported.

Who a patient is and where a visit stands, ADT and BAR tell. Every other message repeats it, often from an old copy:
what it says in passing fills what nobody has told of, and gives way to those messages whenever they happened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from workbench.records.updates.facets import FACETED, facet_of
from workbench.records.updates.merging import Resource, alternatives, says_nothing
from workbench.records.updates.said import Removed
from workbench.records.updates.stamps import Order, Stamp, order_of

BY_ELEMENT = frozenset(
    {
        "Account", "Coverage", "Device", "Encounter", "Location", "Organization", "Patient", "Practitioner",
        "PractitionerRole", "RelatedPerson", "ServiceRequest",
    }
)  # fmt: skip

_PEOPLE = frozenset({"Account", "Coverage", "Encounter", "Patient", "RelatedPerson"})
_ABOUT_PEOPLE = frozenset({"", "ADT", "BAR"})
"""Message codes of chapters 3 and 6; "" is FHIR, which is about what it holds."""

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


def in_passing(kind: str, code: str) -> bool:
    """True when a message with this code is about something else than resources of this type."""
    return kind in _PEOPLE and code not in _ABOUT_PEOPLE


def tells_anew(said: Mapping[str, object], removed: Iterable[Removed], stamp: Stamp) -> bool:
    """True when there is something in it that was told of in passing only."""
    return not stamp.told.keys() >= told_by(said, removed, "now").keys()


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which elements a message may still tell of.

    time     of the message
    passing  it is about something else
    """

    stamp: Stamp
    time: str
    passing: bool

    def is_new(self, key: str) -> bool:
        """True when no later message has told of an element, of the list it stands in, or of an item in it."""
        told = self._times(self.stamp.told, key)
        if self.passing:
            return not told and self._is_not_before(self._times(self.stamp.passing, key))
        return self._is_not_before(told)

    def _is_not_before(self, times: Iterable[str]) -> bool:
        return all(order_of(self.time, each) in (Order.AFTER, Order.SAME) for each in times)

    def _times(self, times: Mapping[str, str], key: str) -> list[str]:
        name = key.partition("[")[0]
        related = (key, name) if key != name else [each for each in times if each.partition("[")[0] == name]
        return [times[each] for each in related if each in times]


def only_the_new(
    there: Mapping[str, object], said: Mapping[str, object], removed: Iterable[Removed], sieve: Sieve
) -> tuple[Resource, tuple[Removed, ...]]:
    """What a message says of things that no other has the better word on."""
    kind = str(said["resourceType"])
    is_late = order_of(sieve.time, sieve.stamp.time) is Order.BEFORE
    kept: Resource = {}
    for name, value in said.items():
        if name in _OF_NO_MESSAGE:
            kept[name] = value
        elif name in _ADDED and isinstance(value, list) and (is_late or sieve.passing):
            known = there.get(name)
            there_already = {facet_of(name, item) for item in (known if isinstance(known, list) else ())}
            items = [item for item in value if facet_of(name, item) not in there_already]
            if items:
                kept[name] = [*(known if isinstance(known, list) else ()), *items]
        elif name in FACETED and isinstance(value, list) and name not in _ADDED:
            items = [item for item in value if sieve.is_new(_key(kind, name, item))]
            if items:
                kept[name] = items
        elif name in _ADDED or sieve.is_new(_key(kind, name)):
            kept[name] = value
    still = tuple(each for each in removed if all(map(sieve.is_new, _removed_keys(said, (each,)))))
    return kept, still


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
