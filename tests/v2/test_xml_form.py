from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.v2.xml_form import read_xml, to_er7

XML = b"""<?xml version="1.0"?><ORU_R01 xmlns="urn:hl7-org:v2xml">
 <MSH><MSH.1>|</MSH.1><MSH.2>^~\\&amp;</MSH.2><MSH.9><MSG.1>ORU</MSG.1><MSG.2>R01</MSG.2></MSH.9></MSH>
 <ORU_R01.PATIENT><PID>
   <PID.3><CX.1>11</CX.1><CX.4><HD.1>A</HD.1><HD.2>1.2</HD.2></CX.4></PID.3><PID.3><CX.1>22</CX.1></PID.3>
   <PID.5><XPN.1><FN.1>O|N\xc3\xa9</FN.1></XPN.1></PID.5><PID.8/></PID>
 <OBX><OBX.5>a<escape V="H"/>b &amp; c<escape V="N"/></OBX.5><OBX.5>""</OBX.5></OBX></ORU_R01.PATIENT></ORU_R01>"""


def test_groups_repetitions_components_and_escapes_become_er7() -> None:
    assert to_er7(XML).decode().split("\r") == [
        "MSH|^~\\&|||||||ORU^R01",
        "PID|||11^^^A&1.2~22||O\\F\\Né|||",
        'OBX|||||a\\H\\b \\T\\ c\\N\\~""',
        "",
    ]


def test_values_are_read_by_path() -> None:
    message = read_xml(XML)
    assert (message.value("PID-3[2].1"), message.value("PID-5"), message.trigger_event) == ("22", "O|Né", "R01")


def test_the_delimiters_are_those_the_header_declares() -> None:
    xml = b"<ACK><MSH><MSH.1>$</MSH.1><MSH.2>*@?%</MSH.2></MSH><MSA><MSA.3>a$b|c</MSA.3></MSA></ACK>"
    assert to_er7(xml) == b"MSH$*@?%\rMSA$$$a?F?b|c\r"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<ADT",
        b"<ADT_A01/>",
        b"<ADT_A01><PID><PID.1>1</PID.1></PID></ADT_A01>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><ADT_A01><MSH><MSH.1>|</MSH.1></MSH></ADT_A01>',
        b"<ADT_A01><MSH><MSH.999>|</MSH.999></MSH></ADT_A01>",
    ],
)
def test_what_is_no_message_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused, match="This XML message"):
        to_er7(raw)


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(XML)))
def test_damage_is_refused_and_nothing_else(noise: bytes, at: int) -> None:
    try:
        to_er7(XML[:at] + noise + XML[at:])
    except Refused as refusal:
        assert refusal.code in ("V2-0001", "V2-0005")
