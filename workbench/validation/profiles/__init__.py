"""Conformance profiles of HL7 v2 messages: what a site or a guide demands beyond the standard."""
