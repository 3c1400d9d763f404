"""Examples of single rules, kept in a mapping package beside the rules: an input, and what the rule makes of it."""
