"""The tests of conditions on what a source has read, whatever the standard."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from workbench.mapping.conditions import Check, Operand, Relation
from workbench.mapping.directions.fhir_json import primitive_text
from workbench.mapping.directions.running import Frame, Holds, Node, Reader
from workbench.mapping.model import Json
from workbench.terminology.code_map import CodeMap


def text_test(check: Check, read: Reader, codes: Mapping[str, CodeMap]) -> Holds:
    """The test of the texts of a source against what the check wants.

    raises  KeyError: a code map that is not there
    """
    if check.test is Relation.UNEQUAL:
        unwanted = check.values[0]
        return lambda frame: not any(frame.run.document.text(node) == unwanted for node in read(frame))
    if check.test is Relation.IN_CODES:
        code_map = codes[check.values[0]]
        return lambda frame: any(
            code_map.translate(text, sender=frame.run.sender) for node in read(frame) for text in _codes_of(frame, node)
        )
    if check.test is Relation.MATCHES:
        pattern = re.compile(check.values[0])
        return lambda frame: any(pattern.fullmatch(frame.run.document.text(node)) for node in read(frame))
    wanted = frozenset(check.values)
    return lambda frame: any(frame.run.document.text(node) in wanted for node in read(frame))


def same_text(one: Reader, two: Reader) -> Holds:
    """The test whether a text of the one place is also one of the other."""

    def texts(frame: Frame, read: Reader) -> set[str]:
        return {text for node in read(frame) if (text := frame.run.document.text(node))}

    return lambda frame: not texts(frame, one).isdisjoint(texts(frame, two))


def number_test(relation: Relation, number: int, other: int) -> bool:
    """How two numbers stand to one another."""
    match relation:
        case Relation.EQUAL:
            return number == other
        case Relation.UNEQUAL:
            return number != other
        case Relation.LESS:
            return number < other
        case Relation.AT_MOST:
            return number <= other
        case Relation.MORE:
            return number > other
        case _:
            return number >= other


def _codes_of(frame: Frame, node: Node) -> list[str]:
    value = node.value
    if isinstance(value, dict):
        codings = value.get("coding", [value])
        return (
            [str(one["code"]) for one in codings if isinstance(one, dict) and "code" in one]
            if isinstance(codings, list)
            else []
        )
    return [frame.run.document.text(node)]


def value_test(check: Check, read: Callable[[Json], list[Json]]) -> Callable[[Json], bool]:
    """The test of a check on the values read."""
    if check.operand is Operand.COUNT:
        count = int(check.values[0])
        return lambda value: number_test(check.test, len(read(value)), count)
    if check.operand is Operand.LENGTH:
        length = int(check.values[0])
        return lambda value: any(
            number_test(check.test, own, length) for own in [len(primitive_text(each)) for each in read(value)] or [0]
        )
    if check.test is Relation.VALUED:
        return lambda value: any(each is not None for each in read(value))
    if check.test is Relation.UNEQUAL:
        unwanted = check.values[0]
        return lambda value: not any(primitive_text(each) == unwanted for each in read(value))
    if check.test is Relation.MATCHES:
        pattern = re.compile(check.values[0])
        return lambda value: any(pattern.fullmatch(primitive_text(each)) for each in read(value))
    wanted = frozenset(check.values)
    return lambda value: any(primitive_text(each) in wanted for each in read(value))
