from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.validation.profile_samples import GOOD, write_bundle
from workbench.kernel.issues import Issue, Severity
from workbench.v2.er7 import parse
from workbench.validation.profiles.load import load_profile
from workbench.validation.profiles.profile_validator import ProfileValidator
from workbench.validation.validator import rules

REMARKS = {"V2-0582"}
"""The plug-in of the sample is remarked on in every message."""


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> ProfileValidator:
    return ProfileValidator(load_profile(write_bundle(tmp_path_factory.mktemp("profile"))))


def _told(validator: ProfileValidator, raw: bytes) -> list[tuple[str, str]]:
    """Category and path of every finding but the plug-in's."""
    issues = validator.validate(parse(raw))
    return [(rules()[issue.rule].category, issue.location.path) for issue in issues if issue.rule not in REMARKS]


def test_a_message_that_fits_has_no_findings(validator: ProfileValidator) -> None:
    assert _told(validator, GOOD) == []


CASES = [
    ("missing R field", (b"|123^^L^HOSP", b"|"), [("Usage", "PID-3")]),
    ("missing R component", (b"123^^L^HOSP", b"^^L^HOSP"), [("Usage", "PID-3.1")]),
    ("missing RE field is a warning", (b"||DOE", b"||"), [("Usage", "PID-5")]),
    ("missing RE segment", (b"NK1|1\r", b""), [("Usage", "NK1")]),
    ("X field", (b"PID|1||", b"PID|1|7|"), [("Usage", "PID-2")]),
    ("W field", (b"HOSP||DOE", b"HOSP|7|DOE"), [("Usage", "PID-4")]),
    ("X component", (b"123^^L", b"123^4^L"), [("Usage", "PID-3.2")]),
    ("X segment", (b"OBR|1\r", b"PD1|a\rOBR|1\r"), [("Usage", "PD1")]),
    ("too many repetitions", (b"HOSP|", b"HOSP~1^^L^A~2^^L^A|"), [("Cardinality", "PID-3[3]")]),
    ("too many segments", (b"NK1|1\r", b"NK1|1\rNK1|2\rNK1|3\r"), [("Cardinality", "NK1")]),
    ("null beside another repetition", (b"HOSP|", b'HOSP~""|'), [("Cardinality", "PID-3[2]")]),
    ("too long", (b"|DOE|", b"|DOEDOEDOEDOEDOEDOEDOE|"), [("Length", "PID-5")]),
    ("beyond a conformance length that must not be cut", (b"|BOB|", b"|BOBBOB|"), [("Length", "PID-6")]),
    ("no date", (b"|19800102|", b"|19801302|"), [("Format", "PID-7")]),
    ("unescaped separator", (b"|DOE|", b"|D&E|"), [("Unescaped Separator", "PID-5")]),
    ("extra component", (b"123^^L^HOSP", b"123^^L^HOSP^MR"), [("Extra", "PID-3")]),
    ("extra field", (b"OBR|1\r", b"OBR|1|2\r"), [("Extra", "OBR")]),
    ("constant", (b"|YES|", b"|NO|"), [("Constant Value", "PID-9")]),
    ("code of a required set", (b"|F|", b"|X|"), [("Code Not Found", "PID-8")]),
    ("excluded code", (b"|F|", b"|U|"), [("EVS", "PID-8")]),
    ("permitted code in a closed set", (b"|F|", b"|M|"), [("PVS", "PID-8"), ("VS Error", "PID-8")]),
    ("code with another system", (b"1^one^L", b"1^one^M"), [("Code Not Found", "PID-10")]),
    ("code without its system", (b"1^one^L", b"1^one"), [("Code Not Found", "PID-10")]),
    ("code by its pattern", (b"1^one^L", b"95^x^L"), []),
    ("absent value set", (b"1^one^L\r", b"1^one^L|q\r"), [("VS Not Found", "PID-11")]),
    ("no length stated", (b"1^one^L\r", b"1^one^L||q\r"), [("Length Spec Error", "PID-12")]),
    ("suggested code is only noted", (b"1^one^L\r", b"1^one^L|||q\r"), [("Code Not Found", "PID-13")]),
    ("no strength", (b"1^one^L\r", b"1^one^L||||F\r"), [("Undetermined Binding Strength", "PID-14")]),
    ("varying field of an unknown type", (b"|ST|", b"|XX|"), [("Unresolved Field Model", "OBX[2]-5")]),
    ("varying field by its type", (b"||80|bpm", b"||high|bpm"), [("Format", "OBX[1]-5")]),
    ("condition of a component demands", (b"123^^L^HOSP", b"123^^L"), [("Predicate Failure", "PID-3.4")]),
    ("condition of a component excludes", (b"123^^L^HOSP", b"123^^^HOSP"), [("Predicate Failure", "PID-3.4")]),
    ("condition of a segment demands", (b"80|bpm", b"80"), [("Predicate Failure", "OBX[1]-6")]),
    ("condition of a segment excludes", (b"||fine\r", b"||fine|kg\r"), [("Predicate Failure", "OBX[2]-6")]),
    ("condition of a group demands", (b"TEXT^^L||", b"TEXT^^L|NOTE|"), [("Predicate Failure", "NTE")]),
    ("statement", (b"PID|1|", b"PID|2|"), [("Constraint Failure", "PID-1")]),
    ("statement about every repetition", (b"HOSP|", b"HOSP~x^^L^A|"), [("Constraint Failure", "PID-3[2].1")]),
    ("numbers count in their group", (b"OBX|2", b"OBX|3"), [("Constraint Failure", "OBX[2]-1")]),
    ("slice by a code", (b"HR^^L||80", b"WEIGHT^^L||8000"), [("Length", "OBX[1]-5")]),
    ("co-constraint", (b"TEXT^^L", b"TEMP^^L"), [("Co-Constraint", "OBX[2]-2")]),
    ("unknown segment", (b"OBR|1\r", b"ZZ1|1\rOBR|1\r"), [("Unexpected", "ZZ1")]),
    ("unclosed escape", (b"|DOE|", b"|D\\OE|"), [("Escape", "PID-5")]),
    ("line that is no segment", (b"OBR|1\r", b"OBR|1\rgarbage\r"), [("Invalid Content", "")]),
]


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_change_has_its_findings_and_no_others(
    validator: ProfileValidator, change: tuple[bytes, bytes], expected: list[tuple[str, str]]
) -> None:
    raw = GOOD.replace(change[0], change[1], 1)
    assert raw != GOOD
    assert _told(validator, raw) == expected


def test_null_is_present_and_judged_by_its_code_alone(validator: ProfileValidator) -> None:
    assert _told(validator, GOOD.replace(b"|DOE|", b'|""|')) == []
    assert _told(validator, GOOD.replace(b"|19800102|", b'|""|')) == []


def test_a_segment_too_late_leaves_those_behind_it_without_a_place(validator: ProfileValidator) -> None:
    raw = GOOD.replace(b"NK1|1\r", b"").replace(b"OBR|1\r", b"OBR|1\rNK1|1\r")
    unexpected = [path for category, path in _told(validator, raw) if category == "Unexpected"]
    assert unexpected == ["NK1", "OBX", "OBX"]


def test_what_another_program_must_decide_is_the_profiles_fault(validator: ProfileValidator) -> None:
    remarks = [issue for issue in validator.validate(parse(GOOD)) if issue.rule == "V2-0582"]
    assert [(issue.severity, issue.location.path) for issue in remarks] == [(Severity.INFORMATION, "OBR")]


def test_findings_stand_on_their_bytes_and_name_their_segment(validator: ProfileValidator) -> None:
    raw = GOOD.replace(b"|DOE|", "|DÖE&X|".encode()).replace(b"2.5.1\r", b"2.5.1||||||UNICODE UTF-8\r")
    issue = next(issue for issue in validator.validate(parse(raw)) if issue.rule == "V2-0514")
    assert issue.location.span is not None
    assert raw[issue.location.span.start : issue.location.span.end] == "DÖE&X".encode()
    assert issue.args["line"] == "2"


def test_a_site_changes_severities(tmp_path: Path) -> None:
    profile = load_profile(write_bundle(tmp_path / "p"))
    raw = GOOD.replace(b"|F|", b"|X|")
    lenient = ProfileValidator(profile, {"V2-0551": Severity.WARNING})

    def severity(issues: tuple[Issue, ...]) -> Severity:
        return next(issue.severity for issue in issues if issue.rule == "V2-0551")

    assert severity(ProfileValidator(profile).validate(parse(raw))) is Severity.ERROR
    assert severity(lenient.validate(parse(raw))) is Severity.WARNING


def test_a_site_silences_rules(tmp_path: Path) -> None:
    profile = replace(load_profile(write_bundle(tmp_path / "p")), severities={"V2-0582": "off", "V2-0557": "off"})
    raw = GOOD.replace(b"|F|", b"|M|")
    assert [issue.rule for issue in ProfileValidator(profile).validate(parse(raw))] == ["V2-0556"]


def test_other_delimiters_are_judged_alike(validator: ProfileValidator) -> None:
    raw = GOOD.replace(b"|", b"*").replace(b"^", b"$")
    assert _told(validator, raw) == []


def test_every_rule_has_a_category() -> None:
    assert all(rule.category for id_, rule in rules().items() if id_.startswith("V2-05"))
