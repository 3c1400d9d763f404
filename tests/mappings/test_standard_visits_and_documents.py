# ruff: noqa: E501 (a segment is one line)
"""Scheduling, documents, charges and messages without a map of their own, by the shipped package."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

Convert = Callable[[str], Any]

BOOKING = """
    MSH|^~\\&|SCH|NORTH|||20240105||SIU^{event}^SIU_S12|S1|P|2.5.1
    SCH|P1^EHR|F1^SCH|||||CHECKUP^Check-up^HL70276|ROUTINE^Routine^HL70277|30|min^minutes|^^30^20240110090000+0100^20240110093000+0100||||||||||||||{status}
    PID|1||4711^^^NORTH^MR||Muster^Anna
    RGS|1
    AIS|1|A|CONS^Consultation^L|20240110090000+0100
    AIL|1|A|AMB^R2^^NORTH
    AIP|1|A|1001^Huber^Eva|PHYS^Physician^L|||||||Booked
    NTE|1||Bring your letters.
"""


def test_a_booking_says_when_and_who_and_where(convert: Convert) -> None:
    mapped = convert(BOOKING.format(event="S12", status="Booked"))
    booking = mapped.one("Appointment")
    assert booking["status"] == "booked"
    assert (booking["start"], booking["end"]) == ("2024-01-10T09:00:00+01:00", "2024-01-10T09:30:00+01:00")
    assert booking["minutesDuration"] == 30
    kinds = {mapped.at(p["actor"])["resourceType"] for p in booking["participant"]}
    assert kinds == {"Patient", "Location", "Practitioner"}
    assert all("status" in p for p in booking["participant"])
    assert [i["type"]["coding"][0]["code"] for i in booking["identifier"]] == ["PLAC", "FILL"]


def test_an_appointment_lasts_as_long_as_it_is_said_to(convert: Convert) -> None:
    sent = BOOKING.format(event="S12", status="Booked").replace("^20240110093000+0100", "")
    assert convert(sent).one("Appointment")["end"] == "2024-01-10T09:30:00+01:00"


def test_an_appointment_of_unknown_length_says_so(convert: Convert) -> None:
    sent = (
        BOOKING.format(event="S12", status="Booked")
        .replace("^20240110093000+0100", "")
        .replace("|30|min^minutes|", "|||")
    )
    booking = convert(sent).one("Appointment")
    assert booking["start"] == "2024-01-10T09:00:00+01:00"
    assert booking["_end"]["extension"][0]["valueCode"] == "unknown"


def test_timing_segments_come_before_the_withdrawn_field(convert: Convert) -> None:
    sent = BOOKING.format(event="S12", status="Booked").replace(
        "    PID|", "    TQ1|1||||||20240111100000+0100|20240111103000+0100\n    PID|"
    )
    booking = convert(sent).one("Appointment")
    assert (booking["start"], booking["end"]) == ("2024-01-11T10:00:00+01:00", "2024-01-11T10:30:00+01:00")


@pytest.mark.parametrize(
    ("event", "status"), [("S12", "booked"), ("S15", "cancelled"), ("S17", "entered-in-error"), ("S26", "noshow")]
)
def test_without_a_status_the_event_says_it(convert: Convert, event: str, status: str) -> None:
    assert convert(BOOKING.format(event=event, status="")).one("Appointment")["status"] == status


DOCUMENT = """
    MSH|^~\\&|DOC|NORTH|||20240105||MDM^{event}^MDM_T02|D1|P|2.5.1
    EVN|T02|20240105
    PID|1||4711^^^NORTH^MR||Muster^Anna
    PV1|1|I|W3
    TXA|1|DS^Discharge summary^L|TX|20240105080000+0100|1001^Huber^Eva||20240105090000+0100||1001^Huber^Eva|||DOC1^DOC|||||{completion}||{availability}
    OBX|1|TX|DS^Summary^L||First line.||||||F
    OBX|2|ED|PDF^Report^L||^application^pdf^Base64^JVBERi0=||||||F
"""


def test_a_document_keeps_its_text_and_its_file(convert: Convert) -> None:
    mapped = convert(DOCUMENT.format(event="T02", completion="AU", availability="AV"))
    document = mapped.one("DocumentReference")
    assert (document["status"], document["docStatus"]) == ("current", "final")
    text, file = (c["attachment"] for c in document["content"])
    assert base64.b64decode(text["data"]).decode() == "First line."
    assert (file["contentType"], file["data"]) == ("application/pdf", "JVBERi0=")
    assert document["masterIdentifier"]["value"] == "DOC1"
    assert mapped.at(document["author"][0])["name"][0]["family"] == "Huber"
    assert mapped.at(document["subject"])["resourceType"] == "Patient"


@pytest.mark.parametrize(
    ("availability", "status"), [("OB", "superseded"), ("CA", "entered-in-error"), ("", "current")]
)
def test_a_withdrawn_document_is_not_current(convert: Convert, availability: str, status: str) -> None:
    text = DOCUMENT.format(event="T02", completion="AU", availability=availability)
    assert convert(text).one("DocumentReference")["status"] == status


def test_a_notification_without_content_still_is_a_document(convert: Convert) -> None:
    text = "\n".join(line for line in DOCUMENT.splitlines() if "OBX|" not in line)
    document = convert(text.format(event="T01", completion="DI", availability="AV")).one("DocumentReference")
    assert document["content"]


def test_a_charge_names_what_was_done_and_how_often(convert: Convert) -> None:
    mapped = convert("""
        MSH|^~\\&|BIL|NORTH|||20240105||DFT^P03|B1|P|2.5.1
        PID|1||4711^^^NORTH^MR||Muster^Anna
        FT1|1|T1||20240105|20240105|CG|99213^Visit^C4|||2|80.50&EUR
    """)
    charge = mapped.one("ChargeItem")
    assert charge["code"]["coding"][0]["code"] == "99213"
    assert (str(charge["quantity"]["value"]), str(charge["priceOverride"]["value"])) == ("2", "80.50")


def test_a_negative_acknowledgement_says_what_was_refused(convert: Convert) -> None:
    mapped = convert("""
        MSH|^~\\&|EHR|NORTH|||20240105||ACK^A01|A1|P|2.5.1
        MSA|AE|M1|Not accepted
        ERR||PID^1^3|101^Required field missing^HL70357|E
    """)
    header = mapped.one("MessageHeader")
    assert header["response"]["identifier"] == "M1"
    assert header["response"]["code"] == "transient-error"
    assert mapped.one("OperationOutcome")["issue"][0]["severity"] == "error"


def test_a_message_of_an_unknown_kind_still_gives_patient_and_header(convert: Convert) -> None:
    mapped = convert("MSH|^~\\&|A|F|||20240105||ZZZ^Z01|1|P|2.5\nPID|1||1^^^A||Muster^Anna\nZXX|1|something")
    assert mapped.one("Patient")["name"][0]["family"] == "Muster"
    assert "something" in str(mapped.bundle)


@pytest.mark.parametrize(
    ("segments", "resource_type"),
    [
        ("STF|P1|S1^^^NORTH|Huber^Eva|||F||A", "Practitioner"),
        ("LOC|W3^12^B|Ward three|N", "Location"),
        ("CDM|99213^Visit^C4||Visit|Office visit||||A", "ChargeItemDefinition"),
        ("OM1|1|GLU^Glucose^L", "ObservationDefinition"),
    ],
)
def test_a_master_file_entry_becomes_the_resource_of_its_kind(
    convert: Convert, segments: str, resource_type: str
) -> None:
    mapped = convert(
        f"MSH|^~\\&|A|F|||20240105||MFN^M01|1|P|2.5\nMFI|X||UPD|||AL\nMFE|MAD|1|20240105|K1|CWE\n{segments}"
    )
    assert mapped.one(resource_type)
