"""Questions about messages, typed by people and compiled once.

    PID-3.1 = "123" and exists(OBX-5) and MSH-9.2 in (A01, A08) and PV1-44 >= 2024-01-01
    count(OBX) > 20 or not OBX-8 in (N, "") and OBX-3.2 contains glucose
    PID-5.1 matches "^O'" and text(penicillin)

A path that has several values (repetitions, segments) is true when any of them is. `<` and its like compare
numbers as decimals and dates to the precision that both sides state; a value that is neither is false.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from workbench.kernel.errors import Refused
from workbench.v2.er7 import Message
from workbench.v2.path import V2Path

Query = Callable[[Message], bool]
Test = Callable[[str], bool]
Order = Callable[[Any, Any], Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<operator><=|>=|!=|=|<|>|\(|\)|,)|(?P<word>[^\s()=<>!,"']+))"""
)
_ISO_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:T\d\d(?::\d\d(?::\d\d)?)?)?)?)?")
_DIGITS = re.compile(r"\d{4,14}")
_ORDER: dict[str, Order] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def compile_query(text: str) -> Query:
    """A function that answers the question for one message.

    raises  Refused QRY-0001: not understood; the sentence says at which character and what was expected
    """
    reader = _Reader(text)
    query = reader.alternatives()
    reader.expect_end()
    return query


class _Reader:
    """Recursive descent over the tokens of one question."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0

    def alternatives(self) -> Query:
        parts = [self._conjunction()]
        while self._take_word("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda message: any(part(message) for part in parts)

    def _conjunction(self) -> Query:
        parts = [self._term()]
        while self._take_word("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda message: all(part(message) for part in parts)

    def _term(self) -> Query:
        if self._take_word("not"):
            inner = self._term()
            return lambda message: not inner(message)
        if self._take_operator("("):
            inner = self.alternatives()
            self._expect(")")
            return inner
        token = self._word("a path such as PID-3.1, or exists(…), count(…), text(…), not")
        follows_bracket = self._peek().text == "("
        if follows_bracket and token.text in ("exists", "count", "text"):
            return self._function(token.text)
        path = self._path(token)
        test = self._test()
        return lambda message: any(test(element.value) for element in message.at(path))

    def _function(self, name: str) -> Query:
        self._expect("(")
        if name == "text":
            wanted = self._literal().casefold()
            self._expect(")")
            return lambda message: wanted in message.text.casefold()
        path = self._path(self._word("a path"))
        self._expect(")")
        if name == "exists":
            return lambda message: bool(message.at(path))
        test = self._test()
        return lambda message: test(str(len(message.at(path))))

    def _test(self) -> Test:
        """What follows a path: a comparison, `in (…)`, `contains …` or `matches …`."""
        token = self._peek()
        if self._take_word("in"):
            self._expect("(")
            wanted = {self._literal()}
            while self._take_operator(","):
                wanted.add(self._literal())
            self._expect(")")
            return lambda value: value in wanted
        if self._take_word("contains"):
            part = self._literal().casefold()
            return lambda value: part in value.casefold()
        if self._take_word("matches"):
            return _regular_expression(self._literal(), token.at)
        if token.kind == "operator" and token.text in ("=", "!=", *_ORDER):
            self._next += 1
            return _comparison(token.text, self._literal())
        raise _refusal(token.at, "a comparison: = != < <= > >= in contains matches")

    def _path(self, token: _Token) -> V2Path:
        try:
            return V2Path.parse(token.text)
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


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _refusal(at, "a closing quote")
        yield _Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup))
        at = match.end()
    yield _Token("end", "", len(text))


def _comparison(sign: str, wanted: str) -> Test:
    if sign == "=":
        return lambda value: value == wanted
    if sign == "!=":
        return lambda value: value != wanted
    order = _ORDER[sign]
    if _ISO_DATE.fullmatch(wanted) and "-" in wanted:
        digits = re.sub(r"\D", "", wanted)
        return lambda value: _compares_as_date(order, value, digits)
    number = _decimal(wanted)
    if number is None:
        return lambda value: bool(order(value, wanted))
    return lambda value: (found := _decimal(value)) is not None and bool(order(found, number))


def _compares_as_date(order: Order, value: str, digits: str) -> bool:
    match = _DIGITS.match(value)
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


def _regular_expression(pattern: str, at: int) -> Test:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise _refusal(at, f"a regular expression after 'matches' ({error})") from error
    return lambda value: compiled.search(value) is not None


def _refusal(at: int, expected: str) -> Refused:
    return Refused(
        "QRY-0001",
        f"The question is not understood at character {at + 1}: expected {expected}.",
        'Example: PID-3.1 = "123" and exists(OBX-5) and MSH-9.2 in (A01, A08).',
    )
