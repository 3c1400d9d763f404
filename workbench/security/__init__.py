"""Keeping patient data closed: encryption keys, key store, audit chain, redaction."""
