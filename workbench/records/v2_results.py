"""Results (OBX) and the reports or orders they stand under (OBR, ORC), from v2."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workbench.records import v2_facts as facts
from workbench.records.clinical import Fact, FactName, Item
from workbench.records.wording import FLAG, MEDIA_TYPE, RESULT_STATUS, worded
from workbench.terminology.codes import Coding
from workbench.v2.er7 import Segment
from workbench.v2.escapes import unescape

_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_TIMES = frozenset({"DT", "TS", "DTM"})
_WHOLE_TEXTS = frozenset({"ST", "TX", "FT", "NM", "SI", ""})


def result(obx: Segment, obr: Segment | None, notes: Iterable[Segment]) -> Item | None:
    """One observation; its time is its own (OBX-14) or that of its report (OBR-7). None for an empty OBX."""
    label, codes = facts.concept(obx, 3)
    value = _value(obx)
    time = facts.moment(FactName.TIME, obx, 14)
    if time is None and obr is not None:
        time = facts.moment(FactName.TIME, obr, 7)
    flags = [_flag(obx, repetition) for repetition in facts.repetitions(obx, 8)]
    found = facts.only(
        value,
        *flags,
        _range(obx),
        facts.coded(FactName.STATUS, obx, 11, RESULT_STATUS),
        time,
        *_notes(notes),
    )
    if not label and value is None:
        return None
    return Item("", label, found, codes, source=facts.place(obx, 3))


def content(obx: Segment) -> Fact | None:
    """What an OBX adds to a document: its text, or the kind of file that is attached."""
    value = _value(obx)
    return value and replace(value, name=FactName.CONTENT, units=())


def report(obr: Segment, orc: Segment | None, observed: bool) -> Item | None:
    """The report (`observed`) or the order that an OBR says; numbers from ORC where OBR has none."""
    label, codes = facts.concept(obr, 4)
    if not label:
        return None
    placer = facts.plain(FactName.PLACER_NUMBER, obr, 2) or (orc and facts.plain(FactName.PLACER_NUMBER, orc, 2))
    filler = facts.plain(FactName.FILLER_NUMBER, obr, 3) or (orc and facts.plain(FactName.FILLER_NUMBER, orc, 3))
    found = [placer or None, filler or None]
    if observed:
        found += [facts.moment(FactName.TIME, obr, 7), facts.coded(FactName.STATUS, obr, 25, RESULT_STATUS)]
    return Item("", label, facts.only(*found), codes, source=facts.place(obr, 4))


def _value(obx: Segment) -> Fact | None:
    """OBX-5 by its type (OBX-2); repetitions are listed."""
    if facts.is_deleted(obx, 5):
        return facts.deleted(FactName.VALUE, obx, 5)
    kind = facts.component(obx, 2, 1)
    where = facts.place(obx, 5)
    texts: list[str] = []
    codes: list[Coding] = []
    for repetition in facts.repetitions(obx, 5):
        text, found = _one_value(obx, kind, repetition)
        if text:
            texts.append(text)
            codes += found
    if not texts:
        return None
    if len(texts) == 1 and kind in _TIMES:
        return facts.timed(FactName.VALUE, texts[0], where)
    return Fact(FactName.VALUE, "; ".join(texts), codes=tuple(codes), units=facts.units(obx, 6), source=where)


def _one_value(obx: Segment, kind: str, repetition: int) -> tuple[str, tuple[Coding, ...]]:
    if kind in _CODED:
        return facts.concept(obx, 5, repetition)
    if kind in _WHOLE_TEXTS:
        return unescape(obx.text_of(5, repetition), obx.message.delimiters).strip(), ()
    parts = [facts.component(obx, 5, number, repetition) for number in range(1, len(obx.components(5, repetition)) + 1)]
    if kind == "ED":
        parts += [""] * (5 - len(parts))
        parts[1] = worded(parts[1], MEDIA_TYPE)
        return f"attached {'/'.join(part.lower() for part in parts[1:3] if part) or 'document'}", ()
    if kind == "TM" and len(parts[0]) >= 4 and parts[0][:4].isdigit():
        digits = parts[0]
        return ":".join(digits[start : start + 2] for start in range(0, min(len(digits), 6), 2)), ()
    if kind == "DR":
        return " - ".join(facts.timed(FactName.VALUE, part, None).text for part in parts[:2] if part), ()
    return " ".join(part for part in parts if part), ()


def _flag(obx: Segment, repetition: int) -> Fact | None:
    text, codes = facts.concept(obx, 8, repetition)
    if not codes:
        return None
    return Fact(FactName.FLAG, FLAG.get(codes[0].code, text), codes=codes, source=facts.place(obx, 8, repetition))


def _range(obx: Segment) -> Fact | None:
    text = unescape(obx.text_of(7, 1), obx.message.delimiters).strip()
    if not text or text == facts.NULL:
        return facts.deleted(FactName.REFERENCE_RANGE, obx, 7)
    return Fact(FactName.REFERENCE_RANGE, text, source=facts.place(obx, 7))


def _notes(notes: Iterable[Segment]) -> list[Fact]:
    found = []
    for nte in notes:
        texts = [unescape(text, nte.message.delimiters).strip() for text in nte.repetitions(3)]
        text = "\n".join(text for text in texts if text and text != facts.NULL)
        if text:
            found.append(Fact(FactName.NOTE, text, source=facts.place(nte, 3)))
    return found
