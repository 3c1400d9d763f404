"""What the patterns of ignore and keep rules say along the ways through documents.

A way is the names from a resource or segment down to a value. A `Spot` stands for all ways on which the patterns have
come equally far. To follow a name leads to the next spot; spots are worked out once and serve all documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

Place = tuple[str | int, ...]
"""Where a value stands in its document. FHIR: keys and 0-based numbers from the root. v2: segment (0-based), field,
repetition, component, subcomponent (1-based), as far down as the value goes."""

ANY_DEPTH = "**"
REMEMBERED_NAMES = 512
"""Names, and URLs of extensions, of which a spot keeps where they lead."""
REMEMBERED_SPOTS = 8192


class PatternStep(NamedTuple):
    """One step of a pattern: a name in which `*` stands for letters, or `**` for any number of steps.

    url  of an extension; "" says nothing of it
    """

    name: str
    url: str = ""

    def fits(self, name: str, url: str) -> bool:
        return (not self.url or self.url == url) and fnmatchcase(name, self.name)


@dataclass(frozen=True, eq=False, slots=True)
class Cover:
    """One pattern of a ledger rule. It covers the places that begin as it says.

    number       of the pattern among all of a document; the first that covers a value counts
    map          the map it stands in, "" when it holds for the whole document
    relative     steps count from the value the map was given, not from the resource or segment around
    keeps        of a keep rule
    conditional  the rule has a condition
    """

    number: int
    map: str
    steps: tuple[PatternStep, ...]
    relative: bool
    keeps: bool
    conditional: bool

    def after(self, at: int, name: str, url: str) -> Iterator[int]:
        """How many of the steps may be done once one more name has been followed."""
        if at == len(self.steps):
            yield at
            return
        if self.steps[at].name == ANY_DEPTH:
            yield at
            if at + 1 < len(self.steps):
                yield from self.after(at + 1, name, url)
            else:
                yield at + 1
        elif self.steps[at].fits(name, url):
            yield at + 1


State = tuple[Cover, int]
"""A pattern, and how many of its steps are done."""


class Spot:
    """A set of states of the patterns.

    ignore, keep  the patterns that cover what stands here, by number
    left_out      an ignore rule without a condition is among them, and so all below is ignored
    may_ignore    something here or below may be ignored
    ways          where names lead, as far as they have been followed: see `inside`
    """

    __slots__ = ("_again", "_joined", "_known", "ignore", "keep", "left_out", "may_ignore", "states", "ways")

    def __init__(self, states: frozenset[State], known: dict[frozenset[State], Spot]) -> None:
        done = sorted((cover for cover, at in states if at == len(cover.steps)), key=lambda cover: cover.number)
        self.states = states
        self.ignore = tuple(cover for cover in done if not cover.keeps)
        self.keep = tuple(cover for cover in done if cover.keeps)
        self.left_out = not all(cover.conditional for cover in self.ignore)
        self.may_ignore = any(not cover.keeps for cover, _ in states)
        self._known = known
        self.ways: dict[str | tuple[str, str], Spot] = {}
        self._joined: dict[frozenset[State], Spot] = {}
        self._again: dict[Spot, Spot] = {}

    def inside(self, name: str, url: str = "") -> Spot:
        """The spot one name further; `url` of an extension."""
        key = (name, url) if url else name
        found = self.ways.get(key)
        if found is None:
            found = self._of(
                frozenset((cover, after) for cover, at in self.states for after in cover.after(at, name, url))
            )
            if len(self.ways) < REMEMBERED_NAMES:
                self.ways[key] = found
        return found

    def joined(self, states: frozenset[State]) -> Spot:
        """The same spot where more patterns begin to count."""
        found = self._joined.get(states)
        if found is None:
            found = self._joined[states] = self._of(self.states | states)
        return found

    def begun_again(self, start: Spot) -> Spot:
        """Where ways begin anew at `start`: only the patterns of maps go on."""
        found = self._again.get(start)
        if found is None:
            of_maps = frozenset(state for state in self.states if state[0].map)
            found = self._again[start] = self._of(of_maps | start.states)
        return found

    def _of(self, states: frozenset[State]) -> Spot:
        found = self._known.get(states)
        if found is None:
            found = Spot(states, self._known)
            if len(self._known) < REMEMBERED_SPOTS:
                self._known[states] = found
        return found


NOWHERE = Spot(frozenset(), {})
"""Where no pattern reaches."""
