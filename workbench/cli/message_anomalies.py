"""`workbench messages anomalies`."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from workbench.app.operations.anomalies import Anomaly, anomalies, anomaly_table
from workbench.app.operations.anomaly_counts import history_of, split_history
from workbench.app.operations.anomaly_memory import memory_of, remember
from workbench.app.operations.decisions import deciding
from workbench.app.tables import write_tables
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.verdict import Verdict
from workbench.kernel.errors import ExitCode, Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action."""
    verb = add_verb(
        actions,
        "anomalies",
        "what a capture has that an earlier one had not: codes, units, shifted results, segments",
        "workbench messages anomalies today.hl7 --against last-week.hl7",
    )
    add_inputs(verb)
    verb.add_argument(
        "--against",
        type=Path,
        nargs="+",
        metavar="EARLIER",
        help="the earlier capture; without one, the later half of the messages is compared with the earlier half",
    )
    verb.add_argument(
        "--workspace", type=Path, metavar="W", help="compare with the history that this workspace keeps instead"
    )
    verb.add_argument(
        "--remember", action="store_true", help="add the capture to the history of the workspace afterwards"
    )
    verb.add_argument("--passphrase-fd", type=int, metavar="N", help="read the passphrase from file descriptor N")
    verb.add_argument("--format", choices=("table", "json", "ndjson"), default="table")
    verb.add_argument("--out", type=Path, metavar="FILE", help="write a .csv or .xlsx file instead")
    verb.add_argument("--show-values", action="store_true", help="show values that may identify somebody")
    add_workers(verb)
    verb.set_defaults(run=_anomalies)


def _anomalies(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job, writes=[options.out])
    if options.remember and not options.workspace:
        raise Refused("CLI-0015", "--remember needs --workspace.", "Name the workspace that keeps the history.")
    if options.workspace:
        found = _with_memory(capture, job, options)
    elif options.against:
        before = history_of(open_inputs(options.against, job), job, options.workers)
        found = anomalies(before, history_of(capture, job, options.workers))
    else:
        found = anomalies(*split_history(capture, len(capture) // 2, job, options.workers))
    table = anomaly_table(found)
    shown = table if options.show_values else table.masked()
    if options.out:
        write_tables(options.out, [table], options.show_values)
    else:
        print_rows(shown.records(), shown.names, options.format)
    verdict = Verdict()
    verdict.warn(capture.issues)
    return verdict.exit_code(failed=bool(found))


def _with_memory(capture: Capture, job: JobContext, options: argparse.Namespace) -> list[Anomaly]:
    """Beside what the workspace remembers; the first capture of a history has nothing beside it."""
    now = history_of(capture, job, options.workers)
    with deciding(options.workspace, options.passphrase_fd) as session:
        memory = memory_of(session)
        known = memory.holds(capture)
        found = [] if known or not memory.captures else anomalies(memory.history, now)
        print(f"beside {memory.words}" if not known else "this capture is part of the history", file=sys.stderr)
        if options.remember and not known:
            print(f"the history is {remember(session, capture, now, date.today()).words} now", file=sys.stderr)
    return found
