"""The encrypted workspace: one file, its migrations and its edit journal."""
