"""Compiling a package of these directions again after an edit: only what the edit touches."""

from __future__ import annotations

from workbench.mapping.directions.mapping import DirectedMapping
from workbench.mapping.engine.recompile import code_maps_in, covering_rules, meaning_of_header, stale_maps
from workbench.mapping.model import Package, Row


def recompiled(previous: DirectedMapping, package: Package) -> DirectedMapping:
    """`DirectedMapping` of an effective package, reusing the parts of `previous` that the difference does not reach.

    raises  as `DirectedMapping`
    """
    before = previous.package
    if meaning_of_header(package) != meaning_of_header(before):
        return DirectedMapping(package)
    stale = stale_maps(before, package)
    fresh = {rule_map.name for rule_map in package.rule_maps()} - stale
    rows = {
        name: {row.id for row in message_map.rows if stale.isdisjoint(_used(row))}
        for name, message_map in package.messages.items()
        if before.messages.get(name) == message_map
    }
    return DirectedMapping(package, previous.kept(fresh, rows, covering_rules(package) == covering_rules(before)))


def _used(row: Row) -> set[str]:
    """The maps and code maps a row names."""
    return {*row.using, *code_maps_in(row.when), *code_maps_in(row.source)}
