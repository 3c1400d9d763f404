"""Rows whose segment says the same in message after message: all they write is remembered as one.

A feed's sender, a patient's general practitioner, an allergy or a diagnosis stands in its segment as it stood before.
`fusing` remembers rules of a map; here it is a whole row with its maps and links, so that no map is run at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from workbench.mapping.engine import fusing
from workbench.mapping.engine.effects import Effect
from workbench.mapping.engine.fused import REMEMBERED_TEXTS, Fused, Outcome, Texts, texts_at
from workbench.mapping.engine.identity import merge
from workbench.mapping.engine.memory import make_again
from workbench.mapping.engine.retracing import note_again
from workbench.mapping.engine.running import GivenAgain, Run, Step
from workbench.mapping.engine.scope import NOT_KNOWN, Instance, Scope, Search, SegmentScope
from workbench.mapping.engine.template import Template
from workbench.mapping.model import Write


def texts_up_to_the_end(numbers: Sequence[int]) -> Texts:
    """Gives the parts of those ascending numbers, as far as a segment has them."""
    by_length: dict[int, Texts] = {}

    def texts(parts: Sequence[str]) -> object:
        length = len(parts)
        found = by_length.get(length)
        if found is None:
            found = by_length[length] = texts_at([number for number in numbers if number < length])
        return found(parts)

    return texts


class SteadyContent:
    """What a row writes into its resource, by memory while the fields it reads are steady.

    memory  what runs the row by memory, None while the row has to run itself
    known   what the whole row does, by context and texts
    """

    def __init__(self, work: Step, guarded: Sequence[tuple[int, Effect]], asked: frozenset[int] = frozenset()) -> None:
        """guarded  the effects of the row's rules, each with the field that must be populated for it or 0
        asked       fields that others look at who use the memory
        """
        self._work = work
        self._guarded = guarded
        self._effect = effect = reduce(Effect.and_of, [effect for _, effect in guarded], Effect(frozenset()))
        self._fields = tuple(sorted(effect.reads | asked))
        self._texts: dict[int, set[str]] = {number: set() for number in self._fields}
        self._runs = 0
        self.memory: Fused | None = None
        self.known: dict[object, Known] = {}

    @property
    def asks_elsewhere(self) -> bool:
        """True when it is not for the segment alone to say what is written."""
        return bool(self._effect.header or self._effect.made)

    def memory_for(self, run: Run, parts: Sequence[str]) -> Fused | None:
        """`memory` for a segment of which `known` tells nothing: those are counted, and their texts looked at."""
        if run.afresh:
            return None
        self._runs += 1
        if self._runs <= fusing.OBSERVED_RUNS:
            self._observe(parts)
        elif self._runs >= fusing.RECONSIDERED_RUNS:
            self._runs, self.memory, self.known = 0, None, {}
            self._texts = {number: set() for number in self._fields}
        return self.memory

    def keep(self, key: object, known: Known | None) -> None:
        """Remember what the whole row does with a set of texts; None when that cannot be."""
        if known is None:
            return
        if len(self.known) >= REMEMBERED_TEXTS:
            self.known.clear()
        self.known[key] = known

    def _observe(self, parts: Sequence[str]) -> None:
        for number, texts in self._texts.items():
            if number < len(parts):
                texts.add(parts[number])
        if self._runs == fusing.OBSERVED_RUNS:
            if all(len(texts) <= fusing.TEXTS_OF_A_STEADY_FIELD for texts in self._texts.values()):
                self.memory = Fused([self._work], self._effect, texts_up_to_the_end(self._fields), self._alone)
            self._texts = {}  # not emptied: another thread may be going through it

    def _alone(self, parts: Sequence[str]) -> frozenset[str]:
        """The keys that rules with something to do for such a segment may write or look at."""
        effects = [effect for guard, effect in self._guarded if guard < len(parts) and (not guard or parts[guard])]
        whole = reduce(Effect.and_of, effects, Effect(frozenset()))
        return whole.writes - whole.appends


class Known(NamedTuple):
    """What a row that makes a resource does with a set of texts.

    runs      its condition holds
    resource  what it makes, None when it makes nothing
    identity  of what it makes, "" when that is not told by the texts
    search    as in `scope.Instance`
    """

    runs: bool
    resource: Template | None
    identity: str
    search: Search
    outcome: Outcome | None


SKIPPED = Known(False, None, "", NOT_KNOWN, None)
MAKES_NOTHING = Known(True, None, "", NOT_KNOWN, None)


def make_row_again(run: Run, scope: SegmentScope, known: Known, identity: str, name: str, write: Write) -> None:
    """Make the resource of a row from memory, with all that its rules did besides."""
    assert known.resource is not None and known.outcome is not None  # the caller has looked
    outcome = known.outcome
    resource = known.resource.copy()
    instance = Instance(name, resource, identity, f"urn:uuid:{identity}", write, known.search)
    place, first = len(run.order), len(run.copies) if outcome.notes else 0
    if outcome.referrals:
        run.pending += [one.in_copy(resource, resource, scope, instance) for one in outcome.referrals]
    if outcome.made:
        make_again(run, scope, outcome.made)
    if outcome.notes:
        note_again(run, outcome.notes, (resource, *run.copies[first:]), scope, None)
    scope.taken |= outcome.taken
    scope.done |= outcome.done
    if outcome.given.parts:
        run.given.append(GivenAgain(outcome.given, scope, None))
    add_instance(run, scope, instance, place)


def add_instance(run: Run, scope: Scope, instance: Instance, place: int) -> None:
    """Put what a row has made into the bundle, at that number, or into the resource that has its identity."""
    known = run.by_identity.get(instance.identity)
    if known is None:
        run.by_identity[instance.identity] = instance
        run.order.insert(place, instance)
        run.make_known(instance, scope)
        return
    merge(run, known.resource, instance.resource)
    if known.name != instance.name:
        known = Instance(instance.name, known.resource, known.identity, known.full_url, known.write)
    run.make_known(known, scope)
