from __future__ import annotations

import pytest

from workbench.kernel import progress
from workbench.kernel.errors import Cancelled
from workbench.kernel.progress import JobContext, Progress


def test_progress_is_told_at_most_ten_times_a_second_and_always_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(n * 0.01 for n in range(1000))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    told: list[Progress] = []
    ctx = JobContext(told.append)
    for done in range(1, 101):
        ctx.advance(done, 100)
    assert 10 <= len(told) <= 12
    assert told[-1] == Progress(100, 100)


def test_a_cancelled_job_stops_at_its_next_step() -> None:
    ctx = JobContext()
    ctx.advance(1, 10)
    ctx.cancel()
    with pytest.raises(Cancelled):
        ctx.advance(2, 10)


def test_an_unknown_total_has_no_fraction() -> None:
    assert Progress(5, 0).fraction is None
    assert Progress(5, 10).fraction == 0.5
