"""Export: what stands against a release, and the package an engine can take."""
