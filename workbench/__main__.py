"""`workbench` and `python -m workbench`: the command line, which opens the window when no verb is given."""

from __future__ import annotations

import sys

from workbench.cli.command_line import run


def main() -> int:
    """Run the command line with the process's own arguments; returns its exit code."""
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
