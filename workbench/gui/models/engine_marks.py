"""What trees of rules say beside a rule: engines that cannot carry it, and that a site changed it. Qt-free."""

from __future__ import annotations

from workbench.gui.models.rule_tree import RuleName
from workbench.mapping.files import MESSAGES
from workbench.mapping.model import Package
from workbench.mapping.origins import Origin, own_rules
from workbench.mapping.portability import engine_flags


def engine_marks(package: Package) -> dict[RuleName, str]:
    """For each flagged rule or row a sentence that says which engines cannot carry what."""
    found: dict[RuleName, list[str]] = {}
    for flag in engine_flags(package):
        if flag.map:
            found.setdefault(RuleName(flag.map, flag.rule), []).append(flag.why)
    return {name: "; ".join(sentences) for name, sentences in found.items()}


def site_marks(package: Package) -> dict[RuleName, tuple[str, str, str]]:
    """Icon, role and word of the rules and rows that a site's package changes of its base, or adds to it."""
    marks = {
        Origin.CHANGED: ("pencil", "state.partial", "changed by this package"),
        Origin.ADDED: ("plus", "state.good", "added by this package"),
    }
    found = {}
    for (where, rule_id), origin in own_rules(package).items():
        name = where if where.startswith(f"{MESSAGES}/") else where.partition("/")[2]
        found[RuleName(name, rule_id)] = marks[origin]
    return found
