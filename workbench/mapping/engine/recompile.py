"""Compiling a package again after an edit: only what the edit touches, so that a result can follow the keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.model import Direction, MessageMap, Package, Row, Rule, RuleMap, Updates
from workbench.mapping.overlay import effective

_CODES = re.compile(r"\bcodes\s+([A-Za-z][\w-]*)")


def recompile(previous: CompiledMapping, package: Package) -> CompiledMapping:
    """What `compile_package` gives, reusing the parts of `previous` that the difference does not reach.

    previous  of any state of any package; the nearer the less there is to do

    raises  as `compile_package`
    """
    if package.header.direction is not Direction.V2_TO_FHIR or not isinstance(previous, CompiledMapping):
        return compile_package(package)
    before = previous.package
    whole = _effective(previous, package)
    if meaning_of_header(whole) != meaning_of_header(before):
        return CompiledMapping(whole, package)
    stale = stale_maps(before, whole)
    fresh = {rule_map.name for rule_map in whole.rule_maps()} - stale
    same_makes = _makes(before) == _makes(whole)
    rows = {
        name: _same_rows(before.messages.get(name), message_map, stale, same_makes)
        for name, message_map in whole.messages.items()
    }
    return CompiledMapping(whole, package, previous.kept(fresh, rows, covering_rules(before) == covering_rules(whole)))


def _effective(previous: CompiledMapping, package: Package) -> Package:
    """`effective`, with the message maps of the previous state when they cannot be others."""
    given = previous.given
    if package.base is None and given.base is None and package.messages == given.messages:
        return replace(package, messages=previous.package.messages)
    return effective(package)


def meaning_of_header(package: Package) -> object:
    """The part of the header that compiled rules may depend on."""
    return replace(package.header, note="", title="", owner="", suites=(), engines=(), truth={}, updates=Updates())


def stale_maps(before: Package, after: Package) -> set[str]:
    """The names of the maps and code maps that differ, and of all maps that use one of them."""
    pairs: Iterable[tuple[Mapping[str, object], Mapping[str, object]]] = (
        (before.segments, after.segments),
        (before.types, after.types),
        (before.codes, after.codes),
    )
    stale = {name for old, new in pairs for name in {**old, **new} if old.get(name) != new.get(name)}
    users: dict[str, set[str]] = {}
    for rule_map in after.rule_maps() if stale else ():
        for used in _uses(rule_map):
            users.setdefault(used, set()).add(rule_map.name)
    pending = list(stale)
    while pending:
        for user in users.get(pending.pop(), set()) - stale:
            stale.add(user)
            pending.append(user)
    return stale


def _uses(rule_map: RuleMap) -> Iterator[str]:
    for rule in rule_map.walk():
        yield from _used_by(rule)


def _used_by(rule: Rule) -> Iterator[str]:
    """The maps and code maps a rule names."""
    if rule.using:
        yield rule.using
    if rule.codes:
        yield rule.codes
    for text in (rule.when, *rule.source):
        yield from code_maps_in(text)


def code_maps_in(text: str) -> list[str]:
    """The code maps that a source or condition names; a text in it that reads like one does no harm."""
    return _CODES.findall(text)


def _same_rows(before: MessageMap | None, after: MessageMap, stale: set[str], same_makes: bool) -> frozenset[str]:
    """The ids of rows that would be compiled to the same again."""
    if before is None or before.groups != after.groups:
        return frozenset()
    earlier = {row.id: row for row in before.rows}
    same_makes = same_makes and _made(before.rows) == _made(after.rows)
    return frozenset(
        row.id
        for row in after.rows
        if earlier.get(row.id) == row
        and (same_makes or not row.fill)
        and stale.isdisjoint(row.using)
        and stale.isdisjoint(code_maps_in(row.when))
    )


def _made(rows: Iterable[Row]) -> frozenset[tuple[str, str]]:
    return frozenset((row.name, row.make) for row in rows if row.make)


def _makes(package: Package) -> frozenset[tuple[str, str]]:
    """What rules make inside paths, by the name under which rows may fill it."""
    return frozenset(
        (rule.instance or rule.id, rule.make)
        for rule_map in package.rule_maps()
        for rule in rule_map.walk()
        if rule.make
    )


def covering_rules(package: Package) -> tuple[object, ...]:
    """Everything that ignore and keep rules say."""
    maps: list[MessageMap | RuleMap] = [*package.messages.values(), *package.rule_maps()]
    named = {name for each in maps for rule in (*each.ignore, *each.keep) for name in code_maps_in(rule.when)}
    codes = tuple(package.codes.get(name) for name in sorted(named))
    return (*((each.name, each.ignore, each.keep) for each in maps), codes)
