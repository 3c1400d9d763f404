"""Every rule of the table is broken once and kept once."""

from __future__ import annotations

import re

import pytest

from workbench.kernel.issues import Issue
from workbench.v2 import er7
from workbench.validation.v2_rules import RULES, V2_RULES
from workbench.validation.v2_validator import validate_message
from workbench.validation.validator import rules

ADT = (
    b"MSH|^~\\&|ADT|GHH|EHR|GHH|20240102030405||ADT^A01^ADT_A01|42|P|2.5.1|||AL|NE|USA|ASCII\r"
    b"EVN|A01|20240102030405\r"
    b"PID|1||1234567^4^M11^GHH^MR||DOE^JOHN^Q||19800103|M|||12 HIGH STREET^^SPRINGFIELD^IL^62701||5550133|||M\r"
    b"NK1|1|DOE^JANE|SPO^Spouse^HL70063\r"
    b"PV1|1|I|4EAST^136^B\r"
    b"AL1|1|DA|70618^Penicillin^L|SV|Hives\r"
)
ORU = (
    b"MSH|^~\\&|LAB|GHH|EHR|GHH|20240102030405||ORU^R01^ORU_R01|43|P|2.5.1\r"
    b"PID|1||1234567^4^M11^GHH^MR||DOE^JOHN^Q||19800103|M\r"
    b"OBR|1||F1^LAB|24323-8^Metabolic panel^LN|||20240102020000\r"
    b"OBX|1|NM|2345-7^Glucose^LN||5.40|mmol/L^mmol/L^UCUM|3.9-5.8|N|||F\r"
    b"OBX|2|SN|1975-2^Bilirubin^LN||<^0.2|mg/dL^mg/dL^UCUM|||||F\r"
    b"OBX|3|ED|11502-2^Report^LN||LAB^AP^PDF^Base64^QUJD||||||F\r"
    b"OBX|4|TS|1^Draw time^L||20240102||||||F\r"
    b"OBX|5|TM|2^Draw hour^L||1201||||||F\r"
    b"OBX|6|DT|3^Draw day^L||20240102||||||F\r"
    b"OBX|7|TX|4^Remark^L||plain \\T\\ good \\X0D\\ text||||||F\r"
)

BROKEN: dict[str, tuple[str, bytes, bytes, str]] = {
    "V2-0010": ("ADT", b"DOE^JOHN", "DOE^JÖHN".encode(), "MSH-18"),
    "V2-0011": ("ADT", ADT, b"\xef\xbb\xbf" + ADT.replace(b"JOHN", b"J\xd6HN"), ""),
    "V2-0012": ("ADT", b"DOE^JOHN", b"DOE^J\x07HN", "PID-5"),
    "V2-0013": ("ADT", b"MSH|^~\\&|", b"MSH|^^\\&|", "MSH-2"),
    "V2-0014": ("ADT", b"|2.5.1|", b"|2.10|", "MSH-12.1"),
    "V2-0015": ("ORU", b"DOE^JOHN", "DOE^JÖHN".encode(), "MSH-18"),
    "V2-0016": ("ADT", b"ADT^A01^ADT_A01", b"ADT^X01", "MSH-9"),
    "V2-0017": ("ADT", b"ADT^A01^ADT_A01", b"ADT^A01^ADT_A05", "MSH-9.3"),
    "V2-0018": ("ADT", b"EVN|A01", b"EVN|A04", "EVN-1"),
    "V2-0019": ("ADT", b"MSH|^~\\&|", b"MSH|^~\\&#|", "MSH-2"),
    "V2-0101": ("ADT", b"PV1|1|I|4EAST^136^B\r", b"", "NK1"),
    "V2-0102": ("ORU", ORU[ORU.index(b"OBR|") :], b"", "PID"),
    "V2-0103": ("ADT", b"EVN|A01|20240102030405\r", b"EVN|A01|20240102030405\r" * 2, "EVN[2]"),
    "V2-0104": ("ADT", b"PV1|1|I|4EAST^136^B\r", b"PV1|1|I|4EAST^136^B\rNK1|2|DOE^JANE\r", "NK1[2]"),
    "V2-0105": ("ADT", b"AL1|1", b"SCH|1\rAL1|1", "SCH"),
    "V2-0106": ("ADT", b"AL1|1", b"QQQ|1\rAL1|1", "QQQ"),
    "V2-0107": ("ADT", b"AL1|1", b"ZPD|1\rAL1|1", "ZPD"),
    "V2-0108": ("ADT", b"AL1|1", b"al|1\rAL1|1", "line 6"),
    "V2-0201": ("ADT", b"DOE^JOHN^Q", b"", "PID-5"),
    "V2-0202": ("ADT", b"DOE^JOHN^Q", b'""', "PID-5"),
    "V2-0203": ("ADT", b"|M|||", b"|M~F|||", "PID-8[2]"),
    "V2-0204": ("ADT", b"|2.5.1|", b"|2.7|", "EVN-1"),
    "V2-0205": ("ORU", b"|||F\rOBX|2", b"|||F||||||||||||||||||X\rOBX|2", "OBX[1]-29"),
    "V2-0206": ("ORU", b"2345-7^Glucose^LN", b"2345-7^Glucose^LN^^^^x", "OBX[1]-3.7"),
    "V2-0207": ("ADT", b"^GHH^MR", b"^GHH&1.2&ISO&x^MR", "PID-3.4.4"),
    "V2-0208": ("ADT", b"1234567^4^M11^GHH^MR", b"^^^GHH^MR", "PID-3.1"),
    "V2-0209": ("ADT", b"1234567^4^M11^GHH^MR", b'1234567^4^M11^GHH^MR~""', "PID-3[2]"),
    "V2-0210": ("ORU", b"|NM|", b"||", "OBX[1]-2"),
    "V2-0211": ("ORU", b"|NM|", b"|QQ|", "OBX[1]-2"),
    "V2-0301": ("ADT", b"|Hives", b"|Hives all over the back", "AL1-5"),
    "V2-0302": ("ORU", b"|5.40|", b"|>10|", "OBX[1]-5"),
    "V2-0303": ("ADT", b"PID|1|", b"PID|-1|", "PID-1"),
    "V2-0304": ("ORU", b"|20240102||||||F\rOBX|7", b"|20240230||||||F\rOBX|7", "OBX[6]-5"),
    "V2-0305": ("ORU", b"|1201|", b"|1260|", "OBX[5]-5"),
    "V2-0306": ("ADT", b"|19800103|", b"|19800231|", "PID-7.1"),
    "V2-0307": ("ORU", b"|5.40|", b"|5.40^6|", "OBX[1]-5"),
    "V2-0308": ("ORU", b"\\X0D\\ text", b"C:\\temp", "OBX[7]-5"),
    "V2-0309": ("ORU", b"\\X0D\\", b"\\Q\\", "OBX[7]-5"),
    "V2-0310": ("ORU", b"\\X0D\\", b"\\X0\\", "OBX[7]-5"),
    "V2-0311": ("ORU", b"<^0.2", b"~^0.2".replace(b"~", b"approx"), "OBX[2]-5"),
    "V2-0312": ("ORU", b"^QUJD", b"^QUJ", "OBX[3]-5.5"),
    "V2-0313": ("ADT", b"1234567^4^M11", b"1234567^5^M11", "PID-3.2"),
    "V2-0401": ("ORU", b"|||F\rOBX|2", b"|||Q\rOBX|2", "OBX[1]-11"),
    "V2-0402": ("ADT", b"PV1|1|I|", b"PV1|1|Q|", "PV1-2"),
    "V2-0403": ("ADT", b"|SPO^Spouse^HL70063", b"|HUSBAND", "NK1-3.1"),
}
"""Rule → message, what is replaced in it, by what, and where the finding must stand."""


def _issues(raw: bytes) -> tuple[Issue, ...]:
    return validate_message(er7.parse(raw))


def _broken(rule: str) -> tuple[bytes, str]:
    base, old, new, path = BROKEN[rule]
    whole = {"ADT": ADT, "ORU": ORU}[base]
    assert whole.count(old) == 1, f"{rule}: {old!r} stands {whole.count(old)} times"
    return whole.replace(old, new), path


def test_every_rule_has_its_example() -> None:
    assert sorted(BROKEN) == sorted(rule.id for rule in RULES)


@pytest.mark.parametrize("base", [ADT, ORU], ids=["ADT", "ORU"])
def test_a_message_by_the_standard_has_no_finding(base: bytes) -> None:
    assert [(issue.rule, issue.location.path, issue.text) for issue in _issues(base)] == []


@pytest.mark.parametrize("rule", sorted(BROKEN))
def test_a_broken_rule_is_found_at_its_place(rule: str) -> None:
    raw, path = _broken(rule)
    found = [issue.location.path for issue in _issues(raw) if issue.rule == rule]
    assert found == [path]


@pytest.mark.parametrize("rule", sorted(BROKEN))
def test_every_finding_stands_on_bytes_of_the_message_and_reads_as_a_sentence(rule: str) -> None:
    raw, _ = _broken(rule)
    for issue in _issues(raw):
        assert issue.location.span is not None
        assert 0 <= issue.location.span.start <= issue.location.span.end <= len(raw)
        assert issue.text and not re.search(r"[{}]", issue.text)
        assert issue.source is not None


@pytest.mark.parametrize("rule", sorted(BROKEN))
def test_a_finding_keeps_patient_values_to_one_argument(rule: str) -> None:
    """Whatever else is said in a sentence is of the standard, not of the patient."""
    raw, _ = _broken(rule)
    for issue in _issues(raw):
        told = " ".join(value for key, value in issue.args.items() if key != "value")
        for value in (b"DOE", b"JOHN", b"1234567", b"19800103", b"SPRINGFIELD", b"5.40"):
            assert value.decode() not in told


def test_rules_are_explained() -> None:
    assert set(V2_RULES) <= set(rules())
    for rule in RULES:
        assert re.fullmatch(r"V2-\d{4}", rule.id)
        assert rule.title.endswith(".") and rule.explanation.endswith((".", ":"))
        assert rule.source.section
