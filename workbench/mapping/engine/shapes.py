"""What the shape of a segment or value, its populated parts and what a few of them say, tells of conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from workbench.mapping.conditions import ALL, UNSAID, Both, Check, Condition, Either, Not, Operand, Relation, V2Path
from workbench.mapping.engine.compile_source import compares

Pattern = tuple[int, re.Pattern[str]]
"""The number of a part, and the pattern that a condition asks whether it matches."""


@dataclass(frozen=True)
class Source:
    """What the rules of a map read: the name of its segment, or a value."""

    name: str
    in_value: bool

    def part(self, path: V2Path | None) -> int:
        """The number of the part at hand that a path reads, 0 when it reads elsewhere."""
        if path is None or path.in_value is not self.in_value:
            return 0
        if path.in_value:
            return path.component
        own = path.name == self.name and not path.groups and path.occurrence == UNSAID
        return path.field if own else 0


@dataclass(frozen=True)
class Shape:
    """What is known of a value.

    populated  which parts hold anything
    texts      of the compared parts
    single     counted parts that do not repeat
    valued     parts asked for that begin with a text
    matches    of patterns, each with the part it is asked of: whether it matches
    begun      fields that begin with a value
    absent     says of a name that the message has no such segment; nothing is known of others
    """

    populated: tuple[bool, ...]
    texts: dict[int, str]
    single: frozenset[int] = frozenset()
    valued: frozenset[int] = frozenset()
    matches: Mapping[Pattern, bool] = field(default_factory=dict)
    begun: frozenset[int] = frozenset()
    absent: Callable[[str], bool] = lambda name: False

    def empty(self, part: int) -> bool:
        return part >= len(self.populated) or not self.populated[part]


def known(condition: Condition, source: Source, shape: Shape) -> bool | None:
    """What a condition says of every value of a shape; None when that depends on the value."""
    match condition:
        case Both(conditions):
            verdicts = [known(part, source, shape) for part in conditions]
            return False if False in verdicts else None if None in verdicts else True
        case Either(conditions):
            verdicts = [known(part, source, shape) for part in conditions]
            return True if True in verdicts else None if None in verdicts else False
        case Not(inner):
            verdict = known(inner, source, shape)
            return None if verdict is None else not verdict
        case Check():
            return _known_check(condition, source, shape)
        case _:
            return None


def left_open(condition: Condition, source: Source, shape: Shape) -> Condition:
    """What a condition of which nothing is known for a shape still asks of the value."""
    match condition:
        case Both(conditions) | Either(conditions):
            asked = [left_open(one, source, shape) for one in conditions if known(one, source, shape) is None]
            return asked[0] if len(asked) == 1 else replace(condition, conditions=tuple(asked))
        case Not(inner):
            return Not(left_open(inner, source, shape))
        case _:
            return condition


def _known_check(check: Check, source: Source, shape: Shape) -> bool | None:
    part = source.part(check.path)
    if check.path is None:
        return None
    absent = not check.path.in_value and shape.absent(check.path.name)
    if not absent and (not part or check.path.only is not None):
        return None
    if check.operand is Operand.VALUE:
        if absent or shape.empty(part):
            return check.test is Relation.UNEQUAL
        if check.test is Relation.VALUED and part in shape.valued and not _below(check.path, source):
            return True
        if check.test is Relation.VALUED and part in shape.begun and _is_first(check.path):
            return True
        if check.test is Relation.MATCHES and _leads(check.path, source):
            return shape.matches.get((part, _compiled(check.values[0])))
        text = shape.texts.get(part)
        plain = not check.path.component if not source.in_value else not check.path.subcomponent
        if text is None or not plain or check.path.repetition:
            return None
        if check.test in (Relation.EQUAL, Relation.IN):
            return text in check.values
        if check.test is Relation.UNEQUAL:
            return text not in check.values
        return True if check.test is Relation.VALUED else None
    if check.operand is Operand.COUNT and not check.path.component and not check.path.repetition:
        number = 0 if absent or shape.empty(part) else 1 if part in shape.single else None
        return None if number is None else compares(check.test, number, int(check.values[0]))
    return None


def patterns_in(condition: Condition, source: Source) -> Iterator[Pattern]:
    match condition:
        case Both(conditions) | Either(conditions):
            for part in conditions:
                yield from patterns_in(part, source)
        case Not(inner):
            yield from patterns_in(inner, source)
        case Check(operand=Operand.VALUE, test=Relation.MATCHES, path=path, values=values):
            if path is not None and source.part(path) and path.only is None and _leads(path, source):
                yield source.part(path), _compiled(values[0])
        case _:
            return


def asked_in(condition: Condition, source: Source) -> Iterator[int]:
    match condition:
        case Both(conditions) | Either(conditions):
            for part in conditions:
                yield from asked_in(part, source)
        case Not(inner):
            yield from asked_in(inner, source)
        case Check(operand=Operand.VALUE, test=Relation.VALUED, path=path):
            if path is not None and source.part(path) and path.only is None and not _below(path, source):
                yield source.part(path)
        case _:
            return


def begun_in(condition: Condition, source: Source) -> Iterator[int]:
    """The fields of which a condition asks whether their first leaf, or anything in them, is valued."""
    match condition:
        case Both(conditions) | Either(conditions):
            for part in conditions:
                yield from begun_in(part, source)
        case Not(inner):
            yield from begun_in(inner, source)
        case Check(operand=Operand.VALUE, test=Relation.VALUED, path=path):
            if path is not None and source.part(path) and path.only is None and _is_first(path):
                yield source.part(path)
        case _:
            return


def counted_in(condition: Condition, source: Source) -> Iterator[int]:
    match condition:
        case Both(conditions) | Either(conditions):
            for part in conditions:
                yield from counted_in(part, source)
        case Not(inner):
            yield from counted_in(inner, source)
        case Check(operand=Operand.COUNT, path=path):
            if not source.in_value and source.part(path):
                yield source.part(path)
        case _:
            return


def compared_in(condition: Condition, source: Source) -> Iterator[int]:
    match condition:
        case Both(conditions) | Either(conditions):
            for part in conditions:
                yield from compared_in(part, source)
        case Not(inner):
            yield from compared_in(inner, source)
        case Check(operand=Operand.VALUE, path=path, test=Relation.EQUAL | Relation.UNEQUAL | Relation.IN):
            number = source.part(path)
            plain = path is not None and not (path.subcomponent if source.in_value else path.component)
            if number and plain:
                yield number
        case _:
            return


def _below(path: V2Path, source: Source) -> bool:
    """True when a path means less than the whole part."""
    return bool(path.repetition or (path.subcomponent if source.in_value else path.component))


def _is_first(path: V2Path) -> bool:
    """True when a path into a field means its first leaf, or more."""
    return path.repetition in (ALL, 1) and path.component <= 1 and path.subcomponent <= 1


def _leads(path: V2Path, source: Source) -> bool:
    """True when a path leads to the first leaf of a part."""
    return not path.repetition and path.subcomponent <= 1 and (source.in_value or path.component <= 1)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
