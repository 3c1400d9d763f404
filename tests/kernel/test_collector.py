from __future__ import annotations

import gc
import weakref

from workbench.kernel.collector import settle


class Ring:
    def __init__(self) -> None:
        self.itself = self


def test_what_exists_is_set_aside() -> None:
    kept = Ring()
    settle()
    try:
        assert gc.get_freeze_count() > 0
        assert not any(found is kept for found in gc.get_objects())
    finally:
        gc.unfreeze()


def test_what_was_set_aside_and_let_go_is_collected_the_next_time() -> None:
    ring = Ring()
    settle()
    try:
        seen = weakref.ref(ring)
        del ring
        gc.collect()
        assert seen() is not None
        settle()
        assert seen() is None
    finally:
        gc.unfreeze()
