"""What a run says of every case, and that nothing confirmed is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext, Progress
from workbench.suites import run as running
from workbench.suites.baseline import load_baseline
from workbench.suites.results import CaseResult, Outcome, SuiteRun
from workbench.suites.run import accept_suite, run_suite
from workbench.suites.suite import Suite, cases
from workbench.v2.er7 import parse


def outcomes(run: SuiteRun) -> dict[str, Outcome]:
    return {case.id: case.outcome for case in run.cases}


def the_case(run: SuiteRun, start: str) -> CaseResult:
    return next(case for case in run.cases if case.id.startswith(start))


def control_id(suite: Suite, number: int) -> str:
    return parse(list(cases(suite))[number].raw).control_id


def test_a_case_nobody_accepted_is_changed_and_an_accepted_one_passes(bench: Any) -> None:
    suite = bench.suite()
    first = run_suite(suite, source=bench.source)
    assert set(outcomes(first).values()) == {Outcome.CHANGED} and not first.passed
    accept_suite(suite, source=bench.source)
    second = run_suite(suite, source=bench.source)
    assert set(outcomes(second).values()) == {Outcome.PASSED} and second.passed
    assert len(second.cases) == 7


def test_accepting_twice_gives_the_same_file(bench: Any) -> None:
    suite = bench.suite()
    accept_suite(suite, source=bench.source)
    before = suite.baseline.read_bytes()
    accept_suite(suite, source=bench.source)
    assert suite.baseline.read_bytes() == before


def test_accepting_one_case_keeps_the_others_as_they_were(bench: Any) -> None:
    suite = bench.suite()
    accept_suite(suite, source=bench.source)
    bench.behave(round="yes")
    accept_suite(suite, only=["small-dose-0000-1-ORM_O01"], source=bench.source)
    run = run_suite(suite, source=bench.source)
    assert the_case(run, "small-dose-0000").outcome is Outcome.PASSED
    assert the_case(run, "small-dose-0001").outcome is Outcome.CHANGED


def test_a_dose_cut_to_a_whole_number_is_one_change_at_its_element(bench: Any) -> None:
    suite = bench.suite()
    accept_suite(suite, source=bench.source)
    bench.behave(round="yes")
    case = the_case(run_suite(suite, source=bench.source), "small-dose")
    assert [change.path for change in case.changes] == [
        "MedicationRequest.dosageInstruction[0].doseAndRate[0].doseQuantity.value"
    ]
    assert (str(case.changes[0].before), str(case.changes[0].after)) == ("0.125", "0")


@pytest.mark.parametrize(
    ("fault", "rule", "where"),
    [
        ({"drop": "AL1"}, "SUI-0201", "AL1"),
        ({"dangle": "yes"}, "SUI-0202", "patient"),
        ({"unstable": "yes"}, "SUI-0203", ""),
    ],
)
def test_a_broken_invariant_fails_whatever_was_accepted(
    bench: Any, fault: dict[str, str], rule: str, where: str
) -> None:
    suite = bench.suite()
    bench.behave(**fault)
    accept_suite(suite, source=bench.source)
    case = the_case(run_suite(suite, source=bench.source), "unmapped-allergy")
    assert case.outcome is Outcome.FAILED
    assert case.issues[0].rule == rule and where in case.issues[0].location.path


@pytest.mark.parametrize(
    ("expectation", "outcome"),
    [
        ("{at: AllergyIntolerance, count: 2}", Outcome.PASSED),
        ("{at: AllergyIntolerance, count: 1}", Outcome.FAILED),
        ("{at: AllergyIntolerance.code.text, contains: Bee sting (hymenoptera venom)}", Outcome.PASSED),
        ("{at: AllergyIntolerance.code.text, contains: Bees}", Outcome.FAILED),
        ("{at: Patient.deceasedBoolean, exists: false}", Outcome.PASSED),
        ("{at: Patient.name, exists: false}", Outcome.FAILED),
        ("{at: Bundle.type, equals: transaction}", Outcome.PASSED),
        ("{at: Bundle.type, equals: batch}", Outcome.FAILED),
        ('{at: "AllergyIntolerance[1].code.text", exists: true}', Outcome.PASSED),
        ("{refused: MAP-0999}", Outcome.FAILED),
    ],
)
def test_assertions_hold_or_fail(bench: Any, expectation: str, outcome: Outcome) -> None:
    head = "suite: s\nmapping: ../package\ninputs:\n  - {scenario: unmapped-allergy}\ninvariants: []\n"
    text = f"{head}expect:\n  - {expectation}\n"
    suite = bench.suite(text)
    accept_suite(suite, source=bench.source)
    assert run_suite(suite, source=bench.source).cases[0].outcome is outcome


def test_a_refusal_is_an_error_unless_it_is_expected(bench: Any) -> None:
    text = "suite: s\nmapping: ../package\ninputs:\n  - {scenario: small-dose}\ninvariants: []\n"
    suite = bench.suite(text)
    bench.behave(refuse=control_id(suite, 0))
    case = run_suite(suite, source=bench.source).cases[0]
    assert (case.outcome, case.issues[0].rule) == (Outcome.ERROR, "MAP-0999")
    suite = bench.suite(text + "expect:\n  - {refused: MAP-0999}\n")
    assert run_suite(suite, source=bench.source).passed


def test_a_mapping_that_breaks_is_an_error_of_its_case_without_the_value(bench: Any) -> None:
    suite = bench.suite()
    bench.behave(**{"break": control_id(suite, 2)})
    run = run_suite(suite, source=bench.source)
    assert [case.outcome for case in run.cases].count(Outcome.ERROR) == 1
    assert run.cases[2].issues[0].rule == "SUI-0300"
    assert "KeyError" in run.cases[2].issues[0].text and "patient's value" not in run.cases[2].issues[0].text


def test_a_message_that_changed_since_it_was_accepted_is_told(bench: Any) -> None:
    suite = bench.suite()
    accept_suite(suite, source=bench.source)
    other = bench.suite(suite.file.read_text().replace("seed: 4", "seed: 5"))
    assert the_case(run_suite(other, source=bench.source), "merge").changes[0].path == "(message)"


def test_skipped_cases_say_why_and_do_not_hide_that_nothing_was_run(bench: Any) -> None:
    suite = bench.suite("suite: s\nmapping: ../package\ninputs:\n  - {scenario: merge, skip: later}\n")
    run = run_suite(suite, source=bench.source)
    assert {case.skip for case in run.cases} == {"later"} and not run.passed


def test_an_expectation_that_applies_to_no_case_fails_the_run(bench: Any) -> None:
    suite = bench.suite(bench.suite().file.read_text() + "expect:\n  - {cases: nobody-*, at: Patient, exists: true}\n")
    accept_suite(suite, source=bench.source)
    run = run_suite(suite, source=bench.source)
    assert [issue.rule for issue in run.issues] == ["SUI-0110"] and not run.passed


def test_a_case_that_vanished_from_the_suite_fails_the_run(bench: Any) -> None:
    suite = bench.suite()
    accept_suite(suite, source=bench.source)
    smaller = bench.suite(suite.file.read_text().replace("  - {scenario: merge, seed: 4}\n", ""))
    run = run_suite(smaller, source=bench.source)
    assert [issue.rule for issue in run.issues] == ["SUI-0111"] * 3 and not run.passed


def test_a_baseline_changed_by_hand_is_refused(bench: Any) -> None:
    suite = bench.suite()
    accept_suite(suite, source=bench.source)
    text = suite.baseline.read_text(encoding="utf-8")
    suite.baseline.write_text(text.replace("0.125", "0.126"), encoding="utf-8")
    with pytest.raises(Refused) as refused:
        run_suite(suite, source=bench.source)
    assert refused.value.code == "SUI-0011"
    suite.baseline.write_text(text[:200])
    with pytest.raises(Refused) as refused:
        load_baseline(suite.baseline)
    assert refused.value.code == "SUI-0010"


def test_worker_processes_come_to_the_same_results(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    suite = bench.suite()
    accept_suite(suite, source=bench.source)
    bench.behave(drop="AL1")
    alone, together = (run_suite(suite, source=bench.source, workers=n) for n in (1, 2))
    assert outcomes(alone) == outcomes(together)
    assert [case.issues for case in alone.cases] == [case.issues for case in together.cases]


def test_a_case_that_kills_its_worker_is_named_and_all_others_have_results(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 3)
    suite = bench.suite()
    accept_suite(suite, source=bench.source)
    bench.behave(die=control_id(suite, 4))
    run = run_suite(suite, source=bench.source, workers=2)
    assert [case.outcome for case in run.cases].count(Outcome.PASSED) == 6
    assert (run.cases[4].outcome, run.cases[4].issues[0].rule) == (Outcome.ERROR, "SUI-0301")


def test_an_interrupted_run_goes_on_where_it_was(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    suite, journal = bench.suite(), tmp_path / "run.ndjson"
    accept_suite(suite, source=bench.source)
    ctx = JobContext()
    ctx._report = lambda progress: ctx.cancel() if progress.done >= 4 else None  # type: ignore[assignment]
    monkeypatch.setattr("workbench.kernel.progress.REPORT_EVERY_S", 0.0)
    with pytest.raises(Cancelled):
        run_suite(suite, ctx, journal=journal, source=bench.source)
    with journal.open("ab") as stream:
        stream.write(b'{"id": "small-dose-0001-1-ORM_O01", "outc')  # killed in the middle of a line
    again = run_suite(suite, journal=journal, source=bench.source)
    assert again.resumed == 6 and again.passed
    assert run_suite(suite, journal=journal, source=bench.source).resumed == 0


def test_a_killed_process_loses_nothing_that_was_confirmed(bench: Any, tmp_path: Path) -> None:
    suite, journal = bench.suite(), tmp_path / "run.ndjson"
    bench.behave(slow="0.05")
    accept_suite(suite, source=bench.source)
    script = (
        "import sys; from pathlib import Path; from fake_mapping import fake_mapper\n"
        "from workbench.suites import run; from workbench.suites.suite import load_suite\n"
        "run.CHUNK = 1\n"
        "run.run_suite(load_suite(Path(sys.argv[1])), journal=Path(sys.argv[2]), source=fake_mapper)\n"
    )
    command = [sys.executable, "-c", script, str(suite.file), str(journal)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and (not journal.exists() or journal.read_bytes().count(b"\n") < 4):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    confirmed = journal.read_bytes().count(b"\n") - 1
    assert process.returncode == -signal.SIGKILL and 3 <= confirmed < 7
    again = run_suite(suite, journal=journal, source=bench.source)
    assert again.resumed == confirmed and again.passed


def test_a_run_of_another_mapping_takes_nothing_over(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    suite, journal = bench.suite(), tmp_path / "run.ndjson"
    bench.behave(stop_after="9")
    with pytest.raises(OSError, match="No space left"):
        run_suite(suite, journal=journal, source=bench.source)
    bench.behave()
    assert run_suite(suite, journal=journal, source=bench.source).resumed == 0


def test_values_of_real_messages_do_not_get_into_the_journal(bench: Any, tmp_path: Path) -> None:
    synthetic = bench.suite()
    case = next(case for case in cases(synthetic) if case.id.startswith("small-dose"))
    (bench.folder / "suite" / "real.hl7").write_bytes(case.raw)
    suite = bench.suite(
        "suite: s\nmapping: ../package\ninputs:\n  - {id: real, messages: [real.hl7]}\ninvariants: []\n"
    )
    accept_suite(suite, source=bench.source)
    bench.behave(round="yes")
    journal = tmp_path / "run.ndjson"
    assert run_suite(suite, journal=journal, source=bench.source).cases[0].outcome is Outcome.CHANGED
    assert b"0.125" not in journal.read_bytes() and b"real-0001" not in journal.read_bytes()


def test_progress_is_told_and_reaches_the_end(bench: Any) -> None:
    seen: list[Progress] = []
    run_suite(bench.suite(), JobContext(seen.append), source=bench.source)
    assert (seen[-1].done, seen[-1].total) == (7, 7)
