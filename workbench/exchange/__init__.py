"""Live connections, made only where the user asks: an MLLP listener and sender."""
