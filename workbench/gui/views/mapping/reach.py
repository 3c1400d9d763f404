"""Which fields a package may take care of though no rule reads them: by ignore, keep and accounts_for. Qt-free."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.gui.views.mapping.ends import plain_sources
from workbench.mapping.conditions import V2_TYPES
from workbench.mapping.model import Header, LedgerRule, MessageMap, Package, Rule, RuleMap

_PATTERN = re.compile(r"([A-Z*][A-Z0-9]*\*?)(?:-(\d+))?(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Reach:
    """Patterns of segments and fields, such as `Z*`, `PID-1`.

    stems   beginnings of segment names, each with the field number or "" for all
    fields  segments and fields by their full name
    """

    stems: frozenset[tuple[str, str]] = frozenset()
    fields: frozenset[str] = frozenset()

    def has(self, path: str) -> bool:
        """Whether values of a field may be taken care of; conditions and maps decide that for each message."""
        segment, _, number = path.partition("-")
        number = number.partition(".")[0]
        if segment in self.fields or f"{segment}-{number}" in self.fields:
            return True
        return any(segment.startswith(stem) and wanted in ("", number) for stem, wanted in self.stems)


NO_REACH = Reach()


def reach_of(package: Package) -> Reach:
    """What the `ignore` and `keep` rules of a package name, and the `accounts_for` of its enabled rules."""
    stems, fields = set(), set()
    for text in (text for rule in _ledger_rules(package) for text in rule.source):
        match = _PATTERN.fullmatch(text)
        if match is None or match[1] in V2_TYPES:
            continue
        name, number = match[1], match[2] or ""
        if name.endswith("*"):
            stems.add((name[:-1], number))
        else:
            fields.add(f"{name}-{number}" if number else name)
    for rule in (rule for rule_map in package.rule_maps() for each in rule_map.rules for rule in _enabled(each)):
        fields.update(path.partition(".")[0] for text in rule.accounts_for for path in plain_sources(text))
    return Reach(frozenset(stems), frozenset(fields))


def _ledger_rules(package: Package) -> Iterator[LedgerRule]:
    parts: tuple[Header | MessageMap | RuleMap, ...]
    parts = (package.header, *package.messages.values(), *package.rule_maps())
    for part in parts:
        yield from part.ignore
        yield from part.keep


def _enabled(rule: Rule) -> Iterator[Rule]:
    if rule.enabled:
        yield rule
        for child in rule.children:
            yield from _enabled(child)
