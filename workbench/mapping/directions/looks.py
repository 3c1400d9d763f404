"""What rules look at, as far as it can be told without a document."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import IntEnum

from workbench.fhir.path import is_choice_of


class Reach(IntEnum):
    """How far a rule looks: what it makes is the same as long as nothing within its reach differs."""

    AROUND = 0
    """The other segments: numbers, and what else was made."""
    DOCUMENT = 1
    """The document: references that are followed, and the resources of the rows around."""
    VALUE = 2
    """Nothing but the value at hand."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What a rule looks at.

    keys   of the value at hand; None for all of it
    stems  of the choices among the keys: `value` of `value[x]`
    rows   names of the rows around whose resources it reads
    """

    reach: Reach
    keys: frozenset[str] | None = frozenset()
    stems: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()

    def among(self, keys: Set[str]) -> frozenset[str]:
        """Those of an object's keys that are looked at, where not all are."""
        found = keys & self.keys if self.keys is not None else frozenset(keys)
        if self.stems:
            found |= {key for key in keys if any(is_choice_of(key, stem) for stem in self.stems)}
        return frozenset(found)

    def inside(self) -> Looks:
        """What it means for the value around that something in it is read so: the keys are those of another value."""
        return Looks(self.reach, rows=self.rows)


NOTHING_SEEN = Looks(Reach.VALUE)


def all_looks(each: Iterable[Looks]) -> Looks:
    """What several rules together look at."""
    reach, keys, stems, rows = Reach.VALUE, frozenset[str](), frozenset[str](), frozenset[str]()
    whole = False
    for one in each:
        reach = min(reach, one.reach)
        whole = whole or one.keys is None
        keys |= one.keys or frozenset()
        stems |= one.stems
        rows |= one.rows
    return Looks(reach, None if whole else keys, stems, rows)
