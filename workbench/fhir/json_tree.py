"""FHIR JSON: fast values, and on demand the same document with the bytes of every node.

`parse` decodes at once and keeps each decimal as it was written (`1.50` stays `1.50`, R4 datatypes.html#decimal).
The positioned tree, which views, selections and problem locations need, is read when it is first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from workbench.fhir.json_scan import Damage, Element, Kind, scan
from workbench.fhir.path import FhirPath, Step, is_choice_of
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity
from workbench.kernel.location import Location, Span

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DEEPEST = 200

_JSON = RuleSource("FHIR", "4.0.1", "json.html")
_KEY = re.compile(rb'"[ \t\r\n]*:')
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


class FhirDocument:
    """One FHIR JSON resource as it was received; immutable.

    raw    the bytes, byte order mark included
    value  the decoded object: dict, list, str, int, Decimal, bool, None
    """

    __slots__ = ("_issues", "_root", "_scanned_issues", "raw", "value")

    def __init__(self, raw: bytes, value: dict[str, object]) -> None:
        self.raw = raw
        self.value = value
        self._root: Element | None = None
        self._scanned_issues: tuple[Issue, ...] = ()
        self._issues: tuple[Issue, ...] | None = None

    @property
    def resource_type(self) -> str:
        """`resourceType`, or "" when it is missing or no string."""
        name = self.value.get("resourceType")
        return name if isinstance(name, str) else ""

    @property
    def root(self) -> Element:
        """The document as a tree of nodes with their bytes in `raw`."""
        if self._root is None:
            self._root, repeated = scan(self.raw, _text_start(self.raw), self.resource_type or "$this")
            self._scanned_issues = tuple(_duplicate_key(element) for element in repeated)
        return self._root

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What JSON allows and FHIR does not: repeated keys, a byte order mark."""
        if self._issues is None:
            if len(_KEY.findall(self.raw)) != _count_keys(self.value):
                self.root  # noqa: B018  # the scan finds which key is repeated, if one is
            self._issues = (*_byte_order_mark(self.raw), *self._scanned_issues)
        return self._issues

    def at(self, path: str) -> Element | None:
        """The node at `Patient.identifier[0].system`, None when there is none.

        A step without an index goes on through the first repetition; as the last step it names the whole array.
        `value[x]` finds whichever type was chosen.

        raises  Refused FHIR-0010: not an element path
        """
        steps = FhirPath.parse(path).steps
        node: Element | None = self.root
        for step in steps[1:] if steps[0].name == self.resource_type else steps:
            if node is not None and node.kind is Kind.ARRAY:
                node = node.children[0] if node.children else None
            node = None if node is None else _step(node, step)
        return node

    def __repr__(self) -> str:
        return f"FhirDocument({self.resource_type or 'no resourceType'}, {len(self.raw)} bytes)"


def parse(raw: bytes) -> FhirDocument:
    """Read one JSON resource, with or without a byte order mark.

    raises  Refused FHIR-0001: not JSON; says the byte, line and column
            Refused FHIR-0002: JSON, but not an object
            Refused FHIR-0003: nested deeper than any resource is
    """
    text = memoryview(raw)[_text_start(raw) :]
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_json(raw, str(error)) from None
    if not isinstance(value, dict):
        raise Refused(
            "FHIR-0002",
            "The JSON text is not an object, so it is no FHIR resource.",
            "A resource begins with { and has a resourceType.",
        )
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and _depth(value) > DEEPEST:
        raise _too_deep()
    return FhirDocument(raw, value)


def dumps(value: object, indent: int = 0) -> bytes:
    """UTF-8 JSON with keys in their given order and decimals with all their digits.

    indent  spaces for each level, 0 for one line

    raises  ValueError: a decimal that is not a number (JSON has none)
    """
    data = _encoder.encode(value)
    if b"E-" in data or b"NaN" in data or b"Infinity" in data:
        data = _encoder.encode(_written_out(value))
    return msgspec.json.format(data, indent=indent) if indent else data


def _written_out(value: object) -> object:
    """The value with small decimals in plain digits: str(Decimal) turns 0.00000001 into 1E-8."""
    if isinstance(value, dict):
        return {key: _written_out(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written_out(item) for item in value]
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("JSON has no NaN and no infinity")
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and -40 <= exponent < 0:
            return msgspec.Raw(format(value, "f").encode("ascii"))
    return value


def _text_start(raw: bytes) -> int:
    return len(BYTE_ORDER_MARK) if raw.startswith(BYTE_ORDER_MARK) else 0


def _step(node: Element, step: Step) -> Element | None:
    if step.name.endswith("[x]"):
        child = next((c for c in node.children if is_choice_of(c.label, step.name[:-3])), None)
    else:
        # The last of repeated keys counts, as for the decoder.
        child = next((c for c in reversed(node.children) if c.label == step.name), None)
    if child is None or step.index is None:
        return child
    if child.kind is not Kind.ARRAY:
        return child if step.index == 0 else None
    return child.children[step.index] if step.index < len(child.children) else None


@dataclass(frozen=True, slots=True)
class _Place:
    offset: int
    line: int
    column: int


def _place(raw: bytes, offset: int) -> _Place:
    """Line and column are 1-based; a column is a character, as editors count."""
    before = raw[:offset]
    line_start = before.rfind(b"\n") + 1
    return _Place(offset, before.count(b"\n") + 1, len(before[line_start:].decode("utf-8", "replace")) + 1)


def _not_json(raw: bytes, reason: str) -> Refused:
    """Where the text stops being JSON; `reason` is the decoder's own words for what the scan lets pass."""
    try:
        scan(raw, _text_start(raw), "$this")
    except Damage as damage:
        place = _place(raw, damage.offset)
        return Refused(
            "FHIR-0001",
            f"Not JSON: {damage.reason} at byte {place.offset} (line {place.line}, column {place.column}).",
            damage.hint or "Correct the text there, or ask the sender for the complete message.",
        )
    return Refused("FHIR-0001", f"Not JSON that can be read: {reason}.", "A number may have thousands of digits.")


def _too_deep() -> Refused:
    return Refused(
        "FHIR-0003",
        f"The JSON text is nested more than {DEEPEST} levels deep.",
        "No FHIR resource needs that; the text is damaged or made to do harm.",
    )


_Container = dict[str, object] | list[object]


def _levels(value: _Container) -> Iterator[list[_Container]]:
    """The dicts and lists of a decoded value, level by level, without recursion."""
    level: list[_Container] = [value]
    while level:
        yield level
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]


def _count_keys(value: _Container) -> int:
    return sum(len(container) for level in _levels(value) for container in level if isinstance(container, dict))


def _depth(value: _Container) -> int:
    return sum(1 for _ in _levels(value))


def _duplicate_key(element: Element) -> Issue:
    return Issue(
        Severity.ERROR,
        IssueType.STRUCTURE,
        "FHIR-0004",
        Location(element.path, element.span),
        "The key {key} stands more than once in this object; a reader keeps only the last.",
        {"key": element.label},
        _JSON,
    )


def _byte_order_mark(raw: bytes) -> tuple[Issue, ...]:
    if not _text_start(raw):
        return ()
    place = Location("", Span(0, len(BYTE_ORDER_MARK)))
    text = "The text begins with a byte order mark, which JSON does not allow (RFC 8259, 8.1); it was skipped."
    return (Issue(Severity.INFORMATION, IssueType.INFORMATIONAL, "FHIR-0005", place, text, source=_JSON),)
