# ruff: noqa: E501 (a segment is one line)
"""Patient administration, by the shipped package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Convert = Callable[[str], Any]

ADMISSION = """
    MSH|^~\\&|REG^1.2.3^ISO|NORTH^2.999.1^ISO|EHR|SOUTH|20240105081500+0100||ADT^A01^ADT_A01|M1|P|2.5.1|||||AUT
    EVN|A01|20240105081500+0100||01|7001^Clerk^Carla
    PID|1||4711^^^NORTH&2.999.1&ISO^MR~756.1234^^^SVNR^SS||Müller-Lüdenscheidt^Anna^Maria^^Dr.^^L||19700401|F|||Ring 1&Ringstraße^Top 7^Wien^^1010^AUT^H||^PRN^PH^^^1^5550100||ger|M||F55^^^NORTH^AN
    NK1|1|Müller^Otto|SPO^Spouse^HL70063||^PRN^CP^^^664^5550101
    PV1|1|I|W3^12^B^NORTH^^^MAIN^2|E|||1001^Huber^Eva^^^Dr.^^^NORTH|||MED|||||||||V100^^^NORTH^VN|||||||||||||||||||||||||20240105080000+0100
    AL1|1|DA|70618^Penicillin^RXN|SV|Hives
    AL1|2|DA|LOC77^House dust mix^99LOC|MI|sneezing
    DG1|1||I21.9^Acute myocardial infarction^I10||20240105|A|||||||||1
    IN1|1|HP^Health Plan|77^^^NORTH^XX|Krankenkasse Nord||||G1||||20240101|20241231||HMO|Müller^Otto|SPO|19680202||||||||||||||||||POL-9
"""


def test_an_admission_says_who_came_where_and_why(convert: Convert) -> None:
    mapped = convert(ADMISSION)
    patient, encounter = mapped.one("Patient"), mapped.one("Encounter")
    assert patient["name"][0]["family"] == "Müller-Lüdenscheidt"
    assert patient["name"][0]["given"] == ["Anna", "Maria"]
    assert (patient["gender"], patient["birthDate"]) == ("female", "1970-04-01")
    assert encounter["status"] == "in-progress"
    assert encounter["class"]["code"] == "IMP"
    assert encounter["period"]["start"] == "2024-01-05T08:00:00+01:00"
    assert mapped.at(encounter["subject"]) is patient
    attending = encounter["participant"][0]
    assert attending["type"][0]["coding"][0]["code"] == "ATND"
    assert mapped.at(attending["individual"])["name"][0]["family"] == "Huber"


def test_identifiers_keep_their_authority_and_type(convert: Convert) -> None:
    number, insurance = convert(ADMISSION).one("Patient")["identifier"]
    assert (number["value"], number["system"]) == ("4711", "urn:oid:2.999.1")
    assert number["type"]["coding"][0]["code"] == "MR"
    assert insurance["system"] == "urn:id:SVNR"


def test_the_most_precise_place_lies_in_the_next_up_to_the_site(convert: Convert) -> None:
    mapped = convert(ADMISSION)
    place = mapped.at(mapped.one("Encounter")["location"][0]["location"])
    chain = [(place["name"], place["physicalType"]["coding"][0]["code"])]
    while "partOf" in place:
        place = mapped.at(place["partOf"])
        chain.append((place["name"], place["physicalType"]["coding"][0]["code"]))
    assert chain == [("B", "bd"), ("12", "ro"), ("2", "lvl"), ("W3", "wa"), ("MAIN", "bu"), ("NORTH", "si")]


def test_a_place_without_bed_is_the_room_and_carries_the_comprehensive_number(convert: Convert) -> None:
    mapped = convert(ADMISSION.replace("W3^12^B^NORTH^^^MAIN^2", "W3^12^^NORTH^^^^^^L-12&NORTH"))
    place = mapped.at(mapped.one("Encounter")["location"][0]["location"])
    assert place["physicalType"]["coding"][0]["code"] == "ro"
    assert {i["value"] for i in place["identifier"]} == {"12", "L-12"}
    assert mapped.at(place["partOf"])["physicalType"]["coding"][0]["code"] == "wa"


def test_an_allergy_with_an_unknown_code_keeps_code_and_words(convert: Convert) -> None:
    known, local = convert(ADMISSION).all("AllergyIntolerance")
    assert known["code"]["coding"][0] == {
        "code": "70618",
        "display": "Penicillin",
        "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
    }
    assert (known["criticality"], known["reaction"][0]["severity"]) == ("high", "severe")
    assert known["reaction"][0]["manifestation"][0]["text"] == "Hives"
    coding = local["code"]["coding"][0]
    assert (coding["code"], coding["display"], coding["system"]) == ("LOC77", "House dust mix", "urn:id:99LOC")


def test_an_allergy_of_an_unmapped_kind_is_flagged_and_not_dropped(convert: Convert) -> None:
    allergy = convert(ADMISSION.replace("AL1|1|DA|", "AL1|1|ZZ|")).all("AllergyIntolerance")[0]
    assert allergy["code"]["coding"][0]["code"] == "70618"
    assert "ZZ" in str(allergy["_category"])


def test_a_diagnosis_is_a_condition_and_stands_at_the_visit(convert: Convert) -> None:
    mapped = convert(ADMISSION)
    condition, encounter = mapped.one("Condition"), mapped.one("Encounter")
    assert condition["code"]["coding"][0]["system"] == "http://hl7.org/fhir/sid/icd-10"
    assert mapped.at(encounter["diagnosis"][0]["condition"]) is condition
    assert encounter["diagnosis"][0]["rank"] == 1


def test_insurance_names_payor_policy_and_the_insured_who_is_not_the_patient(convert: Convert) -> None:
    mapped = convert(ADMISSION)
    coverage = mapped.one("Coverage")
    assert mapped.at(coverage["payor"][0])["name"] == "Krankenkasse Nord"
    assert "POL-9" in {i["value"] for i in coverage["identifier"]}
    assert mapped.at(coverage["subscriber"])["name"][0]["given"] == ["Otto"]
    assert mapped.at(coverage["beneficiary"])["resourceType"] == "Patient"


def test_the_next_of_kin_is_a_related_person_and_a_contact(convert: Convert) -> None:
    mapped = convert(ADMISSION)
    contact = mapped.one("Patient")["contact"][0]
    spouse = next(p for p in mapped.all("RelatedPerson") if p["name"][0]["family"] == "Müller" and "telecom" in p)
    assert contact["name"]["family"] == "Müller"
    assert "SPS" in {c["code"] for c in spouse["relationship"][0]["coding"]}


def test_the_header_says_event_sender_and_receiver(convert: Convert) -> None:
    mapped = convert(ADMISSION)
    header = mapped.one("MessageHeader")
    assert header["eventCoding"]["code"] == "A01"
    assert header["source"] == {"name": "REG", "endpoint": "urn:oid:1.2.3"}
    assert mapped.at(header["sender"])["identifier"][0]["value"] == "NORTH"
    assert mapped.at(header["sender"])["address"] == [{"country": "AUT"}]
    assert mapped.bundle["identifier"]["value"] == "M1"


@pytest.mark.parametrize(
    ("msh_3", "msh_24", "endpoint"),
    [
        ("APP", "NET^1.2.4^ISO", "urn:oid:1.2.4"),
        ("APP^1.2.3^ISO", "", "urn:oid:1.2.3"),
        ("APP^app.example.org^DNS", "", "urn:dns:app.example.org"),
    ],
)
def test_the_endpoint_is_the_network_address_else_the_application(
    convert: Convert, msh_3: str, msh_24: str, endpoint: str
) -> None:
    header = convert(f"MSH|^~\\&|{msh_3}|F|||20240105||ADT^A08|1|P|2.8||||||||||||{msh_24}\nPID|1||1^^^A")
    assert header.one("MessageHeader")["source"]["endpoint"] == endpoint


def test_without_any_address_the_endpoint_is_said_to_be_unknown(convert: Convert) -> None:
    header = convert("MSH|^~\\&||F|||20240105||ADT^A08|1|P|2.8\nPID|1||1^^^A").one("MessageHeader")
    assert header["source"]["_endpoint"]["extension"][0]["valueCode"] == "unknown"


@pytest.mark.parametrize(("event", "status"), [("A03", "finished"), ("A11", "cancelled"), ("A13", "in-progress")])
def test_the_event_decides_the_status_of_the_visit(convert: Convert, event: str, status: str) -> None:
    assert convert(ADMISSION.replace("ADT^A01", f"ADT^{event}")).one("Encounter")["status"] == status


@pytest.mark.parametrize("event", ["A04", "A05", "A08", "A28", "A31", "A60"])
def test_events_that_share_the_segments_share_the_mapping(convert: Convert, event: str) -> None:
    assert convert(ADMISSION.replace("ADT^A01", f"ADT^{event}")).one("Patient")["birthDate"] == "1970-04-01"


def test_a_merge_keeps_both_records_and_links_them(convert: Convert) -> None:
    mapped = convert("""
        MSH|^~\\&|REG|NORTH|||20240105||ADT^A40^ADT_A39|M2|P|2.5.1
        EVN|A40|20240105
        PID|1||4711^^^NORTH^MR||Muster^Anna
        MRG|0815^^^NORTH^MR
    """)
    survivor, merged = sorted(mapped.all("Patient"), key=lambda p: p.get("active") is False)
    assert merged["active"] is False
    assert merged["identifier"][0]["value"] == "0815"
    assert (survivor["link"][0]["type"], merged["link"][0]["type"]) == ("replaces", "replaced-by")
    assert mapped.at(survivor["link"][0]["other"]) is merged
    assert mapped.at(merged["link"][0]["other"]) is survivor


def test_a_changed_number_stays_as_an_old_identifier_of_the_same_patient(convert: Convert) -> None:
    mapped = convert("""
        MSH|^~\\&|REG|NORTH|||20240105||ADT^A47^ADT_A30|M3|P|2.5.1
        PID|1||4711^^^NORTH^MR||Muster^Anna
        MRG|0815^^^NORTH^MR
    """)
    assert [(i["value"], i.get("use")) for i in mapped.one("Patient")["identifier"]] == [
        ("4711", None),
        ("0815", "old"),
    ]


def test_two_patients_of_one_message_keep_their_own_visits(convert: Convert) -> None:
    mapped = convert("""
        MSH|^~\\&|REG|NORTH|||20240105||ADT^A17^ADT_A17|M4|P|2.5.1
        PID|1||1^^^NORTH^MR||Eins^Anna
        PV1|1|I|W1^1^A
        PID|2||2^^^NORTH^MR||Zwei^Berta
        PV1|1|I|W1^1^B
    """)
    families = [mapped.at(e["subject"])["name"][0]["family"] for e in mapped.all("Encounter")]
    assert families == ["Eins", "Zwei"]


@pytest.mark.parametrize(
    ("xtn", "expected"),
    [
        ("^NET^Internet^a@example.org^1^555^777", "a@example.org"),
        ("old^PRN^PH^^^1^5550100^^^^^+43 1 5550100", "+43 1 5550100"),
        ("old^PRN^PH^^43^1^5550100", "+43 1 5550100"),
        ("old^PRN^PH^^^1^5550100", "1 5550100"),
        ("(01)5550100^PRN^PH", "(01)5550100"),
    ],
)
def test_a_telephone_number_is_taken_from_its_most_precise_component(convert: Convert, xtn: str, expected: str) -> None:
    patient = convert(f"MSH|^~\\&|A|F|||20240105||ADT^A08|1|P|2.8\nPID|1||1^^^A||A^B||||||||{xtn}").one("Patient")
    assert patient["telecom"][0]["value"] == expected


@pytest.mark.parametrize(
    ("pid_11", "addresses"),
    [
        ("S 1^^Wien^^1010", [{"district": "GL"}]),
        ("S 1^^Wien^^1010~S 2^^Graz^^8010", [{}, {}, {"district": "GL"}]),
        ("", [{"district": "GL"}]),
    ],
)
def test_the_county_joins_an_only_address_without_one_and_else_stands_alone(
    convert: Convert, pid_11: str, addresses: list[dict[str, str]]
) -> None:
    patient = convert(f"MSH|^~\\&|A|F|||20240105||ADT^A08|1|P|2.3\nPID|1||1^^^A||A^B||||||{pid_11}|GL").one("Patient")
    districts = [{"district": a["district"]} if "district" in a else {} for a in patient["address"]]
    assert districts == addresses


def test_death_is_a_time_when_there_is_one_and_else_a_yes(convert: Convert) -> None:
    head = "MSH|^~\\&|A|F|||20240105||ADT^A08|1|P|2.5\nPID|1||1^^^A||A^B" + "|" * 24
    assert convert(head + "20240102|Y").one("Patient")["deceasedDateTime"] == "2024-01-02"
    assert convert(head + "|Y").one("Patient")["deceasedBoolean"] is True


def test_a_birth_date_keeps_its_precision_and_a_birth_time_its_offset(convert: Convert) -> None:
    head = "MSH|^~\\&|A|F|||20240105||ADT^A08|1|P|2.5\nPID|1||1^^^A||A^B||"
    assert convert(head + "1970").one("Patient")["birthDate"] == "1970"
    born = convert(head + "197004012315-0500").one("Patient")
    assert born["birthDate"] == "1970-04-01"
    assert born["_birthDate"]["extension"][0]["valueDateTime"].startswith("1970-04-01T23:15")


def test_patients_without_a_number_are_never_taken_for_one(convert: Convert) -> None:
    text = "MSH|^~\\&|A|F|||20240105||ADT^A08|{n}|P|2.5\nPID|1||^^^NPI^MR||Muster^{name}"
    first, second = (convert(text.format(n=n, name=name)).bundle["entry"] for n, name in ((1, "Anna"), (2, "Berta")))
    urls = [e["fullUrl"] for entries in (first, second) for e in entries if e["resource"]["resourceType"] == "Patient"]
    assert len(set(urls)) == 2


def test_the_same_number_is_the_same_patient_in_every_message(convert: Convert) -> None:
    text = "MSH|^~\\&|A|F|||20240105||ADT^{event}|{n}|P|2.5\nPID|1||4711^^^NORTH^MR||Muster^Anna"
    messages = (convert(text.format(n=1, event="A01")), convert(text.format(n=2, event="A08")))
    urls = {e["fullUrl"] for m in messages for e in m.bundle["entry"] if e["resource"]["resourceType"] == "Patient"}
    assert len(urls) == 1


@pytest.mark.parametrize(
    ("event", "numbers"),
    [("A45", [["V-2"]]), ("A50", [["V-2", "V-1"]]), ("A42", [["V-2"], ["V-1"]])],
)
def test_a_visit_that_moves_is_no_second_visit(convert: Convert, event: str, numbers: list[list[str]]) -> None:
    mapped = convert(
        f"MSH|^~\\&|A|B|||20240102||ADT^{event}|1|P|2.5.1\nPID|1||7^^^H^MR||DOE\n"
        "MRG|7^^^H^MR||||V-1^^^H^VN\nPV1|1|I|||||||||||||||||V-2^^^H^VN\n"
    )
    visits = mapped.all("Encounter")
    assert [[each["value"] for each in visit["identifier"]] for visit in visits] == numbers
    assert all("subject" in visit for visit in visits)
