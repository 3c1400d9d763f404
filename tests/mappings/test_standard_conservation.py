# ruff: noqa: E501 (a segment is one line)
"""What holds for every message the shipped package maps: nothing lost, every reference resolves, valid, repeatable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.fhir.json_tree import dumps
from workbench.fhir.json_tree import parse as parse_json
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Severity
from workbench.mapping.engine.compile import CompiledMapping
from workbench.mapping.engine.ledger import Fate
from workbench.messages.capture import MessageFormat, open_capture
from workbench.v2.er7 import parse
from workbench.validation.fhir_validator import validate_resource

PATIENT = """
    PID|1|E1|4711^5^M10^NORTH&2.999.1&ISO^MR^NORTH^20200101||Muster&van^Anna^B^Jr^Dr^MD^L|Alt^Maria|197004010815|F||2106-3^White^HL70005|Ring 1^^Wien^W^1010^AUT^H^^Bezirk|X|5550100^PRN^PH|^WPN^PH^^^1^5550102|de|M|CAT|A1^^^NORTH^AN|123456789|DL1^AUT^20300101|M1^^^NORTH||Wien|Y|2|AUT||||20240101|Y||||20240101120000+0100|NORTH
    PD1|S|A|Praxis Süd^^P1|1002^Arzt^Anton||||||||N
"""
VISIT = "PV1|1|I|W3^12^B^NORTH|E|PRE1|W2^1^A|1001^Huber^Eva^^^Dr|1003^Ref^R|1004^Con^C|MED|W9|||7|A2|VIP|1005^Adm^A|XX|V100^^^NORTH|HMO||||||||||||||||01|W5|VEG||O|||20240105080000+0100|20240107100000+0100"
MESSAGES = {
    "admission": f"""
        MSH|^~\\&|REG|NORTH|EHR|SOUTH|20240105081500+0100|SEC|ADT^A01^ADT_A01|M1|P|2.5.1|7||AL|NE|AUT|UNICODE UTF-8|de||PROF
        SFT|Vendor|1.0|Product|B1|Info|20230101
        EVN|A01|20240105081500+0100||01|7001^Clerk|20240105080000+0100|NORTH
        {PATIENT}
        ROL|1|AD|PP^Primary care^HL70443|1006^Role^R|20240101
        NK1|1|Muster^Otto|SPO|Ring 1^^Wien|5550101|5550103|C|20240101||||K1||Firma^^F1|M|19680202|||||de
        {VISIT}
        PV2|W1^2|W|R07.4^Chest pain^I10||||||20240106|4|20240107|2|Visit|1007^Src^S|||||||||N|||2||||||||||||||A
        DB1|1|PT|D1|Y
        OBX|1|NM|8302-2^Height^LN|1|170|cm^^UCUM|150-200|N|||F|||20240105|LAB^Lab^L|1001^Huber^Eva|M^Method^L|EQ1|20240105
        AL1|1|DA|70618^Penicillin^RXN|SV|Hives|20200101
        IAM|1|DA|LOC1^Local drug^99L|MO|rash|A|I1|note||||Spring||||||C
        DG1|1|I10|I21.9^Infarction^I10|Heart|20240105|A|||||||||1|1001^Huber^Eva||||D1|A
        PR1|1||5-820^Hip^OPS|Hip replacement|20240106090000+0100||90|1008^An^A||||1009^Su^S||||I21.9
        GT1|1|G1|Muster^Otto||Ring 1^^Wien|5550101|5550103|19680202|M|P|SPO|987654321|20240101|20241231
        IN1|1|HP^Plan|77|Krankenkasse|Weg 1^^Wien|Kontakt^K|5550200|G1|Gruppe|E1|Firma|20240101|20241231|AUTH|HMO|Muster^Otto|SPO|19680202|Ring 1^^Wien||||||||||||||||||POL-9|||||||M||||||S1^^^NORTH
        IN2|E1|123456780
        ACC|20240104|U
        ZPI|1|local^value
    """,
    "merge": f"MSH|^~\\&|REG|NORTH|||20240105||ADT^A40^ADT_A39|M2|P|2.5.1\nEVN|A40|20240105\n{PATIENT}\nMRG|0815^^^NORTH^MR||A0",
    "result": f"""
        MSH|^~\\&|LIS|LAB|EHR|NORTH|20240105093000+0100||ORU^R01^ORU_R01|R1|P|2.5.1
        {PATIENT}
        {VISIT}
        ORC|RE|P100^EHR|F100^LIS|G1^EHR|CM||||20240105|1010^Ent^E|1011^Ver^V|1001^Huber^Eva||5550300||R^Reason^L||||||Street^^Wien|5550301
        OBR|1|P100^EHR|F100^LIS|24323-8^Panel^LN|R|20240104|20240105080000+0100|20240105081000+0100|5^mL|1012^Col^C|L|H^Hazard^L|Clinical info|20240105083000+0100|BLD&Blood&HL70070^EDTA^^ARM|1001^Huber^Eva|5550302|||||20240105092500+0100||LAB|F|||1^^^20240105|1013^Copy^C||||1014&Int&I|||1015&Tra&T
        NTE|1|L|Order note|RE
        OBX|1|NM|2345-7^Glucose^LN|1|5.40|mmol/L^^UCUM|3.9-5.6|N~H|0.9|N|F|20240101|X|20240105080000+0100|LAB^Lab^L|1001^Huber^Eva|M^Method^L|EQ1|20240105|ARM^Arm^L|I1||Lab North^^L1|Lab street^^Wien|1016^Dir^D
        OBX|2|SN|C^Titre^L||^1^:^128||||||F
        OBX|3|CE|600-7^Bacteria^LN||A^Alpha^L~B^Beta^L||||||P
        OBX|4|ED|PDF^Report^L||LIS^application^pdf^Base64^JVBERi0=||||||F
        NTE|1|L|Result note
        SPM|1|S1&EHR^S2&LIS||BLD^Blood^HL70487|||VEN^Venous^L|ARM^Arm^L||||5^mL||Desc|||20240105080000+0100|20240105083000+0100||Y||||HEM^Hemolysed^HL70493|||TUBE^Tube^L|||ACC1
    """,
    "order": f"""
        MSH|^~\\&|EHR|NORTH|LIS|LAB|20240105||OML^O21^OML_O21|O1|P|2.5.1
        {PATIENT}
        ORC|NW|P1^EHR||G1||||||1010^Ent^E||1001^Huber^Eva
        TQ1|1|1|TID||||20240105|20240106|S|if needed|text||1^H|3
        OBR|1|P1^EHR||C^x^L||||||||||||1001^Huber^Eva|||||||||||||||C34^Cancer^I10
        NTE|1||please
        DG1|1||C34^Cancer^I10
        OBX|1|ST|Q^Question^L||yes||||||F
        SPM|1|S1||BLD
    """,
    "prescription": f"""
        MSH|^~\\&|RX|NORTH|||20240105||RDE^O11^RDE_O11|X1|P|2.5.1
        {PATIENT}
        ORC|NW|P1||||||||||1001^Huber^Eva
        RXO|6918^Metoprolol^RXN|50|100|mg|TAB^Tablet^L|^words|^twice a day||G||30|TAB|2
        RXE|^^^20240105^20240110|6918^Metoprolol^RXN|0.125||mg^^UCUM|TAB|^twice|||30|TAB|2|1001^Huber^Eva||PN1|||5^mg
        RXR|PO^Oral^HL70162|MOUTH
        RXC|A|LOC^Local base^99L|5|mL
    """,
    "vaccination": f"""
        MSH|^~\\&|IIS|NORTH|||20240105||VXU^V04^VXU_V04|V1|P|2.5.1
        {PATIENT}
        ORC|RE|P1^A|F1^B|||||||1010^Ent^E||1001^Huber^Eva
        RXA|0|1|20240105||208^COVID-19^CVX|0.30|mL^^UCUM||00^New^NIP001|1001^Huber^Eva|^^^Praxis||||LOT1|20241231|PFR^Pfizer^MVX|||CP|A
        RXR|IM^Intramuscular^HL70162|LD^Left^HL70163
        OBX|1|CE|64994-7^Eligibility^LN|1|V01^Not eligible^HL70064||||||F
    """,
    "booking": f"""
        MSH|^~\\&|SCH|NORTH|||20240105||SIU^S12^SIU_S12|S1|P|2.5.1
        SCH|P1|F1|||S1|EV|CHECKUP|ROUTINE|30|min|^^30^20240110090000+0100|1001^Huber^Eva|5550300|Weg^^Wien|W1|1002^Fil^F||||1003^Ent^E|||||Booked|PO1|FO1
        NTE|1||note
        {PATIENT}
        RGS|1|A
        AIS|1|A|CONS^Consultation^L|20240110090000+0100|||30|min
        AIG|1|A|DEV1^Device^L|EQ
        AIL|1|A|AMB^R2
        AIP|1|A|1001^Huber^Eva|PHYS
    """,
    "document": f"""
        MSH|^~\\&|DOC|NORTH|||20240105||MDM^T02^MDM_T02|D1|P|2.5.1
        {PATIENT}
        TXA|1|DS|TX|20240105|1001^Huber^Eva|20240105|20240105||1001^Huber^Eva|1002^Auth^A||DOC1|DOC0|PO1|FO1|file.txt|AU|R|AV||why|1003^Sig^S
        OBX|1|TX|DS^Summary^L||Text||||||F
    """,
    "charge": f"MSH|^~\\&|BIL|NORTH|||20240105||DFT^P03|B1|P|2.5.1\n{PATIENT}\nFT1|1|T1||20240105|20240105|CG|99213^Visit^C4|||2|80.50&EUR||DEP",
    "unknown": f"MSH|^~\\&|A|F|||20240105||ZZZ^Z01|1|P|2.5\n{PATIENT}\nZXX|1|something",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_value_is_mapped_preserved_or_ignored(
    name: str, standard: CompiledMapping, encoded: Callable[[str], bytes]
) -> None:
    ledger = standard.trace(parse(encoded(MESSAGES[name]))).ledger
    ledger.check()
    assert [entry.location.path for entry in ledger.of(Fate.LOST)] == []


@pytest.mark.parametrize("name", MESSAGES)
def test_every_reference_leads_to_a_resource_of_the_bundle(name: str, convert: Callable[[str], Any]) -> None:
    mapped = convert(MESSAGES[name])
    urls = {entry["fullUrl"] for entry in mapped.bundle["entry"]}
    assert mapped.references()
    assert set(mapped.references()) <= urls


@pytest.mark.parametrize("name", MESSAGES)
def test_mapping_twice_gives_the_same_bytes(
    name: str, standard: CompiledMapping, encoded: Callable[[str], bytes]
) -> None:
    raw = encoded(MESSAGES[name])
    assert dumps(standard.run(parse(raw))) == dumps(standard.trace(parse(raw)).bundle)


@pytest.mark.parametrize("name", MESSAGES)
def test_bundles_are_valid_fhir(name: str, convert: Callable[[str], Any]) -> None:
    issues = validate_resource(parse_json(dumps(convert(MESSAGES[name]).bundle)))
    errors = [f"{i.rule} {i.location.path}" for i in issues if i.severity in (Severity.ERROR, Severity.FATAL)]
    assert errors == []


@pytest.mark.parametrize("line", ["PID", "PID|", "OBX|1|NM", "ORC", "PV1|1", "RXA", "SCH|", "TXA|1", "FT1|1"])
def test_a_segment_that_says_nothing_does_no_harm(line: str, convert: Callable[[str], Any]) -> None:
    mapped = convert(f"MSH|^~\\&|A|F|||20240105||ORU^R01|1|P|2.5\nPID|1||1^^^A\n{line}")
    assert mapped.one("MessageHeader")


def test_every_rule_says_where_it_is_written(standard: CompiledMapping) -> None:
    package = standard.package
    assert [m.name for m in package.rule_maps() if not m.cite] == []
    assert [m.name for m in package.messages.values() if not m.cite] == []
    assert [m.id for m in package.codes.values() if not m.citation] == []


@pytest.mark.corpus
def test_no_value_of_the_corpus_is_lost(standard: CompiledMapping, corpus_root: Path) -> None:
    lost: dict[str, str] = {}
    for path in sorted((corpus_root / "pairs").rglob("*.hl7")):
        capture = open_capture([path])
        for index in range(len(capture)):
            if capture.format_of(index) is not MessageFormat.ER7:
                continue
            try:
                message = parse(capture.raw(index))
            except Refused:
                continue
            ledger = standard.trace(message).ledger
            ledger.check()
            # Separators alone (`^^`) say nothing; an explicit null is carried out by leaving the element out.
            lost.update(
                {
                    e.location.path: path.name
                    for e in ledger.of(Fate.LOST)
                    if message.value(e.location.path) not in ("", '""')
                }
            )
    assert lost == {}
