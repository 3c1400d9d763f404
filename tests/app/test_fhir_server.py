"""Posting to and reading from a FHIR server, from the command line and as operations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.served import Served, serving
from workbench.app.operations.fhir_server import place_of, post_messages, search_parameters
from workbench.app.session import standard_package_folder
from workbench.cli.command_line import run
from workbench.exchange.fhir_rest import FhirClient, FhirServer
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture

ADT = "MSH|^~\\&|A|B|C|D|20240101||ADT^A01^ADT_A01|M1|{0}|2.5.1\rEVN||20240101\rPID|1||7^^^H^MR||Roe^Jane\rPV1|1|I\r"
PATIENT = {"resourceType": "Patient", "id": "p1"}
DONE = {"resourceType": "Bundle", "type": "transaction-response", "entry": [{"response": {"location": "Patient/9"}}]}
WRONG = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "invalid", "diagnostics": "Roe is odd", "expression": ["Patient.name"]}],
}


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


def _fhir(tmp_path: Path, *resources: object) -> Path:
    path = tmp_path / "feed.ndjson"
    path.write_text("\n".join(map(json.dumps, resources)), "utf-8")
    return path


def test_resources_go_to_their_type_and_transactions_to_the_base(served: Served, tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": []}
    served.answer(201, None, Location="Patient/1/_history/1")
    served.answer(200, DONE)
    capture = open_capture([_fhir(tmp_path, PATIENT, bundle)])
    with FhirClient(FhirServer(served.base)) as client:
        posted = list(post_messages(capture, client, JobContext()))
    assert [(each.what, each.status, each.locations, each.taken) for each in posted] == [
        ("Patient", 201, ("Patient/1/_history/1",), True),
        ("Bundle transaction", 200, ("Patient/9",), True),
    ]
    assert [path for _, path, _, _ in served.asked] == ["/r4/Patient", "/r4"]


def test_a_refused_message_stops_no_other_and_its_issues_are_kept(served: Served, tmp_path: Path) -> None:
    served.answer(422, WRONG)
    served.answer(201, None)
    capture = open_capture([_fhir(tmp_path, PATIENT, PATIENT)])
    with FhirClient(FhirServer(served.base)) as client:
        first, second = post_messages(capture, client, JobContext())
    assert (first.taken, first.status, [issue.location.path for issue in first.issues]) == (
        False,
        422,
        ["Patient.name"],
    )
    assert second.taken


def test_a_v2_message_is_posted_as_its_mapping_makes_it(served: Served, tmp_path: Path) -> None:
    feed = tmp_path / "feed.hl7"
    feed.write_text(ADT.format("T"), "utf-8")
    served.answer(200, DONE)
    with FhirClient(FhirServer(served.base)) as client:
        (posted,) = post_messages(open_capture([feed]), client, JobContext(), package=standard_package_folder())
        (without,) = post_messages(open_capture([feed]), client, JobContext())
    assert posted.taken
    assert (without.taken, without.status) == (False, 0)
    sent = json.loads(served.asked[0][3])
    assert (sent["resourceType"], sent["type"], len(served.asked)) == ("Bundle", "transaction", 1)


def test_production_messages_are_not_posted_until_allowed(served: Served, tmp_path: Path) -> None:
    feed = tmp_path / "feed.hl7"
    feed.write_text(ADT.format("P"), "utf-8")
    with FhirClient(FhirServer(served.base)) as client, pytest.raises(Refused) as refusal:
        list(post_messages(open_capture([feed]), client, JobContext(), package=standard_package_folder()))
    assert (refusal.value.code, served.asked) == ("EXC-0002", [])


@pytest.mark.parametrize(
    "text", ["family=Roe&birthdate=ge2000&birthdate=le2010", "family=Roe\nbirthdate=ge2000\nbirthdate=le2010"]
)
def test_parameters_that_come_again_are_all_kept(text: str) -> None:
    assert search_parameters(text) == {"family": ["Roe"], "birthdate": ["ge2000", "le2010"]}


def test_parameters_are_unescaped_and_nonsense_is_refused() -> None:
    assert search_parameters("name=M%C3%BCller+X&code=a|b&gender=") == {
        "name": ["Müller X"],
        "code": ["a|b"],
        "gender": [""],
    }
    assert search_parameters("") == {}
    for wrong in ("Roe", "=Roe", "family=Roe&Jane"):
        with pytest.raises(Refused, match="no name"):
            search_parameters(wrong)


def test_a_place_names_type_id_and_perhaps_version() -> None:
    assert place_of("/Patient/p1") == ("Patient", "p1", "")
    assert place_of("Patient/p1/_history/2") == ("Patient", "p1", "2")
    for wrong in ("Patient", "", "Patient/p1/2/3"):
        with pytest.raises(Refused):
            place_of(wrong)


def test_the_verb_searches_and_prints_a_resource_a_line(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_FHIR_TOKEN", "secret-token")
    served.answer(200, {"resourceType": "Bundle", "entry": [{"resource": PATIENT}, {"resource": PATIENT}]})
    assert run(["fhir", "search", "Patient", "family=Roe&family=Jane", "--server", served.base], None) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [PATIENT, PATIENT]
    _, path, headers, body = served.asked[0]
    assert (path, headers["Authorization"], body) == (
        "/r4/Patient/_search",
        "Bearer secret-token",
        b"family=Roe&family=Jane",
    )


def test_the_verb_reads_and_says_why_it_cannot(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    served.answer(200, PATIENT)
    served.answer(404, WRONG)
    assert run(["fhir", "read", "Patient/p1", "--server", served.base], None) == 0
    assert json.loads(capsys.readouterr().out) == PATIENT
    assert run(["fhir", "read", "Patient/p2", "--server", served.base], None) == 2
    said = capsys.readouterr().err
    assert "EXC-0111" in said
    assert "Patient.name" in said
    assert "Roe" not in said


def test_the_verb_posts_and_ends_with_one_when_something_was_not_taken(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served.answer(422, WRONG)
    served.answer(201, None, Location="Patient/1")
    feed = _fhir(tmp_path, PATIENT, PATIENT)
    assert run(["fhir", "post", str(feed), "--server", served.base, "--format", "ndjson"], None) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["status"], row["locations"]) for row in rows] == [(422, ""), (201, "Patient/1")]
