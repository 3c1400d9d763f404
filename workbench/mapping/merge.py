"""Merging two changes of one thing that began as the same: key by key, and lists of rules by their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from workbench.mapping.edits import DropMap, Edit, PutCodeMap, PutText
from workbench.mapping.files import (
    CODES,
    Content,
    content_of,
    file_names,
    plain_content,
    read_plain,
    with_content,
)
from workbench.mapping.model import Json, Package
from workbench.mapping.save import merged_text, text_of
from workbench.terminology.code_map import CodeMap, CodeMapRow


class Side(StrEnum):
    """Whose change stands where both changed the same."""

    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place both sides changed differently; None where a side has nothing there.

    path  keys and ids from the outside in: `rules`, `pid-8`, `codes`
    """

    path: tuple[str, ...]
    old: Json
    mine: Json
    theirs: Json


@dataclass(frozen=True, slots=True)
class Merged:
    """What both sides say together; where they contradict each other, what the preferred side says."""

    value: Json
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class FileConflict:
    """A place of a file both sides changed differently."""

    file: str
    conflict: Conflict


@dataclass(frozen=True, slots=True)
class MergedPackage:
    """A package with both sides' changes; the conflicts stand as the preferred side has them."""

    package: Package
    conflicts: tuple[FileConflict, ...]


def merged(old: Json, mine: Json, theirs: Json, prefer: Side = Side.MINE) -> Merged:
    """Three-way merge of plain values; None stands for "not there"."""
    conflicts: list[Conflict] = []
    value = _value(old, mine, theirs, prefer, (), conflicts)
    return Merged(value, tuple(conflicts))


def merged_packages(old: Package, mine: Package, theirs: Package, prefer: Side = Side.MINE) -> MergedPackage:
    """Two states of a package that both come from `old`; layout and comments are theirs where both changed a file.

    raises  Refused MAP-0102, MAP-0103: what comes out is no map (two entries with one id)
    """
    result, conflicts = mine, []
    names = dict.fromkeys((*file_names(mine), *file_names(theirs), *file_names(old)))
    for name in names:
        ours, other, before = content_of(mine, name), content_of(theirs, name), content_of(old, name)
        if other == before and theirs.texts.get(name) == old.texts.get(name):
            continue
        if ours == before and mine.layout.get(name) == old.layout.get(name):
            result = _laid_out(with_content(result, name, other), name, theirs)
            continue
        both = merged(_plain(before), _plain(ours), _plain(other), prefer)
        conflicts += [FileConflict(name, conflict) for conflict in both.conflicts]
        content = _content(name, both.value, ours or other or before)
        result = with_content(result, name, content)
        if isinstance(content, CodeMap) or content is None or other is None:
            continue
        text = merged_text(text_of(theirs, name), name, plain_content(content))
        result = _with_layout(result, name, text)
    return MergedPackage(result, tuple(conflicts))


def edits_between(before: Package, after: Package) -> tuple[Edit, ...]:
    """The edits, a file at a time, that make one package say what the other says, comments and layout included."""
    edits: list[Edit] = []
    names = file_names(after)
    for name in names:
        old, new = content_of(before, name), content_of(after, name)
        if old != new or _text(before, name) != _text(after, name):
            edits.append(PutText(name, text_of(after, name)))
    for name in file_names(before):
        if name not in names:
            gone = content_of(before, name)
            edits.append(
                PutCodeMap(gone.id, None) if isinstance(gone, CodeMap) else DropMap(name.removesuffix(".yaml"))
            )
    return tuple(edits)


def _text(package: Package, name: str) -> str | None:
    """What a file's layout is taken from."""
    return package.layout.get(name, package.texts.get(name))


def _value(old: Json, mine: Json, theirs: Json, prefer: Side, path: tuple[str, ...], conflicts: list[Conflict]) -> Json:
    if mine == theirs or theirs == old:
        return mine
    if mine == old:
        return theirs
    if isinstance(mine, dict) and isinstance(theirs, dict):
        before = old if isinstance(old, dict) else {}
        return _mapping(before, mine, theirs, prefer, path, conflicts)
    if _has_ids(mine) and _has_ids(theirs):
        return _entries(_by_id(old), _by_id(mine), _by_id(theirs), prefer, path, conflicts)
    conflicts.append(Conflict(path, old, mine, theirs))
    return mine if prefer is Side.MINE else theirs


def _mapping(
    old: Mapping[str, Json],
    mine: Mapping[str, Json],
    theirs: Mapping[str, Json],
    prefer: Side,
    path: tuple[str, ...],
    conflicts: list[Conflict],
) -> Json:
    found = {
        key: _value(old.get(key), mine.get(key), theirs.get(key), prefer, (*path, key), conflicts)
        for key in dict.fromkeys((*mine, *theirs))
    }
    return {key: value for key, value in found.items() if value is not None}


def _entries(
    old: Mapping[str, Json],
    mine: Mapping[str, Json],
    theirs: Mapping[str, Json],
    prefer: Side,
    path: tuple[str, ...],
    conflicts: list[Conflict],
) -> Json:
    """Entries by id, in the order of the side that changed it; what only the other has stands behind its neighbour."""
    common = [name for name in old if name in mine and name in theirs]
    reordered = [name for name in mine if name in common] != common
    order, others = (list(mine), list(theirs)) if reordered else (list(theirs), list(mine))
    for place, name in enumerate(others):
        if name not in order:
            behind = next((other for other in reversed(others[:place]) if other in order), None)
            order.insert(order.index(behind) + 1 if behind else 0, name)
    found = [_value(old.get(n), mine.get(n), theirs.get(n), prefer, (*path, n), conflicts) for n in order]
    return [entry for entry in found if entry is not None]


def _has_ids(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and "id" in item for item in value)


def _by_id(value: Json) -> dict[str, Json]:
    return {item["id"]: item for item in value} if isinstance(value, list) and _has_ids(value) else {}


def _plain(content: Content | None) -> Json:
    if isinstance(content, CodeMap):
        return [{"id": _row_id(row, number), "row": row} for number, row in _numbered(content.rows)]
    return None if content is None else plain_content(content)


def _content(name: str, plain: Json, like: Content | None) -> Content | None:
    if plain is None:
        return None
    if not name.startswith(f"{CODES}/"):
        return read_plain(name, plain)
    assert isinstance(like, CodeMap) and isinstance(plain, list)
    return replace(like, rows=tuple(item["row"] for item in plain))


def _numbered(rows: Sequence[CodeMapRow]) -> list[tuple[int, CodeMapRow]]:
    seen: dict[tuple[str, str], int] = {}
    found = []
    for row in rows:
        key = (row.sender, row.source.code)
        seen[key] = seen.get(key, 0) + 1
        found.append((seen[key], row))
    return found


def _row_id(row: CodeMapRow, number: int) -> str:
    return f"{row.sender}|{row.source.code}|{number}"


def _laid_out(package: Package, name: str, like: Package) -> Package:
    text = like.layout.get(name, like.texts.get(name))
    return package if text is None or content_of(like, name) is None else _with_layout(package, name, text)


def _with_layout(package: Package, name: str, text: str) -> Package:
    return replace(package, layout={**package.layout, name: text})
