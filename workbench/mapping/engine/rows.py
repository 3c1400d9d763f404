"""Which rows of a message map can have something to do in a message.

A map has rows for everything that messages of its kind may hold. Most have nothing to do in a given message: it has no
such segment, or a field of it is empty that the row's condition asks for. What the names of the segments and their
populated fields tell is worked out once for each set of names, and for each segment with the same fields populated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from workbench.mapping.conditions import Condition, read_condition
from workbench.mapping.engine.running import Run
from workbench.mapping.engine.scope import LaidOut, SegmentScope
from workbench.mapping.engine.shapes import Shape, Source, begun_in, known
from workbench.mapping.model import Row

RowFunction = Callable[[Run], None]

REMEMBERED_NAMES = 1024
"""Sets of segment names for which a map keeps its rows."""

REMEMBERED_SHAPES = 4096
"""Segments, told apart by name and populated fields, of which a set of names keeps the rows."""


_ANY_FIELDS = (True,) * 256
"""Says of no field that it is empty."""


class CandidateRow(NamedTuple):
    """A row that a message with segments of some names can need.

    bit        its own in the numbers that stand for sets of rows
    segment    the name of the segments it is for, "" of one for a group
    condition  None where it holds always, or where it is not for the segment to say
    """

    bit: int
    segment: str
    condition: Condition | None
    function: RowFunction


class Rows:
    """The rows of a message map in order, with the names of its groups."""

    def __init__(self, by_row: Sequence[tuple[Row, RowFunction]], groups: Iterable[str]) -> None:
        self._by_row = tuple(by_row)
        self._groups = frozenset(groups)
        self._of_names: dict[frozenset[str], RowsOfNames] = {}

    def of(self, laid_out: LaidOut) -> Iterable[RowFunction]:
        """The rows that can have something to do in a message."""
        names = frozenset(laid_out.by_name)
        found = self._of_names.get(names)
        if found is None:
            found = RowsOfNames(self._candidates(names))
            if len(self._of_names) < REMEMBERED_NAMES:
                self._of_names[names] = found
        return found.of(laid_out.segments)

    def _candidates(self, names: frozenset[str]) -> Iterable[CandidateRow]:
        shape = Shape((), {}, absent=lambda name: name not in names and name not in self._groups)
        for number, (row, function) in enumerate(self._by_row):
            end = row.source.rsplit("/", 1)[-1]
            if end not in names and end not in self._groups:
                continue
            condition = read_condition(row.when) if row.when else None
            if condition is not None and known(condition, Source("", False), shape) is False:
                continue
            if row.each:
                condition = None  # it asks of one repetition what here is asked of the field
            of_group = end in self._groups
            yield CandidateRow(1 << number, "" if of_group else end, None if of_group else condition, function)


class RowsOfNames:
    """The rows that messages with segments of the same names can need."""

    def __init__(self, candidates: Iterable[CandidateRow]) -> None:
        self._candidates = tuple(candidates)
        self._of_groups = sum(one.bit for one in self._candidates if not one.segment)
        asked = {name: self._asked_of(name) for name in {one.segment for one in self._candidates}}
        self._asked = {name: fields for name, fields in asked.items() if fields}
        self._of_shape: dict[tuple[str, int, tuple[int, ...]], int] = {}
        self._of_bits: dict[int, tuple[RowFunction, ...]] = {}

    def of(self, segments: Iterable[SegmentScope]) -> Iterable[RowFunction]:
        bits, of_shape, asked = self._of_groups, self._of_shape, self._asked
        for segment in segments:
            name = segment.name
            valued = _valued(segment, asked[name]) if name in asked else ()
            found = of_shape.get((name, segment.populated, valued))
            bits |= self._rows_of(segment, valued) if found is None else found
        functions = self._of_bits.get(bits)
        if functions is None:
            functions = tuple([one.function for one in self._candidates if one.bit & bits])
            if len(self._of_bits) < REMEMBERED_SHAPES:
                self._of_bits[bits] = functions
        return functions

    def _asked_of(self, name: str) -> tuple[int, ...]:
        """The fields that rule out rows by beginning with a value; as few as it takes to rule out each that one can."""
        source = Source(name, False)
        ruled_out: dict[int, int] = {}
        for one in self._candidates:
            if one.segment == name and one.condition is not None:
                for field in set(begun_in(one.condition, source)):
                    shape = Shape(_ANY_FIELDS, {}, begun=frozenset({field}))
                    if known(one.condition, source, shape) is False:
                        ruled_out[field] = ruled_out.get(field, 0) | one.bit
        asked: list[int] = []
        covered = 0
        for field in sorted(ruled_out, key=lambda field: (-ruled_out[field].bit_count(), field)):
            if ruled_out[field] & ~covered:
                asked.append(field)
                covered |= ruled_out[field]
        return tuple(asked)

    def _rows_of(self, segment: SegmentScope, valued: tuple[int, ...]) -> int:
        """The rows that can have something to do for segments of that name with the same fields populated."""
        name = segment.name
        source, shape = Source(name, False), Shape(tuple(map(bool, segment.fields)), {}, begun=frozenset(valued))
        found = sum(
            one.bit
            for one in self._candidates
            if one.segment == name and (one.condition is None or known(one.condition, source, shape) is not False)
        )
        if len(self._of_shape) < REMEMBERED_SHAPES:
            self._of_shape[name, segment.populated, valued] = found
        return found


def _valued(segment: SegmentScope, asked: tuple[int, ...]) -> tuple[int, ...]:
    """Which of the fields begin with a letter or digit, and so with a value."""
    fields = segment.fields
    count = len(fields)
    return tuple([number for number in asked if number < count and fields[number][:1].isalnum()])
