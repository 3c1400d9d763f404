"""A profile learnt from messages: what a sender really sends, as a first draft for people to edit.

Usage is R for what every enclosing element has, O for what some have, X for what none of enough has. Lengths and
repetitions are those seen, codes are counted. Everything the messages do is allowed, so the profile accepts them:
where values depart from the standard's data type the type is left open and a comment says so. No value of a patient
is kept but codes of coded elements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from workbench.kernel.errors import Refused
from workbench.v2.delimiters import Delimiters
from workbench.v2.dictionary import DEFAULT_VERSION, Dictionary, dictionary
from workbench.v2.er7 import HEADERS, Message, Segment
from workbench.v2.structure import group_tree
from workbench.validation.profiles.expressions import ProfilePath
from workbench.validation.profiles.learn_order import Shape, accepting
from workbench.validation.profiles.learn_structure import GroupStats, items_of
from workbench.validation.profiles.learn_values import OPEN, Draft, FieldStats, ValueStats, learnt_element, learnt_field
from workbench.validation.profiles.model import (
    Cardinality,
    DataType,
    DynamicCase,
    DynamicMapping,
    Element,
    MessageProfile,
    Profile,
    Usage,
)
from workbench.validation.profiles.model import Segment as SegmentFlavour
from workbench.validation.profiles.nodes import Place, has_content

_FLUSH_AT = 50_000
"""Distinct field texts held before they are counted into the statistics."""
_MOST_SHAPES = 20_000
"""Distinct orders of segments that are kept for each kind of message."""
_OBSERVATION = ("OBX", 5)


@dataclass(slots=True)
class _SegmentStats:
    count: int = 0
    fields: dict[int, FieldStats] = field(default_factory=dict)
    observations: dict[str, ValueStats] = field(default_factory=dict)


class Learner:
    """Gathers statistics message by message; `profile()` states them."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], GroupStats] = {}
        self._structures: dict[tuple[str, str], str] = {}
        self._shapes: dict[tuple[str, str], set[Shape]] = {}
        self._segments: dict[str, _SegmentStats] = {}
        self._versions: Counter[str] = Counter()
        self._pending: Counter[tuple[str, int, str, Delimiters]] = Counter()
        self._known: Dictionary | None = None
        self.messages = 0

    def add(self, message: Message) -> None:
        """Learn from one message."""
        known = dictionary(message.version)
        self._known = self._known or known
        self._versions[message.version] += 1
        self.messages += 1
        match = group_tree(message, known)
        kind = (message.message_code, message.trigger_event)
        structure = match.structure_id or message.structure_id
        self._structures.setdefault(kind, structure)
        self._kinds.setdefault(kind, GroupStats()).add(match.root, items_of(known, match.structure_id))
        shapes = self._shapes.setdefault(kind, set())
        if len(shapes) < _MOST_SHAPES:
            shapes.add(tuple([segment.name for segment in message.segments]))
        for segment in message.segments:
            if segment.name:
                self._add_segment(segment, message.delimiters)
        if len(self._pending) > _FLUSH_AT:
            self._flush()

    def _add_segment(self, segment: Segment, delimiters: Delimiters) -> None:
        stats = self._segments.setdefault(segment.name, _SegmentStats())
        stats.count += 1
        for position in range(1, len(segment.fields)):
            if not segment.fields[position]:
                continue
            texts = [text for text in segment.repetitions(position) if has_content(text, delimiters)]
            if not texts:
                continue
            found = stats.fields.setdefault(position, FieldStats())
            found.present += 1
            found.most = max(found.most, len(segment.repetitions(position)))
            name = segment.name
            if (name, position) == _OBSERVATION:
                name = f"OBX {segment.raw(2)}"
            for text in texts:
                self._pending[name, position, text, delimiters] += 1

    def _flush(self) -> None:
        known = self._known or dictionary(DEFAULT_VERSION)
        for (name, position, text, delimiters), times in self._pending.items():
            if name.startswith("OBX "):
                type_name = name[4:]
                stats = self._segments["OBX"].observations.setdefault(type_name, ValueStats())
                self._segments["OBX"].fields[position].values.count += times
            else:
                definition = known.field(name, position)
                type_name = definition.data_type if definition else ""
                if name in HEADERS and position <= 2:
                    type_name = ""
                stats = self._segments[name].fields[position].values
            stats.add(text, times, type_name, Place(position, 1), delimiters, known)
        self._pending.clear()

    def profile(self, title: str) -> Profile:
        """What was learnt. raises Refused V2P-0010: there was no message"""
        if not self.messages:
            raise Refused("V2P-0010", "There are no v2 messages to learn from.", "Give a capture with v2 messages.")
        self._flush()
        known = self._known or dictionary(DEFAULT_VERSION)
        draft = Draft()
        segments = {name: self._segment(name, stats, known, draft) for name, stats in sorted(self._segments.items())}
        messages = tuple(self._message(kind, stats) for kind, stats in sorted(self._kinds.items()))
        version = self._versions.most_common(1)[0][0]
        return Profile(
            id=title,
            title=title,
            version=version,
            messages=messages,
            segments=segments,
            data_types=dict(sorted(draft.data_types.items())),
            value_sets=dict(sorted(draft.value_sets.items())),
        )

    def _message(self, kind: tuple[str, str], stats: GroupStats) -> MessageProfile:
        structure = self._structures[kind]
        members = stats.learnt(structure or "message")
        id_, count = (
            "_".join(filter(None, kind)) or "message",
            f"{stats.count:,} {'message' if stats.count == 1 else 'messages'}",
        )
        return accepting(MessageProfile(id_, count, *kind, structure, members), self._shapes[kind])

    def _segment(self, name: str, stats: _SegmentStats, known: Dictionary, draft: Draft) -> SegmentFlavour:
        definition = known.segment(name)
        last = max([*stats.fields, len(definition.fields) if definition else 0], default=0)
        elements: list[Element] = []
        for position in range(1, last + 1):
            described = known.field(name, position)
            title = described.name if described else f"Field {position}"
            found = stats.fields.get(position, FieldStats())
            place = f"{name}-{position}"
            if (name, position) == _OBSERVATION or (name in HEADERS and position <= 2):
                elements.append(_open_field(title, found, stats.count, draft))
            else:
                type_name = described.data_type if described else ""
                elements.append(learnt_field(title, type_name, found, stats.count, place, known, draft))
        dynamic = (self._mapping(stats, known, draft),) if name == "OBX" and stats.observations else ()
        return SegmentFlavour(name, name, definition.title if definition else "", tuple(elements), dynamic)

    def _mapping(self, stats: _SegmentStats, known: Dictionary, draft: Draft) -> DynamicMapping:
        cases: list[DynamicCase] = []
        for type_name, values in sorted(stats.observations.items()):
            element = learnt_element("", type_name, values, values.count, f"OBX-5 ({type_name})", known, draft)
            cases.append(DynamicCase(type_name, element.data_type))
        return DynamicMapping(5, ProfilePath.parse("2[1]"), None, tuple(cases))


def _open_field(name: str, stats: FieldStats, owners: int, draft: Draft) -> Element:
    draft.data_types[OPEN] = DataType(OPEN, OPEN)
    usage = Usage.R if stats.present == owners else Usage.O
    return Element(name, usage, OPEN, Cardinality(1 if usage is Usage.R else 0, max(stats.most, 1)))


def learn_profile(messages: Iterable[Message], title: str) -> Profile:
    """The profile of some messages. raises Refused V2P-0010: there are none"""
    learner = Learner()
    for message in messages:
        learner.add(message)
    return learner.profile(title)
