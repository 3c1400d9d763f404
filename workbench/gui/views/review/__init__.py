"""Review: what the sender said beside what the receiver will show, in clinical words."""
