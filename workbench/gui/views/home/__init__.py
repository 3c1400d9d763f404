"""Home: what waits for a person, and the way from capture to package."""
