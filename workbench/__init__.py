"""Clinical Mapping Workbench: HL7 v2 and FHIR messages, mappings, suites and packages.

The layers, from the outside in, are written down and enforced in `pyproject.toml` (import-linter).
"""

__version__ = "0.1.0"
