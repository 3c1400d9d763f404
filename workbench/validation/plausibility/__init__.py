"""Clinical plausibility: a valid message can carry a nonsensical value. Each check has a source and a switch."""
