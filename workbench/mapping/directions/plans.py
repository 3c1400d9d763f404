"""Rules in the order of their map, and which of them can do anything: a plan for each set of keys an object has."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Protocol

from workbench.mapping.directions.groups import Doing, all_of, first_of, grouped, steps_of
from workbench.mapping.directions.looks import Looks, Reach, all_looks
from workbench.mapping.directions.remembering import Recall
from workbench.mapping.directions.running import Frame, Holds, Step
from workbench.mapping.engine.running import NOTHING, VALUE

REMEMBERED_PLANS = 512
"""Sets of keys of which a map keeps the plan."""

Keys = Set[str]
"""The keys of an object; what is not among them is not populated."""
Known = Callable[[Keys], bool | None]
"""What the keys alone say of a condition; None when its values must be looked at."""
May = Callable[[Keys], bool]
"""False when an object with these keys gives a rule nothing to do."""


class Foreseen(Protocol):
    """What can be said of a rule without a document."""

    @property
    def known(self) -> Known | None:
        """Of its condition; None where it has none, or nothing can be said."""

    @property
    def may(self) -> May | None:
        """Of its sources, or of the rules below it; None where they do not tell."""

    @property
    def looks(self) -> Looks:
        """What it looks at."""

    @property
    def writes(self) -> frozenset[str] | None:
        """The keys of the element at hand it writes to; None when that cannot be told."""


@dataclass(frozen=True)
class Part:
    """One rule.

    step      what it does, its condition left out
    foreseen  worked out when the first plan asks for it
    block     the rules below, where they write in the place of this one and nothing more happens
    """

    step: Step
    holds: Holds | None
    foreseen: Foreseen
    block: CompiledMap | None = None

    def possible(self, keys: Keys) -> bool:
        known, may = self.foreseen.known, self.foreseen.may
        return (known is None or known(keys) is not False) and (may is None or may(keys))

    def steps(self, keys: Keys) -> list[Step]:
        """What is to be done for an object with these keys, where it is possible."""
        known = self.foreseen.known
        if self.holds is not None and (known is None or known(keys) is not True):
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

    first     alternatives: the first that writes something ends the list
    reads     something of the source can arrive through it
    copies    what no rule takes goes over as it stands: source and target are of one kind
    covers    ignore or keep rules stand in the map
    recalls   in fast runs what its rules make may be remembered, and those that look at the same be run together
    """

    name: str = ""
    parts: list[Part] = field(default_factory=list)
    first: bool = False
    reads: bool = False
    copies: bool = False
    covers: bool = False
    recalls: bool = False
    recall: Recall = field(default_factory=Recall)
    _looks: Looks | None = None
    _every: list[Step] | None = None
    _plans: dict[tuple[str, ...], list[Step]] = field(default_factory=dict)
    _grouped: dict[tuple[str, ...], list[Step]] = field(default_factory=dict)

    def run(self, frame: Frame) -> int:
        """Run the rules; the answer is the most that one of them has written."""
        value = frame.at.value
        if isinstance(value, dict):
            keys = tuple(value)
            plans = self._plans if frame.run.full else self._grouped
            steps = plans.get(keys)
            if steps is None:
                steps = self.plan(frozenset(keys), grouping=not frame.run.full)
                if len(plans) < REMEMBERED_PLANS:
                    plans[keys] = steps
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

    def plan(self, keys: Keys, grouping: bool = False) -> list[Step]:
        """The steps that can do something for an object with these keys; `grouping` where their order is free."""
        doings = [
            Doing(part.steps(keys), part.foreseen.looks, part.foreseen.writes)
            for part in self.parts
            if part.possible(keys)
        ]
        if self.first:
            return [one.steps[0] if len(one.steps) == 1 else all_of(one.steps) for one in doings]
        grouping = grouping and self.recalls and self.remembers is Reach.AROUND
        return grouped(doings, keys) if grouping else steps_of(doings)

    def may(self, keys: Keys) -> bool:
        return any(part.possible(keys) for part in self.parts)

    @property
    def remembers(self) -> Reach:
        """Within which reach what it makes of an object may be copied for an equal one."""
        return Reach.AROUND if self.covers or self.copies or self.looks.rows else self.looks.reach

    @property
    def looks(self) -> Looks:
        """What its rules look at; of a map that uses itself that cannot be told."""
        if self._looks is None:
            self._looks = Looks(Reach.AROUND)
            self._looks = all_looks(part.foreseen.looks for part in self.parts)
        return self._looks

    @property
    def writes(self) -> frozenset[str] | None:
        """The keys of the element at hand its rules write to; None when that cannot be told."""
        keys: frozenset[str] = frozenset()
        for part in self.parts:
            if part.foreseen.writes is None:
                return None
            keys |= part.foreseen.writes
        return keys

    def enough(self, written: int) -> bool:
        """True when what was written keeps a new element alive: constants do only where nothing is read."""
        return written >= VALUE if self.reads else written > NOTHING
