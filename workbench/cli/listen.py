"""`workbench listen`."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.app.operations.exchange import Store, answer_rule, mllp_file, receiving
from workbench.app.operations.received import SealedStore, seal_plain_files
from workbench.app.session import open_session
from workbench.cli.connection import add_identity, listener_tls
from workbench.cli.options import add_verb, at_least
from workbench.exchange.listener import Answer, ListenerSettings, Received
from workbench.kernel.errors import ExitCode
from workbench.security.passphrase import first_of, headless_sources

_LOOK_S = 0.2
_GRACE_S = 2.0
"""The last of a counted number of messages gets its answer, too."""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "listen",
        "receive messages over MLLP, keep them, answer as told",
        "workbench listen --port 2575 --workspace site.workspace --when 'MSH-9.1 = \"ORU\"' error",
    )
    place = verb.add_mutually_exclusive_group(required=True)
    place.add_argument("--workspace", type=Path, metavar="FOLDER", help="keep them encrypted in this workspace")
    place.add_argument("--out", type=Path, metavar="DIR|FILE", help="keep them in plain text; a file is continued")
    verb.add_argument("--passphrase-fd", type=int, metavar="N", help="read the passphrase from file descriptor N")
    verb.add_argument("--port", type=at_least(0), required=True, metavar="N", help="0 takes a free one and says which")
    verb.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    verb.add_argument("--answer", choices=[answer.value for answer in Answer], default=Answer.ACCEPT.value)
    verb.add_argument("--delay", type=at_least(0, float), default=0.0, metavar="S", help="seconds before each answer")
    verb.add_argument(
        "--when",
        nargs=2,
        action="append",
        default=[],
        metavar=("EXPR", "ANSWER[,S]"),
        help="another answer for some messages; the first that holds decides; may be repeated",
    )
    verb.add_argument("--count", type=at_least(0), default=0, metavar="N", help="end after N messages (else: Ctrl+C)")
    add_identity(verb)
    verb.add_argument("--tls-clients", type=Path, metavar="PEM", help="only clients of these authorities")
    verb.set_defaults(run=_listen)


@contextmanager
def _store(options: argparse.Namespace) -> Iterator[Store]:
    """Where the messages go; a workspace stays open as long as it takes messages."""
    if options.workspace is None:
        yield mllp_file(options.out)
        return
    session = open_session(options.workspace, first_of(*headless_sources(options.passphrase_fd)))
    try:
        session.record("messages.receive", "address", f"{options.host}:{options.port}")
        seal_plain_files(session)
        yield SealedStore(session)
    finally:
        session.close()


def _listen(options: argparse.Namespace) -> ExitCode:
    rules = tuple(answer_rule(condition, answer) for condition, answer in options.when)
    slowest = max([options.delay, *(rule.delay_s for rule in rules)])
    settings = ListenerSettings(
        options.host,
        options.port,
        Answer(options.answer),
        options.delay,
        listener_tls(options),
        rules,
        grace_s=slowest + _GRACE_S if options.count else 0.0,
    )
    enough = threading.Event()
    arrived = 0

    def notice(_: Received) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == options.count:
            enough.set()

    with _store(options) as store, receiving(settings, store, notice) as reception:
        print(f"listening on {options.host}:{reception.port}, keeping messages in {reception.path}", flush=True)
        try:
            while not enough.wait(_LOOK_S):
                pass
        except KeyboardInterrupt:
            print()  # the way to end it
    print(f"{reception.received} messages received")
    if reception.failed_handshakes:
        print(f"{reception.failed_handshakes} connections ended because TLS did not come about", file=sys.stderr)
    return ExitCode.CLEAN
