"""`workbench send`."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from workbench.app.operations.exchange import send_messages
from workbench.app.operations.search import search
from workbench.cli.connection import add_identity, host_and_port, sender_tls
from workbench.cli.options import add_inputs, add_verb, at_least, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.verdict import told
from workbench.exchange.sender import Destination, Outcome, Sent
from workbench.kernel.errors import ExitCode

_COLUMNS = ("number", "control_id", "outcome", "code", "attempts", "milliseconds")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "send",
        "send v2 messages over MLLP and show their acknowledgements",
        "workbench send feed.hl7 --to interface.example.org:2575 --rate 5",
    )
    add_inputs(verb)
    verb.add_argument("--to", required=True, metavar="HOST:PORT")
    verb.add_argument("--where", default="", metavar="EXPR", help='such as MSH-9.1 = "ADT"')
    verb.add_argument(
        "--rate", type=at_least(0, float), default=0.0, metavar="N", help="messages a second (else no limit)"
    )
    verb.add_argument(
        "--retries", type=at_least(0), default=2, metavar="N", help="after time-outs and broken connections"
    )
    verb.add_argument("--timeout", type=at_least(0.001, float), default=10.0, metavar="S", help="to wait for an answer")
    verb.add_argument("--allow-production", action="store_true", help="send messages with MSH-11 = P too")
    verb.add_argument("--format", choices=("table", "ndjson"), default="table")
    verb.add_argument("--tls", action="store_true", help="encrypt, trusting the authorities of this system")
    verb.add_argument("--tls-ca", type=Path, metavar="PEM", help="encrypt, trusting these authorities only")
    add_identity(verb)
    verb.set_defaults(run=_send)


def _send(options: argparse.Namespace) -> ExitCode:
    host, port = host_and_port(options.to)
    destination = Destination(
        host,
        port,
        timeout_s=options.timeout,
        retries=options.retries,
        rate=options.rate,
        tls=sender_tls(options),
        allow_production=options.allow_production,
    )
    job = console_job()
    capture = open_inputs(options.inputs, job)
    verdict = told(capture)
    numbers = None
    if options.where.strip():
        numbers = [number for found in search(capture, options.where, job) for number in found.numbers]
    outcomes: Counter[Outcome] = Counter()
    rows = _rows(send_messages(capture, destination, job, numbers), outcomes)
    print_rows(rows, _COLUMNS, options.format)
    return verdict.exit_code(failed=not set(outcomes) <= {Outcome.ACCEPTED})


def _rows(sent_messages: Iterator[Sent], outcomes: Counter[Outcome]) -> Iterator[Mapping[str, object]]:
    for sent in sent_messages:
        outcomes[sent.outcome] += 1
        yield {
            "number": sent.number,
            "control_id": sent.control_id,
            "outcome": sent.outcome.value,
            "code": sent.code,
            "attempts": sent.attempts,
            "milliseconds": round(sent.latency_s * 1000, 1),
        }
