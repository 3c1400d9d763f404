"""`workbench map`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from workbench.app.operations.ledgers import ledger_json, ledger_sentence
from workbench.app.operations.mapping import BundleWriter, map_capture, trace_json
from workbench.cli.issue_rows import warn
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import ExitCode
from workbench.kernel.issues import blocks
from workbench.mapping.ledger import CaptureLedger, Fate
from workbench.messages.capture import open_capture


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
        "--out", type=Path, metavar="DIR|FILE.ndjson", help="where the Bundles go (default: standard output)"
    )
    verb.add_argument("--trace", action="store_true", help="write where each value came from, beside the Bundles")
    verb.add_argument("--ledger", type=Path, metavar="FILE.json", help="write what became of every source value")
    add_workers(verb)
    verb.set_defaults(run=_map)


def _map(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_capture(options.inputs, job)
    writer = BundleWriter(options.out, capture) if options.out else None
    account, not_mapped = CaptureLedger(), 0
    traces: list[bytes] = []
    bad = warn(capture.issues)
    for mapped in map_capture(capture, options.mapping, job, keep_trace=options.trace, workers=options.workers):
        bad += sum(blocks(issue) for issue in mapped.issues)
        warn(issue for issue in mapped.issues if blocks(issue))
        if mapped.ledger is None:
            not_mapped += 1
        else:
            account.merge(mapped.ledger)
        if writer:
            writer.write(mapped)
        elif mapped.bundle:
            sys.stdout.write(mapped.bundle.decode("utf-8") + "\n")
        if options.trace:
            traces.append(msgspec.json.encode(trace_json(mapped)))
    if writer:
        writer.close()
    if options.trace:
        _write_traces(options.out, traces)
    if options.ledger:
        write_atomically(options.ledger, ledger_json(account, not_mapped))
    print(ledger_sentence(account, not_mapped), file=sys.stderr)
    return ExitCode.ISSUES if bad or account.counts()[Fate.LOST] else ExitCode.CLEAN


def _write_traces(out: Path | None, traces: list[bytes]) -> None:
    """One JSON object a line, in `trace.ndjson` of the output folder, beside an .ndjson file, or on standard error."""
    lines = b"".join(trace + b"\n" for trace in traces)
    if out is None:
        sys.stderr.write(lines.decode("utf-8"))
    elif out.suffix == ".ndjson":
        write_atomically(out.with_suffix(".trace.ndjson"), lines)
    else:
        write_atomically(out / "trace.ndjson", lines)
