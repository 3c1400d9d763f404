"""`workbench map`."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec

from workbench.app.operations.ledgers import ledger_json, ledger_sentence
from workbench.app.operations.mapping import BundleWriter, Mapped, map_capture, trace_json
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job, open_inputs
from workbench.cli.verdict import Verdict
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import ExitCode
from workbench.kernel.issues import blocks
from workbench.mapping.engine.ledger import CaptureLedger, Fate


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "map",
        "turn messages into FHIR Bundles and account for every source value",
        "workbench map feed.hl7 --mapping mappings/v2-to-fhir-r4 --out bundles/ --ledger ledger.json",
    )
    add_inputs(verb)
    verb.add_argument("--mapping", type=Path, required=True, metavar="PACKAGE", help="folder of the mapping package")
    verb.add_argument(
        "--out", type=Path, metavar="DIR|FILE.ndjson|FILE.hl7", help="where the results go (default: standard output)"
    )
    verb.add_argument("--trace", action="store_true", help="write where each value came from, beside the Bundles")
    verb.add_argument("--ledger", type=Path, metavar="FILE.json", help="write what became of every source value")
    add_workers(verb)
    verb.set_defaults(run=_map)


def _map(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job, writes=[options.ledger])
    account, not_mapped = CaptureLedger(), 0
    verdict = Verdict()
    verdict.warn(capture.issues)
    with ExitStack() as stack:
        writer = (
            stack.enter_context(BundleWriter(options.out, capture, options.trace))
            if options.out
            else _Console(options.trace)
        )
        for mapped in map_capture(capture, options.mapping, job, keep_trace=options.trace, workers=options.workers):
            verdict.warn(issue for issue in mapped.issues if blocks(issue))
            writer.write(mapped)
            if mapped.ledger is None:
                not_mapped += 1
            else:
                account.merge(mapped.ledger)
    if options.ledger:
        write_atomically(options.ledger, ledger_json(account, not_mapped))
    print(ledger_sentence(account, not_mapped), file=sys.stderr)
    return verdict.exit_code(failed=account.counts()[Fate.LOST] > 0)


class _Console:
    """Bundles on standard output, traces on standard error, one a line."""

    def __init__(self, keep_trace: bool) -> None:
        self._keep_trace = keep_trace

    def write(self, mapped: Mapped) -> None:
        for document in mapped.documents:
            print(document.decode("utf-8").replace("\r", "\n"))
        if mapped.documents and self._keep_trace:
            print(msgspec.json.encode(trace_json(mapped)).decode("utf-8"), file=sys.stderr)
