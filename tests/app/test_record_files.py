"""Records in files: planned in memory, written as planned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.records.updates.update_samples import VISIT, adt, standard
from workbench.app.operations.record_files import (
    Planned,
    RecordFiles,
    count_types,
    plain,
    plan_for_record,
    read_record,
    tables_of,
    write_record,
)
from workbench.app.session import standard_package_folder
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext, Progress
from workbench.messages.capture import Capture, open_capture
from workbench.records.updates.plan import Act

ADMITTED = adt("A01", 10, VISIT, "AL1|1|DA|PCN^Penicillin^L")
MOVED = adt("A08", 12, VISIT, pid="7^^^H^MR||Poe^Jane")
LATE = adt("A08", 11, VISIT, pid="7^^^H^MR||Doe^Jane")
MERGED_INTO_ITSELF = adt("A40", 13, "MRG|7^^^H^MR", pid="7^^^H^MR||Poe^Jane")


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard package is compiled for all tests together."""
    monkeypatch.setattr("workbench.app.operations.record_files.mapping_to_fhir", lambda _package: standard())


def _capture(tmp_path: Path, *messages: str) -> Capture:
    path = tmp_path / "feed.hl7"
    path.write_text("".join(message + "\r" for message in messages), "utf-8")
    return open_capture([path])


def _planned(of: RecordFiles, capture: Capture, *numbers: int) -> list[Planned]:
    chosen = numbers or range(len(capture))
    return list(plan_for_record(capture, of.record, JobContext(), standard_package_folder(), list(chosen)))


def _written(tmp_path: Path, *messages: str) -> Path:
    record, out = read_record((), JobContext()), tmp_path / "record.ndjson"
    _planned(record, _capture(tmp_path, *messages))
    write_record(record, out, JobContext())
    return out


def test_what_was_planned_is_what_is_written_and_the_files_that_were_read_stay(tmp_path: Path) -> None:
    before = _written(tmp_path, ADMITTED)
    bytes_before = before.read_bytes()
    record = read_record([before], JobContext())
    (planned,) = _planned(record, _capture(tmp_path, MOVED))
    after = tmp_path / "after.ndjson"
    count = write_record(record, after, JobContext())
    resources = [json.loads(line) for line in after.read_text("utf-8").splitlines()]
    assert before.read_bytes() == bytes_before
    assert count == len(resources)
    (patient,) = [each for each in resources if each["resourceType"] == "Patient"]
    assert patient["name"][0]["family"] == "Poe"
    assert [(value.element, value.before, value.after) for value in planned.values if value.element == "name"] == [
        ("name", "Roe Jane", "Poe Jane")
    ]


def test_messages_are_applied_in_the_order_of_the_capture(tmp_path: Path) -> None:
    record = read_record((), JobContext())
    planned = _planned(record, _capture(tmp_path, ADMITTED, MOVED), 1, 0)
    assert [each.number for each in planned] == [0, 1]
    assert Act.UPDATE in {change.act for change in planned[1].changes}


def test_what_is_left_out_and_what_is_refused_is_told_and_counted(tmp_path: Path) -> None:
    record = read_record((), JobContext())
    planned = _planned(record, _capture(tmp_path, ADMITTED, MOVED, LATE, MERGED_INTO_ITSELF))
    assert [bool(each.problem) for each in planned] == [False, False, False, True]
    assert planned[2].left_out and not planned[1].left_out
    counts = {count.kind: count for count in count_types(record, planned)}
    assert (counts["Patient"].before, counts["Patient"].after) == (0, 1)
    assert counts["AllergyIntolerance"].acts[Act.CREATE] == 1
    changes, findings = tables_of(planned)
    assert len(changes.rows) == sum(len(each.changes) for each in planned)
    told = " ".join(str(cell) for table in (changes, findings) for row in table.rows for cell in row)
    assert "UPD-0101" in told and "UPD-0302" in told
    assert "Doe" not in told and "Poe" not in told


def test_nothing_is_written_when_the_record_was_changed_since_it_was_read(tmp_path: Path) -> None:
    before = _written(tmp_path, ADMITTED)
    record = read_record([before], JobContext())
    before.write_bytes(before.read_bytes() + b"\n")
    with pytest.raises(Refused) as refusal:
        write_record(record, tmp_path / "after.ndjson", JobContext())
    assert refusal.value.code == "UPD-0803"
    assert not (tmp_path / "after.ndjson").exists()


def test_the_file_that_was_read_can_be_replaced(tmp_path: Path) -> None:
    path = _written(tmp_path, ADMITTED)
    record = read_record([path], JobContext())
    _planned(record, _capture(tmp_path, MOVED))
    write_record(record, path, JobContext())
    assert b"Poe" in path.read_bytes()


def test_writing_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    record = read_record([_written(tmp_path, ADMITTED)], JobContext())
    out = tmp_path / "out" / "after.ndjson"

    def stop(progress: Progress) -> None:
        context.cancel()

    context = JobContext(stop)
    with pytest.raises(Cancelled):
        write_record(record, out, context)
    assert list(out.parent.iterdir()) == []


def test_a_folder_is_a_record_of_all_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.json").write_text(f'{{"resourceType": "Patient", "id": "p{number}"}}', "utf-8")
    record = read_record([folder], JobContext())
    assert (record.before, len(record.files)) == ({"Patient": 2}, 2)


def test_elements_read_as_their_values() -> None:
    assert plain([{"family": "Roe", "given": ["Jo", "Ann"]}, {"text": "J"}]) == "Roe Jo Ann | J"
    assert plain({"url": "http://example.org/told-by", "valueBoolean": True}) == "told-by: true"
    assert plain(None) == ""
