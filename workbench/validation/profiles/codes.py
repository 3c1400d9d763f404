"""Codes against the value sets that a profile binds to an element."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from workbench.validation.profiles.evaluate import YES, Answer, Outcome
from workbench.validation.profiles.expressions import InSet, ProfilePath, Step
from workbench.validation.profiles.model import (
    CodeLocation,
    CodeUsage,
    SingleCode,
    Strength,
)
from workbench.validation.profiles.nodes import Place, ValueNode, resolve
from workbench.validation.profiles.plan import Bound, CodeBook


class CodeFinding(NamedTuple):
    """A rule, what its sentence needs, and the place of the element."""

    rule: str
    args: dict[str, str]
    place: Place


class _Written(NamedTuple):
    """A code as the message has it; `system` None when the location has no place for one."""

    code: str
    system: str | None
    place: Place


def judge_bound(bound: Bound, node: ValueNode) -> Iterator[CodeFinding]:
    """What is wrong with the code of a bound element that is there."""
    if any(book.excluded for book in bound.books):
        return
    written = list(_written(node, bound.locations))
    if not written:
        return
    place, first = node.place, written[0].code
    if bound.strength is Strength.UNDETERMINED:
        yield CodeFinding("V2-0559", {"sets": bound.names}, place)
    for name in bound.absent:
        yield CodeFinding("V2-0560", {"set": name}, place)
    books = [book for book in bound.books if not book.empty]
    if bound.absent or not books:
        return
    hits = [(each, code, book) for each in written for book in books for code in book.find(each.code)]
    exact = [hit for hit in hits if _system_fits(hit[0].system, hit[1].system)]
    if not exact:
        yield _not_found(bound, written[0], any(hit[0].system == "" for hit in hits), place)
        return
    if len({hit[0].place for hit in exact}) > 1:
        yield CodeFinding("V2-0554", {"sets": bound.names}, place)
    _, code, book = exact[0]
    if code.usage is CodeUsage.EXCLUDED:
        required = bound.strength is Strength.REQUIRED
        yield CodeFinding("V2-0555" if required else "V2-0563", {"value": first, "set": book.id}, place)
    elif code.usage is CodeUsage.PERMITTED:
        yield CodeFinding("V2-0556", {"value": first, "set": book.id}, place)
        if book.closed:
            yield CodeFinding("V2-0557", {"value": first, "set": book.id}, place)


def _not_found(bound: Bound, written: _Written, without_system: bool, place: Place) -> CodeFinding:
    value = written.code if not written.system else f"{written.code} ({written.system})"
    if without_system:
        return CodeFinding("V2-0553", {"value": value, "sets": bound.names}, place)
    rule = "V2-0551" if bound.strength is Strength.REQUIRED else "V2-0552"
    return CodeFinding(rule, {"value": value, "sets": bound.names}, place)


def _system_fits(written: str | None, wanted: str) -> bool:
    return written is None or not wanted or written == wanted


def _written(node: ValueNode, locations: Iterable[CodeLocation]) -> Iterator[_Written]:
    for location in locations:
        code = _text_at(node, location.code)
        if code is not None:
            system = None if location.system is None else _text_at(node, location.system)
            yield _Written(code.value, None if location.system is None else system.value if system else "", code.place)


def _text_at(node: ValueNode, path: ProfilePath) -> ValueNode | None:
    found = resolve(node, path.steps)
    value = found[0] if found else None
    return value if isinstance(value, ValueNode) else None


def judge_single(single: SingleCode, node: ValueNode) -> CodeFinding | None:
    """An element that must hold exactly one code; None when it does."""
    places: list[Place] = []
    for location in single.locations:
        written = list(_written(node, (location,)))
        if written and written[0].code == single.code and _system_fits(written[0].system, single.system):
            places.append(written[0].place)
    if len(places) == 1:
        return None
    found = list(_written(node, single.locations))
    place = found[0].place if found else node.place
    if places:
        place = node.place
    args = {"code": single.code, "system": single.system, "value": found[0].code if found else ""}
    return CodeFinding("V2-0558", args, place)


def set_test(books: Mapping[str, CodeBook], test: InSet, node: ValueNode) -> Outcome:
    """The answer of a `ValueSet` test for one element."""
    book = books.get(test.value_set)
    if book is None or book.excluded:
        return Outcome(Answer.OPEN, None, f"the value set {test.value_set} is not there")
    if node.primitive:
        code: ValueNode | None = node
        system: ValueNode | None = None
    else:
        place = test.component or 1
        code = _text_at(node, ProfilePath((Step(place, 1),)))
        coded = node.plan.type_name in ("CE", "CWE", "CNE", "CF")
        system = _text_at(node, ProfilePath((Step(place + 2, 1),))) if coded else None
    if code is None:
        return YES
    for known in book.find(code.value):
        if node.primitive or _system_fits(system.value if system else None, known.system):
            return YES
    return Outcome(Answer.NO, node)
