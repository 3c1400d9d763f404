"""Keys, passphrases, the OS key store, the audit chain and masking; nothing here knows where things are stored."""
