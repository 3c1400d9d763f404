"""Messages applied to records: in files, and on a FHIR server that somebody else writes to as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.record_served import ServedRecord, serving_a_record
from tests.records.updates.update_samples import VISIT, adt, result, standard
from workbench.app.operations.sync import plan_for_server, post_updates, record_of, sync
from workbench.app.session import standard_package_folder
from workbench.cli.command_line import run
from workbench.exchange.fhir_rest import FhirClient, FhirServer
from workbench.kernel.errors import ExitCode, Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture
from workbench.records.updates.plan import Act
from workbench.records.updates.record import Record

STANDARD = standard_package_folder()
ADMITTED = adt("A01", 10, VISIT, "AL1|1|DA|PCN^Penicillin^L")
DISCHARGED = adt("A03", 16, VISIT + "|20240101160000")
LATE = adt("A08", 12, VISIT, pid="7^^^H^MR||Poe^Jane")


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard package is compiled for all tests together."""
    monkeypatch.setattr("workbench.app.operations.sync.mapping_to_fhir", lambda _package: standard())


@pytest.fixture
def served() -> Iterator[ServedRecord]:
    with serving_a_record() as found:
        yield found


def feed(tmp_path: Path, *messages: str, name: str = "feed.hl7") -> Path:
    path = tmp_path / name
    path.write_text("".join(message + "\r" for message in messages), "utf-8")
    return path


def capture_of(tmp_path: Path, *messages: str) -> Capture:
    return open_capture([feed(tmp_path, *messages)])


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# --- records in files --------------------------------------------------------------------------------------------


def test_the_verb_leaves_the_record_the_transactions_the_changes_and_the_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    messages, out = feed(tmp_path, ADMITTED, DISCHARGED, LATE), tmp_path / "out"
    assert run(["sync", str(messages), "--mapping", str(STANDARD), "--out", str(out)], None) == ExitCode.ISSUES
    told = capsys.readouterr()
    assert told.out.splitlines()[3].split() == ["2", "ADT^A08", "3", "0", "0", "0", "9", "2"]
    assert told.err.count("UPD-0101") == 2 and "Poe" not in told.err
    (visit,) = [each for each in lines(out / "record.ndjson") if each["resourceType"] == "Encounter"]
    assert visit["status"] == "finished"
    assert len(lines(out / "transactions.ndjson")) == 3
    assert [each["rule"] for each in lines(out / "findings.ndjson")] == ["UPD-0101", "UPD-0101"]
    assert {"message": 2, "act": "left out", "kind": "Patient"}.items() <= next(
        each for each in lines(out / "changes.ndjson") if each["act"] == "left out"
    ).items()


def test_a_record_is_read_from_what_the_verb_wrote_and_is_not_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    messages, first, second = feed(tmp_path, ADMITTED, DISCHARGED), tmp_path / "first", tmp_path / "second"
    assert run(["sync", str(messages), "--mapping", str(STANDARD), "--out", str(first)], None) == ExitCode.CLEAN
    before = (first / "record.ndjson").read_bytes()
    again = ["sync", str(messages), "--mapping", str(STANDARD), "--onto", str(first / "record.ndjson")]
    assert run([*again, "--out", str(second), "--format", "ndjson"], None) == ExitCode.CLEAN
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [row["same"] for row in rows] == [15, 14]
    assert (second / "record.ndjson").read_bytes() == (first / "record.ndjson").read_bytes() == before
    assert (second / "transactions.ndjson").read_bytes() == b""


def test_the_verb_tries_other_orders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages = feed(tmp_path, ADMITTED, DISCHARGED, LATE)
    words = ["sync", str(messages), "--mapping", str(STANDARD), "--try-orders", "2", "--format", "ndjson"]
    assert run(words, None) == ExitCode.CLEAN
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["trial"] for row in rows] == ["each twice", "all again", "1 last", "2 last", "shuffled 1", "shuffled 2"]
    assert {row["record"] for row in rows} <= {"same", "reported"}


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        record_of([capture_of(tmp_path, ADMITTED)])
    assert refused.value.code == "UPD-0801"


def test_a_message_that_cannot_be_mapped_stops_no_other(tmp_path: Path) -> None:
    path = tmp_path / "mixed.ndjson"
    collection = {"resourceType": "Bundle", "type": "collection"}
    patient = {"resourceType": "Patient", "id": "p1", "meta": {"lastUpdated": "2024-01-01T00:00:00Z"}}
    path.write_text(f"{json.dumps(collection)}\n{json.dumps(patient)}\n", "utf-8")
    record = Record()
    first, second = sync(open_capture([path]), record, JobContext(), STANDARD)
    assert (first.plan, "no transaction" in first.problem) == (None, True)
    assert second.whole and record.read("Patient", "p1") is not None


def test_the_older_copy_of_a_resource_does_not_take_the_place_of_the_newer(tmp_path: Path) -> None:
    def copy(time: str, gender: str) -> str:
        return json.dumps({"resourceType": "Patient", "id": "p1", "gender": gender, "meta": {"lastUpdated": time}})

    path = tmp_path / "copies.ndjson"
    path.write_text(
        copy("2024-01-02T00:00:00Z", "female") + "\n" + copy("2024-01-01T00:00:00Z", "male") + "\n", "utf-8"
    )
    record = Record()
    _, stale = sync(open_capture([path]), record, JobContext(), STANDARD)
    assert [issue.rule for issue in stale.findings] == ["UPD-0101"]
    found = record.read("Patient", "p1")
    assert found is not None and found["gender"] == "female"


# --- the record of a server --------------------------------------------------------------------------------------


def test_a_plan_for_a_server_asks_and_writes_nothing(served: ServedRecord, tmp_path: Path) -> None:
    with FhirClient(FhirServer(served.base)) as client:
        planned = list(plan_for_server(capture_of(tmp_path, ADMITTED, DISCHARGED), client, JobContext(), STANDARD))
    assert [(each.plan.count(Act.CREATE), each.plan.count(Act.UPDATE)) for each in planned if each.plan] == [
        (15, 0),
        (3, 1),
    ]
    assert served.transactions == []
    assert list(served.record.resources()) == []


def test_updates_go_to_the_server_each_on_the_version_that_was_read(served: ServedRecord, tmp_path: Path) -> None:
    with FhirClient(FhirServer(served.base)) as client:
        posted = list(post_updates(capture_of(tmp_path, ADMITTED, DISCHARGED, LATE), client, JobContext(), STANDARD))
    assert [(each.taken, each.status) for each in posted] == [(True, 200)] * 3
    requests = {each["resource"]["resourceType"]: each["request"] for each in served.transactions[1]["entry"]}
    assert requests["Encounter"]["ifMatch"] == 'W/"1"'
    assert [issue.rule for issue in posted[2].issues] == ["UPD-0101", "UPD-0101"]
    (visit,) = [each for each in served.record.resources() if each["resourceType"] == "Encounter"]
    assert visit["status"] == "finished"


def _renamed(record: Record) -> None:
    (patient,) = record.find("Patient", "identifier=urn:id:H|7")
    request = {"method": "PUT", "url": f"Patient/{patient['id']}"}
    record.apply({"entry": [{"resource": {**patient, "name": [{"family": "Somebody"}]}, "request": request}]})


def test_what_somebody_else_changed_meanwhile_is_told_and_not_tried_again(served: ServedRecord, tmp_path: Path) -> None:
    with FhirClient(FhirServer(served.base)) as client:
        list(post_updates(capture_of(tmp_path, ADMITTED), client, JobContext(), STANDARD))
        served.meanwhile = _renamed
        newer = adt("A08", 18, VISIT, pid="7^^^H^MR||Poe^Jane")
        (posted,) = post_updates(capture_of(tmp_path, newer), client, JobContext(), STANDARD)
    assert (posted.taken, posted.status) == (False, 412)
    assert posted.problem.startswith("Somebody else has changed the record meanwhile")
    assert len(served.transactions) == 2
    (patient,) = served.record.find("Patient", "identifier=urn:id:H|7")
    assert patient["name"] == [{"family": "Somebody"}]


def test_a_plan_that_is_another_than_was_shown_is_not_sent(served: ServedRecord, tmp_path: Path) -> None:
    newer = capture_of(tmp_path, adt("A08", 18, VISIT, pid="7^^^H^MR||Poe^Jane||19990909"))
    with FhirClient(FhirServer(served.base)) as client:
        list(post_updates(open_capture([feed(tmp_path, ADMITTED, name="first.hl7")]), client, JobContext(), STANDARD))
        expected = {
            each.number: each.plan for each in plan_for_server(newer, client, JobContext(), STANDARD) if each.plan
        }
        other = adt("A08", 17, VISIT, pid="7^^^H^MR||Doe^Jane||19990909")
        list(post_updates(open_capture([feed(tmp_path, other, name="o.hl7")]), client, JobContext(), STANDARD))
        sent = len(served.transactions)
        (posted,) = post_updates(newer, client, JobContext(), STANDARD, expected=expected)
    assert posted.problem.startswith("Somebody else has changed the record since the plan was shown")
    assert len(served.transactions) == sent


def test_a_server_that_does_not_answer_a_question_costs_one_message(served: ServedRecord, tmp_path: Path) -> None:
    served.refused.append("Patient/_search")
    with FhirClient(FhirServer(served.base)) as client:
        first, second = post_updates(capture_of(tmp_path, ADMITTED, DISCHARGED), client, JobContext(), STANDARD)
    assert (first.taken, "EXC-0113" in first.problem or "did not accept" in first.problem) == (False, True)
    assert second.taken
    assert len(served.transactions) == 1


def test_production_messages_are_not_planned_against_a_server_unasked(served: ServedRecord, tmp_path: Path) -> None:
    production = ADMITTED.replace("|T|2.5.1", "|P|2.5.1")
    with FhirClient(FhirServer(served.base)) as client, pytest.raises(Refused) as refused:
        list(post_updates(capture_of(tmp_path, production), client, JobContext(), STANDARD))
    assert refused.value.code == "EXC-0002"
    assert served.asked == []


def test_the_verb_posts_updates_and_shows_plans(
    served: ServedRecord, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = feed(tmp_path, ADMITTED, result("F", 12)), feed(tmp_path, LATE, result("P", 11), name="late.hl7")
    assert run(["fhir", "post", str(first), "--update", "--server", served.base], None) == ExitCode.CLEAN
    written = len(served.transactions)
    assert run(["fhir", "post", str(second), "--plan", "--server", served.base], None) == ExitCode.ISSUES
    told = capsys.readouterr()
    assert told.out.splitlines()[-1].split()[:2] == ["1", "ORU^R01"]
    assert "conflict" in told.err
    assert len(served.transactions) == written
