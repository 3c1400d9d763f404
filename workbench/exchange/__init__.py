"""Live connections: MLLP and FHIR REST. Empty until a live exchange is asked for by the user."""
