"""`workbench` and `python -m workbench`: the one place that knows both faces.

Without a verb the window opens on the sample workspace; where there is no display, the same job runs headless.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from workbench.cli.command_line import run


def main() -> int:
    """Run the command line with the process's own arguments; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # JSON is UTF-8 whatever the system writes elsewhere
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    return run(sys.argv[1:], open_window=_open_window if _has_display() else None)


def _open_window() -> int:
    from workbench.gui.start import start  # loading Qt takes a while, and no verb needs it

    return start()


def _has_display() -> bool:
    """True on Windows and macOS, and elsewhere when a display or a Qt platform is named."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


if __name__ == "__main__":
    sys.exit(main())
