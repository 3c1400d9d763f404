"""Synthetic patients and the messages about them: pure functions of (scenario, seed, index), no real person in them."""
