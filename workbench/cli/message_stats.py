"""`workbench messages stats`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from workbench.app.operations import statistics
from workbench.app.operations.statistics import Chosen, count_all
from workbench.app.tables import Table, write_tables
from workbench.cli.message_compare import paths
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.verdict import Verdict
from workbench.kernel.errors import ExitCode
from workbench.messages.tally import Tally

_TABLES: dict[str, Callable[[Tally], Table]] = {
    "types": statistics.types_over_time,
    "fields": statistics.field_population,
    "codes": statistics.code_frequencies,
    "shapes": statistics.shape_table,
}


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action."""
    verb = add_verb(
        actions,
        "stats",
        "count message types, populated fields, codes and shapes",
        "workbench messages stats feed.hl7 --by codes --out codes.xlsx",
        ("statistics",),
    )
    add_inputs(verb)
    verb.add_argument("--by", choices=tuple(_TABLES), default="types")
    verb.add_argument("--values", default="", metavar="PATHS", help="count the values at these paths too")
    verb.add_argument("--against", type=Path, metavar="EARLIER", help="only values that this other capture has not")
    verb.add_argument("--show-values", action="store_true", help="do not hide values that may identify somebody")
    verb.add_argument("--format", choices=("table", "json"), default="table")
    verb.add_argument("--out", type=Path, metavar="FILE", help=".csv for this table, .xlsx for all of them")
    add_workers(verb)
    verb.set_defaults(run=_stats)


def _stats(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    chosen = Chosen.parse(paths(options.values))
    capture = open_inputs(options.inputs, job, writes=[options.out])
    tally = count_all(capture, job, chosen, options.workers)
    if options.against:
        earlier = count_all(open_inputs([options.against], job), job, chosen, options.workers)
        table = statistics.new_values(earlier, tally)
    else:
        table = _TABLES[options.by](tally)
    if options.out:
        is_book = options.out.suffix.lower() == ".xlsx" and not options.against
        write_tables(
            options.out, [make(tally) for make in _TABLES.values()] if is_book else [table], options.show_values
        )
    else:
        shown = table if options.show_values else table.masked()
        print_rows(shown.records(), shown.names, options.format)
        if options.format == "table" and options.by == "shapes" and not options.against:
            numbers = " ".join(map(str, statistics.smallest_set(tally)))
            print(f"\nmessages that together show every shape: {numbers}")
    verdict = Verdict()
    verdict.warn(capture.issues)
    return verdict.exit_code()
