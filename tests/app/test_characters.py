"""Encodings in which the bytes of delimiters occur inside characters: read, listed, found, edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.app.documents import document_at, origin_at
from workbench.app.operations.index import build_index
from workbench.app.operations.listing import row_at
from workbench.app.operations.search import search
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Overrule, open_capture
from workbench.v2.edits import SetValue
from workbench.v2.er7 import Message

CASES = [
    ("ISO IR87", "iso2022_jp", "万丶乢五", "iso2022_jp"),
    ("SHIFT_JIS", "cp932", "ソ表ポ能", "cp932"),
    ("BIG-5", "big5", "功許蓋育", "big5"),
    ("GB 18030-2000", "gb18030", "誹亅漒慭", "gb18030"),
    ("UNICODE UTF-16", "utf-16", "簼罞兼丆", "utf-8"),
    ("UNICODE UTF-8", "utf-8", "ソ表ポ能", "utf-8"),
    ("8859/1", "latin-1", "ÖÄÅÐ", "latin-1"),
    ("WINDOWS-1252", "cp1252", "€ŠŽ™", "cp1252"),
]


def _message(declared: str, name: str, control_id: str = "1") -> str:
    return f"MSH|^~\\&|A|B|C|D|2024||ADT^A01|{control_id}|P|2.5||||||{declared}\rPID|1||7||{name}^{name[::-1]}|||F\r"


@pytest.mark.parametrize(("declared", "codec", "name", "read_as"), CASES)
def test_names_are_split_as_characters_and_not_as_bytes(
    tmp_path: Path, declared: str, codec: str, name: str, read_as: str
) -> None:
    data = (_message(declared, name) + _message(declared, "SMITH", "2")).encode(codec)
    if codec not in ("latin-1", "cp1252", "utf-8"):
        assert any(mark in name.encode(codec) for mark in (b"\\", b"|", b"^", b"~", b"&")), "the case proves nothing"
    (tmp_path / "x.hl7").write_bytes(data)
    capture = open_capture([tmp_path / "x.hl7"])
    assert len(capture) == 2
    message = document_at(capture, 0)
    assert isinstance(message, Message)
    assert (message.value("PID-5.1"), message.value("PID-5.2"), message.value("PID-8")) == (name, name[::-1], "F")
    assert message.encoding == read_as
    assert row_at(capture, 0).patient == f"{name}, {name[::-1]}"
    assert build_index(capture, JobContext(), 1).header(0).patient_name == f"{name}, {name[::-1]}"
    found = [n for part in search(capture, f'PID-5.1 = "{name}" and PID-8 = F', JobContext()) for n in part.numbers]
    assert found == [0]
    edited, _ = SetValue("PID-5.2", name).apply(message)
    assert (edited.value("PID-5.1"), edited.value("PID-5.2"), edited.value("PID-8")) == (name, name, "F")


def test_an_encoding_is_overruled(tmp_path: Path) -> None:
    (tmp_path / "x.hl7").write_bytes(_message("", "ソ表").encode("cp932"))
    capture = open_capture([tmp_path / "x.hl7"], overrule={"": Overrule(encoding="cp932")})
    message = document_at(capture, 0)
    assert isinstance(message, Message)
    assert (message.value("PID-5.1"), message.value("PID-8"), origin_at(capture, 0).encoding) == ("ソ表", "F", "cp932")
    assert row_at(capture, 0).patient == "ソ表, 表ソ"
    assert build_index(capture, JobContext(), 1).header(0).patient_name == "ソ表, 表ソ"
    found = [n for part in search(capture, "PID-5.1 = ソ表", JobContext()) for n in part.numbers]
    assert found == [0]


@pytest.mark.parametrize(("declared", "codec", "name"), [("8859/1", "latin-1", "Ä"), ("UNICODE UTF-8", "utf-8", "Ä")])
def test_the_encoding_of_each_message_is_told(tmp_path: Path, declared: str, codec: str, name: str) -> None:
    (tmp_path / "x.hl7").write_bytes(_message(declared, name).encode(codec) + _message(declared, "A").encode())
    capture = open_capture([tmp_path / "x.hl7"])
    assert [origin_at(capture, number).encoding for number in range(2)] == [codec, "ascii"]
