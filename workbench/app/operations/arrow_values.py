"""Between Arrow arrays and numpy, over the same memory where that can be.

`pa.array` and `to_numpy` load pandas, which takes seconds: too long for the first click on a heading, and for every
worker process.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa


def texts_of(texts: Sequence[str]) -> pa.Array:
    """An Arrow array over the joined bytes."""
    joined = "".join(texts)
    data = joined.encode("utf-8", "replace")
    lengths = map(len, texts) if len(data) == len(joined) else (len(text.encode("utf-8", "replace")) for text in texts)
    offsets = array("i", accumulate(lengths, initial=0))
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(data))


def values_of(numbers: pa.Array, kind: type[np.integer[Any]]) -> np.ndarray[Any, np.dtype[Any]]:
    """The numbers of an array without nulls, over its own memory."""
    size = np.dtype(kind).itemsize
    return np.frombuffer(numbers.buffers()[1], kind, len(numbers), numbers.offset * size)


def flags_of(mask: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Truth values of an array without nulls; one bit each in Arrow."""
    bits = np.unpackbits(np.frombuffer(mask.buffers()[1], np.uint8), bitorder="little")
    return bits[mask.offset : mask.offset + len(mask)].astype(bool)


def truths_of(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> pa.Array:
    """Truth values as an Arrow array."""
    packed = pa.py_buffer(np.packbits(flags, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(flags), [None, packed])
