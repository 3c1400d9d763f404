"""`workbench sync`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from workbench.app.operations.search import search
from workbench.app.operations.sync import Synced, SyncFiles, record_of, sync, try_orders
from workbench.cli.options import add_inputs, add_verb, at_least, console_job, open_inputs
from workbench.cli.tables import print_ndjson, print_table
from workbench.cli.verdict import Verdict, told
from workbench.kernel.errors import ExitCode
from workbench.kernel.issues import Severity
from workbench.messages.capture import Capture
from workbench.records.updates.disorder import Trial
from workbench.records.updates.plan import Act
from workbench.records.updates.record import Record

_COLUMNS = ("number", "what", *(act.name.lower() for act in Act), "problem")

_TRIALS = ("trial", "record", "findings", "differs")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "sync",
        "apply messages to a record in order, and tell what was created, changed, ended and left out",
        "workbench sync feed.hl7 --mapping mappings/v2-to-fhir-r4 --onto record.ndjson --out synced/",
    )
    add_inputs(verb)
    verb.add_argument("--mapping", type=Path, required=True, metavar="PACKAGE", help="folder of the mapping package")
    verb.add_argument(
        "--onto",
        type=Path,
        nargs="+",
        default=[],
        metavar="RECORD",
        help="FHIR resources or Bundles that are the record; it is not changed (default: an empty record)",
    )
    verb.add_argument(
        "--out", type=Path, metavar="DIR", help="gets record, transactions, changes and findings as .ndjson"
    )
    verb.add_argument("--where", default="", metavar="EXPR", help='such as MSH-9.1 = "ADT"')
    verb.add_argument(
        "--try-orders",
        type=at_least(0),
        metavar="N",
        help="instead: apply them twice, late and in N other orders, and tell where the record differs unreported",
    )
    verb.add_argument("--format", choices=("table", "ndjson"), default="table")
    verb.set_defaults(run=_sync)


def _sync(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job)
    onto = open_inputs(options.onto, job) if options.onto else None
    record = Record() if onto is None else record_of([onto])
    verdict, whole = told(capture, onto), [True]
    numbers = None
    if options.where.strip():
        numbers = [number for found in search(capture, options.where, job) for number in found.numbers]
    if options.try_orders is not None:
        trials = try_orders(capture, record, job, options.mapping, numbers, options.try_orders)
        return verdict.exit_code(failed=_try_orders(trials, options.format))
    with ExitStack() as stack:
        files = stack.enter_context(SyncFiles(options.out)) if options.out else None
        synced = sync(capture, record, job, options.mapping, numbers)
        rows = _rows(synced, capture, files, verdict, whole)
        if options.format == "table":
            print_table(rows, _COLUMNS)
        else:
            print_ndjson(rows)
        if files is not None:
            files.write_record(record)
    return verdict.exit_code(failed=not whole[0])


def _try_orders(trials: Iterator[Trial], form: str) -> bool:
    """Tell how each trial went; True when the record of one differs and nothing says so."""
    silent: list[str] = []

    def rows() -> Iterator[Mapping[str, object]]:
        for trial in trials:
            if trial.is_silent:
                silent.append(trial.name)
            outcome = "DIFFERS SILENTLY" if trial.is_silent else "reported" if trial.differs else "same"
            differs = " ".join(trial.differs)
            yield {"trial": trial.name, "record": outcome, "differs": differs, "findings": trial.findings}

    if form == "table":
        print_table(rows(), _TRIALS)
    else:
        print_ndjson(rows())
    return bool(silent)


def _rows(
    each_synced: Iterator[Synced], capture: Capture, files: SyncFiles | None, verdict: Verdict, whole: list[bool]
) -> Iterator[Mapping[str, object]]:
    for synced in each_synced:
        file, index = capture.file_of(synced.number), capture.number_in_file(synced.number)
        told = (issue for issue in synced.findings if issue.severity is not Severity.INFORMATION)
        verdict.warn(issue.within(file, index) for issue in told)
        if synced.problem:
            print(f"error: {file} message {index}: {synced.problem}", file=sys.stderr)
        whole[0] = whole[0] and synced.whole
        if files is not None:
            files.write(synced)
        counts = {act.name.lower(): synced.plan.count(act) if synced.plan is not None else 0 for act in Act}
        yield {"number": synced.number, "what": synced.what, **counts, "problem": synced.problem}
