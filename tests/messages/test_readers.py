from __future__ import annotations

import bz2
import io
import json
import lzma
import tarfile
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.messages.samples import ACK, ADT, ORU, framed_samples, mirth
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.issues import Issue
from workbench.kernel.progress import JobContext
from workbench.messages.buffers import Buffer
from workbench.messages.capture import Capture, Framing, MessageFormat, Overrule, open_capture
from workbench.messages.reading import AsItStands, Found
from workbench.messages.registry import READERS
from workbench.messages.sections import FOLDED_TO_ASCII


def _capture(tmp_path: Path, data: bytes, name: str = "capture") -> Capture:
    (tmp_path / name).write_bytes(data)
    return open_capture([tmp_path / name])


EXPECTED = {
    "cr.hl7": Framing.ER7,
    "crlf.hl7": Framing.ER7,
    "mllp.bin": Framing.MLLP,
    "batch.hl7": Framing.BATCH,
    "log.txt": Framing.LOG,
    "one-line.txt": Framing.LOG_LINES,
    "lines.json": Framing.JSON_TEXT,
    "export.xml": Framing.MIRTH,
    "utf16.hl7": Framing.ER7,
    "trace.pcap": Framing.PACKETS,
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_framing_is_told_by_its_content_and_gives_the_same_messages(tmp_path: Path, name: str) -> None:
    capture = _capture(tmp_path, framed_samples()[name])
    assert [framing for _, framing in capture.framings] == [EXPECTED[name]]
    found = [raw.replace(b"\r\n", b"\r").replace(b"\n", b"\r").rstrip(b"\r") for raw in capture]
    assert found == [ADT.rstrip(b"\r"), ORU.rstrip(b"\r")]


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"utf16.hl7"}))
def test_the_origin_of_a_message_is_where_its_bytes_stand(tmp_path: Path, name: str) -> None:
    data = framed_samples()[name]
    capture = _capture(tmp_path, data)
    for number in range(2):
        origin = capture.origin(number)
        assert data[origin.offset : origin.offset + 3] == b"MSH"
        assert origin.line_ending == {"crlf.hl7": "\r\n", "log.txt": "\n"}.get(name, "\r")


def test_the_origin_in_wide_characters_counts_their_bytes(tmp_path: Path) -> None:
    data = b"\xff\xfe" + ("MSH|^~\\&|É\r" + ORU.decode()).encode("utf-16-le")
    capture = _capture(tmp_path, data)
    origin = capture.origin(1)
    assert data[origin.offset : origin.offset + origin.length].decode("utf-16-le").encode() == ORU
    assert (origin.encoding, capture.raw(0)) == ("utf-16-le", "MSH|^~\\&|É\r".encode())


@pytest.mark.parametrize("encoding", ["utf-32", "utf-16-be", "utf-16"])
def test_wide_characters_are_told_with_and_without_a_mark(tmp_path: Path, encoding: str) -> None:
    assert list(_capture(tmp_path, (ADT + ORU).decode().encode(encoding))) == [ADT, ORU]


# --- message exports


def test_only_the_raw_content_of_the_source_is_taken_from_an_export(tmp_path: Path) -> None:
    capture = _capture(tmp_path, b"<list>" + mirth(ADT) + mirth(ORU) + b"</list>")
    assert list(capture) == [ADT, ORU]


def test_encrypted_and_foreign_content_is_told(tmp_path: Path) -> None:
    data = mirth(ADT, encrypted=True) + mirth(b"ISA*00*") + mirth(ORU)
    capture = _capture(tmp_path, data)
    assert list(capture) == [ORU]
    assert [issue.rule for issue in capture.issues] == ["CAP-0008", "CAP-0009"]


def test_an_export_may_hold_fhir(tmp_path: Path) -> None:
    capture = _capture(tmp_path, mirth(ADT) + mirth(b'{"resourceType": "Patient"}'))
    assert [capture.format_of(n) for n in range(2)] == [MessageFormat.ER7, MessageFormat.FHIR_JSON]
    assert [capture.number_in_file(n) for n in range(2)] == [0, 1]


def test_character_references_and_cdata_are_undone(tmp_path: Path) -> None:
    data = mirth(ADT).replace(b"SMITH", b"SM&#xC9;&#84;&quot;&unknown;<![CDATA[&amp;]]>")
    assert _capture(tmp_path, data).raw(0) == ADT.replace(b"SMITH", 'SMÉT"&unknown;&amp;'.encode())


def test_an_export_that_was_cut_off_is_told(tmp_path: Path) -> None:
    data = mirth(ADT)
    capture = _capture(tmp_path, data[: data.index(b"SMITH") + 5])
    assert len(capture) == 1
    assert [issue.rule for issue in capture.issues] == ["CAP-0004"]


# --- XML

V2 = b'<ADT_A01 xmlns="urn:hl7-org:v2xml"><MSH><MSH.1>|</MSH.1></MSH></ADT_A01>'


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (V2, 1),
        (b'<?xml version="1.0"?>\n' + V2, 1),
        (V2 + b"\n" + V2.replace(b"ADT_A01", b"ACK"), 2),
        (b"<messages>" + V2 + V2 + b"</messages>", 2),
        (V2[:-12], 1),
    ],
)
def test_messages_in_xml_are_found_one_by_one(tmp_path: Path, data: bytes, count: int) -> None:
    capture = _capture(tmp_path, data)
    assert [capture.format_of(n) for n in range(len(capture))] == [MessageFormat.V2_XML] * count
    assert all(b"<MSH>" in raw for raw in capture)


def test_fhir_in_xml_is_one_message(tmp_path: Path) -> None:
    capture = _capture(tmp_path, b'<?xml version="1.0"?><!-- x --><Patient xmlns="http://hl7.org/fhir"/>')
    assert [capture.format_of(n) for n in range(len(capture))] == [MessageFormat.FHIR_XML]


# --- FHIR streams

BUNDLE = {"resourceType": "Bundle", "type": "message", "entry": [{"resource": {"resourceType": "MessageHeader"}}]}


def test_a_bundle_is_one_message(tmp_path: Path) -> None:
    assert len(_capture(tmp_path, json.dumps(BUNDLE).encode())) == 1


def test_a_bundle_of_bundles_and_an_array_are_streams(tmp_path: Path) -> None:
    stream = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": 'a}"', "resource": BUNDLE}] * 3}
    inside = _capture(tmp_path, json.dumps(stream).encode(), "bundle")
    listed = _capture(tmp_path, json.dumps([BUNDLE, BUNDLE], indent=1).encode(), "array")
    assert [json.loads(raw) for raw in inside] == [BUNDLE] * 3
    assert [json.loads(raw) for raw in listed] == [BUNDLE] * 2


def test_a_bundle_is_split_when_the_user_says_so(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(json.dumps(BUNDLE).encode())
    capture = open_capture([tmp_path / "b"], overrule={"": Overrule(framing=Framing.JSON_ENTRIES)})
    assert [json.loads(raw) for raw in capture] == [{"resourceType": "MessageHeader"}]


# --- logs


def test_the_words_after_a_message_are_not_its_last_segment(tmp_path: Path) -> None:
    data = b"12:00 in: " + ADT.replace(b"\r", b"\r\n") + b"12:01 done\r\n\tat java.lang\r\n12:02 in: " + ACK + b"end"
    capture = _capture(tmp_path, data)
    assert list(capture) == [ADT.replace(b"\r", b"\r\n"), ACK]


def test_a_log_whose_messages_begin_their_own_lines_is_a_log(tmp_path: Path) -> None:
    data = b"2024-01-01 12:00:00 received\n" + ADT.replace(b"\r", b"\n") + b"2024-01-01 12:00:01 sent\n"
    capture = _capture(tmp_path, data)
    assert list(capture) == [ADT.replace(b"\r", b"\n")]


@pytest.mark.parametrize("written", [b"\\r", b"\\n", b"\\r\\n", b"\\x0d", b"0x0D", b"<CR>", b" | "])
def test_segment_breaks_written_out_are_undone(tmp_path: Path, written: bytes) -> None:
    line = written.join(ADT.rstrip(b"\r").split(b"\r"))
    capture = _capture(tmp_path, b"12:00 msg [" + line + b"] ok\n12:01 nothing\n")
    assert list(capture) == [ADT.rstrip(b"\r")]


def test_doubled_backslashes_on_one_line_are_halved(tmp_path: Path) -> None:
    message = ADT.replace(b"SMITH", b"SM\\T\\").rstrip(b"\r")
    line = message.replace(b"\\", b"\\\\").replace(b"\r", b"\\r")
    assert list(_capture(tmp_path, b'at=1 msg="' + line + b'" ok\n')) == [message]


def test_messages_deep_inside_json_are_found(tmp_path: Path) -> None:
    data = json.dumps({"hits": [{"_source": {"payload": ADT.decode()}}, {"x": "MSH is no message"}]}, indent=2)
    assert list(_capture(tmp_path, data.encode())) == [ADT]


def test_a_log_that_begins_with_much_else_is_recognised(tmp_path: Path) -> None:
    data = b"nothing happens\n" * 10_000 + b"12:00:00 in " + ADT.replace(b"\r", b"\n") + b"12:00:01 done\n"
    assert list(_capture(tmp_path, data)) == [ADT.replace(b"\r", b"\n")]


@pytest.mark.parametrize(
    ("before", "time"),
    [
        (b"2024-01-01 12:00:00,123 INFO [7] in: ", "2024-01-01 12:00:00,123"),
        (b"2024-01-01T12:00:00Z received\n", "2024-01-01T12:00:00Z"),
        (b"12:00 in: ", "12:00"),
        (b"in: ", ""),
    ],
)
def test_the_time_of_the_line_is_when_a_message_was_seen(tmp_path: Path, before: bytes, time: str) -> None:
    capture = _capture(tmp_path, b"2023-01-01 11:11 start\n" + before + ADT.replace(b"\r", b"\n") + b"done\n")
    assert (len(capture), capture.received(0)) == (1, time)


def test_findings_without_end_are_counted(tmp_path: Path) -> None:
    capture = _capture(tmp_path, (b"\x0b" + ADT) * 250 + b"\x0b" + ADT + b"\x1c\r")
    assert len(capture) == 251
    assert len(capture.issues) == 101
    assert "250 findings" in capture.issues[-1].text


# --- archives


def test_tar_bzip2_and_xz_are_opened(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in (
            ("d/a.hl7", ADT),
            ("d/.hidden", ORU),
            ("d/notes.txt", b"none"),
            ("b.bz2", bz2.compress(ORU)),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    (tmp_path / "feed.tar.gz").write_bytes(stream.getvalue())
    (tmp_path / "z.hl7.xz").write_bytes(lzma.compress(ACK))
    capture = open_capture([tmp_path])
    assert list(capture) == [ADT, ORU, ACK]
    names = [Path(capture.file_of(n)).relative_to(tmp_path).as_posix() for n in range(3)]
    assert names == ["feed.tar/d/a.hl7", "feed.tar/b", "z.hl7"]


def test_a_cut_tar_gives_what_it_still_holds(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in ("a", "b"):
            member = tarfile.TarInfo(name)
            member.size = len(ADT)
            archive.addfile(member, io.BytesIO(ADT))
    capture = _capture(tmp_path, stream.getvalue()[:1546])
    assert capture.raw(0) == ADT
    assert {issue.rule for issue in capture.issues} == {"CAP-0013"}


def test_a_folder_may_hold_more_files_than_a_process_may_open(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = max(int(entry.name) for entry in Path("/dev/fd").iterdir()) + 1  # by the tests before this one
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(held + 256, soft), hard))
    try:
        for number in range(600):
            (tmp_path / f"{number:04}.hl7").write_bytes(ADT.replace(b"|1|P", b"|%d|P" % number))
        capture = open_capture([tmp_path])
        assert [capture.raw(n).split(b"|")[9] for n in (0, 599, 3)] == [b"0", b"599", b"3"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_file_that_changes_under_the_capture_is_told(tmp_path: Path) -> None:
    from workbench.messages import buffers

    path = tmp_path / "a.hl7"
    path.write_bytes(ADT)
    capture = open_capture([path])
    buffers._mapped.cache_clear()
    path.write_bytes(ADT + ORU)
    with pytest.raises(Unavailable, match="changed by another program"):
        capture.raw(0)


# --- the seam


class _Reversed(AsItStands):
    """A plug-in's reader: every line is a message written backwards."""

    name = "backwards"

    def sniff(self, head: bytes) -> bool:
        return head.startswith(b"!backwards\n")

    def read(self, name: str, buffer: Buffer, ctx: JobContext) -> Iterator[Found | Issue]:
        data = buffer[11:][::-1]
        yield Found(array("Q", [0]), array("Q", [len(data)]), buffer=data)


def test_a_plug_in_reader_is_asked_first_and_may_derive_its_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_bytes(b"!backwards\n" + ADT[::-1])
    monkeypatch.setattr(READERS, "_all", None)
    READERS.fill([_Reversed(), *READERS.own])
    capture = open_capture([tmp_path / "x"])
    assert (list(capture), capture.framings[0][1]) == ([ADT], "backwards")


def test_an_overruled_part_is_read_as_the_user_says(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(framed_samples()["log.txt"])
    capture = open_capture([path], overrule={str(path): Overrule(framing=Framing.ER7)})
    assert len(capture) == 0
    latin = open_capture([path], overrule={"": Overrule(encoding="latin-1")})
    assert (latin.encoding_of(0), latin.origin(0).encoding) == ("latin-1", "latin-1")


@pytest.mark.parametrize("overrule", [Overrule(framing="none such"), Overrule(encoding="none such")])
def test_an_overrule_that_cannot_be_is_refused(tmp_path: Path, overrule: Overrule) -> None:
    (tmp_path / "a").write_bytes(ADT)
    with pytest.raises(Refused):
        open_capture([tmp_path / "a"], overrule={"": overrule})


def test_pieces_of_a_capture_give_its_messages(tmp_path: Path) -> None:
    for name, data in framed_samples().items():
        (tmp_path / name).write_bytes(data)
    capture = open_capture([tmp_path])
    pieces = list(capture.pieces(3, 1 << 20))
    assert [(piece.first + place, raw) for piece in pieces for place, raw in piece.raws(range(len(piece)))] == list(
        enumerate(capture)
    )
    assert [raw[:9] for piece in capture.pieces(1, 1) for raw in piece.heads(40)] == [raw[:9] for raw in capture]


def test_the_letters_that_fold_to_ascii_are_all_known() -> None:
    folding = [chr(code) for code in range(128, 0x30000) if any(letter.isascii() for letter in chr(code).casefold())]
    assert len(folding) > 10
    assert all(letter.encode().startswith(FOLDED_TO_ASCII) for letter in folding)
