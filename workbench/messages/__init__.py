"""The format-neutral seam: captures of any size, framing, readers, detection by content."""
