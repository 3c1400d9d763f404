# ruff: noqa: E501 (a segment is one line)
"""Results, orders and vaccinations, by the shipped package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workbench.fhir.json_tree import dumps
from workbench.mapping.engine.compile import CompiledMapping
from workbench.v2.er7 import parse

Convert = Callable[[str], Any]

RESULT = """
    MSH|^~\\&|LIS|LAB|EHR|NORTH|20240105093000+0100||ORU^R01^ORU_R01|R1|P|2.5.1
    PID|1||4711^^^NORTH^MR||Muster^Anna||19700401|F
    PV1|1|I|W3^12^B
    ORC|RE|P100^EHR|F100^LIS|||||||||1001^Huber^Eva|||||||||Clinic North^L^^^^NORTH^XX^^^CN1|Street 1^^Wien
    OBR|1|P100^EHR|F100^LIS|24323-8^Metabolic panel^LN|||20240105080000+0100|||||||20240105083000+0100|BLD|1001^Huber^Eva||||||20240105092500+0100||LAB|F
    OBX|1|NM|2345-7^Glucose^LN||5.40|mmol/L^^UCUM|3.9-5.6|N|||F|||20240105080000+0100
    NTE|1|L|Fasting.
    NTE|2|L|Second line.
    OBX|2|CE|600-7^Bacteria^LN||3092008^Staph aureus^SCT||||||P
    OBR|2|P101^EHR|F101^LIS|58410-2^Blood count^LN|||20240105080000+0100|||||||||1001^Huber^Eva||||||20240105092500+0100||LAB|P
    OBX|1|ST|718-7^Hemoglobin^LN||not done||||||X
"""


HEADER = "MSH|^~\\&|L|F|||20240105||ORU^R01|1|P|2.5.1\nPID|1||1^^^A\n"


def observation(convert: Convert, obx: str) -> dict[str, Any]:
    """The observation of one OBX under a plain OBR."""
    found = convert(
        "MSH|^~\\&|L|F|||20240105||ORU^R01|1|P|2.5.1\nPID|1||1^^^A\nOBR|1|P|F|C^Panel^L|||20240105\n" + obx
    ).all("Observation")
    assert len(found) == 1
    result: dict[str, Any] = found[0]
    return result


def test_a_report_holds_its_own_results_and_request(convert: Convert) -> None:
    mapped = convert(RESULT)
    first, second = mapped.all("DiagnosticReport")
    assert [mapped.at(r)["code"]["coding"][0]["code"] for r in first["result"]] == ["2345-7", "600-7"]
    assert [mapped.at(r)["code"]["coding"][0]["code"] for r in second["result"]] == ["718-7"]
    assert mapped.at(first["basedOn"][0])["identifier"][0]["value"] == "P100"
    assert mapped.at(second["basedOn"][0])["identifier"][0]["value"] == "P101"
    assert (first["status"], second["status"]) == ("final", "preliminary")


def test_an_order_without_results_does_not_borrow_those_of_another(convert: Convert) -> None:
    without = "\n".join(line for line in RESULT.splitlines() if "718-7" not in line)
    assert "result" not in convert(without).all("DiagnosticReport")[1]


def test_a_number_keeps_its_digits_unit_and_range(convert: Convert) -> None:
    glucose = convert(RESULT).all("Observation")[0]
    assert str(glucose["valueQuantity"]["value"]) == "5.40"
    assert glucose["valueQuantity"]["unit"] == "mmol/L"
    assert glucose["valueQuantity"]["system"] == "http://unitsofmeasure.org"
    assert glucose["referenceRange"][0]["text"] == "3.9-5.6"
    assert dumps({"value": glucose["valueQuantity"]["value"]}) == b'{"value":5.40}'


def test_notes_belong_to_the_result_they_follow(convert: Convert) -> None:
    glucose, bacteria, _ = convert(RESULT).all("Observation")
    assert [note["text"] for note in glucose["note"]] == ["Fasting.", "Second line."]
    assert "note" not in bacteria


def test_every_result_knows_patient_and_visit(convert: Convert) -> None:
    mapped = convert(RESULT)
    for result in mapped.all("Observation"):
        assert mapped.at(result["subject"])["resourceType"] == "Patient"
        assert mapped.at(result["encounter"])["resourceType"] == "Encounter"


def test_the_orderer_and_the_ordering_facility_are_one_role(convert: Convert) -> None:
    mapped = convert(RESULT)
    role = mapped.at(mapped.all("ServiceRequest")[0]["requester"])
    assert role["resourceType"] == "PractitionerRole"
    assert mapped.at(role["practitioner"])["name"][0]["family"] == "Huber"
    facility = mapped.at(role["organization"])
    assert (facility["name"], facility["address"][0]["city"]) == ("Clinic North", "Wien")


@pytest.mark.parametrize(
    ("sn", "element", "value"),
    [
        ("^5.0", "valueQuantity", {"value": "5.0"}),
        (">^100", "valueQuantity", {"comparator": ">", "value": "100"}),
        ("^1^:^128", "valueRatio", {"numerator": {"value": "1"}, "denominator": {"value": "128"}}),
        ("^10^-^20", "valueRange", {"low": {"value": "10"}, "high": {"value": "20"}}),
        ("^2^+", "valueString", "2 +"),
        ("<>^7", "valueString", "<> 7"),
    ],
)
def test_a_structured_number_becomes_what_it_says(convert: Convert, sn: str, element: str, value: object) -> None:
    found = observation(convert, f"OBX|1|SN|C^Titre^L||{sn}||||||F")[element]

    def plain(part: object) -> object:
        if isinstance(part, dict):
            return {key: plain(inner) for key, inner in part.items() if key != "extension"}
        return part if isinstance(part, str) else str(part)

    assert plain(found) == value


def test_repeated_values_become_components_and_samples_stay_together(convert: Convert) -> None:
    repeated = observation(convert, "OBX|1|NM|8867-4^Heart rate^LN||60~120|/min^^UCUM|||||F")
    assert [str(c["valueQuantity"]["value"]) for c in repeated["component"]] == ["60", "120"]
    assert "valueQuantity" not in repeated
    samples = observation(convert, "OBX|1|NA|C^Wave^L||1^2^3~4^5^6||||||F")
    assert "component" not in samples


@pytest.mark.parametrize(
    ("value_type", "value", "element", "expected"),
    [
        ("ST", "a \\T\\ b", "valueString", "a & b"),
        ("DT", "20240105", "valueDateTime", "2024-01-05"),
        ("TM", "0815", "valueTime", "08:15:00"),
        ("CWE", "A^Alpha^L", "valueCodeableConcept", None),
        ("NR", "1^2", "valueRange", None),
        ("XX", "whatever", "valueString", "whatever"),
    ],
)
def test_the_value_type_decides_the_element(
    convert: Convert, value_type: str, value: str, element: str, expected: str | None
) -> None:
    found = observation(convert, f"OBX|1|{value_type}|C^x^L||{value}||||||F")[element]
    assert expected is None or found == expected


@pytest.mark.parametrize(
    ("value_type", "value", "comparator", "number"),
    [
        ("NM", "<15", "<", "15"),
        ("NM", ">=90", ">=", "90"),
        ("NM", "> 5.40", ">", "5.40"),
        ("SN", "<0.10", "<", "0.10"),
        ("SN", "12", None, "12"),
    ],
)
def test_a_limit_written_as_a_number_keeps_its_comparator_and_digits(
    convert: Convert, value_type: str, value: str, comparator: str | None, number: str
) -> None:
    quantity = observation(convert, f"OBX|1|{value_type}|C^x^L||{value}|mg||||||F")["valueQuantity"]
    assert (quantity.get("comparator"), str(quantity["value"]), quantity["unit"]) == (comparator, number, "mg")


def test_words_instead_of_a_number_are_text_with_a_warning(convert: Convert, standard: CompiledMapping) -> None:
    sent = "MSH|^~\\&|A|B|||20240102||ORU^R01|1|P|2.5.1\rPID|1||7\rOBR|1||F1|C\rOBX|1|NM|C^x^L||hemolyzed|mg||||||F\r"
    found = observation(convert, "OBX|1|NM|C^x^L||hemolyzed|mg||||||F")
    assert found["valueString"] == "hemolyzed"
    assert "valueQuantity" not in found
    _, issues = standard.run_with_issues(parse(sent.encode()))
    assert [issue.rule for issue in issues if issue.rule == "MAP-0303"] == ["MAP-0303"]


def test_repeated_structured_numbers_keep_ratio_range_and_limit(convert: Convert) -> None:
    found = observation(convert, "OBX|1|SN|C^x^L||^1^:^128~^2^-^6~>^9~<>^3|mg||||||F")
    kinds = [{key for key in component if key.startswith("value")} for component in found["component"]]
    assert kinds == [{"valueRatio"}, {"valueRange"}, {"valueQuantity"}, {"valueString"}]
    assert "value" not in found


def test_results_of_one_laboratory_name_one_organization(convert: Convert) -> None:
    lab = "||||||||||||City Lab^L^^^^CLIA&1.2.3&ISO^XX^^^05D1|1 Main Street^^Springfield|77^Head^Hanna"
    mapped = convert(HEADER + f"OBR|1|P|F|C^Panel^L\nOBX|1|NM|A^a^L||1||||||F{lab}\nOBX|2|NM|B^b^L||2||||||F{lab}\n")
    assert len([found for found in mapped.all("Organization") if found.get("name") == "City Lab"]) == 1
    first, second = mapped.all("Observation")
    assert first["performer"] == second["performer"]


def test_who_orders_is_one_person_with_an_address(convert: Convert) -> None:
    mapped = convert(
        HEADER + "ORC|RE|P1|F1|||||||||9^Baker^Susan||||||||||||20 Main Street^^Springfield\n"
        "OBR|1|P1|F1|C^x^L||||||||||||9^Baker^Susan\n"
    )
    baker = mapped.one("Practitioner")
    assert baker["address"][0]["city"] == "Springfield"
    assert mapped.at(mapped.one("ServiceRequest")["requester"]) is baker


def test_a_remark_on_the_order_stands_on_the_report_too(convert: Convert) -> None:
    mapped = convert(HEADER + "ORC|RE|P1|F1\nOBR|1|P1|F1|C^x^L\nNTE|1||Sample haemolysed\n")
    assert "Sample haemolysed" in str(mapped.one("DiagnosticReport"))
    assert mapped.one("ServiceRequest")["note"] == [{"text": "Sample haemolysed"}]


@pytest.mark.parametrize(
    ("version", "sent", "numbers"),
    [
        ("2.5.1", "G-1^LAB^1.2.3^ISO", {"G-1": "PGN"}),
        ("2.8", "G-1&LAB&1.2.3&ISO^H-1&LIS&1.2.4&ISO", {"G-1": "PGN", "H-1": "FGN"}),
    ],
)
def test_the_group_number_is_read_as_its_version_says(
    convert: Convert, version: str, sent: str, numbers: dict[str, str]
) -> None:
    mapped = convert(HEADER.replace("|2.5.1", f"|{version}") + f"ORC|RE|P1|F1|{sent}\nOBR|1|P1|F1|C^x^L\n")
    found = {i["value"]: i["type"]["coding"][0]["code"] for i in mapped.one("DiagnosticReport")["identifier"]}
    assert {number: kind for number, kind in found.items() if kind in ("PGN", "FGN")} == numbers
    assert mapped.one("ServiceRequest")["requisition"]["system"] == "urn:oid:1.2.3"


@pytest.mark.parametrize(("role", "element"), [("PRI", "resultsInterpreter"), ("TN", "performer")])
def test_who_takes_part_in_a_result_stands_on_the_report(convert: Convert, role: str, element: str) -> None:
    mapped = convert(HEADER + f"OBR|1|P1|F1|C^x^L\nNTE|1||Remark\nPRT|1|AD||{role}^^HL70443|9^Baker^Susan\n")
    (found,) = mapped.one("DiagnosticReport")[element]
    assert mapped.at(mapped.at(found)["practitioner"])["name"][0]["family"] == "Baker"
    assert "supportingInfo" not in mapped.one("ServiceRequest")


@pytest.mark.parametrize(
    ("code", "status"),
    [("F", "final"), ("P", "preliminary"), ("C", "corrected"), ("W", "entered-in-error"), ("Q", "unknown")],
)
def test_the_result_status_is_never_missing(convert: Convert, code: str, status: str) -> None:
    assert observation(convert, f"OBX|1|ST|C^x^L||v||||||{code}")["status"] == status


def test_questions_asked_at_the_order_support_the_request(convert: Convert) -> None:
    mapped = convert("""
        MSH|^~\\&|L|F|||20240105||ORU^R01|1|P|2.8
        PID|1||1^^^A
        ORC|RE|P|F
        OBR|1|P|F|C^Panel^L|||20240105||||||||||||||||||F
        OBX|1|ST|Q1^Fasting?^L||yes||||||F||||||||||||||||||QST
        OBX|2|NM|R1^Result^L||1||||||F||||||||||||||||||RSLT
        SPM|1|S1||BLD^Blood^HL70487
        OBX|1|ST|H1^Haemolysis^L||none||||||F
    """)
    question, result, on_specimen = (
        next(o for o in mapped.all("Observation") if o["code"]["coding"][0]["code"] == code)
        for code in ("Q1", "R1", "H1")
    )
    request, report = mapped.one("ServiceRequest"), mapped.one("DiagnosticReport")
    assert [mapped.at(r) for r in request["supportingInfo"]] == [question]
    assert [mapped.at(r) for r in report["result"]] == [result]
    assert mapped.at(on_specimen["focus"][0])["resourceType"] == "Specimen"


def test_order_numbers_come_from_the_request_and_else_from_the_order_segment(convert: Convert) -> None:
    order = "MSH|^~\\&|L|F|||20240105||ORM^O01|1|P|2.3\nPID|1||1^^^A\nORC|{orc}\nOBR|1|{obr}|C^x^L"
    own = convert(order.format(orc="NW|P|F||IP", obr="OP|OF")).one("ServiceRequest")
    assert [i["value"] for i in own["identifier"]] == ["OP", "OF"]
    assert own["status"] == "active"
    other = convert(order.format(orc="OC|P|F", obr="|")).one("ServiceRequest")
    assert [i["value"] for i in other["identifier"]] == ["P", "F"]
    assert other["status"] == "revoked"


def test_an_order_without_a_control_segment_does_not_borrow_the_numbers_of_another(convert: Convert) -> None:
    mapped = convert(RESULT)
    assert [[i["value"] for i in r["identifier"]] for r in mapped.all("ServiceRequest")] == [
        ["P100", "F100"],
        ["P101", "F101"],
    ]


@pytest.mark.parametrize(
    ("tq1", "bounds"),
    [
        ("1|||||2^H|20240105080000+0100", {"start": "2024-01-05T08:00:00+01:00", "end": "2024-01-05T10:00:00+01:00"}),
        ("1|||||2^H||20240105080000+0100", {"start": "2024-01-05T06:00:00+01:00", "end": "2024-01-05T08:00:00+01:00"}),
        ("1||||||20240105|20240106", {"start": "2024-01-05", "end": "2024-01-06"}),
    ],
)
def test_a_duration_completes_the_bounds_of_an_order(convert: Convert, tq1: str, bounds: dict[str, str]) -> None:
    request = convert(
        f"MSH|^~\\&|L|F|||20240105||OML^O21|1|P|2.5.1\nPID|1||1^^^A\nORC|NW|P\nTQ1|{tq1}\nOBR|1|P||C^x^L"
    ).one("ServiceRequest")
    assert request["occurrenceTiming"]["repeat"]["boundsPeriod"] == bounds


def test_a_duration_alone_bounds_an_order_by_its_length(convert: Convert) -> None:
    request = convert(
        "MSH|^~\\&|L|F|||20240105||OML^O21|1|P|2.5.1\nPID|1||1^^^A\nORC|NW|P\nTQ1|1|||||2^H\nOBR|1|P||C^x^L"
    ).one("ServiceRequest")
    assert str(request["occurrenceTiming"]["repeat"]["boundsDuration"]["value"]) == "2"


@pytest.mark.parametrize(
    ("rxa_20", "rxa_21", "status"),
    [("CP", "A", "completed"), ("RE", "A", "not-done"), ("CP", "D", "entered-in-error"), ("", "", "completed")],
)
def test_a_deleted_vaccination_was_never_given(convert: Convert, rxa_20: str, rxa_21: str, status: str) -> None:
    mapped = convert(f"""
        MSH|^~\\&|IIS|F|||20240105||VXU^V04^VXU_V04|1|P|2.5.1
        PID|1||1^^^A
        ORC|RE|P1^A|F1^B
        RXA|0|1|20240105||208^COVID-19^CVX|0.30|mL^^UCUM||00^New record^NIP001|1001^Huber^Eva|||||LOT1|20241231|PFR^Pfizer^MVX|||{rxa_20}|{rxa_21}
        RXR|IM^Intramuscular^HL70162|LD^Left deltoid^HL70163
    """)
    dose = mapped.one("Immunization")
    assert dose["status"] == status
    assert dose["vaccineCode"]["coding"][0]["system"] == "http://hl7.org/fhir/sid/cvx"
    assert str(dose["doseQuantity"]["value"]) == "0.30"
    assert (dose["lotNumber"], dose["expirationDate"]) == ("LOT1", "2024-12-31")
    assert mapped.at(dose["patient"])["resourceType"] == "Patient"


def test_a_small_dose_keeps_every_digit(convert: Convert) -> None:
    mapped = convert("""
        MSH|^~\\&|RX|F|||20240105||RDE^O11|1|P|2.5.1
        PID|1||1^^^A
        ORC|NW|P1
        RXE||6918^Metoprolol^RXN|0.125||mg^^UCUM|TAB^Tablet^L|^twice a day
        RXR|PO^Oral^HL70162
    """)
    dosage = mapped.one("MedicationRequest")["dosageInstruction"][0]
    assert str(dosage["doseAndRate"][0]["doseQuantity"]["value"]) == "0.125"
    assert dosage["doseAndRate"][0]["doseQuantity"]["unit"] == "mg"
    assert dosage["route"]["coding"][0]["code"] == "PO"


def test_a_drug_without_a_known_code_keeps_its_words(convert: Convert) -> None:
    order = convert("""
        MSH|^~\\&|RX|F|||20240105||RDE^O11|1|P|2.5.1
        PID|1||1^^^A
        ORC|NW|P1
        RXE||^Ointment of the house|1
    """).one("MedicationRequest")
    assert order["medicationCodeableConcept"]["text"] == "Ointment of the house"


def test_the_same_message_gives_the_same_bytes(standard: CompiledMapping, encoded: Callable[[str], bytes]) -> None:
    assert dumps(standard.run(parse(encoded(RESULT)))) == dumps(standard.run(parse(encoded(RESULT))))


def test_each_prescription_is_made_of_its_own_order(convert: Convert) -> None:
    mapped = convert("""
        MSH|^~\\&|RX|F|||20240105||RDE^O11|1|P|2.5.1
        PID|1||1^^^A
        ORC|NW|P1||||||||||1001^Huber^Eva
        RXO|6918^Metoprolol^RXN|50||mg
        RXE||6918^Metoprolol^RXN|50||mg
        ORC|DC|P2||||||||||1002^Maier^Max
        RXE||161^Paracetamol^RXN|500||mg
        RXR|PO
    """)
    found = [
        (
            order["intent"],
            order["status"],
            order["identifier"][0]["value"],
            order["medicationCodeableConcept"]["coding"][0]["code"],
        )
        for order in mapped.all("MedicationRequest")
    ]
    assert found == [
        ("original-order", "active", "P1", "6918"),
        ("filler-order", "active", "P1", "6918"),
        ("filler-order", "stopped", "P2", "161"),
    ]


def test_a_patient_without_a_visit_does_not_borrow_that_of_another(convert: Convert) -> None:
    mapped = convert("""
        MSH|^~\\&|L|F|||20240105||ORU^R01|1|P|2.5.1
        PID|1||1^^^A||Eins^Anna
        PV1|1|I|W1
        OBR|1|P1|F1|C^Panel^L
        OBX|1|NM|R^Result^L||1||||||F
        PID|2||2^^^A||Zwei^Berta
        OBR|1|P2|F2|C^Panel^L
        OBX|1|NM|R^Result^L||2||||||F
    """)
    assert "encounter" not in mapped.all("Observation")[1]


def test_a_result_without_a_patient_still_is_a_result(convert: Convert) -> None:
    mapped = convert("MSH|^~\\&|L|F|||20240105||ORU^R01|1|P|2.5.1\nOBR|1|P|F|C^Panel^L\nOBX|1|NM|R^Result^L||1||||||F")
    assert mapped.at(mapped.one("DiagnosticReport")["result"][0]) is mapped.one("Observation")
