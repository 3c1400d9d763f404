from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

import pytest

from workbench.app.batch import CHUNK, HEAVY_BYTES, in_batches
from workbench.app.operations.validation import validate_alone, validate_document
from workbench.kernel.errors import Cancelled, Unavailable
from workbench.kernel.progress import JobContext, Progress
from workbench.v2 import er7


def _squares(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(number * number, os.getpid()) for number in numbers]


def _dies(numbers: Sequence[int]) -> list[int]:
    if 999 in numbers:
        os._exit(9)
    return list(numbers)


def _raises(numbers: Sequence[int]) -> list[int]:
    raise ValueError("not today")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    total = 5 * CHUNK + 7
    results = list(in_batches(_squares, range(total), total, JobContext(), workers))
    assert [square for square, _ in results] == [number * number for number in range(total)]
    assert (os.getpid() in {pid for _, pid in results}) is (workers == 1)


def test_few_items_never_leave_the_process() -> None:
    results = list(in_batches(_squares, range(10), 10, JobContext(), 4))
    assert {pid for _, pid in results} == {os.getpid()}


def test_progress_counts_items_and_ends_at_the_total() -> None:
    told: list[Progress] = []
    list(in_batches(_squares, range(500), 500, JobContext(told.append), 1, "squaring"))
    assert (told[-1].done, told[-1].total, told[-1].label) == (500, 500, "squaring")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_cancelled_batch_stops(workers: int) -> None:
    ctx = JobContext()
    results = in_batches(_squares, range(100_000), 100_000, ctx, workers)
    next(results)
    ctx.cancel()
    with pytest.raises(Cancelled):
        list(results)


def test_a_worker_that_dies_is_said() -> None:
    with pytest.raises(Unavailable, match="worker process ended"):
        list(in_batches(_dies, range(1200), 1200, JobContext(), 2))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_work_raises_arrives(workers: int) -> None:
    with pytest.raises(ValueError, match="not today"):
        list(in_batches(_raises, range(1200), 1200, JobContext(), workers))


def _slow_squares(numbers: Sequence[int]) -> list[tuple[int, int]]:
    time.sleep(0.03)
    return _squares(numbers)


@pytest.mark.parametrize("patience", [0.01, 60.0])
def test_work_that_is_begun_here_goes_on_in_processes_in_order(patience: float) -> None:
    total = 40
    results = list(in_batches(_slow_squares, range(total), total, JobContext(), 2, chunk=4, patience=patience))
    assert [square for square, _ in results] == [number * number for number in range(total)]
    processes = {process for _, process in results}
    assert os.getpid() in processes
    assert (len(processes) > 1) is (patience < 1)


def _sleeps(items: Sequence[bytes]) -> list[int]:
    time.sleep(600 if b"giant" in items else 0)
    return [os.getpid() for _ in items]


def test_a_heavy_item_leaves_the_process_even_when_it_is_alone() -> None:
    items = [b"small", bytes(HEAVY_BYTES + 1), b"small"]
    processes = list(in_batches(_sleeps, items, 3, JobContext(), 2, weight=len))
    assert processes[0] == os.getpid() and processes[1] != os.getpid()


def test_a_heavy_item_is_worked_on_here_when_only_one_process_is_wanted() -> None:
    assert list(in_batches(_sleeps, [bytes(HEAVY_BYTES + 1)], 1, JobContext(), 1, weight=len)) == [os.getpid()]


def test_cancelling_ends_work_in_the_middle_of_a_heavy_item() -> None:
    ctx = JobContext()
    threading.Timer(0.5, ctx.cancel).start()
    with pytest.raises(Cancelled):
        list(in_batches(_sleeps, [b"giant"], 1, ctx, 2, weight=lambda _item: HEAVY_BYTES + 1))


def _sizes(items: Sequence[bytes]) -> list[int]:
    return [len(items) for _ in items]


def test_a_chunk_holds_no_more_bytes_than_can_be_worked_on_in_half_a_second() -> None:
    items = [bytes(HEAVY_BYTES // 3)] * 7
    assert list(in_batches(_sizes, items, 7, JobContext(), 1, weight=len)) == [3, 3, 3, 3, 3, 3, 1]


def test_a_large_message_judged_alone_has_the_findings_it_has_in_company() -> None:
    lines = "".join(f"OBX|{n}|NM|A^B^L||{'x' * 20}|mg/dL||||||F\r" for n in range(1, 6000))
    raw = f"MSH|^~\\&|A|B|C|D|20250101||ORU^R01^ORU_R01|M1|T|2.5.1\rPID|1||7||Roe^Ann\r{lines}".encode()
    assert len(raw) > HEAVY_BYTES
    message = er7.parse(raw)
    assert validate_alone(message, JobContext()) == validate_document(message)


def test_judging_a_large_message_alone_can_be_cancelled() -> None:
    raw = b"MSH|^~\\&|A|B|C|D|20250101||ORU^R01^ORU_R01|M1|T|2.5.1\r" + b"OBX|1|NM|A^B^L||x|mg/dL||||||F\r" * 40_000
    message, ctx = er7.parse(raw), JobContext()
    threading.Timer(0.2, ctx.cancel).start()
    with pytest.raises(Cancelled):
        validate_alone(message, ctx)
