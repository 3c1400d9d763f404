"""Sources and conditions of rules, read into values.

    alternatives  place ('|' place)*
    place         'text' | path
    condition     all ('or' all)*
    all           one ('and' one)*
    one           'not' one | '(' condition ')' | 'made' name | operand test
    operand       path | count(path) | length(path) | version
    test          valued | not valued | null | = 'x' | != 'x' | = path | != path | < n … | [not] in ('x', …)
                  | in codes name | matches 'x'

The places themselves belong to the source's standard: `V2Path` is that of HL7 v2, and other sources bring their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import NoReturn

ALL = 0
LAST = -1
UNSAID = -2

V2_TYPES = frozenset(
    """AD AUI CCD CCP CD CE CF CK CM CN CNE CNN CP CQ CSU CWE CX DDI DIN DLD DLN DLT DR DT DTM DTN ED EI EIP ELD ERL FC
    FN FT GTS HD ICD ID IS JCC LA1 LA2 MA MF MO MOC MOP MSG NA NDL NM NR OCD OSD OSP PIP PL PLN PN PPN PRL PT PTA QIP
    QSC RCD RFR RI RMC RP RPT SAD SCV SI SN SNM SPD SPS SRT ST TM TN TQ TS TX UVC VH VID VR WVI WVS XAD XCN XON XPN
    XTN""".split()  # noqa: SIM905
)
"""Names of data types, by which `XCN` is told from a segment."""


class SyntaxProblem(ValueError):
    """A source or condition that cannot be read; `at` is the 0-based character."""

    def __init__(self, sentence: str, at: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.at = at


@dataclass(frozen=True, slots=True)
class V2Path:
    """A place in a v2 message, or in the value a type map was given.

    name        segment (`PID`) or data type (`CX`)
    groups      the groups it is asked through, outermost first
    occurrence  of the segment: 1…, LAST, ALL, UNSAID
    field       0 for the whole segment, and in a value
    repetition  1…, LAST or ALL
    only        holds for the repetitions that count
    in_value    True for `CX.4`: a part of the value at hand
    """

    name: str
    groups: tuple[str, ...] = ()
    occurrence: int = UNSAID
    field: int = 0
    repetition: int = ALL
    only: Condition | None = None
    component: int = 0
    subcomponent: int = 0
    in_value: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A literal text among sources."""

    text: str


Alternatives = tuple[V2Path | Text, ...]


class Operand(StrEnum):
    VALUE = "value"
    COUNT = "count"
    LENGTH = "length"
    VERSION = "version"


class Relation(StrEnum):
    VALUED = "valued"
    NULL = "null"
    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    IN = "in"
    IN_CODES = "in codes"
    MATCHES = "matches"


@dataclass(frozen=True, slots=True)
class Check:
    """One test; `values` are what the operand is compared with, or the name of a code map."""

    operand: Operand
    path: V2Path | None
    test: Relation
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Same:
    """True when a text of the one place is also a text of the other."""

    path: V2Path
    other: V2Path

    @property
    def paths(self) -> tuple[V2Path, V2Path]:
        return self.path, self.other


@dataclass(frozen=True, slots=True)
class Made:
    """True when an instance of that name is in scope."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition


@dataclass(frozen=True, slots=True)
class Both:
    """All of the conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the conditions."""

    conditions: tuple[Condition, ...]


Condition = Check | Same | Made | Not | Both | Either


@lru_cache(maxsize=8192)
def read_condition(text: str) -> Condition:
    """raises  SyntaxProblem"""
    scanner = Scanner(text)
    condition = scanner.condition()
    scanner.end()
    return condition


@lru_cache(maxsize=8192)
def read_source(text: str) -> Alternatives:
    """The alternatives of one source text, in order.

    raises  SyntaxProblem
    """
    scanner = Scanner(text)
    found = [scanner.alternative()]
    while scanner.take(_BAR):
        found.append(scanner.alternative())
    scanner.end()
    return tuple(found)


_SPACE = re.compile(r"\s*")
_BAR = re.compile(r"\|")
_TEXT = re.compile(r"'([^']*)'")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[A-Za-z][\w-]*")
_GROUP = re.compile(r"([A-Z][A-Z0-9_]*)/")
_NAME = re.compile(r"[A-Z][A-Z0-9]{1,2}(?![A-Za-z0-9_/])")
_FIELD = re.compile(r"-(\d{1,3})")
_PART = re.compile(r"\.(\d{1,3})")
_OPEN = re.compile(r"\(")
_CLOSE = re.compile(r"\)")
_COMMA = re.compile(r",")
_BRACKET = re.compile(r"\[")
_CLOSE_BRACKET = re.compile(r"\]")
_COMPARE = re.compile(r"!=|<=|>=|=|<|>")
_LOOK_AROUND = re.compile(r"\(\?|\\\d")


class Scanner:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Step over blanks and the pattern when it stands here."""
        start = _SPACE.match(self._text, self._at)
        match = pattern.match(self._text, start.end() if start else self._at)
        if match:
            self._at = match.end()
        return match

    def word(self, *words: str) -> bool:
        """Step over one of the words, in any case of letters."""
        before = self._at
        match = self.take(_WORD)
        if match and match.group().lower() in words:
            return True
        self._at = before
        return False

    def fail(self, sentence: str) -> NoReturn:
        self.take(_SPACE)
        raise SyntaxProblem(sentence, self._at)

    def end(self) -> None:
        self.take(_SPACE)
        if self._at < len(self._text):
            self.fail(f"“{self._text[self._at :]}” is not understood")

    def need(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        return self.take(pattern) or self.fail(f"{what} is expected")

    def alternative(self) -> V2Path | Text:
        match = self.take(_TEXT)
        return Text(match.group(1)) if match else self.path()

    def path(self) -> V2Path:
        groups = []
        while group := self.take(_GROUP):
            groups.append(group.group(1))
        start = self._at
        name = self.need(_NAME, "a segment or data type").group()
        if name in V2_TYPES and not groups:
            component, subcomponent = self._parts()
            return V2Path(name, component=component, subcomponent=subcomponent, in_value=True)
        if len(name) != 3:
            self._at = start
            self.fail(f"{name} is neither a segment nor a data type")
        occurrence, only = self._bracket() if self._text.startswith("[", self._at) else (UNSAID, None)
        if only is not None:
            self.fail("a condition in brackets belongs to a field, not to a segment")
        field = self._direct(_FIELD)
        if not field:
            return V2Path(name, tuple(groups), occurrence)
        repetition, only = self._bracket() if self._text.startswith("[", self._at) else (ALL, None)
        component, subcomponent = self._parts()
        return V2Path(name, tuple(groups), occurrence, int(field), repetition, only, component, subcomponent)

    def _direct(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if not match:
            return ""
        self._at = match.end()
        return match.group(1)

    def _parts(self) -> tuple[int, int]:
        component = self._direct(_PART)
        subcomponent = self._direct(_PART) if component else ""
        return int(component or 0), int(subcomponent or 0)

    def _bracket(self) -> tuple[int, Condition | None]:
        self.need(_BRACKET, "[")
        only: Condition | None = None
        if number := self.take(_NUMBER):
            which = int(number.group()) or self.fail("repetitions are counted from 1")
        elif self.word("last"):
            which = LAST
        elif self.take(re.compile(r"\*")):
            which = ALL
        else:
            which, only = ALL, self.condition()
        self.need(_CLOSE_BRACKET, "]")
        return which, only

    def condition(self) -> Condition:
        found = [self._all()]
        while self.word("or"):
            found.append(self._all())
        return found[0] if len(found) == 1 else Either(tuple(found))

    def _all(self) -> Condition:
        found = [self._one()]
        while self.word("and"):
            found.append(self._one())
        return found[0] if len(found) == 1 else Both(tuple(found))

    def _one(self) -> Condition:
        if self.word("not"):
            return Not(self._one())
        if self.take(_OPEN):
            inner = self.condition()
            self.need(_CLOSE, ")")
            return inner
        if self.word("made"):
            return Made(self.need(_WORD, "the name of an instance").group())
        operand, path = self._operand()
        return self._test(operand, path)

    def _operand(self) -> tuple[Operand, V2Path | None]:
        if self.word("version"):
            return Operand.VERSION, None
        for operand in (Operand.COUNT, Operand.LENGTH):
            if self.word(operand.value):
                self.need(_OPEN, "(")
                path = self.path()
                self.need(_CLOSE, ")")
                return operand, self.counted(path) if operand is Operand.COUNT else path
        return Operand.VALUE, self.path()

    def counted(self, path: V2Path) -> V2Path:
        """What `count` counts: of a whole segment, all that are in scope."""
        whole = not path.in_value and not path.field and path.occurrence == UNSAID
        return replace(path, occurrence=ALL) if whole else path

    def _test(self, operand: Operand, path: V2Path | None) -> Condition:
        comparison = self.take(_COMPARE)
        if comparison:
            return self._comparison(operand, path, Relation(comparison.group()))
        if operand is not Operand.VALUE:
            self.fail(f"{operand} is compared with =, !=, <, <=, > or >=")
        if self.word("valued"):
            return Check(operand, path, Relation.VALUED)
        if self.word("null"):
            return Check(operand, path, Relation.NULL)
        if self.word("matches"):
            pattern = self.need(_TEXT, "a pattern in single quotes").group(1)
            return Check(operand, path, Relation.MATCHES, (self._pattern(pattern),))
        if self.word("not"):
            if self.word("valued"):
                return Not(Check(operand, path, Relation.VALUED))
            if self.word("in"):
                return Not(self._within(operand, path))
            self.fail("valued or in is expected after not")
        if self.word("in"):
            return self._within(operand, path)
        return self.fail("valued, null, =, !=, in or matches is expected")

    def _comparison(self, operand: Operand, path: V2Path | None, test: Relation) -> Condition:
        if operand in (Operand.COUNT, Operand.LENGTH):
            return Check(operand, path, test, (self.need(_NUMBER, "a number").group(),))
        if operand is Operand.VALUE and test not in (Relation.EQUAL, Relation.UNEQUAL):
            self.fail("values are compared with = and != only; use count, length or version with the others")
        text = self.take(_TEXT)
        if text is None and path is not None:
            same = Same(path, self._other_place())
            return Not(same) if test is Relation.UNEQUAL else same
        return Check(operand, path, test, ((text or self.need(_TEXT, "a text in single quotes")).group(1),))

    def _other_place(self) -> V2Path:
        """The place a value is compared with; a bare name is a text whose quotes were forgotten."""
        start = self._at
        try:
            other = self.path()
        except SyntaxProblem:
            other = None
        if other is None or self.names_no_part(other):
            self._at = start
            self.fail("a text in single quotes is expected, or a place with its field or component")
        return other

    def names_no_part(self, path: V2Path) -> bool:
        """True for a whole segment or value, such as `NM`."""
        return not (path.component if path.in_value else path.field)

    def _within(self, operand: Operand, path: V2Path | None) -> Check:
        if self.word("codes"):
            return Check(operand, path, Relation.IN_CODES, (self.need(_WORD, "the name of a code map").group(),))
        self.need(_OPEN, "(")
        values = [self.need(_TEXT, "a text in single quotes").group(1)]
        while self.take(_COMMA):
            values.append(self.need(_TEXT, "a text in single quotes").group(1))
        self.need(_CLOSE, ")")
        return Check(operand, path, Relation.IN, tuple(values))

    def _pattern(self, pattern: str) -> str:
        if _LOOK_AROUND.search(pattern):
            self.fail("a pattern has no look-around, flags or back references")
        try:
            re.compile(pattern)
        except re.error as error:
            self.fail(f"the pattern is not understood ({error.msg})")
        return pattern
