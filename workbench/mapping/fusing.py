"""Rules that run as one: what several rules in a row make of the same texts is remembered from message to message.

Most fields of a segment say in message after message what they have said before: the hospital, the ward, the doctor,
the test and its unit. A few never do: the number of the visit, the result. The first runs of a plan show which; the
rules between those that read such fields are then run once for each set of texts, and copied afterwards. Traced runs
never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import itemgetter
from typing import NamedTuple

import msgspec

from workbench.mapping.effects import Effect
from workbench.mapping.memory import copy_of, make_again
from workbench.mapping.running import NOTHING, Frame, Node, Recipe, Step
from workbench.mapping.scope import Resource, SegmentScope

OBSERVED_RUNS = 32
"""Runs of a plan before its rules are fused."""

RECONSIDERED_RUNS = 8192
"""Runs after which a plan looks at its fields anew: another feed may have begun."""

TEXTS_OF_A_STEADY_FIELD = 12
"""A field that has said more different things in the observed runs is not remembered."""

REMEMBERED_TEXTS = 1024
"""Sets of texts kept for each run of rules."""

FAIR_TRIAL = 64
"""Misses from which on rules that miss more often than they hit run without memory."""


class PlannedStep(NamedTuple):
    """A function of a plan.

    effect  worked out when it is wanted, None when the function has others
    slots   numbers of the elements it may share with other functions (`Frame.slots`)
    """

    step: Step
    effect: Callable[[], Effect | None] = lambda: None
    slots: frozenset[int] = frozenset()


class Plan:
    """The functions that run for one shape of a segment.

    plain  each for itself
    """

    def __init__(self, planned: Sequence[PlannedStep], populated: Sequence[bool]) -> None:
        self.plain = tuple(one.step for one in planned)
        self._planned = planned
        self._populated = populated
        self._texts = self._no_texts()
        self._runs = 0
        self._fused: tuple[Step, ...] | None = None

    def _no_texts(self) -> dict[int, set[str]]:
        return {number: set() for number, there in enumerate(self._populated) if there}

    def fast(self, parts: Sequence[str]) -> tuple[Step, ...]:
        """The functions for a fast run, fused once enough runs were seen."""
        self._runs += 1
        fused = self._fused  # another thread may let go of it
        if fused is not None and self._runs < RECONSIDERED_RUNS:
            return fused
        if fused is not None:
            self._runs, self._fused, self._texts = 0, None, self._no_texts()
        for number, texts in self._texts.items():
            texts.add(parts[number])
        if self._runs >= OBSERVED_RUNS:
            self._fused = tuple(self._fuse())
            self._texts = {}  # not emptied: another thread may be going through it
        return self.plain

    def _fuse(self) -> Iterable[Step]:
        """The steps in order, steady ones that stand side by side as one."""
        effects = [self._steady(one.effect()) for one in self._planned]
        effects = _without_shared(effects, [one.slots for one in self._planned])
        waiting: list[int] = []
        for number, (one, effect) in enumerate(zip(self._planned, effects, strict=True)):
            if effect is not None:
                waiting.append(number)
                continue
            yield from self._as_one(waiting, effects)
            waiting = []
            yield one.step
        yield from self._as_one(waiting, effects)

    def _as_one(self, numbers: list[int], effects: list[Effect | None]) -> Iterable[Step]:
        steps = [self.plain[number] for number in numbers]
        if len(steps) < 2:
            return steps
        effect = reduce(Effect.and_of, [found for number in numbers if (found := effects[number]) is not None])
        return [_Fused(steps, effect, [number for number in sorted(effect.reads) if self._there(number)]).run]

    def _there(self, number: int) -> bool:
        return number < len(self._populated) and self._populated[number]

    def _steady(self, effect: Effect | None) -> Effect | None:
        """The effect, None when a field it reads hardly ever says the same."""
        if effect is None:
            return None
        unsteady = any(len(self._texts.get(number, ())) > TEXTS_OF_A_STEADY_FIELD for number in effect.reads)
        return None if unsteady else effect


def _without_shared(effects: list[Effect | None], slots: list[frozenset[int]]) -> list[Effect | None]:
    """The effects, None for rules that share an element with a rule they will not run together with."""
    runs: dict[int, set[int]] = {}
    run = 0
    for effect, used in zip(effects, slots, strict=True):
        run += effect is None
        for slot in used:
            runs.setdefault(slot, set()).add(run)
        run += effect is None
    apart = {slot for slot, found in runs.items() if len(found) > 1}
    kept = [effect if not used & apart else None for effect, used in zip(effects, slots, strict=True)]
    return kept if kept == effects else _without_shared(kept, slots)


class _Outcome(msgspec.Struct, frozen=True):
    """What rules have made of a set of texts; as `running.Remembered`, its places those of a segment."""

    written: int
    element: Resource
    taken: frozenset[int]
    given: tuple[tuple[str, Node], ...]
    made: tuple[Recipe, ...]


class _Fused:
    """Rules in a row with the memory of what they have made.

    fields  the populated ones they read
    """

    def __init__(self, steps: Sequence[Step], effect: Effect, fields: Sequence[int]) -> None:
        self._steps = tuple(steps)
        self._appends = effect.appends
        self._alone = effect.writes - effect.appends
        self._texts: Callable[[Sequence[str]], object] = itemgetter(*fields) if fields else lambda parts: ""
        self._known: dict[object, _Outcome | None] = {}
        self._hits = self._misses = 0

    def run(self, frame: Frame) -> int:
        target, scope, state = frame.target, frame.scope, frame.run
        if not isinstance(scope, SegmentScope) or scope.first or not self._alone.isdisjoint(target):
            return self._plain(frame)
        key = (state.context, self._texts(frame.parts))
        there = self._known.get(key)
        if there is None:
            return self._plain(frame) if key in self._known or self._useless else self._learn(frame, scope, key)
        self._hits += 1
        if self._appends:
            _add(target, copy_of(there.element))
        else:
            target.update(copy_of(there.element))
        for recipe in there.made:
            make_again(state, scope, recipe)
        if there.taken:
            scope.taken |= there.taken
        for name, part in there.given:
            place = (part.field, part.repetition, part.component, part.subcomponent)
            state.given.append((name, Node(part.raw, part.level, scope, *place)))
        return there.written

    @property
    def _useless(self) -> bool:
        return self._misses > FAIR_TRIAL and self._misses > self._hits

    def _plain(self, frame: Frame) -> int:
        written = NOTHING
        for step in self._steps:
            written |= step(frame)
        return written

    def _learn(self, frame: Frame, scope: SegmentScope, key: object) -> int:
        """Run the rules on an empty target, so that all they write is seen."""
        state, target, taken, outer = frame.run, frame.target, scope.taken, frame.run.made
        issues, given, dropped = len(state.issues), len(state.given), len(state.dropped)
        scratch: Resource = {}
        made: list[Recipe | None] = []
        frame.target, scope.taken, state.made = scratch, set(), made
        written = self._plain(frame)
        leaves = scope.taken
        frame.target, scope.taken, state.made = target, taken, outer
        taken |= leaves
        self._misses += 1
        if len(self._known) >= REMEMBERED_TEXTS:
            self._known.clear()
        recipes = tuple([recipe for recipe in made if recipe is not None])
        whole = len(recipes) == len(made) and len(state.issues) == issues and len(state.dropped) == dropped
        self._known[key] = (
            _Outcome(written, copy_of(scratch), frozenset(leaves), tuple(state.given[given:]), recipes)
            if whole
            else None
        )
        _add(target, scratch)
        return written


def _add(target: Resource, more: Resource) -> None:
    """Write what was made apart into the target: new keys, and items of lists that are there."""
    for key, value in more.items():
        there = target.get(key)
        if there is None:
            target[key] = value
        else:
            assert isinstance(there, list) and isinstance(value, list)  # only lists are added to
            there += value
