"""The garbage collector in processes that work through many messages."""

from __future__ import annotations

import gc

SETTLED_THRESHOLDS = (20_000, 20, 20)
"""New objects between rounds of the collector: those of some ten messages; the interpreter's 700 make a round for
every one, and find little."""


def settle() -> None:
    """Take everything that exists now out of the collector's rounds.

    A compiled mapping, definitions and dictionaries stay, and each full round would visit all their objects again; in
    a process with much loaded that is a third of the time of mapping. Call it when such a thing has been built and
    many messages are to follow; what an earlier call set aside and has since been let go is collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SETTLED_THRESHOLDS)
