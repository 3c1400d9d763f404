"""Defects of other kinds, planted by hand in a laboratory result, and what looks like one and is none."""

from __future__ import annotations

import pytest

from workbench.kernel.issues import Severity
from workbench.v2 import er7
from workbench.validation.against import STANDARDS
from workbench.validation.standard_validators import V2Standard
from workbench.validation.v2_validator import validate_message

ORU = {
    "MSH": "MSH|^~\\&|LAB|GHH|EHR|GHH|20240102030405||ORU^R01^ORU_R01|42|P|2.5.1",
    "PID": "PID|1||1234567^4^M11^GHH^MR||DOE^JOHN^Q||19800103|M|||1 MAIN ST^^SPRINGFIELD^IL^62701^USA",
    "PV1": "PV1|1|I|4EAST^136^B",
    "ORC": "ORC|RE|P1^EHR|F1^LAB",
    "OBR": "OBR|1|P1^EHR|F1^LAB|24323-8^CMP^LN|||20240102010000|||||||||1234^WARD^WANDA||||||20240102030000|||F",
    "OBX": "OBX|1|NM|2345-7^Glucose^LN||90|mg/dL^^UCUM|70-110|N|||F|||20240102010000",
    "OBX2": "OBX|2|NM|2160-0^Creatinine^LN||1.0|mg/dL^^UCUM|0.6-1.3|N|||F|||20240102010000",
    "SPM": "SPM|1|S1&EHR^S2&LAB||SER^Serum^HL70487|||||||||||||20240102010000",
}
HEAD = "MSH|^~\\&|ADT|GHH|EHR|GHH|20240102030405||{kind}|42|P|2.5.1\r"
PATIENT = "PID|1||1^^^GHH^MR||DOE^JOHN\r"


def message(order: tuple[str, ...] = tuple(ORU), **changed: str) -> bytes:
    lines = ORU | changed
    return "".join(f"{lines[name]}\r" for name in order).encode()


def swapped(segment: str, old: str, new: str) -> bytes:
    assert old in ORU[segment]
    return message(**{segment: ORU[segment].replace(old, new, 1)})


def result(data_type: str, value: str) -> bytes:
    return message(OBX=f"OBX|1|{data_type}|2345-7^Glucose^LN||{value}||||||F")


def admission(kind: str, *segments: str) -> bytes:
    return (HEAD.format(kind=kind) + "EVN||20240102030405\r" + PATIENT + "".join(f"{s}\r" for s in segments)).encode()


DEFECTS: dict[str, tuple[bytes, str, str]] = {
    # the header
    "no time of the message": (swapped("MSH", "|20240102030405|", "||"), "V2-0201", "MSH-7"),
    "processing id of no table": (swapped("MSH", "|P|", "|X|"), "V2-0401", "MSH-11.1"),
    "control id too long": (swapped("MSH", "|42|", f"|{'9' * 30}|"), "V2-0301", "MSH-10"),
    "code and event exchanged": (swapped("MSH", "ORU^R01", "R01^ORU"), "V2-0020", "MSH-9.1"),
    "event of no standard beside a structure": (swapped("MSH", "^R01^", "^R77^"), "V2-0021", "MSH-9.2"),
    "version with a letter": (swapped("MSH", "2.5.1", "v2.5"), "V2-0014", "MSH-12.1"),
    "null as control id": (swapped("MSH", "|42|", '|""|'), "V2-0202", "MSH-10"),
    "declared ASCII, sent accents": (
        message(MSH=ORU["MSH"] + "||||||ASCII", PID=ORU["PID"].replace("DOE", "DOÉ")),
        "V2-0010",
        "MSH-18",
    ),
    # order and number of segments
    "second header": (message(("MSH", "PID", "MSH", "ORC", "OBR", "OBX")), "V2-0104", "MSH[2]"),
    "result before its order": (message(("MSH", "PID", "PV1", "OBX", "ORC", "OBR")), "V2-0101", "OBX"),
    "note before the patient": (message(("MSH", "NTE", "OBR", "OBX"), NTE="NTE|1||x"), "V2-0101", "NTE"),
    "results without an order": (message(("MSH", "PID", "PV1", "ORC", "OBX")), "V2-0101", "ORC"),
    "merge without MRG": (admission("ADT^A40^ADT_A39"), "V2-0101", "PID"),
    "acknowledgement of nothing": (HEAD.format(kind="ACK^A01^ACK").encode(), "V2-0101", "MSH"),
    "segment name in small letters": (message(PID=ORU["PID"].replace("PID", "pid")), "V2-0108", "line 2"),
    "blank before the segment name": (message(PID=" " + ORU["PID"]), "V2-0108", "line 2"),
    # set ids
    "set id said twice": (swapped("OBX2", "OBX|2|", "OBX|1|"), "V2-0320", "OBX[2]-1"),
    "set id left out": (swapped("OBX2", "OBX|2|", "OBX|3|"), "V2-0320", "OBX[2]-1"),
    "first set id is not 1": (swapped("OBR", "OBR|1|", "OBR|2|"), "V2-0320", "OBR-1"),
    # values that must agree
    "placer number of another order": (swapped("OBR", "P1^EHR", "P9^EHR"), "V2-0321", "OBR-2"),
    "filler number from another filler": (swapped("OBR", "F1^LAB", "F1^RAD"), "V2-0321", "OBR-3"),
    "reported before it was collected": (swapped("OBR", "20240102010000", "20240105"), "V2-0322", "OBR-22"),
    "discharged before admitted": (
        admission("ADT^A01^ADT_A01", "PV1|1|I|4E" + "|" * 41 + "20240105|20240102"),
        "V2-0322",
        "PV1-45",
    ),
    "insured until before from": (
        admission("ADT^A01^ADT_A01", "PV1|1|I", "IN1|1|P^P|C|||||||||20240101|20230101"),
        "V2-0322",
        "IN1-13",
    ),
    # values
    "name of blanks": (swapped("PID", "DOE^JOHN^Q", "   "), "V2-0212", "PID-5"),
    "required field of separators": (swapped("PID", "DOE^JOHN^Q", "^^"), "V2-0201", "PID-5"),
    "only a repetition separator": (swapped("PID", "1234567^4^M11^GHH^MR", "~"), "V2-0201", "PID-3"),
    "decimal comma": (swapped("OBX", "|90|", "|9,0|"), "V2-0302", "OBX[1]-5"),
    "blank before a number": (swapped("OBX", "|90|", "| 90|"), "V2-0302", "OBX[1]-5"),
    "status in small letters": (swapped("OBX", "|F|", "|f|"), "V2-0401", "OBX[1]-11"),
    "time without its date": (swapped("OBX", "20240102010000", "010000"), "V2-0306", "OBX[1]-14.1"),
    "year 0": (swapped("PID", "19800103", "00000103"), "V2-0306", "PID-7.1"),
    "country of no table": (swapped("PID", "USA", "XX"), "V2-0401", "PID-11.6"),
    "universal id without its type": (swapped("PID", "GHH^MR", "GHH&1.2.3^MR"), "V2-0213", "PID-3.4.2"),
    "type without its universal id": (swapped("PID", "GHH^MR", "GHH&&ISO^MR"), "V2-0213", "PID-3.4.3"),
    "type of a universal id of no table": (swapped("PID", "GHH^MR", "GHH&1.2.3&OID^MR"), "V2-0401", "PID-3.4.3"),
    "no object identifier": (swapped("PID", "GHH^MR", "GHH&1.02.3&ISO^MR"), "V2-0314", "PID-3.4.2"),
    "no object identifier of an order": (swapped("OBR", "F1^LAB", "F1^LAB^x.1^ISO"), "V2-0314", "OBR-3.3"),
    "letters in a structured number": (result("SN", ">^abc"), "V2-0302", "OBX[1]-5.2"),
    "date with a time": (result("DT", "20240102030405"), "V2-0304", "OBX[1]-5"),
    "text divided by components": (result("TX", "a^b"), "V2-0307", "OBX[1]-5"),
    "damaged Base64": (result("ED", "LAB^AP^PDF^Base64^JVBER*"), "V2-0312", "OBX[1]-5.5"),
    "damaged hexadecimal data": (result("ED", "LAB^AP^PDF^Hex^0G"), "V2-0312", "OBX[1]-5.5"),
    "data without their encoding": (result("ED", "LAB^AP^PDF^^JVBERi0="), "V2-0208", "OBX[1]-5.4"),
    "telephone number in words": (swapped("PID", "^USA", "^USA||^PRN^PH^^x^217^555"), "V2-0302", "PID-13.5"),
}


@pytest.mark.parametrize(("damaged", "rule", "path"), DEFECTS.values(), ids=DEFECTS.keys())
def test_a_planted_defect_is_found_at_its_place(damaged: bytes, rule: str, path: str) -> None:
    assert (rule, path) in {(issue.rule, issue.location.path) for issue in validate_message(er7.parse(damaged))}


CLEAN: dict[str, bytes] = {
    "as it is": message(),
    "set ids that begin again with the next order": message((*ORU, "ORC", "OBR", "OBX", "OBX2")),
    "set ids that go on over notes": message(
        ("MSH", "PID", "OBR", "OBX", "NTE", "OBX2", "NTE"), NTE="NTE|1|L|fasting", OBR=ORU["OBR"]
    ),
    "set ids that nobody counts": message(
        OBX=ORU["OBX"].replace("OBX|1|", "OBX||"), OBX2=ORU["OBX2"].replace("|2|", "||", 1)
    ),
    "an order number without its namespace": swapped("OBR", "P1^EHR", "P1"),
    "orders that share one control segment": message(
        ("MSH", "PID", "ORC", "OBR", "OBX", "OBR2", "OBX"), OBR2="OBR|2|P2^EHR|F2^LAB|24323-8^CMP^LN"
    ),
    "reported on the day it was collected": swapped("OBR", "|20240102030000|", "|20240102|"),
    "reported in another zone": swapped("OBR", "|20240102030000|", "|20240101230000-0500|"),
    "a local event": swapped("MSH", "ORU^R01^ORU_R01", "ORU^Z01^ORU_R01"),
    "a universal id with its type": swapped("PID", "GHH^MR", "GHH&1.2.840.0.3&ISO^MR"),
    "a universal id of another type": swapped("PID", "GHH^MR", "GHH&hospital.example&DNS^MR"),
    "a deleted set id": message(OBX2=ORU["OBX2"].replace("OBX|2|", 'OBX|""|')),
    "a structured number without comparator": result("SN", "^10"),
}


@pytest.mark.parametrize("clean", CLEAN.values(), ids=CLEAN.keys())
def test_what_is_allowed_is_no_finding(clean: bytes) -> None:
    told = [(issue.rule, issue.location.path, issue.text) for issue in validate_message(er7.parse(clean))]
    assert told == []


def test_a_length_that_the_parts_contradict_is_only_told() -> None:
    long = swapped("OBR", "F1^LAB", "F1^LABORATORY OF THE GENERAL HOSPITAL")
    (found,) = [i for i in validate_message(er7.parse(long)) if i.rule == "V2-0301" and i.location.path == "OBR-3"]
    assert found.severity is Severity.INFORMATION
    assert "contradicts itself" in found.text


def test_a_coding_system_of_no_version_is_only_told() -> None:
    found = validate_message(er7.parse(swapped("OBX", "2345-7^Glucose^LN", "2345-7^Glucose^2.16.840.1.113883.6.1")))
    severities = {issue.severity for issue in found if issue.location.path == "OBX[1]-3.3" and issue.rule != "V2-0301"}
    assert severities == {Severity.INFORMATION}


def test_what_the_reader_found_is_told_once() -> None:
    raw = message(MSH=ORU["MSH"] + "||||||ASCII", PID=ORU["PID"].replace("DOE", "DOÉ"))
    judged = V2Standard().validate(er7.parse(raw), STANDARDS)
    assert [issue.rule for issue in judged].count("V2-0010") == 1
