"""FHIR: JSON with positions, definitions, element paths, bundles."""
