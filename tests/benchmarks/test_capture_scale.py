"""A million admissions and 200,000 laboratory reports: open, index, filter, search, sort, jump; and other readers on
a sample in the same run.

    pytest tests/benchmarks/test_capture_scale.py --benchmark-only

Needs 2.5 GB of disk for the time it runs. `WORKBENCH_BENCHMARK_SCALE=0.1` makes everything a tenth as large.
"""

from __future__ import annotations

import gc
import os
import random
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.benchmarks.conftest import adt, oru
from workbench.app.operations.index import MessageIndex, index_batches, open_and_index
from workbench.app.operations.listing import row_at
from workbench.app.operations.search import search
from workbench.kernel.errors import Cancelled
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture
from workbench.v2 import er7
from workbench.v2.header import read_header

SCALE = float(os.environ.get("WORKBENCH_BENCHMARK_SCALE", "1"))
ADTS, ORUS = int(1_000_000 * SCALE), int(200_000 * SCALE)
SAMPLE = 40
_PAGE = 256


def _resident_kib(field: str = "RssAnon", process: str = "self") -> int:
    """Memory of a process that no file stands behind; 0 where the system does not tell, or the process is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith(field)), 0)


def _family(process: str) -> Iterator[str]:
    """A process and all that descend from it."""
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                yield from _family(child)


class _Watch:
    """The most memory that this process and its workers held together, looked at twenty times a second."""

    def __init__(self) -> None:
        self.most_kib = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            held = sum(_resident_kib(process=process) for process in _family(str(os.getpid())))
            self.most_kib = max(self.most_kib, held)


class _UntilFirstPage(JobContext):
    """Stops a scan as soon as there is something to show."""

    def __init__(self, capture: Capture) -> None:
        super().__init__()
        self._capture = capture

    def advance(self, done: int, total: int = 0, label: str = "") -> None:
        if len(self._capture) >= _PAGE:
            raise Cancelled


def _written(path: Path, make, count: int) -> Path:
    with path.open("wb") as stream:
        for number in range(count):
            stream.write(make(number))
    return path


@pytest.fixture(scope="module")
def adts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = _written(tmp_path_factory.mktemp("scale") / "adt.hl7", adt, ADTS)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def orus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = _written(tmp_path_factory.mktemp("scale") / "oru.hl7", oru, ORUS)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def opened(adts: Path) -> tuple[Capture, MessageIndex]:
    return open_and_index([adts], JobContext(), 2)


@pytest.mark.benchmark(group="open and index with two workers")
@pytest.mark.parametrize("kind", ["adts", "orus"])
def test_ready(benchmark, kind: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(kind)
    before = _resident_kib()
    with _Watch() as watch:
        capture, index = benchmark.pedantic(open_and_index, ([path], JobContext(), 2), rounds=1)
    assert len(index) == len(capture) == (ADTS if kind == "adts" else ORUS)
    benchmark.extra_info["MB"] = round(path.stat().st_size / 1e6)
    benchmark.extra_info["MB over baseline"] = round((_resident_kib() - before) / 1024)
    benchmark.extra_info["MB over baseline, at the most, with workers"] = round((watch.most_kib - before) / 1024)
    benchmark.extra_info["MB over baseline, mapped file included"] = round(_resident_kib("VmRSS") / 1024)


@pytest.mark.benchmark(group="first rows")
def test_first_rows(benchmark, adts: Path) -> None:
    def first() -> int:
        capture = Capture([adts])
        with suppress(Cancelled):
            capture.index(_UntilFirstPage(capture))
        return next(index_batches(capture, JobContext(), 1)).num_rows

    assert benchmark.pedantic(first, rounds=5) == _PAGE


@pytest.mark.benchmark(group="one million rows: filter, find, sort, jump")
def test_filter(benchmark, opened: tuple[Capture, MessageIndex]) -> None:
    wanted = f"{ADTS // 2:08}"
    assert list(benchmark(opened[1].equal, "patient_id", wanted)) == [ADTS // 2]


@pytest.mark.benchmark(group="one million rows: filter, find, sort, jump")
def test_find_a_part(benchmark, opened: tuple[Capture, MessageIndex]) -> None:
    found = benchmark(opened[1].containing, "control_id", "777")
    assert len(found) > 0


@pytest.mark.benchmark(group="one million rows: filter, find, sort, jump")
@pytest.mark.parametrize("column", ["control_id", "patient_name", "trigger_event", "time"])
def test_sort(benchmark, opened: tuple[Capture, MessageIndex], column: str) -> None:
    assert len(benchmark(opened[1].order, column, True)) == ADTS


@pytest.mark.benchmark(group="one million rows: filter, find, sort, jump")
def test_jump(benchmark, opened: tuple[Capture, MessageIndex]) -> None:
    """A page of rows anywhere, and the message at its top parsed."""
    capture = opened[0]
    chance = random.Random(1)

    def jump() -> str:
        at = chance.randrange(ADTS - _PAGE)
        rows = [row_at(capture, number) for number in range(at, at + _PAGE)]
        assert rows[0].control_id == f"MSG{at:08}"
        return er7.parse(capture.raw(at)).value("PV1-19.1")

    assert benchmark(jump).startswith("V")


@pytest.mark.benchmark(group="questions over one million messages")
@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("MSH-9.2 = A01 and not MSH-12.1 = 2.3", ADTS),
        (f'PID-3.1 = "{ADTS // 2:08}"', 1),
        ("PV1-44 >= 2024-01-01 and exists(AL1)", ADTS),
        ("text(springfield)", ADTS),
        ("ZPD-1 = x or count(OBX) > 1", 0),
    ],
)
def test_question(benchmark, opened: tuple[Capture, MessageIndex], question: str, count: int) -> None:
    capture, index = opened

    def ask() -> int:
        return sum(len(found.numbers) for found in search(capture, question, JobContext(), index, 2))

    assert benchmark.pedantic(ask, rounds=1) == count


@pytest.mark.benchmark(group="cancel a question over one million messages")
def test_cancel(benchmark, opened: tuple[Capture, MessageIndex]) -> None:
    def ask_and_cancel() -> float:
        ctx, cancelled = JobContext(), 0.0
        try:
            for _ in search(opened[0], "PV1-44 >= 2024-01-01", ctx, None, 2):
                cancelled = cancelled or time.perf_counter()
                ctx.cancel()
        except Cancelled:
            return time.perf_counter() - cancelled
        return float("inf")

    waited = benchmark.pedantic(ask_and_cancel, rounds=1)
    benchmark.extra_info["ms from cancel to stop"] = round(1000 * waited)
    assert waited < float("inf")


@pytest.mark.benchmark(group="a message of 200 MB")
def test_giant(benchmark, tmp_path: Path) -> None:
    """Opened, listed and headed without being copied."""
    path = tmp_path / "giant.hl7"
    size = int(200e6 * SCALE)
    head = adt(1)
    path.write_bytes(head + b"OBX|1|ED|PDF||^^PDF^Base64^" + b"QUJD" * (size // 4) + b"\r" + adt(2))

    def look() -> tuple[str, int]:
        capture = open_capture([path])
        return row_at(capture, 0).control_id, capture.length(0)

    before = _resident_kib()
    control_id, length = benchmark(look)
    assert (control_id, length > size) == ("MSG00000001", True)
    benchmark.extra_info["MB over baseline"] = round((_resident_kib() - before) / 1024)


# --- other readers, for the same ten fields of a sample


def _fields_of_index(messages: list[bytes]) -> list[str]:
    return [read_header(raw).patient_name for raw in messages]


def _fields_of_hl7(messages: list[bytes]) -> list[str]:
    import hl7

    parsed = (hl7.parse(raw.decode()) for raw in messages)
    return [f"{message['PID.F5.R1.C1']}, {message['PID.F5.R1.C2']}" for message in parsed]


def _fields_of_hl7apy(messages: list[bytes]) -> list[str]:
    from hl7apy.parser import parse_message

    parsed = (parse_message(raw.decode(), find_groups=False) for raw in messages)
    return [f"{m.pid.pid_5[0].xpn_1.value}, {m.pid.pid_5[0].xpn_2.value}" for m in parsed]


def _held_kb(reader, messages: list[bytes]) -> float:
    """What the parsed messages of a reader, or its index of them, keep in memory."""
    gc.collect()
    tracemalloc.start()
    kept = _KEEPING[reader](messages)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept
    return held / len(messages) / 1e3


def _kept_by_hl7apy(messages: list[bytes]) -> list[object]:
    from hl7apy.parser import parse_message

    return [parse_message(raw.decode(), find_groups=False) for raw in messages]


def _kept_by_hl7(messages: list[bytes]) -> list[object]:
    import hl7

    return [hl7.parse(raw.decode()) for raw in messages]


_KEEPING = {
    _fields_of_index: lambda messages: [read_header(raw) for raw in messages],
    _fields_of_hl7: _kept_by_hl7,
    _fields_of_hl7apy: _kept_by_hl7apy,
}


@pytest.mark.benchmark(group=f"names of {SAMPLE} patients from ADT")
@pytest.mark.parametrize("reader", [_fields_of_index, _fields_of_hl7, _fields_of_hl7apy])
def test_beside_others_adt(benchmark, reader) -> None:
    messages = [adt(number) for number in range(SAMPLE)]
    names = benchmark.pedantic(reader, (messages,), rounds=1)
    assert names == ["O'NEIL, MÉABH"] * SAMPLE
    benchmark.extra_info["kB held for each parsed message"] = round(_held_kb(reader, messages), 1)
    benchmark.extra_info["hours for 1,000,000"] = round(benchmark.stats.stats.min / SAMPLE * 1e6 / 3600, 4)


@pytest.mark.benchmark(group=f"names of {SAMPLE // 4} patients from ORU")
@pytest.mark.parametrize("reader", [_fields_of_index, _fields_of_hl7, _fields_of_hl7apy])
def test_beside_others_oru(benchmark, reader) -> None:
    messages = [oru(number) for number in range(SAMPLE // 4)]
    names = benchmark.pedantic(reader, (messages,), rounds=1)
    assert names == ["O'NEIL, MEABH"] * (SAMPLE // 4)
    benchmark.extra_info["hours for 200,000"] = round(benchmark.stats.stats.min / (SAMPLE // 4) * 2e5 / 3600, 4)
