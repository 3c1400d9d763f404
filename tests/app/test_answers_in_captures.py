"""Acknowledgements in a capture and the messages they answer."""

from __future__ import annotations

from pathlib import Path

from workbench.app.operations.acknowledge import given_answers, paired_answers
from workbench.app.operations.index import build_index
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture


def _adt(control_id: str) -> str:
    return f"MSH|^~\\&|A|B|C|D|2024||ADT^A01|{control_id}|T|2.5.1\rPID|1||7\r"


def _ack(control_id: str, code: str = "AA") -> str:
    return f"MSH|^~\\&|C|D|A|B|2024||ACK|X{control_id}|T|2.5.1\rMSA|{code}|{control_id}\r"


def _pairs(tmp_path: Path, *messages: str) -> dict[int, list[tuple[int, str]]]:
    path = tmp_path / "feed.hl7"
    path.write_bytes("".join(messages).encode())
    capture = open_capture([path])
    paired = paired_answers(capture, build_index(capture, JobContext()), JobContext())
    return {number: [(given.number, given.code) for given in answers] for number, answers in paired.items()}


def test_an_acknowledgement_goes_with_the_message_of_its_control_id(tmp_path: Path) -> None:
    assert _pairs(tmp_path, _adt("1"), _adt("2"), _ack("2", "AE"), _ack("1"), _adt("3")) == {
        0: [(3, "AA")],
        1: [(2, "AE")],
    }


def test_a_message_sent_twice_gets_its_answers_in_order(tmp_path: Path) -> None:
    assert _pairs(tmp_path, _adt("1"), _ack("1", "AE"), _adt("1"), _ack("1", "AA")) == {
        0: [(1, "AE")],
        2: [(3, "AA")],
    }


def test_a_commit_and_an_application_answer_both_go_with_their_message(tmp_path: Path) -> None:
    assert _pairs(tmp_path, _adt("1"), _ack("1", "CA"), _ack("1", "AA")) == {0: [(1, "CA"), (2, "AA")]}


def test_an_answer_to_nobody_and_one_without_a_control_id_pair_with_nothing(tmp_path: Path) -> None:
    assert _pairs(tmp_path, _adt("1"), _adt(""), _ack("9"), _ack("")) == {}


def test_answers_are_found_whatever_the_line_end_and_in_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "wide.hl7"
    path.write_bytes((_adt("1") + _ack("1")).replace("\r", "\r\n").encode("utf-16"))
    found = list(given_answers(open_capture([path]), JobContext()))
    assert [(given.number, given.code, given.control_id) for given in found] == [(1, "AA", "1")]
