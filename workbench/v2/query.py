"""Questions about messages, typed by people and compiled once.

    PID-3.1 = "123" and exists(OBX-5) and MSH-9.2 in (A01, A08) and PV1-44 >= 2024-01-01
    count(OBX) > 20 or not OBX-8 in (N, "") and OBX-3.2 contains glucose
    PID-5.1 matches "^O'" and text(penicillin) or text matches "(?i)allerg(y|ic)"

A path that has several values (repetitions, segments) is true when any of them is. `<` and its like compare
numbers as decimals and dates to the precision that both sides state; a value that is neither is false.

Paths of another kind (`Patient.identifier.value`) can be asked as well, of whatever knows them: see `Answers`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, Protocol

from workbench.kernel.errors import Refused
from workbench.v2.er7 import Message, parse
from workbench.v2.path import V2Path
from workbench.v2.quick import QuickMessage

Order = Callable[[Any, Any], Any]
Path = V2Path | object
"""A place in a v2 message, or whatever the reader of other paths made of it."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<operator><=|>=|!=|=|<|>|\(|\)|,)|(?P<word>[^\s()=<>!,"']+))"""
)
_ISO_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:T\d\d(?::\d\d(?::\d\d)?)?)?)?)?")
_DIGITS = re.compile(r"\d{4,14}")
_ISO_VALUE = re.compile(r"\d{4}-\d\d(?:-\d\d(?:T\d\d(?::\d\d(?::\d\d)?)?)?)?")
_ORDER: dict[str, Order] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SIGNS = ("=", "!=", *_ORDER)


class Answers(Protocol):
    """What a question is put to: a v2 message, a FHIR document."""

    @property
    def text(self) -> str:
        """All of it, as it is written."""
        ...

    def values(self, path: Path) -> Sequence[str]:
        """Every value at a path, unescaped; none for a path of another kind."""
        ...

    def count(self, path: Path) -> int:
        """How many places a path points at that are there."""
        ...


@dataclass(frozen=True, slots=True)
class Test:
    """What follows a path: the sign, the literals as they were meant, and the function both make."""

    sign: str
    wanted: tuple[str, ...]
    holds: Callable[[str], bool] = field(compare=False, repr=False)


class Node(Protocol):
    """One part of a question."""

    def holds(self, answers: Answers) -> bool: ...


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]

    def holds(self, answers: Answers) -> bool:
        return all(part.holds(answers) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]

    def holds(self, answers: Answers) -> bool:
        return any(part.holds(answers) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    inner: Node

    def holds(self, answers: Answers) -> bool:
        return not self.inner.holds(answers)


@dataclass(frozen=True, slots=True)
class Value:
    """True when any value at the path passes the test."""

    path: Path
    test: Test

    def holds(self, answers: Answers) -> bool:
        return any(map(self.test.holds, answers.values(self.path)))


@dataclass(frozen=True, slots=True)
class Exists:
    path: Path

    def holds(self, answers: Answers) -> bool:
        return answers.count(self.path) > 0


@dataclass(frozen=True, slots=True)
class Count:
    path: Path
    test: Test

    def holds(self, answers: Answers) -> bool:
        return self.test.holds(str(answers.count(self.path)))


@dataclass(frozen=True, slots=True)
class Text:
    """Words anywhere in the message, whatever their case."""

    words: str

    def holds(self, answers: Answers) -> bool:
        return self.words in answers.text.casefold()


@dataclass(frozen=True, slots=True)
class WholeText:
    """`text contains …`, `text matches …`: the test is put to the whole message."""

    test: Test

    def holds(self, answers: Answers) -> bool:
        return self.test.holds(answers.text)


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled question. Call it with a parsed message, or ask `raw` for the bytes of one."""

    text: str
    root: Node

    def __call__(self, message: Message) -> bool:
        return self.root.holds(_MessageAnswers(message))

    def holds(self, answers: Answers) -> bool:
        """True when the question holds for whatever can answer it."""
        return self.root.holds(answers)

    def raw(self, raw: bytes, encoding: str = "") -> bool:
        """True when it holds for an ER7 message given as bytes; parses only what is odd.

        raises  Refused V2-0001, V2-0004: see `er7.parse`
        """
        quick = None if encoding else QuickMessage.of(raw)
        return self.root.holds(quick) if quick is not None else self(parse(raw, encoding or None))


class _MessageAnswers:
    """A parsed message, asked by path."""

    __slots__ = ("_message",)

    def __init__(self, message: Message) -> None:
        self._message = message

    @property
    def text(self) -> str:
        return self._message.text

    def values(self, path: Path) -> Sequence[str]:
        return [element.value for element in self._message.at(path)] if isinstance(path, V2Path) else ()

    def count(self, path: Path) -> int:
        return len(self._message.at(path)) if isinstance(path, V2Path) else 0


def _no_other_path(text: str) -> NoReturn:
    raise Refused("V2-0002", f"'{text}' is no path into a v2 message.")


def compile_query(text: str, other_path: Callable[[str], object] = _no_other_path) -> Query:
    """A question that can be put to any number of messages.

    other_path  reads a path that is none of v2; raises Refused when it cannot
    raises      Refused QRY-0001: not understood; the sentence says at which character and what was expected
    """
    reader = _Reader(text, other_path)
    root = reader.alternatives()
    reader.expect_end()
    return Query(text, root)


class _Reader:
    """Recursive descent over the tokens of one question."""

    def __init__(self, text: str, other_path: Callable[[str], object]) -> None:
        self._text = text
        self._other_path = other_path
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def alternatives(self) -> Node:
        parts = [self._conjunction()]
        while self._take_word("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Node:
        parts = [self._term()]
        while self._take_word("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _term(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _refusal(self._peek().at, f"at most {_DEEPEST} brackets inside one another")
        node = self._nested()
        self._depth -= 1
        return node

    def _nested(self) -> Node:
        if self._take_word("not"):
            return Not(self._term())
        if self._take_operator("("):
            inner = self.alternatives()
            self._expect(")")
            return inner
        token = self._word("a path such as PID-3.1, or exists(…), count(…), text(…), not")
        if self._peek().text == "(" and token.text in ("exists", "count", "text"):
            return self._function(token.text)
        if token.text == "text":
            return WholeText(self._test())
        path = self._path(token)
        return Value(path, self._test())

    def _function(self, name: str) -> Node:
        self._expect("(")
        if name == "text":
            wanted = self._literal().casefold()
            self._expect(")")
            return Text(wanted)
        path = self._path(self._word("a path"))
        self._expect(")")
        return Exists(path) if name == "exists" else Count(path, self._test())

    def _test(self) -> Test:
        """What follows a path: a comparison, `in (…)`, `contains …` or `matches …`."""
        token = self._peek()
        if self._take_word("in"):
            self._expect("(")
            listed = [self._literal()]
            while self._take_operator(","):
                listed.append(self._literal())
            self._expect(")")
            return Test("in", tuple(listed), frozenset(listed).__contains__)
        if self._take_word("contains"):
            literal = self._literal()
            part = literal.casefold()
            return Test("contains", (literal,), lambda value: part in value.casefold())
        if self._take_word("matches"):
            literal = self._literal()
            return Test("matches", (literal,), _regular_expression(literal, token.at))
        if token.kind == "operator" and token.text in _SIGNS:
            self._next += 1
            literal = self._literal()
            return Test(token.text, (literal,), _comparison(token.text, literal))
        raise _refusal(token.at, "a comparison: = != < <= > >= in contains matches")

    def _path(self, token: _Token) -> Path:
        try:
            return V2Path.parse(token.text)
        except Refused:
            try:
                return self._other_path(token.text)
            except Refused as refusal:
                raise _refusal(token.at, "a path such as PID-3.1") from refusal

    def _literal(self) -> str:
        token = self._peek()
        if token.kind == "string":
            self._next += 1
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        return self._word("a value, in quotes where it holds spaces").text

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _word(self, expected: str) -> _Token:
        token = self._peek()
        if token.kind != "word":
            raise _refusal(token.at, expected)
        self._next += 1
        return token

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        taken = token.kind == "word" and token.text.lower() == word
        self._next += taken
        return taken

    def _take_operator(self, text: str) -> bool:
        token = self._peek()
        taken = token.kind == "operator" and token.text == text
        self._next += taken
        return taken

    def _expect(self, text: str) -> None:
        if not self._take_operator(text):
            raise _refusal(self._peek().at, f"'{text}'")

    def expect_end(self) -> None:
        token = self._peek()
        if token.kind != "end":
            raise _refusal(token.at, "'and', 'or' or the end")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


_DEEPEST = 100


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _refusal(at, "a closing quote")
        yield _Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup))
        at = match.end()
    yield _Token("end", "", len(text))


def _comparison(sign: str, wanted: str) -> Callable[[str], bool]:
    if sign == "=":
        return wanted.__eq__
    if sign == "!=":
        return wanted.__ne__
    order = _ORDER[sign]
    if _ISO_DATE.fullmatch(wanted) and "-" in wanted:
        digits = re.sub(r"\D", "", wanted)
        return lambda value: _compares_as_date(order, value, digits)
    number = _decimal(wanted)
    if number is None:
        return lambda value: bool(order(value, wanted))
    return lambda value: (found := _decimal(value)) is not None and bool(order(found, number))


def _compares_as_date(order: Order, value: str, digits: str) -> bool:
    """`value` is a date of v2 (`20240102`) or FHIR (`2024-01-02`); only what both sides state is compared."""
    iso = _ISO_VALUE.match(value)
    match = _DIGITS.match(re.sub(r"\D", "", iso.group()) if iso else value)
    if match is None:
        return False
    precision = min(len(match.group()), len(digits))
    return bool(order(match.group()[:precision], digits[:precision]))


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _regular_expression(pattern: str, at: int) -> Callable[[str], bool]:
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise _refusal(at, f"a regular expression after 'matches' ({error})") from error
    return lambda value: compiled.search(value) is not None


def _refusal(at: int, expected: str) -> Refused:
    return Refused(
        "QRY-0001",
        f"The question is not understood at character {at + 1}: expected {expected}.",
        'Example: PID-3.1 = "123" and exists(OBX-5) and MSH-9.2 in (A01, A08).',
    )
