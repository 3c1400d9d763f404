from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.fhir.xml_form import read_xml, to_json
from workbench.kernel.errors import Refused

XML = b"""<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry>
<fullUrl value="urn:x"/><resource><Patient><id value="p"/>
<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>a &amp; b</p></div></text>
<extension url="http://e"><valueDecimal value="1.50"/></extension><active value="true"/>
<name><family value="X"/><given value="A"/><given><extension url="u"><valueCode value="q"/></extension></given></name>
<birthDate value="1980-01"><extension url="t"><valueInteger value="4"/></extension></birthDate>
<multipleBirthInteger value="2"/></Patient></resource></entry></Bundle>"""


def test_a_resource_in_xml_is_read_as_its_json() -> None:
    assert msgspec.json.decode(to_json(XML)) == {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": "urn:x",
                "resource": {
                    "resourceType": "Patient",
                    "id": "p",
                    "text": {
                        "status": "generated",
                        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>a &amp; b</p></div>',
                    },
                    "extension": [{"url": "http://e", "valueDecimal": 1.5}],
                    "active": True,
                    "name": [
                        {
                            "family": "X",
                            "given": ["A", None],
                            "_given": [None, {"extension": [{"url": "u", "valueCode": "q"}]}],
                        }
                    ],
                    "birthDate": "1980-01",
                    "_birthDate": {"extension": [{"url": "t", "valueInteger": 4}]},
                    "multipleBirthInteger": 2,
                },
            }
        ],
    }


def test_decimals_keep_their_digits() -> None:
    assert b'"valueDecimal":1.50' in to_json(XML)


def test_what_the_definitions_do_not_know_is_kept() -> None:
    xml = b'<Patient xmlns="http://hl7.org/fhir"><odd value="1"/><odd value="2"/><active value="yes"/></Patient>'
    assert read_xml(xml).value == {"resourceType": "Patient", "odd": ["1", "2"], "active": "yes"}


@pytest.mark.parametrize("raw", [b"", b"<Patient", b'<!DOCTYPE a [<!ENTITY x "y">]><Patient/>', b"<a>" * 300])
def test_what_is_not_well_formed_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused, match="This XML resource"):
        to_json(raw)


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(XML)))
def test_damage_is_refused_and_nothing_else(noise: bytes, at: int) -> None:
    try:
        read_xml(XML[:at] + noise + XML[at:])
    except Refused as refusal:
        assert refusal.code.startswith("FHIR-")
