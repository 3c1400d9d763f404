"""The messages of the capture: list, tree with names, raw text."""
