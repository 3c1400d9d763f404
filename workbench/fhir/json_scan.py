"""A JSON reader (RFC 8259) that knows where everything stands.

Spans are bytes of the text it was given: a string with its quotation marks, an object with its braces. The scan
is a loop over tokens, so nesting costs no stack.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

import msgspec

from workbench.kernel.location import Span


class Kind(StrEnum):
    """What a node is in JSON."""

    OBJECT = "object"
    ARRAY = "array"
    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"


class Element(msgspec.Struct, frozen=True, gc=False):
    """One node of the tree. (A Struct, because thousands are made for a Bundle.)

    label     name of the property, `[0]` for an array's item, the resource's type for the root
    path      `Patient.identifier[0].system`; an array is `Patient.identifier`
    value     decoded: str, int, Decimal, bool, None; None for an object or an array, which have children
    span      bytes of the value
    key_span  bytes of the property's name with its quotation marks; None in arrays and for the root
    """

    kind: Kind
    label: str
    path: str
    value: str | int | Decimal | bool | None
    span: Span
    key_span: Span | None = None
    children: tuple[Element, ...] = ()

    def walk(self) -> Iterator[Element]:
        """This node and all below it, in the order of the text."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))

    def innermost(self, offset: int) -> Element | None:
        """The smallest node whose key or value covers a byte, for selection in the raw text."""
        node = self if self.span.covers(offset) else None
        found = node
        while node is not None:
            found, node = node, next((c for c in node.children if _covers(c, offset)), None)
        return found


def _covers(element: Element, offset: int) -> bool:
    return element.span.covers(offset) or (element.key_span is not None and element.key_span.covers(offset))


class Damage(Exception):
    """The text is not JSON: what is wrong, at which byte."""

    def __init__(self, offset: int, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason
        self.hint = hint


_SPACE = re.compile(rb"[ \t\r\n]*")
_TOKEN = re.compile(
    rb"[ \t\r\n]*(?:"
    rb'(?P<string>"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*")'
    rb"|(?P<punctuation>[{}\[\]:,])"
    rb"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![0-9.eE+-])"
    rb"|(?P<word>true|false|null)(?![A-Za-z]))"
)
_FRACTION_OR_EXPONENT = re.compile(rb"[.eE]")
_STRING_START = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LONG_NUMBER = 1000  # digits; int() refuses thousands of them
_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}


@dataclass(slots=True)
class _Open:
    """An object or array whose end has not come yet."""

    kind: Kind
    label: str
    path: str
    start: int
    key_span: Span | None
    children: list[Element] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def closed(self, end: int) -> Element:
        return Element(
            self.kind, self.label, self.path, None, Span(self.start, end), self.key_span, tuple(self.children)
        )


def scan(raw: bytes, start: int, root_label: str) -> tuple[Element, tuple[Element, ...]]:
    """The tree of the text from byte `start` on, and the properties whose name had already been used in their object.

    raises  Damage: not JSON
    """
    reader = _Reader(raw, start)
    root = reader.document(root_label)
    return root, tuple(reader.repeated)


class _Reader:
    def __init__(self, raw: bytes, start: int) -> None:
        self._raw = raw
        self._position = start
        self._open: list[_Open] = []
        self.repeated: list[Element] = []

    def document(self, label: str) -> Element:
        """Read one value and nothing after it but white space."""
        element = self._value(label, label, None)
        while True:
            while element is not None:
                if not self._open:
                    self._end_of_text()
                    return element
                element = self._add(element)
            element = self._value(*self._next_place())

    def _value(self, label: str, path: str, key_span: Span | None) -> Element | None:
        """A scalar or an empty container; None when a container was opened that has content."""
        kind, token, start = self._token("a value is missing")
        span = Span(start, self._position)
        if kind == "string":
            return Element(Kind.STRING, label, path, self._text(token, start), span, key_span)
        if kind == "number":
            whole = _FRACTION_OR_EXPONENT.search(token) is None and len(token) < _LONG_NUMBER
            number = int(token) if whole else Decimal(token.decode("ascii"))
            return Element(Kind.NUMBER, label, path, number, span, key_span)
        if kind == "word":
            name = Kind.NULL if token == b"null" else Kind.BOOLEAN
            return Element(name, label, path, _WORDS[token], span, key_span)
        if token not in (b"{", b"["):
            raise Damage(start, "a value is missing")
        opened = _Open(Kind.OBJECT if token == b"{" else Kind.ARRAY, label, path, start, key_span)
        after = self._after_space()
        if self._raw[after : after + 1] == (b"}" if token == b"{" else b"]"):
            self._position = after + 1
            return opened.closed(after + 1)
        self._open.append(opened)
        return None

    def _add(self, element: Element) -> Element | None:
        """Put a finished value into its container; the container itself when that ends it, else None."""
        container = self._open[-1]
        if element.key_span is not None:
            if element.label in container.names:
                self.repeated.append(element)
            container.names.add(element.label)
        container.children.append(element)
        missing = "a comma or the closing bracket is missing"
        _, token, start = self._token(missing)
        if token == b",":
            return None
        if token != (b"}" if container.kind is Kind.OBJECT else b"]"):
            raise Damage(start, missing)
        return self._open.pop().closed(self._position)

    def _next_place(self) -> tuple[str, str, Span | None]:
        """Label, path and key of the value that comes next in the innermost container."""
        container = self._open[-1]
        if container.kind is Kind.ARRAY:
            label = f"[{len(container.children)}]"
            return label, container.path + label, None
        kind, token, start = self._token("a property name is missing")
        if kind != "string":
            raise Damage(start, "a property name in quotation marks is missing")
        label = self._text(token, start)
        key_span = Span(start, self._position)
        _, colon, place = self._token("the colon after a property name is missing")
        if colon != b":":
            raise Damage(place, "the colon after a property name is missing")
        return label, f"{container.path}.{label}", key_span

    def _after_space(self) -> int:
        space = _SPACE.match(self._raw, self._position)
        return self._position if space is None else space.end()

    def _token(self, missing: str) -> tuple[str, bytes, int]:
        """Kind, bytes and start of the next token; its end is the new position.

        missing  what to say when the text ends instead
        """
        match = _TOKEN.match(self._raw, self._position)
        kind = match.lastgroup if match else None
        if match is None or kind is None:
            raise self._unreadable(self._after_space(), missing)
        self._position = match.end()
        return kind, match[kind], match.start(kind)

    def _unreadable(self, at: int, missing: str) -> Damage:
        """Why no token begins at a byte."""
        if at >= len(self._raw):
            return Damage(at, f"the text ends, {missing},", "The message is cut off; ask the sender for all of it.")
        if self._raw[at : at + 1] != b'"':
            return Damage(at, "something that is no JSON value")
        good = _STRING_START.match(self._raw, at)
        stop = at + 1 if good is None else good.end()
        if stop >= len(self._raw):
            return Damage(at, "a string without its closing quotation mark")
        if self._raw[stop : stop + 1] == b"\\":
            return Damage(stop, "an escape that JSON does not know")
        return Damage(stop, "a control character inside a string", "Write it as an escape, a line break as \\n.")

    def _text(self, token: bytes, start: int) -> str:
        try:
            text = token.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Damage(
                start + error.start,
                "bytes that are not UTF-8",
                "FHIR JSON is always UTF-8; convert the text first.",
            ) from None
        if "\\" not in text:
            return text[1:-1]
        decoded: str = json.loads(text, strict=False)
        if _LONE_SURROGATE.search(decoded):
            raise Damage(start, "half of a surrogate pair in a string")
        return decoded

    def _end_of_text(self) -> None:
        at = self._after_space()
        if at < len(self._raw):
            raise Damage(at, "text after the end of the document")
