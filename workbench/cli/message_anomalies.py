"""`workbench messages anomalies`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.app.operations.anomalies import anomalies, anomaly_table, history_of, split_history
from workbench.app.tables import write_tables
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job, open_inputs
from workbench.cli.tables import print_json, print_ndjson, print_table
from workbench.cli.verdict import Verdict
from workbench.kernel.errors import ExitCode


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
    verb.add_argument("--format", choices=("table", "json", "ndjson"), default="table")
    verb.add_argument("--out", type=Path, metavar="FILE", help="write a .csv or .xlsx file instead")
    verb.add_argument("--show-values", action="store_true", help="show values that may identify somebody")
    add_workers(verb)
    verb.set_defaults(run=_anomalies)


def _anomalies(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job)
    if options.against:
        before = history_of(open_inputs(options.against, job), job, options.workers)
        now = history_of(capture, job, options.workers)
    else:
        before, now = split_history(capture, len(capture) // 2, job, options.workers)
    found = anomalies(before, now)
    table = anomaly_table(found)
    shown = table if options.show_values else table.masked()
    if options.out:
        write_tables(options.out, [table], options.show_values)
    elif options.format == "table":
        print_table(shown.records(), shown.names)
    else:
        (print_json if options.format == "json" else print_ndjson)(shown.records())
    verdict = Verdict()
    verdict.warn(capture.issues)
    return verdict.exit_code(lost=bool(found))
