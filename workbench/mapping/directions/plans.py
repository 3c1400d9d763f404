"""Rules in the order of their map, and which of them can do anything: a plan for each set of keys an object has."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field

from workbench.mapping.directions.remembering import Reach, Recall
from workbench.mapping.directions.running import Frame, Holds, Step
from workbench.mapping.running import NOTHING, VALUE

REMEMBERED_PLANS = 512
"""Sets of keys of which a map keeps the plan."""

Keys = Set[str]
"""The keys of an object; what is not among them is not populated."""
Known = Callable[[Keys], bool | None]
"""What the keys alone say of a condition; None when its values must be looked at."""
May = Callable[[Keys], bool]
"""False when an object with these keys gives a rule nothing to do."""


@dataclass(frozen=True)
class Part:
    """One rule.

    step   what it does, its condition left out
    known  of its condition
    may    of its sources, or of the rules below it
    block  the rules below, where they write in the place of this one and nothing more happens
    reach  how far it looks; what writes beside the element at hand has none that counts
    """

    step: Step
    holds: Holds | None = None
    known: Known | None = None
    may: May | None = None
    block: CompiledMap | None = None
    reach: Reach = Reach.AROUND

    def possible(self, keys: Keys) -> bool:
        if self.known is not None and self.known(keys) is False:
            return False
        return self.may is None or self.may(keys)

    def steps(self, keys: Keys) -> list[Step]:
        """What is to be done for an object with these keys, where it is possible."""
        settled = self.holds is None or (self.known is not None and self.known(keys) is True)
        if not settled:
            return [self.whole()]
        if self.block is None:
            return [self.step]
        inner = self.block.plan(keys)
        return [first_of(inner)] if self.block.first and len(inner) > 1 else inner

    def whole(self) -> Step:
        """The step with its condition."""
        step, holds = self.step, self.holds
        return step if holds is None else lambda frame: step(frame) if holds(frame) else NOTHING


@dataclass
class CompiledMap:
    """The rules of a map or block.

    first   alternatives: the first that writes something ends the list
    reads   something of the source can arrive through it
    copies  what no rule takes goes over as it stands: source and target are of one kind
    covers  ignore or keep rules stand in the map
    reach   how far its rules look
    """

    name: str = ""
    parts: list[Part] = field(default_factory=list)
    first: bool = False
    reads: bool = False
    copies: bool = False
    covers: bool = False
    reach: Reach = Reach.AROUND
    recall: Recall = field(default_factory=Recall)
    _every: list[Step] | None = None
    _plans: dict[tuple[str, ...], list[Step]] = field(default_factory=dict)

    def run(self, frame: Frame) -> int:
        """Run the rules; the answer is the most that one of them has written."""
        value = frame.at.value
        if isinstance(value, dict):
            keys = tuple(value)
            steps = self._plans.get(keys)
            if steps is None:
                steps = self.plan(frozenset(keys))
                if len(self._plans) < REMEMBERED_PLANS:
                    self._plans[keys] = steps
        else:
            steps = self.every()
        written = NOTHING
        if self.first:
            for step in steps:
                written = step(frame)
                if written:
                    break
            return written
        for step in steps:
            written |= step(frame)
        return written

    def every(self) -> list[Step]:
        """All steps: for a value that is no object with keys."""
        if self._every is None:
            self._every = [part.whole() for part in self.parts]
        return self._every

    def plan(self, keys: Keys) -> list[Step]:
        """The steps that can do something for an object with these keys."""
        steps: list[Step] = []
        for part in self.parts:
            if part.possible(keys):
                here = part.steps(keys)
                steps += [all_of(here)] if self.first and len(here) > 1 else here
        return steps

    def may(self, keys: Keys) -> bool:
        return any(part.possible(keys) for part in self.parts)

    @property
    def remembers(self) -> Reach:
        """Within which reach what it makes of an object may be copied for an equal one."""
        return Reach.AROUND if self.covers or self.copies else self.reach

    def enough(self, written: int) -> bool:
        """True when what was written keeps a new element alive: constants do only where nothing is read."""
        return written >= VALUE if self.reads else written > NOTHING


def first_of(steps: Sequence[Step]) -> Step:
    def run(frame: Frame) -> int:
        for step in steps:
            written = step(frame)
            if written:
                return written
        return NOTHING

    return run


def all_of(steps: Sequence[Step]) -> Step:
    def run(frame: Frame) -> int:
        written = NOTHING
        for step in steps:
            written |= step(frame)
        return written

    return run
