"""Which rules run as one: rules in a row that read only steady fields.

Most fields of a segment say in message after message what they have said before: the hospital, the ward, the doctor,
the test and its unit; most components of an identifier do. A few never do: the number of the visit, the result. The
first runs of a plan show which; the rules between those that read such fields are then run once for each set of texts,
and copied afterwards (`fused`). Runs that start afresh never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import NamedTuple

from workbench.mapping.engine.effects import Effect
from workbench.mapping.engine.fused import CopiedPart, Fused, texts_at
from workbench.mapping.engine.memory import Copied
from workbench.mapping.engine.running import Step

OBSERVED_RUNS = 32
"""Runs of a plan before its rules are fused."""

RECONSIDERED_RUNS = 8192
"""Runs after which a plan looks at its fields anew: another feed may have begun."""

TEXTS_OF_A_STEADY_FIELD = 12
"""A field that has said more different things in the observed runs is not remembered."""


class Below(NamedTuple):
    """The functions below an element: `around` makes and fills the element with them; `key` as in `plans.Block`."""

    around: Callable[[list[Step]], Step]
    planned: Sequence[PlannedStep]
    key: str = ""

    def within(self, outer: Callable[[Step], Step]) -> Below:
        """The same inside a function that decides whether it runs."""
        around = self.around
        return Below(lambda steps: outer(around(steps)), self.planned)


class PlannedStep(NamedTuple):
    """A function of a plan.

    effect  worked out when it is wanted, None when the function has others
    slots   numbers of the elements it may share with other functions (`Frame.slots`)
    heavy   to remember it pays even when it stands alone
    below   what it runs below an element of its own, where those functions can be fused by themselves
    copied  the part it only copies, and what becomes of it
    """

    step: Step
    effect: Callable[[], Effect | None] = lambda: None
    slots: frozenset[int] = frozenset()
    heavy: bool = False
    below: Below | None = None
    copied: tuple[int, Copied] | None = None


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
            self._fused = tuple(self._fuse(self._planned))
            self._texts = {}  # not emptied: another thread may be going through it
        return self.plain

    def _fuse(self, planned: Sequence[PlannedStep]) -> Iterable[Step]:
        """The steps in order, steady ones that stand side by side as one."""
        effects = [self._steady(one.effect()) for one in planned]
        varying = [self._varying(one) if effect is None else None for one, effect in zip(planned, effects, strict=True)]
        effects = [one.effect if one is not None else effect for one, effect in zip(varying, effects, strict=True)]
        effects = _without_shared(effects, [one.slots for one in planned])
        waiting: list[_Waiting] = []
        for one, effect, copied in zip(planned, effects, varying, strict=True):
            if effect is not None:
                waiting.append(_Waiting(one, effect, copied))
                continue
            yield from self._as_one(waiting)
            waiting = []
            yield self._alone(one)
        yield from self._as_one(waiting)

    def _alone(self, one: PlannedStep) -> Step:
        """An unsteady step, with what is steady below it fused."""
        return one.step if one.below is None else one.below.around(list(self._fuse(one.below.planned)))

    def _as_one(self, waiting: Sequence[_Waiting]) -> Iterable[Step]:
        if any(one.copied is not None and one.disturbed_by(waiting) for one in waiting):
            begin = 0
            for at, one in enumerate(waiting):
                if one.copied is not None:
                    yield from self._as_one(waiting[begin:at])
                    yield self._alone(one.planned)
                    begin = at + 1
            yield from self._as_one(waiting[begin:])
            return
        if len(waiting) < 2 and not any(one.planned.heavy and one.copied is None for one in waiting):
            yield from [self._alone(one.planned) if one.copied is not None else one.planned.step for one in waiting]
            return
        effect = reduce(Effect.and_of, [one.effect for one in waiting])
        texts = texts_at([number for number in sorted(effect.reads) if self._there(number)])
        copied = [one.copied.part for one in waiting if one.copied is not None]
        yield Fused([one.planned.step for one in waiting], effect, texts, copied=copied).run

    def _varying(self, one: PlannedStep) -> _Varying | None:
        """An unsteady step as a steady one but for a part that it only copies; None when it does more with it."""
        effect = one.effect()
        if effect is None:
            return None
        if one.copied is not None:
            number, copied = one.copied
            return _Varying(replace(effect, reads=effect.reads - {number}), CopiedPart(number, (copied.key,), copied))
        if one.below is None or not one.below.key:
            return None
        effects = [(below, self._steady(below.effect())) for below in one.below.planned]
        unsteady = [below for below, steady in effects if steady is None]
        inner = self._varying(unsteady[0]) if len(unsteady) == 1 else None
        others = [steady for _, steady in effects if steady is not None]
        if inner is None or any(other.reads & {inner.part.number} for other in others):
            return None
        if any(inner.part.way[0] in other.writes for other in others):
            return None
        reads = reduce(Effect.and_of, others, inner.effect)
        way = (one.below.key, *inner.part.way)
        whole = replace(effect, reads=reads.reads, header=reads.header, made=reads.made)
        return _Varying(whole, inner.part._replace(way=way))

    def _there(self, number: int) -> bool:
        return number < len(self._populated) and self._populated[number]

    def _steady(self, effect: Effect | None) -> Effect | None:
        """The effect, None when a field it reads hardly ever says the same."""
        if effect is None:
            return None
        unsteady = any(len(self._texts.get(number, ())) > TEXTS_OF_A_STEADY_FIELD for number in effect.reads)
        return None if unsteady else effect


class _Varying(NamedTuple):
    """The effect of a step besides the part that it only copies."""

    effect: Effect
    part: CopiedPart


class _Waiting(NamedTuple):
    """A step that is to run as one with its neighbours."""

    planned: PlannedStep
    effect: Effect
    copied: _Varying | None

    def disturbed_by(self, others: Iterable[_Waiting]) -> bool:
        """True when another step reads the part this one copies, or writes where it goes."""
        assert self.copied is not None  # the caller has looked
        number, key = self.copied.part.number, self.copied.part.way[0]
        return any(one is not self and (number in one.effect.reads or key in one.effect.writes) for one in others)


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
