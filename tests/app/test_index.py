from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.messages.samples import framed_samples
from workbench.app.operations import index as index_module
from workbench.app.operations.index import (
    COLUMNS,
    MessageIndex,
    build_index,
    fingerprint,
    index_batches,
    load_index,
    open_and_index,
    save_index,
)
from workbench.app.operations.listing import row_at
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture
from workbench.v2.header import Header, read_header


def message(number: int) -> bytes:
    kind = ("A01", "A08", "A40")[number % 3]
    return (
        f"MSH|^~\\&|APP{number % 2}|FAC|B|D|2024010{number % 9 + 1}||ADT^{kind}|C{number:05}|P|2.5\r"
        f"PID|1||{number:05}^^^H||FAM{number % 50}^ÉVA||1980\rPV1|1|I|{'|' * 16}V{number}\r"
    ).encode()


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.hl7"
    path.write_bytes(b"".join(map(message, range(1200))))
    return path


def test_a_row_holds_what_the_header_says(many: Path) -> None:
    capture = open_capture([many])
    index = build_index(capture, JobContext(), workers=1)
    assert len(index) == 1200
    assert [index.header(n) for n in (0, 700, 1199)] == [read_header(capture.raw(n)) for n in (0, 700, 1199)]
    assert tuple(index.frame.columns) == COLUMNS
    assert str(index.frame.dtypes["patient_id"]) == "string[pyarrow]"


def test_the_first_rows_come_before_the_rest_is_read(many: Path) -> None:
    batches = index_batches(open_capture([many]), JobContext(), workers=1)
    assert next(batches).num_rows == index_module.FIRST_PIECE


def test_worker_processes_give_the_same_index(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "PIECE_MESSAGES", 200)
    monkeypatch.setattr(index_module, "PATIENCE_S", 0.0)
    monkeypatch.setattr(index_module, "_USUAL_PIECE_BYTES", 1000)
    alone = build_index(open_capture([many]), JobContext(), workers=1)
    capture, together = open_and_index([many], JobContext(), workers=2)
    assert len(capture) == 1200
    assert together.to_bytes("x") == alone.to_bytes("x") or together.frame.equals(alone.frame)


def test_every_framing_and_format_is_indexed(tmp_path: Path) -> None:
    for name, data in framed_samples().items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "p.json").write_bytes(b'{"resourceType": "Patient", "id": "p", "name": [{"family": "X"}]}')
    (tmp_path / "v2.xml").write_bytes(
        b"<ACK><MSH><MSH.1>|</MSH.1><MSH.2>^~\\&amp;</MSH.2><MSH.10>77</MSH.10></MSH></ACK>"
    )
    capture = open_capture([tmp_path])
    index = build_index(capture, JobContext(), workers=1)
    for number in range(len(capture)):
        row = row_at(capture, number)
        assert (row.control_id, row.type, row.patient) == (
            index.header(number).control_id,
            index.header(number).message_type,
            index.header(number).patient_name,
        )
    assert {"X", "SMITH, ANN"} <= set(index.frame["patient_name"])


def test_rows_are_found_by_value_and_by_part_of_it(many: Path) -> None:
    index = build_index(open_capture([many]), JobContext(), workers=1)
    assert list(index.equal("patient_id", "00042")) == [42]
    assert list(index.equal("trigger_event", "A40")) == list(range(2, 1200, 3))
    assert list(index.containing("patient_name", "fam49")) == list(range(49, 1200, 50))
    assert len(index.containing("patient_name", "éva")) == 1200
    assert len(index.containing("sending_application", "pp1")) == 600


@settings(deadline=None)
@given(
    st.lists(st.text(alphabet="abAé", max_size=5), min_size=1, max_size=40),
    st.text(alphabet="abAÉé", min_size=0, max_size=3),
)
def test_a_part_is_found_as_python_finds_it(texts: list[str], part: str) -> None:
    columns = dict.fromkeys(Header._fields, texts)
    table = pa.table({**columns, "plain": [0] * len(texts)}, schema=index_module.SCHEMA)
    expected = [number for number, text in enumerate(texts) if part.lower() in text.lower()]
    for column in ("patient_name", "version"):
        assert list(MessageIndex(table).containing(column, part)) == expected


@pytest.mark.parametrize("column", ["patient_name", "trigger_event", "time", "control_id"])
@pytest.mark.parametrize("descending", [False, True])
def test_order_is_that_of_the_values_and_stable(many: Path, column: str, descending: bool) -> None:
    index = build_index(open_capture([many]), JobContext(), workers=1)
    values = index.column(column).to_pylist()
    key = sorted(range(1200), key=lambda n: values[n], reverse=descending)
    assert list(index.order(column, descending)) == key


@settings(deadline=None)
@given(
    st.one_of(
        st.lists(st.text(alphabet="0123456789", min_size=4, max_size=4), max_size=40),
        st.lists(st.text(alphabet="0129+-: aé", max_size=20), max_size=40),
        st.lists(st.sampled_from(["", "Roe, Ann", "roe", "Ädel"]), max_size=40),
    ),
    st.booleans(),
)
def test_any_texts_are_ordered_as_python_orders_their_bytes(texts: list[str], descending: bool) -> None:
    columns = dict.fromkeys(Header._fields, texts)
    table = pa.table({**columns, "plain": [0] * len(texts)}, schema=index_module.SCHEMA)
    expected = sorted(range(len(texts)), key=lambda n: texts[n].encode(), reverse=descending)
    for column in ("time", "version"):
        assert list(MessageIndex(table).order(column, descending)) == expected


def test_neither_order_nor_filter_loads_pandas() -> None:
    """It takes seconds, which the first click on a heading would wait for."""
    code = """
import sys
from workbench.app.operations.arrow_values import texts_of
from workbench.app.operations.index import MessageIndex, SCHEMA, _repeating
from workbench.v2.header import Header
import pyarrow as pa
text, flags = texts_of(["b", "a", "c"] * 9), pa.Array.from_buffers(pa.uint8(), 27, [None, pa.py_buffer(bytes(27))])
columns = [_repeating(["x"] * 27) if pa.types.is_dictionary(field.type) else text for field in list(SCHEMA)[:-1]]
index = MessageIndex.of([pa.RecordBatch.from_arrays([*columns, flags], schema=SCHEMA)])
assert list(index.order("time"))[:2] == [1, 4] and list(index.equal("time", "c"))[:2] == [2, 5]
assert len(index.containing("version", "x")) == 27 and not index.mask("plain").any()
print("pandas" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


class _Xor:
    """A seal for tests: not secret, but it does tell another key."""

    def __init__(self, key: int) -> None:
        self._key = key

    def seal(self, data: bytes) -> bytes:
        return bytes([self._key]) + bytes(byte ^ self._key for byte in data)

    def unseal(self, data: bytes) -> bytes:
        if data[:1] != bytes([self._key]):
            raise Refused("SEC-0001", "Another key.")
        return bytes(byte ^ self._key for byte in data[1:])


def test_a_saved_index_is_used_again_while_the_files_are_the_same(many: Path, tmp_path: Path) -> None:
    capture = open_capture([many])
    index, state, path = build_index(capture, JobContext(), workers=1), fingerprint(capture), tmp_path / "i" / "x"
    save_index(index, path, state, _Xor(7))
    assert b"FAM1" not in path.read_bytes()
    kept = load_index(path, state, _Xor(7))
    assert kept is not None
    assert kept.frame.equals(index.frame)
    assert load_index(path, state, _Xor(8)) is None
    assert load_index(tmp_path / "none", state, _Xor(7)) is None
    many.write_bytes(many.read_bytes().replace(b"FAM7^", b"FAM8^"))
    assert fingerprint(open_capture([many])) != state
    assert load_index(path, fingerprint(open_capture([many])), _Xor(7)) is None


@given(st.binary(max_size=200))
def test_a_damaged_index_is_no_index(data: bytes) -> None:
    assert MessageIndex.from_bytes(data, "x") is None


def test_an_empty_capture_has_an_empty_index(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"nothing")
    index = build_index(open_capture([tmp_path / "x"]), JobContext(), workers=1)
    assert (len(index), list(index.order("time")), list(index.equal("version", "2.5"))) == (0, [], [])


def test_indexing_stops_when_it_is_cancelled(many: Path) -> None:
    ctx = JobContext()
    batches = index_batches(Capture([many]), ctx, 1, lambda: True)
    ctx.cancel()
    with pytest.raises(Cancelled):
        next(batches)
