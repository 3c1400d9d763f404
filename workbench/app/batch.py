"""Work over many messages, in spawned processes: the interpreter lock lets only one thread compute.

A chunk function takes a list of tasks and gives a list of results of the same length. It is a top-level
function, because spawned processes find it by name.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import NamedTuple, TypeVar

from workbench.kernel.errors import Unavailable
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, MessageFormat

CHUNK = 200
_IN_FLIGHT_PER_WORKER = 3
_WAIT_S = 0.1

Item = TypeVar("Item")
Result = TypeVar("Result")


class Task(NamedTuple):
    """One message on its way to a worker."""

    number: int
    raw: bytes
    format: MessageFormat


def tasks_of(capture: Capture, numbers: Iterable[int] | None = None) -> Iterator[Task]:
    """The messages of a capture, cut out one by one as they are needed."""
    for number in range(len(capture)) if numbers is None else numbers:
        yield Task(number, capture.raw(number), capture.format_of(number))


def in_batches(
    work: Callable[[Sequence[Item]], list[Result]],
    items: Iterable[Item],
    total: int,
    ctx: JobContext,
    workers: int | None = None,
    label: str = "",
) -> Iterator[Result]:
    """The results of all items, in the order of the items.

    workers  processes; None is one for each core, 1 computes here. Fewer items than two chunks never leave
             this process, because starting one takes longer.
    raises   Cancelled; Unavailable APP-0002 when a worker process died; whatever `work` raises
    """
    wanted = (os.cpu_count() or 1) if workers is None else workers
    chunks = _chunks(items)
    if wanted <= 1 or total < 2 * CHUNK:
        done = 0
        for chunk in chunks:
            yield from work(chunk)
            done += len(chunk)
            ctx.advance(done, total, label)
        return
    yield from _in_processes(work, chunks, total, ctx, wanted, label)


def _in_processes(
    work: Callable[[Sequence[Item]], list[Result]],
    chunks: Iterator[list[Item]],
    total: int,
    ctx: JobContext,
    workers: int,
    label: str,
) -> Iterator[Result]:
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    waiting: deque[Future[list[Result]]] = deque()
    done = 0
    try:
        for chunk in islice(chunks, workers * _IN_FLIGHT_PER_WORKER):
            waiting.append(pool.submit(work, chunk))
        while waiting:
            results = _result(waiting.popleft(), ctx)
            following = next(chunks, None)
            if following is not None:
                waiting.append(pool.submit(work, following))
            yield from results
            done += len(results)
            ctx.advance(done, total, label)
    except BrokenProcessPool as error:
        raise Unavailable(
            "APP-0002",
            "A worker process ended before its work was done.",
            "Close other programs to free memory, or run again with one worker.",
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _result(future: Future[list[Result]], ctx: JobContext) -> list[Result]:
    """Wait for a chunk, looking every tenth of a second whether the user wants to stop."""
    while True:
        try:
            return future.result(timeout=_WAIT_S)
        except TimeoutError:
            ctx.check()


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
