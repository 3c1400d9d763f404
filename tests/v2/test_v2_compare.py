from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.v2 import er7
from workbench.v2.compare import (
    CompareOptions,
    IgnoreRule,
    Outcome,
    align,
    compare,
    differences,
    field_of,
    meaning,
)
from workbench.v2.er7 import Message

HEADER = "MSH|^~\\&|A|B|C|D|20240101||ORU^R01|M1|T|2.5.1"


def _message(*segments: str) -> Message:
    return er7.parse("\r".join((HEADER, *segments)).encode() + b"\r")


def _told(left: Message, right: Message, *ignore: str, exact: bool = False) -> list[tuple[str, str]]:
    options = CompareOptions(tuple(map(IgnoreRule.parse, ignore)), exact)
    return [(row.path, row.outcome.value) for row in differences(left, right, options)]


def test_equal_messages_differ_nowhere_and_every_row_has_both_sides() -> None:
    message = _message("PID|1||7^^^H^MR~8||DOE^JOHN", "OBX|1|NM|A||1")
    rows = compare(message, message)
    assert {row.outcome for row in rows} == {Outcome.SAME}
    assert all(row.left and row.right and row.left.span == row.right.span for row in rows)
    assert [row.path for row in rows if row.depth == 0] == ["MSH", "PID", "OBX"]


def test_an_inserted_segment_is_one_row_and_those_after_it_stay_paired() -> None:
    left = _message("OBX|1|NM|GLU||5", "OBX|2|NM|NA||140", "OBX|3|NM|K||4")
    right = _message("OBX|1|NM|GLU||5", "OBX|2|NM|CA||2", "OBX|3|NM|NA||140", "OBX|4|NM|K||4")
    assert _told(left, right, "OBX-1") == [("OBX[2]", "right")]
    assert _told(left, right) == [("OBX[2]", "right"), ("OBX[2]-1", "changed"), ("OBX[3]-1", "changed")]


def test_a_changed_field_tells_its_parts_with_the_bytes_on_both_sides() -> None:
    left, right = _message("PID|1||7~8||DOE^JOHN"), _message("PID|1||7~9~10||DOE^JON")
    rows = [row for row in compare(left, right) if row.outcome is not Outcome.SAME]
    assert [(row.depth, row.path, row.outcome.value) for row in rows] == [
        (0, "PID", "changed"),
        (1, "PID-3", "changed"),
        (2, "PID-3[2].1", "changed"),
        (2, "PID-3[3].1", "right"),
        (1, "PID-5", "changed"),
        (2, "PID-5.2", "changed"),
    ]
    last = rows[-1]
    assert last.left is not None and last.right is not None
    assert (left.raw[slice(*last.left.span)], right.raw[slice(*last.right.span)]) == (b"JOHN", b"JON")


def test_white_space_and_trailing_empties_count_only_when_asked() -> None:
    left, right = _message("PID|1||7^^^^||DOE ^JOHN"), _message("PID|1||7||DOE^ JOHN|||")
    assert _told(left, right) == []
    assert _told(left, right, exact=True) == [("PID-3", "changed"), ("PID-5", "changed")]


def test_an_empty_component_in_front_always_counts() -> None:
    assert _told(_message("PID|1||^7"), _message("PID|1||7")) == [("PID-3", "changed")]


def test_null_and_absent_differ() -> None:
    assert _told(_message('PID|1||""'), _message("PID|1||")) == [("PID-3", "left")]


def test_other_delimiters_and_escapes_say_the_same() -> None:
    other = er7.parse(b"MSH$*~\\&$A$B$C$D$20240101$$ORU*R01$M1$T$2.5.1\rNTE$1$$x|y\rPID$1$$7*8\r")
    assert _told(_message("NTE|1||x\\F\\y", "PID|1||7^8"), other) == []


@pytest.mark.parametrize(
    "rule", ["PID-5", "PID-5.2", "PID-5[1].2", "PID", "P?D", "*-5", "PID[1]-5", "PID.5.2", "PID-*"]
)
def test_an_ignored_place_is_told_as_same_with_its_rule(rule: str) -> None:
    left, right = _message("PID|1||7||DOE^JOHN"), _message("PID|1||7||DOE^JON")
    rows = compare(left, right, CompareOptions((IgnoreRule.parse(rule),)))
    assert {row.outcome for row in rows} == {Outcome.SAME}
    assert [row.ignored for row in rows if row.path == "PID-5"] == [rule]


def test_what_is_not_ignored_in_a_field_still_counts() -> None:
    left, right = _message("PID|1||7||DOE^JOHN"), _message("PID|1||7||ROE^JON")
    assert _told(left, right, "PID-5.2") == [("PID-5", "changed")]
    assert _told(left, right, "PID[2]", "PID-3") == [("PID-5", "changed")]


def test_an_ignored_segment_may_be_missing() -> None:
    assert _told(_message("ZPI|1|x"), _message(), "Z??") == []
    assert _told(_message("ZPI|1|x"), _message()) == [("ZPI", "left")]


@pytest.mark.parametrize("rule", ["", "PID-", "PIDX-3", "Patient.id", "MSH-7-8-9-10"])
def test_a_rule_that_is_no_place_is_refused(rule: str) -> None:
    with pytest.raises(Refused) as refusal:
        IgnoreRule.parse(rule)
    assert refusal.value.code == "V2-0006"


def test_a_line_that_is_no_segment_is_compared_by_its_text() -> None:
    assert _told(_message("what is this"), _message("what is that")) != []
    assert _told(_message("what is this"), _message("what is this")) == []


def test_thousands_of_results_are_aligned_by_equal_runs() -> None:
    results = [f"OBX|{n}|NM|C{n}||{n}" for n in range(600)]
    left, right = _message(*results), _message(*results[:50], *results[51:300], "OBX|300|NM|NEW||1", *results[300:])
    assert _told(left, right) == [("OBX[51]", "left"), ("OBX[300]", "right")]


def test_fields_are_counted_without_numbers() -> None:
    assert [field_of(path) for path in ("OBX[2]-5[3].1", "PID-5", "ZPI")] == ["OBX-5", "PID-5", "ZPI"]


_segments = st.lists(
    st.builds(
        lambda name, fields: "|".join((name, *fields)),
        st.sampled_from(["PID", "OBX", "NTE", "ZZZ"]),
        st.lists(st.sampled_from(["", "1", "a^b", "x~y", "a&b^c", '""', " v "]), max_size=4),
    ),
    max_size=8,
)


@given(_segments, _segments)
def test_every_segment_stands_in_exactly_one_row_in_order(one: list[str], other: list[str]) -> None:
    left, right = _message(*one), _message(*other)
    pairs = align(left.segments, right.segments)
    assert [a for a, _ in pairs if a] == list(left.segments)
    assert [b for _, b in pairs if b] == list(right.segments)
    assert all(a.name == b.name for a, b in pairs if a and b)


@given(_segments, _segments)
def test_what_is_the_same_is_the_same_both_ways(one: list[str], other: list[str]) -> None:
    left, right = _message(*one), _message(*other)
    assert (list(differences(left, right)) == []) is (list(differences(right, left)) == [])


@given(_segments)
def test_a_message_is_the_same_as_itself(segments: list[str]) -> None:
    assert list(differences(_message(*segments), _message(*segments), CompareOptions(exact=True))) == []


@given(_segments, _segments)
def test_messages_with_equal_meanings_differ_nowhere(one: list[str], other: list[str]) -> None:
    left, right = _message(*one), _message(*other)
    equal = list(map(meaning, left.segments)) == list(map(meaning, right.segments))
    assert equal is (list(differences(left, right)) == [])
