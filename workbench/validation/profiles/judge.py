"""A message against a profile, as findings that name segments and groups; `profile_validator` makes issues of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from workbench.v2.delimiters import Delimiters
from workbench.v2.er7 import Message, Segment
from workbench.validation.profiles.co_constraints import judge_table
from workbench.validation.profiles.codes import set_test
from workbench.validation.profiles.evaluate import Answer, Outcome, evaluate
from workbench.validation.profiles.expressions import InSet
from workbench.validation.profiles.fields import (
    Bench,
    Finding,
    absent,
    characters_of,
    judge_field,
    judge_predicate,
    judge_statement,
    place_of,
    predicate_findings,
    told_at,
)
from workbench.validation.profiles.layout import Layout, Shape, lay_out
from workbench.validation.profiles.model import Predicate, Statement
from workbench.validation.profiles.nodes import GroupNode, Node, Place, SegmentNode, ValueNode
from workbench.validation.profiles.plan import MemberPlan, MessagePlan, SegmentPlan, Watched

REMEMBERED_ANSWERS = 1024


class Told(NamedTuple):
    """A finding with what it is about.

    segment  where it is told; for a missing segment or group, the one its group begins with
    member   name of the segment or group that is meant as a whole, "" for a place inside `segment`
    """

    finding: Finding
    segment: Segment
    member: str = ""


def judge_message(plan: MessagePlan, message: Message) -> Iterator[Told]:
    """Everything the profile finds, structure first."""
    names = tuple([segment.name for segment in message.segments])
    layout = lay_out(plan, names)
    for each in layout.misplaced:
        args = {"name": each.name, "count": str(each.count), "range": each.limits}
        yield Told(Finding(each.rule, args, Place()), message.segments[each.segment], each.name or "line")
    yield from _Judge(plan, message, layout).all()


class _Judge:
    def __init__(self, plan: MessagePlan, message: Message, layout: Layout) -> None:
        self._plan = plan
        self._message = message
        self._layout = layout
        self._delimiters: Delimiters = message.delimiters
        self._bench = Bench(message.delimiters, self._in_set)

    def _in_set(self, test: InSet, node: ValueNode) -> Outcome:
        return set_test(self._plan.books, test, node)

    def all(self) -> Iterator[Told]:
        root = self._node(self._layout.root)
        yield from self._judge_group(root)
        for table in self._plan.tables:
            for finding, node in judge_table(table, root, self._in_set, self._plan.books):
                yield self._told(finding, node)

    def _node(self, shape: Shape) -> GroupNode:
        content: dict[int, list[GroupNode | SegmentNode]] = {}
        for place, there in shape.content.items():
            member = shape.plan.members[place - 1]
            nodes: list[GroupNode | SegmentNode] = []
            for number, each in enumerate(there, start=1):
                if isinstance(each, Shape):
                    nodes.append(self._node(each))
                else:
                    node = self._segment_node(member, self._message.segments[each], number)
                    if node is not None:
                        nodes.append(node)
            content[place] = nodes
        return GroupNode(shape.plan, shape.number, shape.start, content)

    def _segment_node(self, member: MemberPlan, segment: Segment, number: int) -> SegmentNode | None:
        if member.segment is None:
            return None
        node = SegmentNode(member.segment, segment, number, self._delimiters)
        for variant, plan in member.variants:
            fits = variant.occurrence == number
            if variant.test is not None:
                fits = evaluate(variant.test, node, self._in_set).answer is Answer.YES
            if fits:
                return SegmentNode(plan, segment, number, self._delimiters)
        return node

    def _judge_group(self, node: GroupNode) -> Iterator[Told]:
        for predicate in node.plan.predicates:
            for finding, about in predicate_findings(predicate, node, self._in_set):
                yield self._told_of_predicate(predicate, finding, about)
        for nodes in node.content.values():
            for each in nodes:
                if isinstance(each, GroupNode):
                    yield from self._judge_group(each)
                else:
                    segment = each.segment
                    for finding in self._judge_segment(each):
                        yield Told(finding, segment)
        for statement in node.plan.statements:
            yield from self._judge_group_statement(statement, node)

    def _told_of_predicate(self, predicate: Predicate, finding: Finding, about: Node) -> Told:
        if isinstance(about, GroupNode) and finding.rule != "V2-0583" and finding.place.field:
            member = about.member_plan(predicate.target.steps[-1].place)
            bare = Finding(finding.rule, finding.args, Place())
            return Told(bare, self._message.segments[about.start], member.name if member else about.plan.name)
        return self._told(finding, about)

    def _judge_group_statement(self, statement: Statement, node: GroupNode) -> Iterator[Told]:
        outcome = evaluate(statement.test, node, self._in_set)
        if outcome.answer is Answer.YES:
            return
        if outcome.answer is Answer.OPEN:
            args = {"statement": statement.id, "reason": outcome.reason}
            yield self._told(Finding("V2-0582", args, Place()), node)
            return
        about = told_at(statement, node, outcome)
        rule = "V2-0541" if statement.strict else "V2-0542"
        args = {"statement": statement.id, "demand": statement.text}
        yield self._told(Finding(rule, args, place_of(about)), about)

    def _told(self, finding: Finding, node: Node) -> Told:
        if isinstance(node, GroupNode):
            return Told(finding, self._message.segments[node.start], node.plan.name)
        if isinstance(node, SegmentNode):
            return Told(finding, node.segment)
        segment = node.segment if node.segment is not None else self._message.segments[0]
        return Told(finding, segment)

    def _judge_segment(self, node: SegmentNode) -> Iterator[Finding]:
        plan, fields = node.plan, node.segment.fields
        count = len(fields)
        for position in plan.demanded:
            if position >= count or not fields[position]:
                yield absent(plan.fields[position - 1].value, Place(position, 1))
        for position, field_plan in enumerate(plan.fields[: count - 1], start=1):
            raw = fields[position]
            if not raw:
                continue
            if position in plan.dynamic:
                yield from self._judge_dynamic(plan, position, raw, fields)
                continue
            found = field_plan.verdicts.get(raw)
            yield from judge_field(field_plan, raw, self._bench) if found is None else found
        if count - 1 > len(plan.fields) and any(fields[len(plan.fields) + 1 :]):
            args = {"name": node.segment.name, "most": str(len(plan.fields)), "count": str(count - 1)}
            yield Finding("V2-0515", args, Place())
        for watched in plan.watched:
            yield from self._judge_watched(watched, node, fields)

    def _judge_dynamic(self, plan: SegmentPlan, position: int, raw: str, fields: list[str]) -> Iterator[Finding]:
        chosen = plan.field_plan(position, fields)
        if chosen is None:
            reference = plan.dynamic[position].reference
            value = fields[reference] if reference < len(fields) else ""
            yield Finding("V2-0517", {"value": value}, Place(position, 1))
            return
        found = chosen.verdicts.get(raw)
        yield from judge_field(chosen, raw, self._bench) if found is None else found

    def _judge_watched(self, watched: Watched, node: SegmentNode, fields: list[str]) -> tuple[Finding, ...]:
        rule, positions, memory = watched
        if memory is None:
            return self._ask(rule, node)
        count = len(fields)
        key = tuple([fields[position] if position < count else "" for position in positions])
        found = memory.get(key)
        if found is None:
            found = tuple([self._measured(finding, fields) for finding in self._ask(rule, node)])
            if len(memory) >= REMEMBERED_ANSWERS:
                memory.clear()
            memory[key] = found
        return found

    def _measured(self, finding: Finding, fields: list[str]) -> Finding:
        position = finding.place.field
        if not position or position >= len(fields):
            return finding
        return finding._replace(within=characters_of(fields[position], finding.place, self._delimiters))

    def _ask(self, rule: Statement | Predicate, node: SegmentNode) -> tuple[Finding, ...]:
        if isinstance(rule, Predicate):
            return tuple(judge_predicate(rule, node, self._in_set))
        finding = judge_statement(rule, node, self._in_set)
        return (finding,) if finding is not None else ()
