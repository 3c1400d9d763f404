"""Escape sequences inside values (HL7 v2.5.1 2.7).

`\\F\\ \\S\\ \\R\\ \\E\\ \\T\\ \\L\\`, `\\Xhh…\\` and `\\.br\\` stand for characters and are replaced.
Highlighting (`\\H\\ \\N\\`), character set switches (`\\C…\\ \\M…\\`), local (`\\Z…\\`), other formatting
commands and anything unknown have no character of their own: they stay as they are written, because
dropping them would change the value silently. Line breaks written by `escape` are `\\.br\\`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from workbench.v2.delimiters import Delimiters

_HEX = re.compile(r"X(?:[0-9A-Fa-f]{2})+")


def unescape(text: str, delimiters: Delimiters) -> str:
    """The characters that `text`, one component or subcomponent as it stands in the message, means."""
    if not delimiters.escape or delimiters.escape not in text:
        return text
    sequence, meanings = _sequences(delimiters)

    def meaning(match: re.Match[str]) -> str:
        name = match.group(1)
        known = meanings.get(name)
        if known is not None:
            return known
        if _HEX.fullmatch(name):
            return _hexadecimal(name[1:])
        return match.group(0)

    return sequence.sub(meaning, text)


def escape(text: str, delimiters: Delimiters) -> str:
    """The text as it may stand in a message: `unescape(escape(text)) == text` but for line ends.

    CR, LF and CRLF become `\\.br\\`; a value can hold no segment terminator.
    """
    return text.translate(_escape_table(delimiters)) if delimiters.escape else text


def escaper(delimiters: Delimiters) -> Callable[[str], str]:
    """`escape` for many texts with the same delimiters."""
    if not delimiters.escape:
        return str
    table = _escape_table(delimiters)
    return lambda text: text.translate(table)


@lru_cache(maxsize=64)
def _sequences(delimiters: Delimiters) -> tuple[re.Pattern[str], dict[str, str]]:
    mark = re.escape(delimiters.escape)
    meanings = {
        "F": delimiters.field,
        "S": delimiters.component,
        "R": delimiters.repetition,
        "E": delimiters.escape,
        "T": delimiters.subcomponent,
        "L": delimiters.truncation or "\\L\\".replace("\\", delimiters.escape),
        ".br": "\n",
    }
    return re.compile(f"{mark}([^{mark}\r\n]+){mark}"), meanings


@lru_cache(maxsize=64)
def _escape_table(delimiters: Delimiters) -> dict[int, str]:
    mark = delimiters.escape
    named = {
        "F": delimiters.field,
        "S": delimiters.component,
        "R": delimiters.repetition,
        "E": mark,
        "T": delimiters.subcomponent,
        "L": delimiters.truncation,
    }
    table = {ord(character): f"{mark}{name}{mark}" for name, character in named.items() if character}
    table[ord("\n")] = f"{mark}.br{mark}"
    table[ord("\r")] = f"{mark}X0D{mark}"
    return table


def _hexadecimal(digits: str) -> str:
    """The characters of `\\Xhh…\\`: UTF-8 where the bytes are that, else one character a byte (ISO 8859-1)."""
    data = bytes.fromhex(digits)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
