"""Waiting for calls that cannot be interrupted: connecting, reading from a network, compiling."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from workbench.kernel.errors import Cancelled
from workbench.kernel.progress import JobContext

LOOK_S = 0.1

Result = TypeVar("Result")


def _keep(_result: object) -> None:
    """Nothing has to be done about most results."""


def waited(work: Callable[[], Result], ctx: JobContext, abandon: Callable[[Result], object] = _keep) -> Result:
    """What `work` gives, which runs in a thread of its own so that cancelling need not wait for its end.

    abandon  is handed a result that comes after the job was cancelled, such as a connection to be closed
    raises   Cancelled, within a fifth of a second; whatever `work` raises
    """
    ctx.check()
    future: Future[Result] = Future()
    threading.Thread(target=_work, args=(work, future), daemon=True).start()
    while True:
        try:
            return future.result(LOOK_S)
        except TimeoutError:
            if future.done():
                raise  # the work's own
        if ctx.cancelled:
            future.add_done_callback(lambda done: None if done.exception() else abandon(done.result()))
            raise Cancelled


def _work(work: Callable[[], Result], future: Future[Result]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
        future.set_exception(error)
