"""The order of a column of texts: texts become numbers that sort as they do, and numbers are sorted with their rows.

A million rows take some 0.1 s in place of 0.3 to 0.8 s: a number and its row are one number of 64 bits, which numpy
sorts many at a time, and no other sort keeps equal values in their order at that speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.app.operations.arrow_values import values_of

_INT64_DIGITS = 18
_BITS = 64
_LONGEST = 64
_SAMPLE = 1 << 15
"""Rows that tell whether the texts of a column repeat."""

Numbers = np.ndarray[Any, np.dtype[np.int64]]
Rows = np.ndarray[Any, np.dtype[np.uint32]]


def order_of_column(column: pa.ChunkedArray, descending: bool = False) -> Rows:
    """The rows in the order of a column of texts without nulls; equal ones keep theirs, either way."""
    if pa.types.is_dictionary(column.type):
        return rows_by(_ranks(column), descending)
    texts = column.combine_chunks()
    keys = _keys(texts)
    if keys is not None:
        return rows_by(keys, descending)
    found = pc.array_sort_indices(texts, order="descending" if descending else "ascending")
    return values_of(found, np.uint64).astype(np.uint32)


def rows_by(keys: Numbers, descending: bool = False) -> Rows:
    """The rows in the order of their keys; equal ones keep theirs."""
    if not len(keys):
        return np.zeros(0, dtype=np.uint32)
    low, high = int(keys.min()), int(keys.max())
    bits = len(keys).bit_length()
    if (high - low).bit_length() + bits > _BITS:  # differences may not fit either; the complement turns the order round
        return np.argsort(~keys if descending else keys, kind="stable").astype(np.uint32)
    above = high - keys if descending else keys - low
    packed = (above.astype(np.uint64) << np.uint64(bits)) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    return (packed & np.uint64((1 << bits) - 1)).astype(np.uint32)


def _keys(texts: pa.Array) -> Numbers | None:
    """Numbers that sort as the texts do; None where there are none that are quickly found."""
    _, offsets_buffer, data_buffer = texts.buffers()
    if not len(texts) or data_buffer is None:
        return None
    offsets = np.frombuffer(offsets_buffer, np.int32, len(texts) + 1, texts.offset * 4)
    lengths = np.diff(offsets)
    data = np.frombuffer(data_buffer, np.uint8)[offsets[0] : offsets[-1]]
    length = int(lengths[0])
    if 0 < length <= _LONGEST and (lengths == length).all():
        if length <= _INT64_DIGITS and _are_digits(data):
            return values_of(pc.cast(texts, pa.int64()), np.int64)
        letters, most_bits = data.reshape(len(texts), length), _BITS - len(texts).bit_length()
        keys = _mixed_radix(letters, most_bits) if _mixed_radix(letters[:_SAMPLE], most_bits) is not None else None
        if keys is not None:
            return keys
    sample = texts[:_SAMPLE]
    if len(pc.unique(sample)) > len(sample) // 2:
        return None
    return _ranks(pa.chunked_array([pc.dictionary_encode(texts)]))


def _mixed_radix(letters: np.ndarray[Any, np.dtype[np.uint8]], most_bits: int) -> Numbers | None:
    """Texts of one length as numbers: each place is a digit, and its base is how many bytes occur there."""
    keys, size = np.zeros(len(letters), dtype=np.int64), 1
    for place in range(letters.shape[1]):
        column = np.ascontiguousarray(letters[:, place])
        present = np.flatnonzero(np.bincount(column, minlength=256))
        if len(present) == 1:
            continue
        size *= len(present)
        if size.bit_length() > most_bits:
            return None
        digits = np.zeros(256, dtype=np.int64)
        digits[present] = np.arange(len(present))
        keys *= len(present)
        keys += digits[column]
    return keys


def _are_digits(data: np.ndarray[Any, np.dtype[np.uint8]]) -> bool:
    return bool(((data - np.uint8(0x30)) < 10).all())  # what comes before "0" wraps round


def _ranks(column: pa.ChunkedArray) -> Numbers:
    """The place of each value among the sorted values; after unification every chunk has the same dictionary."""
    if not column.num_chunks:
        return np.zeros(0, dtype=np.int64)
    texts = column.chunk(0).dictionary
    ranks = np.empty(len(texts), dtype=np.int64)
    ranks[values_of(pc.array_sort_indices(texts), np.uint64)] = np.arange(len(texts), dtype=np.int64)
    return np.concatenate([ranks[values_of(chunk.indices, np.int32)] for chunk in column.chunks])
