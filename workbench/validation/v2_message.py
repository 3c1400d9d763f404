"""Rules about a message as a whole: its bytes, its header, the order and number of its segments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from workbench.v2.dictionary import Dictionary, is_published
from workbench.v2.er7 import Message, Segment
from workbench.v2.structure import Misfit, MisfitKind, Placement, StructureMatch, group_tree

_FIFTH_DELIMITER_SINCE = "2.7"
_ALLOWED_BYTES = bytes(byte for byte in range(256) if byte in b"\r\n" or (byte >= 0x20 and byte != 0x7F))
_ALLOWED_BYTES_2022 = _ALLOWED_BYTES + b"\x1b"
_CONTROL = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_2022 = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")
_UNREADABLE = re.compile("[\udc80-\udcff]")
_STRUCTURE = re.compile(r"[A-Z]{3}(?:_[A-Z][A-Z0-9]{2})?")
_EVENT = re.compile(r"[A-Z][A-Z0-9]{2}")


class Remark(NamedTuple):
    """A finding with the place it is about; `segment` None is the message as a whole."""

    rule: str
    args: dict[str, str]
    segment: Segment | None = None
    field: int = 0
    component: int = 0


def judge_bytes(message: Message) -> Iterator[Remark]:
    """V2-0011, V2-0012, V2-0015: what the bytes are."""
    if not message.raw.isascii():
        unreadable = len(_UNREADABLE.findall(message.text))
        if unreadable:
            yield Remark("V2-0011", {"count": str(unreadable), "encoding": message.encoding})
        header = message.segments[0]
        if not header.raw(18) and not message.encoding.startswith("utf-16"):
            yield Remark("V2-0015", {"encoding": message.encoding}, header, 18)
    shifts = message.encoding.startswith("iso2022")
    if message.raw.translate(None, _ALLOWED_BYTES_2022 if shifts else _ALLOWED_BYTES):
        control = _CONTROL_2022 if shifts else _CONTROL
        for segment in message.segments:
            found = control.search(segment.text)
            if found is not None:
                field = segment.text.count(message.delimiters.field, 0, found.start()) + (segment.name == "MSH")
                yield Remark("V2-0012", {"character": f"U+{ord(found.group()):04X}"}, segment, field)


def judge_header(message: Message, known: Dictionary) -> Iterator[Remark]:
    """V2-0013, V2-0014, V2-0017 to V2-0019: what MSH says of the message."""
    header = message.segments[0]
    reason = delimiter_fault(message)
    if reason:
        yield Remark("V2-0013", {"reason": reason}, header, 2)
    elif message.delimiters.truncation and known.version < _FIFTH_DELIMITER_SINCE:
        yield Remark("V2-0019", {"version": known.version}, header, 2)
    version = message.version
    if version and not is_published(version):
        yield Remark("V2-0014", {"value": version, "nearest": known.version}, header, 12, 1)
    code, trigger, stated = message.message_code, message.trigger_event, message.structure_id
    expected = known.structure_for(code, trigger)
    if stated and expected and stated != expected:
        told = stated if _STRUCTURE.fullmatch(stated) else "what is stated"
        args = {"message": f"{code}^{trigger}" if trigger else code, "expected": expected, "stated": told}
        yield Remark("V2-0017", args, header, 9, 3)
    event = message.first("EVN")
    if event is not None and _EVENT.fullmatch(trigger):
        said = event.value(1)
        if said not in ("", '""', trigger):
            yield Remark("V2-0018", {"value": said, "trigger": trigger}, event, 1)


def delimiter_fault(message: Message) -> str:
    """What is wrong with MSH-1 and MSH-2, "" when nothing is."""
    delimiters = message.delimiters
    declared = message.segments[0].raw(2)
    if len(declared) not in (4, 5):
        return f"{len(declared)} characters instead of four"
    if len({delimiters.field, *declared}) != len(declared) + 1:
        return "not distinct"
    return "letters or digits" if any(character.isalnum() for character in declared) else ""


def judge_structure(message: Message, known: Dictionary) -> Iterator[Remark]:
    """V2-0016, V2-01xx: the order and number of segments."""
    match = group_tree(message, known)
    if not match.structure_id and message.message_code:
        kind = "^".join(filter(None, (message.message_code, message.trigger_event, message.structure_id)))
        yield Remark("V2-0016", {"value": kind, "version": known.version}, message.segments[0], 9)
    for misfit in match.misfits:
        yield _structural_remark(misfit, match, message.segments[misfit.segment], known)


_UNPLACED_RULES = {
    Placement.MISPLACED: "V2-0104",
    Placement.FOREIGN: "V2-0105",
    Placement.UNKNOWN: "V2-0106",
    Placement.LOCAL: "V2-0107",
    Placement.NO_SEGMENT: "V2-0108",
}


def _structural_remark(misfit: Misfit, match: StructureMatch, segment: Segment, known: Dictionary) -> Remark:
    where = f" in {'/'.join(misfit.path)}" if misfit.path else ""
    args = {"structure": match.structure_id, "where": where}
    if misfit.kind is MisfitKind.MISSING_SEGMENT:
        return Remark("V2-0101", args | {"segment": misfit.name}, segment)
    if misfit.kind is MisfitKind.MISSING_GROUP:
        return Remark("V2-0102", args | {"group": misfit.name}, segment)
    if misfit.kind is MisfitKind.TOO_MANY:
        return Remark("V2-0103", args | {"name": misfit.name, "most": str(misfit.most)}, segment)
    return Remark(_UNPLACED_RULES[misfit.placement], args | {"segment": misfit.name, "version": known.version}, segment)
