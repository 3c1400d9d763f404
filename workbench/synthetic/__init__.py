"""Synthetic patients and clinical scenarios, a pure function of seed and index."""
