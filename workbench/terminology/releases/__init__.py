"""Readers of the releases that publishers of code systems give to their licensees, and of local lists."""
