"""The lines of an ER7 message, each of which is a segment or the rest of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

_LINE_END = re.compile(r"\r\n|\r|\n")
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")


@lru_cache(maxsize=4096)
def segment_name(head: str) -> str:
    """The three characters when they can name a segment, "" when they cannot."""
    return head if _NAME.fullmatch(head) else ""


def segment_lines(text: str, separator: str) -> Iterable[tuple[int, str]]:
    """The segments of a message with the character each begins at; empty lines are passed over."""
    if "\n" not in text:
        ends = "\r"
    elif "\r" not in text:
        ends = "\n"
    elif text.count("\r\n") == text.count("\n") == text.count("\r"):
        ends = "\r\n"
    else:
        return _mixed_lines(text, separator)
    at, lines = 0, []
    for line in text.split(ends):
        if line:
            lines.append((at, line))
        at += len(line) + len(ends)
    return lines


def _mixed_lines(text: str, separator: str) -> Iterator[tuple[int, str]]:
    """The segments of a message with more than one kind of line end.

    Where CR alone ends most segments, a lone LF belongs to a value (wrapped base64, formatted text) unless a
    segment begins after it; everywhere else each kind of line end ends a segment.
    """
    crlf = text.count("\r\n")
    carriage_returns_end = text.count("\r") - crlf >= max(crlf, text.count("\n") - crlf)
    start = 0
    for match in _LINE_END.finditer(text):
        following = text[match.end() : match.end() + 4]
        if match.group() == "\n" and carriage_returns_end and not _begins_segment(following, separator):
            continue
        if match.start() > start:
            yield start, text[start : match.start()]
        start = match.end()
    if start < len(text):
        yield start, text[start:]


def _begins_segment(text: str, separator: str) -> bool:
    return not text or (_NAME.match(text) is not None and text[3:4] in ("", separator, "\r", "\n"))
