"""What a clinician reads in a v2 message."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.records.clinical import DELETED, FactName, Item, SectionName
from workbench.records.from_v2 import record_of_message
from workbench.v2.er7 import parse

MSH = r"MSH|^~\&|LAB|H|EHR|H|20240102030405||{}|1|T|2.5.1"


def items(section: SectionName, *segments: str, kind: str = "ORU^R01") -> tuple[Item, ...]:
    text = "\r".join((MSH.format(kind), *segments))
    return record_of_message(parse(text.encode())).items(section)


def text(item: Item, name: FactName) -> str:
    fact = item.fact(name)
    return fact.shown if fact else "nothing"


def headings(found: tuple[Item, ...]) -> list[tuple[str, str]]:
    return [(item.label, item.text) for item in found]


def seg(name: str, fields: dict[int, str]) -> str:
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def test_demographics_are_read_in_words() -> None:
    pid = seg(
        "PID",
        {
            3: "123^^^H^MR~9^^^N^NH",
            5: "Müller-Lüdenscheidt^Änne^Marie^^Dr^MD",
            7: "19800103",
            8: "F",
            9: '""',
            11: "12 High St^Flat 2^Leeds^^LS1^GB",
            13: "^PRN^PH^^44^113^4960000~^NET^Internet^a@b.org",
            16: "M^Married^HL70002",
            29: "202401021530+0100",
            30: "Y",
        },
    )
    found = headings(items(SectionName.DEMOGRAPHICS, pid))
    assert found == [
        ("Identifier", "123"),
        ("Identifier", "9"),
        ("Name", "Dr Änne Marie Müller-Lüdenscheidt MD"),
        ("Name", DELETED),
        ("Date of birth", "1980-01-03"),
        ("Sex", "female"),
        ("Deceased", "yes · 2024-01-02 15:30 +01:00"),
        ("Address", "12 High St, Flat 2, Leeds, LS1, GB"),
        ("Contact", "+44 113 4960000"),
        ("Contact", "a@b.org"),
        ("Marital status", "Married"),
    ]


def test_a_date_is_no_more_exact_than_it_was_stated() -> None:
    assert headings(items(SectionName.DEMOGRAPHICS, "PID|||1||||198001")) == [
        ("Identifier", "1"),
        ("Date of birth", "1980-01"),
    ]
    (_, birth) = items(SectionName.DEMOGRAPHICS, "PID|||1||||19800231")
    assert birth.text == "19800231"


def test_an_allergy_has_its_code_category_severity_and_every_reaction() -> None:
    (allergy,) = items(SectionName.ALLERGIES, "AL1|1|DA|PCN^Penicillin^L|SV|hives~swelling|199905", kind="ADT^A01")
    assert (allergy.label, allergy.code) == ("Penicillin", "PCN")
    assert allergy.text == "drug · severe · hives · swelling · 1999-05"
    assert allergy.source is not None
    assert allergy.source.path == "AL1-3"


def test_an_allergy_that_the_sender_removes_says_so() -> None:
    iam = "IAM|1|FA|PEAN^Peanut^L|MO|rash|D||||||||||||"
    (allergy,) = items(SectionName.ALLERGIES, iam, kind="ADT^A60")
    assert text(allergy, FactName.STATUS) == "removed by the sender"


RDE = (
    "ORC|NW|P1",
    "RXO|197604^Digoxin 0.125 MG^RXNORM|0.125||mg",
    "TQ1|1||BID",
    "RXE||197604^Digoxin 0.125 MG Tablet^RXNORM|0.1250|0.250|mg^^UCUM|TAB^Tablet|^with food~^not with milk|||30|TAB|2",
    "RXR|PO^Oral^HL70162",
)


def test_a_medication_order_keeps_every_digit_and_finds_its_route_and_timing() -> None:
    request, order = items(SectionName.MEDICATIONS, *RDE, kind="RDE^O11")
    assert (request.label, request.text) == ("Digoxin 0.125 MG", "0.125 mg · twice daily")
    assert order.label == "Digoxin 0.125 MG Tablet"
    assert order.text == ("0.1250 to 0.250 mg · Tablet · Oral · twice daily · with food · not with milk · 30 TAB · 2")


def test_a_cancelled_order_says_so_and_a_running_one_says_nothing() -> None:
    (ended,) = items(SectionName.MEDICATIONS, "ORC|DC|P1", *RDE[2:], kind="RDE^O11")
    (running,) = items(SectionName.MEDICATIONS, RDE[0], *RDE[2:], kind="RDE^O11")
    assert text(ended, FactName.STATUS) == "discontinued"
    assert running.fact(FactName.STATUS) is None


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("QID", "4 times daily"), ("Q6H", "every 6 hours"), ("Q1D", "once daily"), ("PRN&as needed&L", "as needed"),
     ("XYZ&at lunch&L", "at lunch")],
)  # fmt: skip
def test_a_repeat_pattern_is_read_in_words(pattern: str, words: str) -> None:
    order = (RDE[0], f"TQ1|1||{pattern}", *RDE[3:])
    (item,) = items(SectionName.MEDICATIONS, *order, kind="RDE^O11")
    assert text(item, FactName.TIMING) == words


OBR = seg("OBR", {2: "P1", 3: "F1", 4: "CBC^Blood count^L", 7: "202401020800+0100", 25: "F"})


def test_a_result_has_value_unit_range_flag_status_and_notes() -> None:
    obx = "OBX|1|NM|HGB^Hemoglobin^L||07.10|g/dL|12.0-16.0|LL|||F"
    (result,) = items(SectionName.RESULTS, "PID|||1", OBR, obx, "NTE|1||repeated~and confirmed")
    assert result.text == (
        "07.10 g/dL · critically low · 12.0-16.0 · final · 2024-01-02 08:00 +01:00 · repeated\nand confirmed"
    )
    assert (result.unit, result.flag, result.code) == ("g/dL", "critically low", "HGB")


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("SN", "<^5", "< 5"),
        ("SN", "1^:^128", "1 : 128"),
        ("CWE", "POS^Positive^L", "Positive"),
        ("ST", r"Barnes \T\ Noble \F\ Co", "Barnes & Noble | Co"),
        ("TX", "one~two", "one; two"),
        ("DT", "202401", "2024-01"),
        ("TM", "113005", "11:30:05"),
        ("DR", "202401^202402", "2024-01 - 2024-02"),
        ("ED", "^AP^PDF^Base64^QUJD", "attached application/pdf"),
        ("NM", '""', DELETED),
    ],
)
def test_a_value_is_read_by_its_type(kind: str, value: str, words: str) -> None:
    (result,) = items(SectionName.RESULTS, OBR, f"OBX|1|{kind}|X^Test^L||{value}||||||F")
    assert text(result, FactName.VALUE) == words


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9))
def test_the_digits_of_a_result_are_exactly_those_that_were_sent(number: object) -> None:
    (result,) = items(SectionName.RESULTS, OBR, f"OBX|1|NM|X^Test^L||{number:f}|mg")
    assert text(result, FactName.VALUE) == f"{number:f} mg"


def test_a_vaccination_without_status_was_given_and_an_unknown_amount_is_no_dose() -> None:
    facts = {3: "20240102", 5: "88^influenza^CVX", 6: "999", 15: "L1", 16: "20250101", 17: "PMC^Sanofi^MVX"}
    rxa = ("ORC|RE", seg("RXA", facts))
    (given_,) = items(SectionName.IMMUNIZATIONS, *rxa, kind="VXU^V04")
    assert given_.text == "2024-01-02 · L1 · 2025-01-01 · Sanofi · given"


def test_a_visit_an_appointment_and_a_document_are_read() -> None:
    pv1 = seg(
        "PV1",
        {2: "I", 3: "W1^R2^B3", 7: "1^Welby^Marcus^^^Dr", 19: "V77", 36: "01^Home", 44: "202401011200"},
    )
    assert headings(items(SectionName.VISIT, pv1, kind="ADT^A01")) == [
        ("Patient class", "inpatient"),
        ("Location", "W1, R2, B3"),
        ("Attending", "Marcus Welby"),
        ("Visit number", "V77"),
        ("Discharge disposition", "Home"),
        ("Admitted", "2024-01-01 12:00"),
    ]
    sch = seg("SCH", {1: "1", 7: "CHECK^Check-up^L", 11: "^^^202401020900^202401020930", 25: "Booked"})
    (appointment,) = items(SectionName.APPOINTMENTS, sch, kind="SIU^S12")
    assert (appointment.label, text(appointment, FactName.STATUS)) == ("Check-up", "booked")
    about = seg("TXA", {2: "CN^Consultation^L", 6: "202401021000", 12: "D1", 17: "AU"})
    txa = (about, "OBX|1|TX|T^Text^L||All well")
    (document,) = items(SectionName.DOCUMENTS, *txa, kind="MDM^T02")
    assert document.text == "2024-01-02 10:00 · final · D1 · All well"


def test_the_sender_s_words_come_without_signs_of_the_message_format() -> None:
    for section in SectionName:
        for item in items(section, "PID|||1||A^B", OBR, *RDE, "OBX|1|CE|X^Test^L||a^b^c|u^v", kind="RDE^O11"):
            assert not set("|^~\\") & set(item.label + item.text)


@pytest.mark.corpus
def test_every_corpus_message_is_read(corpus_root: Path) -> None:
    read = 0
    for path in sorted((corpus_root / "v2").rglob("*.hl7")):
        try:
            message = parse(path.read_bytes())
        except Refused:
            continue
        record_of_message(message)
        read += 1
    assert read > 500
