"""An allergy or a drug that no system would recognise is kept, flagged, and shows in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workbench.mapping.engine.compile import CompiledMapping
from workbench.v2.er7 import parse

Convert = Callable[[str], Any]
UNVALIDATED = {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-nullFlavor", "valueCode": "UNC"}
HEAD = "MSH|^~\\&|A|B|||20240102||ADT^A01|1|P|2.5.1\nPID|1||7^^^H^MR||DOE\nPV1|1|I\n"


@pytest.mark.parametrize(
    ("sent", "text"), [("PCN^Penicillin^L", "Penicillin"), ("^Shellfish", "Shellfish"), ("PCN", "PCN")]
)
def test_an_allergy_nobody_would_recognise_is_flagged_with_its_words(
    convert: Convert, standard: CompiledMapping, sent: str, text: str
) -> None:
    message = f"{HEAD}AL1|1|DA|{sent}\n"
    (allergy,) = convert(message).all("AllergyIntolerance")
    assert allergy["code"]["text"] == text
    assert UNVALIDATED in allergy["code"]["extension"]
    ledger = standard.trace(parse(message.encode())).ledger
    assert "AL1-3" in {entry.field.partition(".")[0] for entry in ledger.entries if entry.fate == "preserved"}


@pytest.mark.parametrize(
    "sent",
    ["70618^Penicillin^RXNORM", "91936005^Allergy to penicillin^SCT", "PCN^Penicillin^L^70618^Penicillin^RXNORM"],
)
def test_an_allergy_with_a_standard_code_is_not_flagged(convert: Convert, sent: str) -> None:
    (allergy,) = convert(f"{HEAD}AL1|1|DA|{sent}\n").all("AllergyIntolerance")
    assert "extension" not in allergy["code"]
    assert any(coding["system"].startswith("http") for coding in allergy["code"]["coding"])


def test_a_local_drug_is_flagged_and_its_dose_keeps_every_digit(convert: Convert) -> None:
    mapped = convert(
        "MSH|^~\\&|A|B|||20240102||ORM^O01|1|P|2.5.1\nPID|1||7^^^H^MR||DOE\n"
        "ORC|NW|5\nRXO|DIG125^Digoxin tablet^L|0.125||mg\n"
    )
    (order,) = mapped.all("MedicationRequest")
    assert UNVALIDATED in order["medicationCodeableConcept"]["extension"]
    (dose,) = order["dosageInstruction"][0]["doseAndRate"]
    assert str(dose["doseQuantity"]["value"]) == "0.125"


ORDERS = """
    MSH|^~\\&|A|B|||20240102||RDE^O11|1|P|2.5.1
    PID|1||7^^^H^MR||DOE
    ORC|NW|5
    TQ1|1||TID
    RXO|1^Ampicillin^NDC|250||mg
    RXR|PO^Oral
    RXE||2^Nicardipine^NDC|5||mg
    TQ1|1|2|QAM
    RXR|IV^Intravenous
"""


def test_the_routes_and_times_of_two_orders_are_not_mixed(convert: Convert) -> None:
    ordered, encoded = convert(ORDERS).all("MedicationRequest")
    assert _codes(ordered["dosageInstruction"][0]["route"]) == {"PO"}
    assert _codes(ordered["dosageInstruction"][0]["timing"]["code"]) == {"TID"}
    assert _codes(encoded["dosageInstruction"][0]["route"]) == {"IV", "IVINJ"}
    assert _codes(encoded["dosageInstruction"][0]["timing"]["code"]) == {"QAM"}


def test_a_dose_of_the_timing_does_not_stand_beside_the_dose_of_the_order(convert: Convert) -> None:
    for order in convert(ORDERS).all("MedicationRequest"):
        assert [len(each["doseAndRate"]) for each in order["dosageInstruction"]] == [1]


def test_of_several_routes_none_is_chosen(convert: Convert) -> None:
    mapped = convert(ORDERS + "    RXR|IM^Intramuscular||\n")
    _, encoded = mapped.all("MedicationRequest")
    (instruction,) = encoded["dosageInstruction"]
    assert "route" not in instruction
    words = [each["text"] for each in instruction["additionalInstruction"]]
    assert words == ["Route: Intravenous", "Route: Intramuscular"]


def test_several_timings_are_several_instructions(convert: Convert) -> None:
    (order,) = convert(
        "MSH|^~\\&|A|B|||20240102||RDE^O11|1|P|2.5.1\nPID|1||7^^^H^MR||DOE\nORC|NW|5\n"
        "RXE||2^Nicardipine^NDC|5||mg\nTQ1|1||QAM\nTQ1|2||QPM\n"
    ).all("MedicationRequest")
    times = [_codes(each["timing"]["code"]) for each in order["dosageInstruction"] if "timing" in each]
    assert times == [{"QAM"}, {"QPM"}]


@pytest.mark.parametrize(
    "lines",
    ["ORC|NW|5|||||^Q6H^D5\nRXO|1^Ampicillin^NDC|250||mg\n", "ORC|NW|5\nRXE|^Q6H^D5|1^Ampicillin^NDC|250||mg\n"],
)
def test_how_often_an_older_order_is_given_stands_with_its_dose(convert: Convert, lines: str) -> None:
    (order,) = convert("MSH|^~\\&|A|B|||20240102||ORM^O01|1|P|2.3\nPID|1||7^^^H^MR||DOE\n" + lines).all(
        "MedicationRequest"
    )
    (instruction,) = order["dosageInstruction"]
    assert instruction["timing"]["code"]["text"] == "Q6H"
    assert str(instruction["timing"]["repeat"]["boundsDuration"]["value"]) == "5"
    assert str(instruction["doseAndRate"][0]["doseQuantity"]["value"]) == "250"


def test_who_prescribed_is_the_person_who_ordered(convert: Convert) -> None:
    mapped = convert(
        "MSH|^~\\&|A|B|||20240102||RDE^O11|1|P|2.5.1\nPID|1||7^^^H^MR||DOE\n"
        "ORC|NW|5|||||||||||||||||||MAIN CLINIC\n"
        "RXE||2^Nicardipine^NDC|5||mg||||||||77^House^Gregory^^^^^^H\n"
    )
    role = mapped.at(mapped.one("MedicationRequest")["requester"])
    assert mapped.at(role["practitioner"])["name"][0]["family"] == "House"


def test_one_number_of_two_hospitals_is_two_patients(convert: Convert) -> None:
    sent = "MSH|^~\\&|A|{hospital}|||20240102||ADT^A08|1|P|2.5.1\nPID|1||4711||DOE\n"
    north, south = (convert(sent.format(hospital=each)).one("Patient")["id"] for each in ("NORTH", "SOUTH"))
    assert north != south


def _codes(concept: Any) -> set[str]:
    return {coding["code"] for coding in concept["coding"]}


def wards(convert: Convert, facility: str, building: str = "") -> set[str]:
    """The ids of the ward and the room around a bed, as a hospital names it."""
    sent = f"MSH|^~\\&|A|{facility}|||20240102||ADT^A01|1|P|2.5.1\nPID|1||7^^^H^MR||DOE\nPV1|1|I|ICU^201^B^{building}\n"
    places = {place["id"]: place for place in convert(sent).all("Location")}
    return {number for number, place in places.items() if place["physicalType"]["coding"][0]["code"] in ("wa", "ro")}


def test_a_ward_of_two_hospitals_is_two_wards(convert: Convert) -> None:
    assert len(wards(convert, "NORTH")) == 2
    assert wards(convert, "NORTH").isdisjoint(wards(convert, "SOUTH"))
    assert wards(convert, "NORTH") == wards(convert, "NORTH")
    assert wards(convert, "NORTH", "MAIN") == wards(convert, "SOUTH", "MAIN")


def test_an_order_before_two_patients_is_given_to_neither(convert: Convert) -> None:
    head = "MSH|^~\\&|A|B|||20240102||ORU^R01|1|P|2.5.1\n"
    order, results = "ORC|RE|1\nOBR|1|1||X^Y^L\n", "OBR|1|2||X^Y^L\nOBX|1|ST|A^B^L||well||||||F\n"
    one = f"{head}{order}PID|1||7^^^H^MR||DOE\n{results}"

    def early(sent: str) -> Any:
        requests = convert(sent).all("ServiceRequest")
        return next(request for request in requests if request["identifier"][0]["value"] == "1")

    assert "subject" in early(one)
    assert "subject" not in early(f"{one}PID|2||8^^^H^MR||ROE\n{results}")
