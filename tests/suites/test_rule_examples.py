"""Examples of single rules: what a rule adds is found, compared, accepted, and missed where it is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.app.operations.suites import accept_suite_at, checks_of, run_suite_at
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.suites.evidence import collect_evidence
from workbench.suites.examples.example import load_examples
from workbench.suites.examples.run import run_examples
from workbench.suites.results import Outcome, SuiteRun

PACKAGE = """\
id: small
version: 1.0.0
direction: v2-to-fhir
identity: https://example.org/ids
ignore:
  - {id: header, from: "MSH", reason: Nothing of it is needed.}
"""
MESSAGES = """\
map: ADT
for: ["ADT^*"]
rows:
  - {id: patient, from: PID, make: Patient, using: PID-Patient, identity: [PID-3.1]}
  - {id: visit, from: PV1, make: Encounter, using: PV1-Encounter, link: {subject: patient}}
"""
PATIENT = """\
map: PID-Patient
from: PID
to: Patient
rules:
  - {id: pid-3, from: PID-3, to: identifier, using: CX-Identifier}
  - {id: pid-7, from: PID-7, to: birthDate}
  - id: deceased
    first-of:
      - {id: pid-29, from: PID-29, to: deceasedDateTime}
      - {id: pid-30, when: PID-30 = 'Y', to: deceasedBoolean, literal: true, accounts-for: PID-30}
"""
VISIT = """\
map: PV1-Encounter
from: PV1
to: Encounter
rules:
  - {id: status, to: status, literal: unknown}
  - {id: pv1-19, from: PV1-19, to: identifier, using: CX-Identifier}
"""
IDENTIFIER = """\
map: CX-Identifier
from: CX
to: Identifier
rules:
  - {id: cx-1, from: CX.1, to: value}
"""
EXAMPLES = {
    "PID-Patient": """\
map: PID-Patient
input: PID|1||4711||||19800229||||||||||||||||||||||20240102
examples:
  pid-30:   # a comment that must stay
    input: PID|1||4711|||||||||||||||||||||||||||Y
""",
    "PV1-Encounter": "map: PV1-Encounter\ninput: PV1|1||||||||||||||||||V9\n",
    "CX-Identifier": "map: CX-Identifier\nwithin: PV1-Encounter\ninput: PV1|1||||||||||||||||||V9\n",
    "ADT": """\
map: ADT
input: |
  PID|1||4711
  PV1|1||||||||||||||||||V9
""",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    files = {
        "package.yaml": PACKAGE,
        "messages/ADT.yaml": MESSAGES,
        "segments/PID-Patient.yaml": PATIENT,
        "segments/PV1-Encounter.yaml": VISIT,
        "types/CX-Identifier.yaml": IDENTIFIER,
        **{f"examples/{name}.yaml": text for name, text in EXAMPLES.items()},
    }
    for name, text in files.items():
        path = tmp_path / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "small"


def accepted(package: Path) -> Path:
    accept_suite_at(package / "examples", JobContext())
    return package


def outcome_of(run: SuiteRun, case: str) -> Outcome:
    return next(each.outcome for each in run.cases if each.id == case)


@pytest.mark.parametrize("escape", ["\\N", "\\L", "\\P"], ids=["U+0085", "U+2028", "U+2029"])
def test_what_yaml_would_take_for_the_end_of_a_line_is_written_as_an_escape(package: Path, escape: str) -> None:
    path = package / "examples/PV1-Encounter.yaml"
    path.write_text(f'map: PV1-Encounter\ninput: "PV1|1||||||||||||||||||V{escape}9"\n', encoding="utf-8")
    assert outcome_of(run_examples(accepted(package)), "PV1-Encounter/pv1-19") is Outcome.PASSED
    character = {"\\N": "\x85", "\\L": "\u2028", "\\P": "\u2029"}[escape]
    (example,) = [each for each in load_examples(path).examples if each.name == "pv1-19"]
    assert example.gives == {"Encounter.identifier": [{"value": f"V{character}9"}]}
    before = path.read_bytes()
    accepted(package)
    assert path.read_bytes() == before


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"], ids=["U+0085", "U+2028", "U+2029"])
def test_such_a_character_outside_of_gives_stays(package: Path, character: str) -> None:
    path = package / "examples/PV1-Encounter.yaml"
    path.write_text(f"# one{character}# two\nmap: PV1-Encounter\ninput: PV1|1||||||||||||||||||V9\n", encoding="utf-8")
    assert outcome_of(run_examples(accepted(package)), "PV1-Encounter/pv1-19") is Outcome.PASSED
    assert path.read_text(encoding="utf-8").startswith(f"# one{character}# two\nmap: PV1-Encounter\n")


def test_accepting_writes_what_each_rule_adds_and_makes_the_examples_pass(package: Path) -> None:
    run = run_examples(accepted(package))
    assert {case.id for case in run.cases if case.outcome is not Outcome.PASSED} == set()
    examples = {each.name: each for each in load_examples(package / "examples/PID-Patient.yaml").examples}
    assert examples["pid-7"].gives == {"Patient.birthDate": "1980-02-29"}
    assert examples["pid-29"].gives == {"Patient.deceasedDateTime": "2024-01-02"}
    assert examples["pid-30"].gives == {"Patient.deceasedBoolean": True}
    assert "# a comment that must stay" in (package / "examples/PID-Patient.yaml").read_text()


def test_a_rule_of_a_type_map_is_tried_within_a_segment(package: Path) -> None:
    accepted(package)
    (example,) = load_examples(package / "examples/CX-Identifier.yaml").examples
    made = {"resourceType": "Encounter", "status": "unknown", "identifier": [{"value": "V9"}]}
    assert example.gives == {"Encounter": made}  # a constant alone makes no resource


def test_a_row_shows_the_elements_it_makes_and_the_links_to_it(package: Path) -> None:
    accepted(package)
    examples = {each.name: each.gives for each in load_examples(package / "examples/ADT.yaml").examples}
    assert examples["patient"] == {"Encounter.subject": {"reference": "Patient"}, "Patient": ["identifier"]}
    assert examples["visit"] == {"Encounter": ["identifier", "status", "subject"]}


def test_a_rule_that_does_something_else_now_is_a_change(package: Path) -> None:
    accepted(package)
    rules = package / "segments/PID-Patient.yaml"
    rules.write_text(rules.read_text().replace("from: PID-7, to: birthDate", "from: PID-29, to: birthDate"))
    run = run_examples(package)
    (case,) = [case for case in run.cases if case.id == "PID-Patient/pid-7"]
    assert case.outcome is Outcome.CHANGED
    assert [(change.path, change.before, change.after) for change in case.changes] == [
        ("Patient.birthDate", "1980-02-29", "2024-01-02")
    ]


def test_an_example_on_which_the_rule_does_nothing_fails(package: Path) -> None:
    accepted(package)
    examples = package / "examples/PID-Patient.yaml"
    examples.write_text(examples.read_text().replace("||||19800229|", "|||||"))
    run = run_examples(package)
    assert outcome_of(run, "PID-Patient/pid-7") is Outcome.FAILED
    assert not run.passed


def test_a_rule_without_an_example_fails_the_run(package: Path) -> None:
    accepted(package)
    rules = package / "segments/PID-Patient.yaml"
    rules.write_text(rules.read_text() + "  - {id: pid-8, from: PID-8, to: gender}\n")
    run = run_examples(package)
    (case,) = [case for case in run.cases if case.outcome is Outcome.FAILED]
    assert case.issues[0].rule == "SUI-0120"
    assert "pid-8" in case.issues[0].text


def test_a_map_without_a_file_of_examples_fails_the_run(package: Path) -> None:
    accepted(package)
    (package / "examples/ADT.yaml").unlink()
    run = run_examples(package)
    assert outcome_of(run, "ADT/(rules without an example)") is Outcome.FAILED


def test_an_example_of_a_rule_that_is_gone_fails(package: Path) -> None:
    accepted(package)
    rules = package / "segments/PID-Patient.yaml"
    rules.write_text(rules.read_text().replace("  - {id: pid-7, from: PID-7, to: birthDate}\n", ""))
    assert outcome_of(run_examples(package), "PID-Patient/pid-7") is Outcome.FAILED


def test_a_package_runs_with_all_its_suites_and_examples(package: Path) -> None:
    accepted(package)
    suite = package / "suites/main/suite.yaml"
    suite.parent.mkdir(parents=True)
    suite.write_text(
        "suite: small/main\nmapping: ../..\ninputs:\n  - {scenario: deceased}\ninvariants: [references-resolve]\n"
    )
    accept_suite_at(package / "suites/main", JobContext())
    run = run_suite_at(package, JobContext())
    assert run.passed
    assert {case.id.split("/")[0] for case in run.cases} == {"small", "examples"}
    assert [path.name for path in checks_of(package)] == ["main", "examples"]
    assert [each.suite for each in collect_evidence(package)] == ["small/main", "examples"]


def test_worker_processes_give_the_same_results(package: Path) -> None:
    accepted(package)
    alone, spread = run_examples(package), run_examples(package, workers=2)
    assert [(case.id, case.outcome) for case in spread.cases] == [(case.id, case.outcome) for case in alone.cases]


def test_examples_that_lines_cannot_be_put_into_are_left_alone(package: Path) -> None:
    path = package / "examples/PID-Patient.yaml"
    path.write_text("map: PID-Patient\nexamples: {pid-7: {input: PID|1||4711||||19800229}}\n")
    before = path.read_bytes()
    with pytest.raises(Refused) as refusal:
        accept_suite_at(package / "examples", JobContext())
    assert refusal.value.code == "SUI-0021"
    assert path.read_bytes() == before


def test_a_file_for_a_map_that_is_not_there_is_refused(package: Path) -> None:
    (package / "examples/PID-Person.yaml").write_text("map: PID-Person\ninput: PID|1\n")
    with pytest.raises(Refused) as refusal:
        run_examples(package)
    assert refusal.value.code == "SUI-0020"


# --- the other directions ---------------------------------------------------------------------------------------------

TO_V2 = {
    "package.yaml": """\
id: small-to-v2
version: 1.0.0
direction: fhir-to-v2
source: {standard: FHIR, version: 4.0.1}
target: {standard: HL7 v2, version: "2.5.1"}
""",
    "messages/PERSON.yaml": """\
map: PERSON
for: [Patient]
rows:
  - {id: msh, from: $this, make: MSH, using: Patient-MSH}
  - {id: patient, from: Patient, make: PID, using: Patient-PID}
  - {id: contacts, within: patient, from: contact, make: NK1, using: Contact-NK1}
""",
    "segments/Patient-MSH.yaml": """\
map: Patient-MSH
from: Patient
to: MSH
rules:
  - {id: control-id, from: $message-id, to: MSH-10}
  - {id: event, to: MSH-9.2, literal: A31}
""",
    "segments/Patient-PID.yaml": """\
map: Patient-PID
from: Patient
to: PID
rules:
  - {id: set-id, from: $number, to: PID-1}
  - {id: names, from: name, to: PID-5, using: HumanName-XPN}
  - {id: birth-date, from: birthDate, to: PID-7}
  - {id: language, from: "contact.name.text", to: PID-15, accounts-for: [language]}
""",
    "segments/Contact-NK1.yaml": """\
map: Contact-NK1
from: Patient.contact
to: NK1
rules:
  - {id: set-id, from: $number, to: NK1-1}
  - {id: name, from: name, to: NK1-2, using: HumanName-XPN}
""",
    "types/HumanName-XPN.yaml": """\
map: HumanName-XPN
from: HumanName
to: XPN
rules:
  - {id: family, from: family, to: XPN.1.1}
  - {id: given, from: given, to: XPN.2, repeat: first}
""",
    "examples/PERSON.yaml": """\
map: PERSON
input: |
  {"resourceType": "Patient", "name": [{"family": "Doe"}], "contact": [{"name": {"family": "Roe"}}]}
""",
    "examples/Patient-MSH.yaml": 'map: Patient-MSH\ninput: |\n  {"resourceType": "Patient"}\n',
    "examples/Patient-PID.yaml": """\
map: Patient-PID
input: |
  {"resourceType": "Patient", "language": "en", "birthDate": "1980-02-29",
   "name": [{"family": "Doe", "given": ["Jane"]}, {"family": "Roe"}], "contact": [{"name": {"text": "Bo"}}]}
""",
    "examples/Contact-NK1.yaml": """\
map: Contact-NK1
input: |
  {"resourceType": "Patient", "contact": [{"name": {"family": "Roe"}}]}
""",
    "examples/HumanName-XPN.yaml": """\
map: HumanName-XPN
within: Patient-PID
input: |
  {"resourceType": "Patient", "birthDate": "1980-02-29", "name": [{"family": "Doe", "given": ["Jane"]}]}
""",
}
V2_TO_V2 = {
    "package.yaml": """\
id: small-v2
version: 1.0.0
direction: v2-to-v2
source: {standard: HL7 v2, version: "2.3"}
target: {standard: HL7 v2, version: "2.5.1"}
""",
    "messages/EVERY.yaml": """\
map: EVERY
for: "*"
rows:
  - {id: msh, from: MSH, make: MSH, using: MSH-MSH}
  - {id: pid, from: PID, make: PID, using: PID-PID}
""",
    "segments/MSH-MSH.yaml": """\
map: MSH-MSH
from: MSH
to: MSH
rules:
  - {id: version, from: MSH-12.1, to: MSH-12.1, literal: 2.5.1}
""",
    "segments/PID-PID.yaml": """\
map: PID-PID
from: PID
to: PID
rules:
  - {id: old-number, from: PID-2, to: PID-3}
  - {id: number, from: PID-3, to: PID-3}
  - {id: name, from: PID-5, to: PID-5, transform: upper}
""",
    "examples/EVERY.yaml": "map: EVERY\ninput: PID|1||4711||Doe\n",
    "examples/MSH-MSH.yaml": "map: MSH-MSH\ninput: PID|1||4711||Doe\n",
    "examples/PID-PID.yaml": "map: PID-PID\ninput: PID|1|0815|4711||Doe\n",
}
FHIR_TO_FHIR = {
    "package.yaml": """\
id: small-fhir
version: 1.0.0
direction: fhir-to-fhir
source: {standard: FHIR, version: 4.0.1}
target: {standard: FHIR, version: 4.0.1}
""",
    "messages/PATIENT.yaml": """\
map: PATIENT
for: [Patient]
rows:
  - {id: patient, from: Patient, make: Patient, using: Patient-Patient}
""",
    "segments/Patient-Patient.yaml": """\
map: Patient-Patient
from: Patient
to: Patient
rules:
  - {id: active, to: active, literal: true}
  - {id: birth-date, from: birthDate, to: birthDate}
""",
    "examples/PATIENT.yaml": 'map: PATIENT\ninput: |\n  {"resourceType": "Patient", "birthDate": "1980-02-29"}\n',
    "examples/Patient-Patient.yaml": """\
map: Patient-Patient
input: |
  {"resourceType": "Patient", "birthDate": "1980-02-29"}
""",
}


def gives_of(folder: Path, files: dict[str, str], name: str) -> dict[str, object]:
    """What accepting wrote into the examples of one map; all examples of the package then pass."""
    for file, text in files.items():
        path = folder / "small" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    run = run_examples(accepted(folder / "small"))
    assert [(case.id, case.outcome) for case in run.cases if case.outcome is not Outcome.PASSED] == []
    examples = load_examples(folder / "small" / "examples" / f"{name}.yaml").examples
    return {each.name: each.gives for each in examples}


def test_what_a_rule_writes_into_a_message_is_told_field_by_field(tmp_path: Path) -> None:
    assert gives_of(tmp_path, TO_V2, "Patient-PID") == {
        "set-id": {"PID-1": "1"},  # only the rule that numbers shows numbers
        "names": {"PID-5": "Doe^Jane~Roe"},
        "birth-date": {"PID-7": "19800229"},
        "language": {"PID-15": "Bo"},
    }


def test_a_type_map_over_fhir_is_tried_in_the_fields_that_use_it(tmp_path: Path) -> None:
    gives = gives_of(tmp_path, TO_V2, "HumanName-XPN")
    assert gives == {"family": {"PID-5.1": "Doe"}, "given": {"PID-5.2": "Jane"}}


def test_a_row_over_fhir_shows_the_segments_and_fields_it_makes(tmp_path: Path) -> None:
    assert gives_of(tmp_path, TO_V2, "PERSON") == {
        "msh": {"MSH": ["MSH-9"]},
        "patient": {"PID": ["PID-5"], "NK1": ["NK1-2"]},  # what stands within it goes with it
        "contacts": {"NK1": ["NK1-2"]},
    }


def test_when_and_under_which_number_a_message_is_sent_shows_only_for_the_rule_that_says_so(tmp_path: Path) -> None:
    gives = gives_of(tmp_path, TO_V2, "Patient-MSH")
    assert gives["event"] == {"MSH-9": "^A31"}
    assert isinstance(gives["control-id"], dict) and [*gives["control-id"]] == ["MSH-10"]


def test_a_rule_from_v2_to_v2_shows_what_would_not_go_over_without_it(tmp_path: Path) -> None:
    assert gives_of(tmp_path, V2_TO_V2, "PID-PID") == {
        "old-number": {"PID-3[1]": "0815"},
        "number": {"PID-3[2]": "4711"},
        "name": {"PID-5": "DOE"},
    }


def test_a_rule_from_fhir_to_fhir_shows_elements(tmp_path: Path) -> None:
    gives = gives_of(tmp_path, FHIR_TO_FHIR, "Patient-Patient")
    assert gives["active"] == {"Patient.active": True}
    assert gives["birth-date"] == {"Patient.birthDate": "1980-02-29"}


def test_an_example_that_is_no_fhir_is_an_error_with_its_place(tmp_path: Path) -> None:
    gives_of(tmp_path, TO_V2, "PERSON")
    examples = tmp_path / "small/examples/Contact-NK1.yaml"
    examples.write_text(examples.read_text().replace('{"resourceType"', "{resourceType"))
    (case, *_) = [case for case in run_examples(tmp_path / "small").cases if case.outcome is Outcome.ERROR]
    assert case.issues[0].rule == "FHIR-0001" and "Contact-NK1.yaml:" in case.issues[0].text


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("Patient-PD1", "map: Patient-PD1\ninput: x\n", "the package has no map Patient-PD1"),
        ("HumanName-XPN", "map: HumanName-XPN\nwithin: Patient-PD1\ninput: x\n", "there is no segment map Patient-PD1"),
    ],
)
def test_examples_of_what_is_not_there_are_refused_in_every_direction(
    tmp_path: Path, file: str, text: str, said: str
) -> None:
    gives_of(tmp_path, TO_V2, "PERSON")
    (tmp_path / "small/examples" / f"{file}.yaml").write_text(text)
    with pytest.raises(Refused, match=said) as refusal:
        run_examples(tmp_path / "small")
    assert refusal.value.code == "SUI-0020"


def test_rows_that_stand_within_one_another_are_refused(tmp_path: Path) -> None:
    gives_of(tmp_path, TO_V2, "PERSON")
    rows = tmp_path / "small/messages/PERSON.yaml"
    rows.write_text(rows.read_text().replace("id: patient, from", "id: patient, within: contacts, from"))
    run = run_examples(tmp_path / "small")
    assert {case.issues[0].rule for case in run.cases if case.outcome is Outcome.ERROR} == {"MAP-0110"}
