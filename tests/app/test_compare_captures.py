from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.app.operations.compare import (
    ComparePlan,
    FieldDifference,
    Pair,
    changes_of,
    compare_captures,
)
from workbench.cli.command_line import run
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture
from workbench.v2.compare import Outcome


def _adt(control_id: str, name: str = "DOE", time: str = "2024", key: str = "7") -> bytes:
    return f"MSH|^~\\&|A|B|C|D|{time}||ADT^A01|{control_id}|T|2.5.1\rPID|1||{key}||{name}\r".encode()


def _capture(folder: Path, name: str, *messages: bytes) -> Capture:
    path = folder / name
    path.write_bytes(b"".join(messages))
    return open_capture([path])


def test_messages_are_paired_by_control_id_and_the_rest_stands_alone(tmp_path: Path) -> None:
    left = _capture(tmp_path, "l.hl7", _adt("1"), _adt("2"), _adt("3"), _adt(""))
    right = _capture(tmp_path, "r.hl7", _adt("9"), _adt("3", "ROE"), _adt("1"))
    result = compare_captures(left, right, ComparePlan(), JobContext())
    assert list(result.same) == [Pair(0, 2)]
    assert result.different == [(2, 1, (("PID-5", Outcome.CHANGED),))]
    assert (list(result.only_left), list(result.only_right), result.without_key) == ([1, 3], [0], 1)
    assert result.fields() == [FieldDifference("PID-5", changed=1)]
    assert [
        row.path for row in changes_of(left, right, Pair(2, 1), ComparePlan()) if row.outcome is Outcome.CHANGED
    ] == [
        "PID",
        "PID-5",
    ]


def test_chosen_fields_pair_and_several_of_one_key_are_paired_in_order(tmp_path: Path) -> None:
    left = _capture(tmp_path, "l.hl7", _adt("1", key="K"), _adt("2", key="K"), _adt("3", key="L"))
    right = _capture(tmp_path, "r.hl7", _adt("7", key="L"), _adt("8", key="K"), _adt("9", key="K"))
    result = compare_captures(left, right, ComparePlan(("PID-3.1",), ("MSH-10",)), JobContext())
    assert sorted(result.same) == [Pair(0, 1), Pair(1, 2), Pair(2, 0)]


def test_ignored_fields_do_not_count(tmp_path: Path) -> None:
    left, right = (_capture(tmp_path, f"{time}.hl7", _adt("1", time=time)) for time in ("2024", "2025"))
    assert len(compare_captures(left, right, ComparePlan(), JobContext()).different) == 1
    assert len(compare_captures(left, right, ComparePlan(ignore=("MSH-7",)), JobContext()).same) == 1


def test_fhir_is_paired_by_id_and_compared_by_meaning(tmp_path: Path) -> None:
    def patient(identity: str, family: str) -> bytes:
        body = {
            "resourceType": "Patient",
            "id": identity,
            "meta": {"lastUpdated": family},
            "name": [{"family": family}],
        }
        return json.dumps(body).encode() + b"\n"

    left = _capture(tmp_path, "l.ndjson", patient("a", "Doe"), patient("b", "Doe"))
    right = _capture(tmp_path, "r.ndjson", patient("b", "Roe"), patient("a", "Doe"))
    result = compare_captures(left, right, ComparePlan(ignore=("*.meta.lastUpdated",)), JobContext())
    assert (list(result.same), [pair.fields for pair in result.different]) == (
        [Pair(0, 1)],
        [(("Patient.name.family", Outcome.CHANGED),)],
    )


def test_many_messages_in_processes_give_the_same_answer(tmp_path: Path) -> None:
    left = _capture(tmp_path, "l.hl7", *(_adt(f"M{n}") for n in range(1100)))
    right = _capture(tmp_path, "r.hl7", *(_adt(f"M{n}", "ROE" if n % 2 else "DOE") for n in range(1, 1101)))
    here, there = (compare_captures(left, right, ComparePlan(), JobContext(), workers) for workers in (1, 2))
    assert here == there or (list(here.same), here.different) == (list(there.same), there.different)
    assert (len(here.same), len(here.different), list(here.only_left), list(here.only_right)) == (549, 550, [0], [1099])


def test_a_comparison_can_be_cancelled(tmp_path: Path) -> None:
    capture, ctx = _capture(tmp_path, "l.hl7", _adt("1")), JobContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        compare_captures(capture, capture, ComparePlan(), ctx)


@pytest.mark.parametrize("plan", [ComparePlan(("nonsense",)), ComparePlan(ignore=("nonsense-",))])
def test_a_plan_that_is_not_understood_is_refused_before_any_work(plan: ComparePlan, tmp_path: Path) -> None:
    capture = _capture(tmp_path, "l.hl7", _adt("1"))
    with pytest.raises(Refused):
        compare_captures(capture, capture, plan, JobContext())


def test_the_command_tells_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "l.hl7").write_bytes(_adt("1") + _adt("2"))
    (tmp_path / "r.hl7").write_bytes(_adt("1", "ROE") + _adt("2"))
    both = [str(tmp_path / "l.hl7"), str(tmp_path / "r.hl7")]
    assert run(["messages", "compare", *both], None) == 1
    shown = capsys.readouterr().out
    assert "1 same, 1 different, 0 only left, 0 only right" in shown and "PID-5" in shown and "ROE" not in shown
    assert run(["messages", "compare", *both, "--ignore", "PID-5", "--format", "json"], None) == 0
    assert json.loads(capsys.readouterr().out)["same"] == 2


def test_a_line_break_in_a_value_is_not_taken_for_the_next_field(tmp_path: Path) -> None:
    left = _capture(tmp_path, "l.hl7", _adt("1", "A\\.br\\B"))
    right = _capture(tmp_path, "r.hl7", _adt("1", "A|B"))
    assert len(compare_captures(left, right, ComparePlan(), JobContext()).different) == 1
