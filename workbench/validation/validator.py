"""The seam of validators, built-in or plugged in; what every rule says of itself, and the table of all rules.

A rule module (`v2_rules`, `fhir_rules`) names its rules in `RULES: tuple[RuleDefinition, ...]`. The modules are
named here and loaded when somebody asks, because they import `RuleDefinition` from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from workbench.kernel.issues import Issue, RuleSource, Severity
from workbench.kernel.offers import Offers

if TYPE_CHECKING:  # they stand on what is here
    from workbench.fhir.json_tree import FhirDocument
    from workbench.v2.er7 import Message
    from workbench.validation.against import Against

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


@runtime_checkable
class Validator(Protocol):
    """One way to judge a message. Validators have no state; one object serves every message."""

    @property
    def name(self) -> str: ...

    @property
    def rules(self) -> Sequence[RuleDefinition]:
        """What "explain" shows for the rules of its issues; () where they are in the table of the product."""
        ...

    def validate(self, document: Message | FhirDocument, against: Against) -> Iterable[Issue]:
        """Every finding, in the order of the document; a document that is not for this validator has none.

        Locations are within the message (path and bytes). A patient's value stands in `Issue.args["value"]` only.

        raises  Refused: what the user chose to judge by cannot be used
        """
        ...


VALIDATORS: Offers[Validator] = Offers(lambda: import_module("workbench.validation.standard_validators").STANDARD)
"""By name, in the order in which they judge; those of plug-ins follow our own."""


def rules() -> Mapping[str, RuleDefinition]:
    """All known rules by id, those of plug-ins behind our own."""
    others = {rule.id: rule for validator in VALIDATORS.others for rule in validator.rules}
    return MappingProxyType({**own_rules(), **others}) if others else own_rules()


@cache
def own_rules() -> Mapping[str, RuleDefinition]:
    """The rules of the product by id, in the order of their ids.

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
