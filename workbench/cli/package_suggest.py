"""`workbench package suggest` and `workbench package new`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.app.operations.package_suggestions import accept, suggest_for, suggestion_name
from workbench.cli.options import add_verb, add_workers, console_job, open_inputs
from workbench.cli.tables import print_table
from workbench.cli.verdict import told
from workbench.kernel.errors import ExitCode, Refused
from workbench.mapping.composing import new_package
from workbench.mapping.model import Direction
from workbench.mapping.save import save_package


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions."""
    proposing = add_verb(
        actions,
        "suggest",
        "propose rules for fields that have none, each with the reason; nothing is taken over unless it is named",
        "workbench package suggest site/ --capture feed.hl7 --accept segments/PID-Patient/pid-10",
    )
    proposing.add_argument("package", type=Path, metavar="PACKAGE")
    proposing.add_argument(
        "--capture", type=Path, action="append", default=[], metavar="INPUT", help="messages whose fields count"
    )
    proposing.add_argument(
        "--accept", action="append", default=[], metavar="MAP/ID", help="take one over as a draft; repeatable"
    )
    add_workers(proposing)
    proposing.set_defaults(run=_suggest)
    making = add_verb(
        actions, "new", "begin a package with nothing in it", "workbench package new ward/ --id ward-feed"
    )
    making.add_argument("folder", type=Path, metavar="FOLDER")
    making.add_argument("--id", required=True, metavar="ID")
    making.add_argument("--title", default="", metavar="T")
    making.add_argument("--direction", choices=tuple(Direction), default=Direction.V2_TO_FHIR)
    making.set_defaults(run=_new)


def _suggest(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.capture, job) if options.capture else None
    verdict = told(capture)
    found = suggest_for(options.package, job, capture, options.workers)
    if options.accept:
        for name in accept(options.package, found, options.accept):
            print(f"{name} written")
        return verdict.exit_code()
    rows = [
        {"field": each.source, "rule": suggestion_name(each), "to": each.rule.target, "reason": each.reason}
        for each in found
    ]
    print_table(rows, ("field", "rule", "to", "reason"))
    return verdict.exit_code()


def _new(options: argparse.Namespace) -> ExitCode:
    if any(options.folder.glob("*")):
        raise Refused("MAP-0412", f"{options.folder} is not empty.", "Name a new or an empty folder.")
    save_package(new_package(options.id, options.title, Direction(options.direction)), options.folder)
    print(f"{options.folder / 'package.yaml'} written")
    return ExitCode.CLEAN
