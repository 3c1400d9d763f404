from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.app.operations.column_order import order_of_column, rows_by

_DIGITS = st.text("0123456789", min_size=14, max_size=14)
_IDS = st.text("AB01é", min_size=6, max_size=6)
_FREE = st.text(max_size=5)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("kind", [_DIGITS, _IDS, _FREE, st.text("0123456789abcdef", min_size=40, max_size=40)])
def test_rows_come_in_the_order_of_their_texts_and_equal_ones_keep_theirs(kind, descending: bool) -> None:
    @settings(deadline=None)
    @given(st.lists(kind, max_size=40), st.integers(1, 7))
    def check(texts: list[str], step: int) -> None:
        chunks = [texts[at : at + step] for at in range(0, len(texts), step)]
        column = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks], pa.string())
        wanted = sorted(range(len(texts)), key=lambda row: texts[row].encode(), reverse=False)
        if descending:
            wanted = sorted(range(len(texts)), key=lambda row: [-byte for byte in texts[row].encode()] + [1])
        assert order_of_column(column, descending).tolist() == wanted

    check()


@pytest.mark.parametrize("descending", [False, True])
@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
@example([2**62, -(2**62)])
def test_numbers_too_far_apart_to_be_packed_are_sorted_all_the_same(descending: bool, numbers: list[int]) -> None:
    wanted = sorted(range(len(numbers)), key=lambda row: -numbers[row] if descending else numbers[row])
    assert rows_by(np.array(numbers, dtype=np.int64), descending).tolist() == wanted
