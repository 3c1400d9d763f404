"""Regression suites: cases, baselines, semantic comparison, runs and reports."""
