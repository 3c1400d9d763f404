"""Rules that an engine of the package cannot carry, for the trees that show rules. Qt-free."""

from __future__ import annotations

from workbench.gui.models.rule_tree import RuleName
from workbench.mapping.model import Package
from workbench.mapping.portability import engine_flags


def engine_marks(package: Package) -> dict[RuleName, str]:
    """For each flagged rule or row a sentence that says which engines cannot carry what."""
    found: dict[RuleName, list[str]] = {}
    for flag in engine_flags(package):
        if flag.map:
            found.setdefault(RuleName(flag.map, flag.rule), []).append(flag.why)
    return {name: "; ".join(sentences) for name, sentences in found.items()}
