"""Validation: what is wrong in the capture, by rule, down to the bytes."""
