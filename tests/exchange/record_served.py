"""A FHIR server with a record: it reads, searches by identifier and patient, and carries out transactions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from workbench.fhir.json_tree import dumps, parse
from workbench.kernel.errors import Refused
from workbench.records.updates.record import Record


@dataclass
class ServedRecord:
    """The record, and what it was asked.

    refused    places for which one request is refused
    meanwhile  what happens before the next transaction: somebody else's change
    """

    record: Record = field(default_factory=Record)
    asked: list[str] = field(default_factory=list)
    transactions: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    meanwhile: Callable[[Record], None] | None = None
    base: str = ""

    def answer(self, method: str, place: str, body: bytes) -> tuple[int, object]:
        self.asked.append(f"{method} {place}")
        if place in self.refused:
            self.refused.remove(place)
            return 400, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-supported"}]}
        kind, _, identity = place.partition("/")
        if method == "GET":
            found = self.record.read(kind, identity)
            return (200, found) if found is not None else (404, None)
        if identity == "_search":
            words = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            if "patient" in words:
                entries = self.record.of_patient(kind, words["patient"])
            else:
                entries = self.record.find(kind, f"identifier={words['identifier']}")
            return 200, {
                "resourceType": "Bundle",
                "type": "searchset",
                "entry": [{"resource": each} for each in entries],
            }
        return self._carry_out(body)

    def _carry_out(self, body: bytes) -> tuple[int, object]:
        transaction = parse(body).value
        self.transactions.append(transaction)
        if self.meanwhile is not None:
            self.meanwhile(self.record)
            self.meanwhile = None
        try:
            places = self.record.apply(transaction)
        except Refused:
            issue = {"severity": "error", "code": "conflict", "diagnostics": "version"}
            return 412, {"resourceType": "OperationOutcome", "issue": [issue]}
        entries = [{"response": {"status": "200", "location": place}} for place in places]
        return 200, {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    served: ServedRecord


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        place = self.path.removeprefix("/r4").strip("/")
        status, answer = self.server.served.answer(self.command, place, body)
        data = b"" if answer is None else dumps(answer) if isinstance(answer, dict) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _serve  # noqa: N815 - the base class looks for these names

    def log_message(self, *_: Any) -> None:
        """Silence."""


@contextmanager
def serving_a_record() -> Iterator[ServedRecord]:
    """Serve while the block runs."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.served = ServedRecord(base=f"http://127.0.0.1:{server.server_port}/r4")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
