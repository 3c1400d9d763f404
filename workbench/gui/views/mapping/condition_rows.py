"""A condition as rows of path, relation and value, and back to the text a rule has. Qt-free.

The rows keep the author's paths letter by letter, so a condition of any source standard can be taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workbench.mapping.conditions import Condition, SyntaxProblem, read_condition


class Joint(StrEnum):
    """How a row is tied to those above; `and` binds tighter than `or`."""

    AND = "and"
    OR = "or"


class Test(StrEnum):
    """What a row asks, as people read it."""

    __test__ = False  # no test class, whatever its name

    VALUED = "valued"
    NOT_VALUED = "not valued"
    EQUAL = "="
    UNEQUAL = "!="
    SAME_AS = "same as"
    OTHER_THAN = "other than"
    IN = "in"
    NOT_IN = "not in"
    IN_CODES = "in codes"
    NOT_IN_CODES = "not in codes"
    MATCHES = "matches"
    NULL = "null"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    MADE = "made"
    EXPRESSION = "expression"


WITHOUT_VALUE = frozenset({Test.VALUED, Test.NOT_VALUED, Test.NULL})
_LISTS = frozenset({Test.IN, Test.NOT_IN})
_BARE = frozenset({Test.IN_CODES, Test.NOT_IN_CODES, Test.MADE})
OF_PLACES = {Test.SAME_AS: Test.EQUAL, Test.OTHER_THAN: Test.UNEQUAL}
"""What compares with another place instead of a text, and how it is written."""
_NOT_WRITTEN = (Test.MADE, Test.EXPRESSION, *OF_PLACES)
_BY_LENGTH = sorted((test for test in Test if test not in _NOT_WRITTEN), key=len, reverse=True)
_TO_PLACES = {written: test for test, written in OF_PLACES.items()}
_NUMBERED = ("count(", "length(")


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One test.

    operand  `PID-8`, `count(PID-3)`, `version`; "" for MADE and EXPRESSION
    value    `F`; `F, M` for lists; a path for SAME_AS and OTHER_THAN; a name for code maps and MADE; the text itself
             for EXPRESSION
    """

    joint: Joint = Joint.AND
    negated: bool = False
    operand: str = ""
    test: Test = Test.VALUED
    value: str = ""


def rows_of(text: str, read: Callable[[str], Condition] = read_condition) -> tuple[ConditionRow, ...]:
    """The rows of a condition, () for none.

    read    the grammar of the source's standard
    raises  SyntaxProblem: the condition is not understood
    """
    if not text.strip():
        return ()
    meant = read(text)
    found = tuple(_row(joint, piece) for joint, piece in _pieces(text))
    if _means(found, read) != meant:
        return (ConditionRow(test=Test.EXPRESSION, value=text.strip()),)
    return found


def text_of(rows: Sequence[ConditionRow]) -> str:
    """The text a rule has; rows without path and value are left out."""
    parts: list[str] = []
    for row in rows:
        said = _said(row)
        if said:
            parts += (
                [str(row.joint), f"not {said}" if row.negated else said]
                if parts
                else [f"not {said}" if row.negated else said]
            )
    return " ".join(parts)


def _means(rows: Sequence[ConditionRow], read: Callable[[str], Condition]) -> object:
    try:
        return read(text_of(rows))
    except SyntaxProblem:
        return None


def _said(row: ConditionRow) -> str:
    value = row.value.strip()
    if row.test is Test.EXPRESSION:
        return f"({value})" if value and not _in_brackets(value) else value
    if row.test is Test.MADE:
        return f"made {value}" if value else ""
    operand = row.operand.strip()
    if not operand:
        return ""
    if row.test in WITHOUT_VALUE:
        return f"{operand} {row.test}"
    if row.test in OF_PLACES:
        return f"{operand} {OF_PLACES[row.test]} {value or _quoted(value)}"
    if row.test in _LISTS:
        return f"{operand} {row.test} ({', '.join(_quoted(part.strip()) for part in value.split(','))})"
    if row.test in _BARE or operand.startswith(_NUMBERED):
        return f"{operand} {row.test} {value or 0}" if row.test not in _BARE else f"{operand} {row.test} {value}"
    return f"{operand} {row.test} {_quoted(value)}"


def _quoted(value: str) -> str:
    return f"'{value}'"


def _in_brackets(text: str) -> bool:
    """True when one pair of brackets holds the whole text."""
    if not text.startswith("("):
        return False
    for at, depth in _depths(text):
        if depth == 0 and at:
            return at == len(text) - 1
    return False


def _depths(text: str) -> list[tuple[int, int]]:
    """(place, depth of brackets after it) for each character outside quotation marks."""
    found, depth, quoted = [], 0, False
    for at, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif not quoted:
            depth += (character in "([") - (character in ")]")
            found.append((at, depth))
    return found


def _pieces(text: str) -> list[tuple[Joint, str]]:
    """The conditions joined at the outermost level."""
    outside = {at for at, depth in _depths(text) if depth == 0}
    found: list[tuple[Joint, str]] = []
    joint, start, at = Joint.AND, 0, 0
    while at < len(text):
        for word in Joint:
            end = at + len(word)
            bounded = (at == 0 or not text[at - 1].isalnum()) and (end >= len(text) or not text[end].isalnum())
            if at in outside and bounded and text[at:end].lower() == word:
                found.append((joint, text[start:at].strip()))
                joint, start, at = word, end, end
                break
        else:
            at += 1
    return [*found, (joint, text[start:].strip())]


def _row(joint: Joint, piece: str) -> ConditionRow:
    negated = False
    while piece.lower().startswith(("not ", "not(")):
        negated, piece = not negated, piece[3:].strip()
    if _in_brackets(piece):
        return ConditionRow(joint, negated, "", Test.EXPRESSION, piece[1:-1].strip())
    if piece.lower().startswith("made "):
        return ConditionRow(joint, negated, "", Test.MADE, piece[5:].strip())
    end = _end_of_operand(piece)
    operand, rest = piece[:end].strip(), piece[end:].strip()
    for test in _BY_LENGTH:
        said = re.match(r"\s+".join(re.escape(word) for word in test.split()), rest, re.IGNORECASE)
        if said is not None:
            value = rest[said.end() :].strip()
            if test in _LISTS:
                parts = value.removeprefix("(").removesuffix(")").split(",")
                value = ", ".join(part.strip().strip("'") for part in parts)
            elif value.startswith("'"):
                value = value.strip("'")
            elif not operand.startswith(_NUMBERED):
                test = _TO_PLACES.get(test, test)
            return ConditionRow(joint, negated, operand, test, value)
    return ConditionRow(joint, negated, "", Test.EXPRESSION, piece)


def _end_of_operand(piece: str) -> int:
    """Where a path ends: at the first blank or sign of comparison outside brackets."""
    for at, depth in _depths(piece):
        if depth == 0 and (piece[at].isspace() or piece[at] in "=!<>"):
            return at
    return len(piece)
