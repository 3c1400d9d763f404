"""Small widgets without a will of their own: they show what they are given and say what was done to them."""
