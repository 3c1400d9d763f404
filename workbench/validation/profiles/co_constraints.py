"""Tables of co-constraints: which rows (mostly OBX segments) must be there, and what their values must be.

A row is recognised by its selectors and must then fit its constraints. Rows of a group belong together by the value
of a field (OBX-4); a group is there when its primary row is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from workbench.validation.profiles.codes import judge_bound
from workbench.validation.profiles.evaluate import Answer, SetTest, evaluate
from workbench.validation.profiles.expressions import ProfilePath
from workbench.validation.profiles.fields import Finding, place_of
from workbench.validation.profiles.model import (
    Cardinality,
    Cell,
    CellCode,
    CellText,
    CoConstraints,
    Row,
    RowGroup,
    Usage,
)
from workbench.validation.profiles.nodes import GroupNode, Node, Place, SegmentNode, ValueNode, resolve
from workbench.validation.profiles.plan import Bound, CodeBook

Told = tuple[Finding, Node]


def judge_table(
    table: CoConstraints, root: GroupNode, in_set: SetTest, books: Mapping[str, CodeBook]
) -> Iterator[Told]:
    """The findings of one table in every context of a message."""
    for context in resolve(root, table.context.steps):
        if table.condition is not None:
            outcome = evaluate(table.condition, context, in_set)
            if outcome.answer is Answer.OPEN:
                yield Finding("V2-0584", {"reason": outcome.reason}, Place()), context
            if outcome.answer is not Answer.YES:
                continue
        segments = [node for node in resolve(context, table.segment.steps) if isinstance(node, SegmentNode)]
        for row in table.rows:
            yield from _judge_row(row, segments, context, books, "")
        for group in table.groups:
            yield from _judge_group(group, table.group_ids, segments, context, books)


def _judge_group(
    group: RowGroup,
    ids: tuple[ProfilePath, ...],
    segments: list[SegmentNode],
    context: Node,
    books: Mapping[str, CodeBook],
) -> Iterator[Told]:
    members: dict[str, list[SegmentNode]] = {}
    for segment in segments:
        members.setdefault(_group_id(segment, ids), []).append(segment)
    there = {
        key: inside for key, inside in members.items() if any(_selected(group.primary, each, books) for each in inside)
    }
    name = f"The group {group.name}"
    if not there:
        if group.usage is Usage.R or group.cardinality.least > 0:
            demand = f"{name} is required: there is no {_described(group.primary)}"
            yield Finding("V2-0571", {"demand": demand}, Place()), context
        return
    if not _within(len(there), group.cardinality):
        demand = f"{name} stands here {len(there)} times, allowed is {group.cardinality}"
        yield Finding("V2-0571", {"demand": demand}, Place()), context
    for inside in there.values():
        where = f" in the group {group.name}"
        for row in (group.primary, *group.rows):
            yield from _judge_row(row, inside, context, books, where)


def _group_id(segment: SegmentNode, ids: Iterable[ProfilePath]) -> str:
    for path in ids:
        found = resolve(segment, path.steps)
        if found and isinstance(found[0], ValueNode):
            return found[0].value
    return ""


def _judge_row(
    row: Row, segments: list[SegmentNode], context: Node, books: Mapping[str, CodeBook], where: str
) -> Iterator[Told]:
    chosen = [segment for segment in segments if _selected(row, segment, books)]
    if not chosen:
        if row.usage is Usage.R:
            demand = f"There is no {_described(row)}{where}"
            yield Finding("V2-0571", {"demand": demand}, Place()), context
        return
    if not _within(len(chosen), row.cardinality):
        demand = f"{_described(row)} stands here {len(chosen)} times{where}, allowed is {row.cardinality}"
        yield Finding("V2-0571", {"demand": demand}, Place()), context
    for segment in chosen:
        for cell in row.constraints:
            wrong = _failing(cell, segment, books)
            if wrong is not None:
                demand = f"In {_described(row)}{where}, {_demand_of(cell)}"
                yield Finding("V2-0571", {"demand": demand}, place_of(wrong)), wrong


def _within(count: int, limits: Cardinality) -> bool:
    return count >= limits.least and (limits.most is None or count <= limits.most)


def _selected(row: Row, segment: SegmentNode, books: Mapping[str, CodeBook]) -> bool:
    return all(_failing(cell, segment, books) is None for cell in row.selectors)


def _failing(cell: Cell, segment: SegmentNode, books: Mapping[str, CodeBook]) -> Node | None:
    """The element that does not fit a cell, the segment when it is not there; None when the cell is met."""
    found = [node for node in resolve(segment, cell.path.steps) if isinstance(node, ValueNode)]
    if not found:
        return segment
    if isinstance(cell, CellText):
        return next((node for node in found if not node.primitive or node.value != cell.value), None)
    for node in found:
        if isinstance(cell, CellCode):
            if not _has_code(cell, node):
                return node
            continue
        known = tuple(books[name] for name in cell.binding.sets if name in books)
        bound = Bound(known, (), cell.binding.strength, cell.binding.locations, ", ".join(cell.binding.sets))
        if any(finding.rule in ("V2-0551", "V2-0552", "V2-0553") for finding in judge_bound(bound, node)):
            return node
    return None


def _has_code(cell: CellCode, node: ValueNode) -> bool:
    for location in cell.locations:
        code = resolve(node, location.code.steps)
        system = resolve(node, location.system.steps) if location.system else []
        if not code or not isinstance(code[0], ValueNode) or code[0].value != cell.code:
            continue
        if not location.system:
            return True
        if system and isinstance(system[0], ValueNode) and system[0].value == cell.system:
            return True
    return False


def _described(row: Row) -> str:
    return "segment with " + " and ".join(_words(cell, "is") for cell in row.selectors)


def _demand_of(cell: Cell) -> str:
    return _words(cell, "must be")


def _words(cell: Cell, verb: str) -> str:
    label = cell.label or str(cell.path)
    if isinstance(cell, CellText):
        return f"{label} {verb} {cell.value}"
    if isinstance(cell, CellCode):
        return f"{label} {verb} {cell.code} ({cell.system})"
    return f"{label} {verb} a code of {', '.join(cell.binding.sets)}"
