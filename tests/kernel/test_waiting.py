from __future__ import annotations

import threading

import pytest

from workbench.kernel.errors import Cancelled
from workbench.kernel.progress import JobContext
from workbench.kernel.waiting import waited


def test_what_was_waited_for_is_given() -> None:
    assert waited(lambda: threading.current_thread() is threading.main_thread(), JobContext()) is False


@pytest.mark.parametrize("error", [TimeoutError("slow"), ValueError("wrong")])
def test_what_the_work_raises_arrives(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error), match=str(error)):
        waited(fail, JobContext())


def test_cancelling_does_not_wait_and_a_late_result_is_handed_over() -> None:
    ctx, go, abandoned = JobContext(), threading.Event(), list[int]()
    late = threading.Event()

    def work() -> int:
        ctx.cancel()
        go.wait(60)
        return 7

    def abandon(result: int) -> None:
        abandoned.append(result)
        late.set()

    with pytest.raises(Cancelled):
        waited(work, ctx, abandon)
    assert abandoned == []
    go.set()
    assert late.wait(10) and abandoned == [7]


def test_work_of_a_cancelled_job_does_not_begin() -> None:
    ctx, begun = JobContext(), list[int]()
    ctx.cancel()
    with pytest.raises(Cancelled):
        waited(lambda: begun.append(1), ctx)
    assert begun == []
