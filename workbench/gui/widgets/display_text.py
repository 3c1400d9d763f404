"""The text a raw view shows, and how its positions and the bytes of the message correspond. Qt-free.

A Qt document counts UTF-16 units; a message counts bytes. The text shown has one character for each character of
the message, so only the two ways of counting have to be translated.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from workbench.fhir.json_tree import FhirDocument
from workbench.gui.masking import hides_fhir, hides_v2, masked_characters
from workbench.gui.models.outline import Excerpt
from workbench.kernel.location import Span
from workbench.v2.er7 import Message

HIDDEN_RETURN = "\u200b"
"""Stands for the CR of a CRLF: without width, so that one line end shows as one line."""


_SURROGATE = re.compile("[\ud800-\udfff]")


class DisplayText:
    """Text with translations between its UTF-16 positions and bytes."""

    def __init__(self, text: str, to_byte: Callable[[int], int], to_character: Callable[[int], int]) -> None:
        self.text = text
        self._to_byte = to_byte
        self._to_character = to_character
        self._is_plain = text.isascii() or max(text) < "\U00010000"

    def positions(self, span: Span) -> tuple[int, int]:
        """The UTF-16 positions of a byte span."""
        return self._units(self._to_character(span.start)), self._units(self._to_character(span.end))

    def byte(self, position: int) -> int:
        """The byte of a UTF-16 position."""
        return self._to_byte(self._characters(position))

    def _units(self, character: int) -> int:
        return character if self._is_plain else len(self.text[:character].encode("utf-16-le")) // 2

    def _characters(self, position: int) -> int:
        if self._is_plain:
            return position
        return len(self.text.encode("utf-16-le")[: position * 2].decode("utf-16-le", "ignore"))


@dataclass(frozen=True, slots=True)
class LineRun:
    """Lines `first` up to and without `last` of a text, at least one, and the lines that come in their place."""

    first: int
    last: int
    lines: tuple[str, ...]


def differing_lines(before: Sequence[str], after: Sequence[str]) -> tuple[LineRun, ...]:
    """What makes `after` of `before`: each changed run of lines when both are equally long, else one run around all."""
    if len(before) == len(after):
        changed = [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        firsts = [number for at, number in enumerate(changed) if at == 0 or changed[at - 1] != number - 1]
        lasts = [number + 1 for at, number in enumerate(changed) if number + 1 not in changed[at + 1 : at + 2]]
        return tuple(LineRun(a, b, tuple(after[a:b])) for a, b in zip(firsts, lasts, strict=True))
    shorter = min(len(before), len(after))
    if not shorter:
        return (LineRun(0, max(1, len(before)), tuple(after) or ("",)),)
    head = next((n for n in range(shorter) if before[n] != after[n]), shorter)
    head = min(head, shorter - 1)
    tail = next((n for n in range(shorter - head) if before[-1 - n] != after[-1 - n]), shorter - head)
    tail = min(tail, shorter - head - 1)
    return (LineRun(head, len(before) - tail, tuple(after[head : len(after) - tail])),)


def of_message(message: Message, mask: bool = False) -> DisplayText:
    """An ER7 message with a line for each segment; where an excerpt folds bytes away it says so."""
    text = masked_characters(message) if mask else message.text
    text = text.replace("\r\n", HIDDEN_RETURN + "\n").replace("\r", "\n")
    text = _SURROGATE.sub("\ufffd", text)
    folds = _Folds(message.folds if isinstance(message, Excerpt) else ())
    return DisplayText(
        folds.put_into(text),
        lambda shown: message.byte_span(folds.character(shown), folds.character(shown)).start,
        lambda byte: folds.shown(message.character_at(byte)),
    )


class _Folds:
    """Words that stand in a text for bytes that are folded away behind a character."""

    def __init__(self, folds: Sequence[tuple[int, int]]) -> None:
        self._at = [at for at, _ in folds]
        self._words = [f" ⋯ {size:,} bytes ⋯ " for _, size in folds]
        self._lengths = list(accumulate(map(len, self._words), initial=0))

    def put_into(self, text: str) -> str:
        cuts = zip([0, *self._at], [*self._at, len(text)], strict=True)
        return "".join(text[start:end] + words for (start, end), words in zip(cuts, [*self._words, ""], strict=True))

    def shown(self, character: int) -> int:
        """Where a character of the text stands among what is shown; the end of a folded value comes after its words."""
        return character + self._lengths[bisect_right(self._at, character)]

    def character(self, shown: int) -> int:
        """The character of the text that is shown at a place; the one before the fold within its words."""
        for number in range(len(self._at) - 1, -1, -1):
            start = self._at[number] + self._lengths[number]
            if shown >= start:
                return max(self._at[number], shown - self._lengths[number + 1])
        return shown


def of_json(document: FhirDocument, mask: bool = False, first: int = 0, last: int | None = None) -> DisplayText:
    """FHIR JSON as it was received, or the bytes `first` to `last` of it; hidden strings keep their length."""
    raw = _masked_json(document) if mask else document.raw
    return of_utf8(raw[first:last], first)


def masked_bytes(document: Message | FhirDocument, mask: bool = False) -> bytes:
    """The bytes of a message; every byte of a hidden value is an asterisk, so that positions stay."""
    if not mask:
        return document.raw
    if isinstance(document, FhirDocument):
        return _masked_json(document)
    raw = bytearray(document.raw)
    for segment in document.segments:
        for leaf in segment.leaves():
            if hides_v2(leaf):
                start, end = leaf.span
                raw[start:end] = b"*" * (end - start)
    return bytes(raw)


def of_utf8(raw: bytes, first: int = 0) -> DisplayText:
    """UTF-8 bytes as they are; what is no UTF-8 shows as replacement characters.

    first  the place of the first byte in what they are a part of
    """
    size = len(raw)
    if raw.isascii():
        return DisplayText(raw.decode("ascii"), lambda at: at + first, lambda byte: max(0, min(byte - first, size)))
    text = raw.decode("utf-8", "replace")
    return DisplayText(
        text,
        lambda character: first + len(text[:character].encode("utf-8")),
        lambda byte: len(raw[: max(0, byte - first)].decode("utf-8", "ignore")),
    )


def _masked_json(document: FhirDocument) -> bytes:
    """Each hidden primitive in as many asterisks, so that every span stays where it is."""
    raw = bytearray(document.raw)
    waiting = [(document.root, "")]
    while waiting:
        element, parent_key = waiting.pop()
        key = parent_key if element.label.startswith("[") else element.label
        waiting.extend((child, key) for child in element.children)
        if not element.children and isinstance(element.value, str | int) and hides_fhir(element.label, parent_key):
            start, end = element.span
            inner = (start + 1, end - 1) if raw[start : start + 1] == b'"' else (start, end)
            raw[inner[0] : inner[1]] = b"*" * (inner[1] - inner[0])
    return bytes(raw)
