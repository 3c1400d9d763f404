"""What two states of a package say differently: rules, rows, codes and settings, never layout."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workbench.mapping.entries import Entry, EntryKind, EntryName, entries, same_maps
from workbench.mapping.model import Json, Package
from workbench.mapping.overlay import laid_over

_Named = defaultdict[tuple[str, EntryKind, str, str], list[EntryName]]


class ChangeKind(StrEnum):
    """What became of an entry."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Aspect:
    """One key of an entry before and after; None where it says nothing. A key inside a mapping is `link.subject`."""

    key: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class PackageChange:
    """What became of one entry.

    entry    its name after the change; before it for one that was removed
    aspects  of a changed entry; of one that moved: `place`, the id it stands behind; of one added or removed: its keys
    was      the id before, when it has another now
    holds    of a map that was added or removed: how many entries stand in it
    """

    kind: ChangeKind
    entry: EntryName
    aspects: tuple[Aspect, ...] = ()
    was: str = ""
    holds: int = 0


def changes(before: Package, after: Package) -> tuple[PackageChange, ...]:
    """The differences of two packages, each laid over its base, in the order of the later one, removed entries last.

    Order counts where it means something: rules and rows that stand elsewhere are told, once for each that was moved.
    A map that is new or gone is one change. An entry that has only another id is a change of its id.

    raises  Refused MAP-0108: as `overlay.laid_over`
    """
    whole_before, whole_after = laid_over(before), laid_over(after)
    same = same_maps(whole_before, whole_after)
    old, new = entries(whole_before, same), entries(whole_after, same)
    renamed = _renamed(old, new)
    old = {renamed.get(name, name): entry for name, entry in old.items()}
    found = [*_compared(old, new, {after: before for before, after in renamed.items()})]
    gone = {name.map for name in old if name.kind is EntryKind.MAP and name not in new}
    for name, entry in old.items():
        if name not in new and (name.map not in gone or name.kind is EntryKind.MAP):
            holds = sum(1 for other in old if other.map == name.map and other != name) if name.map in gone else 0
            found.append(PackageChange(ChangeKind.REMOVED, name, aspects(entry.plain, {}), holds=holds))
    return tuple(found)


def aspects(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[Aspect, ...]:
    """The keys by which two entries differ, in the order of the language; mappings inside them key by key."""
    found = []
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if _same(old, new):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found += [Aspect(f"{key}.{each.key}", each.before, each.after) for each in aspects(old, new)]
        else:
            found.append(Aspect(key, old, new))
    return tuple(found)


def _same(one: Json, other: Json) -> bool:
    """Equal and of one type: true is not 1, and 5.40 is not 5.4."""
    return one == other and repr(one) == repr(other)


def _compared(
    old: Mapping[EntryName, Entry], new: Mapping[EntryName, Entry], was: Mapping[EntryName, EntryName]
) -> Iterable[PackageChange]:
    fresh = {name.map for name in new if name.kind is EntryKind.MAP and name not in old}
    moved = _moved(old, new)
    for name, entry in new.items():
        before = old.get(name)
        if name.map in fresh:
            if name.kind is EntryKind.MAP:
                holds = sum(1 for other in new if other.map == name.map and other != name)
                yield PackageChange(ChangeKind.ADDED, name, aspects({}, entry.plain), holds=holds)
        elif before is None:
            yield PackageChange(ChangeKind.ADDED, name, aspects({}, entry.plain))
        else:
            found = aspects(before.plain, entry.plain)
            earlier = was[name].id if name in was else ""
            if found or earlier:
                yield PackageChange(ChangeKind.CHANGED, name, (*found, *moved.get(name, ())), earlier)
            elif name in moved:
                yield PackageChange(ChangeKind.MOVED, name, moved[name])


def _renamed(old: Mapping[EntryName, Entry], new: Mapping[EntryName, Entry]) -> dict[EntryName, EntryName]:
    """Rules and rows that are gone, with those that came and say the same under another id."""
    gone: _Named = defaultdict(list)
    come: _Named = defaultdict(list)
    for names, one, other in ((gone, old, new), (come, new, old)):
        for name, entry in one.items():
            if name.kind in (EntryKind.RULE, EntryKind.ROW) and name not in other:
                names[name.map, name.kind, entry.parent, repr(entry.plain)].append(name)
    return {names[0]: come[key][0] for key, names in gone.items() if len(names) == 1 and len(come.get(key, ())) == 1}


def _moved(old: Mapping[EntryName, Entry], new: Mapping[EntryName, Entry]) -> dict[EntryName, tuple[Aspect, ...]]:
    """The fewest entries whose moving explains the new order, each with the id it stands behind before and after."""
    found: dict[EntryName, tuple[Aspect, ...]] = {}
    before, after = _sequences(old), _sequences(new)
    for block, names in after.items():
        earlier = before.get(block, [])
        places = {name: place for place, name in enumerate(earlier)}
        common = [name for name in names if name in places]
        staying = _longest_rising([places[name] for name in common])
        for number, name in enumerate(common):
            if number not in staying:
                found[name] = (Aspect("place", _behind(earlier, name), _behind(names, name)),)
        for name in names:
            if name in old and old[name].parent != new[name].parent:
                found[name] = (Aspect("in block", old[name].parent, new[name].parent),)
    return found


def _sequences(found: Mapping[EntryName, Entry]) -> dict[tuple[str, EntryKind, str], list[EntryName]]:
    """The rules and rows of each block, in order."""
    blocks: dict[tuple[str, EntryKind, str], list[EntryName]] = defaultdict(list)
    for name, entry in found.items():
        if name.kind in (EntryKind.RULE, EntryKind.ROW):
            blocks[name.map, name.kind, entry.parent].append(name)
    return blocks


def _behind(names: Sequence[EntryName], name: EntryName) -> str:
    """The id of the entry before this one, "" for the first."""
    place = names.index(name)
    return names[place - 1].id if place else ""


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The positions of a longest rising subsequence (patience sorting)."""
    tails: list[int] = []
    positions: list[int] = []
    previous = [-1] * len(numbers)
    for position, number in enumerate(numbers):
        at = bisect_left(tails, number)
        if at:
            previous[position] = positions[at - 1]
        tails[at : at + 1] = [number]
        positions[at : at + 1] = [position]
    found, position = set(), positions[-1] if positions else -1
    while position >= 0:
        found.add(position)
        position = previous[position]
    return found
