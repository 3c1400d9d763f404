from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.exchange.served import Served, serving
from workbench.exchange.fhir_answers import RequestRefused, outcome_issues
from workbench.exchange.fhir_rest import FhirClient, FhirServer, forget_token, remember_token, stored_token
from workbench.exchange.tls import Identity, client_context, server_context
from workbench.kernel.errors import Cancelled, Refused, Unavailable
from workbench.kernel.issues import IssueType, Severity
from workbench.kernel.progress import JobContext

PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Zebrastripe"}]}
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [
        {"severity": "error", "code": "invalid", "diagnostics": "Zebrastripe is odd", "expression": ["Patient.name"]},
        {"severity": "warning", "code": "throttled", "details": {"text": "slow"}},
    ],
}


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


@pytest.fixture
def client(served: Served) -> Iterator[FhirClient]:
    with FhirClient(FhirServer(served.base, timeout_s=5)) as found:
        yield found


def test_the_capability_statement_is_read(served: Served, client: FhirClient) -> None:
    served.answer(200, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
    assert client.capability().value["fhirVersion"] == "4.0.1"
    method, path, headers, _ = served.asked[0]
    assert (method, path, headers["Accept"]) == ("GET", "/r4/metadata", "application/fhir+json")
    assert "Authorization" not in headers


def test_a_resource_is_read_with_its_version(served: Served, client: FhirClient) -> None:
    served.answer(200, PATIENT, ETag='W/"3"', Last_Modified="Tue, 02 Jan 2024 03:04:05 GMT")
    served.answer(200, PATIENT)
    answer = client.read("Patient", "p1")
    assert answer.document is not None and answer.document.value == PATIENT
    assert (answer.etag, answer.last_modified) == ('W/"3"', "Tue, 02 Jan 2024 03:04:05 GMT")
    client.read("Patient", "p1", version="2")
    assert [path for _, path, _, _ in served.asked] == ["/r4/Patient/p1", "/r4/Patient/p1/_history/2"]


def test_a_search_gives_page_after_page_and_names_nobody_in_its_address(served: Served, client: FhirClient) -> None:
    def page(*links: str) -> dict[str, object]:
        return {"resourceType": "Bundle", "link": [{"relation": "next", "url": url} for url in links]}

    served.answer(200, page(f"{served.base}?page=2"))
    served.answer(200, page("?page=3"))
    served.answer(200, page())
    assert len(list(client.search("Patient", {"name": "Zebrastripe"}))) == 3
    assert [(method, path) for method, path, _, _ in served.asked] == [
        ("POST", "/r4/Patient/_search"),
        ("GET", "/r4?page=2"),
        ("GET", "/r4/?page=3"),
    ]
    assert served.asked[0][3] == b"name=Zebrastripe"


def test_a_search_may_go_into_the_address_when_a_server_knows_no_other_way(served: Served, client: FhirClient) -> None:
    served.answer(200, {"resourceType": "Bundle"})
    list(client.search("Patient", {"name": "A&B", "_count": "5"}, in_address=True))
    assert [(method, path) for method, path, _, _ in served.asked] == [("GET", "/r4/Patient?name=A%26B&_count=5")]


@pytest.mark.parametrize("link", ["https://elsewhere.example/r4?page=2", "//elsewhere.example/x", "http://[x"])
def test_a_next_page_on_another_server_is_not_fetched(link: str, served: Served) -> None:
    served.answer(200, {"resourceType": "Bundle", "link": [{"relation": "next", "url": link}]})
    with FhirClient(FhirServer(served.base), lambda: "secret") as client, pytest.raises(Refused) as refusal:
        list(client.search("Patient", {}))
    assert refusal.value.code == "EXC-0107"


def test_a_search_without_end_is_stopped(served: Served, client: FhirClient) -> None:
    for _ in range(3):
        served.answer(200, {"resourceType": "Bundle", "link": [{"relation": "next", "url": "?page=2"}]})
    with pytest.raises(Refused, match="more than 2 pages"):
        list(client.search("Patient", {}, most_pages=2))


def test_an_update_names_the_version_it_was_made_from(served: Served, client: FhirClient) -> None:
    served.answer(200, PATIENT, ETag='W/"4"')
    served.answer(412, OUTCOME)
    served.answer(201)
    assert client.update(PATIENT, 'W/"3"').etag == 'W/"4"'
    with pytest.raises(RequestRefused) as refusal:
        client.update(PATIENT, 'W/"3"')
    assert refusal.value.code == "EXC-0112"
    client.update(PATIENT, "")
    assert [headers.get("If-Match") for _, _, headers, _ in served.asked] == ['W/"3"', 'W/"3"', None]
    assert served.asked[2][2]["If-None-Match"] == "*"


def test_a_conditional_create_carries_its_search(served: Served, client: FhirClient) -> None:
    served.answer(201, None, Location="Patient/9/_history/1")
    answer = client.create(PATIENT, if_none_exist="identifier=x|1")
    assert (answer.location, answer.document, answer.status) == ("Patient/9/_history/1", None, 201)
    assert served.asked[0][2]["If-None-Exist"] == "identifier=x|1"
    assert json.loads(served.asked[0][3]) == PATIENT


def test_a_transaction_tells_what_its_entries_met(served: Served, client: FhirClient) -> None:
    answer = {
        "resourceType": "Bundle",
        "entry": [
            {"response": {"status": "201"}},
            {"response": {"status": "422 Unprocessable", "outcome": OUTCOME}},
            {"response": {"status": "404"}},
        ],
    }
    served.answer(200, answer)
    result = client.transaction({"resourceType": "Bundle", "type": "batch", "entry": []})
    assert [(issue.location.path, issue.severity.value) for issue in result.issues] == [
        ("Bundle.entry[1] Patient.name", "error"),
        ("Bundle.entry[1]", "warning"),
        ("Bundle.entry[2]", "error"),
    ]
    assert result.failed and served.asked[0][1] == "/r4"


def test_what_is_no_transaction_is_not_sent(served: Served, client: FhirClient) -> None:
    with pytest.raises(Refused, match="nothing was sent"):
        client.transaction(PATIENT)
    assert served.asked == []


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "EXC-0110"), (403, "EXC-0110"), (404, "EXC-0111"), (410, "EXC-0111"), (409, "EXC-0112"), (422, "EXC-0113")],
)
def test_a_refusal_carries_the_servers_reasons_and_its_text_no_values(
    status: int, code: str, served: Served, client: FhirClient
) -> None:
    served.answer(status, OUTCOME)
    with pytest.raises(RequestRefused) as refusal:
        client.read("Patient", "p1")
    assert (refusal.value.code, refusal.value.status) == (code, status)
    assert "Zebrastripe" not in str(refusal.value)
    assert "Zebrastripe" in refusal.value.issues[0].text and "Zebrastripe" not in refusal.value.issues[0].masked_text


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_server_out_of_order_is_unavailable(status: int, served: Served, client: FhirClient) -> None:
    served.answer(status, b"<html>", Retry_After="7")
    with pytest.raises(Unavailable, match="wait 7 s") as failure:
        client.read("Patient", "p1")
    assert failure.value.code == "EXC-0114"


def test_outcomes_become_issues() -> None:
    error, warning = outcome_issues(OUTCOME)
    assert (error.severity, error.code, error.location.path) == (Severity.ERROR, IssueType.INVALID, "Patient.name")
    assert (warning.severity, warning.code, warning.args["value"]) == (Severity.WARNING, IssueType.PROCESSING, "slow")
    assert outcome_issues({"issue": "nonsense"}) == ()


def test_a_redirection_is_not_followed(served: Served, client: FhirClient) -> None:
    served.answer(302, None, Location="https://elsewhere.example/")
    with pytest.raises(Refused) as refusal:
        client.capability()
    assert (refusal.value.code, len(served.asked)) == ("EXC-0106", 1)


def test_an_answer_that_is_no_json_is_refused(served: Served, client: FhirClient) -> None:
    served.answer(200, b"<html>hello</html>")
    with pytest.raises(Refused) as refusal:
        client.capability()
    assert refusal.value.code == "FHIR-0001"


def test_an_answer_without_end_is_cut(served: Served, client: FhirClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.exchange.fhir_rest.LARGEST_BYTES", 1000)
    served.answer(200, b" " * 2000)
    with pytest.raises(Refused) as refusal:
        client.capability()
    assert refusal.value.code == "EXC-0116"


def test_nobody_there_slow_and_broken_are_told_apart(served: Served) -> None:
    with FhirClient(FhirServer("http://127.0.0.1:1/r4")) as client, pytest.raises(Unavailable) as failure:
        client.capability()
    assert failure.value.code == "EXC-0102"
    with FhirClient(FhirServer(served.base)) as client, pytest.raises(Unavailable) as failure:
        client.capability()  # no answer is ready: the handler dies and the connection breaks
    assert failure.value.code == "EXC-0105"


def test_a_server_that_does_not_answer_is_given_up() -> None:
    import socket

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        FhirClient(FhirServer(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.2)) as client,
        pytest.raises(Unavailable) as failure,
    ):
        client.capability()
    assert failure.value.code == "EXC-0103"


@pytest.mark.parametrize(
    "url",
    ["http://fhir.example.org/r4", "ftp://x/", "fhir.example.org", "", "https://u:p@x/", "https://", "https://x/?a=b"],
)
def test_addresses_without_tls_or_with_secrets_are_refused(url: str) -> None:
    with pytest.raises(Refused) as refusal:
        FhirClient(FhirServer(url))
    assert refusal.value.code == "EXC-0101"


@pytest.mark.parametrize("identity", ["", "..", "../x", "a/b", "a?b", "x" * 65, "ä"])
def test_an_id_cannot_lead_elsewhere(identity: str, served: Served, client: FhirClient) -> None:
    with pytest.raises(Refused) as refusal:
        client.read("Patient", identity)
    assert (refusal.value.code, served.asked) == ("EXC-0109", [])


class _Memory:
    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}

    def recall(self, workspace_id: str) -> bytes | None:
        return self.keys.get(workspace_id)

    def remember(self, workspace_id: str, key: bytes) -> None:
        self.keys[workspace_id] = key

    def forget(self, workspace_id: str) -> None:
        self.keys.pop(workspace_id, None)


def test_the_token_comes_from_the_key_store_and_reaches_no_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server, store = FhirServer(served.base), _Memory()
    remember_token(store, server, "tok-12345")
    served.answer(200, PATIENT)
    served.answer(401, OUTCOME)
    with FhirClient(server, stored_token(store, server)) as client:
        client.read("Patient", "zebra-1")
        with pytest.raises(RequestRefused):
            client.read("Patient", "zebra-1")
    assert served.asked[0][2]["Authorization"] == "Bearer tok-12345"
    assert "tok-12345" not in caplog.text and "zebra-1" not in caplog.text
    forget_token(store, server)
    assert stored_token(store, server)() is None


def test_waiting_for_a_server_that_is_silent_can_be_cancelled() -> None:
    ctx = JobContext()
    with socket.create_server(("127.0.0.1", 0)) as server:
        base = f"http://127.0.0.1:{server.getsockname()[1]}/r4"
        threading.Timer(0.3, ctx.cancel).start()
        with FhirClient(FhirServer(base, timeout_s=600)) as client, pytest.raises(Cancelled):
            client.capability(ctx)


def test_a_request_can_be_cancelled(client: FhirClient) -> None:
    ctx = JobContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        client.read("Patient", "p1", ctx=ctx)


@pytest.fixture
def served_over_tls(pki) -> Iterator[Served]:
    with serving(server_context(Identity(pki.server))) as found:
        yield found


def test_tls_is_verified_always(served_over_tls: Served, pki) -> None:
    served_over_tls.answer(200, {"resourceType": "CapabilityStatement"})
    trusted = FhirServer(served_over_tls.base, client_context(pki.authority))
    with FhirClient(trusted) as client:
        assert client.capability().resource_type == "CapabilityStatement"
    with FhirClient(FhirServer(served_over_tls.base)) as client, pytest.raises(Unavailable) as failure:
        client.capability()
    assert failure.value.code == "EXC-0104"
