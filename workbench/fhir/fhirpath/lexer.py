"""Tokens of FHIRPath (FHIRPath N1, 10.2 grammar)."""

from __future__ import annotations

import re
from typing import NamedTuple

from workbench.fhir.fhirpath.faults import SYNTAX, ExpressionRefused

_TOKEN = re.compile(
    r"""(?P<space>(?:\s+|//[^\n]*|/\*.*?\*/)+)
    |(?P<time>@T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)
    |(?P<datetime>@\d{4}(?:-\d\d(?:-\d\d)?)?T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)
    |(?P<date>@\d{4}(?:-\d\d(?:-\d\d)?)?)
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<quoted>`(?:[^`\\]|\\.)*`)
    |(?P<variable>%(?:[A-Za-z_][A-Za-z0-9_-]*|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'))
    |(?P<special>\$(?:this|index|total))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<symbol>!=|!~|<=|>=|[-+*/|&=~<>.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


class Token(NamedTuple):
    """kind: time, datetime, date, number, string, name, quoted, variable, special, symbol or end; text as meant."""

    kind: str
    text: str
    position: int


def tokens(expression: str) -> list[Token]:
    """All tokens, white space and comments left out, an `end` token last.

    raises  ExpressionRefused FHIR-0151: a character that begins no token
    """
    found: list[Token] = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None or (match.lastgroup == "symbol" and expression.startswith("/*", position)):
            raise ExpressionRefused(SYNTAX, "The expression cannot be read here", expression, position)
        kind, text = match.lastgroup or "", match.group()
        if kind != "space":
            found.append(Token(kind, _meant(kind, text), position))
        position = match.end()
    found.append(Token("end", "", len(expression)))
    return found


def _meant(kind: str, text: str) -> str:
    if kind in ("string", "quoted"):
        return _unescaped(text[1:-1])
    if kind == "variable":
        return text[1:] if text[1] not in "`'" else _unescaped(text[2:-1])
    return text


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    escape = match.group(1)
    if len(escape) == 5:
        return chr(int(escape[1:], 16))
    # A backslash before any other character is left out, as regular expressions in R4's invariants rely on `\\`.
    return _ESCAPED.get(escape, escape)
