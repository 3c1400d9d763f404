"""Captures as people really bring them: loggers that time every line, wide characters cut in half."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.app.documents import document_at
from workbench.kernel.errors import Refused
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


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def _tar(path: Path, name: str, data: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return path


def test_a_member_named_outside_its_archive_is_read_where_it_lies(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    message = _adt("M1").encode()
    for path in (
        _zip(inside / "a.zip", {"../../up.hl7": message}),
        _tar(inside / "a.tar.gz", "../up.hl7", message),
    ):
        assert list(open_capture([path])) == [message]
    assert not list(tmp_path.rglob("up.hl7"))


@pytest.mark.parametrize("members", [{}, {"readme.txt": b"nothing to see"}, {"__MACOSX/x.hl7": b""}])
def test_what_the_user_named_and_holds_no_message_is_told(tmp_path: Path, members: dict[str, bytes]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in members.items():
        (folder / name.replace("/", "-")).write_bytes(data)
    archive = _zip(tmp_path / "archive.zip", members)
    found = [(issue.rule, issue.location.file) for issue in open_capture([folder, archive]).issues]
    assert found == [("CAP-0001", str(folder)), ("CAP-0001", str(archive))]


def test_a_folder_with_one_message_says_nothing_of_its_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_text(_adt("M1"))
    (tmp_path / "readme.txt").write_text("nothing to see")
    capture = open_capture([tmp_path])
    assert (len(capture), capture.issues) == (1, ())


def test_one_whole_resource_before_broken_lines_makes_ndjson(tmp_path: Path) -> None:
    whole = b'{"resourceType":"Patient","id":"a"}'
    path = tmp_path / "p.ndjson"
    path.write_bytes(b"\n".join([whole, b'{"resourceType":"Pat', whole, b'{"res', b"", b"[]", b"7", b""]))
    capture = open_capture([path])
    assert list(capture) == [whole, whole]
    assert [issue.rule for issue in capture.issues] == ["CAP-0025", "CAP-0025", "CAP-0026", "CAP-0026"]


def test_a_compact_resource_before_a_wrapped_one_is_no_ndjson(tmp_path: Path) -> None:
    documents = [b'{"resourceType":"Patient"}\n', b'{\n"resourceType":"Bundle",\n"entry":[\n{"resource":{}}\n]\n}\n']
    path = tmp_path / "p.json"
    path.write_bytes(b"".join(documents))
    capture = open_capture([path])
    assert (list(capture), capture.issues) == (documents, ())


def test_a_pipe_is_refused_not_read_as_empty(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(Refused) as refused:
        open_capture([pipe])
    assert refused.value.code == "CAP-0027"


def test_what_cannot_be_read_in_a_folder_is_told_and_the_rest_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.hl7").write_text(_adt("M1"))
    (tmp_path / "b.hl7").write_text(_adt("M2"))
    opened, walked = Path.open, os.walk

    def closed(path: Path, *args: Any, **options: Any) -> Any:
        if path.name == "a.hl7":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **options)

    def with_a_locked_folder(
        top: Path, onerror: Callable[[OSError], object]
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        yield from walked(top)
        onerror(PermissionError(13, "Permission denied", str(tmp_path / "locked")))

    monkeypatch.setattr(Path, "open", closed)
    monkeypatch.setattr(os, "walk", with_a_locked_folder)
    capture = open_capture([tmp_path])
    assert list(capture) == [_adt("M2").encode()]
    assert [(issue.rule, issue.location.file) for issue in capture.issues] == [
        ("CAP-0011", str(tmp_path / "a.hl7")),
        ("CAP-0011", str(tmp_path / "locked")),
    ]


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        (b"MSH,Muslim: Shiite,active\n", False),
        (b"MSH;code;x\n", False),
        (b"MSH|", True),
        (b"MSH|ABC|x\r", True),
        (b"MSH#*~\\&#A\r", True),
        (b"MSH,^~\\&,A\r", True),
    ],
)
def test_a_row_of_a_list_is_no_header(tmp_path: Path, header: bytes, is_one: bool) -> None:
    path = tmp_path / "a.txt"
    for before in (b"", b"code,display\n"):
        path.write_bytes(before + header)
        assert len(open_capture([path])) == is_one
