"""FHIRPath N1 over decoded FHIR resources: `evaluate(resource, expression)`, and `compile_expression` for many."""

from __future__ import annotations

from workbench.fhir.fhirpath.engine import Expression, compile_expression, evaluate
from workbench.fhir.fhirpath.faults import ExpressionRefused

__all__ = ["Expression", "ExpressionRefused", "compile_expression", "evaluate"]
