"""`workbench fhir`: what a FHIR server says of itself, reading, searching, posting, and its bearer token."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from workbench.app.operations.fhir_server import Posted, place_of, post_messages, resources_of, search_parameters
from workbench.app.operations.search import search
from workbench.app.operations.sync import Synced, plan_for_server, post_updates
from workbench.app.session import standard_package_folder
from workbench.cli.options import add_inputs, add_verb, at_least, console_job, open_inputs
from workbench.cli.tables import print_ndjson, print_table
from workbench.cli.verdict import told
from workbench.exchange.fhir_rest import (
    FhirClient,
    FhirServer,
    RequestRefused,
    TokenSource,
    forget_token,
    remember_token,
    stored_token,
)
from workbench.exchange.tls import client_context
from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.kernel.errors import ExitCode, Refused, Unavailable
from workbench.kernel.issues import Issue
from workbench.records.updates.plan import Act
from workbench.security.key_store import system_key_store
from workbench.security.passphrase import from_descriptor

TOKEN = "WORKBENCH_FHIR_TOKEN"
_COLUMNS = ("number", "what", "status", "locations", "problem")
_PLAN_COLUMNS = ("number", "what", *(act.name.lower() for act in Act), "problem")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and what it can do."""
    verb = add_verb(
        verbs,
        "fhir",
        "read from a FHIR server, search it, post to it",
        "workbench fhir search Patient 'family=Roe' --server https://fhir.example.org/r4",
    )
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    about = _action(actions, "capability", "what the server says of itself", _capability)
    read = _action(actions, "read", "one resource, such as Patient/p1", _read)
    read.add_argument("place", metavar="TYPE/ID[/_history/V]")
    find = _action(actions, "search", "every resource that a search finds, one a line", _search)
    find.add_argument("type", metavar="TYPE")
    find.add_argument("parameters", metavar="NAME=VALUE&…", nargs="?", default="")
    find.add_argument("--in-address", action="store_true", help="GET, for servers that do not take posted searches")
    post = _action(actions, "post", "FHIR messages as they are, v2 messages as their mapping makes them", _post)
    add_inputs(post)
    post.add_argument("--where", default="", metavar="EXPR", help='such as MSH-9.1 = "ADT"')
    post.add_argument("--mapping", type=Path, metavar="PACKAGE", help="what turns v2 messages into transactions")
    post.add_argument("--allow-production", action="store_true", help="post messages with MSH-11 = P too")
    how = post.add_mutually_exclusive_group()
    how.add_argument(
        "--update",
        action="store_true",
        help="work each message out against the record of the server: versions, late messages, what is not said",
    )
    how.add_argument("--plan", action="store_true", help="only tell what --update would do; nothing is written")
    post.add_argument("--format", choices=("table", "ndjson"), default="table")
    token = _action(actions, "token", "keep a bearer token in the key store of the system, or forget it", _token)
    token.add_argument("--forget", action="store_true")
    for each in (about, read, find, post, token):
        each.add_argument("--server", required=True, metavar="URL", help="service base, https")
        each.add_argument("--tls-ca", type=Path, metavar="PEM", help="trust these authorities only")
        each.add_argument("--token-fd", type=int, metavar="N", help=f"file descriptor with a token (else {TOKEN})")
        each.add_argument("--timeout", type=at_least(0.001, float), default=30.0, metavar="S")


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    run: Callable[[argparse.Namespace], ExitCode],
) -> argparse.ArgumentParser:
    made = actions.add_parser(name, help=summary, description=summary)
    made.set_defaults(run=run)
    return made


def _server(options: argparse.Namespace) -> FhirServer:
    tls = client_context(options.tls_ca) if options.tls_ca else None
    return FhirServer(options.server, tls, options.timeout)


def _client(options: argparse.Namespace) -> FhirClient:
    server = _server(options)
    return FhirClient(server, _token_source(options, server))


def _token_source(options: argparse.Namespace, server: FhirServer) -> TokenSource | None:
    """From the descriptor or the environment; else from the key store, where there is one."""
    if given := _given_token(options):
        return lambda: given
    try:
        return stored_token(system_key_store(), server)
    except Unavailable:
        return None  # without a key store none is kept; servers that want one will say so


def _given_token(options: argparse.Namespace) -> str:
    if options.token_fd is not None:
        return from_descriptor(options.token_fd)() or ""
    return os.environ.get(TOKEN, "")


def _capability(options: argparse.Namespace) -> ExitCode:
    with _client(options) as client:
        return _shown(lambda: client.capability(console_job()))


def _read(options: argparse.Namespace) -> ExitCode:
    kind, identity, version = place_of(options.place)

    def read() -> FhirDocument | None:
        return client.read(kind, identity, version, console_job()).document

    with _client(options) as client:
        return _shown(read)


def _shown(ask: Callable[[], FhirDocument | None]) -> ExitCode:
    try:
        document = ask()
    except RequestRefused as refusal:
        _say(refusal.issues)
        raise
    if document is not None:
        sys.stdout.write(dumps(document.value, indent=2).decode("utf-8") + "\n")
    return ExitCode.CLEAN


def _search(options: argparse.Namespace) -> ExitCode:
    parameters = search_parameters(options.parameters)
    with _client(options) as client:
        try:
            pages = client.search(options.type, parameters, console_job(), in_address=options.in_address)
            for resource in resources_of(pages):
                sys.stdout.write(dumps(resource).decode("utf-8") + "\n")
        except RequestRefused as refusal:
            _say(refusal.issues)
            raise
    return ExitCode.CLEAN


def _post(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job)
    verdict = told(capture)
    numbers = None
    if options.where.strip():
        numbers = [number for found in search(capture, options.where, job) for number in found.numbers]
    failed: list[int] = []
    with _client(options) as client:
        if options.update or options.plan:
            package = options.mapping or standard_package_folder()
            given = (capture, client, job, package, numbers, options.allow_production)
            rows = (
                _rows(post_updates(*given), failed) if options.update else _plan_rows(plan_for_server(*given), failed)
            )
        else:
            rows = _rows(
                post_messages(capture, client, job, numbers, options.mapping, options.allow_production), failed
            )
        if options.format == "table":
            print_table(rows, _PLAN_COLUMNS if options.plan else _COLUMNS)
        else:
            print_ndjson(rows)
    return verdict.exit_code(failed=bool(failed))


def _rows(posted: Iterator[Posted], failed: list[int]) -> Iterator[Mapping[str, object]]:
    for each in posted:
        if not each.taken or (each.plan is not None and not each.plan.is_whole):
            failed.append(each.number)
        _say(each.issues)
        yield {
            "number": each.number,
            "what": each.what,
            "status": each.status,
            "locations": " ".join(each.locations),
            "problem": each.problem,
        }


def _plan_rows(planned: Iterator[Synced], failed: list[int]) -> Iterator[Mapping[str, object]]:
    for each in planned:
        if not each.whole:
            failed.append(each.number)
        _say(each.findings)
        counts = {act.name.lower(): each.plan.count(act) if each.plan is not None else 0 for act in Act}
        yield {"number": each.number, "what": each.what, **counts, "problem": each.problem}


def _say(issues: tuple[Issue, ...]) -> None:
    """What the server remarks; its own words may quote values and are not repeated."""
    for issue in issues:
        place = f" {issue.location.path}" if issue.location.path else ""
        print(f"{issue.severity.value}: {issue.code.value}{place}: {issue.masked_text}", file=sys.stderr)


def _token(options: argparse.Namespace) -> ExitCode:
    server = _server(options)
    if options.forget:
        forget_token(system_key_store(), server)
        return ExitCode.CLEAN
    token = _given_token(options)
    if not token:
        raise Refused("CLI-0014", "There is no token to keep.", f"Set {TOKEN}, or use --token-fd N.")
    remember_token(system_key_store(), server, token)
    return ExitCode.CLEAN
