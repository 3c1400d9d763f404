"""Use cases. Both faces, `cli` and `gui`, call the same ones."""
