"""All functions, gathered from the modules that implement them."""

from __future__ import annotations

from workbench.fhir.fhirpath import functions_collection, functions_fhir, functions_math, functions_text
from workbench.fhir.fhirpath.registry import FUNCTIONS

__all__ = ["FUNCTIONS", "functions_collection", "functions_fhir", "functions_math", "functions_text"]
