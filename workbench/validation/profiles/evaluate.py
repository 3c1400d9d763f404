"""Whether a statement holds for an element of a message.

The answer is one of three: it holds, it does not, or it cannot be decided. What cannot be decided (a plug-in of
another program, a comparison with a value that has parts) is a finding about the profile, never about the message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from workbench.validation.profiles.expressions import (
    All,
    Compared,
    Counted,
    ExactlyOne,
    Expression,
    Foreign,
    Implies,
    InSet,
    Matches,
    Not,
    OneOf,
    Operator,
    PathsCompared,
    Presence,
    ProfilePath,
    SetNumber,
    Some,
    WhenAbsent,
)
from workbench.validation.profiles.nodes import Node, ValueNode, resolve, texts_at, value_at


class Answer(Enum):
    """The three answers."""

    YES = "yes"
    NO = "no"
    OPEN = "open"


class Outcome(NamedTuple):
    """An answer, with the element that decided a no, or why the question stays open.

    denied  the test that holds and should not; its element is looked for only when somebody asks
    """

    answer: Answer
    node: Node | None = None
    reason: str = ""
    denied: Expression | None = None


YES = Outcome(Answer.YES)
NO = Outcome(Answer.NO)

SetTest = Callable[[InSet, ValueNode], Outcome]
"""Looks a value up in a value set of the profile."""


def evaluate(test: Expression, node: Node, in_set: SetTest) -> Outcome:
    """The answer for one element."""
    return _TESTS[type(test)](test, node, in_set)


def _open(reason: str) -> Outcome:
    return Outcome(Answer.OPEN, None, reason)


def _presence(test: Presence, node: Node, _: SetTest) -> Outcome:
    return YES if resolve(node, test.path.steps) else NO


def _values(path: ProfilePath, node: Node) -> list[ValueNode] | Outcome:
    """The primitive values at a path; an open outcome when one of them has parts or is no value."""
    found: list[ValueNode] = []
    for each in resolve(node, path.steps):
        if not isinstance(each, ValueNode) or not each.primitive:
            return _open(f"the element at {path} has parts and no value of its own")
        found.append(each)
    return found


def _absent(when: WhenAbsent, path: ProfilePath) -> Outcome:
    if when is WhenAbsent.PASS:
        return YES
    return NO if when is WhenAbsent.FAIL else _open(f"there is no value at {path}")


def _each(
    path: ProfilePath, node: Node, when_absent: WhenAbsent, at_least_once: bool, fits: Callable[[str], bool]
) -> Outcome:
    texts = texts_at(node, path.steps)
    if texts is None:
        return _open(f"the element at {path} has parts and no value of its own")
    if not texts:
        return _absent(when_absent, path)
    misfits = [number for number, text in enumerate(texts) if not fits(text)]
    if not misfits or (at_least_once and len(misfits) < len(texts)):
        return YES
    return Outcome(Answer.NO, value_at(node, path.steps, misfits[0]))


def _one_of(test: OneOf, node: Node, _: SetTest) -> Outcome:
    if test.numeric:
        numbers = {_number(text) for text in test.texts}
        return _each(test.path, node, test.when_absent, test.at_least_once, lambda text: _number(text) in numbers)
    if test.ignore_case:
        folded = {text.casefold() for text in test.texts}
        return _each(test.path, node, test.when_absent, test.at_least_once, lambda text: text.casefold() in folded)
    return _each(test.path, node, test.when_absent, test.at_least_once, lambda text: text in test.texts)


@lru_cache(maxsize=2048)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _matches(test: Matches, node: Node, _: SetTest) -> Outcome:
    pattern = _pattern(test.pattern)
    return _each(
        test.path, node, test.when_absent, test.at_least_once, lambda text: pattern.fullmatch(text) is not None
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_ORDER: dict[Operator, Callable[[object, object], bool]] = {
    Operator.EQ: lambda a, b: a == b,
    Operator.NE: lambda a, b: a != b,
    Operator.LT: lambda a, b: a < b,  # type: ignore[operator]
    Operator.LE: lambda a, b: a <= b,  # type: ignore[operator]
    Operator.GT: lambda a, b: a > b,  # type: ignore[operator]
    Operator.GE: lambda a, b: a >= b,  # type: ignore[operator]
}


def _compared(test: Compared, node: Node, _: SetTest) -> Outcome:
    values = _values(test.path, node)
    if isinstance(values, Outcome):
        return values
    if not values:
        return _absent(test.when_absent, test.path)
    order = _ORDER[test.operator]
    misfits: list[ValueNode] = []
    for value in values:
        if not test.numeric:
            fits = order(value.value, test.value)
        else:
            left, right = _number(value.value), _number(test.value)
            if left is None or right is None:
                return _open(f"the value at {test.path} is no number")
            fits = order(left, right)
        if not fits:
            misfits.append(value)
    if not misfits or (test.at_least_once and len(misfits) < len(values)):
        return YES
    return Outcome(Answer.NO, misfits[0])


def _paths_compared(test: PathsCompared, node: Node, _: SetTest) -> Outcome:
    first, second = texts_at(node, test.first.steps), texts_at(node, test.second.steps)
    for path, texts in ((test.first, first), (test.second, second)):
        if texts is None:
            return _open(f"the element at {path} has parts and no value of its own")
    if not first or not second:
        if not first and not second:
            return _absent(test.when_absent, test.first)
        return Outcome(Answer.NO, value_at(node, (test.first if first else test.second).steps, 0))
    order = _ORDER[test.operator]
    of_first = all if test.every[0] else any
    of_second = all if test.every[1] else any
    if of_first(of_second(order(a, b) for b in second) for a in first):
        return YES
    return Outcome(Answer.NO, value_at(node, test.first.steps, 0))


def _in_set(test: InSet, node: Node, in_set: SetTest) -> Outcome:
    for value in resolve(node, test.path.steps):
        if not isinstance(value, ValueNode):
            return _open(f"the element at {test.path} is no value")
        outcome = in_set(test, value)
        if outcome.answer is not Answer.YES:
            return outcome
    return YES


def _set_number(test: SetNumber, node: Node, _: SetTest) -> Outcome:
    if isinstance(node, ValueNode):
        return _open("only groups and segments are counted")
    texts = texts_at(node, test.path.steps)
    if not texts:
        return _open(f"there is no value at {test.path}")
    return YES if texts[0] == str(node.number) else Outcome(Answer.NO, value_at(node, test.path.steps, 0))


def _counted(test: Counted, node: Node, _: SetTest) -> Outcome:
    for parent in resolve(node, test.parent.steps):
        values = _values(test.element, parent)
        if isinstance(values, Outcome):
            return values
        for number, value in enumerate(values, start=1):
            if value.value != str(number):
                return Outcome(Answer.NO, value)
    return YES


def _all(test: All, node: Node, in_set: SetTest) -> Outcome:
    return _first_other(YES, Answer.YES, test.parts, node, in_set)


def _first_other(usual: Outcome, answer: Answer, parts: Iterable[Expression], node: Node, in_set: SetTest) -> Outcome:
    """The first part whose answer is not the given one."""
    for part in parts:
        outcome = evaluate(part, node, in_set)
        if outcome.answer is not answer:
            return outcome
    return usual


def _some(test: Some, node: Node, in_set: SetTest) -> Outcome:
    last = NO
    for part in test.parts:
        last = evaluate(part, node, in_set)
        if last.answer is not Answer.NO:
            return last
    return last


def _exactly_one(test: ExactlyOne, node: Node, in_set: SetTest) -> Outcome:
    first, second = evaluate(test.first, node, in_set), evaluate(test.second, node, in_set)
    for outcome in (first, second):
        if outcome.answer is Answer.OPEN:
            return outcome
    return YES if first.answer is not second.answer else NO


def _not(test: Not, node: Node, in_set: SetTest) -> Outcome:
    outcome = evaluate(test.part, node, in_set)
    if outcome.answer is Answer.OPEN:
        return outcome
    if outcome.answer is Answer.NO:
        return YES
    return Outcome(Answer.NO, denied=test.part)


def decided_by(outcome: Outcome, node: Node) -> Node | None:
    """The element on which a no rests, where one can be named; `node` is what was asked about."""
    if outcome.node is not None or outcome.denied is None:
        return outcome.node
    path = getattr(outcome.denied, "path", None)
    found = resolve(node, path.steps) if isinstance(path, ProfilePath) else []
    return found[0] if found else None


def _implies(test: Implies, node: Node, in_set: SetTest) -> Outcome:
    premise = evaluate(test.premise, node, in_set)
    if premise.answer is not Answer.YES:
        return YES if premise.answer is Answer.NO else premise
    return evaluate(test.conclusion, node, in_set)


def _foreign(test: Foreign, _node: Node, _: SetTest) -> Outcome:
    return _open(test.reason)


_TESTS: dict[type, Callable[..., Outcome]] = {
    Presence: _presence,
    OneOf: _one_of,
    Matches: _matches,
    Compared: _compared,
    PathsCompared: _paths_compared,
    InSet: _in_set,
    SetNumber: _set_number,
    Counted: _counted,
    All: _all,
    Some: _some,
    ExactlyOne: _exactly_one,
    Not: _not,
    Implies: _implies,
    Foreign: _foreign,
}
