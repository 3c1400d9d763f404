"""Messages for the benchmarks: an ordinary ADT (8 segments, about 1.2 kB) and an ORU with 30 results."""

from __future__ import annotations

import pytest

ADT = "\r".join(
    (
        "MSH|^~\\&|REG|GENERAL^2.16.840.1.113883.19.1^ISO|EHR|GENERAL|20240102030405||ADT^A01^ADT_A01|MSG{0:08}|P|2.5.1|||AL|NE",
        "EVN|A01|20240102030405|||ID221^CLERK^CARLA^^^^^^GENERAL",
        "PID|1||{0:08}^^^GENERAL^MR~999{0:08}^^^NATIONAL^NH||O'NEIL^MÉABH^A^III^DR.^^L~ONEIL^MAEVE^^^^^A||19800103|F||2106-3^White^HL70005"
        "|12 HIGH STREET^APT 4^SPRINGFIELD^IL^62701^USA^H||^PRN^PH^^1^217^5550133~^NET^Internet^meabh@example.org|^WPN^PH^^1^217^5550134"
        "|en^English^HL70296|M^Married^HL70002|1013^Catholic^HL70006|ACC{0:08}^^^GENERAL^AN|||||N|||||||N",
        "PD1||||1122^FAMILY^FRED^^^DR^^^GENERAL^L^^^DN",
        "NK1|1|O'NEIL^JACK^B^^^^L|SPO^Spouse^HL70063|12 HIGH STREET^APT 4^SPRINGFIELD^IL^62701^USA^H|^PRN^PH^^1^217^5550135",
        "PV1|1|I|4EAST^136^B^GENERAL^^N^MAIN^4|E|||1234^WARD^WANDA^^^DR^^^GENERAL^L^^^DN|5678^REFER^RITA^^^DR^^^GENERAL^L^^^DN||MED||||1|||"
        "1234^WARD^WANDA^^^DR^^^GENERAL^L^^^DN|IN|V{0:08}^^^GENERAL^VN|||||||||||||||||||||||||20240102030000",
        "AL1|1|DA|70618^Penicillin^RXNORM|SV|Hives|20100101",
        "DG1|1||J18.9^Pneumonia, unspecified organism^I10|Pneumonia|20240102|A",
    )
)
OBX = "OBX|{1}|NM|2345-7^Glucose [Mass/volume] in Serum or Plasma^LN^GLU^Glucose^L||5.{1}0|mmol/L^mmol/L^UCUM|3.9-5.8|N|||F|||20240102030000||TECH7^LAB^LENA"
ORU = "\r".join(
    (
        "MSH|^~\\&|LAB|GENERAL|EHR|GENERAL|20240102030405||ORU^R01^ORU_R01|MSG{0:08}|P|2.5.1",
        "PID|1||{0:08}^^^GENERAL^MR||O'NEIL^MEABH||19800103|F",
        "PV1|1|I|4EAST^136^B",
        "ORC|RE|P{0:08}^REG|F{0:08}^LAB||CM",
        "OBR|1|P{0:08}^REG|F{0:08}^LAB|24323-8^Comprehensive metabolic panel^LN|||20240102020000|||||||||1234^WARD^WANDA||||||20240102030000||CH|F",
    )
)


def adt(number: int) -> bytes:
    """An admission about another patient for each number."""
    return (ADT.format(number) + "\r").encode()


def oru(number: int) -> bytes:
    """A report with 30 results."""
    lines = [ORU.format(number), *(OBX.format(number, place) for place in range(1, 31))]
    return ("\r".join(lines) + "\r").encode()


@pytest.fixture(scope="session")
def many_adt(tmp_path_factory: pytest.TempPathFactory):
    """A file of 100,000 admissions."""
    path = tmp_path_factory.mktemp("capture") / "adt.hl7"
    with path.open("wb") as stream:
        for number in range(100_000):
            stream.write(adt(number))
    return path
