from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.app.documents import read_document
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext
from workbench.messages import archives
from workbench.messages.capture import Capture, Framing, MessageFormat, open_capture

ADT = b"MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5\rPID|1||7\r"
ORU = b"MSH|^~\\&|L|B|C|D|2024||ORU^R01|2|P|2.5\rPID|1||8\rOBX|1|ST|X||MSH|1\r"


def _capture(tmp_path: Path, data: bytes, name: str = "capture.hl7") -> Capture:
    (tmp_path / name).write_bytes(data)
    return open_capture([tmp_path / name])


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_messages_are_cut_with_their_own_last_terminator(tmp_path: Path, end: bytes) -> None:
    first, second = ADT.replace(b"\r", end), ORU.replace(b"\r", end)
    capture = _capture(tmp_path, first + end + second)
    assert list(capture) == [first, second]


def test_mllp_frames_are_taken_off(tmp_path: Path) -> None:
    capture = _capture(tmp_path, b"\x0b" + ADT + b"\x1c\r\x0b" + ORU + b"\x1c\r")
    assert list(capture) == [ADT, ORU]
    assert capture.issues == ()


def test_a_frame_without_an_end_counts_and_is_told(tmp_path: Path) -> None:
    capture = _capture(tmp_path, b"\x0b" + ADT + b"\x1c\r\x0b" + ORU[:-10])
    assert list(capture) == [ADT, ORU[:-10]]
    assert [(issue.rule, issue.location.span.start) for issue in capture.issues if issue.location.span] == [
        ("CAP-0004", len(ADT) + 4)
    ]


def test_noise_between_frames_is_told_and_the_rest_loads(tmp_path: Path) -> None:
    capture = _capture(tmp_path, b"noise\x0b" + ADT + b"\x1c\rlost words\r\x0b" + ORU + b"\x1c\r")
    assert list(capture) == [ADT, ORU]
    assert [issue.rule for issue in capture.issues] == ["CAP-0003", "CAP-0003"]


def test_a_batch_gives_its_messages_and_its_miscount(tmp_path: Path) -> None:
    batch = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ADT + ORU + b"BTS|3\rFTS|1\r"
    capture = _capture(tmp_path, batch)
    assert list(capture) == [ADT, ORU]
    assert [issue.text for issue in capture.issues] == ["BTS-1 says 3, but 2 messages were found"]


def test_a_batch_that_counts_rightly_is_silent(tmp_path: Path) -> None:
    batch = b"BHS|^~\\&|A\r" + ADT + b"BTS|1\rBHS|^~\\&|A\r" + ORU + ADT + b"BTS|2|x\rFTS|2\r"
    assert _capture(tmp_path, batch).issues == ()


def test_msh_inside_a_value_begins_no_message(tmp_path: Path) -> None:
    assert len(_capture(tmp_path, ORU + b"NTE|1||see MSH|^~\\&\r")) == 1


def test_byte_order_marks_are_passed_over(tmp_path: Path) -> None:
    capture = _capture(tmp_path, b"\xef\xbb\xbf" + ADT + b"\xef\xbb\xbf" + ORU)
    assert list(capture) == [ADT, ORU]


def test_utf_16_is_transcoded_and_says_so(tmp_path: Path) -> None:
    capture = _capture(tmp_path, b"\xff\xfe" + (ADT + ORU).decode().encode("utf-16-le"))
    assert list(capture) == [ADT, ORU]
    assert capture.origin(1).encoding == "utf-16-le"


def test_folders_and_archives_name_their_members(tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    (folder / "day").mkdir(parents=True)
    (folder / "day" / "a.hl7").write_bytes(ADT)
    (folder / "b.gz").write_bytes(gzip.compress(ORU))
    (folder / "notes.txt").write_bytes(b"no message here")
    (folder / ".hidden").write_bytes(ADT)
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        archive.writestr("in/d.hl7", ADT + ORU)
        archive.writestr("__MACOSX/d.hl7", ADT)
    capture = open_capture([folder])
    names = [Path(capture.file_of(n)).relative_to(folder).as_posix() for n in range(len(capture))]
    assert names == ["b", "c.zip/in/d.hl7", "c.zip/in/d.hl7", "day/a.hl7"]
    assert [capture.number_in_file(n) for n in range(4)] == [0, 0, 1, 0]
    assert capture.issues == ()


def test_a_damaged_archive_is_told_and_the_rest_loads(tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_bytes(ADT)
    (tmp_path / "b.gz").write_bytes(gzip.compress(ORU * 50, compresslevel=0)[:700])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.hl7", ADT)
    (tmp_path / "c.zip").write_bytes(stream.getvalue()[:-15])
    capture = open_capture([tmp_path])
    assert capture.raw(0) == ADT
    assert len(capture) > 1
    assert [issue.rule for issue in capture.issues] == ["CAP-0013", "CAP-0013"]


def test_a_bomb_is_read_up_to_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 3 << 20)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(ADT + b" " * (20 << 20)))
    capture = open_capture([tmp_path / "bomb.gz"])
    assert len(capture) == 1
    assert [issue.rule for issue in capture.issues] == ["CAP-0013"]


def test_fhir_json_is_one_message_and_ndjson_one_a_line(tmp_path: Path) -> None:
    single = _capture(tmp_path, b'{\n "resourceType": "Patient"\n}\n', "p.json")
    lines = _capture(tmp_path, b'{"resourceType":"Patient"}\n\n{"resourceType":"Encounter"}\r\n', "p.ndjson")
    assert [single.format_of(0), len(single), len(lines)] == [MessageFormat.FHIR_JSON, 1, 2]
    assert lines.raw(1) == b'{"resourceType":"Encounter"}'
    assert lines.framings[0][1] is Framing.NDJSON


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (b'{"resourceType":"Patient","id":', "CAP-0025"),
        (b"ERROR no such patient", "CAP-0025"),
        (b'{"id":"p1"}', "CAP-0026"),
        (b"[1, 2]", "CAP-0026"),
    ],
)
def test_a_line_of_ndjson_that_is_no_resource_is_told_with_its_bytes(
    tmp_path: Path, bad: bytes, rule: str, place: int
) -> None:
    if place == 0 and not bad.startswith(b"{"):
        pytest.skip("then the file begins like no NDJSON")
    good = [b'{"resourceType":"Patient"}', b'{"resourceType":"Encounter"}', b'{"resourceType":"Group"}']
    lines = [*good[:place], bad, *good[place:]]
    capture = _capture(tmp_path, b"\n".join(lines) + b"\n", "p.ndjson")
    assert list(capture) == good
    (issue,) = capture.issues
    assert issue.rule == rule
    span = issue.location.span
    assert span is not None and (tmp_path / "p.ndjson").read_bytes()[span.start : span.end] == bad


def test_compact_json_over_several_lines_is_no_ndjson(tmp_path: Path) -> None:
    text = b'{"resourceType":"Bundle",\n"entry":[\n{"resource":\n{"resourceType":"Patient"}\n}\n]}\n'
    capture = _capture(tmp_path, text, "p.json")
    assert (len(capture), capture.issues) == (1, ())


def test_xml_resources_one_after_the_other_are_messages_by_themselves(tmp_path: Path) -> None:
    patient = (
        b'<?xml version="1.0"?>\n<Patient xmlns="http://hl7.org/fhir"><contained><Group '
        b'xmlns="http://hl7.org/fhir"><id value="g"/></Group></contained><gender value="male"/></Patient>'
    )
    bundle = (
        b"<!-- second --><Bundle xmlns='http://hl7.org/fhir'><type value='collection'/><entry><resource>"
        b"<Patient xmlns='http://hl7.org/fhir'/></resource></entry></Bundle>"
    )
    group = b'<Group xmlns="http://hl7.org/fhir"><id value="x"/></Group>\n'
    capture = _capture(tmp_path, b"\n\n".join([patient, bundle, group]), "p.xml")
    assert list(capture) == [patient, bundle, group]
    types = [read_document(raw, MessageFormat.FHIR_XML).resource_type for raw in capture]  # type: ignore[union-attr]
    assert types == ["Patient", "Bundle", "Group"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [(b"hello", "CAP-0001"), (b"", "CAP-0001"), (b"<message/>", "CAP-0006"), (b'{"a": 1}', "CAP-0006")],
)
def test_a_named_file_without_messages_is_told(tmp_path: Path, data: bytes, rule: str) -> None:
    capture = _capture(tmp_path, data)
    assert (len(capture), [issue.rule for issue in capture.issues]) == (0, [rule])


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no file or folder"):
        open_capture([tmp_path / "nothing"])


def test_indexing_stops_when_it_is_cancelled(tmp_path: Path) -> None:
    (tmp_path / "big.hl7").write_bytes(ADT * 10_000)
    ctx = JobContext(lambda progress: ctx.cancel())
    capture = Capture([tmp_path / "big.hl7"])
    with pytest.raises(Cancelled):
        capture.index(ctx)
    assert 0 < len(capture) < 10_000


def test_the_capture_is_never_written_to(tmp_path: Path) -> None:
    path = tmp_path / "a.hl7"
    path.write_bytes(ADT)
    path.chmod(0o444)
    assert open_capture([path]).raw(0) == ADT


@given(st.lists(st.sampled_from([ADT, ORU, b"\x0b", b"\x1c\r", b"BTS|1\r", b"noise\r", b"\n\n"]), max_size=12))
def test_no_message_is_lost_whatever_stands_between(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("capture") / "c.hl7"
    path.write_bytes(b"".join(b"\r" + piece if piece in (ADT, ORU) else piece for piece in pieces))
    capture = open_capture([path])
    assert len(capture) == sum(piece in (ADT, ORU) for piece in pieces)
    assert all(raw.startswith((ADT[:-1], ORU[:-1])) for raw in capture)


@pytest.mark.corpus
def test_every_header_of_the_corpus_is_found(corpus_root: Path) -> None:
    import re

    header = re.compile(rb"(?:\A|(?<=[\r\n\x0b\x0c])|(?<=\xef\xbb\xbf))MSH[^A-Za-z0-9\s]")
    files = [path for path in sorted((corpus_root / "v2").rglob("*")) if path.is_file()]
    assert len(files) > 1000
    for path in files:
        assert len(open_capture([path])) == len(header.findall(path.read_bytes())), path.name


def test_unpacking_stops_when_it_is_cancelled(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(ADT * 100_000))
    ctx = JobContext()
    checks: list[int] = []

    def cancel_at_the_third_look() -> bool:
        checks.append(1)
        if len(checks) == 3:
            ctx.cancel()
        return False

    ctx.check = lambda: (cancel_at_the_third_look(), JobContext.check(ctx))[0]  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        open_capture([tmp_path / "a.gz"], ctx)
    assert len(checks) == 3
