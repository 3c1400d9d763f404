"""The built-in readers of captures, one file for each kind of framing."""
