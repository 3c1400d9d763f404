"""Which rules of a map can have an effect on a value of a given shape.

Most rules of a map have nothing to do for most values: their field is empty, or their condition asks for another data
type. What can be known from the populated parts of a segment or value, and from the few fields that conditions compare
again and again (`OBX-2`), is worked out once for each shape; the answer, a flat list of functions, is its plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from workbench.mapping.conditions import Condition
from workbench.mapping.engine.compile_source import Holds
from workbench.mapping.engine.compile_target import Slots
from workbench.mapping.engine.effects import Effect
from workbench.mapping.engine.fusing import Below, Plan, PlannedStep
from workbench.mapping.engine.memory import Copied
from workbench.mapping.engine.running import NOTHING, VALUE, Frame, Step
from workbench.mapping.engine.scope import SegmentScope
from workbench.mapping.engine.shapes import (
    Pattern,
    Shape,
    Source,
    asked_in,
    compared_in,
    counted_in,
    known,
    left_open,
    patterns_in,
)
from workbench.v2.delimiters import NULL

REMEMBERED_SHAPES = 2048
"""Plans kept for one map; a busy interface has a few dozen shapes of a segment."""

COMPARED_OFTEN = 3
"""From so many comparisons on, a field's text becomes part of the shape."""


_ANY_PARTS = (True,) * 256
"""Says of no part that it is empty."""


@dataclass(frozen=True)
class Block:
    """Rules below one element: `around` makes and fills the element with their functions.

    key  of the element in the target when there is only one, "" else
    """

    inner: CompiledMap
    around: Callable[[list[Step]], Step]
    key: str = ""


@dataclass(frozen=True)
class Entry:
    """One compiled rule.

    step    what it does, its condition left out
    guard   the part that must be populated for it; 0 when that cannot be said
    inline  of a block that only groups: its rules; `first` when they are alternatives
    block   of a block below an element, which reads where it stands
    effect  what it reads and writes, worked out when it is wanted; None when that cannot be said; given what of its
            condition is not known to hold
    slots   numbers of the elements it may share with other rules (`Frame.slots`)
    heavy   it does more than to copy one text
    copied  of a rule that only copies a part: its number, and what becomes of it
    """

    step: Step
    guard: int = 0
    when: Condition | None = None
    holds: Holds | None = None
    inline: CompiledMap | None = None
    block: Block | None = None
    effect: Callable[[Condition | None], Effect | None] = lambda when: None
    slots: frozenset[int] = frozenset()
    heavy: bool = False
    copied: tuple[int, Copied] | None = None

    @property
    def below(self) -> list[Entry]:
        """The entries that run where this one stands."""
        inner = self.inline or (self.block.inner if self.block else None)
        return inner.entries if inner else []


@dataclass(frozen=True)
class KnownShape:
    """The plans for values of a shape.

    plan         for any of them
    patterns     those that conditions ask of it
    of_verdicts  the plans for what the patterns say
    """

    shape: Shape
    plan: Plan
    patterns: tuple[Pattern, ...]
    of_verdicts: dict[tuple[bool, ...], Plan] = field(default_factory=dict)


class LookedAt(NamedTuple):
    """The parts of a value of which the shape tells more than whether they are populated.

    compared  their texts
    counted   whether they repeat
    asked     whether they begin with a text
    """

    compared: tuple[int, ...]
    counted: tuple[int, ...]
    asked: tuple[int, ...]


@dataclass
class CompiledMap:
    """The rules of a map or block.

    first  alternatives: the first that writes something ends the list
    reads  something of the message can arrive through it
    fuses  it fills what is made of a segment or value: its rules may run as one (`fusing`)
    """

    source: Source
    slots: Slots = field(default_factory=Slots)
    entries: list[Entry] = field(default_factory=list)
    first: bool = False
    reads: bool = False
    fuses: bool = False
    _plans: dict[object, KnownShape] = field(default_factory=dict)
    _looked_at: LookedAt | None = None

    def run(self, frame: Frame) -> int:
        """Run the rules; the answer is the most that one of them has written."""
        parts = frame.parts
        compared, counted, asked = self._looked_at or self._look()
        scope = frame.scope
        populated: object = (
            scope.populated if frame.node is None and isinstance(scope, SegmentScope) else tuple(map(bool, parts))
        )
        key = populated
        if compared or counted or asked:
            run, count = frame.run, len(parts)
            separators, repetition = run.separators, run.repetition
            # `_begins` without a call: this runs for every segment and value
            valued = tuple(
                [
                    part < count and (text := parts[part]) != "" and text[0] not in separators and text[:2] != NULL
                    for part in asked
                ]
                if asked
                else ()
            )
            texts = tuple([parts[part] if part < count else "" for part in compared]) if compared else ()
            repeats = tuple([part < count and repetition in parts[part] for part in counted]) if counted else ()
            key = (populated, texts, repeats, valued, run.context)
        known = self._plans.get(key)
        if known is None:
            known = self._known(self._shape(frame, compared, counted, asked))
            if len(self._plans) >= REMEMBERED_SHAPES:
                self._plans.clear()
            self._plans[key] = known
        plan = self._matching(known, frame) if known.patterns else known.plan
        written = NOTHING
        for step in plan.fast(parts) if self.fuses and not frame.run.afresh else plan.plain:
            written |= step(frame)
        return written

    def enough(self, written: int) -> bool:
        """True when what was written keeps a new element alive: constants do only where nothing is read."""
        return written >= VALUE if self.reads else written > NOTHING

    def _look(self) -> LookedAt:
        counted = sorted({part for entry in self.entries for part in _counted(entry, self.source)})
        asked = sorted({part for entry in self.entries for part in _asked(entry, self.source)})
        self._looked_at = LookedAt(tuple(self._often_compared()), tuple(counted), tuple(asked))
        return self._looked_at

    def _often_compared(self) -> Iterator[int]:
        counts = Counter(part for entry in self.entries for part in _compared(entry, self.source))
        return (part for part, count in sorted(counts.items()) if count >= COMPARED_OFTEN)

    def _matching(self, known: KnownShape, frame: Frame) -> Plan:
        """The plan for what the patterns say of the parts at hand; that for any when one of them is no plain text."""
        parts, special = frame.parts, frame.run.special
        verdicts = []
        for part, pattern in known.patterns:
            text = parts[part]
            if special(text) is not None or text == NULL:
                return known.plan
            verdicts.append(pattern.fullmatch(text) is not None)
        key = tuple(verdicts)
        found = known.of_verdicts.get(key)
        if found is None:
            matches = dict(zip(known.patterns, key, strict=True))
            found = known.of_verdicts[key] = self._plan(replace(known.shape, matches=matches))
        return found

    def _shape(self, frame: Frame, compared: Iterable[int], counted: Iterable[int], asked: Iterable[int]) -> Shape:
        run, texts = frame.run, {}
        special = {*run.separators, run.repetition, run.escape}
        for part in compared:
            text = frame.parts[part] if part < len(frame.parts) else ""
            if not special.intersection(text) and text != NULL:
                texts[part] = text
        single = frozenset(
            part
            for part in counted
            if part < len(frame.parts) and frame.parts[part] and run.repetition not in frame.parts[part]
        )
        valued = frozenset(
            part for part in asked if part < len(frame.parts) and _begins(frame.parts[part], run.separators)
        )
        return Shape(tuple(map(bool, frame.parts)), texts, single, valued)

    def _known(self, shape: Shape) -> KnownShape:
        return KnownShape(shape, self._plan(shape), tuple(dict.fromkeys(_patterns(self.entries, self.source, shape))))

    def _plan(self, shape: Shape) -> Plan:
        planned = self.steps_for(shape)
        if self.first and len(planned) > 1:
            planned = [PlannedStep(first_of([one.step for one in planned]))]
        return Plan(planned, shape.populated)

    def steps_for(self, shape: Shape) -> list[PlannedStep]:
        """The functions that can have an effect on a value of that shape, blocks that only group opened."""
        steps: list[PlannedStep] = []
        for entry in self.entries:
            if entry.guard and shape.empty(entry.guard):
                continue
            verdict = True if entry.when is None else known(entry.when, self.source, shape)
            if verdict is False:
                continue
            when = entry.when if verdict is None else None
            effect = partial(entry.effect, None if when is None else left_open(when, self.source, shape))
            step, below = entry.step, None
            if entry.block is not None:
                within = entry.block.inner.steps_for(shape)
                if not within:
                    continue
                step = entry.block.around([one.step for one in within])
                below = None if entry.block.inner.first else Below(entry.block.around, within, entry.block.key)
            inner = [PlannedStep(step, effect, entry.slots, entry.heavy, below, entry.copied)]
            if entry.inline is not None:
                inner = entry.inline.steps_for(shape)
                if not inner:
                    continue
                if entry.inline.first and len(inner) > 1:
                    inner = [PlannedStep(first_of([one.step for one in inner]), effect, entry.slots, True)]
            if verdict is None and entry.holds is not None:
                only_if = partial(conditional, entry.holds)
                below = None if below is None else below.within(only_if)
                step = only_if(in_order([one.step for one in inner]))
                inner = [PlannedStep(step, effect, entry.slots, entry.heavy, below)]
            if self.first and len(inner) > 1:
                inner = [PlannedStep(in_order([one.step for one in inner]), effect, entry.slots, True)]
            steps += inner
        return steps


def copied_first(maps: Iterable[CompiledMap]) -> Copied | None:
    """What becomes of the first part of a value where one rule of its maps copies it and no other looks at it once it
    is known that it says something."""
    entries = [entry for compiled in maps for entry in compiled.entries]
    for entry in entries:
        if entry.copied is not None and entry.copied[0] == 1:
            others = [one for one in entries if one.copied != entry.copied]
            return entry.copied[1] if all(_leaves_alone(one, 1, entry.copied[1].key) for one in others) else None
    return None


def _leaves_alone(entry: Entry, number: int, key: str) -> bool:
    """True when a rule neither reads a valued part of a value nor writes an element."""
    shape, source, when = Shape(_ANY_PARTS, {}, valued=frozenset({number})), Source("", True), entry.when
    asked = when is not None and known(when, source, shape) is None
    effect = entry.effect(left_open(when, source, shape) if when is not None and asked else None)
    return effect is not None and effect.reads.isdisjoint({0, number}) and key not in effect.writes


def _begins(text: str, separators: str) -> bool:
    """True when the first leaf of a populated part says something."""
    return bool(text) and text[0] not in separators and not text.startswith(NULL)


def conditional(holds: Holds, step: Step) -> Step:
    return lambda frame: step(frame) if holds(frame) else NOTHING


def in_order(steps: list[Step]) -> Step:
    """All of the steps as one."""
    if len(steps) == 1:
        return steps[0]

    def run(frame: Frame) -> int:
        written = NOTHING
        for step in steps:
            written |= step(frame)
        return written

    return run


def first_of(steps: list[Step]) -> Step:
    """The first of the steps that writes something."""

    def run(frame: Frame) -> int:
        for step in steps:
            written = step(frame)
            if written:
                return written
        return NOTHING

    return run


def _patterns(entries: Iterable[Entry], source: Source, shape: Shape) -> Iterator[Pattern]:
    """The patterns that conditions ask of the populated parts of a value of that shape."""
    for entry in entries:
        verdict = None if entry.when is None else known(entry.when, source, shape)
        if verdict is False or (entry.guard and shape.empty(entry.guard)):
            continue
        if entry.when is not None and verdict is None:
            yield from patterns_in(left_open(entry.when, source, shape), source)
        yield from _patterns(entry.below, source, shape)


def _compared(entry: Entry, source: Source) -> Iterator[int]:
    """The parts whose text the conditions of an entry compare, once for each comparison."""
    if entry.when is not None:
        yield from compared_in(entry.when, source)
    for inner in entry.below:
        yield from _compared(inner, source)


def _counted(entry: Entry, source: Source) -> Iterator[int]:
    """The fields whose repetitions the conditions of an entry count."""
    if entry.when is not None:
        yield from counted_in(entry.when, source)
    for inner in entry.below:
        yield from _counted(inner, source)


def _asked(entry: Entry, source: Source) -> Iterator[int]:
    """The parts of which the conditions of an entry ask whether they are valued."""
    if entry.when is not None:
        yield from asked_in(entry.when, source)
    for inner in entry.below:
        yield from _asked(inner, source)
