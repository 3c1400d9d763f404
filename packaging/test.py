"""`python3 packaging/test.py`: set up what is missing, then run all tests. Arguments go to pytest."""

from __future__ import annotations

import os
import sys

import environment

if __name__ == "__main__":
    environment.prepare()
    workers = str(min(4, os.cpu_count() or 1))
    sys.exit(environment.run("-m", "pytest", "-q", "-n", workers, *sys.argv[1:], QT_QPA_PLATFORM="offscreen"))
