"""FHIRPath N1 over decoded FHIR resources: `evaluate(resource, expression)`, and `compile_expression` for many."""

from __future__ import annotations

from workbench.fhir.fhirpath.engine import Expression, compile_expression, evaluate, evaluate_placed
from workbench.fhir.fhirpath.faults import ExpressionRefused
from workbench.fhir.fhirpath.placing import Placed, Placing

__all__ = [
    "Expression",
    "ExpressionRefused",
    "Placed",
    "Placing",
    "compile_expression",
    "evaluate",
    "evaluate_placed",
]
