"""Terminology: the local codes of the capture, what they mean, who said so."""
