"""The pages of the window. Each is a package of its own and knows no other."""
