"""What people do to a package in one go, made of edits: begin one, duplicate, switch off, rename with all that follows.

Every function gives the edits; applying them together is one step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from workbench.kernel.errors import Refused
from workbench.mapping.edits import AddRule, ChangeRule, DropMap, Edit, MapAddress, PutGroup, PutMap
from workbench.mapping.files import MESSAGES, content_of
from workbench.mapping.model import (
    Direction,
    Group,
    Header,
    MapKind,
    MessageMap,
    Package,
    Row,
    Rule,
    RuleMap,
    RuleStatus,
    Standard,
)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_STANDARDS = {"v2": Standard("HL7 v2", "2.5.1"), "fhir": Standard("FHIR", "4.0.1")}


def new_package(package_id: str, title: str = "", direction: Direction = Direction.V2_TO_FHIR) -> Package:
    """A package with nothing in it yet, as a draft of version 0.1.0.

    raises  Refused MAP-0407: the id is no name
    """
    need_name(package_id)
    source, _, target = str(direction).partition("-to-")
    header = Header(
        id=package_id,
        version="0.1.0",
        title=title,
        direction=direction,
        source=_STANDARDS[source],
        target=_STANDARDS[target],
        status=RuleStatus.DRAFT,
    )
    return Package(header)


def new_overlay(package_id: str, base: Package, extends: str, title: str = "") -> Package:
    """A site's package that changes nothing of its base yet; `extends` is the base's folder, relative to the site's.

    raises  Refused MAP-0407: the id is no name
    """
    need_name(package_id)
    header = Header(
        id=package_id,
        version="0.1.0",
        title=title,
        direction=base.header.direction,
        source=base.header.source,
        target=base.header.target,
        extends=extends,
    )
    return Package(header, base=base)


def new_map_edits(package: Package, folder: str, name: str, source: str = "", target: str = "") -> tuple[Edit, ...]:
    """A map without rules yet.

    source, target  of a segment or type map; of a message map the source is its event: `ADT^A01`
    raises          Refused MAP-0407: the name is none; MAP-0402: there is such a map already
    """
    need_name(name)
    _need_free(package, f"{folder}/{name}")
    content: RuleMap | MessageMap = (
        MessageMap(name, (source,) if source else ())
        if folder == MESSAGES
        else RuleMap(MapKind(folder), name, source, target)
    )
    return (PutMap(f"{folder}/{name}", content),)


def duplicate_edits(package: Package, where: str, rule_id: str) -> tuple[Edit, ...]:
    """A copy of a rule or row behind it, with ids that are free, as a draft.

    raises  Refused MAP-0401: no such map or rule
    """
    found = _map(package, where)
    taken = {row.id for row in found.rows} if isinstance(found, MessageMap) else {rule.id for rule in found.walk()}

    def renamed(rule: Rule) -> Rule:
        copy = replace(rule, id=_free(rule.id, taken), status=RuleStatus.DRAFT)
        return copy.with_children(tuple(renamed(child) for child in rule.children)) if rule.children else copy

    for parent, index, entry in _places(found):
        if entry.id == rule_id:
            if isinstance(entry, Rule):
                return (AddRule(where, renamed(entry), parent, index + 1),)
            copy = replace(entry, id=_free(entry.id, taken), status=RuleStatus.DRAFT)
            return (AddRule(where, copy, parent, index + 1),)
    raise Refused("MAP-0401", f"{where} has no rule {rule_id}.", "It may have been removed meanwhile.")


def switch_edits(package: Package, where: str, rule_id: str, enabled: bool) -> tuple[Edit, ...]:
    """A rule or row switched on or off; () when it is so already.

    raises  Refused MAP-0401: no such map or rule
    """
    for _, _, entry in _places(_map(package, where)):
        if entry.id == rule_id:
            changed = replace(entry, enabled=enabled)
            return () if changed == entry else (ChangeRule(where, rule_id, changed),)
    raise Refused("MAP-0401", f"{where} has no rule {rule_id}.", "It may have been removed meanwhile.")


def rename_map_edits(package: Package, where: str, name: str) -> tuple[Edit, ...]:
    """A map with another name, and every `using` or `include` that named it.

    raises  Refused MAP-0401: no such map; MAP-0402: the name is taken; MAP-0407: it is no name
    """
    need_name(name)
    address = MapAddress.parse(where)
    found = _map(package, where)
    _need_free(package, f"{address.folder}/{name}")
    edits: list[Edit] = [DropMap(where), PutMap(f"{address.folder}/{name}", replace(found, name=name))]
    for message_map in package.messages.values():
        if address.folder == MESSAGES:
            changed = replace(message_map, include=_renamed(message_map.include, address.name, name))
        else:
            rows = tuple(replace(row, using=_renamed(row.using, address.name, name)) for row in message_map.rows)
            changed = replace(message_map, rows=rows)
        if changed != message_map:
            edits.append(PutMap(f"{MESSAGES}/{message_map.name}", changed))
    if address.folder == MESSAGES:
        return tuple(edits)
    for rule_map in package.rule_maps():
        own = rule_map.name == address.name and str(rule_map.kind) == address.folder

        def use(rule: Rule) -> Rule:
            return replace(rule, using=name) if rule.using == address.name else rule

        changed_map = replace(rule_map, rules=_each_rule(rule_map.rules, use), name=name if own else rule_map.name)
        if changed_map.rules != rule_map.rules:
            edits.append(PutMap(f"{rule_map.kind}/{changed_map.name}", changed_map))
    return tuple(edits)


def rename_row_edits(package: Package, where: str, row_id: str, new_id: str) -> tuple[Edit, ...]:
    """A row with another id. Where the id is also the name of its instances, the rows that fill, follow or link to
    them say the new name, too.

    raises  Refused MAP-0401: no such map or row; MAP-0402: the id is taken; MAP-0407: it is no name
    """
    need_name(new_id)
    found = _map(package, where)
    row = found.row(row_id) if isinstance(found, MessageMap) else None
    if not isinstance(found, MessageMap) or row is None:
        raise Refused("MAP-0401", f"{where} has no row {row_id}.", "It may have been removed meanwhile.")
    edits: list[Edit] = [ChangeRule(where, row_id, replace(row, id=new_id))]
    if row.instance or row.fill:
        return tuple(edits)
    for other in found.rows:
        changed = _naming(other, row_id, new_id)
        if other.id == row_id:
            edits[0] = ChangeRule(where, row_id, replace(changed, id=new_id))
        elif changed != other:
            edits.append(ChangeRule(where, other.id, changed))
    return tuple(edits)


def rename_group_edits(package: Package, where: str, name: str, new_name: str) -> tuple[Edit, ...]:
    """A group with another name, and the groups within it and the rows that read from it.

    raises  Refused MAP-0401: no such map or group; MAP-0402: the name is taken; MAP-0407: it is no name
    """
    need_name(new_name)
    found = _map(package, where)
    group = _group(found, name)
    if group is None or not isinstance(found, MessageMap):
        raise Refused("MAP-0401", f"{where} has no group {name}.", "It may have been removed meanwhile.")
    edits: list[Edit] = [PutGroup(where, name, replace(group, name=new_name))]
    edits += [
        PutGroup(where, other.name, replace(other, within=new_name)) for other in found.groups if other.within == name
    ]
    for row in found.rows:
        head, slash, rest = row.source.partition("/")
        if head == name:
            edits.append(ChangeRule(where, row.id, replace(row, source=f"{new_name}{slash}{rest}")))
    return tuple(edits)


def need_name(name: str) -> None:
    """raises  Refused MAP-0407: it cannot name a file or an entry"""
    if not _ID.fullmatch(name):
        raise Refused("MAP-0407", f"“{name}” is no name.", "Use letters, digits, dots and dashes.")


def _naming(row: Row, before: str, after: str) -> Row:
    """The row, with the new name wherever it names the instances of another."""

    def names(text: str) -> str:
        return after if text == before else text

    return replace(
        row,
        fill=names(row.fill),
        each=names(row.each),
        link={element: names(name) for element, name in row.link.items()},
        identity=tuple(f"@{after}" if key == f"@{before}" else key for key in row.identity),
        when=re.sub(rf"\bmade {re.escape(before)}(?![\w-])", f"made {after}", row.when),
    )


def _renamed(names: tuple[str, ...], before: str, after: str) -> tuple[str, ...]:
    return tuple(after if name == before else name for name in names)


def _each_rule(rules: tuple[Rule, ...], change: Callable[[Rule], Rule]) -> tuple[Rule, ...]:
    return tuple(
        change(rule.with_children(_each_rule(rule.children, change)) if rule.children else rule) for rule in rules
    )


def _places(found: RuleMap | MessageMap) -> Iterator[tuple[str, int, Rule | Row]]:
    """(id of the block, index in it, entry) of every rule or row."""
    if isinstance(found, MessageMap):
        yield from (("", index, row) for index, row in enumerate(found.rows))
        return

    def below(rules: tuple[Rule, ...], parent: str) -> Iterator[tuple[str, int, Rule | Row]]:
        for index, rule in enumerate(rules):
            yield parent, index, rule
            yield from below(rule.children, rule.id)

    yield from below(found.rules, "")


def _free(wanted: str, taken: set[str]) -> str:
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    taken.add(f"{wanted}-{number}")
    return f"{wanted}-{number}"


def _group(found: RuleMap | MessageMap, name: str) -> Group | None:
    groups = found.groups if isinstance(found, MessageMap) else ()
    return next((group for group in groups if group.name == name), None)


def _map(package: Package, where: str) -> RuleMap | MessageMap:
    found = content_of(package, f"{where}.yaml")
    if not isinstance(found, RuleMap | MessageMap):
        raise Refused("MAP-0401", f"There is no map {where}.", "It may have been removed meanwhile.")
    return found


def _need_free(package: Package, where: str) -> None:
    address = MapAddress.parse(where)
    taken = package.messages if address.folder == MESSAGES else {**package.segments, **package.types}
    if address.name in taken:
        raise Refused("MAP-0402", f"There is a map {address.name} already.", "Choose another name.")
