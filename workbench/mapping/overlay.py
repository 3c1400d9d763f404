"""Laying a site's package over a standard one, and one message map over those it includes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import TypeVar

from workbench.kernel.errors import Refused
from workbench.mapping.model import Group, Header, LedgerRule, MessageMap, Package, Row, Rule, RuleMap
from workbench.mapping.update_rules import updates_over
from workbench.terminology.code_map import CodeMap

_Entry = TypeVar("_Entry", Rule, Row)
_Map = TypeVar("_Map", MessageMap, RuleMap, CodeMap)


def effective(package: Package) -> Package:
    """What the package says once it is laid over its base and its message maps hold what they include.

    raises  Refused MAP-0107: a message map includes one that does not exist, or itself; MAP-0108: `remove` or `after`
            names nothing
    """
    return _resolve_includes(laid_over(package))


def laid_over(package: Package) -> Package:
    """What the package says once it is laid over its base; message maps still name what they include.

    raises  Refused MAP-0108: `remove` or `after` names nothing
    """
    return package if package.base is None else _lay_over(laid_over(package.base), package)


def _lay_over(base: Package, own: Package) -> Package:
    return Package(
        header=_header(base.header, own.header),
        messages=_each(base.messages, own.messages, _message_map),
        segments=_each(base.segments, own.segments, _rule_map),
        types=_each(base.types, own.types, _rule_map),
        codes=_each(base.codes, own.codes, _code_map),
        folder=own.folder,
    )


def _resolve_includes(package: Package) -> Package:
    done: dict[str, MessageMap] = {}

    def resolved(name: str, above: tuple[str, ...]) -> MessageMap:
        if name in done:
            return done[name]
        own = package.messages[name]
        result = own
        for other in reversed(own.include):
            if other not in package.messages or other in (*above, name):
                what = "includes itself" if other in package.messages else f"includes {other}, which does not exist"
                raise Refused("MAP-0107", f"{own.place}: {name} {what}.", "Correct include.")
            below = resolved(other, (*above, name))
            result = replace(
                result,
                groups=_named(below.groups, result.groups),
                rows=_entries(below.rows, result.rows, name),
                ignore=_ledger(below.ignore, result.ignore),
                keep=_ledger(below.keep, result.keep),
            )
        done[name] = replace(result, include=())
        return done[name]

    return replace(package, messages={name: resolved(name, ()) for name in package.messages})


def _each(base: Mapping[str, _Map], own: Mapping[str, _Map], lay: object) -> dict[str, _Map]:
    return {
        **base,
        **{name: lay(base[name], mine) if name in base else mine for name, mine in own.items()},  # type: ignore[operator]
    }


def _header(base: Header, own: Header) -> Header:
    """What the overlay says wins; mappings and lists of rules are joined; ids keep the base's name space."""
    usual = Header(id="", version="")
    changed = {
        item.name: getattr(own, item.name)
        for item in fields(Header)
        if getattr(own, item.name) != getattr(usual, item.name)
    }
    changed |= {
        "extensions": {**base.extensions, **own.extensions},
        "truth": {**base.truth, **own.truth},
        "updates": updates_over(base.updates, own.updates),
        "ignore": _ledger(base.ignore, own.ignore),
        "keep": _ledger(base.keep, own.keep),
        "identity": own.identity or base.name_space,
    }
    return replace(base, **changed)


def _rule_map(base: RuleMap, own: RuleMap) -> RuleMap:
    return replace(
        base,
        source=own.source or base.source,
        target=own.target or base.target,
        rules=_entries(base.rules, own.rules, own.name),
        ignore=_ledger(base.ignore, own.ignore),
        keep=_ledger(base.keep, own.keep),
        title=own.title or base.title,
        cite=own.cite or base.cite,
        note=own.note or base.note,
        place=own.place,
    )


def _message_map(base: MessageMap, own: MessageMap) -> MessageMap:
    return replace(
        base,
        triggers=own.triggers or base.triggers,
        structures=own.structures or base.structures,
        when=own.when or base.when,
        include=own.include or base.include,
        groups=_named(base.groups, own.groups),
        rows=_entries(base.rows, own.rows, own.name),
        ignore=_ledger(base.ignore, own.ignore),
        keep=_ledger(base.keep, own.keep),
        title=own.title or base.title,
        cite=own.cite or base.cite,
        note=own.note or base.note,
        place=own.place,
    )


def _code_map(base: CodeMap, own: CodeMap) -> CodeMap:
    """Rows of the overlay replace those with the same sender and source code."""
    changed = {(row.sender, row.source.code) for row in own.rows}
    kept = tuple(row for row in base.rows if (row.sender, row.source.code) not in changed)
    return replace(
        base,
        title=own.title or base.title,
        source_system=own.source_system or base.source_system,
        target_system=own.target_system or base.target_system,
        unmapped=own.unmapped or base.unmapped,
        default=own.default or base.default,
        citation=own.citation or base.citation,
        rows=kept + own.rows,
    )


def _entries(base: tuple[_Entry, ...], own: tuple[_Entry, ...], where: str) -> tuple[_Entry, ...]:
    """Entries with the same id take the base's place, also inside blocks; others follow, or stand behind `after`."""
    result = list(base)
    for entry in own:
        if _replaced(result, entry):
            continue
        if entry.remove:
            raise Refused("MAP-0108", f"{entry.place}: {where} has no {entry.id} to remove.", "Correct the id.")
        at = len(result)
        if entry.after:
            ids = [other.id for other in result]
            if entry.after not in ids:
                raise Refused("MAP-0108", f"{entry.place}: {where} has no {entry.after}.", "Correct after.")
            at = ids.index(entry.after) + 1
        result.insert(at, replace(entry, after=""))
    return tuple(result)


def _replaced(entries: list[_Entry], entry: _Entry) -> bool:
    """Put the entry in the place of the one with its id, at any depth; False when there is none."""
    for index, other in enumerate(entries):
        if other.id == entry.id:
            entries[index : index + 1] = [] if entry.remove else [replace(entry, after="")]
            return True
        if isinstance(other, Rule) and isinstance(entry, Rule):
            inner = list(other.children)
            if inner and _replaced(inner, entry):
                entries[index] = other.with_children(tuple(inner))
                return True
    return False


def _named(base: Iterable[Group], own: Iterable[Group]) -> tuple[Group, ...]:
    return tuple({group.name: group for group in (*base, *own)}.values())


def _ledger(base: Iterable[LedgerRule], own: Iterable[LedgerRule]) -> tuple[LedgerRule, ...]:
    return tuple({rule.id: rule for rule in (*base, *own)}.values())
