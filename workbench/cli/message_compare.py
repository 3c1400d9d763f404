"""`workbench messages compare`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from workbench.app.operations.compare import CONTROL_ID, CaptureComparison, ComparePlan, compare_captures, field_table
from workbench.app.operations.listing import row_at
from workbench.cli.options import add_verb, add_workers, console_job, open_inputs
from workbench.cli.tables import print_table
from workbench.cli.verdict import Verdict
from workbench.kernel.errors import ExitCode
from workbench.messages.capture import Capture

_MESSAGE_COLUMNS = ("outcome", "left", "right", "type", "control_id", "fields")


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action."""
    verb = add_verb(
        actions,
        "compare",
        "compare two captures, message by message: same, different, only left, only right",
        "workbench messages compare before.hl7 after.hl7 --ignore MSH-7,EVN-2",
    )
    verb.add_argument("left", type=Path, metavar="LEFT")
    verb.add_argument("right", type=Path, metavar="RIGHT")
    verb.add_argument(
        "--key", default=",".join(CONTROL_ID), metavar="PATHS", help="fields that pair messages (default: MSH-10)"
    )
    verb.add_argument("--ignore", default="", metavar="PATHS", help="fields that may differ, such as MSH-7,PID-3.4,ZPI")
    verb.add_argument("--exact", action="store_true", help="white space and trailing empty fields count")
    verb.add_argument("--format", choices=("table", "json"), default="table")
    add_workers(verb)
    verb.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    plan = ComparePlan(paths(options.key), paths(options.ignore), options.exact)
    left, right = open_inputs([options.left], job), open_inputs([options.right], job)
    result = compare_captures(left, right, plan, job, options.workers)
    if options.format == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(_as_json(result))).decode("utf-8") + "\n")
    else:
        _print(left, right, result)
    verdict = Verdict()
    verdict.warn((*left.issues, *right.issues))
    differs = bool(result.different or result.only_left or result.only_right)
    return verdict.exit_code(failed=differs)


def paths(text: str) -> tuple[str, ...]:
    """The paths of an option: separated by commas, white space around them does not count."""
    return tuple(path for part in text.split(",") if (path := part.strip()))


def _print(left: Capture, right: Capture, result: CaptureComparison) -> None:
    counts = f"{len(result.same)} same, {len(result.different)} different"
    alone = f"{len(result.only_left)} only left, {len(result.only_right)} only right"
    print(f"{counts}, {alone}")
    if result.without_key:
        print(f"{result.without_key} of those that stand alone have no value at the key")
    if result.different:
        print()
        table = field_table(result)
        print_table(table.records(), table.names)
    if result.different or result.only_left or result.only_right:
        print()
        print_table(_message_rows(left, right, result), _MESSAGE_COLUMNS)


def _message_rows(left: Capture, right: Capture, result: CaptureComparison) -> Iterator[Mapping[str, object]]:
    for pair in result.different:
        fields = " ".join(name for name, _ in pair.fields)
        yield {
            "outcome": "different",
            "left": pair.left,
            "right": pair.right,
            "fields": fields,
            **_who(left, pair.left),
        }
    for number in result.only_left:
        yield {"outcome": "only left", "left": number, **_who(left, number)}
    for number in result.only_right:
        yield {"outcome": "only right", "right": number, **_who(right, number)}


def _who(capture: Capture, number: int) -> Mapping[str, object]:
    row = row_at(capture, number)
    return {"type": row.type, "control_id": row.control_id}


def _as_json(result: CaptureComparison) -> Mapping[str, object]:
    return {
        "same": len(result.same),
        "different": [
            {"left": pair.left, "right": pair.right, "fields": {name: outcome.value for name, outcome in pair.fields}}
            for pair in result.different
        ],
        "onlyLeft": list(result.only_left),
        "onlyRight": list(result.only_right),
        "withoutKey": result.without_key,
        "unreadable": result.unreadable,
        "fields": [
            {
                "field": line.field,
                "pairs": line.pairs,
                "changed": line.changed,
                "onlyLeft": line.only_left,
                "onlyRight": line.only_right,
            }
            for line in result.fields()
        ],
    }
