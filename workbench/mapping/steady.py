"""Rows whose segment says the same in message after message: all they write is remembered as one.

A feed's sender, a patient's general practitioner, an allergy or a diagnosis stands in its segment as it stood before.
`fusing` remembers rules of a map; here it is a whole row with its maps and links, so that no map is run at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from workbench.mapping import fusing
from workbench.mapping.effects import Effect
from workbench.mapping.fused import Fused, Texts, texts_at
from workbench.mapping.running import Frame, Step


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


class SteadyRow:
    """What a row writes into its resource, by memory while the fields it reads are steady."""

    def __init__(self, work: Step, guarded: Sequence[tuple[int, Effect]]) -> None:
        """guarded  the effects of the row's rules, each with the field that must be populated for it or 0"""
        self._work = work
        self._guarded = guarded
        self._effect = effect = reduce(Effect.and_of, [effect for _, effect in guarded], Effect(frozenset()))
        self._fields = tuple(sorted(effect.reads))
        self._texts: dict[int, set[str]] = {number: set() for number in self._fields}
        self._runs = 0
        self._memory: Fused | None = None

    def memory(self, frame: Frame) -> Fused | None:
        """What runs the row by memory; None while the row has to run itself."""
        if frame.run.afresh:
            return None
        self._runs += 1
        if self._runs <= fusing.OBSERVED_RUNS:
            self._observe(frame.parts)
        elif self._runs >= fusing.RECONSIDERED_RUNS:
            self._runs, self._memory = 0, None
            self._texts = {number: set() for number in self._fields}
        return self._memory

    def _observe(self, parts: Sequence[str]) -> None:
        for number, texts in self._texts.items():
            if number < len(parts):
                texts.add(parts[number])
        if self._runs == fusing.OBSERVED_RUNS:
            if all(len(texts) <= fusing.TEXTS_OF_A_STEADY_FIELD for texts in self._texts.values()):
                self._memory = Fused([self._work], self._effect, texts_up_to_the_end(self._fields), self._alone)
            self._texts = {}  # not emptied: another thread may be going through it

    def _alone(self, parts: Sequence[str]) -> frozenset[str]:
        """The keys that rules with something to do for such a segment may write or look at."""
        effects = [effect for guard, effect in self._guarded if guard < len(parts) and (not guard or parts[guard])]
        whole = reduce(Effect.and_of, effects, Effect(frozenset()))
        return whole.writes - whole.appends
