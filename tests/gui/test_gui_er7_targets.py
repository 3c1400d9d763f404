"""Targets of a trace as bytes of the messages that were written."""

from __future__ import annotations

import pytest

from workbench.gui.views.mapping.er7_targets import Er7Targets, joined

TEXTS = ("MSH|^~\\&|Ä\rPID|1||A^^^B~C^^^D&E\r", "MSH|^~\\&|B\rPID|2\r")


@pytest.mark.parametrize(
    ("target", "bytes_there"),
    [
        ("MSH-3", "Ä".encode()),
        ("PID-3[2].4.2", b"E"),
        ("PID-3[1].1", b"A"),
        ("#2:MSH-3", b"B"),
        ("#2:PID-1", b"2"),
    ],
)
def test_a_target_stands_where_the_joined_messages_have_it(target: str, bytes_there: bytes) -> None:
    span = Er7Targets(TEXTS).span(target)
    assert span is not None
    assert joined(TEXTS)[span.start : span.end] == bytes_there


@pytest.mark.parametrize("target", ["#3:PID-1", "Patient/1#gender", "ZZZ-1", ""])
def test_what_was_not_written_has_no_place(target: str) -> None:
    assert Er7Targets(TEXTS).span(target) is None
