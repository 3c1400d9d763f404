"""The part of a package in which a single rule or row is tried; it compiles in a few milliseconds.

Maps that neither hold the rule nor are needed to reach it are left out, and so are the rules for what no rule maps:
it shows as lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile

from workbench.kernel.errors import Refused
from workbench.mapping.model import MapKind, MessageMap, Package, Row, RuleMap
from workbench.suites.examples.example import ExampleFile


def excerpt_of_map(package: Package, examples: ExampleFile) -> Package:
    """Every message map that uses a segment or type map, with the rows that use it.

    The other rows stay as names that paths may begin with, and as what rows stand within; they write nothing.

    raises  Refused SUI-0020: the package has no such map, or nothing uses it
    """
    tried = package.rule_map(examples.map)
    if tried is None:
        raise _refused(examples, f"the package has no map {examples.map}", "Rename the file.")
    host = tried if tried.kind is MapKind.SEGMENT else _host(package, tried, examples)
    only = examples.within if examples.within in package.messages else ""
    using = [
        each
        for each in package.messages.values()
        if (each.name == only or not only) and any(row.enabled and host.name in row.using for row in each.rows)
    ]
    if not using:
        raise _refused(examples, f"no message map uses {host.name}", "Use it, or remove the file.")
    return _with(
        package, [_cut(each, [row for row in each.rows if host.name in row.using], host.name) for each in using]
    )


def excerpts_of_row(package: Package, message_map: MessageMap, row_id: str) -> tuple[Package, Package]:
    """A message map with one row, what stands within it and what fills it, and the same without; other rows write
    nothing."""
    row = message_map.row(row_id)
    assert row is not None  # one of the map's own
    real = [each for each in message_map.rows if each.id == row.id or _hangs_on(message_map, each, row)]
    filled = [each for each in message_map.rows if each.make and each.name == row.fill]
    return _with(package, [_cut(message_map, real)]), _with(package, [_cut(message_map, filled)])


def _hangs_on(message_map: MessageMap, row: Row, other: Row) -> bool:
    """True when a row does nothing without another one; what it fills or stands within comes before it."""
    names = {row.fill, row.within} - {""}
    above = takewhile(lambda each: each.id != row.id, message_map.rows)
    return any(each.id == other.id or _hangs_on(message_map, each, other) for each in above if each.name in names)


def _with(package: Package, messages: Iterable[MessageMap]) -> Package:
    """With these message maps; the others keep only the names of their rows, which paths may begin with, too."""
    kept = {each.name: _cut(each, []) for each in package.messages.values()}
    kept.update({each.name: each for each in messages})
    named = {name: None for each in kept.values() for row in each.rows for name in row.using}
    used = [package.segments[name] for name in named if name in package.segments]
    return with_maps(package, kept, used)


def with_maps(package: Package, messages: dict[str, MessageMap], used: Iterable[RuleMap]) -> Package:
    """The package with these maps and the type maps they use, without rules for what no rule maps."""
    maps = list(used)
    return replace(
        package,
        header=replace(package.header, ignore=(), keep=(), copy=False),
        messages=messages,
        segments={each.name: _uncovered(each) for each in maps},
        types={name: _uncovered(package.types[name]) for name in types_used(package, maps)},
    )


def types_used(package: Package, maps: Iterable[RuleMap]) -> set[str]:
    """The names of the type maps that maps use, and those that these use."""
    found: set[str] = set()
    waiting = list(maps)
    while waiting:
        for rule in waiting.pop().walk():
            if rule.using in package.types and rule.using not in found:
                found.add(rule.using)
                waiting.append(package.types[rule.using])
    return found


def _cut(message_map: MessageMap, real: list[Row], host: str = "") -> MessageMap:
    """With these rows as they are, using one map alone if one is given; others stay as groups that hold nothing."""
    ids = {row.id for row in real}
    filled = {row.fill for row in real if row.fill}
    rows = []
    for row in message_map.rows:
        if row.id in ids:
            rows.append(replace(row, using=(host,)) if host else row)
        elif row.make and row.name in filled:
            rows.append(row)
        elif row.make or row.group:
            rows.append(replace(row, make="", group=row.name, using=()))
    return replace(message_map, rows=tuple(rows), ignore=(), keep=())


def _uncovered(rule_map: RuleMap) -> RuleMap:
    return replace(rule_map, ignore=(), keep=())


def _host(package: Package, tried: RuleMap, examples: ExampleFile) -> RuleMap:
    """The segment map in which a type map is tried."""
    if examples.within in package.segments:
        return package.segments[examples.within]
    if examples.within:
        what = f"there is no segment map {examples.within}"
        raise _refused(examples, what, "Name in within the segment map to try it in.")
    for each in package.segments.values():
        if tried.name in types_used(package, [each]):
            return each
    raise _refused(examples, f"no segment map uses {tried.name}", "Use it, or remove the file.")


def _refused(examples: ExampleFile, what: str, hint: str) -> Refused:
    return Refused("SUI-0020", f"{examples.path.name}: {what}.", hint)
