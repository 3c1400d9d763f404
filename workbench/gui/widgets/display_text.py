"""The text a raw view shows, and how its positions and the bytes of the message correspond. Qt-free.

A Qt document counts UTF-16 units; a message counts bytes. The text shown has one character for each character of
the message, so only the two ways of counting have to be translated.
"""

from __future__ import annotations

from collections.abc import Callable

from workbench.fhir.json_tree import FhirDocument
from workbench.gui.masking import hides_fhir, hides_v2, masked_characters
from workbench.kernel.location import Span
from workbench.v2.er7 import Message

HIDDEN_RETURN = "\u200b"
"""Stands for the CR of a CRLF: without width, so that one line end shows as one line."""


class DisplayText:
    """Text with translations between its UTF-16 positions and bytes."""

    def __init__(self, text: str, to_byte: Callable[[int], int], to_character: Callable[[int], int]) -> None:
        self.text = text
        self._to_byte = to_byte
        self._to_character = to_character
        self._is_plain = all(ord(character) < 0x10000 for character in text) if not text.isascii() else True

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


def of_message(message: Message, mask: bool = False) -> DisplayText:
    """An ER7 message with a line for each segment."""
    text = masked_characters(message) if mask else message.text
    text = text.replace("\r\n", HIDDEN_RETURN + "\n").replace("\r", "\n")
    text = "".join("\ufffd" if 0xD800 <= ord(character) < 0xE000 else character for character in text)
    return DisplayText(text, lambda character: message.byte_span(character, character).start, message.character_at)


def of_json(document: FhirDocument, mask: bool = False) -> DisplayText:
    """FHIR JSON as it was received; hidden strings keep their length."""
    raw = document.raw
    if mask:
        raw = _masked_json(document)
    return of_utf8(raw)


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


def of_utf8(raw: bytes) -> DisplayText:
    """UTF-8 bytes as they are; what is no UTF-8 shows as replacement characters."""
    if raw.isascii():
        return DisplayText(raw.decode("ascii"), lambda at: at, lambda at: at)
    text = raw.decode("utf-8", "replace")
    return DisplayText(
        text,
        lambda character: len(text[:character].encode("utf-8")),
        lambda byte: len(raw[:byte].decode("utf-8", "ignore")),
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
