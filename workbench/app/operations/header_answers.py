"""What the index alone knows of a question: for which messages it certainly holds, and for which it cannot.

A column holds the first component of the first repetition. That is the whole value where the header is *plain*:
usual delimiters, no repetition, no subcomponent, no escape. For all other messages the answer is left open.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.app.operations.arrow_values import flags_of, texts_of, values_of
from workbench.v2.path import V2Path
from workbench.v2.query import And, Exists, Node, Not, Or, Test, Value

if TYPE_CHECKING:
    from workbench.app.operations.index import MessageIndex

Mask = np.ndarray[Any, np.dtype[np.bool_]]

_COLUMNS = {
    (3, 1): "sending_application",
    (4, 1): "sending_facility",
    (5, 1): "receiving_application",
    (6, 1): "receiving_facility",
    (9, 1): "message_code",
    (9, 2): "trigger_event",
    (10, 1): "control_id",
    (12, 1): "version",
}
"""Column by field and component of MSH."""


@dataclass(frozen=True, slots=True)
class Known:
    """For each message at most one of the two is true; neither means that it must be read."""

    yes: Mask
    no: Mask

    @property
    def is_complete(self) -> bool:
        """True when no message need be read."""
        return bool((self.yes | self.no).all())

    def numbers(self) -> array[int]:
        """Of the messages for which it holds."""
        return _numbers(self.yes)

    def within(self, first: int, count: int) -> tuple[array[int], array[int]]:
        """Among so many messages from `first` on, the places that are certain, and those that must be read."""
        yes, no = self.yes[first : first + count], self.no[first : first + count]
        return _numbers(yes), _numbers(~yes & ~no)


def known_answers(node: Node, index: MessageIndex) -> Known:
    """What the index knows of a question or a part of one."""
    match node:
        case And(parts):
            known = [known_answers(part, index) for part in parts]
            return Known(_all([part.yes for part in known]), _any([part.no for part in known]))
        case Or(parts):
            known = [known_answers(part, index) for part in parts]
            return Known(_any([part.yes for part in known]), _all([part.no for part in known]))
        case Not(inner):
            opposite = known_answers(inner, index)
            return Known(opposite.no, opposite.yes)
        case Value(path, test):
            return _of_value(path, test, index)
        case Exists(path):
            return _of_value(path, Test("!=", ("",), bool), index)
        case _:
            return _nothing(index)


def _of_value(path: object, test: Test, index: MessageIndex) -> Known:
    if not isinstance(path, V2Path) or path.segment != "MSH" or path.occurrence > 1 or path.repetition > 1:
        return _nothing(index)
    name = _COLUMNS.get((path.field, path.component or 1))
    if name is None or path.subcomponent > 1:
        return _nothing(index)
    passes = _passes(index.column(name), test)
    if passes is None:
        return _nothing(index)
    plain = index.mask("plain")
    if path.component:
        return Known(passes & plain, ~passes & plain)
    # the whole field may go on after the first component: only what differs there is certain
    if test.sign not in ("=", "in") or any("^" in wanted for wanted in test.wanted):
        return _nothing(index)
    return Known(np.zeros_like(passes), ~passes & plain)


def _passes(column: pa.ChunkedArray, test: Test) -> Mask | None:
    """For each message whether its value is there and passes; None when that cannot be told fast."""
    if pa.types.is_dictionary(column.type):
        masks: list[Mask] = []
        for chunk in column.chunks:
            table = np.array([bool(value) and test.holds(value) for value in chunk.dictionary.to_pylist()], dtype=bool)
            masks.append(table[values_of(chunk.indices, np.int32)])
        return np.concatenate(masks) if masks else np.zeros(0, dtype=bool)
    if test.sign in ("=", "in"):
        wanted = texts_of([value for value in test.wanted if value])
        found = [flags_of(chunk) for chunk in pc.is_in(column, value_set=wanted).chunks]
        return np.concatenate(found) if found else np.zeros(0, dtype=bool)
    return None


def _nothing(index: MessageIndex) -> Known:
    return Known(np.zeros(len(index), dtype=bool), np.zeros(len(index), dtype=bool))


def _all(masks: Sequence[Mask]) -> Mask:
    result: Mask = np.logical_and.reduce(masks)
    return result


def _any(masks: Sequence[Mask]) -> Mask:
    result: Mask = np.logical_or.reduce(masks)
    return result


def _numbers(mask: Mask) -> array[int]:
    return array("I", np.flatnonzero(mask).astype(np.uint32).tobytes())
