"""The coded values of a capture, each with what was seen beside it: panel, specimen, unit, range, values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

from workbench.app.operations.code_fields import fields_of_maps
from workbench.app.operations.code_harvest_fhir import seen_in_resource
from workbench.app.pieces import ReadMessage, in_pieces, read_messages
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.progress import JobContext
from workbench.mapping.model import Package
from workbench.messages.capture import Capture
from workbench.messages.sections import Section
from workbench.terminology.harvest import LocalCode, SeenCode, harvest, merge, seen_codes
from workbench.v2.delimiters import Delimiters
from workbench.v2.dictionary import dictionary
from workbench.v2.er7 import Message, Segment
from workbench.v2.escapes import unescape

CODED = frozenset({"CE", "CWE", "CNE", "CF"})
_LONGEST_CODE = 60
_LONGEST_VALUE = 40
"""Longer results are reports; they say nothing of a code's scale."""
_ORDER, _RESULT, _SPECIMEN = "OBR", "OBX", "SPM"
_AT_ONCE = 16
"""Parts that are added up together: few enough to keep memory low, many enough not to sort too often."""


def collect(
    capture: Capture,
    package: Package | None,
    ctx: JobContext,
    workers: int | None = None,
    more: frozenset[str] = frozenset(),
    every: bool = False,
) -> tuple[LocalCode, ...]:
    """Every distinct coded value of the capture's messages, the most frequent first.

    package  the fields its code maps translate are collected whatever their data type
    more     further such fields
    every    of FHIR resources also codings of published code systems; v2 messages are collected whole always

    Messages that cannot be read have no codes; validation says why.

    raises  Cancelled; Unavailable APP-0002
    """
    mapped = more | frozenset(fields_of_maps(package) if package is not None else ())
    whole: tuple[LocalCode, ...] = ()
    parts: list[tuple[LocalCode, ...]] = []
    for _, part in in_pieces(partial(_harvest_piece, mapped, every), capture, ctx, workers, "collecting codes"):
        parts.append(part)
        if len(parts) == _AT_ONCE:
            whole, parts = merge([whole, *parts]), []
    return merge([whole, *parts])


def _harvest_piece(mapped: frozenset[str], every: bool, piece: Section) -> tuple[LocalCode, ...]:
    return harvest(seen for message in read_messages(piece) for seen in _seen_in_message(message, mapped, every))


def _seen_in_message(message: ReadMessage, mapped: frozenset[str], every: bool) -> Iterator[SeenCode]:
    if isinstance(message.document, Message):
        yield from seen_in(message.document, message.number, mapped)
    elif isinstance(message.document, FhirDocument):
        yield from seen_in_resource(message.document.value, message.number, mapped, every=every)


def seen_in(message: Message, number: int, mapped: frozenset[str] = frozenset()) -> Iterator[SeenCode]:
    """The coded values of one message; results know the panel and the specimen of their order.

    mapped  fields (`PID-8`) that are taken although they are of no coded data type
    """
    version = message.version
    for order in _orders(message):
        panel, specimen = _panel_and_specimen(order)
        for segment in order:
            fields = segment.fields
            for position, label, is_coded in coded_fields(version, segment.name, mapped):
                if position >= len(fields):
                    break
                if fields[position]:
                    yield from _seen(segment, position, label, is_coded, number, panel, specimen)


def _orders(message: Message) -> Iterator[list[Segment]]:
    """The segments before the first order, then those of each order."""
    group: list[Segment] = []
    for segment in message.segments:
        if segment.name == _ORDER and group:
            yield group
            group = []
        group.append(segment)
    yield group


def _panel_and_specimen(order: Sequence[Segment]) -> tuple[str, str]:
    """OBR-4 and, from SPM-4 or else OBR-15, what was taken; "" where there is none."""
    panel = specimen = ""
    for segment in order:
        if segment.name == _ORDER:
            panel = segment.value(4, 1, 2) or segment.value(4)
            specimen = specimen or segment.value(15, 1, 1, 2) or segment.value(15)
        elif segment.name == _SPECIMEN:
            specimen = segment.value(4, 1, 2) or segment.value(4) or specimen
    return panel, specimen


@lru_cache(maxsize=2_000)
def coded_fields(version: str, name: str, mapped: frozenset[str]) -> tuple[tuple[int, str, bool | None], ...]:
    """Position and label of each field of a segment that may hold codes; None where OBX-2 says whether it is coded."""
    definition = dictionary(version).segment(name)
    if definition is None:
        return ()
    found: list[tuple[int, str, bool | None]] = []
    for field in definition.fields:
        varies = field.data_type == "varies" and name == _RESULT
        is_coded = field.data_type in CODED
        if is_coded or varies or field.label in mapped:
            found.append((field.position, field.label, None if varies else is_coded))
    return tuple(found)


def _seen(
    segment: Segment, position: int, label: str, is_coded: bool | None, number: int, panel: str, specimen: str
) -> Iterator[SeenCode]:
    if is_coded is None:
        is_coded = segment.value(2) in CODED
        if not is_coded:
            return
    units = value = limits = context = taken = ""
    if label == "OBX-3":
        units, value, limits = segment.value(6), _value(segment), segment.value(7)
        context, taken = panel, specimen
    elif label == "OBX-5":
        context = segment.value(3, 1, 2) or segment.value(3)
    elif label == "OBR-4":
        taken = specimen
    for code, text, system in _codes_in(segment.raw(position), is_coded, segment.message.delimiters):
        yield SeenCode(code, text, system, label, number, units, taken, value, limits, context)


@lru_cache(maxsize=50_000)
def _codes_in(field: str, is_coded: bool, signs: Delimiters) -> tuple[tuple[str, str, str], ...]:
    """(code, text, system) of each code in a field; fields say the same again and again, so each is read once."""
    found: list[tuple[str, str, str]] = []
    for repetition in field.split(signs.repetition) if signs.repetition else [field]:
        components = repetition.split(signs.component) if signs.component else [repetition]
        first = [part.split(signs.subcomponent)[0] if signs.subcomponent else part for part in components]
        codes = seen_codes("", [unescape(part, signs) for part in (first if is_coded else first[:1])])
        found += [(seen.code, seen.text, seen.system) for seen in codes if len(seen.code) <= _LONGEST_CODE]
    return tuple(found)


def _value(result: Segment) -> str:
    """OBX-5 as one short text: a number with its comparator, a word, the text of a code; "" for reports."""
    kind = result.value(2)
    if kind in CODED:
        said = result.value(5, 1, 2) or result.value(5)
    elif kind == "SN":
        said = "".join(result.value(5, 1, part) for part in (1, 2, 3, 4))
    else:
        said = result.value(5)
    return said if len(said) <= _LONGEST_VALUE else ""
