"""`workbench listen`."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from workbench.app.operations.exchange import receiving
from workbench.cli.connection import add_identity, listener_tls
from workbench.cli.options import add_verb
from workbench.exchange.listener import Answer, ListenerSettings, Received
from workbench.kernel.errors import ExitCode

_LOOK_S = 0.2


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "listen",
        "receive messages over MLLP, keep them, answer as told",
        "workbench listen --port 2575 --out received/ --answer accept",
    )
    verb.add_argument("--out", type=Path, required=True, metavar="DIR|FILE", help="a file is continued")
    verb.add_argument("--port", type=int, required=True, metavar="N", help="0 takes a free one and says which")
    verb.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    verb.add_argument("--answer", choices=[answer.value for answer in Answer], default=Answer.ACCEPT.value)
    verb.add_argument("--delay", type=float, default=0.0, metavar="S", help="seconds before each answer")
    verb.add_argument("--count", type=int, default=0, metavar="N", help="end after N messages (default: Ctrl+C)")
    add_identity(verb)
    verb.add_argument("--tls-clients", type=Path, metavar="PEM", help="only clients of these authorities")
    verb.set_defaults(run=_listen)


def _listen(options: argparse.Namespace) -> ExitCode:
    settings = ListenerSettings(
        options.host, options.port, Answer(options.answer), max(0.0, options.delay), listener_tls(options)
    )
    enough = threading.Event()
    arrived = 0

    def notice(_: Received) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == options.count:
            enough.set()

    with receiving(settings, options.out, notice) as reception:
        print(f"listening on {options.host}:{reception.port}, keeping messages in {reception.path}", flush=True)
        try:
            while not enough.wait(_LOOK_S):
                pass
        except KeyboardInterrupt:
            print()  # the way to end it
    print(f"{reception.received} messages received")
    return ExitCode.CLEAN
