"""A package taken apart into entries that can be named, compared and merged one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from workbench.mapping.model import Json, LedgerRule, MapKind, MessageMap, Package, Rule, RuleMap
from workbench.mapping.writing import (
    Plain,
    plain_header,
    plain_ledger_rule,
    plain_message_map,
    plain_row,
    plain_rule,
    plain_rule_map,
)
from workbench.terminology.code_map import CodeMap, CodeMapRow, cells_of

PACKAGE = "package.yaml"
CODES = "codes"
MESSAGES = "messages"
_PARTS_OF_MAP = frozenset({"map", "rules", "rows", "groups", "ignore", "keep"})
_PARTS_OF_RULE = frozenset({"id", "rules", "first-of"})


class EntryKind(StrEnum):
    """What an entry is, in the words people read."""

    SETTING = "setting"
    MAP = "map"
    GROUP = "group"
    ROW = "row"
    RULE = "rule"
    IGNORE = "ignore rule"
    KEEP = "keep rule"
    CODE = "code"


@dataclass(frozen=True, slots=True, order=True)
class EntryName:
    """An entry within its package.

    map  `segments/PID-Patient`, `codes/allergens`, `package.yaml`
    id   of the rule, row or group; the source code of a code row; "" of the map or package itself
    """

    map: str
    kind: EntryKind
    id: str = ""

    def __str__(self) -> str:
        return f"{self.map}: {self.kind} {self.id}" if self.id else self.map


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry and where it stands.

    plain   its keys in the language, without its id and without the entries below it
    parent  id of the block it stands in, "" for the map itself
    """

    name: EntryName
    plain: Plain
    parent: str = ""


def entries(package: Package, without: Collection[str] = ()) -> dict[EntryName, Entry]:
    """Everything the package's own files say, in the order of its maps and rules.

    without  maps to leave out: `segments/PID-Patient`
    """
    head = plain_header(package.header)
    found = [Entry(EntryName(PACKAGE, EntryKind.SETTING), _without(head, "ignore", "keep"))]
    found += _ledger_rules(PACKAGE, package.header.ignore, package.header.keep)
    for name in sorted(package.messages):
        if f"{MESSAGES}/{name}" not in without:
            found += _of_message_map(package.messages[name])
    for rule_map in package.rule_maps():
        if f"{rule_map.kind}/{rule_map.name}" not in without:
            found += _of_rule_map(rule_map)
    for name in sorted(package.codes):
        if f"{CODES}/{name}" not in without:
            found += _of_code_map(package.codes[name])
    return {entry.name: entry for entry in found}


def same_maps(one: Package, other: Package) -> set[str]:
    """The maps that are one and the same object in both packages, as after edits of other maps."""
    folders: tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...] = (
        (MESSAGES, one.messages, other.messages),
        (str(MapKind.SEGMENT), one.segments, other.segments),
        (str(MapKind.TYPE), one.types, other.types),
        (CODES, one.codes, other.codes),
    )
    return {f"{folder}/{name}" for folder, mine, theirs in folders for name in mine if mine[name] is theirs.get(name)}


def plain_code_row(row: CodeMapRow) -> Plain:
    """A row of a code map by the names of its columns; its name and what is empty are left out."""
    return {key: cell for key, cell in cells_of(row).items() if cell and key != "source_code"}


def code_row_names(code_map: CodeMap) -> tuple[str, ...]:
    """A name for each row, in order: its source code, with the sender, and a number from the second target on."""
    seen: dict[str, int] = {}
    names = []
    for row in code_map.rows:
        name = f"{row.source.code} ({row.sender})" if row.sender else row.source.code
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return tuple(names)


def _of_message_map(found: MessageMap) -> Iterator[Entry]:
    where = f"messages/{found.name}"
    yield Entry(EntryName(where, EntryKind.MAP), _without(plain_message_map(found), *_PARTS_OF_MAP))
    groups = plain_message_map(found).get("groups")
    for name, group in groups.items() if isinstance(groups, dict) else ():
        yield Entry(EntryName(where, EntryKind.GROUP, name), group)
    for row in found.rows:
        yield Entry(EntryName(where, EntryKind.ROW, row.id), _without(plain_row(row), "id"))
    yield from _ledger_rules(where, found.ignore, found.keep)


def _of_rule_map(found: RuleMap) -> Iterator[Entry]:
    where = f"{found.kind}/{found.name}"
    yield Entry(EntryName(where, EntryKind.MAP), _without(plain_rule_map(found), *_PARTS_OF_MAP))
    yield from _rules(where, found.rules, "")
    yield from _ledger_rules(where, found.ignore, found.keep)


def _rules(where: str, rules: tuple[Rule, ...], parent: str) -> Iterator[Entry]:
    for rule in rules:
        plain = _without(plain_rule(rule), *_PARTS_OF_RULE)
        if rule.first_of:
            plain["block"] = "first-of"
        yield Entry(EntryName(where, EntryKind.RULE, rule.id), plain, parent)
        yield from _rules(where, rule.children, rule.id)


def _of_code_map(found: CodeMap) -> Iterator[Entry]:
    where = f"{CODES}/{found.id}"
    head: dict[str, Json] = {
        "title": found.title,
        "url": found.url,
        "version": found.version,
        "status": str(found.status),
        "source_system": found.source_system,
        "target_system": found.target_system,
        "unmapped": str(found.unmapped or ""),
        "default": found.default.code if found.default else "",
        "citation": found.citation,
    }
    yield Entry(EntryName(where, EntryKind.MAP), {key: value for key, value in head.items() if value})
    for name, row in zip(code_row_names(found), found.rows, strict=True):
        yield Entry(EntryName(where, EntryKind.CODE, name), plain_code_row(row))


def _ledger_rules(where: str, ignore: tuple[LedgerRule, ...], keep: tuple[LedgerRule, ...]) -> list[Entry]:
    return [
        Entry(EntryName(where, kind, rule.id), _without(plain_ledger_rule(rule), "id"))
        for kind, rules in ((EntryKind.IGNORE, ignore), (EntryKind.KEEP, keep))
        for rule in rules
    ]


def _without(plain: Plain, *keys: str) -> Plain:
    return {key: value for key, value in plain.items() if key not in keys}
