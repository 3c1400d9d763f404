"""What surrounds the pages: rail, top bar, status bar, palette, bottom and right panes, dialogs."""
