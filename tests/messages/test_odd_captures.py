"""Captures as people really bring them: loggers that time every line, wide characters cut in half."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.app.documents import document_at
from workbench.messages.capture import Capture, open_capture
from workbench.v2.er7 import Message


def _adt(control_id: str) -> str:
    return f"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|{control_id}|T|2.5.1\nPID|1||7||Roe^Jane\nPV1|1|I\n"


def _logged(tmp_path: Path, end: str) -> Capture:
    lines = (_adt("M1") + _adt("M2")).splitlines()
    text = "".join(f"2024-01-02 03:04:{n:02} [thread-{n}] INFO rx: {line}{end}" for n, line in enumerate(lines, 8))
    path = tmp_path / "rx.log"
    path.write_bytes((text + f"2024-01-02 03:04:59 [thread-1] WARN rx: OBX|1 was expected{end}").encode())
    return open_capture([path])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_prefix_before_every_line_is_no_part_of_the_message(tmp_path: Path, end: str) -> None:
    capture = _logged(tmp_path, end)
    assert list(capture) == [_adt(name).replace("\n", end).encode() for name in ("M1", "M2")]
    assert capture.received(1) == "2024-01-02 03:04:11"


def test_a_changed_message_gets_its_prefixes_back(tmp_path: Path) -> None:
    capture = _logged(tmp_path, "\n")
    section, start, end = capture.place_of(0)
    original = section.buffer[start:end]
    assert section.put(capture.raw(0), start, end) == original
    changed = section.put(capture.raw(0).replace(b"Jane", b"Joan") + b"AL1|1\n", start, end)
    assert changed == original.replace(b"Jane", b"Joan") + b"2024-01-02 03:04:10 [thread-10] INFO rx: AL1|1\n"


def test_a_line_with_another_prefix_ends_the_message(tmp_path: Path) -> None:
    path = tmp_path / "rx.log"
    path.write_bytes(
        b"03:04:05 rx MSH|^~\\&|A|B|C|D|2024||ADT^A01|M1|T|2.5.1\n03:04:05 rx PID|1||7\n03:04:06 error PV1|1|I\n"
    )
    message = document_at(open_capture([path]), 0)
    assert isinstance(message, Message)
    assert [segment.name for segment in message.segments] == ["MSH", "PID"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_characters_cut_at_any_byte_are_read_as_far_as_they_go(tmp_path: Path, encoding: str) -> None:
    data = (_adt("M1") + "OBX|1|ST|||漢字😀\n" + _adt("M2")).encode(encoding)
    path = tmp_path / "wide.hl7"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        capture = open_capture([path])
        for number in range(len(capture)):
            origin = capture.origin(number)
            assert 0 <= origin.offset <= origin.offset + origin.length <= size
            assert capture.raw(number).startswith(b"MSH")


def test_documents_written_one_after_the_other_are_messages_by_themselves(tmp_path: Path) -> None:
    patients = [
        {
            "resourceType": "Patient",
            "id": name,
            "text": {"div": "<p>}{</p>"},
            "name": [{"family": "Roe"}, {"given": ["J"]}],
        }
        for name in ("p1", "p2", "p3")
    ]
    path = tmp_path / "patients.json"
    path.write_bytes("\r\n".join(json.dumps(each, indent=2) for each in patients).encode() + b"\n")
    capture = open_capture([path])
    assert [json.loads(raw) for raw in capture] == patients
    path.write_text(json.dumps(patients[0], indent=0).replace("{\n", "\n{\n"), "utf-8")
    assert len(open_capture([path])) == 1
