"""Work over many messages, in spawned processes: the interpreter lock lets only one thread compute.

A chunk function takes a list of tasks and gives a list of results of the same length. It is a top-level
function, because spawned processes find it by name.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import NamedTuple, TypeVar

from workbench.kernel.errors import Cancelled, Refused, Unavailable
from workbench.kernel.progress import JobContext
from workbench.kernel.workers import spawned
from workbench.messages.capture import Capture, MessageFormat

CHUNK = 200
_IN_FLIGHT_PER_WORKER = 3
_WAIT_S = 0.1
_TRIAL_S = 0.05
"""Work that tells how long the rest will take."""
HEAVY_BYTES = 1 << 18
"""As much as is validated in half a second. Items of more are never worked on in the window's process, even when they
are alone: only a process can be stopped in the middle."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def _weightless(_item: object) -> int:
    return 0


class Task(NamedTuple):
    """One message on its way to a worker, read there by `documents.read_task`.

    encoding  overrules what an ER7 message says of itself, "" does not
    refusal   why the message could not be cut out of its file
    """

    number: int
    raw: bytes
    format: MessageFormat
    encoding: str = ""
    refusal: Refused | None = None


def weight_of(task: Task) -> int:
    """Bytes of a message on its way to a worker."""
    return len(task.raw)


def tasks_of(capture: Capture, numbers: Iterable[int] | None = None) -> Iterator[Task]:
    """The messages of a capture, cut out one by one as they are needed."""
    for number in range(len(capture)) if numbers is None else numbers:
        kind, encoding = capture.format_of(number), capture.encoding_of(number)
        try:
            yield Task(number, capture.raw(number), kind, encoding)
        except Refused as refusal:
            yield Task(number, b"", kind, encoding, refusal)


def in_batches(
    work: Callable[[Sequence[Item]], list[Result]],
    items: Iterable[Item],
    total: int,
    ctx: JobContext,
    workers: int | None = None,
    label: str = "",
    chunk: int = CHUNK,
    patience: float = 0.0,
    weight: Callable[[Item], int] = _weightless,
) -> Iterator[Result]:
    """The results of all items, in the order of the items.

    workers   processes; None is one for each core, 1 computes here. Fewer items than two chunks do not leave this
              process, because starting one takes longer, unless they are heavy.
    chunk     items that `work` gets at once
    patience  begin in this process, and start others only when the rest would take more seconds than this
    weight    bytes of an item; `HEAVY_BYTES` of them are a chunk, and are worked on in processes that cancelling ends
    raises    Cancelled; Unavailable APP-0002 when a worker process died; whatever `work` raises
    """
    wanted = (os.cpu_count() or 1) if workers is None else workers
    chunks = _chunks(items, chunk, weight)
    alone = wanted <= 1 or total < 2 * chunk
    done, spent = 0, 0.0
    while alone or spent < _TRIAL_S or (total - done) * spent / done < patience:
        if not (alone or patience):
            break
        some = next(chunks, None)
        if some is None:
            return
        if workers != 1 and sum(map(weight, some)) > HEAVY_BYTES:
            chunks = chain([some], chunks)
            break
        started = time.monotonic()
        results = work(some)
        spent += time.monotonic() - started
        yield from results
        done += len(some)
        ctx.advance(done, total, label)
    yield from _in_processes(work, chunks, (done, total), ctx, wanted, label)


def _in_processes(
    work: Callable[[Sequence[Item]], list[Result]],
    chunks: Iterator[list[Item]],
    progress: tuple[int, int],
    ctx: JobContext,
    workers: int,
    label: str,
) -> Iterator[Result]:
    """The results of the rest; `progress` is how many of how many items are done."""
    pool = spawned(workers)
    waiting: deque[Future[list[Result]]] = deque()
    done, total = progress
    try:
        for some in islice(chunks, workers * _IN_FLIGHT_PER_WORKER):
            waiting.append(pool.submit(work, some))
        while waiting:
            results = _result(waiting.popleft(), ctx)
            following = next(chunks, None)
            if following is not None:
                waiting.append(pool.submit(work, following))
            yield from results
            done += len(results)
            ctx.advance(done, total, label)
    except (Cancelled, GeneratorExit):
        _stop(pool)
        raise
    except BrokenProcessPool as error:
        raise Unavailable(
            "APP-0002",
            "A worker process ended before its work was done.",
            "Close other programs to free memory, or run again with one worker.",
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers at once: nobody waits for their answers, and one of them may take minutes."""
    for process in list((pool._processes or {}).values()):  # `terminate_workers` comes with Python 3.14
        process.terminate()


def _result(future: Future[list[Result]], ctx: JobContext) -> list[Result]:
    """Wait for a chunk, looking every tenth of a second whether the user wants to stop."""
    while True:
        try:
            return future.result(timeout=_WAIT_S)
        except TimeoutError:
            ctx.check()


def _chunks(items: Iterable[Item], size: int, weight: Callable[[Item], int]) -> Iterator[list[Item]]:
    chunk: list[Item] = []
    total = 0
    for item in items:
        heavy = weight(item)
        if chunk and (len(chunk) >= size or total + heavy > HEAVY_BYTES):
            yield chunk
            chunk, total = [], 0
        chunk.append(item)
        total += heavy
    if chunk:
        yield chunk
