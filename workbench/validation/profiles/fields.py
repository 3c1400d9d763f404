"""What a profile finds in one value: a repetition of a field, with its components and subcomponents.

A verdict depends on the raw text alone, so a field remembers what it found for the values it has seen.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from workbench.v2.delimiters import NULL, Delimiters
from workbench.v2.escapes import unescape
from workbench.validation.profiles.codes import judge_bound, judge_single
from workbench.validation.profiles.evaluate import Answer, Outcome, SetTest, decided_by, evaluate
from workbench.validation.profiles.model import Predicate, Statement, Usage
from workbench.validation.profiles.nodes import Node, Place, ValueNode, below, has_content, resolve, split_value
from workbench.validation.profiles.plan import FieldPlan, ValuePlan
from workbench.validation.v2_plan import JUDGED_TOGETHER, judge_escapes, judge_together
from workbench.validation.v2_plan import Finding as StandardFinding

REMEMBERED_VALUES = 1024
REMEMBERED_LENGTH = 128
REPORTED_PER_FIELD = 50

_CONFORMANCE_LENGTH = re.compile(r"(\d+)([#=]?)")


class Finding(NamedTuple):
    """What is wrong in a segment, at a place inside it.

    within  the characters of the field that are meant, from its first one; None when that is still to be worked out
    tail    the path after the name of the segment, such as `-3[2].1`; "" as long as `within` is None
    """

    rule: str
    args: dict[str, str]
    place: Place
    within: tuple[int, int] | None = None
    tail: str = ""


Found = list[Finding]


class Bench(NamedTuple):
    """What judging a value needs besides its plan."""

    delimiters: Delimiters
    in_set: SetTest


def judge_field(plan: FieldPlan, raw: str, bench: Bench) -> tuple[Finding, ...]:
    """Everything about one field that is not empty, remembered."""
    found: Found = []
    _judge_field(plan, raw, bench, found)
    verdict = (
        () if not found else tuple([located(finding, raw, bench.delimiters) for finding in found[:REPORTED_PER_FIELD]])
    )
    if len(raw) <= REMEMBERED_LENGTH:
        if len(plan.verdicts) >= REMEMBERED_VALUES:
            plan.verdicts.clear()
        plan.verdicts[raw] = verdict
    return verdict


def located(finding: Finding, raw: str, delimiters: Delimiters) -> Finding:
    """The finding with where it stands in the raw text of its field."""
    rule, args, place, _, _ = finding
    single = place.repetition <= 1 and (not delimiters.repetition or delimiters.repetition not in raw)
    return Finding(rule, args, place, characters_of(raw, place, delimiters), _path_within(place, single))


def _path_within(place: Place, single: bool) -> str:
    """`-3[2].1`; a repetition that stands alone is not numbered."""
    repetition = "" if single else f"[{place.repetition}]"
    return f"-{place.field}{repetition}" + "".join(f".{n}" for n in (place.component, place.subcomponent) if n)


def lacking(position: int, plan: ValuePlan) -> Finding:
    """A field with usage R or RE that is not there, with where it would stand."""
    return absent(plan, Place(position, 1))._replace(within=(0, 0), tail=f"-{position}")


def characters_of(raw: str, place: Place, delimiters: Delimiters) -> tuple[int, int]:
    """The characters of a field that stand at a place in it; where nothing stands, the empty range at the end."""
    start, text = 0, raw
    levels = (
        (delimiters.repetition, place.repetition),
        (delimiters.component, place.component),
        (delimiters.subcomponent, place.subcomponent),
    )
    for separator, number in levels:
        if not number:
            break
        parts = text.split(separator) if separator else [text]
        if number > len(parts):
            return start + len(text), start + len(text)
        start += sum(map(len, parts[: number - 1])) + number - 1
        text = parts[number - 1]
    return start, start + len(text)


def _judge_field(plan: FieldPlan, raw: str, bench: Bench, found: Found) -> None:
    element, position = plan.value.element, plan.position
    separator = bench.delimiters.repetition
    texts = [raw] if plan.value.literal or not separator else raw.split(separator)
    filled = [n for n, text in enumerate(texts, start=1) if has_content(text, bench.delimiters)]
    if not filled:
        if element.usage in (Usage.R, Usage.RE):
            found.append(absent(plan.value, Place(position, 1)))
        return
    if element.usage in (Usage.X, Usage.W):
        found.extend(Finding(_BARRED[element.usage], {"name": element.name}, Place(position, n)) for n in filled)
        return
    limits, last = element.cardinality, filled[-1]
    too_many = limits.most is not None and last > limits.most
    if too_many or last < limits.least:
        names = {"name": element.name, "count": str(len(filled)), "range": str(limits)}
        found.append(Finding("V2-0505" if too_many else "V2-0506", names, Place(position, last)))
    if len(filled) > 1 and NULL in texts:
        found.append(Finding("V2-0507", {"name": element.name}, Place(position, last)))
    for number in filled:
        value = plan.value
        for variant, flavour in plan.variants:
            if variant.occurrence == number:
                value = flavour
        judge_value(value, texts[number - 1], Place(position, number), bench, found)


_BARRED = {Usage.X: "V2-0503", Usage.W: "V2-0504"}


def absent(plan: ValuePlan, place: Place) -> Finding:
    """An element with usage R or RE that is not there."""
    rule = "V2-0501" if plan.element.usage is Usage.R else "V2-0502"
    return Finding(rule, {"name": plan.element.name}, place)


def judge_value(plan: ValuePlan, text: str, place: Place, bench: Bench, found: Found) -> None:
    """One value that has content."""
    if plan.opaque or (place.component and text in plan.clean):
        return
    before = len(found)
    null = text == NULL
    if plan.parts:
        if not null:
            _judge_parts(plan, text, place, bench, found)
    elif not null:
        _judge_primitive(plan, text, place, bench.delimiters, found)
    if not null and not place.component and plan.type_name in JUDGED_TOGETHER:
        _judge_together(plan, text, place, bench.delimiters, found)
    if plan.ruled and not (null and plan.parts):
        _judge_rules(plan, ValueNode(plan, None, place, text, bench.delimiters), null, bench, found)
    if place.component and len(found) == before and len(text) <= REMEMBERED_LENGTH:
        if len(plan.clean) >= REMEMBERED_VALUES:
            plan.clean.clear()
        plan.clean.add(text)


def _judge_together(plan: ValuePlan, text: str, place: Place, delimiters: Delimiters, found: Found) -> None:
    """Check digits, structured numerics and encapsulated data, as the standard has them."""
    said: list[StandardFinding] = []
    judge_together(plan.type_name, split_value(text, place, delimiters), delimiters, place.repetition, said)
    found.extend(Finding(each.rule, each.args, place._replace(component=each.component)) for each in said)


def _judge_escapes(text: str, place: Place, delimiters: Delimiters, found: Found) -> None:
    said: list[StandardFinding] = []
    judge_escapes(text, delimiters.escape, (place.repetition, place.component, place.subcomponent), said)
    found.extend(Finding(each.rule, each.args, place) for each in said)


def _judge_rules(plan: ValuePlan, node: ValueNode, null: bool, bench: Bench, found: Found) -> None:
    """Codes, and what statements and predicates of the data type say; of a null value, its code alone is judged."""
    for bound in plan.bound:
        found.extend([Finding(*finding) for finding in judge_bound(bound, node)])
    for single in plan.singles:
        wrong = judge_single(single, node)
        if wrong is not None:
            found.append(Finding(*wrong))
    if null:
        return
    for predicate in plan.predicates:
        found.extend(judge_predicate(predicate, node, bench.in_set))
    for statement in plan.statements:
        finding = judge_statement(statement, node, bench.in_set)
        if finding is not None:
            found.append(finding)


def _judge_parts(plan: ValuePlan, text: str, place: Place, bench: Bench, found: Found) -> None:
    if place.subcomponent:
        return  # nothing can divide it further
    parts = split_value(text, place, bench.delimiters)
    if len(parts) > len(plan.parts) and any(has_content(part, bench.delimiters) for part in parts[len(plan.parts) :]):
        args = {"name": plan.label, "most": str(len(plan.parts)), "count": str(len(parts))}
        found.append(Finding("V2-0515", args, place))
    count = len(parts)
    for number, inner in plan.demands:
        there = number <= count and has_content(parts[number - 1], bench.delimiters)
        usage = inner.element.usage
        if not there:
            if usage is Usage.R or usage is Usage.RE:
                found.append(absent(inner, below(place, number)))
        elif usage is Usage.X or usage is Usage.W:
            found.append(Finding(_BARRED[usage], {"name": inner.element.name}, below(place, number)))
    for number, (part, inner) in enumerate(zip(parts, plan.parts, strict=False), start=1):
        if part and has_content(part, bench.delimiters):
            judge_value(inner, part, below(place, number), bench, found)


def _judge_primitive(plan: ValuePlan, text: str, place: Place, delimiters: Delimiters, found: Found) -> None:
    if not plan.literal and not place.subcomponent:
        separators = delimiters.subcomponent if place.component else delimiters.component + delimiters.subcomponent
        text = text.rstrip(separators) or text
        if plan.check is None:
            for separator in separators:
                if separator in text:
                    found.append(Finding("V2-0514", {"name": plan.label, "separator": separator}, place))
                    break
    value = text
    if not plan.literal and delimiters.escape and delimiters.escape in text:
        _judge_escapes(text, place, delimiters, found)
        value = unescape(text, delimiters)
    if plan.check is not None and not plan.check(value):
        found.append(Finding("V2-0513", {"name": plan.label, "type": plan.type_name, "value": value}, place))
    if plan.element.constant and value != plan.element.constant:
        args = {"name": plan.label, "constant": plan.element.constant, "value": value}
        found.append(Finding("V2-0516", args, place))
    _judge_length(plan, value, place, found)


def _judge_length(plan: ValuePlan, value: str, place: Place, found: Found) -> None:
    length, count = plan.element.length, len(value)
    if plan.strict_length and not length.stated:
        found.append(Finding("V2-0581", {"name": plan.label}, place))
        return
    if (length.least is not None and count < length.least) or (length.most is not None and count > length.most):
        limits = f"{length.least or 0} to {'any' if length.most is None else length.most}"
        found.append(Finding("V2-0511", {"name": plan.label, "limits": limits, "count": str(count)}, place))
    elif length.conformance:
        match = _CONFORMANCE_LENGTH.fullmatch(length.conformance)
        if match is not None and match.group(2) == "=" and count > int(match.group(1)):
            args = {"name": plan.label, "limit": match.group(1), "count": str(count)}
            found.append(Finding("V2-0512", args, place))


def judge_statement(statement: Statement, node: Node, in_set: SetTest) -> Finding | None:
    """A conformance statement about an element; its finding is told at the target, or at what decided it."""
    outcome = evaluate(statement.test, node, in_set)
    if outcome.answer is Answer.YES:
        return None
    if outcome.answer is Answer.OPEN:
        return Finding("V2-0582", {"statement": statement.id, "reason": outcome.reason}, place_of(node))
    rule = "V2-0541" if statement.strict else "V2-0542"
    args = {"statement": statement.id, "demand": statement.text}
    return Finding(rule, args, place_of(told_at(statement, node, outcome)))


def told_at(statement: Statement, node: Node, outcome: Outcome) -> Node:
    """What decided it, else the target if it is there, else the element the statement is attached to."""
    decisive = decided_by(outcome, node)
    if decisive is not None:
        return decisive
    target = resolve(node, statement.target.steps) if statement.target.steps else []
    return target[0] if target else node


def place_of(node: Node) -> Place:
    return node.place if isinstance(node, ValueNode) else Place()


def judge_predicate(predicate: Predicate, node: Node, in_set: SetTest) -> list[Finding]:
    """The usage that a predicate gives to a part of a value or segment."""
    return [finding for finding, _ in predicate_findings(predicate, node, in_set)]


def predicate_findings(predicate: Predicate, node: Node, in_set: SetTest) -> list[tuple[Finding, Node]]:
    """The findings with the element that has or lacks the part."""
    steps = predicate.target.steps
    if not steps:
        return []
    holders = resolve(node, steps[:-1])
    if not holders:
        return []
    outcome = evaluate(predicate.test, node, in_set)
    reason = outcome.reason if outcome.answer is Answer.OPEN else ""
    if isinstance(holders[0], ValueNode) and holders[0].primitive:
        reason = f"the element at {predicate.target} has no such part"
    if reason:
        args = {"statement": predicate.id or str(predicate.target), "reason": reason}
        return [(Finding("V2-0583", args, place_of(node)), node)]
    usage = predicate.when_true if outcome.answer is Answer.YES else predicate.when_false
    found: list[tuple[Finding, Node]] = []
    demanded, barred = usage is Usage.R, usage is Usage.X or usage is Usage.W
    if not demanded and not barred:
        return found
    args = {"condition": predicate.text, "usage": usage.value}
    for holder in holders:
        present = holder.members(steps[-1])
        if present and barred:
            found.extend((Finding("V2-0532", args, place_of(each)), each) for each in present)
        elif not present and demanded:
            named = {**args, "name": name_of_member(holder, steps[-1].place)}
            found.append((Finding("V2-0531", named, missing_place(holder, steps[-1].place)), holder))
    return found


def name_of_member(holder: Node, place: int) -> str:
    """The name of a member that is not there."""
    if isinstance(holder, ValueNode):
        return holder.plan.parts[place - 1].element.name if place <= len(holder.plan.parts) else ""
    members: tuple[object, ...] = getattr(holder.plan, "fields", ()) or getattr(holder.plan, "members", ())
    if place > len(members):
        return ""
    member = members[place - 1]
    return member.value.element.name if isinstance(member, FieldPlan) else str(getattr(member, "name", ""))


def missing_place(holder: Node, place: int) -> Place:
    """Where a member would stand."""
    if isinstance(holder, ValueNode):
        return below(holder.place, place)
    return Place(place, 1)
