"""Edits of a code map: small values that can be applied, undone, written to a journal and read again.

A row is named by its source and its place among the rows of that source, so that an edit still finds it when rows
elsewhere came or went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

from workbench.kernel.errors import Refused
from workbench.terminology.code_map import CodeMap, CodeMapRow, Mark, Relationship, RowStatus, map_problem
from workbench.terminology.codes import Coding


@dataclass(frozen=True, slots=True)
class RowKey:
    """The `place`-th row (0-based) of one source code of one sender."""

    system: str
    code: str
    sender: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit did; `inverse` undoes it on the result of the edit.

    before, after  the row on either side, None where there is none
    """

    map_id: str
    before: CodeMapRow | None
    after: CodeMapRow | None
    inverse: Edit


@dataclass(frozen=True, slots=True)
class SetTarget:
    """Choose (or take away) the target of a row. Its approval, if any, falls: another target was approved.

    status  what the row is then; by default mapped, or unmapped without a target
    """

    key: RowKey
    target: Coding | None
    relationship: Relationship = Relationship.EQUIVALENT
    author: str = ""
    comment: str = ""
    status: RowStatus | None = None

    def apply(self, code_map: CodeMap) -> tuple[CodeMap, Change]:
        """raises  Refused TERM-0020: no such row; TERM-0021: the result would be no valid map"""
        usual = RowStatus.MAPPED if self.target else RowStatus.UNMAPPED
        row = code_map.rows[find_row(code_map, self.key)]
        changed = replace(
            row,
            target=self.target,
            relationship=self.relationship,
            status=self.status or usual,
            author=self.author,
            approver="",
            comment=self.comment,
        )
        return ReplaceRow(self.key, changed).apply(code_map)


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Take a row on its way: send it to review, approve, reject it, or say that it has no map.

    by       who does it; the approver when the status is approved, else kept as the author of a row without one
    comment  replaces the row's comment when not empty
    """

    key: RowKey
    status: RowStatus
    by: str = ""
    comment: str = ""

    def apply(self, code_map: CodeMap) -> tuple[CodeMap, Change]:
        """raises  Refused TERM-0020: no such row; TERM-0021: the result would be no valid map"""
        row = code_map.rows[find_row(code_map, self.key)]
        if self.status is RowStatus.APPROVED and not self.by:
            raise Refused("TERM-0021", "An approval needs the name of who approves.", "Sign in first.")
        without_target = self.status in (RowStatus.NO_MAP, RowStatus.UNMAPPED)
        changed = replace(
            row,
            status=self.status,
            target=None if without_target else row.target,
            author=row.author or ("" if self.status is RowStatus.APPROVED else self.by),
            approver=self.by if self.status is RowStatus.APPROVED else "",
            comment=self.comment or row.comment,
        )
        return ReplaceRow(self.key, changed).apply(code_map)


@dataclass(frozen=True, slots=True)
class AddRow:
    """Put a row at `index` of the map (0-based), or at its end."""

    row: CodeMapRow
    index: int | None = None

    def apply(self, code_map: CodeMap) -> tuple[CodeMap, Change]:
        """raises  Refused TERM-0021: the result would be no valid map"""
        index = len(code_map.rows) if self.index is None else self.index
        rows = (*code_map.rows[:index], self.row, *code_map.rows[index:])
        result = _checked(replace(code_map, rows=rows))
        return result, Change(code_map.id, None, self.row, RemoveRow(key_of(result, index)))


@dataclass(frozen=True, slots=True)
class RemoveRow:
    """Take a row out of the map."""

    key: RowKey

    def apply(self, code_map: CodeMap) -> tuple[CodeMap, Change]:
        """raises  Refused TERM-0020: no such row"""
        index = find_row(code_map, self.key)
        rows = (*code_map.rows[:index], *code_map.rows[index + 1 :])
        before = code_map.rows[index]
        return replace(code_map, rows=rows), Change(code_map.id, before, None, AddRow(before, index))


@dataclass(frozen=True, slots=True)
class ReplaceRow:
    """Put another row of the same source and sender in the place of a row; every change of a row comes down to this."""

    key: RowKey
    row: CodeMapRow

    def apply(self, code_map: CodeMap) -> tuple[CodeMap, Change]:
        """raises  Refused TERM-0020: no such row; TERM-0021: the result would be no valid map"""
        index = find_row(code_map, self.key)
        before = code_map.rows[index]
        if (self.row.sender, self.row.source.identity) != (before.sender, before.source.identity):
            raise Refused("TERM-0021", "A row cannot change its source code or sender.", "Remove it and add another.")
        rows = (*code_map.rows[:index], self.row, *code_map.rows[index + 1 :])
        result = _checked(replace(code_map, rows=rows))
        return result, Change(code_map.id, before, self.row, ReplaceRow(self.key, before))


Edit: TypeAlias = SetTarget | SetStatus | AddRow | RemoveRow | ReplaceRow

_EDITS: Mapping[str, type[Edit]] = {
    "set-target": SetTarget,
    "set-status": SetStatus,
    "add-row": AddRow,
    "remove-row": RemoveRow,
    "replace-row": ReplaceRow,
}
_NAMES = {edit: name for name, edit in _EDITS.items()}


def key_of(code_map: CodeMap, index: int) -> RowKey:
    """The name of the row at `index` of the map."""
    row = code_map.rows[index]
    place = sum(_same_source(earlier, row) for earlier in code_map.rows[:index])
    return RowKey(row.source.system, row.source.code, row.sender, place)


def find_row(code_map: CodeMap, key: RowKey) -> int:
    """The index of the named row.

    raises  Refused TERM-0020: the map has no such row
    """
    place = 0
    for index, row in enumerate(code_map.rows):
        if (row.source.system, row.source.code, row.sender) == (key.system, key.code, key.sender):
            if place == key.place:
                return index
            place += 1
    raise Refused("TERM-0020", f"The code map {code_map.id} has no such row any more.", "Look at the map as it is now.")


def to_json(edit: Edit) -> dict[str, Any]:
    """The edit as JSON values, with its kind under `edit`."""
    plain = {"edit": _NAMES[type(edit)], **asdict(edit)}
    if isinstance(edit, AddRow | ReplaceRow):
        plain["row"] = row_to_json(edit.row)
    return plain


def from_json(value: Mapping[str, Any]) -> Edit:
    """The edit that `to_json` wrote.

    raises  Refused TERM-0022: not an edit of a code map
    """
    try:
        parts = dict(value)
        kind = _EDITS[parts.pop("edit")]
        if "key" in parts:
            parts["key"] = RowKey(**parts["key"])
        if parts.get("target") is not None:
            parts["target"] = Coding(**parts["target"])
        if "row" in parts:
            parts["row"] = row_from_json(parts["row"])
        if "relationship" in parts:
            parts["relationship"] = Relationship(parts["relationship"])
        if parts.get("status") is not None:
            parts["status"] = RowStatus(parts["status"])
        return kind(**parts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = "An entry of the journal is not an edit of a code map."
        raise Refused("TERM-0022", text, "The entries before it are intact.") from error


def row_to_json(row: CodeMapRow) -> dict[str, Any]:
    """A row as JSON values."""
    return {**asdict(row), "marks": sorted(row.marks)}


def row_from_json(value: Mapping[str, Any]) -> CodeMapRow:
    """The row that `row_to_json` wrote; raises KeyError, TypeError, ValueError for anything else."""
    parts = dict(value)
    parts["source"] = Coding(**parts["source"])
    parts["target"] = Coding(**parts["target"]) if parts["target"] is not None else None
    parts["relationship"] = Relationship(parts["relationship"])
    parts["status"] = RowStatus(parts["status"])
    parts["remarks"] = tuple(parts["remarks"])
    parts["marks"] = frozenset(Mark(mark) for mark in parts.get("marks", ()))
    return CodeMapRow(**parts)


def _same_source(one: CodeMapRow, other: CodeMapRow) -> bool:
    return (one.sender, one.source.identity) == (other.sender, other.source.identity)


def _checked(code_map: CodeMap) -> CodeMap:
    problem = map_problem(code_map)
    if problem:
        raise Refused("TERM-0021", problem[1], "Nothing was changed.")
    return code_map
