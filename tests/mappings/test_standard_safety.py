"""An allergy or a drug that no system would recognise is kept, flagged, and shows in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workbench.mapping.compile import CompiledMapping
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
