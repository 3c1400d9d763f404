"""A message against a profile, as findings that name segments and groups; `profile_validator` makes issues of them."""

from __future__ import annotations

from collections.abc import Sequence
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
    judge_field,
    judge_predicate,
    judge_statement,
    lacking,
    located,
    place_of,
    predicate_findings,
    told_at,
)
from workbench.validation.profiles.layout import Shape, lay_out
from workbench.validation.profiles.model import Predicate, Statement
from workbench.validation.profiles.nodes import GroupNode, Node, Place, SegmentNode, ValueNode
from workbench.validation.profiles.plan import MemberPlan, MessagePlan, SegmentPlan

REMEMBERED_ANSWERS = 1024


class Told(NamedTuple):
    """Findings with what they are about.

    segment  where it is told; for a missing segment or group, the one its group begins with
    member   name of the segment or group that is meant as a whole, "" for a place inside `segment`
    """

    findings: Sequence[Finding]
    segment: Segment
    member: str = ""


def judge_message(plan: MessagePlan, message: Message) -> list[Told]:
    """Everything the profile finds, structure first."""
    names = tuple([segment.name for segment in message.segments])
    layout = lay_out(plan, names)
    judge = _Judge(plan, message)
    for each in layout.misplaced:
        args = {"name": each.name, "count": str(each.count), "range": each.limits}
        segment = message.segments[each.segment]
        judge.told.append(Told((Finding(each.rule, args, Place()),), segment, each.name or "line"))
    judge.judge(layout.root)
    return judge.told


class _Judge:
    def __init__(self, plan: MessagePlan, message: Message) -> None:
        self.told: list[Told] = []
        self._plan = plan
        self._message = message
        self._delimiters: Delimiters = message.delimiters
        self._bench = Bench(message.delimiters, self._in_set)

    def _in_set(self, test: InSet, node: ValueNode) -> Outcome:
        return set_test(self._plan.books, test, node)

    def judge(self, shape: Shape) -> None:
        root = self._node(shape)
        self._judge_group(root)
        for table in self._plan.tables:
            self.told.extend(
                self._told(finding, node) for finding, node in judge_table(table, root, self._in_set, self._plan.books)
            )

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

    def _judge_group(self, node: GroupNode) -> None:
        for rule in node.plan.rules:
            if isinstance(rule, Predicate):
                self.told.extend(
                    self._told_of_predicate(rule, finding, about)
                    for finding, about in predicate_findings(rule, node, self._in_set)
                )
            else:
                self._judge_group_statement(rule, node)
        for nodes in node.content.values():
            for each in nodes:
                if isinstance(each, GroupNode):
                    self._judge_group(each)
                else:
                    found = self._judge_segment(each)
                    if found:
                        self.told.append(Told(found, each.segment))

    def _told_of_predicate(self, predicate: Predicate, finding: Finding, about: Node) -> Told:
        if isinstance(about, GroupNode) and finding.rule != "V2-0583" and finding.place.field:
            member = about.member_plan(predicate.target.steps[-1].place)
            bare = Finding(finding.rule, finding.args, Place())
            return Told((bare,), self._message.segments[about.start], member.name if member else about.plan.name)
        return self._told(finding, about)

    def _judge_group_statement(self, statement: Statement, node: GroupNode) -> None:
        outcome = evaluate(statement.test, node, self._in_set)
        if outcome.answer is Answer.YES:
            return
        if outcome.answer is Answer.OPEN:
            args = {"statement": statement.id, "reason": outcome.reason}
            self.told.append(self._told(Finding("V2-0582", args, Place()), node))
            return
        about = told_at(statement, node, outcome)
        rule = "V2-0541" if statement.strict else "V2-0542"
        args = {"statement": statement.id, "demand": statement.text}
        self.told.append(self._told(Finding(rule, args, place_of(about)), about))

    def _told(self, finding: Finding, node: Node) -> Told:
        if isinstance(node, GroupNode):
            return Told((finding,), self._message.segments[node.start], node.plan.name)
        if isinstance(node, SegmentNode):
            return Told((finding,), node.segment)
        segment = node.segment if node.segment is not None else self._message.segments[0]
        return Told((finding,), segment)

    def _judge_segment(self, node: SegmentNode) -> list[Finding]:
        plan, fields = node.plan, node.segment.fields
        count, bench = len(fields), self._bench
        found: list[Finding] = []
        for position in plan.demanded:
            if position >= count or not fields[position]:
                lack = plan.absences.get(position)
                if lack is None:
                    lack = plan.absences[position] = lacking(position, plan.fields[position - 1].value)
                found.append(lack)
        for raw, field_plan in zip(fields, plan.settled, strict=False):
            if raw and field_plan is not None:
                verdict = field_plan.verdicts.get(raw)
                if verdict is None:
                    verdict = judge_field(field_plan, raw, bench)
                if verdict:
                    found.extend(verdict)
        for position in plan.dynamic:
            if position < count and fields[position]:
                found.extend(self._judge_dynamic(plan, position, fields[position], fields))
        if plan.fields and count > len(plan.settled) and any(fields[len(plan.settled) :]):
            args = {"name": node.segment.name, "most": str(len(plan.fields)), "count": str(count - 1)}
            found.append(Finding("V2-0515", args, Place()))
        if plan.watched:
            padded = fields if count > plan.reach else fields + [""] * (plan.reach + 1 - count)
            for rules, key_of, memory in plan.watched:
                if memory is None or key_of is None:
                    found.extend(self._ask(rules, node))
                    continue
                key = key_of(padded)
                said = memory.get(key)
                if said is None:
                    said = self._answer(rules, key, memory, node)
                if said:
                    found.extend(said)
        return found

    def _answer(
        self,
        rules: tuple[Statement | Predicate, ...],
        key: str | tuple[str, ...],
        memory: dict[str | tuple[str, ...], tuple[Finding, ...]],
        node: SegmentNode,
    ) -> tuple[Finding, ...]:
        """Ask the rules about a segment and remember what they say."""
        fields = node.segment.fields
        found = tuple([self._measured(finding, fields) for finding in self._ask(rules, node)])
        if len(memory) >= REMEMBERED_ANSWERS:
            memory.clear()
        memory[key] = found
        return found

    def _judge_dynamic(self, plan: SegmentPlan, position: int, raw: str, fields: list[str]) -> tuple[Finding, ...]:
        chosen = plan.field_plan(position, fields)
        if chosen is None:
            reference = plan.dynamic[position].reference
            value = fields[reference] if reference < len(fields) else ""
            return (Finding("V2-0517", {"value": value}, Place(position, 1)),)
        found = chosen.verdicts.get(raw)
        return judge_field(chosen, raw, self._bench) if found is None else found

    def _measured(self, finding: Finding, fields: list[str]) -> Finding:
        position = finding.place.field
        if not position or position >= len(fields):
            return finding
        return located(finding, fields[position], self._delimiters)

    def _ask(self, rules: tuple[Statement | Predicate, ...], node: SegmentNode) -> tuple[Finding, ...]:
        found: list[Finding] = []
        for rule in rules:
            if isinstance(rule, Predicate):
                found.extend(judge_predicate(rule, node, self._in_set))
            else:
                finding = judge_statement(rule, node, self._in_set)
                if finding is not None:
                    found.append(finding)
        return tuple(found)
