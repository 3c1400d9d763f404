"""Suites: run, read what changed, accept."""
