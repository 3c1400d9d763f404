"""How the window looks: tokens by meaning, one palette, one style sheet, tinted icons, shipped fonts."""
