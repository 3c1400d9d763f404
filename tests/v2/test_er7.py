from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.v2 import er7
from workbench.v2.er7 import Kind

ADT = (
    b"MSH|^~\\&|LAB|GHH|EHR|GHH|20240102||ADT^A01^ADT_A01|42|P|2.5.1\r"
    b"PID|1||11^^^H^MR~22^^^NHS&1.2.3&ISO^NH||DOE^JOHN||19800103|M\r"
    b"OBX|1|NM|GLU||5.40|mmol/L\r"
    b"OBX|2|ST|NOTE||a\\T\\b\r"
)


def _bytes_of(path: str, raw: bytes = ADT) -> list[bytes]:
    return [raw[element.span.start : element.span.end] for element in er7.parse(raw).at(path)]


def test_a_repetition_keeps_its_own_span() -> None:
    assert _bytes_of("PID-3[2]") == [b"22^^^NHS&1.2.3&ISO^NH"]
    assert _bytes_of("PID-3[2].4.2") == [b"1.2.3"]


def test_every_repetition_and_segment_of_a_path_is_found() -> None:
    assert _bytes_of("PID-3.1") == [b"11", b"22"]
    assert _bytes_of("OBX-3") == [b"GLU", b"NOTE"]
    assert _bytes_of("OBX[2]-5") == [b"a\\T\\b"]


def test_values_are_unescaped_and_digits_are_kept() -> None:
    message = er7.parse(ADT)
    assert message.value("OBX[2]-5") == "a&b"
    assert message.value("OBX-5") == "5.40"


def test_the_header_tells_its_own_delimiters_without_splitting_them() -> None:
    message = er7.parse(ADT)
    header = message.segments[0]
    assert (header.raw(1), header.raw(2), header.raw(3)) == ("|", "^~\\&", "LAB")
    assert header.repetitions(2) == ["^~\\&"]
    assert _bytes_of("MSH-2") == [b"^~\\&"]
    assert _bytes_of("MSH-3") == [b"LAB"]
    assert (message.message_code, message.trigger_event, message.structure_id) == ("ADT", "A01", "ADT_A01")


def test_other_delimiters_are_believed() -> None:
    message = er7.parse(b"MSH$*_?%$A$B\rPID$1$$7*x_8?S?9\r")
    assert (message.value("PID-3[1].2"), message.value("PID-3[2]")) == ("x", "8*9")


def test_absent_empty_and_null_are_told_apart() -> None:
    segment = er7.parse(b'MSH|^~\\&|A\rPID|1||""||x\r').segments[1]
    assert (segment.value(2), segment.value(3), segment.value(9)) == ("", '""', "")


def test_an_absent_place_has_the_empty_span_where_it_would_stand() -> None:
    segment = er7.parse(b"MSH|^~\\&|A\rPID|1\r").segments[1]
    assert segment.span(8) == (16, 16)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_every_line_end_ends_a_segment(end: str) -> None:
    raw = end.join(["MSH|^~\\&|A", "PID|1", "", "PV1|1|I", ""]).encode()
    message = er7.parse(raw)
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "PV1"]
    assert [raw[s.span().start : s.span().end] for s in message.segments] == [b"MSH|^~\\&|A", b"PID|1", b"PV1|1|I"]


def test_a_line_feed_inside_a_value_of_a_cr_message_is_data() -> None:
    message = er7.parse(b"MSH|^~\\&|A\rOBX|1|TX|||first\nsecond line\rPV1|1\nPV2|1\r")
    assert [segment.name for segment in message.segments] == ["MSH", "OBX", "PV1", "PV2"]
    assert message.value("OBX-5") == "first\nsecond line"


def test_a_line_that_is_no_segment_is_kept_with_its_bytes() -> None:
    message = er7.parse(b"MSH|^~\\&|A\rgarbage | here\rPID|1\r")
    stray = message.segments[1]
    assert (stray.name, stray.text, [leaf.raw for leaf in stray.leaves()]) == ("", "garbage | here", ["garbage | here"])


def test_the_charset_is_read_from_the_bytes_before_the_header() -> None:
    latin = "MSH|^~\\&|A|||||||||2.5||||||8859/1\rPID|1||||MÜLLER\r".encode("latin-1")
    assert er7.parse(latin).value("PID-5") == "MÜLLER"
    liar = "MSH|^~\\&|A|||||||||2.5||||||UNICODE UTF-8\rPID|1||||MÜLLER^É\r".encode("cp1252")
    message = er7.parse(liar)
    assert message.value("PID-5") == "MÜLLER"
    assert [issue.rule for issue in message.issues] == ["V2-0010"]
    second = message.at("PID-5.2")[0].span
    assert liar[second.start : second.end] == "É".encode("cp1252")


def test_delimiter_bytes_inside_characters_split_nothing() -> None:
    raw = "MSH|^~\\&|A||||||||P|2.5||||||ISO IR87\rPID|1||7||山^太郎\r".encode("iso2022_jp")
    message = er7.parse(raw)
    assert (message.value("PID-5.1"), message.value("PID-5.2")) == ("山", "太郎")


@pytest.mark.parametrize("raw", [b"", b"MSH", b"PID|1", b"MSHA^~", b"\xff\xfe", b"msh|^~\\&|"])
def test_what_is_no_message_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        er7.parse(raw)
    assert refusal.value.code == "V2-0001"


def test_the_tree_shows_a_single_repetition_as_its_components() -> None:
    message = er7.parse(ADT)
    name = message.at("PID-5")[0]
    assert [child.path for child in name.children] == ["PID-5.1", "PID-5.2"]
    identifiers = er7.Element(message.segments[1], 3)
    assert [(child.kind, child.path) for child in identifiers.children] == [
        (Kind.REPETITION, "PID-3[1]"),
        (Kind.REPETITION, "PID-3[2]"),
    ]


value = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n|^~\\&\x1b", exclude_categories=["Cs"]), max_size=8
)
field = st.lists(st.lists(value, min_size=1, max_size=3).map("^".join), min_size=1, max_size=3).map("~".join)
segment = st.tuples(st.sampled_from(["PID", "ZZ1", "OBX"]), st.lists(field, max_size=5)).map(
    lambda s: "|".join([s[0], *s[1]])
)


@given(st.lists(segment, max_size=6), st.sampled_from(["\r", "\n", "\r\n"]))
def test_every_leaf_stands_on_exactly_its_own_bytes_and_none_is_lost(segments: list[str], end: str) -> None:
    raw = (end.join(["MSH|^~\\&|A", *segments]) + end).encode("utf-8")
    message = er7.parse(raw, "utf-8")
    leaves = [leaf for part in message.segments for leaf in part.leaves()]
    for leaf in leaves:
        assert raw[leaf.span.start : leaf.span.end].decode("utf-8") == leaf.raw
    ordered = [leaf.span for leaf in leaves]
    assert all(before.end <= after.start for before, after in pairwise(ordered))
    for part in message.segments[1:]:
        populated = part.text[3:].translate(str.maketrans("", "", "|^~"))
        assert "".join(leaf.raw for leaf in part.leaves()) == populated


@given(st.binary(max_size=200))
def test_no_bytes_make_a_traceback(raw: bytes) -> None:
    message = er7.parse(b"MSH|^~\\&|" + raw)
    for part in message.segments:
        for leaf in part.leaves():
            assert leaf.span.end <= len(message.raw)
            assert leaf.value is not None


@pytest.mark.corpus
def test_every_value_of_the_corpus_stands_on_its_bytes(corpus_root: Path) -> None:
    from workbench.messages.capture import open_capture

    capture = open_capture([corpus_root / "v2"])
    assert len(capture) > 1000
    checked = 0
    for raw in capture:
        message = er7.parse(raw)
        for part in message.segments:
            for leaf in part.leaves():
                if len(leaf.raw) < 2000:
                    assert raw[leaf.span.start : leaf.span.end].decode(message.encoding, "surrogateescape") == leaf.raw
                    checked += 1
    assert checked > 100_000


def test_places_lie_within_a_message_that_is_cut_off_in_a_shifted_character() -> None:
    raw = "MSH|^~\\&|A||||||||||||||||ISO IR87\rPID|||||山田".encode("iso2022_jp")
    for size in range(20, len(raw)):
        message = er7.parse(raw[:size])
        for segment in message.segments:
            assert segment.span().end <= size
