"""Index, list, parse and read, beside hl7apy in the same run: `pytest tests/benchmarks --benchmark-only`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hl7apy.parser import parse_message

from tests.benchmarks.conftest import adt, oru
from workbench.app.operations.listing import row_at
from workbench.messages.capture import open_capture
from workbench.v2 import er7

PATHS = ("MSH-10", "PID-3.1", "PID-5.1", "PV1-19.1")


@pytest.mark.benchmark(group="index 100,000 ADT")
def test_index(benchmark, many_adt: Path) -> None:
    capture = benchmark.pedantic(open_capture, ([many_adt],), rounds=3)
    assert len(capture) == 100_000
    megabytes = many_adt.stat().st_size / 1e6
    benchmark.extra_info["MB/s"] = round(megabytes / benchmark.stats.stats.min)


@pytest.mark.benchmark(group="list 100,000 ADT")
def test_list(benchmark, many_adt: Path) -> None:
    capture = open_capture([many_adt])
    rows = benchmark.pedantic(lambda: [row_at(capture, number) for number in range(len(capture))], rounds=1)
    assert rows[99_999].control_id == "MSG00099999"


@pytest.mark.benchmark(group="ADT: parse and read four fields")
def test_read_adt(benchmark) -> None:
    raw = adt(7)
    assert benchmark(_four_fields, raw) == ["MSG00000007", "00000007", "O'NEIL", "V00000007"]


@pytest.mark.benchmark(group="ADT: parse and read four fields")
def test_read_adt_with_hl7apy(benchmark) -> None:
    text = adt(7).decode()
    assert benchmark(_four_fields_of_hl7apy, text) == ["MSG00000007", "00000007", "O'NEIL", "V00000007"]


@pytest.mark.benchmark(group="ORU with 30 OBX: parse and read four fields")
def test_read_oru(benchmark) -> None:
    raw = oru(7)
    assert benchmark(_four_fields, raw)[0] == "MSG00000007"


@pytest.mark.benchmark(group="ORU with 30 OBX: parse and read four fields")
def test_read_oru_with_hl7apy(benchmark) -> None:
    text = oru(7).decode()
    assert benchmark.pedantic(lambda: parse_message(text).msh.msh_10.value, rounds=5) == "MSG00000007"


def _four_fields(raw: bytes) -> list[str]:
    message = er7.parse(raw)
    return [message.value(path) for path in PATHS]


def _four_fields_of_hl7apy(text: str) -> list[str]:
    message = parse_message(text)
    return [
        message.msh.msh_10.value,
        message.pid.pid_3[0].cx_1.value,
        message.pid.pid_5[0].xpn_1.value,
        message.pv1.pv1_19.cx_1.value,
    ]
