"""What every rule says of itself, and the table of all rules.

A rule module (`v2_rules`, `fhir_rules`) names its rules in `RULES: tuple[RuleDefinition, ...]`. The modules are
named here and loaded when somebody asks, because they import `RuleDefinition` from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import MappingProxyType

from workbench.kernel.issues import RuleSource, Severity

_RULE_MODULES = (
    "workbench.validation.reading_rules",
    "workbench.validation.v2_rules",
    "workbench.validation.v2_across_rules",
    "workbench.validation.profiles.rules",
    "workbench.validation.fhir_rules",
    "workbench.validation.fhir_profile_rules",
    "workbench.validation.fhir_content_rules",
    "workbench.validation.plausibility.rules",
)


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """One rule, as "explain" shows it.

    id           stable, such as `V2-0103` or `FHIR-0207`; never reused for something else
    severity     what an issue of this rule has unless a site or a profile says otherwise
    title        one short sentence: what the rule demands
    explanation  how to put a finding right
    source       where the standard says so
    category     the word that conformance tools use for findings of this kind (Usage, Length, …); "" when none does
    """

    id: str
    severity: Severity
    title: str
    explanation: str
    source: RuleSource
    category: str = ""


@cache
def rules() -> Mapping[str, RuleDefinition]:
    """All known rules by id, in the order of their ids.

    raises  ValueError: two rules share an id (a defect of ours, caught by the tests)
    """
    found: dict[str, RuleDefinition] = {}
    for name in _RULE_MODULES:
        table: tuple[RuleDefinition, ...] = import_module(name).RULES
        for rule in table:
            if rule.id in found:
                raise ValueError(f"the rule id {rule.id} is used twice")
            found[rule.id] = rule
    return MappingProxyType(dict(sorted(found.items())))
