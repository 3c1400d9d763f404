"""The index of a capture: the key fields of every message in columns, built once and kept.

Columns are Arrow arrays, twelve times smaller than Python's own strings: a million messages take about 110 MB, are
filtered in some milliseconds and sorted in a fraction of a second. It holds patients' data, so it is saved only
through a `Seal`.
"""

from __future__ import annotations

import hashlib
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.app.batch import in_batches
from workbench.app.operations.arrow_values import flags_of, texts_of, truths_of, values_of
from workbench.app.operations.column_order import order_of_column
from workbench.app.operations.kept_offsets import state_of_files
from workbench.app.operations.listing import GIANT_BYTES, HEAD_BYTES, giant_summary, readable, summary
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import release
from workbench.messages.capture import Capture, MessageFormat
from workbench.messages.sections import Section
from workbench.v2.header import Header, peek

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (*Header._fields, "plain")
"""The fields of `v2.header.Header`, and whether MSH is written with the usual delimiters and nothing nested."""
_REPEATING = frozenset(
    {
        "message_code",
        "trigger_event",
        "version",
        "sending_application",
        "sending_facility",
        "receiving_application",
        "receiving_facility",
    }
)
"""Few different values: kept as dictionary and codes."""
_TYPES = {
    name: pa.dictionary(pa.int32(), pa.string()) if name in _REPEATING else pa.string() for name in Header._fields
}
SCHEMA = pa.schema([*_TYPES.items(), ("plain", pa.uint8())])

PIECE_MESSAGES = 8192
PIECE_BYTES = 32 << 20
FIRST_PIECE = 256
PATIENCE_S = 2.0
_USUAL_PIECE_BYTES = 8 << 20
_WAIT_S = 0.005
_FEW = 16
"""One text in so many contains what is looked for, at most, where searching all bytes is faster."""
_FINGERPRINT = b"fingerprint"


class Seal(Protocol):
    """Encrypts what is written to disk; the workspace's key stands behind it."""

    def seal(self, data: bytes) -> bytes: ...

    def unseal(self, data: bytes) -> bytes:
        """raises Refused: sealed with another key, or changed"""
        ...


class MessageIndex:
    """The key fields of all messages of a capture; row n is message n. Immutable."""

    __slots__ = ("_table",)

    def __init__(self, table: pa.Table) -> None:
        self._table = table.unify_dictionaries()

    @classmethod
    def of(cls, batches: Sequence[pa.RecordBatch]) -> MessageIndex:
        """From what `index_batches` gave."""
        return cls(pa.Table.from_batches(batches, SCHEMA))

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @property
    def size(self) -> int:
        """Bytes it holds."""
        return int(self._table.nbytes)

    @property
    def frame(self) -> pd.DataFrame:
        """The columns as a pandas DataFrame over the same Arrow memory."""
        import pandas as pd

        frame: pd.DataFrame = self._table.to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def column(self, name: str) -> pa.ChunkedArray:
        """One column; raises KeyError for a name that is not in `COLUMNS`."""
        return self._table.column(name)

    def mask(self, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """A column of flags as truth values."""
        chunks = [values_of(chunk, np.uint8).astype(bool) for chunk in self._table.column(name).chunks]
        return np.concatenate(chunks) if chunks else np.zeros(0, dtype=bool)

    def header(self, number: int) -> Header:
        """What a list shows of one message."""
        return Header(*(self._table.column(name)[number].as_py() for name in Header._fields))

    def equal(self, name: str, value: str) -> array[int]:
        """Numbers of the messages with this very value."""
        column, wanted = self._table.column(name), texts_of([value])[0]
        return _where(_mapped(column, lambda texts: pc.equal(texts, wanted)))

    def containing(self, name: str, part: str) -> array[int]:
        """Numbers of the messages whose value contains a text, whatever its case."""
        column = self._table.column(name)
        lower = pc.ascii_lower if part.isascii() else pc.utf8_lower
        return _where(_mapped(column, lambda texts: _contain(lower(texts), part.lower())))

    def order(self, name: str, descending: bool = False) -> array[int]:
        """The message numbers in the order of a column; messages with equal values keep theirs."""
        return array("I", order_of_column(self._table.column(name), descending).tobytes())

    def to_bytes(self, fingerprint: str) -> bytes:
        """The index for saving, compressed; `fingerprint` says of which state of which files."""
        sink = pa.BufferOutputStream()
        schema = self._table.schema.with_metadata({_FINGERPRINT: fingerprint.encode()})
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(sink, schema, options=options) as stream:
            stream.write_table(self._table.replace_schema_metadata(schema.metadata))
        data: bytes = sink.getvalue().to_pybytes()
        return data

    @classmethod
    def from_bytes(cls, data: bytes, fingerprint: str) -> MessageIndex | None:
        """None when it is an index of something else, of another version, or damaged."""
        try:
            with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
                metadata = stream.schema.metadata or {}
                if metadata.get(_FINGERPRINT) != fingerprint.encode() or stream.schema.names != SCHEMA.names:
                    return None
                return cls(stream.read_all())
        except (pa.ArrowInvalid, OSError):
            return None


def build_index(capture: Capture, ctx: JobContext, workers: int | None = None) -> MessageIndex:
    """The index of a capture that is open; raises as `index_batches`."""
    return MessageIndex.of(list(index_batches(capture, ctx, workers)))


def open_and_index(paths: Sequence[Path], ctx: JobContext, workers: int | None = None) -> tuple[Capture, MessageIndex]:
    """Open a capture and index it meanwhile; raises as `open_capture` and `index_batches`."""
    capture = Capture(paths)
    with ThreadPoolExecutor(1) as pool:
        scan = pool.submit(capture.index, ctx)
        batches = list(index_batches(capture, ctx, workers, lambda: not scan.done()))
        scan.result()
    return capture, MessageIndex.of(batches)


def index_batches(
    capture: Capture, ctx: JobContext, workers: int | None = None, growing: Callable[[], bool] = lambda: False
) -> Iterator[pa.RecordBatch]:
    """The rows of the index in order, the first few hundred at once, the rest from worker processes.

    growing  True as long as somebody else is still finding messages (`Capture.index`)
    raises   Cancelled; Unavailable APP-0002 when a worker process died
    """
    first = _wait_for(FIRST_PIECE, capture, ctx, growing)
    for piece in capture.pieces(FIRST_PIECE, PIECE_BYTES, 0, first):
        yield _rows(piece)
    expected = capture.size() // _USUAL_PIECE_BYTES + 1
    for data in in_batches(
        _packed_rows,
        _pieces(capture, first, ctx, growing),
        expected,
        ctx,
        workers,
        "indexing",
        chunk=1,
        patience=PATIENCE_S,
    ):
        with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
            yield from stream


def _pieces(capture: Capture, start: int, ctx: JobContext, growing: Callable[[], bool]) -> Iterator[Section]:
    """Pieces of the capture from a message on, as far as it is found."""
    while (end := _wait_for(start + PIECE_MESSAGES, capture, ctx, growing)) > start:
        yield from capture.pieces(PIECE_MESSAGES, PIECE_BYTES, start, end)
        start = end


def _wait_for(count: int, capture: Capture, ctx: JobContext, growing: Callable[[], bool]) -> int:
    """So many messages, or as many as there are once no more are found."""
    while len(capture) < count and growing():
        ctx.check()
        time.sleep(_WAIT_S)
    ctx.check()
    return min(count, len(capture))


def fingerprint(capture: Capture) -> str:
    """What an index of the capture is true for: how each file was read, its size, time and both its ends."""
    state = (state_of_files(capture.paths), len(capture), capture.framings)
    return hashlib.blake2b(repr(state).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def save_index(index: MessageIndex, path: Path, state: str, seal: Seal) -> None:
    """Write the index, sealed; raises Unavailable KRN-0002."""
    write_atomically(path, seal.seal(index.to_bytes(state)))


def load_index(path: Path, state: str, seal: Seal) -> MessageIndex | None:
    """The saved index when it is of this very `fingerprint`; None when there is none that can be used."""
    try:
        sealed = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(
            "APP-0003", f"{path} cannot be read ({error.strerror}).", "The index is built anew."
        ) from error
    try:
        return MessageIndex.from_bytes(seal.unseal(sealed), state)
    except Refused:
        return None


def _packed_rows(pieces: Sequence[Section]) -> list[bytes]:
    packed: list[bytes] = []
    for piece in pieces:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, SCHEMA) as stream:
            stream.write_batch(_rows(piece))
        packed.append(sink.getvalue().to_pybytes())
    return packed


def _rows(piece: Section) -> pa.RecordBatch:
    headers: list[Header] = []
    plain = bytearray()
    if piece.format is MessageFormat.ER7:
        for head in piece.heads(HEAD_BYTES):  # one message at a time stays in the processor's cache
            header, is_plain = peek(readable(head, piece.encoding) if piece.encoding else head)
            headers.append(header)
            plain.append(is_plain)
    else:
        headers.extend(_summary(piece, place) for place in range(len(piece)))
        plain.extend(bytes(len(headers)))
    release(piece.buffer, piece.starts[0], piece.reach(len(piece) - 1))
    columns = [
        _repeating(texts) if name in _REPEATING else texts_of(texts)
        for name, texts in zip(Header._fields, zip(*headers, strict=True), strict=True)
    ]
    flags = pa.Array.from_buffers(pa.uint8(), len(plain), [None, pa.py_buffer(plain)])
    return pa.RecordBatch.from_arrays([*columns, flags], schema=SCHEMA)


def _summary(piece: Section, place: int) -> Header:
    if piece.reach(place) - piece.starts[place] > GIANT_BYTES:
        return giant_summary(piece.head(place, HEAD_BYTES))
    return summary(piece.raw(place), piece.format, piece.encoding)


def _repeating(texts: Sequence[str]) -> pa.Array:
    codes = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    indices = array("i", map(codes.__getitem__, texts))
    arrow = pa.Array.from_buffers(pa.int32(), len(texts), [None, pa.py_buffer(indices)])
    return pa.DictionaryArray.from_arrays(arrow, texts_of(tuple(codes)))


def _contain(texts: pa.Array | pa.ChunkedArray, part: str) -> pa.Array | pa.ChunkedArray:
    """Which texts contain a part: one search through all their bytes, which few hits make four times as fast."""
    if isinstance(texts, pa.ChunkedArray):
        return pa.chunked_array([_contain(chunk, part) for chunk in texts.chunks], pa.bool_())
    wanted, most = part.encode(), len(texts) // _FEW
    _, offsets_buffer, data_buffer = texts.buffers()
    if not wanted or data_buffer is None or texts.offset:
        return pc.match_substring(texts, part)
    data, hits = data_buffer.to_pybytes(), array("q")
    at = data.find(wanted)
    while at >= 0:
        hits.append(at)
        if len(hits) > most:
            return pc.match_substring(texts, part)
        at = data.find(wanted, at + 1)
    offsets = np.frombuffer(offsets_buffer, np.int32, len(texts) + 1)
    found = np.frombuffer(hits, np.int64)
    rows = np.searchsorted(offsets, found, "right") - 1
    mask = np.zeros(len(texts), dtype=bool)
    mask[rows[found + len(wanted) <= offsets[rows + 1]]] = True  # others lie across two texts
    return truths_of(mask)


def _mapped(column: pa.ChunkedArray, test: Any) -> pa.ChunkedArray:
    """A test put to the texts; of a dictionary column only to its few different ones."""
    if not pa.types.is_dictionary(column.type):
        return test(column)
    chunks = [pc.take(test(chunk.dictionary), chunk.indices) for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.bool_())


def _where(mask: pa.ChunkedArray) -> array[int]:
    flags = [flags_of(chunk) for chunk in mask.chunks]
    return array("I", np.flatnonzero(np.concatenate(flags) if flags else flags).astype(np.uint32).tobytes())
