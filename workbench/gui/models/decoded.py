"""What a value means: escapes resolved, dates in words, codes with displays, documents by kind and size. Qt-free."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

from workbench.fhir.json_tree import FhirDocument
from workbench.gui.masking import hides_v2
from workbench.gui.models.explain import explain_fhir
from workbench.gui.models.outline import Bytes, Excerpt
from workbench.kernel.errors import Refused
from workbench.kernel.location import Span
from workbench.kernel.progress import JobContext
from workbench.v2.dictionary import Dictionary, dictionary
from workbench.v2.er7 import Element, Message
from workbench.v2.path import V2Path

LONGEST = 300
_STEP = 1 << 20
_KIND_BYTES = 512
_DATES = frozenset({"DT", "TS", "DTM"})
_DATE = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d{1,4})?([+-]\d{4})?", re.ASCII)
_ISO_DATE = re.compile(
    r"(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?", re.ASCII
)
_FHIR_FACTS = frozenset({"Type", "Cardinality", "Binding"})
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{64,}={0,2}\s*", re.ASCII)
_KINDS = {
    b"%PDF": "PDF document",
    b"\x89PNG": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF8": "GIF image",
    b"II*\x00": "TIFF image",
    b"MM\x00*": "TIFF image",
    b"BM": "BMP image",
    b"{\\rtf": "RTF document",
    b"PK\x03\x04": "ZIP archive or office document",
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Embedded:
    """A document inside a value."""

    kind: str
    data: bytes
    size: int = -1
    """Bytes of the whole where `data` is only its beginning."""

    @property
    def is_whole(self) -> bool:
        return self.size < 0

    @property
    def words(self) -> str:
        size = f"{len(self.data):,}" if self.is_whole else f"about {self.size:,}"
        return f"{self.kind}, {size} bytes, in base64"


def meaning_of(message: Message, path: str, mask: bool = False) -> tuple[tuple[str, str], ...]:
    """Pairs of a word and what it is, for the value at a path; none when nothing is to be added to it."""
    element = _element(message, path)
    if element is None or not element.raw:
        return ()
    if element.raw == '""':
        return (("Null", "the sender says: delete what you have"),)
    document = embedded(element)
    if document is not None:
        return (("Holds", document.words),)
    if element.children or not element.field or (mask and hides_v2(element)):
        return ()
    known = dictionary(message.version)
    data_type, table_id = _type_and_table(element, known)
    table = known.table(table_id) if table_id else None
    found: list[tuple[str, str]] = []
    if table is not None:
        display = table.codes.get(element.value, "")
        found.append(("Code", f"{display} · {table.title}" if display else f"not in table {table.id}, {table.title}"))
    if element.value != element.raw:
        found.append(("Decoded", element.value[:LONGEST]))
    if data_type in _DATES and (words := date_in_words(element.value)):
        found.append(("Date", words))
    return tuple(found)


def fhir_meaning(document: FhirDocument, path: str, mask: bool = False) -> tuple[tuple[str, str], ...]:
    """Pairs of a word and what it is, for an element of a FHIR resource."""
    found = explain_fhir(document, path)
    if found is None:
        return ()
    facts = [(word, text) for word, text in found.facts if word in _FHIR_FACTS and text]
    if found.codes_title:
        facts.append(("Value set", found.codes_title))
    element = document.at(path)
    value = element.value if element is not None and not element.children else None
    if isinstance(value, str) and not mask:
        display = dict(found.codes).get(value)
        if display:
            facts.append(("Code", display))
        if match := _ISO_DATE.fullmatch(value):
            year, month, day, hour, minute, second, zone = (part or "" for part in match.groups())
            offset = "+0000" if zone == "Z" else zone.replace(":", "")
            facts.append(("Date", date_in_words("".join((year, month, day, hour, minute, second, offset)))))
    return (("Means", found.title), *facts)


def embedded(element: Element) -> Embedded | None:
    """The document that a value of base64 holds; None when it holds none."""
    raw, message = element.raw, element.segment.message
    if element.children or len(raw) < 64 or _BASE64.fullmatch(raw) is None:
        return None
    folded = isinstance(message, Excerpt) and message.outline.folded(element.span)
    letters = re.sub(r"\s", "", raw)
    try:
        data = base64.b64decode(letters[: len(letters) // 4 * 4] if folded else letters, validate=True)
    except (binascii.Error, ValueError):
        return None
    return Embedded(_kind(data), data, len(element.span) * 3 // 4 if folded else -1)


def whole_of(data: Bytes, span: Span, ctx: JobContext) -> Embedded:
    """The document that a folded value holds, decoded some megabytes at a time.

    raises  Refused GUI-0050: it is no base64; Cancelled
    """
    found, rest = bytearray(), b""
    for start in range(span.start, span.end, _STEP):
        ctx.advance(start - span.start, len(span), "decoding")
        letters = rest + data[start : min(start + _STEP, span.end)].translate(None, b" \t\r\n")
        cut = len(letters) // 4 * 4
        try:
            found += base64.b64decode(letters[:cut], validate=True)
        except (binascii.Error, ValueError):
            raise Refused("GUI-0050", "This value is no base64.", "Nothing can be shown of it.") from None
        rest = letters[cut:]
    return Embedded(_kind(bytes(found[:_KIND_BYTES])), bytes(found))


def folded_span(message: Message, path: str) -> Span | None:
    """The bytes of the folded value of base64 at a path or in one of the components there."""
    element = _element(message, path)
    for leaf in element.leaves() if element is not None else ():
        found = embedded(leaf)
        if found is not None and not found.is_whole:
            return leaf.span
    return None


def embedded_at(message: Message, path: str) -> Embedded | None:
    """The document at a path, or in one of the components there."""
    element = _element(message, path)
    if element is None:
        return None
    return next((found for leaf in element.leaves() if (found := embedded(leaf)) is not None), None)


def date_in_words(text: str) -> str:
    """`Tuesday, 3 March 2026, 08:22, UTC-05:00` as far as it is stated; "" for what is no date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return ""
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        when = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return "no such date"
    date = f"{_DAYS[when.weekday()]}, {when.day} {_MONTHS[when.month - 1]} {when.year}"
    if not day:
        date = f"{_MONTHS[when.month - 1]} {year}" if month else f"the year {year}"
    clock = ":".join(part for part in (hour, minute or ("00" if hour else ""), second) if part)
    offset = f"UTC{zone[:3]}:{zone[3:]}" if zone else ""
    return ", ".join(part for part in (date, clock, offset) if part)


def _kind(data: bytes) -> str:
    for magic, kind in _KINDS.items():
        if data.startswith(magic):
            return kind
    sample = data[:512]
    is_text = all(byte >= 0x20 or byte in b"\r\n\t\f" for byte in sample)
    return "Text" if is_text else "Data of an unknown kind"


def _element(message: Message, path: str) -> Element | None:
    try:
        found = message.at(V2Path.parse(path))
    except Refused:
        return None
    return found[0] if found else None


def _type_and_table(element: Element, known: Dictionary) -> tuple[str, str]:
    field = known.field(element.segment.name, element.field)
    if field is None:
        return "", ""
    is_open = field.data_type.lower() == "varies" and element.segment.name == "OBX"
    data_type, table = element.segment.value(2) if is_open else field.data_type, field.table
    for number in (element.component, element.subcomponent):
        definition = known.data_type(data_type)
        if definition is None or definition.primitive:
            break
        number = number or 1
        if number > len(definition.components):
            return "", ""
        part = definition.components[number - 1]
        coded_whole = number == 1 and table and not part.table
        data_type, table = part.data_type, table if coded_whole else part.table
    return data_type, table
