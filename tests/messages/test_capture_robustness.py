"""Nothing a file may hold ends in a traceback: random bytes, samples cut anywhere, damage in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.messages.samples import framed_samples
from workbench.app.operations.listing import row_at
from workbench.messages.capture import Capture, open_capture

SAMPLES = framed_samples()
_STARTS = [
    b"",
    b"MSH|^~\\&|",
    b"\x0bMSH|^~\\&|",
    b"{",
    b"[",
    b'{"resourceType":',
    b"<",
    b"<message>",
    b'<A xmlns="http://hl7.org/fhir"',
    b"\xd4\xc3\xb2\xa1",
    b"\n\r\r\n",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh9",
    b"\xfd7zXZ\x00",
    b"\xff\xfe",
    b"\xfe\xff",
    b"FHS|",
    b"12:00 MSH|^~\\&|",
]


def _look_at_all(capture: Capture) -> int:
    for number in range(len(capture)):
        assert capture.raw(number)
        capture.origin(number)
        row_at(capture, number)
    for issue in capture.issues:
        assert issue.text
    return len(capture)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(_STARTS), st.binary(max_size=300), st.sampled_from(sorted(SAMPLES.values())))
def test_random_bytes_are_read_without_a_traceback(tmp_path: Path, start: bytes, noise: bytes, sample: bytes) -> None:
    path = tmp_path / "x"
    for data in (start + noise, start + noise + sample, sample[: len(noise)] + noise + sample):
        path.write_bytes(data)
        _look_at_all(open_capture([path]))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_capture_cut_at_any_byte_is_read_as_far_as_it_goes(tmp_path: Path, name: str) -> None:
    data, path = SAMPLES[name], tmp_path / "x"
    step = max(1, len(data) // 300)
    for at in range(0, len(data), step):
        path.write_bytes(data[:at])
        assert _look_at_all(open_capture([path])) <= 2


@pytest.mark.corpus
def test_every_file_of_the_corpus_is_listed(shared_material: Path) -> None:
    for folder in ("corpus", "captures", "v2-validation", "fhir"):
        capture = open_capture([shared_material / folder])
        assert _look_at_all(capture) > 0


@pytest.mark.corpus
def test_the_captures_give_as_many_messages_as_their_manifest_says(shared_material: Path) -> None:
    import json

    folder = shared_material / "captures"
    manifest = json.loads((folder / "manifest.json").read_text())
    found = {entry["file"]: len(open_capture([folder / entry["file"]])) for entry in manifest}
    assert found == {entry["file"]: entry["messages"] for entry in manifest}
