from __future__ import annotations

import pytest

from workbench.v2.header import EMPTY, read_header


def test_the_header_and_the_patient_are_peeked() -> None:
    header = read_header(
        b"MSH|^~\\&|LAB^1.2^ISO|GHH|EHR|HOSP|20240102||ADT^A08|77|P|2.5.1\rEVN|A08\r"
        b"PID|1||11^^^H^MR~22||O'NEIL&X^M\xc3\xa9abh||19800103\rPV1|1|I|||||||||||||||||V9\r"
    )
    assert (header.message_type, header.control_id, header.sending_application) == ("ADT^A08", "77", "LAB")
    assert (header.patient_id, header.patient_name, header.birth_date) == ("11", "O'NEIL, Méabh", "19800103")
    assert header.visit == "V9"


@pytest.mark.parametrize("raw", [b"", b"MSH", b"PID|1", b"\x00\xff"])
def test_bytes_without_a_header_give_the_empty_header(raw: bytes) -> None:
    assert read_header(raw) == EMPTY


def test_a_header_cut_in_the_middle_of_a_character_is_still_read() -> None:
    raw = b"MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5\rPID|1||1||" + "é".encode() * 4000
    assert read_header(raw).message_type == "ADT^A01"
