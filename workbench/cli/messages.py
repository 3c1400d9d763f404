"""`workbench messages list`, `show`, `compare`, `stats` and `anomalies`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import msgspec

from workbench.app.documents import Document, document_at
from workbench.app.operations.listing import row_at, rows
from workbench.app.operations.search import count_matching
from workbench.app.operations.tree import TreeLine, tree_lines
from workbench.cli import message_anomalies, message_compare, message_parts, message_stats
from workbench.cli.options import add_inputs, add_verb, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.verdict import Verdict
from workbench.kernel.errors import ExitCode, Refused
from workbench.messages.capture import Capture

_COLUMNS = ("number", "time", "type", "control_id", "patient_id", "patient", "version", "file")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its two actions."""
    verb = add_verb(
        verbs,
        "messages",
        "list, show, compare and count messages",
        "workbench messages list feed.hl7 --where 'exists(AL1)'",
    )
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = add_verb(actions, "list", "one line for each message", "workbench messages list feed.zip --format json")
    add_inputs(listing)
    listing.add_argument("--where", default="", metavar="EXPR", help='such as PID-3.1 = "123" and exists(OBX-5)')
    listing.add_argument("--count", action="store_true", help="only say how many there are")
    listing.add_argument("--format", choices=("table", "json", "ndjson"), default="table")
    message_parts.add_overrules(listing)
    listing.set_defaults(run=_list)
    showing = add_verb(actions, "show", "one message", "workbench messages show feed.hl7 --control-id MSG00001")
    showing.add_argument("input", type=Path, metavar="INPUT")
    which = showing.add_mutually_exclusive_group()
    which.add_argument("--index", type=int, default=0, metavar="N", help="number of the message, from 0")
    which.add_argument("--control-id", metavar="ID", help="MSH-10 of the message")
    showing.add_argument("--format", choices=("tree", "raw", "json"), default="tree")
    showing.set_defaults(run=_show)
    message_parts.register(actions)
    message_compare.register(actions)
    message_stats.register(actions)
    message_anomalies.register(actions)


def _list(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = message_parts.opened(options, job)
    if options.count:
        print(count_matching(capture, options.where, job) if options.where.strip() else len(capture))
        return ExitCode.CLEAN
    found = (asdict(row) for row in rows(capture, options.where, job))
    print_rows(found, _COLUMNS, options.format)
    verdict = Verdict()
    verdict.warn(capture.issues)
    return verdict.exit_code()


def _show(options: argparse.Namespace) -> ExitCode:
    capture = open_inputs([options.input], console_job())
    Verdict().warn(capture.issues)
    number = _number(capture, options)
    if options.format == "raw":
        sys.stdout.buffer.write(capture.raw(number))
        return ExitCode.CLEAN
    document = document_at(capture, number)
    if options.format == "json":
        print(msgspec.json.format(msgspec.json.encode([line._asdict() for line in tree_lines(document)])).decode())
    else:
        sys.stdout.writelines(_drawn(document))
    return ExitCode.CLEAN


def _number(capture: Capture, options: argparse.Namespace) -> int:
    """The message that was asked for; raises Refused CLI-0001 when the capture has none."""
    if options.control_id is None:
        if 0 <= options.index < len(capture):
            return int(options.index)
        raise Refused(
            "CLI-0001", f"There is no message {options.index}: the input holds {len(capture)}.", "Count from 0."
        )
    for number in range(len(capture)):
        if row_at(capture, number).control_id == options.control_id:
            return number
    raise Refused("CLI-0001", "No message has this control id.", "`workbench messages list` shows all of them.")


def _drawn(document: Document) -> Iterator[str]:
    for line in tree_lines(document):
        yield _draw(line)


def _draw(line: TreeLine) -> str:
    value = f"  {line.value!r}" if line.value is not None else ""
    return f"{'  ' * line.depth}{line.path.ljust(max(1, 24 - 2 * line.depth))} {line.label}{value}".rstrip() + "\n"
