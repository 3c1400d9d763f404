"""Rules that run as one, with the memory of what they have made of each set of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from workbench.mapping.engine.effects import Effect
from workbench.mapping.engine.leaves import leaves_with
from workbench.mapping.engine.memory import Copied, all_made, make_again
from workbench.mapping.engine.retracing import at, given_since, note_again, notes_since, ways, write_out
from workbench.mapping.engine.running import (
    FIELDS,
    NOTHING,
    Frame,
    Given,
    GivenAgain,
    Note,
    Pending,
    Recipe,
    RuleName,
    Run,
    Step,
    Way,
    number_of,
)
from workbench.mapping.engine.scope import Instance, Resource, Scope, SegmentScope, field_bit
from workbench.mapping.engine.template import Template
from workbench.mapping.model import Json
from workbench.mapping.values import Misfit
from workbench.v2.delimiters import NULL

REMEMBERED_TEXTS = 1024
"""Sets of texts kept for each run of rules."""

FAIR_TRIAL = 64
"""Misses from which on rules that miss more often than they hit run without memory."""


Texts = Callable[[Sequence[str]], object]
Alone = Callable[[Sequence[str]], frozenset[str]]


def texts_at(numbers: Sequence[int]) -> Texts:
    """Gives the parts of those numbers, all of which are there."""
    return itemgetter(*numbers) if numbers else lambda parts: ""


class CopiedPart(NamedTuple):
    """A part that one of the rules copies, and that no other looks at.

    way  keys to where it goes
    """

    number: int
    way: tuple[str, ...]
    copied: Copied


class Referral(msgspec.Struct, frozen=True):
    """A reference that rules leave to be tied, less the message it stands in (`running.Pending`).

    way   to the object that holds it
    item  of a key that repeats: which item of its list the placeholder is
    """

    way: Way
    key: str
    item: int | None
    name: str
    rule: RuleName

    @classmethod
    def of(cls, way: Way, pending: Pending) -> Referral:
        """way  to what holds the reference, in the element in which rules have left it"""
        there: Any = pending.container[pending.key]
        item = next(number for number, one in enumerate(there) if one is pending.slot) if pending.repeats else None
        return cls(way, pending.key, item, pending.name, pending.rule)

    def in_copy(self, element: Resource, target: Resource, scope: Scope, owner: Instance | None) -> Pending:
        """The reference in a copy of the element, which goes into a target."""
        container = at(element, self.way) if self.way else element
        slot: Any = container[self.key]
        holder = container if self.way else target
        if self.item is None:
            return Pending(holder, self.key, False, slot, scope, self.name, owner, self.rule)
        return Pending(holder, self.key, True, slot[self.item], scope, self.name, owner, self.rule)


class Outcome(msgspec.Struct, frozen=True):
    """What rules have made of a set of texts; as `running.Remembered`.

    alone      keys the target must not have
    taken      the places whose values were written, those of a type map less the place of the value
    done       the fields whose values were all written, as `SegmentScope.done`; their places are not in `taken`
    of_header  the places of MSH whose values were written
    """

    written: int
    element: Template
    alone: frozenset[str]
    taken: frozenset[int]
    done: int
    of_header: frozenset[int]
    given: Given
    made: tuple[Recipe, ...]
    referrals: tuple[Referral, ...]
    notes: tuple[Note, ...] = ()

    @property
    def leaves_nothing(self) -> bool:
        """True when nothing but the element tells that rules have run."""
        return not (
            self.taken or self.done or self.of_header or self.given.parts or self.made or self.referrals or self.notes
        )


class Fused:
    """Rules in a row that share a memory.

    texts  gives what they read of a segment's or value's parts
    alone  gives the keys they may write or look at for such parts; all of the effect's unless given
    copied parts that differ from run to run, and are put into what is remembered
    """

    def __init__(
        self,
        steps: Sequence[Step],
        effect: Effect,
        texts: Texts,
        alone: Alone | None = None,
        copied: Sequence[CopiedPart] = (),
    ) -> None:
        self._steps = tuple(steps)
        self._copied = tuple(copied)
        self._alone_in = alone
        self._appends = effect.appends
        self._alone = effect.writes - effect.appends
        self.texts = texts
        self._header = tuple(sorted(effect.header))
        self._made = tuple(sorted(effect.made))
        self._asks_elsewhere = bool(effect.header or effect.made)
        self._known: dict[object, Outcome | None] = {}
        self._hits = self._misses = 0

    def run(self, frame: Frame) -> int:
        target, scope, state, node = frame.target, frame.scope, frame.run, frame.node
        if not isinstance(scope, SegmentScope) or scope.first:
            return self._plain(frame)
        copied = self._copied
        if copied and not self._plain_texts(state, frame.parts):
            return self._plain(frame)
        texts = self.texts(frame.parts)
        header: SegmentScope | None = None
        if self._asks_elsewhere:
            if self._header and (header := _header(state)) is None:
                return self._plain(frame)
            texts = (texts, *self._elsewhere(state, scope, header))
        key = (state.context, texts) if node is None else (state.context, texts, node.level)
        there = self._known.get(key)
        if there is None:
            if key in self._known or self._useless:
                return self._plain(frame)
            alone = self._alone if self._alone_in is None else self._alone_in(frame.parts)
            return self._learn(frame, scope, header, key, alone) if alone.isdisjoint(target) else self._plain(frame)
        if not there.alone.isdisjoint(target):
            return self._plain(frame)
        self._hits += 1
        element = there.element.copy()
        if copied and not self._put_in(state, element, frame.parts):
            return self._plain(frame)
        if there.referrals:
            state.pending += [one.in_copy(element, target, scope, frame.owner) for one in there.referrals]
        offsets = self._lengths(target) if there.notes else {}
        if self._appends.isdisjoint(target):
            target.update(element)
        else:
            _add(target, element)
        first = len(state.copies)
        if there.made:
            make_again(state, scope, there.made)
        if there.notes:
            said = {one.number: self._said(one, frame.parts[one.number], state) for one in copied}
            note_again(state, there.notes, (element, *state.copies[first:]), scope, node, target, offsets, said)
        scope.done |= there.done
        if there.taken:
            base = 0 if node is None else number_of(node, True)
            scope.taken.update([base + place for place in there.taken] if base else there.taken)
        if there.given.parts:
            state.given.append(GivenAgain(there.given, scope, node))
        if header is not None:
            header.taken |= there.of_header
        if state.made is not None:
            state.made += there.made
        return there.written

    def _elsewhere(self, state: Run, scope: SegmentScope, header: SegmentScope | None) -> list[object]:
        """What the rules see besides their segment: fields of MSH, and whether there are instances of some names."""
        fields = [] if header is None else header.fields
        seen: list[object] = [fields[number] if number < len(fields) else "" for number in self._header]
        return seen + [bool(state.find(name, scope)) for name in self._made]

    def _plain_texts(self, state: Run, parts: Sequence[str]) -> bool:
        """True when the copied parts are texts in which nothing stands for anything else."""
        for one in self._copied:
            text = parts[one.number]
            if not text or state.special(text) is not None or text == NULL:
                return False
        return True

    def _put_in(self, state: Run, element: Resource, parts: Sequence[str]) -> bool:
        """Put the copied parts where they go; False when one of them does not fit there."""
        try:
            for number, way, copied in self._copied:
                holder = element if len(way) == 1 else at(element, way[:-1])
                holder[way[-1]] = copied.convert(parts[number], state.zone)
        except Misfit:
            return False
        return True

    def _said(self, one: CopiedPart, text: str, state: Run) -> tuple[str, str]:
        return text, one.copied.note(text, state.zone)

    def outcome(self, state: Run, texts: object) -> Outcome | None:
        """What is known of texts of a segment; of rules that ask for nothing else."""
        return self._known.get((state.context, texts))

    @property
    def _useless(self) -> bool:
        return self._misses > FAIR_TRIAL and self._misses > self._hits

    def _lengths(self, target: Resource) -> dict[str, int]:
        """How many items there are in each of the lists that are added to."""
        there = ((key, target.get(key)) for key in self._appends)
        return {key: len(items) for key, items in there if isinstance(items, list)}

    def _plain(self, frame: Frame) -> int:
        written = NOTHING
        for step in self._steps:
            written |= step(frame)
        return written

    def _learn(
        self, frame: Frame, scope: SegmentScope, header: SegmentScope | None, key: object, alone: frozenset[str]
    ) -> int:
        """Run the rules on an empty target, so that all they write is seen."""
        state, target, taken, done, outer = frame.run, frame.target, scope.taken, scope.done, frame.run.made
        before = _Before.of(state)
        scratch: Resource = {}
        made: list[Recipe | None] = []
        frame.target, scope.taken, scope.done, state.made = scratch, set(), 0, made
        before_header = header.taken if header is not None else set()
        if header is not None:
            header.taken = set()
        written = self._plain(frame)
        leaves, of_header = scope.taken, header.taken if header is not None else set()
        whole = scope.done if frame.node is not None else scope.done | _done(state, scope, leaves)
        frame.target, scope.taken, scope.done, state.made = target, taken, done | whole, outer
        taken |= leaves
        if header is not None:
            header.taken = before_header
            before_header |= of_header
        self._misses += 1
        if outer is not None:
            outer += made
        if len(self._known) >= REMEMBERED_TEXTS:
            self._known.clear()
        outcome = before.outcome(frame, scratch, leaves, made, written)
        if outcome is not None and not all(_is_there(scratch, one, frame) for one in self._copied):
            outcome = None
        if outcome is not None:
            open_places = frozenset([place for place in outcome.taken if not whole & field_bit(place >> FIELDS)])
            outcome = msgspec.structs.replace(
                outcome, alone=alone, taken=open_places, done=whole, of_header=frozenset(of_header)
            )
        self._known[key] = outcome
        before.move(state, scratch, target, self._lengths(target))
        _add(target, scratch)
        return written


class _Before(NamedTuple):
    """How many of each a run had when rules began."""

    issues: int
    dropped: int
    given: int
    pending: int
    traced: int
    copies: int

    @classmethod
    def of(cls, state: Run) -> _Before:
        traced = len(state.trace or ())
        counted = len(state.issues), len(state.dropped), len(state.given), len(state.pending)
        return cls(*counted, traced, len(state.copies))

    def move(self, state: Run, scratch: Resource, target: Resource, lengths: Mapping[str, int]) -> None:
        """What stands in `scratch` goes into `target`, whose lists hold so many items: what tells of it says so."""
        for number, pending in enumerate(state.pending[self.pending :], self.pending):
            if pending.container is scratch:
                state.pending[number] = msgspec.structs.replace(pending, container=target)
        trace = state.trace or []
        for number, note in enumerate(write_out(state, self.traced), self.traced):
            if note.container is scratch:
                item = None if note.item is None else note.item + lengths.get(note.key, 0)
                trace[number] = msgspec.structs.replace(note, container=target, item=item)

    def outcome(
        self, frame: Frame, scratch: Resource, leaves: set[int], made: Sequence[Recipe | None], written: int
    ) -> Outcome | None:
        """What has been made in `scratch`; None when that is more than can be done again from memory."""
        state = frame.run
        recipes = all_made(state, made)
        if recipes is None or len(state.issues) > self.issues or len(state.dropped) > self.dropped:
            return None
        referrals: list[Referral] = []
        places = dict(ways(scratch)) if len(state.pending) > self.pending else {}
        for pending in state.pending[self.pending :]:
            way = places.get(id(pending.container))
            there = id(pending.slot) in places
            if way is None or not there or pending.scope is not frame.scope or pending.owner is not frame.owner:
                return None
            referrals.append(Referral.of(way, pending))
        assert isinstance(frame.scope, SegmentScope)  # others are not learnt from
        notes = notes_since(state, self.traced, scratch, state.copies[self.copies :], frame.scope)
        given = given_since(state, self.given, frame.scope)
        if notes is None or given is None:
            return None
        base = 0 if frame.node is None else number_of(frame.node, True)
        taken = frozenset([place - base for place in leaves])
        return Outcome(
            written, Template(scratch), frozenset(), taken, 0, frozenset(), given, recipes, tuple(referrals), notes
        )


def _is_there(element: Resource, one: CopiedPart, frame: Frame) -> bool:
    """True when a copied part stands where it goes."""
    found: Json = element
    for key in one.way:
        found = found.get(key) if isinstance(found, dict) else None
    return found == one.copied.convert(frame.parts[one.number], frame.run.zone)


def _done(state: Run, scope: SegmentScope, taken: set[int]) -> int:
    """The fields of which everything was taken, as `SegmentScope.done`."""
    leaves = leaves_with(state.repetition, state.component, state.subcomponent)
    numbers = {place >> FIELDS for place in taken}
    return sum(field_bit(number) for number in numbers if leaves.all_in(number, scope.fields[number], taken))


def _header(state: Run) -> SegmentScope | None:
    """The message's MSH when every path to MSH leads there."""
    found = state.laid_out.by_name.get("MSH", ())
    return found[0] if len(found) == 1 and found[0].outer is state.laid_out.root else None


def _add(target: Resource, more: Resource) -> None:
    """Write what was made apart into the target: new keys, and items of lists that are there."""
    for key, value in more.items():
        there = target.get(key)
        if there is None:
            target[key] = value
        else:
            assert isinstance(there, list) and isinstance(value, list)  # only lists are added to
            there += value
