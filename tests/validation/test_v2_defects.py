"""Messages with one planted defect each: what common readers pass over in silence must be found here.

The clean messages have no finding at all, so whatever is found in a damaged one comes from its defect.
"""

from __future__ import annotations

import pytest

from workbench.kernel.issues import Severity
from workbench.v2 import er7
from workbench.validation.v2_validator import validate_message

ADT = {
    "MSH": "MSH|^~\\&|ADT|GHH|EHR|GHH|20240102030405||ADT^A01^ADT_A01|42|P|2.5.1",
    "EVN": "EVN||20240102030405",
    "PID": "PID|1||1234567^4^M11^GHH^MR||DOE^JOHN^Q||19800103|M",
    "NK1": "NK1|1|DOE^JANE|SPO^Spouse^HL70063",
    "PV1": "PV1|1|I|4EAST^136^B",
    "OBX": "OBX|1|NM|8302-2^Height^LN||178|cm^cm^UCUM|||||F",
    "AL1": "AL1|1|DA|70618^Penicillin^L|SV|Hives",
}
ORDER = tuple(ADT)


def _message(order: tuple[str, ...] = ORDER, **changed: str) -> bytes:
    lines = ADT | changed
    return "".join(f"{lines[name]}\r" for name in order).encode()


def _replaced(segment: str, old: str, new: str) -> bytes:
    assert ADT[segment].count(old) == 1
    return _message(**{segment: ADT[segment].replace(old, new)})


def _without(name: str) -> bytes:
    return _message(tuple(segment for segment in ORDER if segment != name))


def _observation(data_type: str, value: str) -> bytes:
    return _message(OBX=f"OBX|1|{data_type}|8302-2^Height^LN||{value}||||||F")


DEFECTS: dict[str, tuple[bytes, str]] = {
    # order and names of segments
    "PV1 before PID": (_message(("MSH", "EVN", "PV1", "PID", "NK1", "OBX", "AL1")), "V2-0104"),
    "EVN after PV1": (_message(("MSH", "PID", "NK1", "PV1", "EVN", "OBX", "AL1")), "V2-0104"),
    "unknown segment": (_message((*ORDER, "QQQ"), QQQ="QQQ|1"), "V2-0106"),
    "Z segment": (_message((*ORDER, "ZPD"), ZPD="ZPD|1"), "V2-0107"),
    "segment of another message": (_message((*ORDER, "SCH"), SCH="SCH|1"), "V2-0105"),
    "segment name of two letters": (_message((*ORDER, "XX"), XX="XX|1"), "V2-0108"),
    "line that is no segment": (_message((*ORDER, "text"), text="continued on the next line"), "V2-0108"),
    "missing PID": (_without("PID"), "V2-0101"),
    "missing PV1": (_without("PV1"), "V2-0101"),
    "missing EVN": (_without("EVN"), "V2-0101"),
    "two PV1": (_message(("MSH", "EVN", "PID", "NK1", "PV1", "PV1", "OBX", "AL1")), "V2-0103"),
    # OBX-5 against OBX-2
    "letters as NM": (_observation("NM", "abc"), "V2-0302"),
    "NaN as NM": (_observation("NM", "NaN"), "V2-0302"),
    "exponent as NM": (_observation("NM", "1E5"), "V2-0302"),
    "comparator in NM": (_observation("NM", ">10"), "V2-0302"),
    "components in NM": (_observation("NM", "1^2"), "V2-0307"),
    "OBX-5 without OBX-2": (_observation("", "178"), "V2-0210"),
    "OBX-2 of no data type": (_observation("QQ", "178"), "V2-0211"),
    # primitive formats
    "negative SI": (_replaced("PID", "PID|1|", "PID|-1|"), "V2-0303"),
    "letters in SI": (_replaced("PID", "PID|1|", "PID|A|"), "V2-0303"),
    "30 February": (_replaced("PID", "19800103", "19800230"), "V2-0306"),
    "month 13": (_replaced("PID", "19800103", "19801303"), "V2-0306"),
    "29 February of no leap year": (_replaced("PID", "19800103", "19810229"), "V2-0306"),
    "hour 24": (_replaced("EVN", "20240102030405", "20240102240405"), "V2-0306"),
    "minute 60": (_replaced("EVN", "20240102030405", "20240102036005"), "V2-0306"),
    "second 60": (_replaced("EVN", "20240102030405", "20240102030460"), "V2-0306"),
    "zone of 24 hours": (_replaced("EVN", "20240102030405", "20240102030405+2400"), "V2-0306"),
    "date with hyphens": (_replaced("PID", "19800103", "1980-01-03"), "V2-0306"),
    "impossible DT": (_observation("DT", "20240431"), "V2-0304"),
    "impossible TM": (_observation("TM", "2400"), "V2-0305"),
    # escapes and characters
    "unknown escape sequence": (_replaced("PID", "JOHN", "J\\Q\\N"), "V2-0309"),
    "unclosed escape sequence": (_replaced("PID", "JOHN", "J\\TN"), "V2-0308"),
    "odd number of hexadecimal digits": (_replaced("PID", "JOHN", "J\\X0D0\\N"), "V2-0310"),
    "letters beyond F in a hexadecimal sequence": (_replaced("PID", "JOHN", "J\\X0G\\N"), "V2-0310"),
    "control character": (_replaced("PID", "JOHN", "J\x02HN"), "V2-0012"),
    "tabulator": (_replaced("PID", "JOHN", "J\tHN"), "V2-0012"),
    # presence
    "null in a required field": (_replaced("PID", "DOE^JOHN^Q", '""'), "V2-0202"),
    "null beside a value": (_replaced("PID", "DOE^JOHN^Q", 'DOE^JOHN^Q~""'), "V2-0209"),
    "missing required field": (_replaced("PID", "DOE^JOHN^Q", ""), "V2-0201"),
    "missing message control id": (_replaced("MSH", "|42|", "||"), "V2-0201"),
    "missing required component": (_replaced("PID", "1234567^4^M11", "^^"), "V2-0208"),
    "withdrawn field": (_message(MSH=ADT["MSH"].replace("2.5.1", "2.7"), EVN="EVN|A01|20240102030405"), "V2-0204"),
    "too many repetitions": (_replaced("PV1", "|I|", "|I~O|"), "V2-0203"),
    "too many fields": (_message(AL1=ADT["AL1"] + "|20240102|more"), "V2-0205"),
    "too many components": (_replaced("AL1", "70618^Penicillin^L", "70618^Penicillin^L^^^^more"), "V2-0206"),
    "too many subcomponents": (_replaced("PID", "^GHH^", "^GHH&1.2.3&ISO&more^"), "V2-0207"),
    "subcomponents in a primitive": (_replaced("PID", "JOHN", "J&N"), "V2-0307"),
    # lengths
    "field too long": (_replaced("AL1", "Hives", "Hives everywhere"), "V2-0301"),
    "component too long": (_replaced("PID", "1234567^4^M11", "1234567890123456"), "V2-0301"),
    "set id too long": (_replaced("PID", "PID|1|", "PID|12345|"), "V2-0301"),
    # codes and identifiers
    "code that is not in its HL7 table": (_replaced("OBX", "|F", "|Q"), "V2-0401"),
    "code that is not in its user-defined table": (_replaced("PID", "|M", "|Q"), "V2-0402"),
    "wrong check digit M11": (_replaced("PID", "1234567^4^M11", "1234567^5^M11"), "V2-0313"),
    "wrong check digit M10": (_replaced("PID", "1234567^4^M11", "12345^6^M10"), "V2-0313"),
    # the header
    "delimiters that are not distinct": (_replaced("MSH", "|^~\\&|", "|^^\\&|"), "V2-0013"),
    "three encoding characters": (_replaced("MSH", "|^~\\&|", "|^~\\|"), "V2-0013"),
    "six encoding characters": (_replaced("MSH", "|^~\\&|", "|^~\\&#$|"), "V2-0013"),
    "five encoding characters before 2.7": (_replaced("MSH", "|^~\\&|", "|^~\\&#|"), "V2-0019"),
    "structure of another message": (_replaced("MSH", "ADT_A01", "ORU_R01"), "V2-0017"),
    "structure that does not exist": (_replaced("MSH", "ADT_A01", "ADT_A77"), "V2-0017"),
    "event that does not exist": (_replaced("MSH", "ADT^A01^ADT_A01", "ADT^A77"), "V2-0016"),
    "no version": (_replaced("MSH", "|2.5.1", "|"), "V2-0201"),
    "version that was never published": (_replaced("MSH", "2.5.1", "2.5.5"), "V2-0014"),
    "event of EVN against that of MSH": (_replaced("EVN", "EVN||", "EVN|A08|"), "V2-0018"),
}


@pytest.mark.parametrize(("damaged", "rule"), DEFECTS.values(), ids=DEFECTS.keys())
def test_a_planted_defect_is_found(damaged: bytes, rule: str) -> None:
    assert rule in [issue.rule for issue in validate_message(er7.parse(damaged))]


CLEAN: dict[str, bytes] = {
    "as it is": _message(),
    "without a structure in MSH-9": _replaced("MSH", "ADT^A01^ADT_A01", "ADT^A01"),
    "of an event that shares its structure": _replaced("MSH", "ADT^A01^ADT_A01", "ADT^A08^ADT_A01"),
    "of an event that shares its structure, unnamed": _replaced("MSH", "ADT^A01^ADT_A01", "ADT^A08"),
    "of the newest version": _message(
        MSH=ADT["MSH"].replace("2.5.1", "2.9"), PID=ADT["PID"].replace("1234567^4^M11^GHH^MR", "1^^^GHH^MR")
    ),
    "with CRLF between segments": _message().replace(b"\r", b"\r\n"),
    "with LF between segments": _message().replace(b"\r", b"\n"),
    "with trailing delimiters": _message(PID=ADT["PID"] + "||||^^^&&~~|||"),
    "with a deleted value": _message(PID=ADT["PID"].replace("|19800103|", '|""|')),
    "with every escape sequence of the standard": _message(
        AL1="AL1|1|DA|1^\\F\\\\S\\\\T\\\\R\\\\E\\\\X0D\\\\.br\\\\H\\\\N\\^L"
    ),
}


@pytest.mark.parametrize("clean", CLEAN.values(), ids=CLEAN.keys())
def test_a_clean_message_has_no_error(clean: bytes) -> None:
    severe = [
        (issue.rule, issue.location.path, issue.text)
        for issue in validate_message(er7.parse(clean))
        if issue.severity in (Severity.FATAL, Severity.ERROR)
    ]
    assert severe == []


def test_the_undamaged_message_has_no_finding_at_all() -> None:
    assert [issue.text for issue in validate_message(er7.parse(_message()))] == []


def test_a_second_defect_is_seen_beside_the_first() -> None:
    both = _message(PID=ADT["PID"].replace("19800103", "19800230").replace("PID|1|", "PID|A|"))
    assert [issue.rule for issue in validate_message(er7.parse(both))] == ["V2-0303", "V2-0306"]
