"""A capture without what says whose messages it holds, written to a new file; the original is only read.

Messages are worked on in processes and written in their order, in the framing they came in. Whatever was not safely
recognised is counted in the report by field, so that a person can look there before the file leaves the house.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from workbench.app.documents import Document, document_at
from workbench.app.originals import originals_of, spare
from workbench.app.pieces import in_pieces, read_messages
from workbench.app.session import Session
from workbench.app.tables import Column, Table
from workbench.fhir import deidentify as fhir_walk
from workbench.fhir.definitions import definitions
from workbench.fhir.json_tree import FhirDocument
from workbench.kernel.atomic_file import atomic_stream
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer
from workbench.messages.capture import Capture, Framing
from workbench.messages.parts import Part
from workbench.messages.sections import Section
from workbench.security.deidentified import Change, Deidentified, Policy, Rules
from workbench.security.pseudonyms import Pseudonyms, new_key
from workbench.v2 import deidentify as v2_walk
from workbench.v2.dictionary import dictionary
from workbench.v2.path import V2Path

__all__ = ["Policy", "Preview", "Report", "Rules", "deidentify_capture", "own_rules", "preview", "workspace_pseudonyms"]

_KEY_SETTING = "deidentification.key"
_IN_PLACE = frozenset({Framing.ER7, Framing.MLLP, Framing.BATCH})
_WHOLE = 1 << 40
_COUNTED = attrgetter("field", "category", "fate", "doubt")
_BETWEEN = frozenset(b"\r\n\x0b\x0c\x1c \t")
_BATCH_FIELDS = {b"FHS": 6, b"BHS": 6, b"FTS": 2, b"BTS": 2}
"""How many parts of a batch segment are kept: who sends to whom and the count; names, comments and times go."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One message before and after, and every value that was touched."""

    before: bytes
    after: bytes
    lines: tuple[Change, ...]


@dataclass(slots=True)
class Report:
    """What was done to a capture, without values.

    counts      values by (field, category, fate, doubt)
    unreadable  messages that could not be read and were left out
    left_out    bytes of text between messages (log lines, names of files) that were left out
    """

    messages: int = 0
    unreadable: int = 0
    left_out: int = 0
    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def merge(self, later: Report) -> None:
        self.messages += later.messages
        self.unreadable += later.unreadable
        self.left_out += later.left_out
        self.counts.update(later.counts)

    def table(self) -> Table:
        """Every field that was touched, and what was done to it."""
        return self._table("de-identification", only_doubts=False)

    def doubts(self) -> Table:
        """What was not safely recognised, the most frequent first."""
        return self._table("not safely recognised", only_doubts=True)

    def _table(self, title: str, only_doubts: bool) -> Table:
        columns = tuple(map(Column, ("field", "category", "fate", "doubt", "values")))
        found = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]) if only_doubts else (0, item[0]))
        return Table(title, columns, tuple((*key, count) for key, count in found if key[3] or not only_doubts))


def workspace_pseudonyms(session: Session) -> Pseudonyms:
    """Pseudonyms under the workspace's own key, made on first use; it never leaves the encrypted workspace."""
    kept = session.setting(_KEY_SETTING)
    if kept is None:
        kept = new_key().hex()
        session.set_setting(_KEY_SETTING, kept)
        session.record("deidentification.key", "workspace", session.workspace.id)
    return Pseudonyms(bytes.fromhex(str(kept)))


def own_rules(text: str) -> dict[str, Policy]:
    """Rules as people write them: `XAD=remove, PID-26=keep`, by data type or field, v2 or FHIR.

    raises  Refused APP-0010: a rule is not understood, or names no data type and no field
    """
    found: dict[str, Policy] = {}
    for part in text.replace(",", " ").split():
        name, _, policy = part.partition("=")
        if policy not in tuple(Policy) or not _is_known(name):
            raise Refused(
                "APP-0010",
                f"{part} is no rule.",
                "Write a data type or field that the standard has, and remove or keep: XAD=remove, PID-26=keep.",
            )
        found[name] = Policy(policy)
    return found


def _is_known(name: str) -> bool:
    """True for a data type or field of v2 or FHIR; a mistyped one would leave in what somebody wants out."""
    place = V2Path.read(name)
    if place is not None and place.field:
        is_own = place.segment.startswith("Z")
        return not place.component and (is_own or dictionary("").field(place.segment, place.field) is not None)
    known = definitions()
    if "." in name:
        return known.element(name) is not None
    return dictionary("").data_type(name) is not None or name in known.data_types()


def preview(capture: Capture, number: int, pseudonyms: Pseudonyms, rules: Rules | None = None) -> Preview:
    """One message before and after; raises as reading the message does."""
    document = document_at(capture, number)
    found = _deidentified(document, pseudonyms, rules or Rules(), places=True)
    return Preview(document.raw, found.raw, found.changes)


def deidentify_capture(
    capture: Capture,
    out: Path,
    pseudonyms: Pseudonyms,
    ctx: JobContext,
    rules: Rules | None = None,
    workers: int | None = None,
) -> Report:
    """Write the whole capture without what identifies anybody to `out`, whole or not at all.

    ER7, MLLP and batches keep their framing; messages out of logs, archives, traces and exports are written one after
    the other, FHIR as NDJSON. Messages that cannot be read are left out and counted.

    raises  Refused APP-0009: `out` is one of the files read, or v2 and FHIR would share a file
            Unavailable KRN-0002; Cancelled
    """
    _require_new(capture, out)
    report = Report()
    work = partial(_deidentify_piece, pseudonyms, rules or Rules())
    with atomic_stream(out) as stream:
        writer = _Writer(capture, stream, report)
        for piece, (messages, part) in in_pieces(work, capture, ctx, workers, "de-identifying"):
            report.merge(part)
            writer.write(piece.first, messages)
        writer.finish()
    return report


def _deidentify_piece(pseudonyms: Pseudonyms, rules: Rules, piece: Section) -> tuple[list[bytes | None], Report]:
    report, found = Report(), list[bytes | None]()
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for _, _, document in read_messages(piece):
        if isinstance(document, Refused):
            report.unreadable += 1
            found.append(None)
            continue
        report.messages += 1
        done = _deidentified(document, pseudonyms, rules, places=False)
        found.append(done.raw)
        counts.update(map(_COUNTED, done.changes))
    report.counts.update({(name, str(kind), str(fate), doubt): n for (name, kind, fate, doubt), n in counts.items()})
    return found, report


def _deidentified(document: Document, pseudonyms: Pseudonyms, rules: Rules, places: bool) -> Deidentified:
    if isinstance(document, FhirDocument):
        return fhir_walk.deidentify(document, pseudonyms, rules)
    return v2_walk.deidentify(document, pseudonyms, rules, places)


class _Writer:
    """Puts messages where they stood: the framing between them is kept, anything else between them is not."""

    def __init__(self, capture: Capture, stream: BinaryIO, report: Report) -> None:
        self._capture = capture
        self._stream = stream
        self._report = report
        self._framing = dict(capture.framings)
        self._part: Part | None = None
        self._parts: Iterator[Part] = iter(capture.parts)
        self._end = 0

    def write(self, first: int, messages: list[bytes | None]) -> None:
        for number, message in enumerate(messages, first):
            origin = self._capture.origin(number)
            if self._part is None or self._part.name != origin.file:
                self.finish()
                self._part, self._end = next(part for part in self._parts if part.name == origin.file), 0
            if self._keeps_framing():
                self._between(self._part.buffer, self._end, origin.offset)
                self._end = origin.offset + origin.length
                self._stream.write(message or b"")
            elif message is not None:
                self._stream.write(message if message.endswith((b"\r", b"\n")) else message + self._line_end(message))

    def finish(self) -> None:
        """Write what stands after the last message of the part."""
        if self._part is not None and self._keeps_framing():
            self._between(self._part.buffer, self._end, len(self._part.buffer))
        self._part = None

    def _keeps_framing(self) -> bool:
        return self._part is not None and not self._part.encoding and self._framing[self._part.name] in _IN_PLACE

    def _line_end(self, message: bytes) -> bytes:
        return b"\n" if message.startswith(b"{") else b"\r"

    def _between(self, buffer: Buffer, start: int, end: int) -> None:
        if start >= end:
            return
        text = buffer[start:end]
        if text.strip(bytes(_BETWEEN)):
            text = self._framing_only(text)
        self._stream.write(text)

    def _framing_only(self, text: bytes) -> bytes:
        """Frame bytes, line ends and what batch segments say of sender and number; everything else is left out."""
        kept = bytearray()
        for line in text.splitlines(keepends=True):
            bare = line.lstrip(b"\x0b\x1c").rstrip(b"\r\n\x0b\x0c\x1c")
            parts = _BATCH_FIELDS.get(bare[:3], 0)
            shown = bare[3:4].join(bare.split(bare[3:4])[:parts]) if parts and bare[3:4] else b""
            self._report.left_out += len(bare) - len(shown)
            kept += line.replace(bare, shown, 1) if bare else line
        return bytes(kept)


def _require_new(capture: Capture, out: Path) -> None:
    """The original is never written to, and one file holds one kind of message."""
    spare(originals_of(capture), out)
    kinds = {
        capture.format_of(piece.first).value.partition("-")[0] == "fhir" for piece in capture.pieces(_WHOLE, _WHOLE)
    }
    if len(kinds) > 1:
        raise Refused(
            "APP-0009",
            "These inputs hold HL7 v2 and FHIR, which cannot share one file.",
            "De-identify them one after the other.",
        )
