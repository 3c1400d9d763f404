from __future__ import annotations

from collections import Counter

from workbench.v2.er7 import parse
from workbench.validation import v2_validator
from workbench.validation.v2_validator import validate_message

HEAD = "MSH|^~\\&|LAB|GH|WB|T|20250101||ORU^R01^ORU_R01|G1|P|2.5.1\rPID|1||7||Roe^Ann\rOBR|1|||X\r"


def test_beyond_the_most_findings_each_rule_is_told_and_then_counted(monkeypatch) -> None:
    monkeypatch.setattr(v2_validator, "MOST_FINDINGS", 50)
    lines = [f"OBX|{n}|NM|A^B^L||x|mg/dL||||||{'' if n < 300 else 'nonsense'}\r" for n in range(1, 401)]
    issues = validate_message(parse((HEAD + "".join(lines)).encode()))
    told = Counter(issue.rule for issue in issues)
    counted = {issue.rule: issue.text for issue in issues if "more times" in issue.text}
    assert len(issues) < 100
    assert set(told) == {issue.rule for issue in validate_whole(lines)}
    assert counted and all(told[rule] >= 2 for rule in counted)
    whole = Counter(issue.rule for issue in validate_whole(lines))
    for rule, text in counted.items():
        further = int(text.split("found ")[1].split()[0].replace(",", ""))
        assert told[rule] - 1 + further == whole[rule]


def validate_whole(lines: list[str]):
    with_all = v2_validator.MOST_FINDINGS
    try:
        v2_validator.MOST_FINDINGS = 1_000_000
        return validate_message(parse((HEAD + "".join(lines)).encode()))
    finally:
        v2_validator.MOST_FINDINGS = with_all
