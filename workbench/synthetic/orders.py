"""What happens to a synthetic patient: orders, results, immunizations, appointments and documents."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from workbench.synthetic.draw import Draw
from workbench.synthetic.tables import Row, rows, weighted
from workbench.synthetic.truth import (
    Appointment,
    Authority,
    Clinician,
    Coded,
    Document,
    Identifier,
    Immunization,
    LaboratoryOrder,
    MedicationOrder,
    PersonName,
    Place,
    Result,
)

ORDERS = Authority("SYNTHCPOE", "2.16.840.1.113883.19.4.8")
LABORATORY = Authority("SYNTHLAB", "2.16.840.1.113883.19.4.9")
SCHEDULE = Authority("SYNTHSCHED", "2.16.840.1.113883.19.4.10")
DOCUMENTS = Authority("SYNTHDOC", "2.16.840.1.113883.19.4.11")

_REASONS = (("CHECKUP", "Routine follow-up"), ("FOLLOWUP", "Follow-up after discharge"), ("WALKIN", "A walk-in visit"))
_DOCUMENT_TYPES = (("DS", "Discharge summary"), ("HP", "History and physical examination"), ("PN", "Progress note"))


def clinician(draw: Draw, name: str) -> Clinician:
    """One of the hospital's clinicians."""
    row = draw.weighted(name, weighted("clinicians"))
    return Clinician(row["id"], PersonName(row["family"], row["given"]), row["degree"], row["service"])


def laboratory_order(draw: Draw, index: int, at: datetime, panel: str = "", status: str = "F") -> LaboratoryOrder:
    """One panel with a result for every test of it.

    panel   code of `laboratory_panels.csv`; "" draws one
    status  of the order and its results: F final, P preliminary, C corrected (tables 0123 and 0085)
    """
    table = weighted("laboratory_panels")
    row = next(r for r in table.rows if r["code"] == panel) if panel else draw.weighted("panel", table)
    tests = [test for test in rows("laboratory_tests") if test["panel"] == row["code"]]
    return LaboratoryOrder(
        placer=Identifier(f"P{index:05}{draw.digits('placer', 3)}", ORDERS, "PLAC"),
        filler=Identifier(f"F{index:05}{draw.digits('filler', 3)}", LABORATORY, "FILL"),
        local=Coded(row["code"], row["name"], "L"),
        standard=Coded(row["loinc"], row["loinc_name"], "LN") if row["loinc"] else None,
        section=row["section"],
        specimen=Coded(row["specimen_code"], row["specimen_name"], "HL70487"),
        specimen_id=f"S{index:05}{draw.digits('specimen', 3)}",
        orderer=clinician(draw, "orderer"),
        ordered=at + timedelta(minutes=20),
        collected=at + timedelta(minutes=draw.between("collected", 30, 50)),
        reported=at + timedelta(minutes=draw.between("reported", 80, 190)),
        results=tuple(_result(draw, test, status) for test in tests),
        status=status,
        note="Specimen slightly hemolyzed" if draw.chance("note", 10) else "",
    )


def _result(draw: Draw, test: Row, status: str) -> Result:
    name = test["local_code"]
    local = Coded(name, test["local_name"], "L")
    standard = Coded(test["loinc"], test["loinc_name"], "LN") if test["loinc"] else None
    if test["answers"]:
        answer = draw.pick(name, test["answers"].split("|"))
        code, _, text = answer.partition("^")
        said = Coded(code, text, "L") if test["kind"] == "CE" else answer
        return Result(local, standard, test["kind"], said, "", "", "", status)
    low, high = Decimal(test["low"]), Decimal(test["high"])
    step = Decimal(1).scaleb(-int(test["decimals"]))
    spread = int((high - low) / step)
    # A fifth of the steps lies below and above the range, so that flags occur.
    number = (low + step * (draw.below(name, spread * 14 // 10 + 1) - spread // 5)).quantize(step)
    number = max(number, step)
    flag = "L" if number < low else "H" if number > high else "N"
    measured: str | tuple[str, str] = str(number)
    if test["kind"] == "SN":
        measured = ("<" if number == step else "", str(number))
    return Result(local, standard, test["kind"], measured, test["unit"], f"{test['low']}-{test['high']}", flag, status)


def medication_order(draw: Draw, index: int, at: datetime, rxnorm: str = "") -> MedicationOrder:
    """One prescription; `rxnorm` names a row of `medications.csv`, "" draws one."""
    table = weighted("medications")
    row = next(r for r in table.rows if r["rxnorm"] == rxnorm) if rxnorm else draw.weighted("medication", table)
    return MedicationOrder(
        placer=Identifier(f"M{index:05}{draw.digits('placer', 3)}", ORDERS, "PLAC"),
        medication=Coded(row["rxnorm"], row["name"], "RXNORM"),
        dose=row["dose"],
        unit=Coded(row["unit"], row["unit_name"], "UCUM"),
        form=Coded(row["form"], row["form_name"], "L"),
        route=Coded(row["route"], row["route_name"], "HL70162"),
        frequency=row["frequency"],
        every_hours=int(row["every_hours"]),
        amount=row["amount"],
        refills=draw.between("refills", 0, 3),
        orderer=clinician(draw, "orderer"),
        ordered=at + timedelta(minutes=35),
    )


def immunization(draw: Draw, index: int, at: datetime) -> Immunization:
    """One dose given at the visit."""
    row = draw.weighted("vaccine", weighted("vaccines"))
    return Immunization(
        filler=Identifier(f"I{index:05}{draw.digits('filler', 3)}", DOCUMENTS, "FILL"),
        vaccine=Coded(row["cvx"], row["name"], "CVX"),
        manufacturer=Coded(row["mvx"], row["manufacturer"], "MVX"),
        amount=row["amount"],
        unit=Coded(row["unit"], row["unit_name"], "UCUM"),
        route=Coded(row["route"], row["route_name"], "HL70162"),
        site=Coded(row["site"], row["site_name"], "HL70163"),
        lot=f"{row['mvx'][0]}{draw.digits('lot', 5)}",
        expires=at + timedelta(days=draw.between("expires", 60, 700)),
        given=at + timedelta(minutes=15),
        by=clinician(draw, "by"),
    )


def appointment(draw: Draw, index: int, at: datetime) -> Appointment:
    """A booking some weeks ahead, on a quarter of an hour."""
    who = clinician(draw, "who")
    day = at.replace(hour=9, minute=0) + timedelta(days=draw.between("days ahead", 7, 60))
    return Appointment(
        placer=Identifier(f"B{index:05}{draw.digits('placer', 3)}", ORDERS, "PLAC"),
        filler=Identifier(f"C{index:05}{draw.digits('filler', 3)}", SCHEDULE, "FILL"),
        reason=Coded(*draw.pick("reason", _REASONS), "HL70276"),
        starts=day + timedelta(minutes=15 * draw.below("quarter", 28)),
        minutes=draw.pick("minutes", (15, 30, 45)),
        with_whom=who,
        place=Place("OPD", f"{draw.between('room', 1, 24)}", "", "SYNTH"),
    )


def document(draw: Draw, index: int, at: datetime) -> Document:
    """A short note; its text holds the characters that interfaces stumble over."""
    diagnosis = draw.weighted("diagnosis", weighted("diagnoses"))["text"]
    return Document(
        number=Identifier(f"D{index:05}{draw.digits('number', 3)}", DOCUMENTS, "FILL"),
        type=Coded(*draw.pick("type", _DOCUMENT_TYPES), "HL70270"),
        author=clinician(draw, "author"),
        written=at + timedelta(hours=draw.between("written", 2, 30)),
        lines=(
            f"Diagnosis: {diagnosis}.",
            "Course: improved on treatment; temperature < 37.5 & blood pressure stable (120/80 | 118/76).",
            "Plan: follow-up in 2~3 weeks.",
        ),
    )
