"""`coconstraints.xml` and `slicings.xml` of NIST/IGAMT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbench.validation.profiles.expressions import ProfilePath
from workbench.validation.profiles.igamt_constraints import read_expression
from workbench.validation.profiles.igamt_vocabulary import read_locations, read_set_binding
from workbench.validation.profiles.model import (
    Cardinality,
    Cell,
    CellCode,
    CellSet,
    CellText,
    CoConstraints,
    Defect,
    Row,
    RowGroup,
    Scope,
    Slice,
    Slicing,
    Usage,
)
from workbench.validation.profiles.xml_source import XmlNode


def read_co_constraints(root: XmlNode | None, defects: list[Defect]) -> Mapping[str, tuple[CoConstraints, ...]]:
    """The tables by the id of their message."""
    found: dict[str, tuple[CoConstraints, ...]] = {}
    for message in root.named("ByMessage") if root else ():
        tables: list[CoConstraints] = []
        for context in message.named("Context"):
            for segment in context.named("Segment"):
                for node in segment.named("SimpleTable", "ConditionalTable"):
                    try:
                        tables.append(_table(node, context, segment))
                    except ValueError as error:
                        defects.append(Defect("co-constraints", f"line {node.line}: {error}"))
        found[message.get("ID")] = tuple(tables)
    return found


def _table(node: XmlNode, context: XmlNode, segment: XmlNode) -> CoConstraints:
    condition = node.first("Condition")
    assertion = condition.first("Assertion") if condition else None
    ids = [path for group in node.named("CoConstraintGroupId") for path in group.named("IdPath")]
    ids.sort(key=lambda path: int(path.get("Priority") or 0))
    return CoConstraints(
        ProfilePath.parse(context.get("Path")),
        ProfilePath.parse(segment.get("Path")),
        segment.get("Name"),
        tuple(_row(row) for row in node.named("CoConstraint")),
        tuple(_group(group) for group in node.named("CoConstraintGroup")),
        read_expression(assertion) if assertion else None,
        condition.text_of("Description") if condition else "",
        tuple(ProfilePath.parse(path.get("Path")) for path in ids),
    )


def _group(node: XmlNode) -> RowGroup:
    primary = node.first("Primary")
    if primary is None:
        raise ValueError("a group without its primary co-constraint")
    rows = tuple(_row(row) for row in node.named("CoConstraint"))
    return RowGroup(node.get("Name"), _row(primary), rows, _usage(node), _cardinality(node))


def _row(node: XmlNode) -> Row:
    return Row(tuple(_cells(node, "Selectors")), tuple(_cells(node, "Constraints")), _usage(node), _cardinality(node))


def _cells(node: XmlNode, part: str) -> Iterator[Cell]:
    for holder in node.named(part):
        for cell in holder.children:
            path = ProfilePath.parse(cell.get("Path"))
            if cell.name == "PlainText":
                yield CellText(path, cell.get("Name"), cell.get("Value"))
            elif cell.name == "Code":
                yield CellCode(path, cell.get("Name"), cell.get("Code"), cell.get("CodeSystem"), read_locations(cell))
            elif cell.name == "ValueSet":
                binding = cell.first("ValueSetBinding")
                if binding is not None:
                    yield CellSet(path, cell.get("Name"), read_set_binding(binding))
            else:
                raise ValueError(f"{cell.name} is no cell of a co-constraint")


def _usage(node: XmlNode) -> Usage:
    return Usage(node.get("Usage") or "O")


def _cardinality(node: XmlNode) -> Cardinality:
    most = node.get("Max", "*")
    return Cardinality(int(node.get("Min") or 0), int(most) if most.isdigit() else None)


def read_slicings(root: XmlNode | None, defects: list[Defect]) -> tuple[Slicing, ...]:
    """Which flavours the instances of a segment or field have."""
    if root is None:
        return ()
    found: list[Slicing] = []
    for part in root.named("SegmentSlicing"):
        for message in part.named("Message"):
            for owner in message.children:
                scope = Scope.GROUP if owner.name == "GroupContext" else Scope.MESSAGE
                found.extend(_slicings(owner, scope, owner.get("ID") or message.get("ID"), defects))
    for part in root.named("FieldSlicing"):
        for owner in part.named("SegmentContext"):
            found.extend(_slicings(owner, Scope.SEGMENT, owner.get("ID"), defects))
    return tuple(found)


def _slicings(owner: XmlNode, scope: Scope, context: str, defects: list[Defect]) -> Iterator[Slicing]:
    for node in owner.named("AssertionSlicing", "OccurrenceSlicing"):
        if not node.get("Position").isdigit():
            defects.append(Defect(context, f"line {node.line}: slicing without a position"))
            continue
        slices = tuple(
            Slice(
                each.get("Ref"),
                int(each.get("Occurrence") or 0),
                read_expression(each.first("Assertion")) if each.first("Assertion") else None,
            )
            for each in node.named("Slice")
        )
        yield Slicing(scope, context, int(node.get("Position")), slices)
