"""Two messages side by side: segment against segment, field against field.

Segments of the same name are aligned by likeness, so an inserted OBX is one new row and not a change of all that
follow. Values are compared as they mean (delimiters and escapes resolved); trailing empty parts and white space at
the ends of values do not count unless asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from workbench.kernel.errors import Refused
from workbench.kernel.location import Span
from workbench.v2.delimiters import Delimiters
from workbench.v2.er7 import HEADERS, Element, Message, Segment
from workbench.v2.escapes import unescape
from workbench.v2.path import V2Path

_FIELD, _REPETITION, _COMPONENT, _SUBCOMPONENT = "\x1c", "\x1d", "\x1e", "\x1f"
"""The separators of ASCII stand for those of the message while texts are compared."""
_SPACE = re.compile(r"[ \t]+(?=[\x1c-\x1f]|$)|(?<=[\x1c-\x1f])[ \t]+|^[ \t]+")
_TRAILING = (
    (_SUBCOMPONENT, re.compile(r"\x1f+(?=[\x1c-\x1e]|$)")),
    (_COMPONENT, re.compile(r"\x1e+(?=[\x1c\x1d]|$)")),
    (_REPETITION, re.compile(r"\x1d+(?=\x1c|$)")),
    (_FIELD, re.compile(r"\x1c+$")),
)
_MOST_PAIRS = 40_000
_UNLIKE = 0.15
_RULE = re.compile(
    r"(?P<segment>[A-Z0-9*?]{1,3})(?:\[(?P<occurrence>\d+)\])?"
    r"(?:[-.](?P<field>\d+|\*)(?:\[(?P<repetition>\d+|\*)\])?(?:[.-](?P<component>\d+))?)?"
)


class Outcome(StrEnum):
    """How one row of the two messages compares."""

    SAME = "same"
    CHANGED = "changed"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """A place that may differ: `MSH-7`, `PID-3[2].1`, `OBX[2]-14`, `*-1`, `Z??`.

    Numbers are 1-based; 0 means every one, and a field of 0 the whole segment.
    """

    text: str
    segment: str
    occurrence: int = 0
    field: int = 0
    repetition: int = 0
    component: int = 0

    @classmethod
    def parse(cls, text: str) -> IgnoreRule:
        """raises Refused V2-0006: not such a place"""
        match = _RULE.fullmatch(text.strip())
        if match is None:
            raise Refused(
                "V2-0006",
                f"'{text}' is no place that could be ignored.",
                "Write a field like MSH-7 or PID-3.1, a segment like ZPI, or use * and ? in the segment's name.",
            )
        numbers = {
            name: int(match[name]) if (match[name] or "*") != "*" else 0
            for name in ("occurrence", "field", "repetition", "component")
        }
        return cls(text.strip(), match["segment"], **numbers)

    @property
    def is_whole(self) -> bool:
        """True when the rule speaks of whole segments."""
        return not (self.field or self.repetition or self.component)

    def covers(self, segment: Segment) -> bool:
        """True when the rule speaks of this segment."""
        return fnmatchcase(segment.name, self.segment) and self.occurrence in (0, segment.occurrence)


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """ignore: places that may differ; exact: trailing empty parts and white space count."""

    ignore: tuple[IgnoreRule, ...] = ()
    exact: bool = False


DEFAULT_OPTIONS = CompareOptions()


@dataclass(frozen=True, slots=True)
class Place:
    """One side of a row: path, text as written, and the bytes it stands on."""

    path: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison.

    depth    0 segment, 1 field, 2 repetition or component of a changed field
    ignored  the rule that keeps a difference from counting, "" when none does; such a row is SAME
    """

    outcome: Outcome
    depth: int
    left: Place | None
    right: Place | None
    ignored: str = ""

    @property
    def path(self) -> str:
        """The place on the left, or on the right when only that exists."""
        place = self.left or self.right
        return place.path if place else ""


def compare(left: Message, right: Message, options: CompareOptions = DEFAULT_OPTIONS) -> tuple[Row, ...]:
    """Every segment and every populated field of both messages, in the order of the left one.

    A segment's own row is CHANGED when one of its fields is. Fields of a segment that stands on one side only are
    told by the segment's row alone.
    """
    rows: list[Row] = []
    for one, other in align(left.segments, right.segments):
        if one is not None and other is not None:
            rows.extend(_segment_rows(one, other, options))
        else:
            rows.append(_lonely(one, other, options))
    return tuple(rows)


def differences(left: Message, right: Message, options: CompareOptions = DEFAULT_OPTIONS) -> Iterator[Row]:
    """The segments that stand on one side only and the fields that differ; nothing when the messages are the same."""
    for row in compare(left, right, options):
        if row.outcome is Outcome.SAME or row.depth == 2:
            continue
        if row.depth == 1 or row.outcome is not Outcome.CHANGED or not row.path[:3].isalnum():
            yield row


def meaning(segment: Segment, options: CompareOptions = DEFAULT_OPTIONS) -> tuple[str, ...]:
    """What a segment says, name first, in a form that is equal for equal content; ignored places are empty.

    An ignored segment is ("",).
    """
    rules = [rule for rule in options.ignore if rule.covers(segment)]
    if any(rule.is_whole for rule in rules):
        return ("",)
    if not segment.name:
        return (segment.text,)
    fields = _canonical(segment.text, segment.message.delimiters, options.exact).split(_FIELD)
    if segment.name in HEADERS:
        fields[1:2] = segment.fields[1:3] if options.exact else ["", ""]  # numbers stay those of the standard
    for rule in rules:
        for number in (rule.field,) if rule.field else range(1, len(fields)):
            if number < len(fields):
                fields[number] = _without(fields[number], rule, options.exact)
    while not fields[-1] and not options.exact:
        fields.pop()
    return tuple(fields)


def align(left: Sequence[Segment], right: Sequence[Segment]) -> tuple[tuple[Segment | None, Segment | None], ...]:
    """Pairs of segments of the same name in the order of both messages; what has no partner stands alone.

    Equal beginnings and ends are put aside; the middle is aligned for the greatest likeness (Needleman and Wunsch
    1970) where it is small enough, by equal runs where it is not.
    """
    one, other = [meaning(segment) for segment in left], [meaning(segment) for segment in right]
    short, head = min(len(one), len(other)), 0
    while head < short and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < short - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    middle = _middle(one[head : len(one) - tail], other[head : len(other) - tail])
    pairs: list[tuple[int | None, int | None]] = [(n, n) for n in range(head)]
    pairs += [(n if n is None else n + head, m if m is None else m + head) for n, m in middle]
    pairs += [(len(one) - tail + n, len(other) - tail + n) for n in range(tail)]
    return tuple((None if n is None else left[n], None if m is None else right[m]) for n, m in pairs)


def _middle(one: Sequence[tuple[str, ...]], other: Sequence[tuple[str, ...]]) -> list[tuple[int | None, int | None]]:
    if len(one) * len(other) <= _MOST_PAIRS:
        return _aligned(one, other)
    pairs: list[tuple[int | None, int | None]] = []
    for tag, n, n_end, m, m_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs += zip(range(n, n_end), range(m, m_end), strict=True)
        elif (n_end - n) * (m_end - m) <= _MOST_PAIRS:
            inner = _aligned(one[n:n_end], other[m:m_end])
            pairs += [(a if a is None else a + n, b if b is None else b + m) for a, b in inner]
        else:
            pairs += _in_order(one, other, range(n, n_end), range(m, m_end))
    return pairs


def _in_order(
    one: Sequence[tuple[str, ...]], other: Sequence[tuple[str, ...]], some: range, others: range
) -> list[tuple[int | None, int | None]]:
    """Thousands of segments that all differ: paired one by one as long as their names agree."""
    count = 0
    while count < min(len(some), len(others)) and one[some[count]][0] == other[others[count]][0]:
        count += 1
    pairs: list[tuple[int | None, int | None]] = list(zip(some[:count], others[:count], strict=True))
    return pairs + [(n, None) for n in some[count:]] + [(None, m) for m in others[count:]]


def _aligned(one: Sequence[tuple[str, ...]], other: Sequence[tuple[str, ...]]) -> list[tuple[int | None, int | None]]:
    width = len(other) + 1
    best = [[0.0] * width for _ in range(len(one) + 1)]
    alike = [[_likeness(a, b) for b in other] for a in one]
    for n in range(len(one) - 1, -1, -1):
        row, below = best[n], best[n + 1]
        for m in range(len(other) - 1, -1, -1):
            row[m] = max(below[m], row[m + 1], below[m + 1] + alike[n][m])
    pairs: list[tuple[int | None, int | None]] = []
    n = m = 0
    while n < len(one) and m < len(other):
        if alike[n][m] and best[n][m] == best[n + 1][m + 1] + alike[n][m]:
            pairs.append((n, m))
            n, m = n + 1, m + 1
        elif best[n][m] == best[n + 1][m]:
            pairs.append((n, None))
            n += 1
        else:
            pairs.append((None, m))
            m += 1
    return pairs + [(k, None) for k in range(n, len(one))] + [(None, k) for k in range(m, len(other))]


def _likeness(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """0 for different names, else more than 0 and at most 1: the share of populated fields that agree.

    The first field is left out: it is the set id that an inserted segment shifts.
    """
    if one[0] != other[0]:
        return 0.0
    if one == other:
        return 1.0
    populated = equal = 0
    for a, b in zip(one[2:], other[2:], strict=False):
        populated += bool(a or b)
        equal += bool(a) and a == b
    populated += abs(len(one) - len(other))
    return _UNLIKE + (1 - _UNLIKE) * equal / populated if populated else 0.9


def _segment_rows(one: Segment, other: Segment, options: CompareOptions) -> Iterator[Row]:
    whole = next((rule for rule in options.ignore if rule.is_whole and (rule.covers(one) or rule.covers(other))), None)
    last = max(len(one.fields), len(other.fields))
    fields = [
        row
        for number in range(1 if one.name else last, last)
        for row in _field_rows(one, other, number, options, whole.text if whole else "")
    ]
    changed = any(row.outcome is not Outcome.SAME for row in fields) or (not one.name and one.text != other.text)
    yield Row(
        Outcome.CHANGED if changed else Outcome.SAME, 0, _place(Element(one)), _place(Element(other)),
        whole.text if whole else "",
    )  # fmt: skip
    yield from fields


def _field_rows(one: Segment, other: Segment, number: int, options: CompareOptions, ignored: str) -> Iterator[Row]:
    a, b = one.raw(number), other.raw(number)
    if not a and not b:
        return
    left = _place(Element(one, number)) if a else None
    right = _place(Element(other, number)) if b else None
    if ignored:
        yield Row(Outcome.SAME, 1, left, right, ignored)
        return
    if _meaning_of(one, number, (), options.exact) == _meaning_of(other, number, (), options.exact):
        yield Row(Outcome.SAME, 1, left, right)
        return
    rules = [rule for rule in options.ignore if rule.field in (0, number) and (rule.covers(one) or rule.covers(other))]
    if rules and _meaning_of(one, number, rules, options.exact) == _meaning_of(other, number, rules, options.exact):
        yield Row(Outcome.SAME, 1, left, right, rules[0].text)
        return
    if left is None or right is None:
        yield Row(Outcome.RIGHT if left is None else Outcome.LEFT, 1, left, right)
        return
    yield Row(Outcome.CHANGED, 1, left, right)
    yield from _part_rows(one, other, number, rules, options)


def _part_rows(
    one: Segment, other: Segment, number: int, rules: Sequence[IgnoreRule], options: CompareOptions
) -> Iterator[Row]:
    """The repetitions and components of a changed field that differ; none when the field is one primitive."""
    places = {
        (leaf.repetition, leaf.component, leaf.subcomponent): None
        for segment in (one, other)
        for repetition in range(1, len(segment.repetitions(number)) + 1)
        for leaf in Element(segment, number, repetition).leaves()
    }
    if len(places) <= 1:
        return
    for repetition, component, subcomponent in sorted(places):
        if any(rule.repetition in (0, repetition) and rule.component in (0, component) for rule in rules):
            continue
        a, b = (Element(segment, number, repetition, component, subcomponent) for segment in (one, other))
        texts = tuple(_canonical(e.raw, e.segment.message.delimiters, options.exact) for e in (a, b))
        if texts[0] == texts[1]:
            continue
        left, right = _place(a) if a.raw else None, _place(b) if b.raw else None
        outcome = Outcome.CHANGED if left and right else Outcome.LEFT if left else Outcome.RIGHT
        yield Row(outcome, 2, left, right)


def _lonely(one: Segment | None, other: Segment | None, options: CompareOptions) -> Row:
    segment = one or other
    assert segment is not None
    rule = next((rule.text for rule in options.ignore if rule.is_whole and rule.covers(segment)), "")
    outcome = Outcome.SAME if rule else Outcome.LEFT if one else Outcome.RIGHT
    place = _place(Element(segment))
    return Row(outcome, 0, place if one else None, None if one else place, rule)


def _place(element: Element) -> Place:
    return Place(element.path, element.raw, element.span)


def _meaning_of(segment: Segment, number: int, rules: Sequence[IgnoreRule], exact: bool) -> str:
    text = segment.raw(number)
    if not text:
        return ""
    if number <= 2 and segment.name in HEADERS:
        return text if exact else ""  # how a message delimits is no part of what it says
    text = _canonical(text, segment.message.delimiters, exact)
    for rule in rules:
        if rule.field in (0, number):
            text = _without(text, rule, exact)
    return text


def _without(text: str, rule: IgnoreRule, exact: bool) -> str:
    """The field without what a rule ignores; repetitions and components keep their places."""
    repetitions = text.split(_REPETITION)
    for place, repetition in enumerate(repetitions):
        if rule.repetition in (0, place + 1):
            parts = repetition.split(_COMPONENT) if rule.component else [repetition]
            if rule.component <= len(parts):
                parts[max(rule.component, 1) - 1] = ""
            repetitions[place] = _COMPONENT.join(parts)
    text = _REPETITION.join(repetitions)
    return text if exact else _trimmed(text)


def _canonical(text: str, delimiters: Delimiters, exact: bool) -> str:
    """A field or a whole segment with the separators of this module, escapes resolved."""
    if text.isalnum():
        return text
    for written, meant in _separators(delimiters):
        text = text.replace(written, meant)
    text = unescape(text, delimiters)
    if exact:
        return text
    return _trimmed(_SPACE.sub("", text) if " " in text or "\t" in text else text)


def _trimmed(text: str) -> str:
    for separator, trailing in _TRAILING:
        if separator in text:
            text = trailing.sub("", text)
    return text


@lru_cache(maxsize=64)
def _separators(delimiters: Delimiters) -> tuple[tuple[str, str], ...]:
    pairs = (
        (delimiters.field, _FIELD),
        (delimiters.repetition, _REPETITION),
        (delimiters.component, _COMPONENT),
        (delimiters.subcomponent, _SUBCOMPONENT),
    )
    return tuple((written, meant) for written, meant in pairs if written)


def field_of(path: str) -> str:
    """The field a row's path lies in, without numbers of segments and repetitions: what statistics count by."""
    place = V2Path.read(path)
    return path if place is None else str(replace(place.whole_field(), occurrence=0))
