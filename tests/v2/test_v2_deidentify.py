from __future__ import annotations

import base64
import re
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workbench.security.deidentified import Deidentified, Fate, Policy, Rules
from workbench.security.pseudonyms import Pseudonyms
from workbench.v2 import er7
from workbench.v2.deidentify import deidentify, subject_of
from workbench.v2.er7 import Message
from workbench.v2.phi import Category

PSEUDONYMS = Pseudonyms(bytes(range(32)))
HEADER = "MSH|^~\\&|LAB|GHH|EHR|GHH|20240102030405+0100||{}|MSG0012345|T|2.5.1"


def _message(*segments: str, kind: str = "ADT^A01^ADT_A01") -> Message:
    return er7.parse("\r".join((HEADER.format(kind), *segments)).encode() + b"\r")


def _done(message: Message, rules: Rules | None = None) -> tuple[Message, Deidentified]:
    found = deidentify(message, PSEUDONYMS, rules)
    return er7.parse(found.raw), found


PID = (
    "PID|1|OLD7788|MRN99123^4^M11^GHH^MR~NAT4455667^^^NHS^NH||ZEBRASTRIPE^QUINTILLA^XERXES^JR^MRS||19800113|F|"
    "ZEBRA^QUINNIE|2106-3^White^HL70005|77 QUOKKA LANE^FLAT 9^MARSUPIALIA^IL^62701^USA^H^^COOK||(217)867-5309^PRN^PH~"
    "^NET^Internet^quinnie@marsupial.example||en^English^HL70296|M^Married^HL70002||ACC778899^^^GHH^AN|123456789"
)
FULL = (
    PID,
    "NK1|1|ZEBRASTRIPE^MORTIMER|SPO^Spouse^HL70063|77 QUOKKA LANE^^MARSUPIALIA|^PRN^PH^^1^217^8675309",
    "PV1|1|I|4EAST^136^B|E|||DOC4711^WOMBATSON^BARNABY^^^DR^MD||||||||||||VIS556677^^^GHH^VN|||||||||||||||||||||||||20240101",
    "OBX|1|TX|N^Note^L||Quintilla Zebrastripe (MRN99123, born 1/13/1980) of 77 Quokka Lane called from 217-867-5309",
    "OBX|2|NM|GLU^Glucose^LN||5.40|mmol/L^mmol/L^UCUM|3.9-5.8|N|||F|||20240102010101",
    "OBX|3|ED|D^Document^L||^application^pdf^Base64^" + base64.b64encode(b"Zebrastripe" * 40).decode(),
    "NTE|1||Dr. Wombatson saw her on 2024-01-01 and told Mrs. Unknownperson",
)
_CANARIES = """
    ZEBRA QUINTILLA XERXES QUINNIE MORTIMER WOMBATSON BARNABY QUOKKA MARSUPIAL MRN99123 OLD7788 NAT4455667 19800113
    8675309 867-5309 ACC778899 123456789 DOC4711 VIS556677 MSG0012345 62701 UNKNOWNPERSON 20240101 20240102 COOK
"""


def test_nothing_that_identifies_is_left() -> None:
    _, found = _done(_message(*FULL))
    text = found.raw.decode().upper() + base64.b64decode(er7.parse(found.raw).value("OBX[3]-5.5")).decode().upper()
    assert [canary for canary in _CANARIES.split() if canary in text] == []


def test_structure_codes_results_and_delimiters_stay() -> None:
    before = _message(*FULL)
    after, _ = _done(before)
    assert [segment.name for segment in after.segments] == [segment.name for segment in before.segments]
    shapes = [
        [
            [len(segment.components(n, r + 1)) for r in range(len(segment.repetitions(n)))]
            for n in range(1, len(segment.fields))
        ]
        for message in (before, after)
        for segment in message.segments
    ]
    half = len(shapes) // 2
    assert shapes[:half] == shapes[half:]
    for path in (
        "MSH-2", "MSH-3", "MSH-4", "MSH-9.3", "MSH-12", "PID-1", "PID-3.4", "PID-3.5", "PID-3.3", "PID-5.4", "PID-5.5",
        "PID-8", "PID-10.1", "PID-10.2", "PID-11.4", "PID-11.6", "PID-11.7", "PID-15.1", "PV1-2", "PV1-3.1", "PV1-7.7",
        "OBX[2]-3.1", "OBX[2]-5", "OBX[2]-6.1", "OBX[2]-7", "OBX[2]-11", "OBX[3]-5.3", "NK1-3.1",
    ):  # fmt: skip
        assert after.value(path) == before.value(path), path


def test_the_same_patient_is_the_same_person_in_every_message() -> None:
    one, _ = _done(_message(PID))
    other, _ = _done(_message(PID.replace("19800113", "19800114"), kind="ORU^R01"))
    for path in ("PID-3.1", "PID-3[2].1", "PID-5.1", "PID-5.2", "PID-11.1", "PID-11.3", "PID-13.1", "PID-19"):
        assert one.value(path) == other.value(path) != _message(PID).value(path)
    born = [date.fromisoformat(message.value("PID-7")) for message in (one, other)]
    assert (born[1] - born[0]).days == 1


def test_another_patient_of_the_same_name_is_another_person() -> None:
    one, _ = _done(_message("PID|1||A11111^^^H^MR||DOE^JOHN"))
    other, _ = _done(_message("PID|1||B22222^^^H^MR||DOE^JOHN"))
    assert one.value("PID-5.1") != other.value("PID-5.1")


def test_dates_keep_their_intervals_precision_time_and_zone() -> None:
    after, _ = _done(_message("PID|1||7^^^H^MR||||1980", "PV1|1" + "|" * 43 + "202401020304|20240105"))
    admitted, discharged = after.value("PV1-44"), after.value("PV1-45")
    assert admitted[8:] == "0304" and len(after.value("PID-7")) == 4
    assert (date.fromisoformat(discharged) - date.fromisoformat(admitted[:8])).days == 3
    assert after.value("MSH-7")[8:] == "030405+0100"
    assert after.value("MSH-7")[:8] == admitted[:8], "else the shift could be read off"


@pytest.mark.parametrize("text", ["19991399", "unknown", "0001", "2024-01-02"])
def test_what_is_no_date_is_removed_and_listed(text: str) -> None:
    after, found = _done(_message(f"PID|1||7||||{text}"))
    assert after.value("PID-7") == ""
    assert [(c.path, c.fate, bool(c.doubt)) for c in found.changes if c.field == "PID-7"] == [
        ("PID-7", Fate.REMOVED, True)
    ]


def test_each_patient_of_a_message_has_dates_of_their_own() -> None:
    message = _message(
        "PID|1||A1^^^H^MR||||19800101", "OBR|1||||||20240101", "PID|2||B2^^^H^MR||||19800101", "OBR|2||||||20240101"
    )
    after, _ = _done(message)
    shifts = [PSEUDONYMS.date_digits("20240101", subject) for subject in ("A1", "B2")]
    assert [segment.value(7) for segment in after.named("OBR")] == shifts and shifts[0] != shifts[1]


def test_a_number_is_the_same_pseudonym_wherever_it_stands() -> None:
    after, _ = _done(_message("PID|1||MRN12345^^^H^MR", "MRG|MRN99999^^^H^MR", "NTE|1||was MRN99999, is MRN12345"))
    text = after.value("NTE-3")
    assert text == f"was {after.value('MRG-1')}, is {after.value('PID-3')}"


def test_an_acknowledgement_still_pairs_with_its_message() -> None:
    message, _ = _done(_message(PID))
    answer, _ = _done(_message("MSA|AA|MSG0012345", kind="ACK"))
    assert answer.value("MSA-2") == message.control_id != "MSG0012345"


@pytest.mark.parametrize(("policy", "left"), [(Policy.REMOVE, "ZPI|"), (Policy.KEEP, "ZPI|1|blue|{}")])
def test_local_segments_follow_the_policy_and_are_always_listed(policy: Policy, left: str) -> None:
    after, found = _done(_message(PID, "ZPI|1|blue|Zebrastripe"), Rules(unknown=policy))
    name = after.value("PID-5.1").title()
    assert after.segments[-1].text.casefold() == left.format(name).casefold()
    assert [(c.field, c.doubt) for c in found.changes if c.category is Category.UNKNOWN] == [
        ("ZPI", "no dictionary describes this segment")
    ]


def test_fields_beyond_the_standard_and_lines_that_are_no_segments_are_removed_and_listed() -> None:
    after, found = _done(_message("PID|1||7" + "|" * 60 + "Zebrastripe", "Zebrastripe is no segment"))
    assert b"ebrastripe" not in deidentify(_message("Zebrastripe is no segment"), PSEUDONYMS).raw
    assert "ebrastripe" not in after.text
    assert {c.field for c in found.changes if c.doubt} == {"PID-63", "no segment"}


def test_results_of_unknown_type_are_not_trusted() -> None:
    after, found = _done(_message("OBX|1|QQ|X||Zebrastripe", "OBX|2||X||Zebrastripe"))
    assert "ebrastripe" not in after.text
    assert [c.field for c in found.changes if c.doubt] == ["OBX-5", "OBX-5"]


def test_documents_are_taken_out_with_a_note() -> None:
    after, found = _done(_message(*FULL))
    assert base64.b64decode(after.value("OBX[3]-5.5")) == b"document removed by de-identification"
    hidden, _ = _done(_message("OBX|1|TX|D||" + base64.b64encode(b"Zebrastripe" * 60).decode()))
    assert hidden.value("OBX-5") == "document removed by de-identification"
    assert any(c.category is Category.DOCUMENT and c.doubt for c in found.changes)


def test_free_text_can_be_removed() -> None:
    after, _ = _done(_message("NTE|1||she is well"), Rules(text=Policy.REMOVE))
    assert after.value("NTE-3") == ""


def test_text_hidden_by_escapes_is_removed_and_highlighting_stays() -> None:
    after, found = _done(_message("NTE|1||\\X5A65627261\\", "NTE|2||\\H\\well\\N\\ today\\.br\\"))
    assert [segment.raw(3) for segment in after.named("NTE")] == ["", "\\H\\well\\N\\ today\\.br\\"]
    assert any("escapes" in c.doubt for c in found.changes)


def test_a_code_that_says_what_identifies_elsewhere_is_replaced_and_listed() -> None:
    message = _message(
        "PID|1||MRN99123^^^H^MR||ZEBRASTRIPE^ANN|||F||zebrastripe^Zebrastripe^L", "PV1|1|I|Zebrastripe^1"
    )
    after, found = _done(message)
    assert "EBRASTRIPE" not in after.text.upper()
    assert {c.field for c in found.changes if c.doubt} == {"PID-10", "PV1-3"}


def test_a_result_that_happens_to_be_a_number_of_the_patient_stays() -> None:
    after, _ = _done(_message("PID|1||123456", "OBX|1|NM|GLU||123456"))
    assert after.value("OBX-5") == "123456"


def test_nulls_stay_nulls() -> None:
    after, _ = _done(_message('PID|1||7||""^""||""|F|||""'))
    assert [after.value(path) for path in ("PID-5.1", "PID-5.2", "PID-7", "PID-11")] == ['""'] * 4


def test_other_delimiters_and_encodings_are_kept() -> None:
    raw = "MSH$*~\\&$A$B$C$D$20240101$$ADT*A01$M1$T$2.5.1$$$$$$8859/1\rPID$1$$7$$MÜLLER*JÖRG\rNTE$1$$Müller grüßt\r"
    after = deidentify(er7.parse(raw.encode("latin-1")), PSEUDONYMS)
    text = after.raw.decode("latin-1")
    assert text.startswith("MSH$*~\\&$A$B$C$D$") and "grüßt" in text and "ller " not in text


def test_a_mark_at_the_beginning_and_line_ends_are_kept() -> None:
    raw = b"\xef\xbb\xbfMSH|^~\\&|A|B|C|D|2024||ADT^A01|M1|T|2.5.1\r\nPID|1||7\r\n"
    done = deidentify(er7.parse(raw), PSEUDONYMS).raw
    assert done.startswith(b"\xef\xbb\xbfMSH|") and done.endswith(b"\r\n") and done.count(b"\r\n") == 2


def test_whose_message_it_is() -> None:
    def subject(pid: str) -> str:
        return subject_of(_message(pid).first("PID"))

    assert subject("PID|1||A^^^X^NH~B^^^Y^MR") == "B"
    assert subject("PID|1||A~B") == "A"
    assert subject("PID|1|OLD") == "OLD"
    assert subject("PID|1||||DOE||1980") == "DOE 1980"
    assert subject_of(None) == ""


@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3", "2.4", "2.6", "2.7", "2.8.2", "9.9", ""])
def test_every_version_is_understood(version: str) -> None:
    raw = _message(*FULL).raw.replace(b"|2.5.1\r", f"|{version}\r".encode())
    text = deidentify(er7.parse(raw), PSEUDONYMS).raw.decode().upper()
    wanted = ("ZEBRA", "QUINTILLA", "MRN99123", "19800113", "QUOKKA", "WOMBATSON", "867-5309", "NAT4455667", "OLD7788")
    assert [canary for canary in wanted if canary in text] == []


_word = st.text("BCDFGHJKLMNPQRSTVWXZ", min_size=7, max_size=12)
_number = st.text("0123456789", min_size=8, max_size=12)


@given(_word, _word, _number, st.dates(date(1920, 1, 1), date(2020, 1, 1)), st.sampled_from(["", "^~", "&"]))
def test_no_identifying_value_occurs_in_the_output(
    family: str, given_name: str, number: str, born: date, noise: str
) -> None:
    message = _message(
        f"PID|1||{number}^^^H^MR||{family}^{given_name}{noise}||{born:%Y%m%d}|||{family} {given_name}",
        f"NK1|1|{given_name}^{family}",
        f"OBX|1|TX|N||{given_name.title()} {family.title()} ({number}) was born "
        f"{born:%m/%d/%Y}, {born:%Y-%m-%d}, {born:%Y%m%d}",
        f"IN1|1|P||||||||||||||{family}^{given_name}" + "|" * 20 + number,
        f"ZZZ|{family}|{number}",
        f"{family} {number}",
    )
    assume(PSEUDONYMS.identifier(number) != number)
    text = deidentify(message, PSEUDONYMS).raw.decode().upper()
    values = (family, given_name, number, f"{born:%Y%m%d}", f"{born:%m/%d/%Y}", f"{born:%Y-%m-%d}")
    assert [value for value in values if value in text] == []


@given(st.text(max_size=60), st.sampled_from(["PID|", "OBX|1|TX|", "NTE|1||", "ZZZ|", "XYZ", "PV1|1|"]))
def test_nothing_a_message_holds_stops_it(text: str, start: str) -> None:
    message = er7.parse((HEADER.format("ADT^A01") + "\r" + start + text + "\r").encode("utf-8", "surrogatepass"))
    found = deidentify(message, PSEUDONYMS)
    assert er7.parse(found.raw).control_id == PSEUDONYMS.identifier("MSG0012345")


def test_places_can_be_left_out_for_speed() -> None:
    message = _message(*FULL)
    quick, careful = deidentify(message, PSEUDONYMS, places=False), deidentify(message, PSEUDONYMS)
    assert quick.raw == careful.raw
    assert [c.field for c in quick.changes] == [c.field for c in careful.changes]
    assert all(re.match(re.escape(c.field.split("-")[0]), c.path) for c in careful.changes)
