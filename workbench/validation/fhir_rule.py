"""What a FHIR rule is: its definition for people, and the sentence its findings say."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.kernel.issues import IssueType, RuleSource, Severity
from workbench.validation.validator import RuleDefinition


@dataclass(frozen=True, slots=True)
class FhirRule:
    """A rule with the sentence its findings say; `{value}` is the only place of it that holds patient data."""

    definition: RuleDefinition
    code: IssueType
    template: str


class RuleBook:
    """The rules of one module, in the order they are written."""

    def __init__(self) -> None:
        self._rules: list[FhirRule] = []

    def rule(
        self,
        number: str,
        code: IssueType,
        title: str,
        template: str,
        explanation: str,
        section: str,
        severity: Severity = Severity.ERROR,
    ) -> FhirRule:
        """Enter a rule of the FHIR R4 specification."""
        source = RuleSource("FHIR", "4.0.1", section)
        made = FhirRule(RuleDefinition(f"FHIR-{number}", severity, title, explanation, source), code, template)
        self._rules.append(made)
        return made

    def definitions(self) -> tuple[RuleDefinition, ...]:
        return tuple(rule.definition for rule in self._rules)
