"""What an edit changes in a capture is counted and shown by example."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.gui.gui_samples import ADT, BAD, SMALL_MAPPING
from workbench.app.operations.edit_effect import effect_of, sample, sample_ledger, value_changes
from workbench.kernel.errors import Cancelled
from workbench.kernel.progress import JobContext
from workbench.mapping.edits import ChangeRule
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.engine.ledger import Fate
from workbench.mapping.engine.recompile import recompile
from workbench.mapping.load import load_package
from workbench.messages.capture import Capture


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    path = tmp_path / "feed.hl7"
    path.write_bytes(b"\r".join([ADT, BAD, ADT]))
    made = Capture((path,), {})
    made.index(JobContext())
    return made


@pytest.fixture
def compiled(tmp_path: Path) -> CompiledMapping:
    for name, text in SMALL_MAPPING.items():
        path = tmp_path / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return compile_package(load_package(tmp_path / "small"))


def edited(compiled: CompiledMapping, rule_id: str, **changes: object) -> CompiledMapping:
    rule = compiled.given.segments["PID-Patient"].rule(rule_id)
    assert rule is not None
    package, _ = ChangeRule("segments/PID-Patient", rule_id, replace(rule, **changes)).apply(compiled.given)  # type: ignore[arg-type]
    return recompile(compiled, package)


def test_only_messages_that_come_out_otherwise_count(capture: Capture, compiled: CompiledMapping) -> None:
    effect = effect_of(compiled, edited(compiled, "pid-5-family", target="name[legal].text"), capture, JobContext())
    assert effect.sentence == "This edit changes 3 of 3 messages."
    effect = effect_of(compiled, edited(compiled, "pid-5-family", when="PID-5.1 = 'Roe'"), capture, JobContext())
    assert (effect.changed, effect.compared) == (2, 3)
    assert [example.number for example in effect.examples] == [0, 2]
    assert effect.places == {"Patient.name.family": 2}
    change = effect.examples[0].changes[0]
    assert (change.before, change.after) == ("García-Lorca", "")


def test_a_note_changes_nothing(capture: Capture, compiled: CompiledMapping) -> None:
    effect = effect_of(compiled, edited(compiled, "pid-8", note="x"), capture, JobContext())
    assert effect.sentence == "This edit changes none of 3 messages."


def test_a_comparison_can_be_cancelled(capture: Capture, compiled: CompiledMapping) -> None:
    ctx = JobContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        effect_of(compiled, compiled, capture, ctx)


def test_a_sample_is_spread_evenly_and_never_repeats() -> None:
    assert list(sample(3, 10)) == [0, 1, 2]
    assert list(sample(100, 4)) == [0, 25, 50, 75]


def test_the_ledger_of_a_sample_balances(capture: Capture, compiled: CompiledMapping) -> None:
    ledger = sample_ledger(compiled, capture, JobContext(), 2)
    assert ledger.messages == 2
    assert ledger.counts()[Fate.LOST] > 0


def test_entries_are_paired_by_their_url_wherever_they_stand() -> None:
    one = {
        "entry": [{"fullUrl": "a", "resource": {"resourceType": "Patient", "x": 1}}, {"fullUrl": "b", "resource": {}}]
    }
    other = {"entry": list(reversed(one["entry"]))}
    assert value_changes(one, other) == ()
