"""The names under which a package looks resources up; what is made under any other need not be registered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from workbench.mapping.model import LedgerRule, Package, Row, Rule

_MADE = re.compile(r"\bmade\s+([\w-]+)")


def names_looked_up(package: Package) -> frozenset[str]:
    """The names of instances that references, rows, keep rules and conditions of an effective package ask for."""
    found: set[str] = set()
    for rule_map in package.rule_maps():
        found.update(chain.from_iterable(map(_of_rule, rule_map.walk())))
        found.update(_of_ledger_rules((*rule_map.ignore, *rule_map.keep)))
    for message_map in package.messages.values():
        found.update(chain.from_iterable(map(_of_row, message_map.rows)))
        found.update(_of_ledger_rules((*message_map.ignore, *message_map.keep)))
    found.update(_of_ledger_rules((*package.header.ignore, *package.header.keep)))
    return frozenset(found)


def _of_rule(rule: Rule) -> Iterator[str]:
    yield rule.reference
    yield from _made_in(rule.when, *rule.source, *rule.identity, *rule.accounts_for)


def _of_row(row: Row) -> Iterator[str]:
    yield row.fill
    yield from row.link.values()
    yield from (text[1:] for text in row.identity if text.startswith("@"))
    yield from _made_in(row.when, row.each, *row.identity)


def _of_ledger_rules(rules: Iterable[LedgerRule]) -> Iterator[str]:
    for rule in rules:
        yield rule.on
        yield from _made_in(rule.when)


def _made_in(*texts: str) -> Iterator[str]:
    """The names in conditions, those in the filters of sources among them."""
    for text in texts:
        yield from _MADE.findall(text)
