"""FHIR to v2, v2 to v2 and FHIR to FHIR: the same maps and rules, over trees of either standard."""
