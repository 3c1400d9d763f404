"""Changes of some rows of a code map: what they cost does not depend on how many other rows there are.

The rows of one source code know nothing of those of another, so only the rows of touched codes are checked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench.kernel.errors import Refused
from workbench.terminology.code_map import CodeMap, CodeMapRow, map_problem
from workbench.terminology.edits import RowKey, row_from_json, row_to_json

Changed = tuple[CodeMapRow | None, CodeMapRow | None]
"""A row before, which is one of the map's own (None: it is added at the end), and after (None: it is taken out)."""


@dataclass(frozen=True, slots=True)
class PutRows:
    """Put rows in the place of others, add rows at the end, take rows out: one step for as many as wanted.

    rows  the name of a row and what stands there afterwards; a name that is not there yet adds the row
    """

    rows: tuple[tuple[RowKey, CodeMapRow | None], ...]

    def apply(self, code_map: CodeMap) -> tuple[CodeMap, PutRows]:
        """The map, and what undoes this on it (a row that was taken out comes back at the end).

        raises  Refused TERM-0020: a row that is to go is not there; TERM-0021: the result would be no valid map
        """
        changes: list[Changed] = []
        for key, after in self.rows:
            before = _named(code_map, key)
            if before is None and after is None:
                raise Refused("TERM-0020", f"{code_map.id} has no such row any more.", "Look at the map as it is now.")
            changes.append((before, after))
        result = changed(code_map, changes)
        return result, PutRows(tuple((key, before) for (key, _), (before, _) in zip(self.rows, changes, strict=True)))


def put_rows(code_map: CodeMap, changes: Sequence[Changed]) -> PutRows:
    """The changes as an edit that can be written down.

    raises  Refused TERM-0021: the result would be no valid map
    """
    _check(code_map, _touched(code_map, changes))
    added: dict[tuple[str, str, str], int] = {}
    named: list[tuple[RowKey, CodeMapRow | None]] = []
    for before, after in changes:
        row = before or after
        if row is None:
            continue
        same = [each for each in code_map.rows_of(row.source.code) if _identity(each) == _identity(row)]
        if before is not None:
            place = next(number for number, each in enumerate(same) if each is before)
        else:
            place = len(same) + added.get(_identity(row), 0)
            added[_identity(row)] = added.get(_identity(row), 0) + 1
        named.append((RowKey(row.source.system, row.source.code, row.sender, place), after))
    return PutRows(tuple(named))


def changed(code_map: CodeMap, changes: Sequence[Changed]) -> CodeMap:
    """The map after the changes.

    raises  Refused TERM-0021: the result would be no valid map
    """
    touched = _touched(code_map, changes)
    _check(code_map, touched)
    instead = {id(before): after for before, after in changes if before is not None}
    rows: list[CodeMapRow | None] = (
        [instead.get(id(row), row) for row in code_map.rows] if instead else [*code_map.rows]
    )
    rows += [after for before, after in changes if before is None]
    return code_map.with_rows(tuple(row for row in rows if row is not None), touched)


def _touched(code_map: CodeMap, changes: Sequence[Changed]) -> dict[str, tuple[CodeMapRow, ...]]:
    """All rows, after the changes, of each source code that they concern."""
    instead = {id(before): after for before, after in changes if before is not None}
    codes = dict.fromkeys(row.source.code for pair in changes for row in pair if row is not None)
    touched = {code: [instead.get(id(row), row) for row in code_map.rows_of(code)] for code in codes}
    for before, after in changes:
        if before is None and after is not None:
            touched[after.source.code].append(after)
    return {code: tuple(row for row in rows if row is not None) for code, rows in touched.items()}


def _check(code_map: CodeMap, touched: Mapping[str, tuple[CodeMapRow, ...]]) -> None:
    problem = map_problem(replace(code_map, rows=tuple(row for rows in touched.values() for row in rows)))
    if problem:
        raise Refused("TERM-0021", problem[1], "Nothing was changed.")


def _named(code_map: CodeMap, key: RowKey) -> CodeMapRow | None:
    same = [each for each in code_map.rows_of(key.code) if _identity(each) == (key.sender, key.system, key.code)]
    return same[key.place] if key.place < len(same) else None


def _identity(row: CodeMapRow) -> tuple[str, str, str]:
    return (row.sender, *row.source.identity)


def to_json(edit: PutRows) -> list[Any]:
    """The edit as JSON values."""
    return [[asdict(key), None if row is None else row_to_json(row)] for key, row in edit.rows]


def from_json(value: Sequence[Any]) -> PutRows:
    """The edit that `to_json` wrote; raises KeyError, TypeError, ValueError for anything else."""
    return PutRows(tuple((RowKey(**key), None if row is None else row_from_json(row)) for key, row in value))
