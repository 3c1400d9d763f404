"""The populated leaves of fields as numbers, and whether all of a field has been taken."""

from __future__ import annotations

from functools import lru_cache

from workbench.mapping.engine.running import COMPONENTS, REPETITIONS, place_number

REMEMBERED_LEAVES = 8192
"""Texts, and forms of texts, of which the populated leaves are kept."""


class Leaves:
    """The populated leaves of fields, as `place_number`s, for one set of separators."""

    def __init__(self, repetition: str, component: str, subcomponent: str) -> None:
        self._separators = repetition, component, subcomponent
        self._of_text: dict[tuple[int, str], frozenset[int]] = {}
        self._of_form: dict[object, frozenset[int]] = {}

    def of(self, field: int, text: str) -> frozenset[int]:
        found = self._of_text.get((field, text))
        if found is None:
            found = self._new(field, text)
            if len(self._of_text) >= REMEMBERED_LEAVES:
                self._of_text.clear()
            self._of_text[field, text] = found
        return found

    def all_in(self, field: int, text: str, taken: set[int]) -> bool:
        """True when every populated leaf of a field was taken, by itself or with what it stands in."""
        return all(number in taken or taken_whole(number, taken) for number in self.of(field, text))

    def _new(self, field: int, text: str) -> frozenset[int]:
        """The leaves of a text that was not met before: most have the form of one that was."""
        repetition, component, subcomponent = self._separators
        if subcomponent in text:
            return self._numbers(field, text)
        form: object = field
        if repetition in text:
            form = (field, *[tuple(map(bool, part.split(component))) for part in text.split(repetition)])
        elif component in text:
            form = (field, tuple(map(bool, text.split(component))))
        found = self._of_form.get(form)
        if found is None:
            if len(self._of_form) >= REMEMBERED_LEAVES:
                self._of_form.clear()
            found = self._of_form[form] = self._numbers(field, text)
        return found

    def _numbers(self, field: int, text: str) -> frozenset[int]:
        repetition, component, subcomponent = self._separators
        return frozenset(
            place_number(field, which, at, below)
            for which, part in enumerate(text.split(repetition), 1)
            for at, piece in enumerate(part.split(component), 1)
            if piece
            for below, raw in enumerate(piece.split(subcomponent), 1)
            if raw
        )


leaves_with = lru_cache(maxsize=16)(Leaves)
"""`Leaves` for the separators of a message: repetition, component, subcomponent."""


def taken_whole(number: int, taken: set[int]) -> bool:
    """True when the component or the repetition that a leaf stands in was taken whole."""
    return number >> COMPONENTS << COMPONENTS in taken or number >> REPETITIONS << REPETITIONS in taken
