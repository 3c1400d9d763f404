"""What comparing, counting and de-identifying cost for each of 500 admissions, in one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.conftest import adt
from workbench.app.operations.compare import ComparePlan, _digest_piece
from workbench.app.operations.deidentify import Rules, _deidentify_piece
from workbench.app.operations.statistics import Chosen, _count_piece
from workbench.messages.capture import open_capture
from workbench.messages.sections import Section
from workbench.security.pseudonyms import Pseudonyms


@pytest.fixture(scope="module")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Section:
    path: Path = tmp_path_factory.mktemp("capture") / "adt.hl7"
    path.write_bytes(b"".join(adt(number) for number in range(500)))
    return next(iter(open_capture([path]).pieces(500, 1 << 30)))


def test_reducing_messages_to_hashes(benchmark, piece: Section) -> None:
    assert len(benchmark(_digest_piece, ComparePlan(), piece).keys) == 500


def test_counting_messages(benchmark, piece: Section) -> None:
    assert benchmark(_count_piece, Chosen(), piece).messages == 500


def test_deidentifying_messages(benchmark, piece: Section) -> None:
    found, report = benchmark.pedantic(_deidentify_piece, (Pseudonyms(bytes(32)), Rules(), piece), rounds=3)
    assert len(found) == report.messages == 500
