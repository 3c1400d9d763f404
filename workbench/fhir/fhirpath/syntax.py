"""The syntax tree of FHIRPath, and the parser that makes it (FHIRPath N1, 5.10 precedence, 10.2 grammar)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from workbench.fhir.fhirpath.faults import SYNTAX, ExpressionRefused
from workbench.fhir.fhirpath.lexer import Token, tokens
from workbench.fhir.fhirpath.temporal import Temporal, parse_literal
from workbench.fhir.fhirpath.values import CALENDAR_UNITS, Quantity

DEEPEST = 120


@dataclass(frozen=True, slots=True)
class Literal:
    value: object
    at: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """`{}`"""

    at: int


@dataclass(frozen=True, slots=True)
class Special:
    """`$this`, `$index`, `$total`"""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Variable:
    """`%resource`"""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Step:
    """`source.name`; without a source the name is looked up in the focus."""

    source: Syntax | None
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    source: Syntax | None
    name: str
    arguments: tuple[Syntax, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Index:
    source: Syntax
    index: Syntax
    at: int


@dataclass(frozen=True, slots=True)
class Sign:
    negative: bool
    operand: Syntax
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Syntax
    right: Syntax
    at: int


@dataclass(frozen=True, slots=True)
class TypeTest:
    """`operand is Type`, `operand as Type`"""

    operator: str
    operand: Syntax
    type_name: str
    at: int


Syntax = Literal | Nothing | Special | Variable | Step | Call | Index | Sign | Binary | TypeTest

_LEVELS: dict[str, int] = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    "=": 5,
    "~": 5,
    "!=": 5,
    "!~": 5,
    "<": 6,
    ">": 6,
    "<=": 6,
    ">=": 6,
    "|": 7,
    "is": 8,
    "as": 8,
    "+": 9,
    "-": 9,
    "&": 9,
    "*": 10,
    "/": 10,
    "div": 10,
    "mod": 10,
}
_SIGN_LEVEL = 11


def parse(expression: str) -> Syntax:
    """The tree of an expression.

    raises  ExpressionRefused FHIR-0151: not FHIRPath; says where
    """
    return _Parser(expression).whole()


class _Parser:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = tokens(expression)
        self._next = 0
        self._depth = 0

    def whole(self) -> Syntax:
        tree = self._expression_of(1)
        if self._peek.kind != "end":
            raise self._refused(f"“{self._peek.text}” is not expected here")
        return tree

    @property
    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _is(self, text: str) -> bool:
        token = self._peek
        return token.text == text and token.kind in ("symbol", "name")

    def _expect(self, text: str) -> Token:
        if not self._is(text):
            raise self._refused(f"“{text}” is missing")
        return self._take()

    def _refused(self, what: str) -> ExpressionRefused:
        return ExpressionRefused(SYNTAX, what, self._expression, self._peek.position)

    def _expression_of(self, level: int) -> Syntax:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refused("The expression is nested too deeply")
        left = self._signed()
        while True:
            token = self._peek
            binding = _LEVELS.get(token.text, 0) if token.kind in ("symbol", "name") else 0
            if binding < level or not binding:
                break
            self._take()
            if token.text in ("is", "as"):
                left = TypeTest(token.text, left, self._type_name(), token.position)
            else:
                left = Binary(token.text, left, self._expression_of(binding + 1), token.position)
        self._depth -= 1
        return left

    def _signed(self) -> Syntax:
        if self._is("+") or self._is("-"):
            token = self._take()
            return Sign(token.text == "-", self._expression_of(_SIGN_LEVEL), token.position)
        return self._postfix(self._term())

    def _postfix(self, tree: Syntax) -> Syntax:
        while True:
            if self._is("."):
                self._take()
                tree = self._invocation(tree)
            elif self._is("["):
                at = self._take().position
                tree = Index(tree, self._expression_of(1), at)
                self._expect("]")
            else:
                return tree

    def _invocation(self, source: Syntax | None) -> Syntax:
        token = self._peek
        if token.kind == "special" and source is not None:
            raise self._refused(f"“{token.text}” may only begin an expression")
        if token.kind not in ("name", "quoted"):
            raise self._refused("A name is missing")
        self._take()
        if not self._is("(") or token.kind == "quoted":
            return Step(source, token.text, token.position)
        self._take()
        arguments: list[Syntax] = []
        while not self._is(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._expression_of(1))
        self._take()
        return Call(source, token.text, tuple(arguments), token.position)

    def _term(self) -> Syntax:
        token = self._peek
        match token.kind:
            case "string":
                return Literal(self._take().text, token.position)
            case "number":
                return self._number()
            case "date" | "datetime" | "time":
                return Literal(self._temporal(self._take()), token.position)
            case "variable":
                return Variable(self._take().text, token.position)
            case "special":
                return Special(self._take().text, token.position)
            case "symbol":
                return self._bracketed()
        if token.kind == "name" and token.text in ("true", "false"):
            return Literal(self._take().text == "true", token.position)
        if token.kind == "end":
            raise self._refused("The expression ends too early")
        return self._invocation(None)

    def _bracketed(self) -> Syntax:
        at = self._peek.position
        if self._is("("):
            self._take()
            inner = self._expression_of(1)
            self._expect(")")
            return inner
        if self._is("{"):
            self._take()
            self._expect("}")
            return Nothing(at)
        raise self._refused(f"“{self._peek.text}” is not expected here")

    def _number(self) -> Syntax:
        token = self._take()
        value: int | Decimal = Decimal(token.text) if "." in token.text else int(token.text)
        following = self._peek
        if following.kind == "string" or (following.kind == "name" and following.text in CALENDAR_UNITS):
            self._take()
            calendar = following.kind == "name"
            unit = CALENDAR_UNITS[following.text] if calendar else following.text
            return Literal(Quantity(Decimal(value), unit, calendar), token.position)
        return Literal(value, token.position)

    def _temporal(self, token: Token) -> Temporal:
        value = parse_literal(token.text)
        if value is None:
            raise ExpressionRefused(SYNTAX, f"“{token.text}” is no date or time", self._expression, token.position)
        return value

    def _type_name(self) -> str:
        bracketed = self._is("(")
        if bracketed:
            self._take()
        parts = [self._name()]
        while self._is("."):
            self._take()
            parts.append(self._name())
        if bracketed:
            self._expect(")")
        return ".".join(parts)

    def _name(self) -> str:
        if self._peek.kind not in ("name", "quoted"):
            raise self._refused("The name of a type is missing")
        return self._take().text
