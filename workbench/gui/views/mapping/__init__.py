"""Mapping: source, rules and result of the selected message, each pointing at the others."""
