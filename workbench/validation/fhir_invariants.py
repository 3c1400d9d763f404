"""Constraints of the definitions as compiled FHIRPath, and their evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from workbench.fhir.definitions import Constraint
from workbench.fhir.fhirpath import Expression, ExpressionRefused, compile_expression
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.values import Node
from workbench.kernel.errors import Refused
from workbench.validation import fhir_profile_rules as profile_rules
from workbench.validation import fhir_rules as rules
from workbench.validation.fhir_findings import Findings, Place

# Expressions of R4 that do not say what their text says; the text is what counts (R4 technical corrections).
_CORRECTED = {
    "operator = 'exists' implies (answer is Boolean)": "operator = 'exists' implies (answer is boolean)",
    "start.hasValue().not() or end.hasValue().not() or (start <= end)": (
        "start.hasValue().not() or end.hasValue().not() or (start.lowBoundary() <= end.highBoundary())"
    ),
    "enableWhen.count() > 2 implies enableBehavior.exists()": "enableWhen.count() > 1 implies enableBehavior.exists()",
    "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')": "name.empty() or name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')",
    "probability is decimal implies (probability as decimal) <= 100": (
        "probability.empty() or ((probability is decimal) implies (probability as decimal) <= 100)"
    ),
}


@dataclass(slots=True, eq=False)
class Invariant:
    """A constraint ready to be evaluated; `expression` is None when it cannot be compiled."""

    key: str
    error: bool
    human: str
    expression: Expression | None
    best_practice: bool


@lru_cache(maxsize=4096)
def invariant(constraint: Constraint) -> Invariant | None:
    """The compiled constraint, None when it is checked otherwise or has no expression."""
    if constraint.key in rules.NATIVE_CONSTRAINTS or not constraint.expression:
        return None
    text = _CORRECTED.get(constraint.expression, constraint.expression)
    try:
        expression = compile_expression(text)
    except ExpressionRefused:
        expression = None
    return Invariant(
        constraint.key, constraint.severity == "error", constraint.human, expression, constraint.best_practice
    )


def invariants(keys: Iterable[str], constraints: Mapping[str, Constraint]) -> tuple[Invariant, ...]:
    """The compiled constraints of those keys."""
    found = (invariant(constraints[key]) for key in keys if key in constraints)
    return tuple(each for each in found if each is not None)


def judge(
    all_of: Iterable[Invariant], focus: Node, place: Place, env: Environment, findings: Findings, best_practice: bool
) -> None:
    """Report the constraints that an element does not meet."""
    for each in all_of:
        if each.best_practice and not best_practice:
            continue
        if each.expression is None:
            findings.report_once(profile_rules.NOT_EVALUATED, each.key, place, key=each.key)
            continue
        try:
            if each.expression.holds(env, focus):
                continue
        except (Refused, RecursionError):
            findings.report_once(profile_rules.NOT_EVALUATED, each.key, place, key=each.key)
            continue
        rule = profile_rules.INVARIANT if each.error and not each.best_practice else profile_rules.INVARIANT_WARNING
        findings.report(rule, place, key=each.key, human=each.human)
