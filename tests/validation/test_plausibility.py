from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.v2 import er7
from workbench.validation.plausibility.rules import RULES
from workbench.validation.plausibility.tables import dose_limits, result_limits
from workbench.validation.plausibility.v2 import plausibility
from workbench.validation.validator import rules

HEADER = "MSH|^~\\&|A|B|C|D|20240102120000+0000||ADT^A01^ADT_A01|1|T|2.5.1"
PID = "PID|1||7||DOE^ANN||19800103|F"
OBX = "OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1|N|||F|||20240102110000"

DOUBTFUL = {
    "CLN-0101": [PID + "|" * 21 + "19791231"],
    "CLN-0102": ["PID|1||7||DOE||20250103"],
    "CLN-0103": ["PID|1||7||DOE||18900101"],
    "CLN-0104": [PID, OBX.replace("20240102110000", "20240105110000")],
    "CLN-0201": [PID, OBX.replace("|4.1|", "|41|").replace("|N|", "|HH|")],
    "CLN-0202": [PID, OBX.replace("|4.1|", "|6.1|")],
    "CLN-0203": [PID, OBX.replace("3.5-5.1", "5.1-3.5")],
    "CLN-0301": [PID, "ORC|NW|1", "RXO|1^Digoxin tablet^L|125||mg"],
    "CLN-0302": [PID, "ORC|NW|1", "RXO|1^X^L|0.125||mg", "RXE||1^X^L|125||mg"],
    "CLN-0401": [PID, "AL1|1|DA|^Penicillin"],
    "CLN-0402": [PID + "|" * 22 + "Y", "ORC|NW|1"],
    "CLN-0403": ["PID|1||7||DOE||1980|M", "DG1|1||O80^Delivery^I10"],
    "CLN-0405": [PID, "ORC|NW|1", "OBR|1|1||75622-1^HIV 1 and 2 tests^LN"],
    "CLN-0404": [PID, "DG1|1||J18.9^Pneumonia^I10", "FT1|1|||20240102||CG|1||||||||||||E11.9^Diabetes^I10"],
}
SOUND = [
    PID + "|" * 21 + "20231231",
    "PID|1||7||DOE||198001|M",
    OBX,
    OBX.replace("|4.1|", "|6.1|").replace("|N|", "|H|"),
    OBX.replace("|NM|", "|ST|").replace("|4.1|", "|hemolysed|"),
    OBX.replace("3.5-5.1", "<5.1"),
    OBX.replace("20240102110000", ""),
    "RXO|1^Digoxin tablet^L|0.125||mg",
    "ORC|NW|1\rRXO|1^X^L|0.125||mg\rRXE||1^X^L|0.125||mg\rORC|NW|2\rRXE||1^Y^L|500||mg",
    "AL1|1|DA|70618^Penicillin^RXNORM",
    "ORC|NW|1" + "|" * 26 + "R\rOBR|1|1||75622-1^HIV 1 and 2 tests^LN",
    "OBR|1|1||24323-8^Shivering scale^L",
    "DG1|1||O80^Delivery^I10",
    "DG1|1||E11.9^Diabetes^I10\rFT1|1|||20240102||CG|1||||||||||||E11.9^Diabetes^I10",
    "FT1|1|||20240102||CG|1||||||||||||E11.9^Diabetes^I10",
]


def _found(lines: list[str]) -> list[str]:
    return [issue.rule for issue in plausibility(er7.parse("\r".join([HEADER, *lines]).encode()))]


@pytest.mark.parametrize("rule", sorted(DOUBTFUL))
def test_what_is_doubtful_is_told_and_nothing_else(rule: str) -> None:
    assert _found(DOUBTFUL[rule]) == [rule]


@pytest.mark.parametrize("lines", SOUND)
def test_what_is_sound_is_left_alone(lines: str) -> None:
    assert _found(lines.split("\r")) == []


def test_every_rule_has_an_example_and_is_explained() -> None:
    assert {rule.id for rule in RULES} == set(DOUBTFUL)
    assert {rule.id for rule in RULES} <= set(rules())


def test_a_rule_can_be_switched_off() -> None:
    message = er7.parse("\r".join([HEADER, *DOUBTFUL["CLN-0401"]]).encode())
    assert plausibility(message, frozenset({"CLN-0401"})) == ()


def test_a_finding_stands_on_the_value_and_hides_it_when_masked() -> None:
    message = er7.parse("\r".join([HEADER, *DOUBTFUL["CLN-0301"]]).encode())
    (issue,) = plausibility(message)
    span = issue.location.span
    assert span is not None and message.raw[span.start : span.end] == b"125"
    assert "125 mg of digoxin" in issue.text
    assert "125" not in issue.masked_text


def test_limits_know_the_spellings_of_units() -> None:
    micro = dose_limits("Levothyroxine 75 mcg", "MCG")
    assert micro is not None and micro.allow(Decimal(75)) and not micro.allow(Decimal(75000))
    assert result_limits("2345-7", "mmol/l") != result_limits("2345-7", "mg/dL")
    assert result_limits("2345-7", "furlong") is None


@given(st.text(max_size=40), st.sampled_from(["PID", "OBX", "RXO", "RXE", "FT1", "DG1", "AL1", "ORC"]))
def test_no_content_makes_a_traceback(text: str, name: str) -> None:
    raw = f"{HEADER}\r{name}|{text}|{text}|{text}|{text}|{text}|{text}|{text}|{text}\r".encode("utf-8", "replace")
    assert isinstance(plausibility(er7.parse(raw)), tuple)
