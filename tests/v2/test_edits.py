from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.v2 import er7
from workbench.v2.edits import (
    Edit,
    InsertSegment,
    RemoveSegment,
    ReplaceText,
    SetRaw,
    SetValue,
    from_json,
    to_json,
)

RAW = b"MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5\rPID|1||7^^^H~8||O'NEIL^ANN&X|\rZZZ|\\X0D\\|odd||\rOBX|1|ST|\r"


def _edited(edit: Edit, raw: bytes = RAW) -> bytes:
    return edit.apply(er7.parse(raw))[0].raw


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("PID-3.1", "9", b"|7^^^H~8|", b"|9^^^H~8|"),
        ("PID-3[2].1", "9", b"H~8|", b"H~9|"),
        ("PID-3[3].4", "Q", b"H~8|", b"H~8~^^^Q|"),
        ("PID-3", "", b"|7^^^H~8|", b"||"),
        ("PID-5.2.2", "Y", b"ANN&X", b"ANN&Y"),
        ("PID-5.2.3", "Y", b"ANN&X", b"ANN&X&Y"),
        ("PID-5.4", "JR", b"ANN&X|", b"ANN&X^^JR|"),
        ("PID-8", "F", b"ANN&X|\r", b"ANN&X|||F\r"),
        ("PID-11[2].3", "TOWN", b"ANN&X|\r", b"ANN&X||||||~^^TOWN\r"),
        ("PID-8", "", b"ANN&X|\r", b"ANN&X|\r"),
        ("PID-5.1", "A&B|C^D~E\\F", b"O'NEIL", b"A\\T\\B\\F\\C\\S\\D\\R\\E\\E\\F"),
        ("PID-7", '""', b"ANN&X|\r", b'ANN&X||""\r'),
        ("MSH-10", "22", b"|1|P|", b"|22|P|"),
        ("OBX[1]-5", "é", b"OBX|1|ST|\r", "OBX|1|ST|||é\r".encode()),
    ],
)
def test_a_value_replaces_the_bytes_of_its_place_and_no_others(path: str, value: str, old: bytes, new: bytes) -> None:
    message, change = SetValue(path, value).apply(er7.parse(RAW))
    assert message.raw == RAW.replace(old, new)
    assert RAW[: change.old_span.start] + change.after + RAW[change.old_span.end :] == message.raw
    assert message.raw[: change.new_span.start] + change.before + message.raw[change.new_span.end :] == RAW


def test_raw_text_keeps_its_delimiters() -> None:
    assert _edited(SetRaw("PID-3", "1^2~3")) == RAW.replace(b"7^^^H~8", b"1^2~3")


def test_segments_are_inserted_with_the_line_end_of_the_message() -> None:
    raw = RAW.replace(b"\r", b"\r\n")
    assert _edited(InsertSegment(1, "EVN|A01"), raw) == raw.replace(b"PID|", b"EVN|A01\r\nPID|")
    assert _edited(InsertSegment(4, "NTE|1"), raw[:-2]) == raw + b"NTE|1"


def test_segments_are_removed_with_what_ends_them() -> None:
    assert _edited(RemoveSegment(2)) == RAW.replace(b"ZZZ|\\X0D\\|odd||\r", b"")
    assert _edited(RemoveSegment(3)) == RAW.replace(b"\rOBX|1|ST|", b"")


@pytest.mark.parametrize(
    "edit",
    [
        SetValue("PV1-2", "I"),
        SetValue("PID", "x"),
        SetValue("MSH-2", "x"),
        SetRaw("PID-5", "a\rb"),
        InsertSegment(0, "EVN|"),
        InsertSegment(1, "evn"),
        RemoveSegment(0),
        RemoveSegment(9),
        ReplaceText(0, 3, "PID"),
        ReplaceText(5, 4, ""),
    ],
)
def test_what_cannot_be_done_is_refused(edit: Edit) -> None:
    with pytest.raises(Refused):
        edit.apply(er7.parse(RAW))


def test_the_bytes_of_another_encoding_stay() -> None:
    raw = RAW.replace(b"|P|2.5", b"|P|2.5||||||8859/1").replace(b"ANN", "ÅNN".encode("latin-1"))
    assert _edited(SetValue("PID-5.1", "ÖZ"), raw) == raw.replace(b"O'NEIL", "ÖZ".encode("latin-1"))
    with pytest.raises(Refused, match="characters that"):
        _edited(SetValue("PID-5.1", "Ω"), raw)


def test_delimiter_bytes_inside_characters_are_no_delimiters() -> None:
    raw = "MSH|^~\\&|A||||||ADT^A01|1|P|2.5||||||ISO IR87\rPID|1||7||ソ表^予|\r".encode("iso2022_jp")
    message, _ = SetValue("PID-5.2", "能").apply(er7.parse(raw))
    assert message.value("PID-5.1") == "ソ表"
    assert message.value("PID-5.2") == "能"


@pytest.mark.parametrize(
    "edit",
    [SetValue("PID-3", "1"), SetRaw("PID-3", "1"), InsertSegment(1, "EVN"), RemoveSegment(1), ReplaceText(0, 1, "x")],
)
def test_an_edit_survives_the_journal(edit: Edit) -> None:
    assert from_json(to_json(edit)) == edit


def test_what_is_no_edit_is_refused() -> None:
    with pytest.raises(Refused, match="no edit"):
        from_json({"edit": "set-value", "paths": "x"})


_VALUES = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
_PATHS = st.builds(
    "{}-{}[{}].{}.{}".format,
    st.sampled_from(["PID", "ZZZ", "OBX"]),
    st.integers(1, 9),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 3),
)


@given(_PATHS, _VALUES)
@settings(deadline=None, max_examples=300)
def test_what_is_set_is_read_and_can_be_taken_back(path: str, value: str) -> None:
    before = er7.parse(RAW)
    message, change = SetValue(path, value).apply(before)
    assert message.value(path) == value
    assert message.raw[: change.new_span.start] + change.before + message.raw[change.new_span.end :] == RAW
    assert [segment.name for segment in message.segments] == [segment.name for segment in before.segments]


@pytest.mark.corpus
def test_setting_a_value_to_itself_changes_no_byte_of_the_corpus(corpus_root: Path) -> None:
    from workbench.messages.capture import open_capture

    done = 0
    for raw in open_capture([corpus_root / "v2"]):
        message = er7.parse(raw)
        for segment in message.segments[1:6]:
            for leaf in list(segment.leaves())[:4]:
                if leaf.field:
                    edited, _ = SetRaw(leaf.path, leaf.raw).apply(message)
                    assert edited.raw == raw
                    done += 1
    assert done > 5000
