"""How two HL7 v2 results differ, field by field, in ER7 as people read it: `PID-7: "19800229"`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from workbench.mapping.model import Json
from workbench.v2.delimiters import Delimiters
from workbench.v2.dictionary import dictionary

_OF_SENDING = (("MSH", 7), ("MSH", 10))
"""When and under which number the message was sent."""
_VERSION = "2.5.1"
"""Whose set ids are meant."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One segment; fields by their number, empty ones left out.

    whole  with those that are left out of comparisons, too
    """

    name: str
    fields: tuple[tuple[int, str], ...]
    whole: tuple[tuple[int, str], ...] = field(default=(), compare=False)

    def without_numbers(self) -> _Line:
        """Without set ids and without what says when and how it was sent."""
        kept = (each for each in self.fields if (self.name, each[0]) not in _OF_SENDING)
        return _Line(self.name, tuple(each for each in kept if not _is_set_id(self.name, each[0])), self.fields)


def segment_changes(
    before: Sequence[str], after: Sequence[str], delimiters: Delimiters, names_only: bool
) -> dict[str, Json]:
    """Path -> what stands there now, None for what is gone; an added segment is told by its fields.

    Set ids and MSH-7 and MSH-10 count only where nothing else differs.

    before, after  messages in ER7, segments ended by CR
    names_only     of added segments only which fields they have
    """
    old, new = _lines(before, delimiters), _lines(after, delimiters)
    quiet = dict(_changes([one.without_numbers() for one in old], [one.without_numbers() for one in new], delimiters))
    found = quiet or dict(_changes(old, new, delimiters))
    if names_only:
        return {path: [*value] if isinstance(value, dict) else value for path, value in found.items()}
    return found


def _lines(messages: Sequence[str], delimiters: Delimiters) -> list[_Line]:
    return [_line(text, delimiters) for message in messages for text in message.split("\r") if text]


def _line(text: str, delimiters: Delimiters) -> _Line:
    name, *values = text.split(delimiters.field)
    if name in ("MSH", "FHS", "BHS"):
        values.insert(0, delimiters.field)
    fields = tuple((number, value) for number, value in enumerate(values, 1) if value)
    return _Line(name, fields[2:] if name == "MSH" else fields)


def _is_set_id(name: str, number: int) -> bool:
    if number != 1:
        return False
    definition = dictionary(_VERSION).field(name, 1)
    return definition is not None and definition.data_type == "SI"


def _changes(old: list[_Line], new: list[_Line], delimiters: Delimiters) -> Iterator[tuple[str, Json]]:
    for operation, first, last, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if operation == "equal":
            continue
        removed, added = list(range(first, last)), list(range(begin, end))
        for number in added:
            twin = next((index for index in removed if old[index].name == new[number].name), None)
            path = _path(new, number)
            if twin is None:
                shown = new[number].fields or new[number].whole
                yield path, {f"{new[number].name}-{one}": value for one, value in shown}
            else:
                removed.remove(twin)
                yield from _field_changes(path, old[twin], new[number], delimiters)
        for number in removed:
            yield _path(old, number), None


def _path(lines: list[_Line], number: int) -> str:
    """`OBX`, or `OBX[2]` when there are several."""
    same = [index for index, one in enumerate(lines) if one.name == lines[number].name]
    return lines[number].name + (f"[{same.index(number) + 1}]" if len(same) > 1 else "")


def _field_changes(path: str, old: _Line, new: _Line, delimiters: Delimiters) -> Iterator[tuple[str, Json]]:
    before, after = dict(old.fields), dict(new.fields)
    for number in sorted({*before, *after}):
        was, now = before.get(number, ""), after.get(number, "")
        if not was or not now:
            yield f"{path}-{number}", now or None
        elif was != now:
            yield from _repetition_changes(f"{path}-{number}", was, now, delimiters)


def _repetition_changes(path: str, was: str, now: str, delimiters: Delimiters) -> Iterator[tuple[str, Json]]:
    olds, news = was.split(delimiters.repetition), now.split(delimiters.repetition)
    separators = (delimiters.component, delimiters.subcomponent)
    for operation, first, last, begin, end in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if operation == "equal":
            continue
        both = min(last - first, end - begin)
        for number in range(begin, end):
            place = f"{path}[{number + 1}]" if len(news) > 1 else path
            if number < begin + both:
                yield from _part_changes(place, olds[first + number - begin], news[number], separators)
            else:
                yield place, news[number]
        for number in range(first + both, last):
            yield f"{path}[{number + 1}]", None


def _part_changes(path: str, was: str, now: str, separators: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    """Components, then subcomponents, of a value that differs."""
    if was == now:
        return
    if not was or not now or not any(separator in was + now for separator in separators):
        yield path, now or None
        return
    olds, news = was.split(separators[0]), now.split(separators[0])
    length = max(len(olds), len(news))
    olds += [""] * (length - len(olds))
    news += [""] * (length - len(news))
    for number, (one, other) in enumerate(zip(olds, news, strict=True), 1):
        yield from _part_changes(f"{path}.{number}", one, other, separators[1:])
