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
