from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workbench.kernel.issues import Issue, IssueType, Severity
from workbench.kernel.location import Location
from workbench.v2 import er7
from workbench.v2.ack import AckCode, ack_code, acknowledge, answered_control_id

NOW = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
MESSAGE = er7.parse(
    b"MSH|^~\\&|LAB|GHH|EHR|HOSP|2024||ADT^A01^ADT_A01|M|1|P|2.5.1\rPID|1||7\r".replace(b"M|1|", b"M1|")
)


def _issue(severity: Severity = Severity.ERROR, code: IssueType = IssueType.VALUE, path: str = "PID-7.1") -> Issue:
    return Issue(severity, code, "V2-0103", Location(path), "{value} is no date", {"value": "DOE^1980"})


def test_sender_and_receiver_change_places_and_the_control_id_is_answered() -> None:
    ack = er7.parse(acknowledge(MESSAGE, AckCode.ACCEPT, "A9", NOW))
    assert [ack.value(f"MSH-{n}") for n in (3, 4, 5, 6, 7, 10, 11, 12)] == [
        "EHR", "HOSP", "LAB", "GHH", "20240102030405+0000", "A9", "P", "2.5.1",
    ]  # fmt: skip
    assert (ack.message_code, ack.trigger_event, ack.structure_id) == ("ACK", "A01", "ACK")
    assert (ack.value("MSA-1"), answered_control_id(ack.first("MSA"))) == ("AA", "M1")


def test_errors_are_told_with_place_and_code_and_without_the_value() -> None:
    ack = er7.parse(acknowledge(MESSAGE, AckCode.ERROR, "A9", NOW, [_issue(), _issue(Severity.WARNING)]))
    assert len(ack.named("ERR")) == 1
    assert [ack.value(f"ERR-2.{n}") for n in range(1, 6)] == ["PID", "1", "7", "1", "1"]
    assert (ack.value("ERR-3.1"), ack.value("ERR-3.3"), ack.value("ERR-4")) == ("102", "HL70357", "E")
    assert b"DOE" not in ack.raw


def test_versions_before_2_5_have_one_err_field() -> None:
    old = er7.parse(MESSAGE.raw.replace(b"2.5.1", b"2.3"))
    ack = er7.parse(acknowledge(old, AckCode.ERROR, "A9", NOW, [_issue()]))
    assert (ack.value("ERR-1.1"), ack.value("ERR-1.2"), ack.value("ERR-1.4.1")) == ("PID", "7", "102")
    assert ack.structure_id == ""


def test_other_delimiters_are_answered_in_kind() -> None:
    odd = er7.parse(b"MSH$*_?%$A$B$C$D$2024$$ADT*A01$M1$P$2.5\r")
    ack = er7.parse(acknowledge(odd, AckCode.ACCEPT, "x$y", NOW))
    assert (ack.value("MSH-10"), ack.value("MSH-9.2"), ack.value("MSA-2")) == ("x$y", "A01", "M1")


@pytest.mark.parametrize(
    ("issues", "code"),
    [
        ([], AckCode.ACCEPT),
        ([_issue(Severity.WARNING)], AckCode.ACCEPT),
        ([_issue()], AckCode.ERROR),
        ([_issue(), _issue(Severity.FATAL)], AckCode.REJECT),
        ([_issue(code=IssueType.NOT_SUPPORTED, path="MSH-12.1")], AckCode.REJECT),
        ([_issue(code=IssueType.NOT_SUPPORTED, path="OBX[2]-2")], AckCode.ERROR),
    ],
)
def test_the_code_follows_the_worst_issue(issues: list[Issue], code: AckCode) -> None:
    assert ack_code(issues) is code


@pytest.mark.parametrize("path", ["", "PID", "line 3", "PATIENT_RESULT/OBX[2]-5", "ADT_A01"])
def test_every_kind_of_place_can_be_told(path: str) -> None:
    ack = er7.parse(acknowledge(MESSAGE, AckCode.ERROR, "A9", NOW, [_issue(path=path)]))
    assert ack.value("ERR-3.1") == "102"


@pytest.mark.parametrize(
    ("path", "condition"),
    [("MSH-9", "200"), ("MSH-9.2", "201"), ("MSH-11.1", "202"), ("MSH-12.1", "203"), ("OBX[2]-2", "102")],
)
def test_what_is_not_supported_is_told_by_its_place(path: str, condition: str) -> None:
    issue = _issue(code=IssueType.NOT_SUPPORTED, path=path)
    assert er7.parse(acknowledge(MESSAGE, AckCode.REJECT, "A9", NOW, [issue])).value("ERR-3.1") == condition


@pytest.mark.parametrize(
    "header", ["MSH|", "MSH|^~", "MSH|^~\\", "MSH|^^\\&|LAB", "MSH|||LAB", "MSH^^~\\&^LAB", "MSH&"]
)
def test_a_message_without_usable_delimiters_gets_a_well_formed_answer(header: str) -> None:
    answer = acknowledge(er7.parse(header.encode()), AckCode.ERROR, "A9", NOW, [_issue(path="MSH-2")])
    ack = er7.parse(answer)
    assert ack.delimiters.encoding_characters == "^~\\&"
    assert (ack.message_code, ack.trigger_event, ack.structure_id, ack.version) == ("ACK", "", "ACK", "2.5.1")
    assert (ack.value("MSH-10"), ack.value("MSA-1"), ack.value("ERR-2.1")) == ("A9", "AE", "MSH")


@pytest.mark.parametrize("encoding", ["8859/1", "ISO IR87", "UNICODE UTF-8", "GB 18030-2000"])
def test_our_words_are_written_in_the_sender_s_characters(encoding: str) -> None:
    declared = MESSAGE.raw.replace(b"|2.5.1", f"|2.5.1||||||{encoding}".encode()) + "ZPI|é\r".encode("latin-1")
    issue = Issue(Severity.ERROR, IssueType.VALUE, "V2-0103", Location("PID-7"), "“{value}” – no date", {"value": "x"})
    ack = er7.parse(acknowledge(er7.parse(declared), AckCode.ERROR, "A9", NOW, [issue]))
    assert "no date" in ack.value("ERR-8")
