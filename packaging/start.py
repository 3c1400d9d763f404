"""`python3 packaging/start.py`: set up what is missing, then open the workbench on its sample workspace.

Without a display it does the same job headless and says where the results lie.
"""

from __future__ import annotations

import sys

import environment

if __name__ == "__main__":
    environment.prepare()
    sys.exit(environment.run("-m", "workbench", *sys.argv[1:]))
