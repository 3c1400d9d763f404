"""The patient record as a clinician reads it, taken from a v2 message or a FHIR Bundle."""
