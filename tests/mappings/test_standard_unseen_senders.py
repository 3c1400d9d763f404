# ruff: noqa: E501 (a segment is one line)
"""What real senders write that the standard does not foresee, or that is dangerous when it is read wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Convert = Callable[[str], Any]

ADT = "MSH|^~\\&|A|B|||20240102||ADT^A08|1|P|2.5.1\nPID|1||7^^^H^MR||DOE{pid}\nPV1|1|I\n"
ORU = "MSH|^~\\&|L|F|||20240105||ORU^R01|1|P|2.5.1\nPID|1||1^^^A\n"
RAS = "MSH|^~\\&|A|B|||20240102||RAS^O17|{0}|P|2.5.1\nPID|1||7^^^H^MR||DOE\nORC|RE|RX1^CPOE|F1^PHARM\n"


def the_request(mapped: Any, resource_type: str) -> dict[str, Any]:
    return next(e["request"] for e in mapped.bundle["entry"] if e["resource"]["resourceType"] == resource_type)


def test_a_list_of_allergies_that_is_deleted_is_no_allergy(convert: Convert) -> None:
    mapped = convert(ADT.format(pid="") + 'AL1|1|DA|""\n')
    assert mapped.all("AllergyIntolerance") == []


def test_an_adverse_reaction_deleted_by_its_number_is_still_told_of(convert: Convert) -> None:
    (allergy,) = convert(ADT.format(pid="") + 'IAM|1|DA|""|||D|A1^EHR\n').all("AllergyIntolerance")
    assert allergy["verificationStatus"]["coding"][0]["code"] == "entered-in-error"


@pytest.mark.parametrize(("word", "code"), [("NKA", "716186003"), ("NKDA", "409137002")])
def test_that_no_allergy_is_known_is_a_statement_with_a_code(convert: Convert, word: str, code: str) -> None:
    (allergy,) = convert(f"{ADT.format(pid='')}AL1|1|DA|{word}^No known allergies\n").all("AllergyIntolerance")
    assert {"system": "http://snomed.info/sct", "code": code}.items() <= allergy["code"]["coding"][0].items()
    assert "extension" not in allergy["code"]


@pytest.mark.parametrize(
    ("kind", "expected"), [("IN", "intolerance"), ("AL", "allergy"), ("SE", "allergy"), ("", "allergy")]
)
def test_an_intolerance_is_not_called_an_allergy(convert: Convert, kind: str, expected: str) -> None:
    (allergy,) = convert(f"{ADT.format(pid='')}IAM|1|DA|^Codeine||||||{kind}\n").all("AllergyIntolerance")
    assert allergy["type"] == expected


def test_two_administrations_of_one_order_are_two_resources(convert: Convert) -> None:
    first, second = (
        convert(RAS.format(number) + f"RXA|0|1|202401020{number}00||197361^Amlodipine^RXNORM|5|mg\n")
        for number in (1, 2)
    )
    requests = [the_request(mapped, "MedicationAdministration") for mapped in (first, second)]
    assert requests[0]["url"] != requests[1]["url"]
    assert all("identifier=" not in request["url"] for request in requests)
    assert first.one("MedicationAdministration")["request"]["identifier"]["value"] == "RX1"


def test_an_administration_that_is_told_again_is_the_same(convert: Convert) -> None:
    given = "RXA|0|1|20240102080000||197361^Amlodipine^RXNORM|5|mg|||||||||||||{}\n"
    first, deleted = (convert(RAS.format(number) + given.format(status)) for number, status in ((1, "CP"), (2, "CP|D")))
    assert the_request(first, "MedicationAdministration") == the_request(deleted, "MedicationAdministration")
    assert deleted.one("MedicationAdministration")["status"] == "entered-in-error"


def test_what_was_dispensed_and_given_leads_to_the_order_in_the_message(convert: Convert) -> None:
    mapped = convert(
        RAS.format(1) + "RXO|197361^Amlodipine^RXNORM|5||mg\nRXA|0|1|20240102080000||197361^Amlodipine^RXNORM|5|mg\n"
    )
    order = mapped.at(mapped.one("MedicationAdministration")["request"])
    assert order["resourceType"] == "MedicationRequest"


def test_the_number_of_a_plan_finds_nobodys_coverage(convert: Convert) -> None:
    mapped = convert(ADT.format(pid="") + "IN1|1|PPO^Plan^99INS|5|Insurer\n")
    assert "identifier=" not in the_request(mapped, "Coverage")["url"]
    assert mapped.one("Coverage")["class"][0]["value"] == "PPO"


def test_a_drug_given_when_needed_is_not_given_around_the_clock(convert: Convert) -> None:
    mapped = convert(
        "MSH|^~\\&|A|B|||20240102||RDE^O01|1|P|2.3\nPID|1||7^^^H\n"
        "ORC|NW|5|||||^Q8H^^^^S^PRN^for pain\nRXE|^Q8H&0600,1400,2200|M^Morphine^L|2|4|mg\n"
    )
    (dosage,) = mapped.one("MedicationRequest")["dosageInstruction"]
    assert dosage["asNeededBoolean"] is True
    assert dosage["patientInstruction"] == "for pain"
    assert dosage["timing"]["repeat"]["timeOfDay"] == ["06:00:00", "14:00:00", "22:00:00"]
    assert (str(dosage["timing"]["repeat"]["period"]), dosage["timing"]["repeat"]["periodUnit"]) == ("8", "h")


def test_a_condition_in_words_is_what_the_drug_is_needed_for(convert: Convert) -> None:
    mapped = convert(
        "MSH|^~\\&|A|B|||20240102||RDE^O01|1|P|2.3\nPID|1||7^^^H\nORC|NW|5\nRXE|^Q6H^^^^^severe pain|M^Morphine^L|2||mg\n"
    )
    (dosage,) = mapped.one("MedicationRequest")["dosageInstruction"]
    assert dosage["asNeededCodeableConcept"]["text"] == "severe pain"


def test_words_of_the_timing_are_not_lost_beside_those_of_the_order(convert: Convert) -> None:
    mapped = convert(
        "MSH|^~\\&|A|B|||20240102||RDE^O11|1|P|2.5.1\nPID|1||7^^^H\nORC|NW|5\n"
        "RXE||M^Morphine^L|2||mg||^Take one\nTQ1|1||BID||||||||with food\n"
    )
    (dosage,) = mapped.one("MedicationRequest")["dosageInstruction"]
    assert dosage["text"] == "Take one"
    assert {"text": "with food"} in dosage["additionalInstruction"]


def test_a_susceptibility_names_the_culture_it_was_made_on(convert: Convert) -> None:
    mapped = convert(
        ORU + "OBR|1|P|F1|BLC^Culture^L|||20240105\nOBX|1|CE|600-7^Bacteria^LN|1|3092008^Staph aureus^SCT||||||F\n"
        "OBR|2|P|F2|SUSC^Susceptibility^L|||20240105||||G|||||||||||||||600-7&Bacteria identified&LN^1^Staph aureus|||P^F1\n"
        "OBX|1|SN|6932-8^Penicillin^LN|1|>=^0.5|ug/mL||R|||F\n"
    )
    culture, susceptibility = mapped.all("ServiceRequest")
    assert "reasonReference" not in culture
    assert susceptibility["reasonReference"] == [
        {"display": "Bacteria identified 1 Staph aureus", "type": "Observation"}
    ]


def test_a_result_without_a_time_has_that_of_its_own_order(convert: Convert) -> None:
    mapped = convert(
        ORU + "OBR|1|P1|F1|A^A^L|||20240105080000+0100\nOBX|1|NM|a^a^L||1||||||F\n"
        "OBX|2|NM|b^b^L||1||||||F|||20240105090000+0100\n"
        "OBR|2|P2|F2|B^B^L|||20240106080000+0100|20240106100000+0100\nOBX|1|NM|c^c^L||1||||||F\n"
        "OBR|3|P3|F3|C^C^L\nOBX|1|NM|d^d^L||1||||||F\n"
    )
    a, b, c, d = mapped.all("Observation")
    assert a["effectiveDateTime"] == "2024-01-05T08:00:00+01:00"
    assert b["effectiveDateTime"] == "2024-01-05T09:00:00+01:00"
    assert c["effectivePeriod"] == {"start": "2024-01-06T08:00:00+01:00", "end": "2024-01-06T10:00:00+01:00"}
    assert not {"effectiveDateTime", "effectivePeriod"} & d.keys()


def test_what_is_told_of_the_patient_before_the_orders_has_no_time_of_theirs(convert: Convert) -> None:
    result, weight = convert(
        ORU + "OBX|1|NM|29463-7^Weight^LN||80|kg|||||F\nOBR|1|P|F|A^A^L|||20240105\nOBX|1|NM|a^a^L||1||||||F\n"
    ).all("Observation")
    assert result["effectiveDateTime"] == "2024-01-05"
    assert "effectiveDateTime" not in weight


def test_a_radiologist_written_as_any_person_has_a_name(convert: Convert) -> None:
    mapped = convert(ORU + "OBR|1|P|F|71260^CT^C4||||||||||||||||||||CT|F|||||||200^READER^RITA^^^Dr\n")
    role = mapped.at(mapped.one("DiagnosticReport")["resultsInterpreter"][0])
    assert mapped.at(role["practitioner"])["name"] == [{"family": "READER", "given": ["RITA"], "prefix": ["Dr"]}]
    assert "period" not in role


def test_impression_and_description_of_one_study_are_told_apart(convert: Convert) -> None:
    description, impression = convert(
        ORU
        + "OBR|1|P|F|71260^CT^C4\nOBX|1|TX|71260&GDT^CT chest^C4||Text||||||F\nOBX|2|TX|71260&IMP^CT chest^C4||No embolus||||||F\n"
    ).all("Observation")
    assert impression["code"]["text"] == "Diagnostic impression"
    assert description["code"]["text"] == "Gross or general description of the study"
    assert impression["code"]["coding"][0]["code"] == "71260"


@pytest.mark.parametrize(
    ("service", "specimens"), [("CG", 1), ("LAB", 1), ("", 1), ("MR", 0), ("US", 0), ("RAD", 0), ("ICU", 0)]
)
def test_an_image_has_no_specimen_and_cytogenetics_has(convert: Convert, service: str, specimens: int) -> None:
    mapped = convert(ORU + f"OBR|1|P|F|A^A^L|||20240105|||||||||||||||||{service}|F\n")
    assert len(mapped.all("Specimen")) == specimens


@pytest.mark.parametrize(
    ("source", "code", "additive"),
    [
        ("440500007^Blood spot specimen^SCT", "440500007", None),
        ("BLD^Blood^L", "BLD", None),
        ("SER&Serum&HL70070^EDTK", "SER", "EDTK"),
    ],
)
def test_the_words_of_a_specimen_are_no_additive(
    convert: Convert, source: str, code: str, additive: str | None
) -> None:
    specimen = convert(ORU + f"OBR|1|P|F|A^A^L|||20240105||||||||{source}\n").one("Specimen")
    assert code in {coding.get("code") for coding in specimen["type"]["coding"]}
    assert "note" not in specimen
    assert specimen.get("container", [{}])[0].get("additiveCodeableConcept", {}).get("text") == additive


@pytest.mark.parametrize("value", ["-^5", "*^5", "+^5"])
def test_a_sign_that_is_no_comparator_stays_with_its_number(convert: Convert, value: str) -> None:
    (result,) = convert(f"{ORU}OBR|1|P|F|A^A^L\nOBX|1|SN|a^a^L||{value}|mg||||||F\n").all("Observation")
    assert "valueQuantity" not in result
    assert result["valueString"] == f"{value[0]} 5 mg"


@pytest.mark.parametrize(
    ("sent", "use", "system"),
    [
        ("^PRN^CP^^49^171^98765", "mobile", "phone"),
        ("^WPN^CP^^49^171^98765", "work", "phone"),
        ("^PRN^PH^^49^30^98765", "home", "phone"),
        ("(773)555-0177^^H", "home", "phone"),
        ("555-0177^HOME", "home", "phone"),
    ],
)
def test_a_telephone_is_a_telephone_whatever_the_sender_calls_it(
    convert: Convert, sent: str, use: str, system: str
) -> None:
    (phone,) = convert(ADT.format(pid="||||||||" + sent)).one("Patient")["telecom"]
    assert (phone["use"], phone["system"]) == (use, system)


def test_nobody_lives_where_he_was_born(convert: Convert) -> None:
    patient = convert(ADT.format(pid="||||||1 rue A^^Paris^^75011^FRA^H~^^Lyon^^^FRA^BDL")).one("Patient")
    assert [address["city"] for address in patient["address"]] == ["Paris"]
    (birth,) = [x for x in patient["extension"] if x["url"].endswith("patient-birthPlace")]
    assert birth["valueAddress"]["city"] == "Lyon"


def test_how_a_name_is_written_is_said(convert: Convert) -> None:
    names = convert(ADT.format(pid="^^^^^^^A~山田^太郎^^^^^L^I~ヤマダ^タロウ^^^^^L^P")).one("Patient")["name"]
    assert [name["extension"][0]["valueCode"] for name in names] == ["ABC", "IDE", "SYL"]


def test_an_address_in_one_piece_is_kept_whole(convert: Convert) -> None:
    (address,) = convert(ADT.format(pid="||||||^^^^1050003^JPN^H^東京都港区西新橋1")).one("Patient")["address"]
    assert (address["text"], address["postalCode"]) == ("東京都港区西新橋1", "1050003")


def test_the_life_cycle_of_a_problem_is_its_clinical_status(convert: Convert) -> None:
    problem = convert(
        "MSH|^~\\&|A|B|||20240102||PPR^PC1|1|P|2.5.1\nPID|1||7^^^H\nPRB|AD|20240131|38341003^Hypertension^SCT|P1||||||||||I^Inactive\n"
    ).one("Condition")
    assert problem["clinicalStatus"]["coding"][0]["code"] == "inactive"


def test_the_family_shares_numbers_and_not_resources(convert: Convert) -> None:
    """The mother of twins, the guarantor and the insured have one number in the messages about both children."""
    message = (
        "MSH|^~\\&|A|B|||20240102||ADT^A01|{0}|P|2.5.1\nPID|1||{0}^^^H^MR||TWIN^{0}||20240102|F|||||||||||||M9^^^H^MR\nPV1|1|I\n"
        "GT1|1|G1|PARENT^PAT|||||19800101|F||MTH|123-45-6789\n"
        "IN1|1|PPO^Plan^99INS|5|Insurer||||GRP||||||||PARENT^PAT|PAR||||||||||||||||||||||||||||||||S1^^^INS^SN\n"
    )
    first, second = (convert(message.format(number)) for number in (1, 2))
    for kind in ("RelatedPerson", "Coverage"):
        urls = [
            {e["request"]["url"] for e in mapped.bundle["entry"] if e["resource"]["resourceType"] == kind}
            for mapped in (first, second)
        ]
        assert not urls[0] & urls[1]
        assert not any("?" in url for url in urls[0])
    again = convert(message.format(1).replace("ADT^A01|1", "ADT^A01|77"))
    assert the_request(again, "Coverage") == the_request(first, "Coverage")


def test_a_deleted_person_is_inactive_and_not_erased(convert: Convert) -> None:
    mapped = convert(ADT.format(pid="").replace("ADT^A08", "ADT^A29"))
    assert mapped.one("Patient")["active"] is False
    assert the_request(mapped, "Patient")["method"] == "PUT"


def test_what_is_restricted_says_so_where_receivers_look(convert: Convert) -> None:
    head, visit = ADT.format(pid="").split("PV1")
    mapped = convert(
        f"{head}ARV|1|A|PSY^Psychiatry^HL70717\nPV1{visit}ARV|1|A|HIV\nARV|2|D|SMD\nAL1|1|DA|NKA\n".replace(
            "A08", "A01"
        )
    )
    system = "http://terminology.hl7.org/CodeSystem/v2-0717"
    assert mapped.one("Patient")["meta"]["security"] == [{"code": "PSY", "display": "Psychiatry", "system": system}]
    assert mapped.one("Encounter")["meta"]["security"] == [{"code": "HIV", "system": system}]


@pytest.mark.parametrize("kind", ["^NET", "^PRN", "^PRN^XX"])
def test_a_number_beside_a_mail_address_is_no_mail_address(convert: Convert, kind: str) -> None:
    written = f"{kind}{'^' * (3 - kind.count('^'))}ann@example.org^^217^5550133"
    mapped = convert(ADT.format(pid="").replace("PV1", f"NK1|1|DOE^JOHN|SPO|||{written}\nPV1", 1))
    (telecom,) = mapped.one("RelatedPerson")["telecom"]
    assert (telecom["system"], telecom["value"]) == ("phone", "217 5550133")
    assert "ann@example.org" in str(mapped.bundle)
