"""Qt models: they adapt values that exist already; `data()` is a lookup."""
