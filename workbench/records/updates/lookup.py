"""Which resource of a record each entry of a transaction means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote

from workbench.kernel.issues import Issue
from workbench.records.updates.plan import finding
from workbench.records.updates.record import Present, Resource, patients_of, place_of, referring
from workbench.records.updates.said import Origin, Removed, Said
from workbench.records.updates.sameness import EVENTS, first_number, has_key, same_content, same_thing
from workbench.records.updates.stamps import stamp_of

_MOVES = frozenset({"A35", "A36", "A41", "A43", "A44", "A45", "A50", "A51"})
"""Events that give a visit or an account to another patient (v2.5.1 chapter 3)."""

_Answer = TypeVar("_Answer")


@dataclass(slots=True, eq=False)
class Item:
    """An entry on its way into a plan.

    there    the resource of the record that it means, None when the record has none
    place    to which references to it lead; "" as long as the record has none
    reason   the finding by which it is left out
    also     full URLs of other entries of the message for the same resource
    several  what the record has under its identifier, when that alone does not tell
    """

    number: int
    full_url: str
    resource: Resource
    request: Resource
    origin: Origin | None = None
    removed: tuple[Removed, ...] = ()
    there: Resource | None = None
    place: str = ""
    reason: str = ""
    also: tuple[str, ...] = ()
    several: Sequence[Resource] = ()

    @property
    def kind(self) -> str:
        return str(self.resource["resourceType"])

    @property
    def path(self) -> str:
        """Where a finding about it stands."""
        return self.origin.place if self.origin is not None else f"Bundle.entry[{self.number}]"

    def mean(self, there: Resource) -> None:
        self.there = there
        self.place = place_of(there)

    def make_anew(self) -> None:
        """Let the record give it an id of its own, whatever else it has."""
        self.there, self.place = None, ""
        self.request = {"method": "POST", "url": self.kind}
        self.resource = {key: value for key, value in self.resource.items() if key != "id"}


def items_of(said: Said) -> list[Item]:
    """The entries of a message that write something."""
    found = said.bundle.get("entry")
    items = []
    for number, entry in enumerate(found if isinstance(found, list) else ()):
        resource, request = entry.get("resource"), entry.get("request")
        if isinstance(resource, dict) and isinstance(request, dict) and request.get("method") in ("POST", "PUT"):
            url = str(entry.get("fullUrl") or f"urn:entry:{number}")
            items.append(Item(number, url, resource, request, said.origins.get(url), said.removed.get(url, ())))
    return _without_twins(items)


def _without_twins(items: Sequence[Item]) -> list[Item]:
    """One entry for what several places of a message tell of, such as the physician of ORC-12 and OBR-16; otherwise a
    record would get two resources with one identifier, and the next conditional update would fail.
    """
    found: dict[object, Item] = {}
    for item in items:
        number = None if has_key(item.kind) or item.kind == "Patient" else first_number(item.resource)
        known = found.setdefault((item.kind, number) if number else item.full_url, item)
        if known is not item:
            known.resource = {**item.resource, **known.resource}
            known.also = (*known.also, item.full_url)
    return list(found.values())


@dataclass(slots=True)
class Remembering:
    """What a record answered once is not asked again within a plan."""

    present: Present
    _known: dict[tuple[str, str, str], object] = field(default_factory=dict)

    def read(self, kind: str, identity: str) -> Resource | None:
        return self._once(("read", kind, identity), self.present.read)

    def find(self, kind: str, search: str) -> Sequence[Resource]:
        return self._once(("find", kind, search), self.present.find)

    def of_patient(self, kind: str, patient: str) -> Sequence[Resource]:
        return self._once(("patient", kind, patient), self.present.of_patient)

    def _once(self, key: tuple[str, str, str], ask: Callable[[str, str], _Answer]) -> _Answer:
        if key not in self._known:
            self._known[key] = ask(key[1], key[2])
        return self._known[key]  # type: ignore[return-value]


def look_up(items: Sequence[Item], said: Said, present: Present) -> list[Issue]:
    """Find what the entries mean by their own requests; the answer are those of which that cannot be said.

    Orders share a placer number, and then it is up to `match` which of them is meant.
    """
    findings = []
    for item in items:
        found = _asked_for(item, present)
        if len(found) == 1:
            item.mean(found[0])
        elif found and has_key(item.kind):
            item.several = found
        elif found:
            findings.append(_ambiguous(item, len(found)))
    return findings


def _ambiguous(item: Item, count: int) -> Issue:
    item.reason = "UPD-0305"
    return finding("UPD-0305", item.path, kind=item.kind, count=str(count))


def match(items: Sequence[Item], said: Said, present: Present) -> list[Issue]:
    """Find what entries mean that no identifier of their own names: by what they are about.

    Later ones may hang on earlier ones, such as a coverage on its payor, so this goes on as long as it finds any.
    """
    _part_from_strangers(items, said)
    findings = _among_several(items)
    taken = {item.place for item in items if item.place}
    open_items = [item for item in items if item.there is None and not item.reason and item.kind not in EVENTS]
    again = True
    while again and open_items:
        again = False
        places = places_of(items)
        for item in open_items:
            settled = settled_of(item, places)
            for candidate in _candidates(settled, present):
                if place_of(candidate) not in taken and _may_be(candidate, settled, said.sender):
                    item.mean(candidate)
                    taken.add(item.place)
                    again = True
                    break
        open_items = [item for item in open_items if item.there is None]
    return findings


def _among_several(items: Sequence[Item]) -> list[Issue]:
    """Of those with one number, the one that is about the same; when none is, the message tells of another."""
    findings = []
    places = places_of(items)
    taken = set(places.values())
    for item in items:
        if not item.several:
            continue
        settled = settled_of(item, places)
        same = [each for each in item.several if same_thing(each, settled) and place_of(each) not in taken]
        same = [each for each in same if same_content(each, settled)][:1] or same
        if len(same) == 1:
            item.mean(same[0])
            taken.add(item.place)
        elif same:
            findings.append(_ambiguous(item, len(same)))
        else:
            item.make_anew()
    return findings


def _part_from_strangers(items: Sequence[Item], said: Said) -> None:
    """Ids that are made of a control id mean nothing when a sender has begun to count anew: what another message left
    under such an id is another thing, and the new one gets an id of its own.
    """
    places = places_of(items)
    for item in items:
        stamp = stamp_of(item.there) if item.there is not None and not _search_of(item.request) else None
        if stamp is None or item.kind in EVENTS or not said.message:
            continue
        if (stamp.sender, stamp.message) != (said.sender, said.message) or item.there is None:
            continue
        settled = settled_of(item, places)
        here, theirs = patients_of(item.there), patients_of(settled)
        is_bound = item.kind == "Patient" or has_key(item.kind) or theirs
        is_same_message = stamp.time == said.time and not (here and theirs and set(here).isdisjoint(theirs))
        if is_bound and not is_same_message and not same_thing(item.there, settled):
            item.make_anew()


def places_of(items: Iterable[Item]) -> Mapping[str, str]:
    """fullUrl → place, of those that the record has; of twins, the fullUrl that is sent."""
    places: dict[str, str] = {}
    for item in items:
        if item.place:
            places[item.full_url] = item.place
        places |= dict.fromkeys(item.also, item.place or item.full_url)
    return places


def settled_of(item: Item, places: Mapping[str, str]) -> Resource:
    """What the message says of a resource, with references as the record has them."""
    settled = referring(item.resource, places)
    assert isinstance(settled, dict)
    return settled


def belongs_elsewhere(item: Item, settled: Resource, event: str, survivor: Callable[[str], str]) -> bool:
    """True when the record has the resource under another patient than the message."""
    if item.there is None or event in _MOVES or item.kind == "Patient":
        return False
    here, said = patients_of(item.there), patients_of(settled)
    return bool(here and said) and not {survivor(each) for each in here} & {survivor(each) for each in said}


def _asked_for(item: Item, present: Present) -> Sequence[Resource]:
    """What the entry's own request finds."""
    if search := _search_of(item.request):
        return present.find(item.kind, search)
    identity = str(item.request.get("url", "")).partition("/")[2]
    found = present.read(item.kind, identity) if identity else None
    return [found] if found is not None else []


def _search_of(request: Mapping[str, object]) -> str:
    """The condition of a conditional create or update."""
    return str(request.get("ifNoneExist", "")) or str(request.get("url", "")).partition("?")[2]


def _candidates(settled: Resource, present: Present) -> Sequence[Resource]:
    kind = str(settled["resourceType"])
    patients = patients_of(settled)
    if patients:
        return present.of_patient(kind, patients[0]) if patients[0].startswith("Patient/") else ()
    identifiers = settled.get("identifier")
    for identifier in identifiers if isinstance(identifiers, list) else [identifiers]:
        if isinstance(identifier, dict) and identifier.get("value"):
            value, system = (quote(str(identifier.get(name, "")), safe=":/") for name in ("value", "system"))
            return present.find(kind, f"identifier={system}|{value}" if system else f"identifier={value}")
    return ()


def _may_be(candidate: Resource, settled: Resource, sender: str) -> bool:
    stamp = stamp_of(candidate)
    return (stamp is None or stamp.sender == sender) and same_thing(candidate, settled)
