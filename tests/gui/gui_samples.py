"""Messages about people who do not exist, and waiting for the window to come to rest."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from workbench.gui.main_window import MainWindow

PASSPHRASE = "correct horse battery"
LONG_MS = 60_000

ADT = (
    "MSH|^~\\&|REG|GH|WB|T|20260302082200-0500||ADT^A01^ADT_A01|C1|T|2.5.1||||||UNICODE UTF-8\r"
    "EVN|A01|20260302082200-0500\r"
    "PID|1||123456^^^GH^MR~998877^^^NHS^NH||García-Lorca^María^^^^^L||19800103|F|||1 Main St^^Ann Arbor^MI^48104\r"
    "PV1|1|I|3W^243^A^GH\r"
    "AL1|1|DA|ZZPCN^Penicillin^L|SV|Hives\r"
    "ZPI|1|VIP note\r"
).encode()
BAD = (
    b"MSH|^~\\&|REG|GH|WB|T|20260302082300||ADT^A08^ADT_A01|C2|T|2.5.1\r"
    b"EVN|A08\rPID|1||77^^^GH^MR||Roe^Ann||1980133|Q\r"
)
FHIR = b'{"resourceType": "Patient", "id": "p1", "name": [{"family": "Doe", "given": ["Jo"]}], "gender": "female"}'


def settled(qtbot: QtBot, window: MainWindow, timeout_ms: int = LONG_MS) -> None:
    """Wait until no job runs; one may start the next."""

    def quiet() -> bool:
        return not window.bench.jobs.running

    for _ in range(3):
        qtbot.waitUntil(quiet, timeout=timeout_ms)
        qtbot.wait(10)
    qtbot.waitUntil(quiet, timeout=timeout_ms)


SMALL_MAPPING = {
    "package.yaml": """\
id: small
title: Small mapping
version: 0.1.0
direction: v2-to-fhir
source: {standard: HL7 v2, version: "2.5.1"}
target: {standard: FHIR, version: 4.0.1}
owner: Tests
status: draft
""",
    "messages/ADT.yaml": """\
map: ADT
for: [ADT^*]
rows:
  - {id: header, from: MSH, make: MessageHeader, using: MSH-MessageHeader}
  - {id: patient, from: PID, make: Patient, using: PID-Patient, identity: [MSH-4, PID-3.1]}
""",
    "segments/MSH-MessageHeader.yaml": """\
map: MSH-MessageHeader
from: MSH
to: MessageHeader
rules:
  - {id: msh-9-2, from: MSH-9.2, to: eventCoding.code}
  - {id: msh-3, from: MSH-3, to: source.endpoint, unmapped: passthrough}
""",
    "segments/PID-Patient.yaml": """\
map: PID-Patient
from: PID
to: Patient
rules:
  - {id: pid-3, from: PID-3.1, to: identifier.value}
  - {id: pid-5-family, from: PID-5.1, to: "name[legal].family"}
  - {id: pid-5-given, from: PID-5.2, to: "name[legal].given"}
  - {id: pid-7, from: PID-7, to: birthDate}
  - {id: pid-8, from: PID-8, to: gender, codes: administrative-sex}
""",
    "codes/administrative-sex.csv": """\
# id: administrative-sex
# source_system: http://terminology.hl7.org/CodeSystem/v2-0001
# target_system: http://hl7.org/fhir/administrative-gender
# citation: HL7 v2-to-FHIR IG, Table HL70001
source_code,source_display,target_code,relationship,status
F,Female,female,equivalent,approved
M,Male,male,equivalent,approved
""",
}

SMALL_SUITE = """\
suite: v2-to-fhir-r4/main
title: Three scenarios
mapping: ../..
inputs:
  - {scenario: discharge, seed: 7}
  - {scenario: unmapped-allergy, seed: 7}
  - {scenario: small-dose, seed: 7}
invariants: [references-resolve, idempotent]
"""
