"""What a capture holds, counted: a value that worker processes fill and that is merged without loss of meaning.

Every table of the statistics is made from a `Tally`. Its size is bounded by the variety of the messages, not by
their number: values beyond the limits are counted as `others`, and combinations beyond them are dropped unless a
smallest set needs them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import NamedTuple

MOST_VALUES = 2000
MOST_COMBINATIONS = 20_000


class Value(NamedTuple):
    """A code with its system, or a plain value with system ""."""

    text: str
    system: str = ""


@dataclass(slots=True)
class Seen:
    """How often, where first (number of the message), and with which words beside it."""

    count: int
    first: int
    display: str = ""


class Shape(NamedTuple):
    """Which fields of a segment, or elements of a resource, stand together; `part` "" is the message itself.

    content  `3,5,7,8` for a segment, `id,name` for a resource, `MSH PID OBX+` for a v2 message
    """

    part: str
    content: str


@dataclass(slots=True)
class FieldTally:
    """One field over all messages.

    parts                 segments, or resources, in which it is populated
    messages              messages in which it is
    repetitions           all of them together; most_repetitions: in one segment
    shortest, longest     characters of one repetition as written; characters: all together
    nulls                 repetitions that say "delete what you have"
    values                of fields whose values are counted; others: repetitions whose value found no room
    """

    parts: int = 0
    messages: int = 0
    repetitions: int = 0
    most_repetitions: int = 0
    shortest: int = 0
    longest: int = 0
    characters: int = 0
    nulls: int = 0
    values: dict[Value, Seen] = field(default_factory=dict)
    others: int = 0
    _last: int = -1

    def note(self, number: int, repetitions: Iterable[str]) -> None:
        """Count one populated field of the message `number`."""
        self.parts += 1
        if self._last != number:
            self._last = number
            self.messages += 1
        count = 0
        for text in repetitions:
            count += 1
            length = len(text)
            self.characters += length
            if length > self.longest:
                self.longest = length
            if length < self.shortest or self.repetitions + count == 1:
                self.shortest = length
            if text == '""':
                self.nulls += 1
        self.repetitions += count
        self.most_repetitions = max(self.most_repetitions, count)

    def note_value(self, value: Value, number: int, display: str = "") -> None:
        """Count one value."""
        seen = self.values.get(value)
        if seen is not None:
            seen.count += 1
        elif len(self.values) < MOST_VALUES:
            self.values[value] = Seen(1, number, display)
        else:
            self.others += 1

    def merge(self, later: FieldTally) -> None:
        """Add what was counted in later messages."""
        if later.repetitions:
            self.shortest = min(self.shortest, later.shortest) if self.repetitions else later.shortest
        self.parts += later.parts
        self.messages += later.messages
        self.repetitions += later.repetitions
        self.most_repetitions = max(self.most_repetitions, later.most_repetitions)
        self.longest = max(self.longest, later.longest)
        self.characters += later.characters
        self.nulls += later.nulls
        self.others += later.others
        for value, seen in later.values.items():
            known = self.values.get(value)
            if known is not None:
                known.count += seen.count
            elif len(self.values) < MOST_VALUES:
                self.values[value] = seen
            else:
                self.others += seen.count


@dataclass(slots=True)
class Tally:
    """Counts over messages; `merge` takes those of later messages.

    types         messages by type and hour (`ADT^A01`, `2024010203`; "" when the message tells no time)
    versions      messages by version of the standard
    parts         segments or resources by name
    fields        by name of the part and label of the field within it
    chosen        values at the paths the user asked for
    shapes        every shape, with the first message that has it
    combinations  sets of shapes that stand together in a message
    unreadable    messages that could not be read
    """

    messages: int = 0
    unreadable: int = 0
    types: Counter[tuple[str, str]] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    fields: dict[str, dict[str, FieldTally]] = field(default_factory=dict)
    chosen: dict[str, FieldTally] = field(default_factory=dict)
    shapes: dict[Shape, Seen] = field(default_factory=dict)
    combinations: dict[frozenset[Shape], Seen] = field(default_factory=dict)
    dropped_combinations: int = 0

    def field_of(self, part: str, label: str) -> FieldTally:
        """The counts of one field, made when it is met first."""
        fields = self.fields.get(part)
        if fields is None:
            fields = self.fields[part] = {}
        found = fields.get(label)
        if found is None:
            found = fields[label] = FieldTally()
        return found

    def note_shapes(self, shapes: Iterable[Shape], number: int, count: int = 1) -> None:
        """Count the shapes of one message, given once each."""
        combination = frozenset(shapes)
        is_new = False
        for shape in combination:
            seen = self.shapes.get(shape)
            if seen is None:
                self.shapes[shape] = Seen(count, number)
                is_new = True
            else:
                seen.count += count
        self._note_combination(combination, number, count, is_new)

    def _note_combination(self, combination: frozenset[Shape], number: int, count: int, is_needed: bool) -> None:
        known = self.combinations.get(combination)
        if known is not None:
            known.count += count
        elif is_needed or len(self.combinations) < MOST_COMBINATIONS:
            self.combinations[combination] = Seen(count, number)
        else:
            self.dropped_combinations += count

    def merge(self, later: Tally) -> None:
        """Add what was counted in later messages."""
        self.messages += later.messages
        self.unreadable += later.unreadable
        self.types.update(later.types)
        self.versions.update(later.versions)
        self.parts.update(later.parts)
        for part, fields in later.fields.items():
            for label, counts in fields.items():
                self.field_of(part, label).merge(counts)
        for path, counts in later.chosen.items():
            self.chosen.setdefault(path, FieldTally()).merge(counts)
        new = later.shapes.keys() - self.shapes.keys()
        for shape, seen in later.shapes.items():
            known = self.shapes.get(shape)
            if known is None:
                self.shapes[shape] = seen
            else:
                known.count += seen.count
        for combination, seen in later.combinations.items():
            self._note_combination(combination, seen.first, seen.count, not new.isdisjoint(combination))
        self.dropped_combinations += later.dropped_combinations


def covering_messages(combinations: Mapping[frozenset[Shape], Seen]) -> list[int]:
    """Numbers of messages that together have every shape, ascending; a smallest set as far as greed finds one.

    The greedy choice needs at most ln(n) + 1 times as many as the true minimum (Chvátal 1979).
    """
    missing = set[Shape]().union(*combinations)
    candidates = sorted(combinations.items(), key=lambda item: item[1].first)
    heap = [(-len(shapes), place) for place, (shapes, _) in enumerate(candidates)]
    heapify(heap)
    chosen: list[int] = []
    while missing:
        _, place = heappop(heap)
        shapes, seen = candidates[place]
        gain = len(missing & shapes)
        if heap and gain < -heap[0][0]:  # gains only shrink: what was best with an old gain is asked again
            heappush(heap, (-gain, place))
            continue
        missing -= shapes
        chosen.append(seen.first)
    return sorted(chosen)
