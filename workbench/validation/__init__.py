"""Rules that judge v2 messages and FHIR resources; each has an id, a severity and a source in the standard."""
