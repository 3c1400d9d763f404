"""Overlays as people work with them: what comes from the base, what the site changed, and how it takes that back.

The edits made here do the same in a package without a base, so that an editor need not know which it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from workbench.kernel.errors import Refused
from workbench.mapping.edits import (
    AddRule,
    ChangeHeader,
    ChangeRule,
    DropMap,
    Edit,
    MapAddress,
    MoveRule,
    PutCodeMap,
    PutGroup,
    PutMap,
    RemoveRule,
)
from workbench.mapping.entries import Entry, EntryKind, EntryName, code_row_names, entries
from workbench.mapping.files import MESSAGES, PACKAGE_FILE, content_of
from workbench.mapping.model import Header, LedgerRule, MessageMap, Package, Row, Rule, RuleMap
from workbench.mapping.overlay import laid_over


class Origin(StrEnum):
    """Where an entry of a package comes from.

    OWN      of a package that extends none
    BASE     the base's, as it is
    CHANGED  the base's, and the site says it otherwise
    ADDED    the site's
    REMOVED  the base's, taken out by the site
    """

    OWN = "own"
    BASE = "base"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


def shown(package: Package) -> Package:
    """The package as a person works on it: with all that its base says, message maps still naming what they include.

    raises  Refused MAP-0108: as `overlay.laid_over`
    """
    return package if package.base is None else replace(laid_over(package), base=package.base)


def origins(package: Package) -> Mapping[EntryName, Origin]:
    """Where each entry comes from; entries that the site took out are there, too.

    raises  Refused MAP-0108: as `overlay.laid_over`
    """
    if package.base is None:
        return dict.fromkeys(entries(package), Origin.OWN)
    base, whole = entries(laid_over(package.base)), entries(laid_over(package))
    found = {name: _origin(entry, base.get(name)) for name, entry in whole.items()}
    return found | {name: Origin.REMOVED for name in base if name not in whole}


def own_rules(package: Package) -> Mapping[tuple[str, str], Origin]:
    """By address of the map and id, the rules and rows an overlay's own files say and that hold: changed or added.

    Much cheaper than `origins`, for what is asked after every edit; () for a package that extends none.
    """
    if package.base is None:
        return {}
    base = laid_over(package.base)
    found: dict[tuple[str, str], Origin] = {}
    for where in _own_addresses(package):
        own, below = own_map(package, where), own_map(base, where)
        known = {entry.id: entry for entry in _all_entries(below)} if below is not None else {}
        for entry in _all_entries(own) if own is not None else ():
            before = known.get(entry.id)
            if not entry.remove and before != replace(entry, after=""):
                found[where, entry.id] = Origin.ADDED if before is None else Origin.CHANGED
    return found


def _own_addresses(package: Package) -> tuple[str, ...]:
    maps = (f"{rule_map.kind}/{rule_map.name}" for rule_map in package.rule_maps())
    return (*(f"{MESSAGES}/{name}" for name in package.messages), *maps)


def _all_entries(found: RuleMap | MessageMap) -> tuple[Rule | Row, ...]:
    return found.rows if isinstance(found, MessageMap) else tuple(found.walk())


def origin_of(package: Package, where: str, entry_id: str) -> Origin | None:
    """Where one rule or row comes from; None when neither package nor base has it."""
    kind = EntryKind.ROW if where.startswith(f"{MESSAGES}/") else EntryKind.RULE
    return origins(package).get(EntryName(where, kind, entry_id))


def change_edits(package: Package, where: str, rule_id: str, rule: Rule | Row) -> tuple[Edit, ...]:
    """The edits that make a rule say something else; in an overlay the site then has a rule of its own for it.

    raises  Refused MAP-0406: a rule of the base cannot have another id
    """
    if _has(package, where, rule_id):
        return (ChangeRule(where, rule_id, rule),)
    if rule.id != rule_id:
        raise Refused(
            "MAP-0406",
            f"{rule_id} is a rule of the base and keeps its id.",
            "Take it out and add another, if that is meant.",
        )
    return (*own_map_edits(package, where), AddRule(where, rule))


def remove_edits(package: Package, where: str, rule_id: str) -> tuple[Edit, ...]:
    """The edits that take a rule out; one of the base stays there and the site says that it does not hold."""
    in_base = package.base is not None and _has(laid_over(package.base), where, rule_id)
    if not in_base or _inside_own_block(package, where, rule_id):
        return (RemoveRule(where, rule_id),)
    gone: Rule | Row = Row(rule_id, "", remove=True) if where.startswith(f"{MESSAGES}/") else Rule(rule_id, remove=True)
    if _has(package, where, rule_id):
        return (ChangeRule(where, rule_id, gone),)
    return (*own_map_edits(package, where), AddRule(where, gone))


def revert_edits(package: Package, name: EntryName) -> tuple[Edit, ...]:
    """The edits after which an entry is the base's again; () when it is already.

    A rule inside a block that the site changed as a whole goes back with that block.
    """
    if package.base is None:
        return ()
    if name.kind is EntryKind.CODE:
        return _revert_code(package, name)
    if name.kind in (EntryKind.IGNORE, EntryKind.KEEP):
        return _revert_ledger_rule(package, name)
    if name.kind is EntryKind.GROUP:
        own = package.messages.get(MapAddress.parse(name.map).name)
        held = own is not None and any(group.name == name.id for group in own.groups)
        return _or_drop_map(package, (PutGroup(name.map, name.id, None),), name.map) if held else ()
    top = _top_entry(package, name.map, name.id)
    return () if top is None else _or_drop_map(package, (RemoveRule(name.map, top),), name.map)


def site_edits(package: Package, edit: Edit) -> tuple[Edit, ...]:
    """What the package's own files must say so that an edit of what is `shown` takes effect.

    The edit itself in a package without a base, and where it is about something of the site's own.

    raises  Refused MAP-0401: no such map, rule or block; MAP-0406: a rule of the base with another id; MAP-0413: a rule
            of the base cannot be moved
    """
    if package.base is None:
        return (edit,)
    match edit:
        case ChangeRule(map=where, rule_id=rule_id, rule=rule):
            return change_edits(package, where, rule_id, rule)
        case RemoveRule(map=where, rule_id=rule_id):
            return remove_edits(package, where, rule_id)
        case AddRule(map=where, rule=rule, parent=parent, index=index):
            return _add_edits(package, where, rule, parent, index)
        case MoveRule(map=where, rule_id=rule_id, parent=parent, index=index):
            return _move_edits(package, where, rule_id, parent, index)
        case PutGroup(map=where):
            return (*own_map_edits(package, where), edit)
        case _:
            return (edit,)


def _add_edits(package: Package, where: str, rule: Rule | Row, parent: str, index: int | None) -> tuple[Edit, ...]:
    """A new rule at the place a person chose among all that is shown."""
    if not parent:
        entries_shown = _entries_of(_need_shown(package, where))
        behind = entries_shown[index - 1].id if index and index < len(entries_shown) else ""
        return (*own_map_edits(package, where), AddRule(where, replace(rule, after=behind)))
    if _has(package, where, parent):
        return (AddRule(where, rule, parent, index),)
    block = _shown_rule(package, where, parent)
    if not isinstance(rule, Rule):
        raise Refused("MAP-0401", f"{parent} of {where} holds no rows.", "Put the row into the map itself.")
    at = len(block.children) if index is None else index
    return change_edits(package, where, parent, block.with_children((*block.children[:at], rule, *block.children[at:])))


def _move_edits(package: Package, where: str, rule_id: str, parent: str, index: int | None) -> tuple[Edit, ...]:
    """Moving within what the site says itself; the base's rules stay where the base has them."""
    in_base = _has(laid_over(package.base), where, rule_id) if package.base is not None else False
    if parent and _has(package, where, parent) and _has(package, where, rule_id):
        return (MoveRule(where, rule_id, parent, index),)
    if in_base or parent or _inside_own_block(package, where, rule_id) or not _has(package, where, rule_id):
        raise Refused(
            "MAP-0413",
            f"{rule_id} is a rule of the base and stays where the base has it.",
            "Take it out and add a rule of your own in its place, if the order matters.",
        )
    others = [entry for entry in _entries_of(_need_shown(package, where)) if entry.id != rule_id]
    behind = others[index - 1].id if index and index < len(others) else ""
    moved = next(entry for entry in _entries_of(_need_own(package, where)) if entry.id == rule_id)
    return (ChangeRule(where, rule_id, replace(moved, after=behind)),)


def _entries_of(found: RuleMap | MessageMap) -> tuple[Rule | Row, ...]:
    return found.rows if isinstance(found, MessageMap) else found.rules


def _need_shown(package: Package, where: str) -> RuleMap | MessageMap:
    return _need_own(laid_over(package), where)


def _need_own(package: Package, where: str) -> RuleMap | MessageMap:
    found = own_map(package, where)
    if found is None:
        raise Refused("MAP-0401", f"There is no map {where}.", "It may have been removed meanwhile.")
    return found


def _shown_rule(package: Package, where: str, rule_id: str) -> Rule:
    found = _need_shown(package, where)
    rule = found.rule(rule_id) if isinstance(found, RuleMap) else None
    if rule is None:
        raise Refused("MAP-0401", f"{where} has no rule {rule_id}.", "It may have been removed meanwhile.")
    return rule


def own_map(package: Package, where: str) -> RuleMap | MessageMap | None:
    """The map of the package's own files at an address, None when only its base has one."""
    found = content_of(package, f"{where}.yaml")
    return found if isinstance(found, RuleMap | MessageMap) else None


def _origin(entry: Entry, base: Entry | None) -> Origin:
    if base is None:
        return Origin.ADDED
    return Origin.BASE if base.plain == entry.plain and base.parent == entry.parent else Origin.CHANGED


def own_map_edits(package: Package, where: str) -> tuple[Edit, ...]:
    """The edit that gives an overlay a map to hold its rules, when it has none yet."""
    if own_map(package, where) is not None or package.base is None:
        return ()
    below = own_map(laid_over(package.base), where)
    if below is None:
        raise Refused("MAP-0401", f"There is no map {where}.", "It may have been removed meanwhile.")
    return (PutMap(where, _empty(below)),)


def _empty(below: RuleMap | MessageMap) -> RuleMap | MessageMap:
    """An overlay's map that changes nothing yet."""
    if isinstance(below, MessageMap):
        return MessageMap(below.name)
    return RuleMap(below.kind, below.name, below.source, below.target)


def _has(package: Package, where: str, rule_id: str) -> bool:
    found = own_map(package, where)
    if found is None:
        return False
    return (found.row(rule_id) if isinstance(found, MessageMap) else found.rule(rule_id)) is not None


def _top_entry(package: Package, where: str, rule_id: str) -> str | None:
    """The id of the site's rule, at the top of its map, in which a rule stands."""
    found = own_map(package, where)
    if isinstance(found, MessageMap):
        return rule_id if found.row(rule_id) else None
    rules = found.rules if found is not None else ()
    return next((rule.id for rule in rules if any(inner.id == rule_id for inner in rule.walk())), None)


def _inside_own_block(package: Package, where: str, rule_id: str) -> bool:
    top = _top_entry(package, where, rule_id)
    return top is not None and top != rule_id


def _or_drop_map(package: Package, edits: tuple[Edit, ...], where: str) -> tuple[Edit, ...]:
    """The edits, or dropping the site's map when it would change nothing any more."""
    after = package
    for edit in edits:
        after, _ = edit.apply(after)
    left = own_map(after, where)
    below = own_map(laid_over(package.base), where) if package.base is not None else None
    nothing = left is not None and below is not None and replace(left, place=None) == _empty(below)
    return (DropMap(where),) if nothing else edits


def _revert_code(package: Package, name: EntryName) -> tuple[Edit, ...]:
    own = package.codes.get(MapAddress.parse(name.map).name)
    if own is None:
        return ()
    wanted = name.id.partition(" #")[0]
    named = zip(code_row_names(own), own.rows, strict=True)
    rows = tuple(row for row_name, row in named if row_name.partition(" #")[0] != wanted)
    if len(rows) == len(own.rows):
        return ()
    return (PutCodeMap(own.id, replace(own, rows=rows) if rows else None),)


def _revert_ledger_rule(package: Package, name: EntryName) -> tuple[Edit, ...]:
    own = package.header if name.map == PACKAGE_FILE else own_map(package, name.map)
    if own is None:
        return ()
    changed = replace(
        own,
        ignore=_other(own.ignore, name.id) if name.kind is EntryKind.IGNORE else own.ignore,
        keep=_other(own.keep, name.id) if name.kind is EntryKind.KEEP else own.keep,
    )
    if changed == own:
        return ()
    if isinstance(changed, Header):
        return (ChangeHeader(changed),)
    return _or_drop_map(package, (PutMap(name.map, changed),), name.map)


def _other(rules: tuple[LedgerRule, ...], rule_id: str) -> tuple[LedgerRule, ...]:
    return tuple(rule for rule in rules if rule.id != rule_id)
