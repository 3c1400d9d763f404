"""Where an exception came from, in words that hold no patient data."""

from __future__ import annotations

import traceback

_FRAMES = 6


def where(fault: BaseException) -> str:
    """`KeyError in value_of:31 < run:88`: the kind of exception and the innermost calls.

    The text of the exception is left out, because it may quote what was being read.
    """
    frames = traceback.extract_tb(fault.__traceback__)[-_FRAMES:]
    calls = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(fault).__name__} in {calls}"
