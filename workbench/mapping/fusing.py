"""Which rules run as one: rules in a row that read only steady fields.

Most fields of a segment say in message after message what they have said before: the hospital, the ward, the doctor,
the test and its unit; most components of an identifier do. A few never do: the number of the visit, the result. The
first runs of a plan show which; the rules between those that read such fields are then run once for each set of texts,
and copied afterwards (`fused`). Traced runs never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import NamedTuple

from workbench.mapping.effects import Effect
from workbench.mapping.fused import Fused, texts_at
from workbench.mapping.running import Step

OBSERVED_RUNS = 32
"""Runs of a plan before its rules are fused."""

RECONSIDERED_RUNS = 8192
"""Runs after which a plan looks at its fields anew: another feed may have begun."""

TEXTS_OF_A_STEADY_FIELD = 12
"""A field that has said more different things in the observed runs is not remembered."""


class Below(NamedTuple):
    """The functions below an element: `around` makes and fills the element with them."""

    around: Callable[[list[Step]], Step]
    planned: Sequence[PlannedStep]

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
    """

    step: Step
    effect: Callable[[], Effect | None] = lambda: None
    slots: frozenset[int] = frozenset()
    heavy: bool = False
    below: Below | None = None


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
        effects = _without_shared(effects, [one.slots for one in planned])
        waiting: list[tuple[PlannedStep, Effect]] = []
        for one, effect in zip(planned, effects, strict=True):
            if effect is not None:
                waiting.append((one, effect))
                continue
            yield from self._as_one(waiting)
            waiting = []
            yield one.step if one.below is None else one.below.around(list(self._fuse(one.below.planned)))
        yield from self._as_one(waiting)

    def _as_one(self, waiting: Sequence[tuple[PlannedStep, Effect]]) -> Iterable[Step]:
        steps = [one.step for one, _ in waiting]
        if len(steps) < 2 and not any(one.heavy for one, _ in waiting):
            return steps
        effect = reduce(Effect.and_of, [effect for _, effect in waiting])
        return [Fused(steps, effect, texts_at([number for number in sorted(effect.reads) if self._there(number)])).run]

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
