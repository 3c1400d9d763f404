"""Packages of direction v2-to-fhir compiled to functions, run over messages, traced, and accounted for by value."""
