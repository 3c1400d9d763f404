from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.v2 import er7
from workbench.v2.path import V2Path
from workbench.v2.prefilter import Prefilter
from workbench.v2.query import compile_query
from workbench.v2.quick import QuickMessage

_PATHS = [
    "MSH-1",
    "MSH-2",
    "MSH-2.1",
    "MSH-2[2]",
    "MSH-9.2",
    "MSH-10",
    "PID",
    "PID-3",
    "PID-3.1",
    "PID-3[2].4.2",
    "PID-5.1.1",
    "OBX[2]-5",
    "OBX-5[2].1",
    "OBX",
    "ZZZ-1",
]
_FIELD = st.text(alphabet='AB^~&\\|"é1TX.\n', max_size=12)
_SEGMENT = st.builds(
    lambda name, fields: "|".join((name, *fields)),
    st.sampled_from(["PID", "OBX", "ZZZ", "MSH", "PIDX", "OB"]),
    st.lists(_FIELD, max_size=7),
)
_HEADER = st.builds(
    lambda characters, rest: "|".join(("MSH", characters, *rest)),
    st.sampled_from(["^~\\&", "^~\\", "^", "", "^~\\&#", "@*?%"]),
    st.lists(_FIELD, max_size=10),
)
_MESSAGES = st.builds(
    lambda header, segments, end: end.join((header, *segments, "")).encode(),
    _HEADER,
    st.lists(_SEGMENT, max_size=5),
    st.sampled_from(["\r", "\n", "\r\n"]),
)


@given(_MESSAGES)
@settings(deadline=None, max_examples=300)
def test_quick_values_are_those_of_a_parsed_message(raw: bytes) -> None:
    quick, message = QuickMessage.of(raw), er7.parse(raw)
    if quick is None:  # mixed line ends
        assert b"\n" in raw
        return
    for path in map(V2Path.parse, _PATHS):
        parsed = message.at(path)
        assert list(quick.values(path)) == [element.value for element in parsed], path
        assert quick.count(path) == len(parsed), path


_QUESTIONS = [
    "PID-3.1 = AB",
    "PID-3 in (A1, B) and exists(OBX-5)",
    "OBX-5 = 1 or ZZZ-1 = A",
    "not PID-3.1 = A",
    "count(OBX) > 1",
    "count(PID) < 1",
    "PID-5.1 contains a or PID-3.1 = 'A&B'",
    "(PID-3.1 = A or exists(ZZZ)) and OBX-5 != B",
]


@given(_MESSAGES, st.sampled_from(_QUESTIONS))
@settings(deadline=None, max_examples=300)
def test_a_message_that_answers_a_question_passes_its_prefilter(raw: bytes, question: str) -> None:
    query = compile_query(question)
    holds = query(er7.parse(raw))
    assert query.raw(raw) is holds
    assert Prefilter(query).passes(raw) or not holds


def test_the_prefilter_rules_out_what_cannot_hold() -> None:
    raw = b"MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5\rPID|1||7\r"
    assert not Prefilter(compile_query("PID-3.1 = 8")).passes(raw)
    assert not Prefilter(compile_query("exists(OBX-5)")).passes(raw)
    assert not Prefilter(compile_query("PID-3 = 8 or exists(AL1)")).passes(raw)
    assert Prefilter(compile_query("PID-3.1 = 8")).passes(raw.replace(b"7", b"\\X38\\"))


@pytest.mark.parametrize("raw", [b"", b"PID|1", b"\xef\xbb\xbfMSH|^~\\&|", b"MSH|^~\\&|\x1b$B", b"MSH|\xff"])
def test_odd_bytes_are_left_to_the_parser(raw: bytes) -> None:
    assert QuickMessage.of(raw) is None


@pytest.mark.corpus
def test_quick_values_agree_with_the_parser_on_the_whole_corpus(corpus_root: Path) -> None:
    from workbench.messages.capture import open_capture

    paths = [V2Path.parse(path) for path in (*_PATHS, "OBX-3.1", "PV1-44", "OBR-4", "NTE-3")]
    compared = 0
    for raw in open_capture([corpus_root / "v2"]):
        quick = QuickMessage.of(raw)
        if quick is not None:
            message = er7.parse(raw)
            compared += 1
            for path in paths:
                assert list(quick.values(path)) == [element.value for element in message.at(path)]
    assert compared > 1000
