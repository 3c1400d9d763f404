from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.kernel.issues import Severity
from workbench.v2 import er7
from workbench.validation import v2_plan
from workbench.validation.v2_validator import V2Options, validate_message

MESSAGE = (
    "MSH|^~\\&|LAB|GHH|EHR|GHH|20240102030405||ORU^R01^ORU_R01|43|P|{version}\r"
    "PID|1||1^^^GHH^MR||DOE^JOHN||19800103|M\r"
    "OBR|1||F1^LAB|24323-8^Metabolic panel^LN|||20240102020000\r"
    "OBX|1|{type}|2345-7^Glucose^LN||{value}|mmol/L^mmol/L^UCUM|3.9-5.8|N|||F\r"
)


STANDARD = V2Options()


def _rules(text: str, options: V2Options = STANDARD) -> list[str]:
    return [issue.rule for issue in validate_message(er7.parse(text.encode()), options)]


def _observation(data_type: str, value: str, version: str = "2.5.1") -> list[str]:
    return _rules(MESSAGE.format(version=version, type=data_type, value=value))


@pytest.mark.parametrize(
    ("data_type", "value", "rules"),
    [
        ("NM", "5.40", []),
        ("NM", "abc", ["V2-0302"]),
        ("NM", "NaN", ["V2-0302"]),
        ("NM", "1E5", ["V2-0302"]),
        ("NM", ">10", ["V2-0302"]),
        ("NM", "5^6", ["V2-0307"]),
        ("NM", '""', []),
        ("NM", "", []),
        ("NM", "1~x", ["V2-0302"]),
        ("CWE", "260373001^Detected^SCT", []),
        ("CE^^HL70125", "260373001^Detected^SCT", ["V2-0301", "V2-0307"]),
        ("", "", []),
        ("", '""', []),
        ("", "5", ["V2-0210"]),
        ("ZZ", "5", ["V2-0211"]),
        ("ST", "a\\T\\b \\.br\\ c", []),
        ("FT", "a\\.sp+2\\b\\H\\c\\N\\ \\ZLOCAL\\ \\C2842\\", []),
        ("ST", "a & b", ["V2-0307"]),
        ("TX", "half \\F", ["V2-0308"]),
        ("CX", "^^^GHH^MR", ["V2-0208"]),
        ("XPN", "DOE^JOHN^^^^^Q", ["V2-0401"]),
        ("DTM", "20240102030405.1234+0100", []),
        ("TS", "2024010203040", ["V2-0306"]),
    ],
)
def test_an_observation_is_judged_by_its_type(data_type: str, value: str, rules: list[str]) -> None:
    assert _observation(data_type, value) == rules


def test_null_is_present_and_empty() -> None:
    text = MESSAGE.format(version="2.5.1", type="NM", value="1").replace("|19800103|M", '|""|""')
    assert _rules(text) == []


@pytest.mark.parametrize(("number", "rules"), [("1" * 14, []), ("1" * 15, ["V2-0301"])])
def test_lengths_are_counted_on_the_unescaped_text(number: str, rules: list[str]) -> None:
    text = MESSAGE.format(version="2.5.1", type="NM", value="1").replace(
        "|M\r", "|M|||||||||||" + number + "\\T\\\\T\\\r"
    )
    assert _rules(text) == rules, "PID-19 may have 16 characters"


def test_what_compilations_state_differently_is_a_warning_that_says_so() -> None:
    text = MESSAGE.format(version="2.3", type="NM", value="1").replace("DOE^JOHN", "")
    (missing,) = [issue for issue in validate_message(er7.parse(text.encode())) if issue.location.path == "PID-5"]
    assert missing.severity is Severity.WARNING
    assert "differ on this point" in missing.text


def test_an_unknown_version_is_checked_against_its_nearest_relative() -> None:
    issues = validate_message(er7.parse(MESSAGE.format(version="2.9", type="NM", value="x").encode()))
    assert {issue.rule for issue in issues} >= {"V2-0302"}
    assert "V2-0014" not in {issue.rule for issue in issues}, "2.9 is published"
    assert "V2-0014" in _observation("NM", "1", "3.0")


def test_an_empty_version_is_a_missing_field_and_nothing_else() -> None:
    assert _observation("NM", "1", "") == ["V2-0201"]


def test_a_site_can_change_severities_switch_rules_off_and_overrule_the_version() -> None:
    text = MESSAGE.format(version="2.5.1", type="NM", value="x")
    (issue,) = validate_message(er7.parse(text.encode()), V2Options(severities={"V2-0302": Severity.INFORMATION}))
    assert issue.severity is Severity.INFORMATION
    assert _rules(text, V2Options(disabled=frozenset({"V2-0302"}))) == []
    assert "V2-0208" in _rules(text.replace("^LAB|", "|").replace("1^^^GHH^MR", "1"), V2Options(version="2.8"))


def test_other_delimiters_are_judged_by_their_own_meaning() -> None:
    text = MESSAGE.format(version="2.5.1", type="NM", value="5|6").replace("^", "!").replace("MSH|!~", "MSH|!~")
    assert _rules(text.replace("5|6", "5^6")) == ["V2-0302"], "^ is no separator here"
    assert _rules(text.replace("5|6", "5!6")) == ["V2-0307"]


def test_verdicts_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v2_plan, "REMEMBERED_VALUES", 5)
    v2_plan.plan_for.cache_clear()
    for number in range(40):
        assert _observation("NM", str(number)) == []
        assert _observation("NM", f"x{number}") == ["V2-0302"]
        assert _observation("NM", f"x{number}") == ["V2-0302"], "the same from memory"
    plan = v2_plan.plan_for("2.5.1", er7.parse(MESSAGE.encode()).delimiters).observation_value("NM")
    assert plan is not None and len(plan.verdicts) <= 5
    v2_plan.plan_for.cache_clear()


@pytest.mark.parametrize("value", ["\\Q\\" * 5000, "~".join(["x"] * 5000)])
def test_a_field_that_is_broken_throughout_is_not_judged_to_its_end(value: str) -> None:
    found = _observation("NM" if "x" in value else "TX", value)
    assert len(found) == v2_plan.REPORTED_PER_FIELD


def test_findings_come_in_the_order_of_the_message() -> None:
    text = MESSAGE.format(version="2.5.1", type="NM", value="x").replace("PID|1", "PID|A").replace("|19800103|", "|x|")
    issues = validate_message(er7.parse(text.encode()))
    assert [issue.location.path for issue in issues] == ["PID-1", "PID-7.1", "OBX-5"]


def test_a_finding_stands_on_the_bytes_it_is_about() -> None:
    text = MESSAGE.format(version="2.5.1", type="NM", value="x").replace("JOHN", "JÖHN")
    raw = text.encode()
    spans = {issue.rule: issue.location.span for issue in validate_message(er7.parse(raw))}
    span = spans["V2-0302"]
    assert span is not None and raw[span.start : span.end] == b"x"


LINE = st.text(alphabet="PIDOBXMSHZ|^~\\&\"'129A.# \t\x0b\xe4\udcff", max_size=40)


@given(
    st.lists(LINE, max_size=8),
    st.sampled_from(["2.1", "2.3", "2.5.1", "2.8.2", "", "9"]),
    st.text("|^~\\&#!", max_size=6),
)
def test_no_message_however_damaged_ends_in_an_exception(lines: list[str], version: str, delimiters: str) -> None:
    text = "\r".join([f"MSH|{delimiters}|A|B|C|D|20240101||ADT^A01|1|P|{version}", *lines])
    raw = text.encode("utf-8", "surrogateescape")
    for issue in validate_message(er7.parse(raw)):
        assert issue.text
        assert issue.location.span is not None and issue.location.span.end <= len(raw)


BEGINNING = re.compile(rb"^MSH(?=[^\w\s])", re.MULTILINE)


@pytest.mark.corpus
def test_the_corpus_is_judged_without_a_traceback(corpus_root: Path) -> None:
    judged = 0
    for path in sorted((corpus_root / "v2").rglob("*")):
        content = path.read_bytes().replace(b"\r", b"\n") if path.is_file() else b""
        starts = [match.start() for match in BEGINNING.finditer(content)]
        for start, end in pairwise([*starts, len(content)]):
            raw = content[start:end]
            for issue in validate_message(er7.parse(raw)):
                assert issue.text
                assert issue.location.span is not None and issue.location.span.end <= len(raw), path.name
            judged += 1
    assert judged > 1000
