"""The language in which profiles state conditions: conformance statements, predicates and slice selectors.

The vocabulary is that of the NIST/IGAMT constraint language. Paths count places in the profile's own order, from
the element the statement is attached to: `5[*].1[1].3[1]` in a group is its fifth member, whose first member is a
segment, whose third field is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

_STEP = re.compile(r"(\d{1,4})(?:\[(\d{1,4}|\*)\])?")


class Step(NamedTuple):
    """One level of a path: the 1-based place among the members, and which instance; 0 is every one."""

    place: int
    instance: int = 0


@dataclass(frozen=True, slots=True)
class ProfilePath:
    """A path from the element a statement is attached to; no steps is that element itself."""

    steps: tuple[Step, ...] = ()

    @classmethod
    def parse(cls, text: str) -> ProfilePath:
        """`3[1].1[*]`; `.` and the empty text are the element itself. raises ValueError: it is neither."""
        if text in ("", "."):
            return cls()
        steps = []
        for part in text.split("."):
            match = _STEP.fullmatch(part)
            if match is None or match.group(1) == "0":
                raise ValueError(f"{text} is no path of a profile")
            steps.append(Step(int(match.group(1)), 0 if match.group(2) in (None, "*") else int(match.group(2))))
        return cls(tuple(steps))

    def __str__(self) -> str:
        return ".".join(f"{step.place}[{step.instance or '*'}]" for step in self.steps) or "."


ITSELF = ProfilePath()
"""The element a statement is attached to."""


class WhenAbsent(StrEnum):
    """What a test of a value says when there is no value."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


class Operator(StrEnum):
    """Comparisons."""

    EQ = "EQ"
    NE = "NE"
    LT = "LT"
    LE = "LE"
    GT = "GT"
    GE = "GE"


@dataclass(frozen=True, slots=True)
class Presence:
    """Something stands there."""

    path: ProfilePath


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of some texts (PlainText, StringList, NumberList)."""

    path: ProfilePath
    texts: tuple[str, ...]
    ignore_case: bool = False
    at_least_once: bool = False
    when_absent: WhenAbsent = WhenAbsent.PASS
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """The value as a whole fits a regular expression (Format)."""

    path: ProfilePath
    pattern: str
    at_least_once: bool = False
    when_absent: WhenAbsent = WhenAbsent.PASS


@dataclass(frozen=True, slots=True)
class Compared:
    """The value compares so with a constant (SimpleValue)."""

    path: ProfilePath
    operator: Operator
    value: str
    numeric: bool = True
    at_least_once: bool = False
    when_absent: WhenAbsent = WhenAbsent.PASS


@dataclass(frozen=True, slots=True)
class PathsCompared:
    """The values at two places compare so (PathValue).

    every  the values at the first and the second place that must fit: True all, False at least one
    """

    first: ProfilePath
    second: ProfilePath
    operator: Operator
    when_absent: WhenAbsent = WhenAbsent.PASS
    every: tuple[bool, bool] = (True, True)


@dataclass(frozen=True, slots=True)
class InSet:
    """The value is a code of a value set (ValueSet); `component` is the place of the code in a coded element."""

    path: ProfilePath
    value_set: str
    component: int = 0
    strength: str = "R"


@dataclass(frozen=True, slots=True)
class SetNumber:
    """The value is the number of its group or segment among its like (SetID)."""

    path: ProfilePath


@dataclass(frozen=True, slots=True)
class Counted:
    """Below each parent the values count 1, 2, 3 … (IZSetID)."""

    parent: ProfilePath
    element: ProfilePath


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds (AND, FORALL)."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds (OR, EXIST)."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ExactlyOne:
    """One of two parts holds and the other does not (XOR)."""

    first: Expression
    second: Expression


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Implies:
    """When the premise holds, so does the conclusion (IMPLY)."""

    premise: Expression
    conclusion: Expression


@dataclass(frozen=True, slots=True)
class Foreign:
    """A test that only another program can make (Plugin), or one that could not be read; it is never decided."""

    name: str
    reason: str = "it belongs to another program"


Expression = (
    Presence
    | OneOf
    | Matches
    | Compared
    | PathsCompared
    | InSet
    | SetNumber
    | Counted
    | All
    | Some
    | ExactlyOne
    | Not
    | Implies
    | Foreign
)
