"""`workbench deidentify`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from workbench.app.operations.deidentify import Policy, Rules, deidentify_capture, own_rules, preview
from workbench.app.tables import write_tables
from workbench.cli.options import add_inputs, add_verb, add_workers, console_job, open_inputs
from workbench.cli.tables import print_table
from workbench.cli.verdict import Verdict
from workbench.kernel.errors import ExitCode, Refused
from workbench.messages.capture import Capture
from workbench.security.passphrase import from_descriptor, from_environment, from_prompt
from workbench.security.pseudonyms import Pseudonyms, key_of_passphrase

PASSPHRASE = "WORKBENCH_PSEUDONYM_PASSPHRASE"
_COLUMNS = ("path", "category", "fate", "before", "after", "doubt")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "deidentify",
        "write a capture without what says whose messages it holds",
        f"{PASSPHRASE}=… workbench deidentify feed.hl7 --out shareable.hl7 --report report.csv",
    )
    add_inputs(verb)
    verb.add_argument("--out", type=Path, metavar="FILE", help="the new capture; the original is only read")
    verb.add_argument("--preview", type=int, metavar="N", nargs="?", const=0, help="show message N before and after")
    verb.add_argument(
        "--key-passphrase-env", default=PASSPHRASE, metavar="NAME", help=f"variable with the passphrase ({PASSPHRASE})"
    )
    verb.add_argument("--key-passphrase-fd", type=int, metavar="N", help="file descriptor with the passphrase")
    verb.add_argument(
        "--unknown",
        choices=[policy.value for policy in Policy],
        default=Policy.REMOVE.value,
        help="Z segments and what no dictionary describes (kept ones are searched)",
    )
    verb.add_argument(
        "--text",
        choices=[policy.value for policy in Policy],
        default=Policy.KEEP.value,
        help="free text, kept after it was searched, or removed",
    )
    verb.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="TYPE|FIELD=remove|keep",
        help="what else is removed, or kept as it is, by data type or field: XAD=remove; may be repeated",
    )
    verb.add_argument("--report", type=Path, metavar="FILE", help=".csv or .xlsx: what was done to which field")
    add_workers(verb)
    verb.set_defaults(run=_deidentify)


def _deidentify(options: argparse.Namespace) -> ExitCode:
    if (options.out is None) == (options.preview is None):
        raise Refused("CLI-0012", "Either --out or --preview is needed.", "Look at a preview first.")
    job = console_job()
    rules = Rules(Policy(options.unknown), Policy(options.text), own_rules(" ".join(options.rule)))
    capture = open_inputs(options.inputs, job, writes=[options.out, options.report])
    pseudonyms = Pseudonyms(key_of_passphrase(_passphrase(options)))
    verdict = Verdict()
    verdict.warn(capture.issues)
    if options.preview is not None:
        _preview(capture, options.preview, pseudonyms, rules)
        return verdict.exit_code()
    report = deidentify_capture(capture, options.out, pseudonyms, job, rules, options.workers)
    if options.report:
        write_tables(options.report, [report.table()])
    print(f"{report.messages} messages written to {options.out}")
    if report.unreadable:
        print(f"{report.unreadable} messages could not be read and were left out")
    if report.left_out:
        print(f"{report.left_out} bytes between messages were left out")
    doubts = report.doubts()
    if doubts.rows:
        print("\nnot safely recognised; look at these before the file leaves the house:")
        print_table(doubts.records(), doubts.names)
    return verdict.exit_code(failed=bool(report.unreadable))


def _passphrase(options: argparse.Namespace) -> str:
    sources = [from_descriptor(options.key_passphrase_fd)] if options.key_passphrase_fd is not None else []
    for source in (
        *sources,
        from_environment(options.key_passphrase_env),
        from_prompt("Passphrase of the pseudonyms: "),
    ):
        if passphrase := source():
            return passphrase
    raise Refused(
        "CLI-0013",
        "Pseudonyms need a passphrase, and none was given.",
        f"Set {options.key_passphrase_env}, use --key-passphrase-fd N, or start from a terminal to be asked.",
    )


def _preview(capture: Capture, number: int, pseudonyms: Pseudonyms, rules: Rules) -> None:
    if not 0 <= number < len(capture):
        raise Refused("CLI-0001", f"There is no message {number}: the input holds {len(capture)}.", "Count from 0.")
    found = preview(capture, number, pseudonyms, rules)
    rows = ({name: getattr(line, name) for name in _COLUMNS} for line in found.lines)
    print_table(rows, _COLUMNS)
    sys.stdout.write("\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(found.after.replace(b"\r", b"\n"))
