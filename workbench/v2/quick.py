"""Values of a message by path without parsing it: only the lines that are asked for are looked at.

For questions over a whole capture. Gives exactly what `Message.at` gives (the tests compare them), and steps back
(`None`) where line ends or characters are odd.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from workbench.v2.delimiters import Delimiters
from workbench.v2.er7 import HEADERS
from workbench.v2.escapes import unescape
from workbench.v2.path import V2Path

_HEAD = 10
"""Characters of a header in which MSH-2 ends, if it is no longer than it may be."""
_declared = lru_cache(maxsize=64)(Delimiters.of_header)


class QuickMessage:
    """The text of one message, asked by path. `text` is as written."""

    __slots__ = ("_ends", "_lines", "delimiters", "text")

    def __init__(self, text: str, ends: str) -> None:
        self.text = text
        self.delimiters = _declared(text[:_HEAD]) if text.find(text[3], 4, _HEAD) > 0 else Delimiters.of_header(text)
        self._ends = ends
        self._lines: dict[str, list[str]] = {}

    @classmethod
    def of(cls, raw: bytes) -> QuickMessage | None:
        """None for a message that must be parsed with care: mixed line ends, no UTF-8, no header."""
        if raw[:3] != b"MSH" or b"\x1b" in raw:
            return None
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return None
        if len(text) < 4 or text[3].isalnum() or text[3].isspace():
            return None
        if "\n" not in text:
            return cls(text, "\r")
        if "\r" not in text:
            return cls(text, "\n")
        pairs = text.count("\r\n")
        return cls(text, "\r\n") if pairs == text.count("\n") == text.count("\r") else None

    def values(self, path: object) -> Sequence[str]:
        """Every value at a path, unescaped, in the order of the message; none for a path of another kind."""
        if not isinstance(path, V2Path):
            return ()
        delimiters = self.delimiters
        if not path.field:
            return [unescape(line, delimiters) for line in self._chosen(path)]
        found = self._texts(path)
        mark = delimiters.escape
        return [unescape(text, delimiters) if mark and mark in text else text for text in found]

    def count(self, path: object) -> int:
        """How many segments or repetitions a path points at that hold something."""
        if not isinstance(path, V2Path):
            return 0
        return len(self._texts(path)) if path.field else len(self._chosen(path))

    def _chosen(self, path: V2Path) -> list[str]:
        lines = self._named(path.segment)
        return lines[path.occurrence - 1 : path.occurrence] if path.occurrence else lines

    def _texts(self, path: V2Path) -> list[str]:
        """What is written at the path in each segment and repetition, empty places left out."""
        delimiters, number = self.delimiters, path.field
        found: list[str] = []
        is_header = path.segment in HEADERS
        literal = is_header and number <= 2
        for line in self._chosen(path):
            if is_header and number == 1:
                text = delimiters.field
            else:
                place = number - 1 if is_header else number
                parts = line.split(delimiters.field, place + 1)
                text = parts[place] if place < len(parts) else ""
            if not text:
                continue
            if literal:
                found.extend(_of_literal(text, path))
                continue
            separator = delimiters.repetition
            repetitions = text.split(separator) if separator and separator in text else [text]
            if path.repetition:
                repetitions = repetitions[path.repetition - 1 : path.repetition]
            if not path.component:
                found.extend(filter(None, repetitions))
                continue
            for repetition in repetitions:
                part = _part(repetition, delimiters.component, path.component)
                if path.subcomponent and part:
                    part = _part(part, delimiters.subcomponent, path.subcomponent)
                if part:
                    found.append(part)
        return found

    def _named(self, name: str) -> list[str]:
        """The lines of the segments of that name."""
        lines = self._lines.get(name)
        if lines is None:
            lines = self._lines[name] = self._find(name)
        return lines

    def _find(self, name: str) -> list[str]:
        text, ends, lines = self.text, self._ends, []
        after_name = ("", self.delimiters.field, ends[0])
        mark = ends + name
        at = 0 if text.startswith(name) else text.find(mark)
        while at >= 0:
            start = at + len(ends) if at else 0
            following = start + 3
            end = text.find(ends, following)
            if text[following : following + 1] in after_name:
                lines.append(text[start:end] if end >= 0 else text[start:])
            at = text.find(mark, following)
        return lines


def _part(text: str, separator: str, number: int) -> str:
    if not separator or separator not in text:
        return text if number == 1 else ""
    parts = text.split(separator, number)
    return parts[number - 1] if number <= len(parts) else ""


def _of_literal(text: str, path: V2Path) -> tuple[str, ...]:
    """MSH-1 and MSH-2 are one value each, never split."""
    is_there = path.repetition <= 1 and path.component <= 1 and path.subcomponent <= 1
    return (text,) if is_there else ()
